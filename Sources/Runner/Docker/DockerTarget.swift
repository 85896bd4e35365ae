import Synchronization

/// Services on plain Docker: the manifests of a cluster on a machine that has none.
///
/// A restart costs four docker processes before the new container runs, of 30 to 60 ms each (`ps` and `network ls` side
/// by side, `network disconnect`, `start`), two or three more for a pod with claims, one for each further replica, and two
/// in the background (`stop`, `rm`); waiting for it costs one (`inspect`). What is asked of the engine over its API, creating
/// containers and reading events and logs, costs a connection, and a process for each only where the engine is not at a socket
/// of this machine. The nginx before a Service stays as it is, and costs a restart nothing.
package final class DockerTarget: Target {
    /// The namespace of objects that name none.
    package let namespace: String
    private let launcher: any CommandRunning
    private let engine: any EngineAsking
    private let pods: DockerPodRunner
    private let ground: ProjectGround
    private let running: DockerWorkloads
    private let proxies: Proxies
    private let portTurns = Turns<ProjectIdentity>()
    private let applied: AppliedObjects
    private let restarts = RestartsInPlace()
    /// What the user was told in this session.
    private let told = Mutex(Once<DockerNotice>())
    private let isFreePort: @Sendable (Int) -> Bool

    /// A project on the Docker that the `docker` command talks to.
    /// - Parameters:
    ///   - project: its name; what is made for it is called after that.
    ///   - place: the absolute path of its devloop.json. The two tell what belongs to it from all else on the machine.
    ///   - namespace: the namespace of objects that name none.
    ///   - hash: makes the marks by which a container is known to be as planned. With another key than the one that it
    ///     was started with, it is replaced.
    ///   - proxy: what the user says of nginx.
    ///   - onRequest: told of each request to the engine just before it is sent (for `--verbose`).
    package convenience init(
        project: String, place: String, namespace: String, hash: KeyedHash, launcher: any CommandRunning,
        proxy: ProxySettings = ProxySettings(), onRequest: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.init(
            project: project, place: place, namespace: namespace, hash: hash, launcher: launcher,
            engine: DockerEngine(launcher: launcher, onRequest: onRequest), proxy: proxy, isFreePort: FreePort.isFree,
            leadsHere: HostNames.leadsHere)
    }

    init(
        project: String, place: String, namespace: String, hash: KeyedHash = KeyedHash(key: []),
        launcher: any CommandRunning, engine: any EngineAsking,
        initBackoff: Backoff = Backoff(first: .milliseconds(500), limit: .seconds(10)),
        proxy: ProxySettings = ProxySettings(), isFreePort: @escaping @Sendable (Int) -> Bool,
        leadsHere: @escaping @Sendable (String) async -> Bool = { _ in true }
    ) {
        let commands = DockerCommand(project: .init(name: project, place: place), namespace: namespace)
        self.namespace = namespace
        self.launcher = launcher
        self.engine = engine
        self.isFreePort = isFreePort
        pods = DockerPodRunner(
            commands: commands, launcher: launcher, engine: engine, readers: LogReaders(), initBackoff: initBackoff)
        ground = ProjectGround(commands: commands, launcher: launcher)
        applied = AppliedObjects(DockerManifests(commands: commands, hash: hash))
        let news = LogNews()
        let probes = ContainerProbes(
            asker: ProbeAsker(engine: engine) { Self.host(of: engine).reachesContainers }, news: news,
            restarts: restarts)
        running = DockerWorkloads(pods: pods, ground: ground, applied: applied, probes: probes, news: news)
        proxies = Proxies(pods: pods, settings: proxy, isFreePort: isFreePort, leadsHere: leadsHere)
    }

    // Nobody is left who wants to know.
    deinit { running.probes.end() }

    /// `Docker`
    package var summary: String { "Docker" }

    /// There is no cluster to ask.
    package let startsContainersInApply = true

    /// Asks the daemon for its version.
    package func prepare() async throws {
        try await DockerCommand.checkDaemon(with: launcher)
        // Whether containers' addresses can be reached is known from then on.
        _ = try await (engine as? DockerEngine)?.findHost()
    }

    /// What was built is where the containers are started. A Job that runs it runs again.
    package func deliver(
        _ image: BuiltImage, onNotice: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> DeliveredImage {
        let delivered = DeliveredImage(built: image, reference: image.id)
        let jobs = applied.change { $0.add(delivered) }
        guard !jobs.isEmpty else { return delivered }
        let networks = try await ground.networks(for: applied.manifests.namespaces).networks
        for case .failure(let error) in await settle(jobs, networks).map(\.result) { throw error }
        return delivered
    }

    /// How many workloads are started at once: each takes docker processes of some 25 MiB.
    private static let startsAtOnce = 8

    /// Starts what is new or changed, workloads side by side. What runs already as it should is left alone, also
    /// when an earlier devloop started it.
    package func apply(_ objects: [KubernetesObject], images: DeliveredImages) async throws -> ApplyReport {
        try applied.change {
            try $0.add(objects)
            $0.add(images)
        }
        let (all, listedProxies) = try await pods.listEverything()
        let listed = all.filter { pods.commands.isOurs($0.place) }
        let manifests = try await choosePorts(beside: listed)
        let workloads = manifests.workloads
        let namespaces = manifests.namespaces.union(listed.map(\.workload.namespace))
        let networks = try await ground.networks(for: namespaces).networks
        let settled = try await proxies.settle({ self.applied.manifests }, on: networks, listedProxies)
        let asked = Set(objects.compactMap(\.workload))
        // A port that moves to another workload is free before that one starts.
        let yielding = workloads.filter { workload in
            let ports = Set((try? manifests.plan(workload))?.plan.ports.map(\.hostPort) ?? [])
            return listed.contains { $0.workload == workload && $0.isUp && !ports.isSuperset(of: $0.ports.values) }
        }
        var results: [Reconciliation] = []
        for turn in [yielding, workloads.filter { !yielding.contains($0) }] {
            // Workloads of earlier calls may get another name or port by this one.
            let concerned = turn.filter { workload in
                asked.contains(workload) || listed.contains { $0.workload == workload }
            }
            results += await sideBySide(concerned, atOnce: Self.startsAtOnce) { workload in
                do {
                    let containers = listed.filter { $0.workload == workload }
                    let outcome = try await self.running.reconcile(workload, containers, networks)
                    return Reconciliation(workload: workload, result: .success(outcome))
                } catch {
                    return Reconciliation(workload: workload, result: .failure(error))
                }
            }
        }
        let jobs = manifests.jobs.filter { job in
            objects.contains { $0.identity.job == job } || listed.contains { $0.workload == job }
        }
        results += await settle(jobs, networks)
        try await proxies.removeUnneeded(manifests, listedProxies)
        var report = ApplyReport(failures: try Self.failures(results, manifests) + settled.failures)
        for result in results {
            switch result.result {
            case .success(.created): report.created.insert(result.workload)
            case .success(.changed): report.changed.insert(result.workload)
            case .success(.unchanged), .failure: break
            }
        }
        let planned = (workloads + jobs).compactMap { try? manifests.plan($0) }
        let arePublished = !manifests.ingresses.isEmpty || planned.contains { !$0.plan.ports.isEmpty }
        let elsewhere = arePublished ? Self.host(of: engine).portNotice : nil
        let notices =
            pods.commands.project.notices(of: all) + manifests.notices(objects) + planned.flatMap(\.notices)
            + settled.notices + (elsewhere.map { [DockerNotice.sentence($0)] } ?? [])
        let news = running.notices() + notices
        report.notices = DockerNotice.lines(told.withLock { $0.news(news) })
        return report
    }

    /// Runs the Jobs that have not run as they are planned now.
    private func settle(_ jobs: [Workload], _ networks: ProjectNetworks) async -> [Reconciliation] {
        await sideBySide(jobs, atOnce: Self.startsAtOnce) { job in
            do {
                try await self.running.settle(job: job, networks)
                return Reconciliation(workload: job, result: .success(.unchanged))
            } catch {
                return Reconciliation(workload: job, result: .failure(error))
            }
        }
    }

    /// Chooses ports for the Services that need one; the system is asked while nobody else is held up.
    private func choosePorts(beside listed: [ListedContainer]) async throws -> DockerManifests {
        try await portTurns.withTurn(pods.commands.project) {
            let manifests = self.applied.change {
                $0.adoptPorts(of: listed)
                return $0
            }
            let chosen = manifests.missingPorts(isFree: self.isFreePort)
            return self.applied.change {
                $0.add(ports: chosen)
                return $0
            }
        }
    }

    /// The containers that are labelled as this project's, and what was applied.
    package func leftovers(
        besides objects: Set<KubernetesObject.Identity>
    ) async throws -> Set<KubernetesObject.Identity> {
        let wanted = Set(objects.compactMap { $0.workload ?? $0.job })
        let (all, listedProxies) = try await pods.listEverything()
        let listed = all.filter { container in
            let project = pods.commands.project
            return project.owner(project: project.name, place: container.place) == .this
        }
        let running = Set(listed.map(\.workload)).subtracting(wanted).map { KubernetesObject.Identity($0) }
        return applied.manifests.identities.subtracting(objects).union(running)
            .union(proxies.leftovers(listedProxies, besides: objects))
    }

    /// Removes the containers, which have ports and names that others may have now.
    package func letGo(of objects: Set<KubernetesObject.Identity>) async throws -> [String] {
        applied.change { $0.remove(objects) }
        var lines: [String] = []
        for workload in objects.compactMap({ $0.workload ?? $0.job }).sorted(by: { $0.description < $1.description }) {
            let wasThere = try await running.remove(workload)
            if wasThere { lines.append("\(workload) is in no manifest any more: removed, its volumes stay") }
        }
        return lines + (try await proxies.letGo(of: objects) { self.applied.manifests })
    }

    /// Compares the labels of the workload's containers.
    package func delivered(
        _ image: BuiltImage, among names: ImageNames, runningIn workload: Workload
    ) async throws -> DeliveredImage? {
        let delivered = DeliveredImage(built: image, reference: image.id)
        let current = ListedContainer.current(of: try await pods.list(workload))
        let users = current.filter { names.image(meantBy: $0.image) == image.reference }
        return !users.isEmpty && users.allSatisfy { $0.state == "running" && $0.builtImage == image.id }
            ? delivered : nil
    }

    /// Compares what is there with the plan: containers, image and network.
    package func runs(_ image: DeliveredImage, among names: ImageNames, in workload: Workload) async throws -> Bool {
        // What was never applied runs nothing; what can't be planned is told where it is to be started.
        guard let plan = try? applied.manifests.plan(workload).plan else { return false }
        async let networks = ground.listNetworks()
        let current = ListedContainer.current(of: try await pods.list(workload))
        guard let network = try await networks[.namespace(workload.namespace)] else { return plan.containers.isEmpty }
        return ListedContainer.are(current, asPlanned: plan, on: network.name)
    }

    /// Containers are created from the image's id, which no tag can move: there is nothing to compare.
    package func verify(
        _ image: DeliveredImage, among names: ImageNames, runsIn workload: Workload
    ) async throws -> [String] { [] }

    /// Puts new containers into the place of the old ones. Where nothing stands against it, the old ones answer until
    /// the new ones are about to start, and end in the background: one that ignores SIGTERM does not hold up a save.
    /// If the new ones can't be started, the old ones come back. Where there are none, or where the network had to be
    /// made, somebody has deleted more than this workload: that is told as `missing`.
    package func restart(_ workload: Workload, images: DeliveredImages) async throws {
        applied.change { $0.add(images) }
        try await proxies.bringBack({ self.applied.manifests }) {
            try await self.ground.networks(for: self.applied.manifests.namespaces).networks
        }
        try await running.restart(workload)
    }

    /// Waits for the init containers, however often they are run, and then looks once: a container without probes is
    /// ready when it runs. Those that have some are waited for, as long as a cluster would.
    @discardableResult
    package func waitUntilReady(_ workload: Workload) async throws -> [String] {
        let begin = ContinuousClock.now
        let patience = (try? applied.manifests.plan(workload).plan.readinessDeadline) ?? .seconds(600)
        try await running.awaitRollout(of: workload, within: patience)
        let names = try await running.containers(of: workload)
        guard !names.isEmpty else {
            let plan = try? applied.manifests.plan(workload).plan
            guard plan?.containers.isEmpty != false else {
                throw TargetError(.missing, "\(workload) has no containers: somebody deleted them")
            }
            return []
        }
        let output = try await launcher.runTool(DockerCommand.inspect(names))
        guard output.termination.isSuccess else {
            var error = DockerFailure.error("the containers of \(workload) are gone", said: [output.errorText])
            if error.severity == .failed { error.severity = .missing }
            throw error
        }
        for container in (try? JSONParser.parse(output.standardOutput))?.array ?? [] {
            guard let problem = ContainerState(container).problem else { continue }
            let id = container["Id"]?.string ?? ""
            let lines = try await pods.lastLines(of: id, count: 20)
            let plan = try? applied.manifests.plan(workload).plan
            let hidden = plan?.withoutSecrets(problem) ?? problem
            throw TargetError("\(workload) did not become ready: \(hidden)", details: lines)
        }
        if running.probes.trouble(of: workload) != nil {
            try await running.probes.awaitReadiness(of: workload, within: patience - (.now - begin))
        }
        return []
    }

    /// Follows the containers of the project. Ends with it: what is removed in the background.
    package func followLogs(
        of workloads: @escaping @Sendable () -> Set<Workload>, _ selection: LogSelection,
        onEvent: @escaping @Sendable (LogEvent) -> Void
    ) async throws {
        // What else runs nobody names: a Job is not restarted.
        let isWanted: @Sendable (Workload) -> Bool = { [applied] workload in
            workload.kind == .job ? applied.manifests.jobs.contains(workload) : workloads().contains(workload)
        }
        let follower = DockerLogFollower(
            commands: pods.commands, launcher: launcher, engine: engine, readers: pods.readers, selection: selection,
            isWanted: isWanted,
            retirement: { [running] container in
                running.probes.takesEnd(of: container.id)
                    ? .inBackground : running.retirements.retirement(of: container)
            }, probes: running.probes, onEvent: onEvent, ofOthers: proxies.notice)
        guard selection.follows else { return try await follower.readOnce() }
        running.news.follow { workload, event in if isWanted(workload) { onEvent(event) } }
        let result: Result<Void, any Error>
        do {
            try await withTaskCancellationHandler {
                try await follower.run()
            } onCancel: {
                running.retirements.cancel()
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        if Task.isCancelled {
            // What waits for others to be ready does not take it for that.
            await running.endRollouts()
            running.probes.end()
        }
        try result.get()
    }

    private static func host(of engine: any EngineAsking) -> EngineHost {
        EngineHost(text: (engine as? DockerEngine).map { $0.knownHost ?? "" } ?? "unix:///")
    }

    /// Where the engine runs on this very Linux, containers' addresses can be reached from here.
    package func relay(onNews: @escaping @Sendable (PortNews) -> Void) throws -> PortRelay {
        let host = Self.host(of: engine)
        guard host.reachesContainers else {
            throw TargetError(
                "no ports are forwarded: the addresses of containers can't be reached from here (\(host.text))",
                advice: host.portAdvice)
        }
        return PortRelay(tunnels: NoTunnels(), onNews: onNews)
    }

    /// There are none but those of the manifests.
    package func servicePorts(_ name: String, namespace: String) async throws -> ServicePorts? { nil }

    package func channel(to container: RunningContainer) throws -> SyncChannel {
        let engine = self.engine as? DockerEngine ?? DockerEngine(launcher: launcher)
        return SyncChannel.docker(container: container.id, engine: engine, launcher: launcher) { [restarts] in
            restarts.note(container.id)
        }
    }

    /// Removes whatever is labelled with the project's name and place, and nothing else; the volumes of claims only where
    /// everything is to go. Of what an earlier devloop labelled with the name alone, all but the data goes too: that may
    /// be another checkout's.
    package func delete(
        _ objects: [KubernetesObject], _ scope: DeletionScope, onEvent: @escaping @Sendable (DeletionEvent) -> Void
    ) async throws -> [String] {
        let project = pods.commands.project
        let (containers, listedProxies) = try await running.removeAll()
        try await proxies.remove(listedProxies)
        try Task.checkCancellation()
        var lines: [String] = []
        func tell(_ line: String) {
            lines.append(line)
            onEvent(.deleted(line))
        }
        let main = containers.filter { $0.role == "main" }
        for line in main.map({ "\($0.workload) (\($0.container)) removed" }).unique { tell(line) }
        for proxy in listedProxies { tell("\(proxy.key) removed") }
        let volumes = try await ground.listVolumes().filter {
            project.owner(project: $0.project, place: $0.place) != .other
        }
        let removed = volumes.filter { !$0.keepsData || scope == .everything && !$0.place.isEmpty }.map(\.name)
        if !removed.isEmpty {
            try await run(DockerCommand.removeVolumes(removed), "the volumes could not be removed")
            for volume in removed { tell("volume \(volume) removed") }
        }
        for volume in volumes where !removed.contains(volume.name) {
            guard volume.place.isEmpty else {
                lines.append("volume \(volume.name) left: the data of claim \(volume.claim)")
                onEvent(.kept(lines[lines.count - 1]))
                continue
            }
            tell(
                "volume \(volume.name) left: an earlier devloop made it, for a project \(project.name) in whatever "
                    + "folder; docker volume rm \(volume.name) deletes its data")
        }
        let networks = try await ground.listNetworks().ours
        if !networks.isEmpty {
            try await run(DockerCommand.removeNetworks(networks.map(\.id)), "the networks could not be removed")
            for network in networks { tell("network \(network.name) removed") }
        }
        return lines
    }

    @discardableResult
    private func run(_ command: Command, _ failure: String) async throws -> CommandOutput {
        let output = try await launcher.runTool(command)
        guard output.termination.isSuccess else { throw DockerFailure.error(failure, said: [output.errorText]) }
        return output
    }
}

extension DockerTarget {
    /// What became of one workload. A type of its own: of a task group's results that are tuples with a `Result` in
    /// them, the optimizer of Swift 6.3 makes programs that crash.
    private struct Reconciliation {
        let workload: Workload
        let result: Result<DockerWorkloads.Outcome, any Error>
    }

    /// What failed for a workload's own sake.
    /// - Throws: what failed for another reason: the end of the task, or an outage.
    private static func failures(_ results: [Reconciliation], _ manifests: DockerManifests) throws -> [ApplyFailure] {
        let failed = results.compactMap { result -> (workload: Workload, error: any Error)? in
            if case .failure(let error) = result.result { (result.workload, error) } else { nil }
        }
        if failed.contains(where: { $0.error is CancellationError }) { throw CancellationError() }
        return try failed.map { workload, error in
            guard let error = error as? TargetError, error.severity != .unavailable,
                let object = manifests.object(workload)
            else { throw error }
            return ApplyFailure(object.identity, reasons: [error.summary] + error.details, advice: error.advice)
        }
    }
}
