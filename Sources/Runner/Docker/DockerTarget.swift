import Synchronization

/// Services on plain Docker: the manifests of a cluster on a machine that has none.
///
/// A restart costs four docker processes before the new container runs, of 30 to 60 ms each (`ps` and `network ls` side
/// by side, `network disconnect`, `start`), two or three more for a pod with claims, and two in the background (`stop`,
/// `rm`); waiting for it costs one (`inspect`). What is asked of the engine over its API, creating containers and reading
/// events and logs, costs a connection, and a process for each only where the engine is not at a socket of this machine. The
/// nginx before a Service stays as it is, and costs a restart nothing.
package final class DockerTarget: Target {
    private struct Shared {
        var manifests: DockerManifests
        /// What the user was told in this session.
        var told = Once<DockerNotice>()
        /// What it will be told at the next occasion.
        var untold: [DockerNotice] = []
        /// The pods whose init containers run, or ran, in the background.
        var rollouts: [Workload: PodRollout] = [:]
        /// The names of each workload's containers.
        var current: [Workload: [String]] = [:]
    }

    /// The namespace of objects that name none.
    package let namespace: String
    private let launcher: any CommandRunning
    private let engine: any EngineAsking
    private let pods: DockerPodRunner
    private let ground: ProjectGround
    private let retirements: Retirements
    private let proxies: Proxies
    private let turns = Turns<Workload>()
    private let portTurns = Turns<ProjectIdentity>()
    private let shared: Mutex<Shared>
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
        retirements = Retirements(pods: pods)
        proxies = Proxies(pods: pods, settings: proxy, isFreePort: isFreePort, leadsHere: leadsHere)
        shared = Mutex(Shared(manifests: DockerManifests(commands: commands, hash: hash)))
    }

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

    /// Nothing to do: what was built is where the containers are started.
    package func deliver(
        _ image: BuiltImage, onNotice: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> DeliveredImage {
        DeliveredImage(built: image, reference: image.id)
    }

    /// How many workloads are started at once: each takes docker processes of some 25 MiB.
    private static let startsAtOnce = 8

    /// Starts what is new or changed, workloads side by side. What runs already as it should is left alone, also
    /// when an earlier devloop started it.
    package func apply(_ objects: [KubernetesObject], images: DeliveredImages) async throws -> ApplyReport {
        try shared.withLock {
            try $0.manifests.add(objects)
            $0.manifests.add(images)
        }
        let (all, listedProxies) = try await pods.listEverything()
        let listed = all.filter { pods.commands.isOurs($0.place) }
        let manifests = try await choosePorts(beside: listed)
        let workloads = manifests.workloads
        let namespaces = manifests.namespaces.union(listed.map(\.workload.namespace))
        let networks = try await ground.networks(for: namespaces).networks
        let settled = try await proxies.settle({ self.shared.withLock { $0.manifests } }, on: networks, listedProxies)
        let applied = Set(objects.compactMap(\.workload))
        // A port that moves to another workload is free before that one starts.
        let yielding = workloads.filter { workload in
            let ports = Set((try? manifests.plan(workload))?.plan.ports.map(\.hostPort) ?? [])
            return listed.contains { $0.workload == workload && $0.isUp && !ports.isSuperset(of: $0.ports.values) }
        }
        var results: [Reconciliation] = []
        for turn in [yielding, workloads.filter { !yielding.contains($0) }] {
            // Workloads of earlier calls may get another name or port by this one.
            let concerned = turn.filter { workload in
                applied.contains(workload) || listed.contains { $0.workload == workload }
            }
            results += await sideBySide(concerned, atOnce: Self.startsAtOnce) { workload in
                do {
                    let containers = listed.filter { $0.workload == workload }
                    let outcome = try await self.reconcile(workload, containers, networks)
                    return Reconciliation(workload: workload, result: .success(outcome))
                } catch {
                    return Reconciliation(workload: workload, result: .failure(error))
                }
            }
        }
        try await proxies.removeUnneeded(manifests, listedProxies)
        var report = ApplyReport(failures: try Self.failures(results, manifests) + settled.failures)
        for result in results {
            switch result.result {
            case .success(.created): report.created.insert(result.workload)
            case .success(.changed): report.changed.insert(result.workload)
            case .success(.unchanged), .failure: break
            }
        }
        let planned = workloads.flatMap { (try? manifests.plan($0))?.notices ?? [] }
        let notices =
            pods.commands.project.notices(of: all) + manifests.notices(objects) + planned
            + settled.notices
        report.notices = DockerNotice.lines(
            shared.withLock { shared in
                defer { shared.untold = [] }
                return shared.told.news(shared.untold + notices)
            })
        return report
    }

    /// Chooses ports for the Services that need one; the system is asked while nobody else is held up.
    private func choosePorts(beside listed: [ListedContainer]) async throws -> DockerManifests {
        try await portTurns.withTurn(pods.commands.project) {
            let manifests = self.shared.withLock {
                $0.manifests.adoptPorts(of: listed)
                return $0.manifests
            }
            let chosen = manifests.missingPorts(isFree: self.isFreePort)
            return self.shared.withLock {
                $0.manifests.add(ports: chosen)
                return $0.manifests
            }
        }
    }

    /// The containers that are labelled as this project's, and what was applied.
    package func leftovers(
        besides objects: Set<KubernetesObject.Identity>
    ) async throws -> Set<KubernetesObject.Identity> {
        let wanted = Set(objects.compactMap(\.workload))
        let (all, listedProxies) = try await pods.listEverything()
        let listed = all.filter { container in
            let project = pods.commands.project
            return project.owner(project: project.name, place: container.place) == .this
        }
        let running = Set(listed.map(\.workload)).subtracting(wanted).map { KubernetesObject.Identity($0) }
        return shared.withLock { $0.manifests.identities }.subtracting(objects).union(running)
            .union(proxies.leftovers(listedProxies, besides: objects))
    }

    /// Removes the containers, which have ports and names that others may have now. One that has a volume is seen to
    /// its end: whoever has that volume next must not write beside it.
    package func letGo(of objects: Set<KubernetesObject.Identity>) async throws -> [String] {
        shared.withLock { $0.manifests.remove(objects) }
        var lines: [String] = []
        for workload in objects.compactMap(\.workload).sorted(by: { $0.description < $1.description }) {
            let wasThere = try await turns.withTurn(workload) {
                await self.endRollout(of: workload)
                let listed = try await self.pods.list(workload)
                self.shared.withLock { $0.current[workload] = nil }
                self.retirements.insert(listed)
                try await self.pods.disconnect(listed, of: workload)
                if listed.contains(where: \.keepsData) {
                    await self.pods.remove(listed)
                } else {
                    self.retirements.retire(listed)
                }
                return !listed.isEmpty
            }
            if wasThere { lines.append("\(workload) is in no manifest any more: removed, its volumes stay") }
        }
        return lines + (try await proxies.letGo(of: objects) { self.shared.withLock { $0.manifests } })
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
        guard let plan = try? shared.withLock({ $0.manifests }).plan(workload).plan else { return false }
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
        let manifests = shared.withLock {
            $0.manifests.add(images)
            return $0.manifests
        }
        try await turns.withTurn(workload) {
            let plan = try manifests.plan(workload).plan
            let namespaces = Set(manifests.namespaces.count > 1 ? Array(manifests.namespaces) : [workload.namespace])
            async let settled = self.ground.networks(for: namespaces)
            let wasComing = self.shared.withLock { $0.rollouts[workload] != nil }
            await self.endRollout(of: workload)
            let listed = try await self.pods.list(workload)
            let (networks, wereMissing) = try await settled
            guard !wereMissing, wasComing || !listed.isEmpty || plan.containers.isEmpty else {
                throw TargetError(.missing, "\(workload) is gone: somebody deleted it or its network")
            }
            try await self.replace(plan, old: listed, try networks.pod(in: workload.namespace))
        }
    }

    /// Waits for the init containers, however often they are run, and then looks once: a container is ready when it
    /// runs.
    @discardableResult
    package func waitUntilReady(_ workload: Workload) async throws -> [String] {
        try await awaitRollout(of: workload)
        let known = shared.withLock { $0.current[workload] }
        let names: [String]
        if let known {
            names = known
        } else {
            names = ListedContainer.current(of: try await pods.list(workload)).map(\.id)
        }
        guard !names.isEmpty else {
            let plan = try? shared.withLock { $0.manifests }.plan(workload).plan
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
            let lines = try await lastLines(of: id, count: 20)
            let plan = try? shared.withLock { $0.manifests }.plan(workload).plan
            let hidden = plan?.withoutSecrets(problem) ?? problem
            throw TargetError("\(workload) did not become ready: \(hidden)", details: lines)
        }
        return []
    }

    /// What a container has written last, without the times.
    private func lastLines(of id: String, count: Int) async throws -> [String] {
        let tail = OutputTail(limit: count)
        _ = try await engine.readLog(of: id, follows: false, from: .lastLines(count)) { _, line in
            let text = LogCursor.endOfTime(line[...]).map { line[($0 + 1)...] } ?? line[...]
            if !text.isEmpty { tail.append(Array(text)) }
        }
        return tail.lines
    }

    /// Follows the containers of the project. Ends with it: what is removed in the background.
    package func followLogs(
        of workloads: @escaping @Sendable () -> Set<Workload>, _ selection: LogSelection,
        onEvent: @escaping @Sendable (LogEvent) -> Void
    ) async throws {
        let follower = DockerLogFollower(
            commands: pods.commands, launcher: launcher, engine: engine, readers: pods.readers, selection: selection,
            isWanted: { workloads().contains($0) }, retirement: { self.retirements.retirement(of: $0) },
            onEvent: onEvent, ofOthers: proxies.notice)
        guard selection.follows else { return try await follower.readOnce() }
        let result: Result<Void, any Error>
        do {
            try await withTaskCancellationHandler {
                try await follower.run()
            } onCancel: {
                retirements.cancel()
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        if Task.isCancelled { await endRollouts() }
        try result.get()
    }

    /// Where the engine runs on this very Linux, containers' addresses can be reached from here.
    package func relay(onNews: @escaping @Sendable (PortNews) -> Void) throws -> PortRelay {
        let host = (engine as? DockerEngine).map { $0.knownHost ?? "" } ?? "unix:///"
        #if os(Linux)
            let isNear = host.hasPrefix("unix://") && !["desktop", "/run/user/"].contains { host.contains($0) }
        #else
            let isNear = false
        #endif
        guard isNear else {
            throw TargetError(
                "no ports are forwarded: the addresses of containers can't be reached from here (\(host))",
                advice: "give a Service the type NodePort: its port is published on this machine")
        }
        return PortRelay(tunnels: NoTunnels(), onNews: onNews)
    }

    /// There are none but those of the manifests.
    package func servicePorts(_ name: String, namespace: String) async throws -> ServicePorts? { nil }

    package func channel(to container: RunningContainer) throws -> SyncChannel {
        let engine = self.engine as? DockerEngine ?? DockerEngine(launcher: launcher)
        return SyncChannel.docker(container: container.id, engine: engine, launcher: launcher)
    }

    /// Removes whatever is labelled with the project's name and place, and nothing else. Of what an earlier devloop
    /// labelled with the name alone, all but the data goes too: that may be another checkout's.
    package func delete(
        _ objects: [KubernetesObject], onEvent: @escaping @Sendable (DeletionEvent) -> Void
    ) async throws -> [String] {
        await endRollouts()
        let project = pods.commands.project
        let (all, listedProxies) = try await pods.listEverything()
        let containers = all.filter { pods.commands.isOurs($0.place) }
        retirements.insert(containers)
        shared.withLock { $0.current = [:] }
        await pods.remove(containers)
        try await proxies.remove(listedProxies)
        // Their volumes and the network are in use until then.
        await retirements.finish()
        try Task.checkCancellation()
        var lines: [String] = []
        func tell(_ line: String) {
            lines.append(line)
            onEvent(.deleted(line))
        }
        for container in containers where container.role == "main" {
            tell("\(container.workload) (\(container.container)) removed")
        }
        for proxy in listedProxies { tell("\(proxy.key) removed") }
        let volumes = try await ground.listVolumes().filter {
            project.owner(project: $0.project, place: $0.place) != .other
        }
        let kept = volumes.filter { $0.place.isEmpty && $0.instance.isEmpty }.map(\.name)
        let removed = volumes.map(\.name).filter { !kept.contains($0) }
        if !removed.isEmpty {
            try await run(DockerCommand.removeVolumes(removed), "the volumes could not be removed")
            for volume in removed { tell("volume \(volume) removed") }
        }
        for volume in kept {
            tell(
                "volume \(volume) left: an earlier devloop made it, for a project \(project.name) in whatever folder; "
                    + "docker volume rm \(volume) deletes its data")
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
    private enum Outcome {
        case unchanged
        case created
        case changed
    }

    /// What became of one workload. A type of its own: of a task group's results that are tuples with a `Result` in
    /// them, the optimizer of Swift 6.3 makes programs that crash.
    private struct Reconciliation {
        let workload: Workload
        let result: Result<Outcome, any Error>
    }

    /// Starts or replaces a workload unless it runs as planned.
    private func reconcile(
        _ workload: Workload, _ listed: [ListedContainer], _ networks: ProjectNetworks
    ) async throws -> Outcome {
        let networks = try networks.pod(in: workload.namespace)
        if try await isAsPlanned(workload, listed, networks) { return .unchanged }
        return try await turns.withTurn(workload) {
            let plan = try self.shared.withLock { try $0.manifests.plan(workload).plan }
            if let rollout = self.shared.withLock({ $0.rollouts[workload] }), rollout.isOnItsWay(to: plan) {
                return .unchanged
            }
            await self.endRollout(of: workload)
            // Another call may have been quicker.
            let listed = try await self.pods.list(workload)
            if try await self.isAsPlanned(workload, listed, networks) { return .unchanged }
            let current = ListedContainer.current(of: listed)
            if ListedContainer.are(current, asPlanned: plan, on: networks.own.name) {
                self.retirements.retire(listed.filter { $0.instance != current.first?.instance })
                self.shared.withLock { $0.current[workload] = current.map(\.id) }
                return .unchanged
            }
            try await self.replace(plan, old: listed, networks)
            return current.isEmpty ? .created : .changed
        }
    }

    /// Whether exactly the planned containers are there, with nothing left over from before.
    private func isAsPlanned(
        _ workload: Workload, _ listed: [ListedContainer], _ networks: PodNetworks
    ) async throws -> Bool {
        let plan = try shared.withLock { try $0.manifests.plan(workload).plan }
        let live = listed.filter { !retirements.contains($0.id) }
        let current = ListedContainer.current(of: live)
        guard ListedContainer.are(current, asPlanned: plan, on: networks.own.name),
            live.allSatisfy({ $0.instance == current.first?.instance })
        else { return false }
        shared.withLock { $0.current[workload] = current.map(\.id) }
        // That of all namespaces may have come later.
        try await joinAll(current, plan, networks)
        return true
    }

    /// Puts a new pod into the place of the old containers. One that has init containers comes up in the background:
    /// they may wait for what comes up later, and are run until they succeed.
    private func replace(_ plan: PodPlan, old: [ListedContainer], _ networks: PodNetworks) async throws {
        let claims = plan.persistentVolumes
        let users = claims.isEmpty ? [] : try await pods.listAll()
        let volumes = try await ground.volumes(claims, containers: users)
        shared.withLock { $0.untold += volumes.notices }
        let pod = try await pods.make(plan, on: networks, volumes: volumes.names)
        guard !plan.initContainers.isEmpty else { return try await bringUp(pod, old: old) }
        let rollout = PodRollout(of: plan) { try await self.bringUp(pod, old: old) }
        shared.withLock { $0.rollouts[plan.workload] = rollout }
    }

    private func bringUp(_ pod: DockerPodRunner.Pod, old: [ListedContainer]) async throws {
        let plan = pod.plan
        let current = ListedContainer.current(of: old)
        do {
            if plan.replacesWhileRunning {
                try await pods.runInitContainers(of: pod)
            } else {
                retirements.insert(current, awaitedFor: plan.gracePeriod)
                try await pods.takeDown(current, for: plan)
                try await pods.runInitContainers(of: pod)
            }
            try Task.checkCancellation()
            // Half of this would leave the workload without any container.
            try await pods.shielded {
                if plan.replacesWhileRunning {
                    self.retirements.insert(current)
                    try await self.pods.takeDown(current, for: plan)
                }
                try await self.pods.start(pod)
            }
        } catch {
            retirements.insert(instance: pod.ground.instance)
            await pods.shielded {
                await self.pods.discard(pod)
                await self.pods.bringBack(current, of: pod)
                self.retirements.remove(current)
            }
            throw error
        }
        shared.withLock { $0.current[plan.workload] = pod.containers }
        retirements.retire(old)
        // Another namespace may have come while this was made: whoever brought it did not see these containers.
        guard pod.ground.networks.all == nil else { return }
        let namespaces = shared.withLock { $0.manifests.namespaces }
        guard namespaces.count > 1 else { return }
        let networks = try await ground.networks(for: namespaces).networks.pod(in: plan.workload.namespace)
        try await joinAll(ListedContainer.current(of: try await pods.list(plan.workload)), plan, networks)
    }

    /// Puts containers on the network of all namespaces, where there is one.
    private func joinAll(_ containers: [ListedContainer], _ plan: PodPlan, _ networks: PodNetworks) async throws {
        guard let all = networks.all else { return }
        for container in containers where container.isUp && container.networks.contains(networks.own.name) {
            if !container.networks.contains(all.name) { try await pods.connectToAll(container.id, plan, networks) }
        }
    }

    /// Ends what still brings up a pod of the workload; what ran before it is back then.
    private func endRollout(of workload: Workload) async {
        await shared.withLock { $0.rollouts.removeValue(forKey: workload) }?.end()
    }

    private func endRollouts() async {
        for workload in shared.withLock({ Array($0.rollouts.keys) }) { await endRollout(of: workload) }
    }

    /// Returns when the pod is up that is the newest by then: where one was ended, when who ended it is done.
    private func awaitRollout(of workload: Workload) async throws {
        while let rollout = shared.withLock({ $0.rollouts[workload] }) {
            do {
                return try await rollout.value()
            } catch is CancellationError {
                try Task.checkCancellation()
                // Somebody ended it, to begin another one or none.
                if shared.withLock({ $0.rollouts[workload] === rollout }) { throw CancellationError() }
                try await turns.withTurn(workload) {}
            }
        }
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
