/// Applies objects to a cluster: the definitions of kinds first, then all of a namespace in one call of kubectl. What
/// is left where that fails is applied one by one, so that each failure is that of one object.
struct ObjectApplier: Sendable {
    /// What became of the objects.
    struct Outcome: Sendable {
        var applied: [KubernetesObject] = []
        var created: [KubernetesObject.Identity] = []
        var changed: [KubernetesObject.Identity] = []
        var failures: [ApplyFailure] = []
        /// What comes from outside and is there with something else in it.
        var differing: [ObjectCreation.Difference] = []
    }

    let kubectl: Kubectl
    let launcher: any CommandRunning
    /// Objects that are too large for the annotation in which kubectl keeps what was applied: the server keeps that.
    var large: Set<KubernetesObject.Identity> = []
    private(set) var outcome = Outcome()
    /// The kinds that the objects define.
    private var definedKinds: Set<String> = []

    init(kubectl: Kubectl, launcher: any CommandRunning, large: Set<KubernetesObject.Identity>) {
        self.kubectl = kubectl
        self.launcher = launcher
        self.large = large
    }

    /// Applies objects; ``outcome`` tells what came of it.
    /// - Throws: ``TargetError`` of severity `unavailable` where the cluster can't be asked; `CancellationError`.
    mutating func apply(_ objects: [KubernetesObject]) async throws {
        let outside = objects.filter(\.isFromOutside)
        let (definitions, rest) = Self.parted(objects.filter { !$0.isFromOutside }, \.isDefinition)
        // Others may need it at once; it needs nothing but its namespace.
        let places = Set(outside.map(\.identity.namespace))
        let (namespaces, others) = Self.parted(rest) {
            $0.identity.kind == "Namespace" && places.contains($0.identity.name)
        }
        if !namespaces.isEmpty { try await apply(namespaces, namespace: kubectl.namespace) }
        for (namespace, group) in KubernetesObject.byNamespace(outside, first: kubectl.namespace) {
            let creation = ObjectCreation(kubectl: kubectl, launcher: launcher)
            let created = try await creation.run(group, namespace: namespace)
            outcome.differing += created.differing
            outcome.failures += created.failures
        }
        definedKinds.formUnion(definitions.compactMap { $0.json[path: ["spec", "names", "kind"]]?.string })
        for (namespace, group) in KubernetesObject.byNamespace(definitions, first: kubectl.namespace) {
            try await apply(group, namespace: namespace)
        }
        let new = (outcome.created + outcome.changed).filter { $0.kind == KubernetesObject.definition }
        if !new.isEmpty {
            // What does not become known in this time is told of the objects that need it.
            _ = try await launcher.runTool(kubectl.awaitEstablished(new.map(\.name)))
        }
        for (namespace, group) in KubernetesObject.byNamespace(others, first: kubectl.namespace) {
            try await apply(group, namespace: namespace)
        }
    }

    private static func parted(
        _ objects: [KubernetesObject], _ isFirst: (KubernetesObject) -> Bool
    ) -> ([KubernetesObject], [KubernetesObject]) {
        (objects.filter(isFirst), objects.filter { !isFirst($0) })
    }

    private mutating func apply(_ group: [KubernetesObject], namespace: String) async throws {
        let (together, apart) = (
            group.filter { !large.contains($0.identity) }, group.filter { large.contains($0.identity) }
        )
        if !together.isEmpty {
            let output = try await launcher.runTool(kubectl.apply(together.map(\.json), namespace: namespace))
            let left = take(output.text, of: together)
            if output.termination.isSuccess {
                outcome.applied += left
            } else {
                try await handle(output, of: left, total: together.count)
            }
        }
        for object in apart { try await applyOnServer(object) }
    }

    /// What failed of a group, of which these objects are left.
    private mutating func handle(_ output: CommandOutput, of left: [KubernetesObject], total: Int) async throws {
        let message = try answer(output)
        if let error = KubectlFailure.namespaceError(nil, message, context: kubectl.context) {
            outcome.failures += left.map {
                ApplyFailure($0.identity, passes: true, reasons: [error.summary] + error.details, advice: error.advice)
            }
        } else if total > 1 {
            for object in left { try await apply([object], namespace: object.identity.namespace) }
        } else if let object = left.first {
            try await handle(message, of: object)
        }
    }

    private mutating func handle(_ message: KubectlMessage, of object: KubernetesObject) async throws {
        let failure = ApplyFailure(message, object, kubectl: kubectl, definedKinds: definedKinds)
        if message.isAboutSize {
            large.insert(object.identity)
            try await applyOnServer(object)
        } else if failure.isImmutable, object.identity.kind == "Pod" {
            // A restart replaces it as well.
            let replace = kubectl.replace(object.json, namespace: object.identity.namespace)
            try await run(replace, object, otherwise: failure)
        } else {
            outcome.failures.append(failure)
        }
    }

    /// The fields are devloop's from now on, as they are with an apply that keeps its own record.
    private mutating func applyOnServer(_ object: KubernetesObject) async throws {
        try await run(kubectl.applyOnServer(object.json, namespace: object.identity.namespace), object)
    }

    private mutating func run(_ command: Command, _ object: KubernetesObject, otherwise: ApplyFailure? = nil)
        async throws
    {
        let output = try await launcher.runTool(command)
        if output.termination.isSuccess {
            outcome.applied.append(object)
            outcome.changed.append(object.identity)
            return
        }
        let message = try answer(output)
        outcome.failures.append(
            otherwise ?? ApplyFailure(message, object, kubectl: kubectl, definedKinds: definedKinds))
    }

    /// What the cluster said.
    /// - Throws: ``TargetError`` where it said nothing.
    private func answer(_ output: CommandOutput) throws -> KubectlMessage {
        if let error = KubectlFailure.outage("kubectl apply was ended", output, context: kubectl.context) {
            throw error
        }
        return KubectlMessage(output.errorText)
    }

    /// kubectl prints a line for each object that it applied: `deployment.apps/posts-depl configured`.
    /// - Returns: the objects that it printed none for.
    private mutating func take(_ text: String, of objects: [KubernetesObject]) -> [KubernetesObject] {
        var verbs: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count >= 2 { verbs[words[0]] = words[1] }
        }
        return objects.filter { object in
            guard let verb = verbs[object.nameInOutput[...]] else { return true }
            outcome.applied.append(object)
            switch verb {
            case "created": outcome.created.append(object.identity)
            case "configured": outcome.changed.append(object.identity)
            default: break
            }
            return false
        }
    }
}

extension KubernetesObject {
    static let definition = "CustomResourceDefinition"

    /// Whether it brings a kind of its own.
    var isDefinition: Bool { identity.kind == Self.definition }

    /// How kubectl names it: `deployment.apps/posts-depl`
    fileprivate var nameInOutput: String {
        let group = json["apiVersion"]?.string?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        let kind = identity.kind.lowercased()
        return (group.count == 2 ? "\(kind).\(group[0])" : kind) + "/\(identity.name)"
    }

    /// kubectl takes one namespace a call; the project's own, and with it what belongs to no namespace, comes first.
    static func byNamespace(
        _ objects: [KubernetesObject], first: String
    ) -> [(namespace: String, objects: [KubernetesObject])] {
        var groups: [(namespace: String, objects: [KubernetesObject])] = []
        for object in objects {
            if let index = groups.firstIndex(where: { $0.namespace == object.identity.namespace }) {
                groups[index].objects.append(object)
            } else {
                groups.append((object.identity.namespace, [object]))
            }
        }
        return groups.filter { $0.namespace == first } + groups.filter { $0.namespace != first }
    }
}

extension ApplyFailure {
    /// What kubectl's message about one object means.
    /// - Parameter definedKinds: the kinds that the manifests define, which the cluster may learn of a moment later.
    init(_ message: KubectlMessage, _ object: KubernetesObject, kubectl: Kubectl, definedKinds: Set<String>) {
        let kind = object.identity.kind
        let isUnknownKind = message.lines.contains { $0.contains("no matches for kind \"\(kind)\"") }
        self.init(
            object.identity,
            passes: isUnknownKind && definedKinds.contains(kind) || KubectlFailure.passes(message),
            reasons: message.reasons)
        if isImmutable {
            let place = "--context=\(kubectl.context) --namespace=\(object.identity.namespace)"
            let loss = kind.hasPrefix("PersistentVolume") ? " (what is stored there goes with it)" : ""
            advice =
                "delete it and save, then devloop applies it anew: "
                + "kubectl \(place) delete \(kind.lowercased()) \(object.identity.name)\(loss)"
        } else if isUnknownKind {
            advice = "install what defines it, or add its CustomResourceDefinition to the manifests"
        }
    }

    /// Whether an object that is there can't be changed in this way, ever.
    var isImmutable: Bool {
        let marks = [
            "immutable", "updates to statefulset spec for fields other than", "pod updates may not change",
            "may not change once set", "may not be changed", "cannot change roleRef",
        ]
        return reasons.contains { reason in
            marks.contains { reason.contains($0) } || reason.contains("updates to ") && reason.contains("forbidden")
        }
    }
}

extension KubectlMessage {
    /// Whether an object is too large for the annotation that `kubectl apply` adds.
    fileprivate var isAboutSize: Bool { lines.contains { $0.contains("metadata.annotations: Too long") } }
}
