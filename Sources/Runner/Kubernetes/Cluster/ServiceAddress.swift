/// Where a Service of a cluster can be reached from this machine. Pure.
enum ServiceAddress {
    /// A line for each port of a NodePort or LoadBalancer: `posts-np: http://127.0.0.1:30400`
    /// - Parameters:
    ///   - service: as the API server has it.
    ///   - host: where the ports of the nodes are, if that is known.
    static func lines(_ service: JSONValue, nodePortsAt host: String?) -> [String] {
        guard let name = service[path: ["metadata", "name"]]?.string, let spec = service["spec"] else { return [] }
        let ingress = service[path: ["status", "loadBalancer", "ingress"]]?.array?.first
        let balancer = (ingress?["hostname"] ?? ingress?["ip"])?.string
        return (spec["ports"]?.array ?? []).compactMap { port in
            let isTCP = (port["protocol"]?.string ?? "TCP") == "TCP"
            if spec["type"]?.string == "LoadBalancer", let balancer, let number = port["port"]?.integer {
                return "\(name): \(address(balancer, number, isTCP: isTCP))"
            }
            guard let number = port["nodePort"]?.integer else { return nil }
            return "\(name): "
                + (host.map { address($0, number, isTCP: isTCP) } ?? "port \(number) of the cluster's nodes")
        }
    }

    private static func address(_ host: String, _ port: Int, isTCP: Bool) -> String {
        let host = host.contains(":") ? "[\(host)]" : host
        return isTCP ? "http://\(host):\(port)" : "\(host) port \(port)"
    }
}

extension ClusterIdentity {
    /// Where the ports of the nodes can be reached. The nodes of kind and k3d are containers whose ports are not
    /// published, and those of minikube often are: nobody can tell from here.
    var nodeHost: String? {
        guard hasLocalServer, let host = Self.host(of: server) else { return nil }
        let isLoopback = host == "::1" || host == "localhost" || host == "0.0.0.0" || host.hasPrefix("127.")
        let hidesNodes = LocalCluster(context: context)?.hidesNodes == true
        return isLoopback && hidesNodes ? nil : host == "0.0.0.0" ? "127.0.0.1" : host
    }
}
