/// Reads Ingress objects. A pure value.
struct IngressReader {
    /// Where a backend is.
    let destination: (IngressBackend) -> IngressRoute.Destination

    private(set) var routes: [IngressRoute] = []
    private(set) var notices: [DockerNotice] = []
    private var taken: Set<Place> = []
    private var orphans: [IngressRoute] = []

    /// A path of a host: of two rules for it, the first one counts.
    private struct Place: Hashable {
        var host: String
        var location: String
    }

    init(destination: @escaping (IngressBackend) -> IngressRoute.Destination) { self.destination = destination }

    /// Reads objects, in the order of their names.
    mutating func read(_ objects: [KubernetesObject]) {
        for object in objects.sorted(by: { Self.order($0) < Self.order($1) }) { read(object) }
        // What no rule wants.
        for route in orphans { add(route) }
        orphans = []
    }

    private static func order(_ object: KubernetesObject) -> (String, String) {
        (object.identity.namespace, object.identity.name)
    }

    private mutating func read(_ object: KubernetesObject) {
        let name = object.identity.description
        let annotations = object.json[path: ["metadata", "annotations"]]?.stringMembers ?? [:]
        var unknown: [String] = []
        let options = IngressOptions(annotations, unknown: &unknown)
        if !unknown.isEmpty { notices.append(.field("\(unknown.joined(separator: ", ")) of \(name)")) }
        let spec = object.json["spec"] ?? .null
        if let controller = spec["ingressClassName"]?.string ?? annotations["kubernetes.io/ingress.class"],
            !controller.contains("nginx")
        {
            notices.append(.sentence("\(name) is for \(controller): on Docker nginx serves it"))
        }
        if spec["tls"]?.array?.isEmpty == false {
            notices.append(.sentence("\(name) is served without TLS on Docker: call http://, not https://"))
        }

        var hosts: Set<String> = []
        for rule in spec["rules"]?.array ?? [] {
            let host = rule["host"]?.string?.lowercased() ?? ""
            guard host.isEmpty || Self.isHost(host) else {
                notices.append(.sentence("\(name): \"\(host)\" is not the name of a host"))
                continue
            }
            hosts.insert(host)
            for path in rule[path: ["http", "paths"]]?.array ?? [] { read(path, host: host, object, options) }
        }
        guard let json = spec["defaultBackend"] ?? spec["backend"],
            let backend = IngressBackend(json, namespace: object.identity.namespace)
        else { return }
        for host in hosts.union([""]).sorted() {
            orphans.append(route(to: backend, host: host, path: "/", .beginning, object, IngressOptions()))
        }
    }

    private mutating func read(
        _ json: JSONValue, host: String, _ object: KubernetesObject, _ options: IngressOptions
    ) {
        let path = json["path"]?.string ?? ""
        guard let value = json["backend"], let backend = IngressBackend(value, namespace: object.identity.namespace)
        else {
            notices.append(.sentence("\(object.identity): the backend of \(path) is not a Service"))
            return
        }
        var options = options
        // As ingress-nginx: what would stay the same is not rewritten.
        if options.rewriteTarget == path { options.rewriteTarget = nil }
        let kind: IngressRoute.PathKind =
            switch json["pathType"]?.string {
            case "Exact": .exact
            case _ where options.usesPatterns || options.rewriteTarget != nil: .pattern
            case "Prefix": .elements
            default: .beginning
            }
        add(route(to: backend, host: host, path: path.isEmpty ? "/" : path, kind, object, options))
    }

    private func route(
        to backend: IngressBackend, host: String, path: String, _ kind: IngressRoute.PathKind,
        _ object: KubernetesObject, _ options: IngressOptions
    ) -> IngressRoute {
        IngressRoute(
            object: object.identity, host: host, path: path, kind: kind, backend: backend.service,
            destination: destination(backend), options: options)
    }

    private mutating func add(_ route: IngressRoute) {
        guard taken.insert(Place(host: route.host, location: route.location)).inserted else { return }
        if case .nobody(let reason) = route.destination {
            notices.append(.sentence("\(route.object): nobody is behind \(route.host)\(route.path): \(reason)"))
        }
        routes.append(route)
    }

    /// A name as DNS has it, whose first part may be a star.
    private static func isHost(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host.utf8.count <= 253
            && parts.enumerated().allSatisfy { index, part in
                index == 0 && part == "*" && parts.count > 1
                    || (!part.isEmpty && part.utf8.allSatisfy { $0.isLowercaseLetterOrDigit || "-_".utf8.contains($0) })
            }
    }
}

/// The Service that an Ingress names, and its port.
struct IngressBackend: Sendable, Hashable {
    var namespace: String
    var service: String
    /// A number, or a port's name; `nil` is the only one.
    var port: JSONValue?

    /// Reads a backend, also as `extensions/v1beta1` had it; `nil` where it names no Service.
    init?(_ json: JSONValue, namespace: String) {
        guard let name = json[path: ["service", "name"]]?.string ?? json["serviceName"]?.string else { return nil }
        self.namespace = namespace
        service = name
        let port = json[path: ["service", "port"]]
        self.port = port?["number"] ?? port?["name"] ?? json["servicePort"]
    }

    /// Which of a Service's ports it means.
    func port(of service: ServiceRoute) -> ServiceRoute.Port? {
        switch port {
        case nil, .null?: service.ports.first
        case .string(let name)?: service.ports.first { $0.label == name || String($0.port) == name }
        case let number?: service.ports.first { $0.port == number.integer }
        }
    }
}

// MARK: - What the user is told

extension [IngressRoute] {
    /// What is where, a line for each host: `http://localhost:8080 → web (/), api (/api)`
    func lines(at port: Int) -> [String] {
        Set(map(\.host)).sorted().map { host in
            let routes = filter { $0.host == host }.sorted { ($0.path, $0.location) < ($1.path, $1.location) }
            let backends = routes.map { "\($0.backend) (\($0.path))" }
            return "http://\(host.isEmpty ? "localhost" : host)\(port == 80 ? "" : ":\(port)") → "
                + backends.joined(separator: ", ")
        }
    }

    /// The hosts that they name.
    var hosts: [String] { Set(map(\.host)).subtracting([""]).sorted() }
}
