/// One object of a manifest, as kubectl read it.
package struct KubernetesObject: Sendable, Hashable {
    /// What tells one object from another.
    package struct Identity: Sendable, Hashable, CustomStringConvertible {
        /// `Deployment`, `Service`, …
        package var kind: String
        /// `metadata.name`; empty for an object that has only a `generateName`.
        package var name: String
        /// `metadata.namespace`, or the project's where the manifest names none, also for what belongs to no namespace.
        package var namespace: String

        /// Names an object.
        package init(kind: String, name: String, namespace: String) {
            self.kind = kind
            self.name = name
            self.namespace = namespace
        }

        /// The object that a workload is.
        package init(_ workload: Workload) {
            self.init(kind: workload.kind.objectKind, name: workload.name, namespace: workload.namespace)
        }

        /// The workload that it is, where it is one that devloop can restart.
        package var workload: Workload? {
            Workload.Kind(restartable: kind).map { Workload(kind: $0, name: name, namespace: namespace) }
        }

        /// The Job that it is.
        var job: Workload? { kind == "Job" ? Workload(kind: .job, name: name, namespace: namespace) : nil }

        /// `Deployment posts-depl`
        package var description: String { "\(kind) \(name)" }
    }

    /// What tells this object from others.
    package let identity: Identity
    /// The whole object.
    package var json: JSONValue
    /// Whether it is in no manifest: a Secret or ConfigMap that a cluster may have already, and then keeps.
    package var isFromOutside = false

    /// An object; `nil` where the document has no `kind`.
    /// - Parameter namespace: where objects are that name none.
    package init?(_ json: JSONValue, namespace: String) {
        guard let kind = json["kind"]?.string else { return nil }
        identity = Identity(
            kind: kind, name: json[path: ["metadata", "name"]]?.string ?? "",
            namespace: json[path: ["metadata", "namespace"]]?.string ?? namespace)
        self.json = json
    }

    /// The workload that this object is, where it is one that devloop can restart.
    package var workload: Workload? { identity.workload }

    /// Where the pod's specification is: in the template of a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job
    /// (and of other kinds that follow their shape), in a CronJob's job template, or in a Pod itself. `nil` where this
    /// object runs no containers.
    package var podSpecPath: [String]? { Self.podSpecPath(of: json) }

    static func podSpecPath(of json: JSONValue) -> [String]? {
        if json["kind"]?.string == "Pod" { return ["spec"] }
        let candidates = [["spec", "template", "spec"], ["spec", "jobTemplate", "spec", "template", "spec"]]
        return candidates.first { json[path: $0 + ["containers"]]?.array != nil }
    }

    /// The labels of the pods that this object runs.
    package var podLabels: [String: String] {
        guard let path = podSpecPath else { return [:] }
        return json[path: path.dropLast() + ["metadata", "labels"]]?.stringMembers ?? [:]
    }

    /// The labels by which a workload finds its pods; empty where it has none, or is a Pod.
    package var selector: [String: String] {
        let selector = json[path: ["spec", "selector"]]
        return (identity.kind == "ReplicationController" ? selector : selector?["matchLabels"])?.stringMembers ?? [:]
    }

    /// The containers of its pods, each with whether it runs on, and not to its end before the others
    /// (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/).
    package var podContainers: [(container: JSONValue, runsOn: Bool)] {
        guard let path = podSpecPath, let spec = json[path: path] else { return [] }
        return Self.containerLists.flatMap { list in
            (spec[list]?.array ?? []).map { ($0, Self.runsOn($0, in: list)) }
        }
    }

    /// With its pods' containers another way.
    /// - Parameter change: is handed each, as ``podContainers`` has it.
    func mapContainers(_ change: (_ container: JSONValue, _ runsOn: Bool) -> JSONValue) -> KubernetesObject {
        guard let path = podSpecPath, var spec = json[path: path] else { return self }
        for list in Self.containerLists {
            guard let containers = spec[list]?.array else { continue }
            spec[list] = .array(containers.map { change($0, Self.runsOn($0, in: list)) })
        }
        var copy = self
        copy.json[path: path] = spec
        return copy
    }

    private static let containerLists = ["containers", "initContainers"]

    private static func runsOn(_ container: JSONValue, in list: String) -> Bool {
        list == "containers" || container["restartPolicy"]?.string == "Always"
    }

    /// The image of each container and init container by the container's name.
    var containerImages: [String: String] {
        guard let path = podSpecPath, let spec = json[path: path] else { return [:] }
        let containers = ["initContainers", "containers"].flatMap { spec[$0]?.array ?? [] }
        let named = containers.compactMap { container in
            container["name"]?.string.map { ($0, container["image"]?.string ?? "") }
        }
        return Dictionary(named) { first, _ in first }
    }

    /// The images of all containers and init containers, as they are written.
    package var images: [String] {
        guard let path = podSpecPath, let spec = json[path: path] else { return [] }
        return ["initContainers", "containers"].flatMap { key in
            (spec[key]?.array ?? []).compactMap { $0["image"]?.string }
        }
    }
}
