import Synchronization

/// Watches what the cluster's components warn of in a namespace; where the user may not see events, what the Deployments
/// say of themselves: that their pods are refused.
struct ClusterWarnings: Sendable {
    let namespace: String
    let kubectl: Kubectl
    let launcher: any CommandRunning

    /// Watches until the task is cancelled.
    /// - Parameters:
    ///   - onEvent: is handed each warning, on a thread that may be held up.
    ///   - onRefusal: the same with what each Deployment says of its pods; `nil` where they are not refused.
    ///   - onNotice: told once for as long as it lasts that the events can't be read.
    func run(
        onEvent: @escaping @Sendable (ClusterEvent) -> Void,
        onRefusal: @escaping @Sendable (Workload, ClusterEvent?) -> Void, onNotice: (String) -> Void
    ) async throws {
        var backoff = Backoff(limit: .seconds(30))
        var hasTold = false
        while true {
            let (output, hasObjects) = try await watch(kubectl.watchWarnings(namespace: namespace)) { json in
                if let event = ClusterEvent(json) { onEvent(event) }
            }
            let failure = KubectlFailure.error("", output, context: kubectl.context)
            if hasObjects || output.termination.isSuccess {
                // The server ends each watch after some minutes.
                backoff.reset()
                hasTold = false
            } else if failure.severity != .unavailable {
                // That the cluster can't be reached is told by those who follow the pods.
                if !hasTold {
                    let reason = failure.details.last ?? "kubectl ended with \(output.termination)"
                    onNotice(
                        "the events of namespace \(namespace) cannot be read, so some failures (of volumes, say) will not "
                            + "be explained: \(reason)")
                }
                hasTold = true
                _ = try await watch(kubectl.watchDeployments(namespace: namespace)) { json in
                    guard let name = json[path: ["metadata", "name"]]?.string else { return }
                    onRefusal(
                        Workload(kind: .deployment, name: name, namespace: namespace), ClusterEvent(refusedIn: json))
                }
            }
            try await backoff.wait()
        }
    }

    /// Runs a watch until it ends.
    /// - Returns: how it ended, and whether it told of anything.
    private func watch(
        _ command: Command, _ body: @escaping @Sendable (JSONValue) -> Void
    ) async throws -> (CommandOutput, hasObjects: Bool) {
        let decoder = Mutex(WatchDecoder())
        let tail = OutputTail(limit: 3)
        let hasObjects = Atomic(false)
        var output = try await launcher.tryTool(
            command,
            output: .lines { source, line in
                if source == .standardError { return tail.append(line) }
                guard let json = decoder.withLock({ $0.append(line) }), json["type"] != "DELETED",
                    let object = json["object"]
                else { return }
                hasObjects.store(true, ordering: .relaxed)
                body(object)
            })
        if output.standardError.isEmpty { output.standardError = Array(tail.lines.joined(separator: "\n").utf8) }
        return (output, hasObjects.load(ordering: .relaxed))
    }
}
