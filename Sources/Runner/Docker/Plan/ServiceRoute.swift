/// A Service as Docker can do it: names for the containers that it selects, and ports on this machine.
struct ServiceRoute: Sendable, Hashable {
    /// One of its ports.
    struct Port: Sendable, Hashable {
        /// What tells it from the service's others: its name or number.
        var label: String
        var port: Int
        /// A number, or the name of a container's port; the port itself where `nil`.
        var target: JSONValue?
        var nodePort: Int?
        var networkProtocol: String
        /// The pods' port that it leads to, once that is known.
        var reached: Int?
    }

    var name: String
    var namespace: String
    var type: String
    var selector: [String: String]
    var ports: [Port]
    /// Whether its name stands for the pods themselves, whose ports are then theirs.
    var isHeadless: Bool
    /// The host that its name stands for, where it is one outside.
    var externalName: String?

    /// Reads a Service; `nil` for other kinds.
    init?(_ object: KubernetesObject) {
        guard object.identity.kind == "Service" else { return nil }
        name = object.identity.name
        namespace = object.identity.namespace
        let spec = object.json["spec"] ?? .null
        type = spec["type"]?.string ?? "ClusterIP"
        selector = spec["selector"]?.stringMembers ?? [:]
        isHeadless = spec["clusterIP"]?.string == "None"
        externalName = spec["externalName"]?.string
        ports = (spec["ports"]?.array ?? []).compactMap { json in
            guard let port = json["port"]?.integer else { return nil }
            return Port(
                label: json["name"]?.string ?? String(port), port: port, target: json["targetPort"],
                nodePort: json["nodePort"]?.integer,
                networkProtocol: json["protocol"]?.string?.lowercased() ?? "tcp")
        }
    }

    /// Whether it can be reached from outside of the network.
    var isPublished: Bool { type == "NodePort" || type == "LoadBalancer" }

    /// The names that Kubernetes' DNS has for it
    /// (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/).
    var aliases: [String] {
        [name, "\(name).\(namespace)", "\(name).\(namespace).svc", "\(name).\(namespace).svc.cluster.local"]
    }

    /// What tells a port from all others of the project: `default/posts-np/http`
    func purpose(of port: Port) -> String { "\(namespace)/\(name)/\(port.label)" }

    /// Whether pods with these labels answer it. A service without a selector selects nothing.
    func selects(_ labels: [String: String], namespace: String) -> Bool {
        self.namespace == namespace && !selector.isEmpty && selector.allSatisfy { labels[$0.key] == $0.value }
    }

    /// The container's port that a port leads to.
    static func target(of port: Port, in podSpec: JSONValue) -> Int? {
        switch port.target {
        case nil, .null?: return port.port
        case .string(let name)?:
            if let number = Int(name) { return number }
            for container in podSpec["containers"]?.array ?? [] {
                for declared in container["ports"]?.array ?? [] where declared["name"]?.string == name {
                    return declared["containerPort"]?.integer
                }
            }
            return nil
        case let number?: return number.integer
        }
    }
}
