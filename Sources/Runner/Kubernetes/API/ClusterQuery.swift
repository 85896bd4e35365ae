/// A question to a cluster's API server: a GET of this path
/// (https://kubernetes.io/docs/reference/using-api/api-concepts/).
struct ClusterQuery: Sendable, Hashable {
    private struct Parameter: Sendable, Hashable {
        var name: String
        var value: String
    }

    private let path: String
    private var parameters: [Parameter] = []
    /// How long the server may say nothing; `nil` is for ever.
    private(set) var patience: Duration?

    private init(_ path: String, _ parameters: [(String, String)] = [], patience: Duration? = nil) {
        self.path = path
        self.parameters = parameters.map { Parameter(name: $0, value: $1) }
        self.patience = patience
    }

    /// The path with its query, as it is sent.
    var target: String { line { $0.percentEncoded } }

    private func line(_ encoded: (String) -> String) -> String {
        let query = parameters.map { "\($0.name)=\(encoded($0.value))" }.joined(separator: "&")
        return path + (query.isEmpty ? "" : "?\(query)")
    }

    // MARK: - Objects

    static let nodes = ClusterQuery("/api/v1/nodes")

    /// - Parameters:
    ///   - namespace: all where `nil`.
    ///   - labels: the labels of the pods to list; without any, all.
    static func pods(namespace: String?, labels: [String: String] = [:]) -> ClusterQuery {
        let selector = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        return ClusterQuery(
            namespace.map { "/api/v1/namespaces/\($0)/pods" } ?? "/api/v1/pods",
            selector.isEmpty ? [] : [("labelSelector", selector)])
    }

    /// What a cluster's components warn of.
    static func warnings(namespace: String) -> ClusterQuery {
        ClusterQuery("/api/v1/namespaces/\(namespace)/events", [("fieldSelector", "type=Warning")])
    }

    static func services(namespace: String) -> ClusterQuery { ClusterQuery("/api/v1/namespaces/\(namespace)/services") }

    static func service(_ name: String, namespace: String) -> ClusterQuery {
        ClusterQuery("/api/v1/namespaces/\(namespace)/services/\(name)")
    }

    static func deployments(namespace: String) -> ClusterQuery {
        ClusterQuery("/apis/apps/v1/namespaces/\(namespace)/deployments")
    }

    static func workload(_ workload: Workload) -> ClusterQuery {
        ClusterQuery("\(list(of: workload.kind, workload.namespace))/\(workload.name)")
    }

    /// The list that holds this workload and nothing else, to be watched.
    static func only(_ workload: Workload) -> ClusterQuery {
        ClusterQuery(list(of: workload.kind, workload.namespace), [("fieldSelector", "metadata.name=\(workload.name)")])
    }

    private static func list(of kind: Workload.Kind, _ namespace: String) -> String {
        let isCore = [.pod, .replicationController].contains(kind)
        return "\(isCore ? "/api/v1" : "/apis/apps/v1")/namespaces/\(namespace)/\(kind.rawValue)s"
    }

    // MARK: - Of a list

    /// No more than where the list stands now.
    var versionOnly: ClusterQuery { adding("limit", "1") }

    /// Each change of what the list holds, from a version of it on; of `nil`, what it holds first.
    func watched(from version: String?) -> ClusterQuery {
        let watch = adding("watch", "true").adding("allowWatchBookmarks", "true")
        return version.map { watch.adding("resourceVersion", $0) } ?? watch
    }

    private func adding(_ name: String, _ value: String) -> ClusterQuery {
        var query = self
        query.parameters.append(Parameter(name: name, value: value))
        return query
    }

    // MARK: - Logs

    /// One container's lines, each after its time.
    static func log(
        pod: String, container: String, namespace: String, _ reading: LogReading, from start: LogStart
    ) -> ClusterQuery {
        var parameters = [("container", container), ("timestamps", "true")]
        switch reading {
        case .latest: break
        case .following: parameters.append(("follow", "true"))
        case .previous: parameters.append(("previous", "true"))
        }
        switch start {
        case .beginning: break
        case .time(let time): parameters.append(("sinceTime", time))
        case .ago(let time): parameters.append(("sinceSeconds", "\(time.components.seconds)"))
        case .lastLines(let count): parameters.append(("tailLines", "\(count)"))
        }
        return ClusterQuery("/api/v1/namespaces/\(namespace)/pods/\(pod)/log", parameters)
    }

    /// What a node's kubelet answers at a path.
    static func node(_ name: String, _ path: String) -> ClusterQuery {
        ClusterQuery("/api/v1/nodes/\(name)/proxy/\(path)", patience: .seconds(30))
    }
}

extension ClusterQuery: CustomStringConvertible {
    /// `GET /api/v1/namespaces/blog/pods?labelSelector=app=posts`
    var description: String { "GET \(line { $0 })" }
}

/// Which of a container's runs is read, and how long.
enum LogReading: Sendable, Hashable {
    /// What is there of the latest one.
    case latest
    /// The latest one, until it ends.
    case following
    /// The one before.
    case previous
}
