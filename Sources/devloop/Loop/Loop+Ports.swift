import Runner

/// What comes of pods, and of devloop.json, to ports of this machine: see ``Ports``.
extension Loop {
    /// How long after a Service was missing it is looked for again.
    static let serviceDelay = Duration.seconds(5)

    /// The ports as they are now, where that is news.
    mutating func forward() -> [Effect] { ports.news().map { [.forward($0)] } ?? [] }

    /// The project is another one now.
    mutating func adoptPorts() -> [Effect] {
        ports.adopt(project)
        return forward() + portProblems() + findServices() + tellPorts()
    }

    /// Where the connections to a pod end is another place now, or none.
    mutating func changed(_ endpoint: PodEndpoint, isGone: Bool) -> [Effect] {
        ports.changed(endpoint, isGone: isGone)
        return forward()
    }

    /// Something has happened to a port of this machine.
    mutating func port(_ news: PortNews) -> [Effect] {
        switch news {
        case .listening(let port):
            listening.insert(port)
            return tellPorts()
        case .taken(let port, let holder):
            reached = reached.filter { $0.host != port }
            return [.say(.portTaken(port, label(of: port), by: holder))]
        case .denied(let port, let reason): return [.say(.portDenied(port, label(of: port), reason))]
        case .unanswered(let port, let isRefused, let said):
            ports.doubt(port)
            return [.say(.portUnanswered(port, label(of: port), isRefused: isRefused, said: said))] + findServices()
        }
    }

    private func label(of port: Int) -> String { ports.rules.first { $0.host == port }?.label ?? "?" }

    /// Says where what is reached, once.
    private mutating func tellPorts() -> [Effect] {
        let rules = ports.rules
        listening.formIntersection(rules.map(\.host))
        reached.formIntersection(rules)
        let news = rules.filter { listening.contains($0.host) && !reached.contains($0) }
        reached.formUnion(news)
        return news.map { .say(.reachable($0.label, $0.description)) }
    }

    private mutating func portProblems() -> [Effect] {
        told.news(ports.problems).map { .say(.warning($0)) }
    }

    // MARK: - Services that are in no manifest

    /// Looks for those that are not known and that nobody looks for.
    private mutating func findServices() -> [Effect] {
        let new = Set(ports.missing).subtracting(soughtServices)
        soughtServices.formUnion(new)
        return new.sorted { $0.name < $1.name }.map { .findService($0) }
    }

    mutating func found(_ result: Result<ServicePorts?, any Error>, _ service: Ports.ServiceName) -> [Effect] {
        ports.found((try? result.get()) ?? nil, of: service)
        guard ports.missing.contains(service) else {
            soughtServices.remove(service)
            return forward() + portProblems()
        }
        var effects: [Effect] = [.wake(.service(service), after: Self.serviceDelay)]
        // That the cluster is away is others' to tell.
        if case .success = result {
            let text =
                "there is no service/\(service.name) in namespace \(service.namespace) for \"forward\"; looking for it "
                + "every \(Self.serviceDelay.components.seconds) s"
            effects += told.news([text]).map { .say(.warning($0)) }
        }
        return effects
    }

    mutating func findAgain(_ service: Ports.ServiceName) -> [Effect] {
        soughtServices.remove(service)
        return findServices()
    }
}
