import Synchronization

/// A value that one side sets and the other waits for changes of. Values in between may be skipped, the last never is.
final class Latest<Value: Sendable>: Sendable {
    private struct Shared {
        var value: Value
        var version = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
    }

    private let shared: Mutex<Shared>

    init(_ value: Value) { shared = Mutex(Shared(value: value)) }

    /// The value now, and a number that grows with each change.
    var current: (value: Value, version: Int) { shared.withLock { ($0.value, $0.version) } }

    func set(_ value: Value) {
        let waiters = shared.withLock { shared in
            shared.value = value
            shared.version += 1
            defer { shared.waiters = [:] }
            return shared.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Returns once the version is another one than this, or after a time.
    /// - Throws: `CancellationError`, or returns at once, where the task is cancelled.
    func changed(since version: Int, orAfter pause: Duration) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.changed(since: version) }
            group.addTask { try await Task.sleep(for: pause) }
            try await group.next()
            group.cancelAll()
        }
    }

    /// Returns once the version is another one than this, or the task is cancelled. Any number of tasks may wait.
    func changed(since version: Int) async {
        let waiter = shared.withLock { shared in
            shared.lastWaiter += 1
            return shared.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = shared.withLock { shared in
                    if shared.version != version || Task.isCancelled { return true }
                    shared.waiters[waiter] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            shared.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
        }
    }
}
