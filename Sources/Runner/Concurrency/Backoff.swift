/// How long to wait before trying again: twice as long each time, up to a limit.
struct Backoff: Sendable {
    private let first: Duration
    private let limit: Duration
    private var next: Duration

    init(first: Duration = .milliseconds(100), limit: Duration = .seconds(2)) {
        self.first = first
        self.limit = limit
        next = first
    }

    /// After a success.
    mutating func reset() { next = first }

    /// How long to wait this time.
    mutating func step() -> Duration {
        defer { next = min(next * 2, limit) }
        return next
    }

    /// Waits, for longer each time.
    /// - Throws: `CancellationError`.
    mutating func wait() async throws { try await Task.sleep(for: step()) }
}
