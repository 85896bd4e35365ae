import Synchronization

/// The nginxes of a project: made, told what is new, and removed. They stay while workloads come and go.
final class Proxies: Sendable {
    /// What came of settling them.
    struct Settled: Sendable {
        var failures: [ApplyFailure] = []
        var notices: [DockerNotice] = []
    }

    private struct Shared {
        /// Whether there may be any.
        var areThere = false
        /// What each container was told last.
        var loaded: [String: Loaded] = [:]
        /// The port of the Ingress.
        var port: Int?
        /// Ports that turned out to be taken.
        var taken: Set<Int> = []
        /// Whether hosts lead to this machine.
        var hosts: [String: Bool] = [:]
        /// What could not be done, and when: an image that can't be had, an nginx that can't be started.
        var refusals: [String: Refusal] = [:]
        var ends = ProxyEnds()
    }

    private struct Refusal {
        let error: TargetError
        let time = ContinuousClock.now
    }

    private let pods: DockerPodRunner
    private let settings: ProxySettings
    private let isFreePort: @Sendable (Int) -> Bool
    private let leadsHere: @Sendable (String) async -> Bool
    private let turns = Turns<ProjectIdentity>()
    private let shared = Mutex(Shared())

    /// - Parameter leadsHere: whether a host's name leads to this machine.
    init(
        pods: DockerPodRunner, settings: ProxySettings, isFreePort: @escaping @Sendable (Int) -> Bool,
        leadsHere: @escaping @Sendable (String) async -> Bool
    ) {
        (self.pods, self.settings, self.isFreePort, self.leadsHere) = (pods, settings, isFreePort, leadsHere)
    }

    private var project: ProjectIdentity { pods.commands.project }

    /// Makes what is missing, and tells what runs what has changed. What runs as it should is left alone, also when an
    /// earlier devloop started it.
    /// - Parameters:
    ///   - manifests: what was applied by now: another call may have added to it.
    ///   - listed: what there was a moment ago.
    /// - Throws: what is none of the objects' own faults.
    func settle(
        _ manifests: @escaping @Sendable () -> DockerManifests, on networks: ProjectNetworks, _ listed: [ListedProxy]
    ) async throws -> Settled {
        let before = manifests()
        guard !before.ingresses.isEmpty || before.services.contains(where: \.isProxied) else { return Settled() }
        return try await turns.withTurn(project) {
            let manifests = manifests()
            let (routes, notices) = manifests.ingress
            var listed = listed
            var port = self.port(beside: listed, manifests)
            func plans() -> [ProxyPlan] {
                let ingress = port.flatMap { DockerManifests.ingressProxy(routes, of: manifests.ingresses, port: $0) }
                return manifests.serviceProxies + (ingress.map { [$0] } ?? [])
            }
            if !plans().allSatisfy({ self.isThere($0, on: networks, among: listed) }) {
                // Another call may have been quicker.
                listed = try await self.pods.listEverything().proxies
                port = self.port(beside: listed, manifests)
            }
            let all = listed
            let results = await sideBySide(plans(), atOnce: 4) { plan in
                do {
                    let purpose = "\(plan.fingerprint(image: self.settings.image)) \(plan.configuration.text)"
                    let loaded = try await self.unlessRefused(purpose) {
                        try await self.settle(plan, routes, networks, all)
                    }
                    return Settling(plan: plan, result: .success(loaded))
                } catch {
                    return Settling(plan: plan, result: .failure(error))
                }
            }
            return try await self.conclude(results, routes, notices)
        }
    }

    /// Makes those again that somebody has ended.
    /// - Throws: ``TargetError``: what keeps one from coming back.
    func bringBack(
        _ manifests: @escaping @Sendable () -> DockerManifests, on networks: () async throws -> ProjectNetworks
    ) async throws {
        guard shared.withLock({ $0.ends.areMissing }) else { return }
        let settled = try await settle(manifests, on: networks(), pods.listEverything().proxies)
        if let failure = settled.failures.first { throw failure.error }
        shared.withLock { $0.ends.looked() }
    }

    /// What became of one.
    private struct Settling {
        let plan: ProxyPlan
        let result: Result<Loaded?, any Error>
    }

    /// What an nginx was told, and the routes in it that it does not understand.
    private struct Loaded {
        var configuration: ProxyConfiguration
        var refused: Set<Int> = []
        var notices: [DockerNotice] = []
    }

    private func conclude(
        _ results: [Settling], _ routes: [IngressRoute], _ notices: [DockerNotice]
    ) async throws -> Settled {
        var settled = Settled(notices: notices)
        for settling in results {
            switch settling.result {
            case .success(let loaded):
                settled.notices += loaded?.notices ?? []
                guard settling.plan.key == .ingress, let port = shared.withLock({ $0.port }) else { continue }
                let served = routes.enumerated().filter { loaded?.refused.contains($0.offset) != true }.map(\.element)
                settled.notices += served.lines(at: port).map { .sentence($0) }
                settled.notices += await unknownHosts(served.hosts).map { .sentence($0) }
            case .failure(let error):
                guard let error = error as? TargetError, error.severity != .unavailable else { throw error }
                settled.failures += settling.plan.objects.map {
                    ApplyFailure($0, reasons: [error.summary] + error.details, advice: error.advice)
                }
            }
        }
        return settled
    }

    /// Removes those that the manifests are known not to need any more: what they stood before has its own names by now.
    func removeUnneeded(_ manifests: DockerManifests, _ listed: [ListedProxy]) async throws {
        try await remove(listed.filter { manifests.needsNone($0.key) })
    }

    /// The objects that the manifests have lost, and that something is still there for.
    func leftovers(
        _ listed: [ListedProxy], besides objects: Set<KubernetesObject.Identity>
    ) -> [KubernetesObject.Identity] {
        shared.withLock { $0.areThere = !listed.isEmpty }
        return listed.map(\.key.object).filter { object in
            object.kind == "Ingress" ? !objects.contains { $0.kind == "Ingress" } : !objects.contains(object)
        }
    }

    /// Removes what stands before Services that are gone, and the Ingress' where the last one is.
    /// - Parameter manifests: without them.
    /// - Returns: a line for each.
    func letGo(
        of objects: Set<KubernetesObject.Identity>, _ manifests: @escaping @Sendable () -> DockerManifests
    ) async throws -> [String] {
        guard objects.contains(where: { ["Service", "Ingress"].contains($0.kind) }),
            shared.withLock({ $0.areThere })
        else { return [] }
        return try await turns.withTurn(project) {
            let manifests = manifests()
            let gone = try await self.pods.listEverything().proxies.filter {
                $0.key == .ingress
                    ? manifests.ingresses.isEmpty && objects.contains { $0.kind == "Ingress" }
                    : objects.contains($0.key.object)
            }
            try await self.remove(gone)
            return gone.map { "\($0.key) is removed: it is in no manifest any more" }.sorted()
        }
    }

    /// Removes containers.
    func remove(_ listed: [ListedProxy]) async throws {
        guard !listed.isEmpty else { return }
        shared.withLock { $0.ends.retire(listed.map(\.id)) }
        let output = try await pods.launcher.runTool(DockerCommand.remove(listed.map(\.id)))
        guard
            output.termination.isSuccess || output.errorText.contains("No such container")
                || output.errorText.contains("already in progress")
        else { throw DockerFailure.error("an nginx could not be removed", said: [output.errorText]) }
    }

    /// What an event of the engine's tells of one that ended, for the user.
    func notice(of line: [UInt8]) -> String? { shared.withLock { $0.ends.notice(of: line, project) } }
}

// MARK: - One nginx

extension Proxies {
    private func isThere(_ plan: ProxyPlan, on networks: ProjectNetworks, among listed: [ListedProxy]) -> Bool {
        let network = networks[.namespace(plan.namespace)]
        return network.map { current(plan, on: $0, among: listed) != nil } ?? true
    }

    private func current(_ plan: ProxyPlan, on network: ListedNetwork, among listed: [ListedProxy]) -> ListedProxy? {
        let fingerprint = plan.fingerprint(image: settings.image)
        return listed.first {
            $0.key == plan.key && $0.isUp && $0.specification == fingerprint && $0.networks.contains(network.name)
        }
    }

    /// - Returns: what it was told; `nil` where whoever brings its namespace settles it.
    private func settle(
        _ plan: ProxyPlan, _ routes: [IngressRoute], _ networks: ProjectNetworks, _ listed: [ListedProxy]
    ) async throws -> Loaded? {
        guard let own = networks[.namespace(plan.namespace)] else { return nil }
        let old = listed.filter { $0.key == plan.key }
        let id: String
        if let current = current(plan, on: own, among: listed) {
            id = current.id
            try await remove(old.filter { $0.id != id })
            try await connect(id, plan, networks, isOn: current.networks)
        } else {
            id = try await replace(old, by: plan, on: own, networks)
        }
        return try await load(plan, routes, into: id)
    }

    private func replace(
        _ old: [ListedProxy], by plan: ProxyPlan, on own: ListedNetwork, _ networks: ProjectNetworks
    ) async throws -> String {
        var plan = plan
        var old = old
        while true {
            let id = try await create(plan, on: own)
            try await connect(id, plan, networks, isOn: [])
            if plan.port != nil {
                // Two can't have one port.
                try await remove(old)
                old = []
            }
            let answer = try await pods.engine.ask(
                EngineRequest(method: "POST", path: "/containers/\(id)/start"), "\(plan.key) could not be started")
            if answer.isSuccess {
                shared.withLock { $0.areThere = true }
                try await remove(old)
                return id
            }
            _ = try await pods.launcher.runTool(DockerCommand.remove([id]))
            let isTaken = ["already allocated", "already in use", "permission denied"].contains {
                answer.message.contains($0)
            }
            guard isTaken, let port = plan.port else {
                throw DockerFailure.error("\(plan.key) could not be started", said: [answer.message])
            }
            let next = settings.port == nil ? nextPort(after: port) : nil
            guard let next else {
                throw TargetError(
                    "the Ingress needs port \(port) of 127.0.0.1, which "
                        + (answer.message.contains("permission denied")
                            ? "this Docker may not take" : "\(await PortHolder.find(port)) has"),
                    advice: "end what listens there, or take another \"ingress\": { \"port\" }")
            }
            plan.port = next
        }
    }

    private func create(_ plan: ProxyPlan, on network: ListedNetwork) async throws -> String {
        let suffix = String(UInt32.random(in: 0x1000_0000...UInt32.max), radix: 16)
        let parts = plan.key.label.split(separator: "/").map(String.init)
        let name = DockerName.joined([project.name, "nginx"] + parts + [suffix])
        let request = plan.create(project, name: name, image: settings.image, network: network)
        var answer = try await pods.engine.ask(request, "\(plan.key) could not be created")
        if answer.message.contains("No such image"), !answer.isSuccess {
            try await pull()
            answer = try await pods.engine.ask(request, "\(plan.key) could not be created")
        }
        guard answer.isSuccess else {
            throw DockerFailure.error("\(plan.key) could not be created", said: [answer.message])
        }
        return answer.body["Id"]?.string ?? name
    }

    /// With many workloads, many calls come one after the other: what has just failed for one is not tried for each.
    private static let pause = Duration.seconds(10)

    private func unlessRefused<Result: Sendable>(
        _ purpose: String, _ body: () async throws -> Result
    ) async throws -> Result {
        if let refusal = shared.withLock({ $0.refusals[purpose] }), refusal.time.duration(to: .now) < Self.pause {
            throw refusal.error
        }
        do {
            return try await body()
        } catch let error as TargetError where error.severity != .unavailable {
            shared.withLock { $0.refusals[purpose] = Refusal(error: error) }
            throw error
        }
    }

    private func pull() async throws {
        try await unlessRefused("image") {
            let output = try await pods.launcher.runTool(DockerCommand.pull(settings.image))
            guard !output.termination.isSuccess else { return }
            let error = DockerFailure.error(
                "the image \(settings.image) cannot be had, which nginx runs from",
                said: output.errorText.split(separator: "\n").map(String.init))
            guard error.severity == .failed else { throw error }
            throw TargetError(
                error.summary, details: error.details,
                advice:
                    "name an image with nginx in the environment variable \(ProxySettings.imageVariable): devloop's "
                    + "Scripts/base-image nginx makes devloop-nginx:debian out of Debian's packages")
        }
    }

    private func connect(
        _ id: String, _ plan: ProxyPlan, _ networks: ProjectNetworks, isOn known: [String]
    ) async throws {
        guard let all = networks[.all], !known.contains(all.name) else { return }
        let output = try await pods.launcher.runTool(
            DockerCommand.connect(id, to: all.id, aliases: plan.qualifiedAliases))
        guard output.termination.isSuccess || output.errorText.contains("already exists") else {
            throw DockerFailure.error(
                "\(plan.key) could not be put on the network \(all.name)", said: [output.errorText])
        }
    }

    /// Tells nginx what is new. A route that it does not understand is left out, and all others are served.
    private func load(_ plan: ProxyPlan, _ routes: [IngressRoute], into id: String) async throws -> Loaded {
        if let known = shared.withLock({ $0.loaded[id] }), known.configuration == plan.configuration { return known }
        var loaded = Loaded(configuration: plan.configuration)
        var configuration = plan.configuration
        while true {
            let output = try await pods.launcher.runTool(
                Command(
                    "docker", ["exec", "--interactive", id, "sh", "-c", ProxyPlan.update],
                    input: Array(configuration.text.utf8)))
            if output.termination.isSuccess { break }
            let said = output.errorText.split(separator: "\n").map(String.init)
            guard plan.key == .ingress, let line = Self.line(in: output.errorText),
                let route = configuration.route(atLine: line), loaded.refused.insert(route).inserted
            else { throw DockerFailure.error("\(plan.key) does not take what the manifests say", said: said.suffix(3)) }
            let path = "\(routes[route].host)\(routes[route].path)"
            let reason = Self.reason(said[0])
            loaded.notices.append(
                .sentence("\(routes[route].object): nginx does not understand \(path), which leads nowhere: \(reason)"))
            configuration = ProxyConfiguration(routes, refused: loaded.refused)
        }
        shared.withLock { $0.loaded[id] = loaded }
        return loaded
    }

    /// Of `nginx: [emerg] … in /tmp/devloop-next.conf:33`, or that after a time and a process, what changes with the manifests
    /// only.
    static func reason(_ line: String) -> String {
        let parts = line.split(separator: "[emerg] ", maxSplits: 1)
        var words = parts.last.map(String.init) ?? line
        let rest = words.drop { $0.isNumber || $0 == "#" }
        if rest.hasPrefix(": ") { words = String(rest.dropFirst(2)) }
        return words.firstRange(of: " in /tmp/").map { String(words[..<$0.lowerBound]) } ?? words
    }

    /// The number at the end of `… in /tmp/devloop-next.conf:33`
    static func line(in text: String) -> Int? {
        text.split(separator: "\n").lazy.compactMap { line in
            line.contains("emerg") ? line.lastIndex(of: ":").flatMap { Int(line[line.index(after: $0)...]) } : nil
        }.first
    }
}

// MARK: - Ports and hosts

extension Proxies {
    /// Ports that people know.
    private static let usual = [80, 8080]

    /// The port of the Ingress: what devloop.json says, or what it has, or one that is free.
    private func port(beside listed: [ListedProxy], _ manifests: DockerManifests) -> Int? {
        let known = listed.first { $0.key == .ingress }?.port
        let chosen = settings.port ?? known ?? shared.withLock { $0.port }
        if let chosen {
            shared.withLock { $0.port = chosen }
            return chosen
        }
        guard !manifests.ingresses.isEmpty else { return nil }
        let others = manifests.services.flatMap(\.ports).compactMap(\.nodePort)
        shared.withLock { $0.taken.formUnion(others) }
        return nextPort()
    }

    /// - Parameter taken: one that somebody has.
    private func nextPort(after taken: Int? = nil) -> Int? {
        let taken = shared.withLock { shared in
            if let taken { shared.taken.insert(taken) }
            return shared.taken
        }
        let isFree = { !taken.contains($0) && self.isFreePort($0) }
        let port = Self.usual.first(where: isFree) ?? FreePort.port(for: "\(project.name)/ingress", isFree: isFree)
        shared.withLock { $0.port = port }
        return port
    }

    /// What to do about hosts that don't lead to this machine.
    private func unknownHosts(_ hosts: [String]) async -> [String] {
        let new = shared.withLock { shared in hosts.filter { shared.hosts[$0] == nil } }
        _ = await sideBySide(new, atOnce: 16) { host in
            // Any name stands for a star.
            let leadsHere = await self.leadsHere(host.hasPrefix("*.") ? "devloop\(host.dropFirst())" : host)
            self.shared.withLock { $0.hosts[host] = leadsHere }
        }
        let unknown = shared.withLock { shared in hosts.filter { shared.hosts[$0] == false } }
        let names = unknown.filter { !$0.hasPrefix("*.") }
        let line = "add to /etc/hosts: 127.0.0.1 \(names.joined(separator: " "))"
        let verb = names.count == 1 ? "does" : "do"
        return (names.isEmpty ? [] : ["\(names.joined(separator: ", ")) \(verb) not lead to this machine: \(line)"])
            + unknown.filter { $0.hasPrefix("*.") }.map {
                "\($0) does not lead to this machine: add each name of it that you call to /etc/hosts, as in: 127.0.0.1 "
                    + "app\($0.dropFirst())"
            }
    }
}
