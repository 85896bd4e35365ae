import Synchronization

/// Deletes objects of one namespace, says what is gone as it goes, and what it waits for where that takes long.
struct ObjectDeletion: Sendable {
    let kubectl: Kubectl
    let launcher: any CommandRunning
    /// How long nothing may happen before the cluster is asked what it waits for.
    var patience = Duration.seconds(5)

    /// - Returns: kubectl's lines.
    /// - Throws: ``TargetError`` where something could not be deleted; `CancellationError`.
    func run(
        _ objects: [KubernetesObject], namespace: String, onEvent: @escaping @Sendable (DeletionEvent) -> Void
    ) async throws -> [String] {
        let said = Said()
        let output = try await withThrowingTaskGroup(of: CommandOutput?.self) { group in
            group.addTask {
                try await launcher.runTool(
                    kubectl.delete(objects.map(\.json), namespace: namespace),
                    output: .lines { source, bytes in
                        let line = String(decoding: bytes, as: UTF8.self)
                        said.append(line, source)
                        if source == .standardOutput { onEvent(.deleted(line)) }
                    })
            }
            group.addTask {
                try await self.explain(objects, namespace: namespace, said) { onEvent(.waiting($0)) }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        let (lines, errors) = (said.lines(.standardOutput), said.lines(.standardError))
        guard let output, !output.termination.isSuccess else { return lines }
        // A kind that the cluster no longer knows has no objects left either.
        let ofUnknownKind = ["no matches for kind", "ensure CRDs are installed first"]
        let left = errors.filter { line in !ofUnknownKind.contains { line.contains($0) } }
        if case .exited = output.termination, left.isEmpty { return lines }
        let failure = CommandOutput(
            termination: output.termination, standardError: Array(left.joined(separator: "\n").utf8))
        throw KubectlFailure.error("kubectl delete failed (\(output.termination))", failure, context: kubectl.context)
    }

    /// What kubectl has said so far.
    private final class Said: Sendable {
        private let lines = Mutex<[(OutputSource, String)]>([])

        func append(_ line: String, _ source: OutputSource) { lines.withLock { $0.append((source, line)) } }

        func lines(_ source: OutputSource) -> [String] {
            lines.withLock { $0.filter { $0.0 == source }.map(\.1) }
        }
    }

    /// Each time that nothing happened for a while, says what is still there and why, where it did not say so before.
    private func explain(
        _ objects: [KubernetesObject], namespace: String, _ said: Said, tell: (String) -> Void
    ) async throws {
        var told = Once<String>()
        var seen = said.lines(.standardOutput).count
        while true {
            try await Task.sleep(for: patience)
            let now = said.lines(.standardOutput).count
            defer { seen = now }
            guard now == seen else { continue }
            let output = try await launcher.runTool(kubectl.remaining(objects.map(\.json), namespace: namespace))
            guard let json = try? JSONParser.parse(output.standardOutput) else { continue }
            for line in told.news(Self.reasons(json)) { tell(line) }
        }
    }

    /// Why objects that were asked to go are still there.
    /// - Parameter json: an object or a list of them, as `kubectl get` prints it.
    static func reasons(_ json: JSONValue) -> [String] {
        (json["items"]?.array ?? [json]).compactMap { object in
            guard let metadata = object["metadata"], metadata["deletionTimestamp"] != nil,
                let kind = object["kind"]?.string, let name = metadata["name"]?.string
            else { return nil }
            return "waiting for \(kind) \(name): \(reason(object, kind, metadata))"
        }
    }

    private static func reason(_ object: JSONValue, _ kind: String, _ metadata: JSONValue) -> String {
        let finalizers = (metadata["finalizers"]?.array ?? []).compactMap(\.string)
        switch finalizers.first {
        case "kubernetes.io/pvc-protection": return "a pod still uses it"
        case "foregroundDeletion": return "what belongs to it is still being deleted"
        case .some where finalizers.count == 1: return "its finalizer \(finalizers[0]) is not done"
        case .some: return "its finalizers \(finalizers.joined(separator: ", ")) are not done"
        case nil: break
        }
        if kind == "Namespace" {
            let conditions = object[path: ["status", "conditions"]]?.array ?? []
            let messages = conditions.filter { $0["status"]?.string == "True" }.compactMap { $0["message"]?.string }
            return messages.isEmpty ? "what is in it is still being deleted" : messages.joined(separator: "; ")
        }
        if let seconds = metadata["deletionGracePeriodSeconds"]?.integer, seconds > 0 {
            return "it has \(seconds) s to end"
        }
        return "the cluster is still deleting it"
    }
}
