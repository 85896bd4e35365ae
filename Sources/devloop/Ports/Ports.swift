import Runner

/// Which ports are forwarded.
enum Forwarding: Sendable {
    /// Those of devloop.json.
    case configured
    /// Those, and one for each Service of the manifests that has none.
    case all
    case none
}

/// What the ports of this machine lead to: what devloop.json asks for, and the pods that there are. A pure value.
struct Ports: Sendable {
    /// A Service, by its name and namespace.
    struct ServiceName: Sendable, Hashable {
        var name: String
        var namespace: String
    }

    /// A port of this machine.
    struct Rule: Sendable, Hashable {
        /// Whose pods it leads to.
        enum Source: Sendable, Hashable {
            case workloads([Workload])
            case service(ServiceName)
        }

        var host: Int
        /// What it is called when it is told.
        var label: String
        var source: Source
        /// The container's port, or the Service's.
        var target: PortTarget
    }

    private let forwarding: Forwarding
    /// Whether the target runs what the manifests say and nothing else, and publishes by itself what is to be reached from
    /// outside.
    private var isDocker = false
    private var endpoints: [String: PodEndpoint] = [:]
    /// The Services of the manifests.
    private var declared: [ServiceName: ServicePorts] = [:]
    /// Those that the target was asked for; `nil` for one that is not there.
    private var found: [ServiceName: ServicePorts?] = [:]
    /// What the manifests say of pods: their labels and the ports that have names.
    private var labels: [Workload: [String: String]] = [:]
    private var named: [Workload: [String: Int]] = [:]
    private(set) var rules: [Rule] = []
    /// What the ports led to last.
    private var last: [ForwardedPort] = []

    init(_ project: Project, forwarding: Forwarding = .configured) {
        self.forwarding = forwarding
        adopt(project)
    }

    // MARK: - What happens

    mutating func adopt(_ project: Project) {
        (declared, labels, named) = ([:], [:], [:])
        isDocker = project.configuration.target == .docker
        for object in project.objects {
            if let ports = ServicePorts(object) {
                declared[ServiceName(name: object.identity.name, namespace: object.identity.namespace)] = ports
            }
            if let workload = object.workload {
                labels[workload] = object.podLabels
                named[workload] = object.namedPorts
            }
        }
        rules = forwarding == .none ? [] : Self.rules(project)
        if forwarding == .all { rules += rest(project) }
    }

    mutating func changed(_ endpoint: PodEndpoint, isGone: Bool) { endpoints[endpoint.id] = isGone ? nil : endpoint }

    mutating func found(_ ports: ServicePorts?, of service: ServiceName) { found[service] = .some(ports) }

    /// What was found may be another way by now: nobody takes the connections of a port.
    mutating func doubt(_ port: Int) {
        for rule in rules where rule.host == port {
            if case .service(let service) = rule.source { found[service] = nil }
        }
    }

    /// The Services that ports lead to, that are in no manifest, and that are not there as far as is known.
    var missing: [ServiceName] {
        rules.compactMap { rule in
            guard case .service(let service) = rule.source, declared[service] == nil, found[service] ?? nil == nil
            else {
                return nil
            }
            return service
        }
    }

    /// What is wrong with the ports of Services.
    var problems: [String] {
        rules.compactMap { rule in
            guard case .service(let service) = rule.source, let ports = declared[service] ?? found[service] ?? nil,
                ports.target(of: rule.target.text) == nil
            else { return nil }
            return "service/\(service.name) has no port \(rule.target.text), so that port \(rule.host) leads nowhere"
        }
    }

    /// What the ports lead to; `nil` where that is what it was.
    mutating func news() -> [ForwardedPort]? {
        let now = rules.map(forwarded)
        guard now != last else { return nil }
        last = now
        return now
    }

    // MARK: - Rules

    private static func rules(_ project: Project) -> [Rule] {
        let own = project.services.flatMap { service in
            service.configuration.ports.map {
                Rule(host: $0.host, label: service.name, source: .workloads(service.workloads), target: $0.target)
            }
        }
        let others = project.configuration.forwards.compactMap { forward -> Rule? in
            guard let to = forward.to, let host = forward.host else { return nil }
            let namespace = forward.namespace ?? project.namespace
            let source: Rule.Source =
                switch to.kind {
                case .service(let name): .service(ServiceName(name: name, namespace: namespace))
                case .workload(let name): .workloads([Workload(name, namespace: namespace)])
                }
            return Rule(host: host, label: to.name, source: source, target: to.port)
        }
        return own + others
    }

    /// A port for each Service that has none and that pods may answer: its own number, or the next one that no other has. Who may listen below 1024 is not everybody's.
    private func rest(_ project: Project) -> [Rule] {
        var taken = Set(rules.map(\.host))
        var rest: [Rule] = []
        let names = declared.keys.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        for name in names {
            guard let ports = declared[name], !hasRule(name, ports), isOpen(name, ports) else { continue }
            for number in ports.numbers {
                var host = number < 1024 ? number + 8000 : number
                while taken.contains(host), host < PortMapping.range.upperBound { host += 1 }
                taken.insert(host)
                rest.append(Rule(host: host, label: name.name, source: .service(name), target: .number(number)))
            }
        }
        return rest
    }

    /// Whether pods may answer it that nothing else leads to.
    private func isOpen(_ name: ServiceName, _ ports: ServicePorts) -> Bool {
        guard isDocker else { return !ports.selector.isEmpty }
        return !ports.isPublished
            && labels.contains { $0.key.namespace == name.namespace && ports.selects($0.value) }
    }

    private func hasRule(_ name: ServiceName, _ ports: ServicePorts) -> Bool {
        rules.contains { rule in
            switch rule.source {
            case .service(let other): other == name
            case .workloads(let workloads):
                workloads.contains { $0.namespace == name.namespace && ports.selects(labels[$0] ?? [:]) }
            }
        }
    }

    // MARK: - Where connections go

    private func forwarded(_ rule: Rule) -> ForwardedPort {
        let (isMeant, target) = judge(rule)
        let meant = endpoints.values.filter { !$0.isEnding && isMeant($0) }.sorted { $0.id < $1.id }
        func backends(_ endpoints: [PodEndpoint]) -> [PortBackend] {
            endpoints.compactMap { endpoint in
                number(target, at: endpoint).map { PortBackend(id: endpoint.id, place: endpoint.place, port: $0) }
            }
        }
        return ForwardedPort(
            port: rule.host, ready: backends(Self.newest(meant.filter(\.isReady))),
            coming: backends(meant.filter { !$0.isReady && $0.isRunning }))
    }

    /// Which pods a port leads to, and to which port of theirs.
    private func judge(_ rule: Rule) -> (isMeant: (PodEndpoint) -> Bool, target: PortTarget?) {
        switch rule.source {
        case .workloads(let workloads):
            let isMeant = { (endpoint: PodEndpoint) in
                workloads.contains { workload in
                    endpoint.workload == workload
                        || workload.kind == .pod
                            && endpoint.place == .pod(workload.name, namespace: workload.namespace)
                }
            }
            return (isMeant, rule.target)
        case .service(let service):
            guard let ports = declared[service] ?? found[service] ?? nil else { return ({ _ in false }, nil) }
            let labels = labels
            let isMeant = { (endpoint: PodEndpoint) in
                let own = endpoint.labels.isEmpty ? endpoint.workload.flatMap { labels[$0] } ?? [:] : endpoint.labels
                return endpoint.namespace == service.namespace && ports.selects(own)
            }
            return (isMeant, ports.target(of: rule.target.text).flatMap { PortTarget($0) })
        }
    }

    private func number(_ target: PortTarget?, at endpoint: PodEndpoint) -> Int? {
        switch target {
        case .number(let number): number
        case .name(let name): endpoint.ports[name] ?? endpoint.workload.flatMap { named[$0]?[name] }
        case nil: nil
        }
    }

    /// Of each workload those of its newest template, once one of them is ready: who reloads after a rollout is to see
    /// what was saved last.
    private static func newest(_ ready: [PodEndpoint]) -> [PodEndpoint] {
        let groups = Dictionary(grouping: ready) { $0.workload?.description ?? "" }
        let revisions = groups.compactMapValues { group in
            group.max { ($0.created, $0.revision) < ($1.created, $1.revision) }?.revision
        }
        return ready.filter { revisions[$0.workload?.description ?? ""] == $0.revision }
    }
}

extension PortTarget {
    /// As it is written.
    var text: String {
        switch self {
        case .number(let number): "\(number)"
        case .name(let name): name
        }
    }
}

extension Ports.Rule {
    /// Where it is reached, and what it leads to where that is another port: `http://localhost:8080 → port 80`
    var description: String { target == .number(host) ? url : "\(url) → port \(target.text)" }

    /// Ports of databases, queues and debuggers, which no browser can do anything with.
    private static let mute: Set = [
        1433, 2379, 3306, 4222, 5005, 5432, 5672, 6379, 9092, 9229, 11211, 27017, 50051,
    ]

    /// Where it is reached.
    var url: String {
        if case .number(let number) = target, Self.mute.contains(number) { return "localhost:\(host)" }
        return "http://localhost:\(host)"
    }
}

extension Project {
    /// The namespaces that ports lead to.
    var forwardedNamespaces: Set<String> {
        Set(configuration.forwards.map { $0.namespace ?? namespace })
    }
}
