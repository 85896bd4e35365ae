import Synchronization

/// Lets one task at a time work on a thing; others wait in their order.
final class Turns<Thing: Hashable & Sendable>: Sendable {
    private let waiting = Mutex<[Thing: [CheckedContinuation<Void, Never>]]>([:])

    /// Runs the body when nobody else works on the thing. The wait itself can't be cancelled: whoever works is
    /// cancelled as well, and ends soon.
    func withTurn<Result: Sendable>(
        _ thing: Thing, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                if waiting[thing] == nil {
                    waiting[thing] = []
                    return true
                }
                waiting[thing]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
        defer { pass(thing) }
        try Task.checkCancellation()
        return try await body()
    }

    private func pass(_ thing: Thing) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard waiting[thing]?.isEmpty == false else {
                waiting[thing] = nil
                return nil
            }
            return waiting[thing]?.removeFirst()
        }
        next?.resume()
    }
}
