/// A pod, or a container of one, as the one end of connections.
package struct PodEndpoint: Sendable, Hashable {
    /// Tells it from every other one, also from the one that had its name before.
    package var id: String
    package var place: PortBackend.Place
    package var namespace: String
    /// What it belongs to, where that is something that can be restarted.
    package var workload: Workload?
    /// Its labels; empty where they are only known from the manifests.
    package var labels: [String: String]
    /// The numbers of its ports that have names, likewise.
    package var ports: [String: Int]
    /// The same of all that were made of one template.
    package var revision: String
    /// When it was made, which can be compared as text.
    package var created: String
    /// Whether it takes connections, as far as its probes say.
    package var isReady: Bool
    /// Whether it runs.
    package var isRunning: Bool
    /// Whether it is to end.
    package var isEnding: Bool

    package init(
        id: String, place: PortBackend.Place, namespace: String, workload: Workload?, labels: [String: String] = [:],
        ports: [String: Int] = [:], revision: String, created: String, isReady: Bool = true, isRunning: Bool = true,
        isEnding: Bool = false
    ) {
        (self.id, self.place, self.namespace, self.workload) = (id, place, namespace, workload)
        (self.labels, self.ports, self.revision, self.created) = (labels, ports, revision, created)
        (self.isReady, self.isRunning, self.isEnding) = (isReady, isRunning, isEnding)
    }
}

extension KubernetesPod {
    /// Where its connections end.
    var endpoint: PodEndpoint {
        PodEndpoint(
            id: uid, place: .pod(name, namespace: namespace), namespace: namespace, workload: workload, labels: labels,
            ports: ports, revision: revision, created: created, isReady: isReady && !isFinished,
            isRunning: phase == "Running", isEnding: isTerminating)
    }
}

/// Where the connections to a Service go, as a target or a manifest tells it.
package struct ServicePorts: Sendable, Hashable {
    /// The labels of the pods.
    package var selector: [String: String]
    private var targets: [String: JSONValue] = [:]
    /// Its TCP ports.
    package var numbers: [Int] = []
    /// Whether it is of a type that is reached from outside of the cluster.
    package var isPublished: Bool

    /// Reads a Service; `nil` for other kinds.
    package init?(_ object: KubernetesObject) {
        guard let route = ServiceRoute(object) else { return nil }
        selector = route.selector
        isPublished = route.isPublished
        for port in route.ports where port.networkProtocol == "tcp" {
            let target = port.target ?? .null
            let value = target == .null ? .number("\(port.port)") : target
            targets["\(port.port)"] = value
            targets[port.label] = value
            numbers.append(port.port)
        }
    }

    /// The container's port that one of its ports leads to, a number or a name; `nil` where it has no such port.
    /// - Parameter port: its number or its name.
    package func target(of port: String) -> String? {
        targets[port].flatMap { $0.string ?? $0.integer.map { "\($0)" } }
    }

    /// Whether pods with these labels answer it. A Service without a selector selects nothing.
    package func selects(_ labels: [String: String]) -> Bool {
        !selector.isEmpty && selector.allSatisfy { labels[$0.key] == $0.value }
    }
}

/// What is wanted to be known of pods beside their logs.
package struct EndpointInterest: Sendable {
    /// The namespaces whose pods are followed, beside those of the workloads.
    package var namespaces: @Sendable () -> Set<String>
    /// Is told each change of a pod, whether or not it is one of a workload that is followed, and whether it is gone.
    package var onChange: @Sendable (PodEndpoint, _ isGone: Bool) -> Void

    package init(
        namespaces: @escaping @Sendable () -> Set<String>, onChange: @escaping @Sendable (PodEndpoint, Bool) -> Void
    ) {
        (self.namespaces, self.onChange) = (namespaces, onChange)
    }
}

extension KubernetesObject {
    /// The numbers of its containers' ports that have names.
    package var namedPorts: [String: Int] {
        podSpecPath.flatMap { json[path: $0] }.map(Self.namedPorts) ?? [:]
    }

    static func namedPorts(_ podSpec: JSONValue) -> [String: Int] {
        let ports = (podSpec["containers"]?.array ?? []).flatMap { $0["ports"]?.array ?? [] }
        let named = ports.compactMap { port in
            port["name"]?.string.flatMap { name in port["containerPort"]?.integer.map { (name, $0) } }
        }
        return Dictionary(named) { first, _ in first }
    }
}
