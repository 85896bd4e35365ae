/// Pods come and go without those that stay.
extension DockerWorkloads {
    /// Brings a workload to its number of pods, where that is all that is another way.
    /// - Returns: whether it was all.
    func scale(_ plan: PodPlan, _ listed: [ListedContainer], _ networks: PodNetworks) async throws -> Bool {
        let current = ListedContainer.current(of: listed)
        let kept = ListedContainer.kept(of: current, by: plan, on: networks.own.name)
        guard let start = kept.first?.start else { return false }
        let count = Set(kept.map(\.number)).count
        let surplus = listed.filter { $0.start != start || $0.number >= count }
        if !surplus.isEmpty { try await end(surplus, of: plan.workload) }
        note([], of: plan, beside: kept)
        guard count < plan.pods.count else { return true }
        let volumes = try await volumes(for: plan)
        let made = try await pods.make(plan, after: count, of: start, on: networks, volumes: volumes)
        let bringUp = { @Sendable in
            if plan.startsInOrder {
                try await self.bringUpNext(plan, made, after: 0, beside: kept)
            } else {
                try await self.bringUp(made)
                self.note(made, of: plan, beside: kept)
            }
            try await self.joinOthers(plan, networks)
        }
        if plan.startsInOrder || !plan.initContainers.isEmpty {
            begin(plan, bringUp)
        } else {
            try await bringUp()
        }
        return true
    }

    private func bringUp(_ made: [DockerPodRunner.Pod]) async throws {
        do {
            try await pods.runInitContainers(of: made)
            try Task.checkCancellation()
            try await pods.shielded { try await self.pods.start(made) }
        } catch {
            await discard(made)
            throw error
        }
    }
}

extension ListedContainer {
    /// The number of its pod.
    var number: Int { PodInstance(instance).number }

    /// Of the containers of a workload that runs, those of the pods that a plan has too, the first ones; none where one of
    /// them is not as planned.
    static func kept(of current: [ListedContainer], by plan: PodPlan, on network: String) -> [ListedContainer] {
        let kept = current.filter { $0.number < plan.pods.count }
        let count = Set(kept.map(\.number)).count
        guard count > 0, !plan.containers.isEmpty else { return [] }
        var part = plan
        part.replicas = Array(plan.replicas.prefix(count - 1))
        return are(kept, asPlanned: part, on: network) ? kept : []
    }
}
