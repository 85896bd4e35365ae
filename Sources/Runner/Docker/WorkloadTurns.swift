import Synchronization

/// Lets one task at a time work on a workload; others wait in their order.
final class WorkloadTurns: Sendable {
    private let waiting = Mutex<[Workload: [CheckedContinuation<Void, Never>]]>([:])

    /// Runs the body when nobody else works on the workload. The wait itself can't be cancelled: whoever works is
    /// cancelled as well, and ends soon.
    func withTurn<Result: Sendable>(
        _ workload: Workload, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                if waiting[workload] == nil {
                    waiting[workload] = []
                    return true
                }
                waiting[workload]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        defer { pass(workload) }
        try Task.checkCancellation()
        return try await body()
    }

    private func pass(_ workload: Workload) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard waiting[workload]?.isEmpty == false else {
                waiting[workload] = nil
                return nil
            }
            return waiting[workload]?.removeFirst()
        }
        next?.resume()
    }
}
