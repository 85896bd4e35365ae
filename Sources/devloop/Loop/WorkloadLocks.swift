import Runner

/// Keeps two tasks from changing one workload at a time.
actor WorkloadLocks {
    private var held: Set<Workload> = []
    private var waiting: [(workloads: Set<Workload>, continuation: CheckedContinuation<Void, Never>)] = []

    /// Runs the body while no other one holds any of the workloads. All are taken in one step, so that no two wait for
    /// each other.
    nonisolated func withLocks<Result: Sendable>(
        on workloads: Set<Workload>, _ body: @Sendable () async throws -> Result
    ) async rethrows -> Result {
        await take(workloads)
        do {
            let result = try await body()
            await release(workloads)
            return result
        } catch {
            await release(workloads)
            throw error
        }
    }

    private func take(_ workloads: Set<Workload>) async {
        if waiting.isEmpty, held.isDisjoint(with: workloads) {
            held.formUnion(workloads)
            return
        }
        await withCheckedContinuation { waiting.append((workloads, $0)) }
    }

    private func release(_ workloads: Set<Workload>) {
        held.subtract(workloads)
        var blocked: Set<Workload> = []
        // In order: nobody overtakes one who waits for the same workload.
        waiting.removeAll { entry in
            guard held.isDisjoint(with: entry.workloads), blocked.isDisjoint(with: entry.workloads) else {
                blocked.formUnion(entry.workloads)
                return false
            }
            held.formUnion(entry.workloads)
            entry.continuation.resume()
            return true
        }
    }
}
