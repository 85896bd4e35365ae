import Runner

/// Where rendered bytes go.
protocol OutputSink: Sendable {
    /// Takes whole lines, in order.
    /// - Parameter waits: whether the caller may be held up while the reader is slow. Callers on Swift's cooperative
    ///   pool may not; the threads that read logs must be, or the memory fills.
    func write(_ bytes: [UInt8], to stream: StandardStream, waits: Bool)

    /// From now on holds nobody up, for the end of the program.
    func stopWaiting()

    /// Blocks until everything that was taken is written, or the time is over.
    /// - Returns: whether everything is written.
    func flush(atMost limit: Duration) -> Bool
}

/// The real sink: one thread that writes, so that a terminal that is paused (Ctrl-S) or slow stops the logs and not
/// the loop. What piles up while it writes goes out in one call.
final class OutputQueue: OutputSink {
    /// Bytes that may wait before the threads that read logs are held up.
    static let limit = 1 << 20

    private struct Chunk: Sendable {
        var stream: StandardStream
        var bytes: [UInt8]
    }

    private struct State: Sendable {
        var chunks: [Chunk] = []
        /// Bytes that are in `chunks` or being written.
        var pending = 0
        var hasThread = false
        var isOver = false
        var hungUp: Set<StandardStream> = []
    }

    private let state = Monitor(State())
    private let descriptors: [StandardStream: Int32]
    private let onHangUp: @Sendable () -> Void

    /// Makes a queue.
    /// - Parameters:
    ///   - descriptors: where the streams go; others than 1 and 2 in tests.
    ///   - onHangUp: told once, on the writing thread, that nobody reads standard output any more (`devloop | head`).
    init(
        descriptors: [StandardStream: Int32] = [.output: 1, .error: 2], onHangUp: @escaping @Sendable () -> Void
    ) {
        self.descriptors = descriptors
        self.onHangUp = onHangUp
    }

    func write(_ bytes: [UInt8], to stream: StandardStream, waits: Bool) {
        let mustStart = state.wait { state -> Bool? in
            if waits, !state.isOver, state.pending > Self.limit { return nil }
            guard !bytes.isEmpty, !state.hungUp.contains(stream) else { return false }
            if state.chunks.last?.stream == stream {
                state.chunks[state.chunks.count - 1].bytes.append(contentsOf: bytes)
            } else {
                state.chunks.append(Chunk(stream: stream, bytes: bytes))
            }
            state.pending += bytes.count
            defer { state.hasThread = true }
            return !state.hasThread
        }
        if mustStart == true { PosixThread.detach { self.run() } }
    }

    func stopWaiting() { state.withLock { $0.isOver = true } }

    func flush(atMost limit: Duration) -> Bool {
        state.wait(atMost: limit) { $0.pending == 0 ? true : nil } ?? false
    }

    /// The writing thread: it lives as long as the program.
    private func run() {
        while true {
            let taken = state.wait { state -> [Chunk]? in
                guard !state.chunks.isEmpty else { return nil }
                defer { state.chunks = [] }
                return state.chunks
            }
            for chunk in taken ?? [] { write(chunk) }
        }
    }

    private func write(_ chunk: Chunk) {
        let isOpen = state.withLock { !$0.hungUp.contains(chunk.stream) }
        let result = isOpen ? writeAll(chunk.bytes[...], to: descriptors[chunk.stream, default: -1]) : .failed
        state.withLock {
            $0.pending -= chunk.bytes.count
            if result == .hungUp { $0.hungUp.insert(chunk.stream) }
        }
        if result == .hungUp, chunk.stream == .output { onHangUp() }
    }
}
