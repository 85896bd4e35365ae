/// Deletes what of a project a cluster has, in the opposite order of its apply. What holds data comes last, or stays.
struct ProjectDeletion: Sendable {
    let kubectl: Kubectl
    let launcher: any CommandRunning
    let scope: DeletionScope
    let onEvent: @Sendable (DeletionEvent) -> Void

    /// - Returns: the line of each thing that was deleted, or was there and stays.
    /// - Throws: ``TargetError`` where something could not be deleted; `CancellationError`.
    func run(_ objects: [KubernetesObject]) async throws -> [String] {
        var lines: [String] = []
        var all = objects.filter { !$0.isFromOutside }
        let creation = ObjectCreation(kubectl: kubectl, launcher: launcher)
        for (namespace, group) in groups(objects.filter(\.isFromOutside)) {
            let owned = try await creation.owned(group, namespace: namespace)
            all = owned.objects + all
            for line in owned.left {
                lines.append(line)
                onEvent(.deleted(line))
            }
        }
        lines += try await delete(all.filter { !$0.holdsData })
        let data = all.filter(\.holdsData)
        // No set makes another one by now.
        var claims: [KubernetesObject] = []
        for (namespace, group) in groups(all.filter { !$0.claimTemplates.isEmpty }) {
            switch try await self.claims(of: group, namespace: namespace) {
            case let found?: claims += found.filter { claim in !data.contains { $0.identity == claim.identity } }
            case nil where scope == .allButData:
                lines += group.map { keep("the claims of \($0.identity) left, if there are any") }
            case nil: break
            }
        }
        switch scope {
        case .everything:
            // What is in a namespace, and what is of a kind, goes before it.
            for kind in KubernetesObject.dataKinds {
                lines += try await delete((data + claims).filter { $0.identity.kind == kind })
            }
        case .allButData:
            for (namespace, group) in groups(data) { lines += try await name(group, namespace: namespace) }
            lines += claims.map { keep(Self.left($0.identity)) }
        }
        return lines
    }

    private func groups(_ objects: [KubernetesObject]) -> [(namespace: String, objects: [KubernetesObject])] {
        KubernetesObject.byNamespace(objects, first: kubectl.namespace)
    }

    private func delete(_ objects: [KubernetesObject]) async throws -> [String] {
        let deletion = ObjectDeletion(kubectl: kubectl, launcher: launcher)
        var lines: [String] = []
        for (namespace, group) in groups(objects).reversed() {
            lines += try await deletion.run(group.reversed(), namespace: namespace, onEvent: onEvent)
        }
        return lines
    }

    // MARK: - What stays

    /// Names those of the objects that are there.
    private func name(_ objects: [KubernetesObject], namespace: String) async throws -> [String] {
        let output = try await launcher.runTool(kubectl.remaining(objects.map(\.json), namespace: namespace))
        guard output.termination.isSuccess else {
            if let error = KubectlFailure.outage("kubectl get was ended", output, context: kubectl.context) {
                throw error
            }
            return objects.map { keep("\(Self.left($0.identity)), if it is there") }
        }
        let there = Set(Self.items(output, namespace: namespace).map(\.identity))
        return objects.map(\.identity).filter(there.contains).map { keep(Self.left($0)) }
    }

    private func keep(_ line: String) -> String {
        onEvent(.kept(line))
        return line
    }

    /// As kubectl writes of what it deletes.
    private static func left(_ object: KubernetesObject.Identity) -> String {
        "\(object.kind.lowercased()) \"\(object.name)\" left"
    }

    // MARK: - StatefulSets' claims

    /// The claims that were made for sets by their templates; `nil` where they may not be read.
    private func claims(of sets: [KubernetesObject], namespace: String) async throws -> [KubernetesObject]? {
        let output = try await launcher.runTool(kubectl.claims(namespace: namespace))
        guard output.termination.isSuccess else {
            if let error = KubectlFailure.outage("kubectl get was ended", output, context: kubectl.context) {
                throw error
            }
            return nil
        }
        return Self.items(output, namespace: namespace).filter { claim in sets.contains { $0.hasMade(claim) } }
    }

    private static func items(_ output: CommandOutput, namespace: String) -> [KubernetesObject] {
        guard let json = try? JSONParser.parse(output.standardOutput) else { return [] }
        return (json["items"]?.array ?? [json]).compactMap { KubernetesObject($0, namespace: namespace) }
    }
}

extension KubernetesObject {
    /// The kinds that data is gone with, in the order in which they may go.
    fileprivate static let dataKinds = [
        "PersistentVolumeClaim", "PersistentVolume", KubernetesObject.definition, "Namespace",
    ]

    /// Whether data is gone with it.
    fileprivate var holdsData: Bool { Self.dataKinds.contains(identity.kind) }

    /// The names of the templates of a StatefulSet whose claims outlive it.
    fileprivate var claimTemplates: [String] {
        guard identity.kind == "StatefulSet",
            json[path: ["spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"]]?.string != "Delete"
        else { return [] }
        return (json[path: ["spec", "volumeClaimTemplates"]]?.array ?? [])
            .compactMap { $0[path: ["metadata", "name"]]?.string }
    }

    /// Whether a claim is one that this StatefulSet has made: its name ends with the number of a pod, and it has the
    /// labels by which the set finds its pods
    /// (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-storage).
    func hasMade(_ claim: KubernetesObject) -> Bool {
        let labels = claim.json[path: ["metadata", "labels"]]?.stringMembers ?? [:]
        return selector.allSatisfy { labels[$0.key] == $0.value }
            && claimTemplates.contains { template in
                let start = "\(template)-\(identity.name)-"
                let number = claim.identity.name.dropFirst(start.count)
                return claim.identity.name.hasPrefix(start) && !number.isEmpty
                    && number.utf8.allSatisfy(\.isDigit)
            }
    }
}
