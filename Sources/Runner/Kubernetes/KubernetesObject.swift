/// One object of a manifest, as kubectl read it.
public struct KubernetesObject: Sendable, Hashable {
    /// What tells one object from another.
    public struct Identity: Sendable, Hashable, CustomStringConvertible {
        /// `Deployment`, `Service`, …
        public var kind: String
        /// `metadata.name`; empty for an object that has only a `generateName`.
        public var name: String
        /// `metadata.namespace`, or the project's where the manifest names none, also for what belongs to no namespace.
        public var namespace: String

        /// Names an object.
        public init(kind: String, name: String, namespace: String) {
            self.kind = kind
            self.name = name
            self.namespace = namespace
        }

        /// The object that a workload is.
        init(_ workload: Workload) {
            self.init(kind: workload.kind.objectKind, name: workload.name, namespace: workload.namespace)
        }

        /// The workload that it is, where it is one that devloop can restart.
        public var workload: Workload? {
            Workload.Kind(rawValue: kind.lowercased()).map { Workload(kind: $0, name: name, namespace: namespace) }
        }

        /// `Deployment posts-depl`
        public var description: String { "\(kind) \(name)" }
    }

    /// What tells this object from others.
    public let identity: Identity
    /// The whole object.
    public var json: JSONValue

    /// An object; `nil` where the document has no `kind`.
    /// - Parameter namespace: where objects are that name none.
    public init?(_ json: JSONValue, namespace: String) {
        guard let kind = json["kind"]?.string else { return nil }
        identity = Identity(
            kind: kind, name: json[path: ["metadata", "name"]]?.string ?? "",
            namespace: json[path: ["metadata", "namespace"]]?.string ?? namespace)
        self.json = json
    }

    /// The workload that this object is, where it is one that devloop can restart.
    public var workload: Workload? { identity.workload }

    /// Where the pod's specification is: in the template of a Deployment, StatefulSet, DaemonSet, ReplicaSet or Job
    /// (and of other kinds that follow their shape), in a CronJob's job template, or in a Pod itself. `nil` where this
    /// object runs no containers.
    public var podSpecPath: [String]? { Self.podSpecPath(of: json) }

    static func podSpecPath(of json: JSONValue) -> [String]? {
        if json["kind"]?.string == "Pod" { return ["spec"] }
        let candidates = [["spec", "template", "spec"], ["spec", "jobTemplate", "spec", "template", "spec"]]
        return candidates.first { json[path: $0 + ["containers"]]?.array != nil }
    }

    /// The labels of the pods that this object runs.
    public var podLabels: [String: String] {
        guard let path = podSpecPath else { return [:] }
        return json[path: path.dropLast() + ["metadata", "labels"]]?.stringMembers ?? [:]
    }

    /// The labels by which a workload finds its pods; empty where it has none, or is a Pod.
    var selector: [String: String] {
        let selector = json[path: ["spec", "selector"]]
        return (identity.kind == "ReplicationController" ? selector : selector?["matchLabels"])?.stringMembers ?? [:]
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
    public var images: [String] {
        guard let path = podSpecPath, let spec = json[path: path] else { return [] }
        return ["initContainers", "containers"].flatMap { key in
            (spec[key]?.array ?? []).compactMap { $0["image"]?.string }
        }
    }
}

/// Something that runs pods and can be restarted.
public struct Workload: Sendable, Hashable {
    /// The kinds that can be restarted.
    public enum Kind: String, Sendable, CaseIterable {
        /// A Deployment.
        case deployment
        /// A StatefulSet.
        case statefulSet = "statefulset"
        /// A DaemonSet.
        case daemonSet = "daemonset"
        /// A ReplicaSet that no Deployment made: its pods are deleted.
        case replicaSet = "replicaset"
        /// Its predecessor.
        case replicationController = "replicationcontroller"
        /// A bare Pod: it is replaced.
        case pod

        /// What manifests call it.
        var objectKind: String {
            switch self {
            case .deployment: "Deployment"
            case .statefulSet: "StatefulSet"
            case .daemonSet: "DaemonSet"
            case .replicaSet: "ReplicaSet"
            case .replicationController: "ReplicationController"
            case .pod: "Pod"
            }
        }
    }

    /// What tells the workloads of one namespace from each other.
    public struct Name: Sendable, Hashable {
        /// Its kind.
        public var kind: Kind
        /// Its name.
        public var name: String
    }

    /// Its kind.
    public var kind: Kind
    /// Its name.
    public var name: String
    /// Its namespace.
    public var namespace: String

    /// Names a workload.
    public init(kind: Kind, name: String, namespace: String) {
        self.kind = kind
        self.name = name
        self.namespace = namespace
    }

    /// A workload by its name.
    public init(_ name: Name, namespace: String) {
        self.init(kind: name.kind, name: name.name, namespace: namespace)
    }

    /// Its name in its namespace.
    public var nameInNamespace: Name { Name(kind: kind, name: name) }
}

extension Workload.Name {
    /// Reads `deployment/posts-depl`, also the way kubectl prints it (`deployment.apps/posts-depl`) or takes it for
    /// short (`deploy`, `sts`, `ds`, `po`); `nil` for others.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isName(parts[1]) else { return nil }
        let kind: Workload.Kind? =
            switch parts[0].lowercased() {
            case "deployment", "deployments", "deploy", "deployment.apps", "deployments.apps": .deployment
            case "statefulset", "statefulsets", "sts", "statefulset.apps", "statefulsets.apps": .statefulSet
            case "daemonset", "daemonsets", "ds", "daemonset.apps", "daemonsets.apps": .daemonSet
            case "replicaset", "replicasets", "rs", "replicaset.apps", "replicasets.apps": .replicaSet
            case "replicationcontroller", "replicationcontrollers", "rc": .replicationController
            case "pod", "pods", "po": .pod
            default: nil
            }
        guard let kind else { return nil }
        self.init(kind: kind, name: String(parts[1]))
    }

    /// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= 253 else { return false }
        return first.isLowercaseLetterOrDigit && last.isLowercaseLetterOrDigit
            && text.utf8.allSatisfy { $0.isLowercaseLetterOrDigit || "-.".utf8.contains($0) }
    }
}

extension Workload: CustomStringConvertible {
    /// `deployment/posts-depl`, as kubectl takes it.
    public var description: String { "\(kind.rawValue)/\(name)" }
}
