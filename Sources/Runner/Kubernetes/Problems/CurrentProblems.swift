import Synchronization

/// The problems that were told and still last, so that a rollout that fails for them doesn't tell them again.
final class CurrentProblems: Sendable {
    private let problems = Mutex<[Workload: [WorkloadProblem]]>([:])

    /// A problem was told.
    func add(_ problem: WorkloadProblem, to workload: Workload) {
        problems.withLock {
            $0[workload, default: []].removeAll { $0.state == problem.state }
            $0[workload, default: []].append(problem)
        }
    }

    /// All that was told of a workload is over.
    func clear(_ workload: Workload) { problems.withLock { $0[workload] = nil } }

    /// What was told of a workload and still lasts.
    func of(_ workload: Workload) -> [WorkloadProblem] { problems.withLock { $0[workload] ?? [] } }
}
