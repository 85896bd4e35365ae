import Synchronization

/// Which containers' logs are being read, so that a container is removed after its last line, not before.
final class LogReaders: Sendable {
    private struct Shared {
        var reading: Set<String> = []
        var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]
    }

    private let shared = Mutex(Shared())

    /// Runs the body as a reader of a container's log.
    func read<Result: Sendable>(_ id: String, _ body: () async throws -> Result) async rethrows -> Result {
        shared.withLock { _ = $0.reading.insert(id) }
        defer {
            let waiting = shared.withLock { shared in
                shared.reading.remove(id)
                return shared.waiting.removeValue(forKey: id) ?? []
            }
            for continuation in waiting { continuation.resume() }
        }
        return try await body()
    }

    /// Returns once nobody reads the log. A reader ends with its container, or when it is cancelled.
    func finished(_ id: String) async {
        await withCheckedContinuation { continuation in
            let isRead = shared.withLock { shared in
                guard shared.reading.contains(id) else { return false }
                shared.waiting[id, default: []].append(continuation)
                return true
            }
            if !isRead { continuation.resume() }
        }
    }
}
