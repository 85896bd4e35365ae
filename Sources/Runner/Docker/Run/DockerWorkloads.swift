import Synchronization

/// Brings the pods of a project's workloads to what is planned of them: one after the other for each workload, and the
/// old ones in the background out of the way of the new ones.
final class DockerWorkloads: Sendable {
    /// What became of a workload that is compared with its plan.
    enum Outcome: Sendable {
        case unchanged
        case created
        case changed
    }

    private struct Shared {
        /// What the user will be told at the next occasion.
        var untold: [DockerNotice] = []
        /// The pods whose init containers run, or ran, in the background.
        var rollouts: [Workload: PodRollout] = [:]
        /// The names of each workload's containers.
        var current: [Workload: [String]] = [:]
    }

    let pods: DockerPodRunner
    let ground: ProjectGround
    let retirements: Retirements
    let probes: ContainerProbes
    let news: LogNews
    let applied: AppliedObjects
    let turns = Turns<Workload>()
    private let shared = Mutex(Shared())

    init(
        pods: DockerPodRunner, ground: ProjectGround, applied: AppliedObjects, probes: ContainerProbes, news: LogNews
    ) {
        self.pods = pods
        self.ground = ground
        self.applied = applied
        self.probes = probes
        self.news = news
        retirements = Retirements(pods: pods)
    }

    /// What the user should know since this was asked last.
    func notices() -> [DockerNotice] {
        shared.withLock { shared in
            defer { shared.untold = [] }
            return shared.untold
        }
    }

    /// Replaces a workload, whether or not it runs as planned.
    /// - Throws: ``TargetError``, `missing` where there is none to be replaced.
    func restart(_ workload: Workload) async throws {
        let manifests = applied.manifests
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

    /// Takes a workload's containers out of service, and removes them.
    /// - Returns: whether there were any.
    func remove(_ workload: Workload) async throws -> Bool {
        try await turns.withTurn(workload) {
            await self.endRollout(of: workload)
            let listed = try await self.pods.list(workload)
            self.shared.withLock { $0.current[workload] = nil }
            self.probes.watch(workload, [])
            try await self.end(listed, of: workload)
            return !listed.isEmpty
        }
    }

    /// Takes containers out of service, and removes them. One that has a volume is seen to its end: whoever has that volume
    /// next must not write beside it.
    func end(_ containers: [ListedContainer], of workload: Workload) async throws {
        retirements.insert(containers)
        try await pods.disconnect(containers, of: workload)
        if containers.contains(where: \.keepsData) {
            await pods.remove(containers)
        } else {
            retirements.retire(containers)
        }
    }

    /// Removes all that the project has.
    /// - Returns: what that was.
    func removeAll() async throws -> (containers: [ListedContainer], proxies: [ListedProxy]) {
        await endRollouts()
        probes.end()
        let (all, proxies) = try await pods.listEverything()
        let containers = all.filter { pods.commands.isOurs($0.place) }
        retirements.insert(containers)
        shared.withLock { $0.current = [:] }
        await pods.remove(containers)
        // Their volumes and the network are in use until then.
        await retirements.finish()
        return (containers, proxies)
    }

    /// The names of the containers of a workload that is up, those of its latest pods.
    func containers(of workload: Workload) async throws -> [String] {
        if let known = shared.withLock({ $0.current[workload] }) { return known }
        return ListedContainer.current(of: try await pods.list(workload)).map(\.id)
    }

    /// Starts or replaces a workload unless it runs as planned.
    func reconcile(
        _ workload: Workload, _ listed: [ListedContainer], _ networks: ProjectNetworks
    ) async throws -> Outcome {
        let networks = try networks.pod(in: workload.namespace)
        if try await isAsPlanned(workload, listed, networks) { return .unchanged }
        return try await turns.withTurn(workload) {
            let plan = try self.applied.manifests.plan(workload).plan
            if self.isOnItsWay(to: plan) { return .unchanged }
            await self.endRollout(of: workload)
            // Another call may have been quicker.
            let listed = try await self.pods.list(workload)
            if try await self.isAsPlanned(workload, listed, networks) { return .unchanged }
            let current = ListedContainer.current(of: listed)
            if ListedContainer.are(current, asPlanned: plan, on: networks.own.name) {
                self.retirements.retire(listed.filter { $0.start != current.first?.start })
                self.note([], of: plan, beside: current)
                return .unchanged
            }
            if try await self.scale(plan, listed, networks) { return .changed }
            try await self.replace(plan, old: listed, networks)
            return current.isEmpty ? .created : .changed
        }
    }

    /// Whether exactly the planned containers are there, with nothing left over from before.
    private func isAsPlanned(
        _ workload: Workload, _ listed: [ListedContainer], _ networks: PodNetworks
    ) async throws -> Bool {
        let plan = try applied.manifests.plan(workload).plan
        let live = listed.filter { !retirements.contains($0.id) }
        let current = ListedContainer.current(of: live)
        guard ListedContainer.are(current, asPlanned: plan, on: networks.own.name),
            live.allSatisfy({ $0.start == current.first?.start })
        else { return false }
        note([], of: plan, beside: current)
        // That of all namespaces may have come later.
        try await joinAll(current, plan, networks)
        return true
    }

    /// These run now.
    /// - Parameter kept: those that did before.
    func note(_ made: [DockerPodRunner.Pod], of plan: PodPlan, beside kept: [ListedContainer] = []) {
        shared.withLock { $0.current[plan.workload] = kept.map(\.id) + made.flatMap(\.containers) }
        let old = Dictionary(grouping: kept, by: \.instance).values.map { $0.map { ($0.container, $0.id) } }
        let new = made.map { Array(zip($0.plan.containers.map(\.name), $0.containers)) }
        probes.watch(
            plan.workload, (old + new).compactMap { ProbedPod(plan, Dictionary($0) { first, _ in first }) })
    }

    /// Puts new pods into the place of the old containers. Where there are init containers, or pods wait for each other,
    /// they come up in the background: what they wait for may come up later.
    private func replace(_ plan: PodPlan, old: [ListedContainer], _ networks: PodNetworks) async throws {
        let made = try await pods.make(plan, on: networks, volumes: try await volumes(for: plan))
        let first = plan.startsInOrder ? Array(made.prefix(1)) : made
        let bringUp = { @Sendable in
            try await self.bringUp(plan, first, of: made, on: networks, old: old)
            try await self.bringUpNext(plan, made, after: first.count)
            try await self.joinOthers(plan, networks)
        }
        guard plan.startsInOrder || !plan.initContainers.isEmpty else { return try await bringUp() }
        begin(plan, bringUp)
    }

    /// The names of the volumes that stay.
    func volumes(for plan: PodPlan) async throws -> [PersistentVolume: String] {
        let claims = plan.pods.flatMap(\.persistentVolumes).unique
        let users = claims.isEmpty ? [] : try await pods.listAll()
        let volumes = try await ground.volumes(claims, containers: users)
        shared.withLock { $0.untold += volumes.notices }
        return volumes.names
    }

    /// Does something for a workload in the background.
    func begin(_ plan: PodPlan, _ bringUp: @escaping @Sendable () async throws -> Void) {
        let rollout = PodRollout(of: plan, bringUp)
        shared.withLock { $0.rollouts[plan.workload] = rollout }
    }

    /// Whether what is done in the background for a workload leads to this.
    func isOnItsWay(to plan: PodPlan) -> Bool {
        shared.withLock { $0.rollouts[plan.workload] }?.isOnItsWay(to: plan) ?? false
    }

    /// Starts those that wait for no other of the pods that were made.
    private func bringUp(
        _ plan: PodPlan, _ first: [DockerPodRunner.Pod], of made: [DockerPodRunner.Pod], on networks: PodNetworks,
        old: [ListedContainer]
    ) async throws {
        let current = ListedContainer.current(of: old)
        do {
            if plan.replacesWhileRunning {
                try await pods.runInitContainers(of: first)
            } else {
                retirements.insert(current, awaitedFor: plan.gracePeriod)
                try await pods.takeDown(current, for: plan)
                try await pods.runInitContainers(of: first)
            }
            try Task.checkCancellation()
            // Half of this would leave the workload without any container.
            try await pods.shielded {
                if plan.replacesWhileRunning {
                    self.retirements.insert(current)
                    try await self.pods.takeDown(current, for: plan)
                }
                try await self.pods.start(first)
            }
        } catch {
            await discard(made)
            await pods.shielded {
                await self.pods.bringBack(current, of: plan, on: networks)
                self.retirements.remove(current)
            }
            throw error
        }
        note(first, of: plan)
        retirements.retire(old)
    }

    /// Starts the other pods, each once those before it are ready, as a cluster does: without an end, as whatever keeps one
    /// from being ready is told by itself. What is up stays, if a later one can't be started.
    /// - Parameter kept: those that are up already, besides the first ones of them.
    func bringUpNext(
        _ plan: PodPlan, _ made: [DockerPodRunner.Pod], after count: Int, beside kept: [ListedContainer] = []
    ) async throws {
        for (index, pod) in made.enumerated().dropFirst(count) {
            do {
                try await probes.awaitReadiness(of: plan.workload)
                try await pods.runInitContainers(of: [pod])
                try Task.checkCancellation()
                try await pods.shielded { try await self.pods.start([pod]) }
            } catch {
                await discard(Array(made[index...]))
                throw error
            }
            note(Array(made[...index]), of: plan, beside: kept)
        }
    }

    func discard(_ made: [DockerPodRunner.Pod]) async {
        for pod in made { retirements.insert(instance: pod.ground.instance) }
        await pods.shielded { await self.pods.discard(made) }
    }

    /// Another namespace may have come while a workload was made: whoever brought it did not see these containers.
    func joinOthers(_ plan: PodPlan, _ networks: PodNetworks) async throws {
        guard networks.all == nil else { return }
        let namespaces = applied.manifests.namespaces
        guard namespaces.count > 1 else { return }
        let both = try await ground.networks(for: namespaces).networks.pod(in: plan.workload.namespace)
        try await joinAll(ListedContainer.current(of: try await pods.list(plan.workload)), plan, both)
    }

    /// Puts containers on the network of all namespaces, where there is one.
    private func joinAll(_ containers: [ListedContainer], _ plan: PodPlan, _ networks: PodNetworks) async throws {
        guard let all = networks.all else { return }
        for container in containers where container.isUp && container.networks.contains(networks.own.name) {
            guard !container.networks.contains(all.name), let pod = plan.pod(of: container) else { continue }
            try await pods.connectToAll(container.id, pod, networks)
        }
    }

    /// Ends what still brings up a pod of the workload; what ran before it is back then.
    func endRollout(of workload: Workload) async {
        await shared.withLock { $0.rollouts.removeValue(forKey: workload) }?.end()
    }

    func endRollouts() async {
        for workload in shared.withLock({ Array($0.rollouts.keys) }) { await endRollout(of: workload) }
    }

    /// Returns when the pod is up that is the newest by then: where one was ended, when who ended it is done.
    /// - Parameter patience: how long that may take.
    /// - Throws: ``TargetError``: why it is not, or what keeps it from being up for so long; `CancellationError`.
    func awaitRollout(of workload: Workload, within patience: Duration) async throws {
        guard shared.withLock({ $0.rollouts[workload] }) != nil else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.awaitRollout(of: workload) }
            group.addTask {
                try await Task.sleep(for: patience)
                throw try await self.delay(of: workload, patience)
            }
            try await group.next()
        }
    }

    /// What a workload that comes up in the background has been waiting for.
    private func delay(of workload: Workload, _ patience: Duration) async throws -> TargetError {
        let summary = "\(workload) did not come up within \(patience.components.seconds) s"
        if let trouble = probes.trouble(of: workload) {
            return TargetError(
                "\(summary): its next pod waits for container \(trouble.container) to be ready",
                details: [trouble.words])
        }
        let going = try await pods.list(workload).first { $0.role == "init" }
        guard let going else { return TargetError(summary) }
        return TargetError(
            "\(summary): its init container \(going.container) has not succeeded",
            details: (try? await pods.lastLines(of: going.id, count: 20)) ?? [],
            advice: "it is run until it succeeds; docker logs \(going.id.prefix(12)) has all that it says")
    }

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
}

/// What was applied so far, for all who need it.
final class AppliedObjects: Sendable {
    private let state: Mutex<DockerManifests>

    init(_ manifests: DockerManifests) { state = Mutex(manifests) }

    /// As it is now.
    var manifests: DockerManifests { state.withLock { $0 } }

    func change<Result: Sendable>(_ body: (inout DockerManifests) throws -> Result) rethrows -> Result {
        try state.withLock { try body(&$0) }
    }
}
