extension DockerManifests {
    /// The names by which server-side code calls an ingress-nginx, wherever it is.
    private static let controllerNames = ["", ".svc", ".svc.cluster.local"].map {
        "ingress-nginx-controller.ingress-nginx\($0)"
    }

    /// All Ingress objects that were applied.
    var ingresses: [KubernetesObject] { all.filter { $0.identity.kind == "Ingress" } }

    /// The nginxes that stand before Services. Each is there once a pod is known that its Service selects.
    var serviceProxies: [ProxyPlan] {
        services.filter { $0.isProxied && selects($0) }.map { service in
            let key = ProxyPlan.Key(purpose: .service(service.name), namespace: service.namespace)
            return ProxyPlan(
                key: key, namespace: service.namespace, aliases: service.aliases,
                qualifiedAliases: Array(service.aliases.dropFirst()), configuration: ProxyConfiguration(service),
                objects: [key.object])
        }
    }

    /// What the Ingress objects say, and what can't be done of it.
    var ingress: (routes: [IngressRoute], notices: [DockerNotice]) {
        var reader = IngressReader(destination: destination)
        reader.read(ingresses)
        return (reader.routes, reader.notices)
    }

    /// The nginx of all Ingress objects; `nil` where there are none.
    /// - Parameters:
    ///   - routes: what they say.
    ///   - port: the port of this machine that it has.
    static func ingressProxy(
        _ routes: [IngressRoute], of objects: [KubernetesObject], port: Int
    ) -> ProxyPlan? {
        guard let namespace = objects.map(\.identity.namespace).min() else { return nil }
        return ProxyPlan(
            key: .ingress, namespace: namespace, aliases: controllerNames, qualifiedAliases: controllerNames,
            port: port,
            configuration: ProxyConfiguration(routes), objects: objects.map(\.identity))
    }

    /// Whether it is known that nothing has to stand before a Service.
    func needsNone(_ key: ProxyPlan.Key) -> Bool {
        guard case .service(let name) = key.purpose,
            let service = services.first(where: { $0.name == name && $0.namespace == key.namespace })
        else { return false }
        return !service.isProxied && selects(service)
    }

    private func destination(of backend: IngressBackend) -> IngressRoute.Destination {
        let name = "Service \(backend.service)"
        guard let service = services.first(where: { $0.name == backend.service && $0.namespace == backend.namespace })
        else { return .nobody("no manifest has the \(name)") }
        guard let port = backend.port(of: service) else {
            return .nobody("the \(name) has no port \(backend.port.map { $0.string ?? "\($0)" } ?? "")")
        }
        if let external = service.externalName { return .address("\(external):\(port.port)") }
        guard !service.selector.isEmpty else { return .nobody("the \(name) selects no pods") }
        return .address("\(service.isProxied ? service.podAlias : service.aliases[3]):\(port.reached ?? port.port)")
    }
}

extension ServiceRoute {
    /// Whether an nginx stands before it: Docker's names lead to containers, at whatever port those have.
    var isProxied: Bool { !isHeadless && !selector.isEmpty && ports.contains { ($0.reached ?? $0.port) != $0.port } }

    /// The name of its pods for that nginx.
    var podAlias: String { "\(name).\(namespace).pods.devloop" }

    /// The names of its pods: its own, where nothing stands before them.
    var podAliases: [String] { isProxied ? [podAlias] : aliases }

    /// Those of them that say which namespace they are of.
    var qualifiedPodAliases: [String] { isProxied ? [podAlias] : Array(aliases.dropFirst()) }

    /// Looks up which port of its pods each of its ports leads to.
    /// - Parameter pods: the specifications of those that it selects, as far as they are known; asked for where they matter.
    mutating func findTargets(in pods: () -> [JSONValue]) {
        for index in ports.indices {
            let port = ports[index]
            ports[index].reached =
                Self.target(of: port, in: .null) ?? pods().lazy.compactMap { Self.target(of: port, in: $0) }.first
        }
    }
}
