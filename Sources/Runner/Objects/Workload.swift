/// Something that runs pods and can be restarted.
package struct Workload: Sendable, Hashable {
    /// The kinds that can be restarted, and one that can't.
    package enum Kind: String, Sendable, CaseIterable {
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
        /// A Job: it runs to its end once. Only Docker's target, which runs it itself, takes it for a workload.
        case job

        /// Those that can be restarted.
        package static let allCases: [Kind] = [
            .deployment, .statefulSet, .daemonSet, .replicaSet, .replicationController, .pod,
        ]

        /// A kind that can be restarted, as manifests call it.
        init?(restartable objectKind: String) {
            guard let kind = Kind(rawValue: objectKind.lowercased()), kind != .job else { return nil }
            self = kind
        }

        /// What manifests call it.
        var objectKind: String {
            switch self {
            case .deployment: "Deployment"
            case .statefulSet: "StatefulSet"
            case .daemonSet: "DaemonSet"
            case .replicaSet: "ReplicaSet"
            case .replicationController: "ReplicationController"
            case .pod: "Pod"
            case .job: "Job"
            }
        }
    }

    /// What tells the workloads of one namespace from each other.
    package struct Name: Sendable, Hashable {
        /// Its kind.
        package var kind: Kind
        /// Its name.
        package var name: String
    }

    /// Its kind.
    package var kind: Kind
    /// Its name.
    package var name: String
    /// Its namespace.
    package var namespace: String

    /// Names a workload.
    package init(kind: Kind, name: String, namespace: String) {
        self.kind = kind
        self.name = name
        self.namespace = namespace
    }

    package init(_ name: Name, namespace: String) {
        self.init(kind: name.kind, name: name.name, namespace: namespace)
    }

    /// Its name in its namespace.
    package var nameInNamespace: Name { Name(kind: kind, name: name) }
}

extension Workload.Name {
    /// Reads `deployment/posts-depl`, also the way kubectl prints it (`deployment.apps/posts-depl`) or takes it for
    /// short (`deploy`, `sts`, `ds`, `po`); `nil` for others.
    package init?(_ text: String) {
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
    package var description: String { "\(kind.rawValue)/\(name)" }
}
