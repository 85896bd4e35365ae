import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One child process, from its start to its reaping.
///
/// Two threads serve it. The supervisor starts it and reads both of its streams; the waiter sits in `waitid`. A stop
/// brings a third, which ends the grace time whatever the supervisor does: that one may be held up by a handler of
/// lines. Signalling and reaping hold one lock, so a signal can't reach a process that was reaped and whose number
/// belongs to somebody else by now.
final class Child: Sendable {
    private enum State {
        case created
        case running(pid: pid_t)
        case ended
    }

    private struct Shared {
        var state = State.created
        var stopRequested = false
        var termination = Termination.exited(0)
    }

    /// Bytes that are read after the exit: more than a pipe holds (64 KiB, on Linux at most 1 MiB). What comes beyond
    /// was written by somebody else.
    private static let limitAfterExit = 4 << 20

    private let path: String
    private let command: Command
    private let environment: [String]
    private let output: OutputHandling
    private let grace: Duration
    private let binder: String?
    private let shared = Mutex(Shared())
    /// Nothing is written to it: its writing end is closed when the program has been reaped.
    private let life: DescriptorPair

    /// - Parameter binder: see ``SpawnRequest/binder``.
    init(
        path: String, command: Command, environment: [String], output: OutputHandling, grace: Duration,
        binder: String? = nil
    ) {
        self.path = path
        self.command = command
        self.environment = environment
        self.output = output
        self.grace = grace
        self.binder = binder
        life = DescriptorPair.pipe()
    }

    deinit { life.close() }

    /// Starts the program on a thread of its own and reports its end once it is reaped and its output read.
    func start(reporting continuation: CheckedContinuation<CommandOutput, any Error>) {
        PosixThread.detach { continuation.resume(with: Result { try self.supervise() }) }
    }

    /// Begins the stop sequence; returns at once. Before the start, keeps the program from starting.
    func stop() {
        let hasBegun = shared.withLock { shared in
            defer { shared.stopRequested = true }
            guard !shared.stopRequested, case .running(let pid) = shared.state else { return false }
            Self.signal(group: pid, SIGTERM)
            Self.signal(group: pid, SIGCONT)
            return true
        }
        if hasBegun { PosixThread.detach { self.killAfterGrace() } }
    }

    /// Ends the whole group at once.
    func kill() {
        shared.withLock {
            $0.stopRequested = true
            if case .running(let pid) = $0.state { Self.signal(group: pid, SIGKILL) }
        }
    }

    private func supervise() throws -> CommandOutput {
        let standardOutput = DescriptorPair.pipe()
        let standardError = DescriptorPair.pipe()
        defer {
            standardOutput.close()
            standardError.close()
        }
        let spawn = SpawnRequest(
            path: path, command: command, environment: environment, standardOutput: standardOutput.writing,
            standardError: standardError.writing, binder: binder)
        try shared.withLock {
            guard !$0.stopRequested else { throw CancellationError() }
            $0.state = .running(pid: try spawn.start())
        }
        PosixThread.detach { self.awaitExit() }
        standardOutput.closeWriting()
        standardError.closeWriting()
        return read(standardOutput.reading, standardError.reading)
    }

    /// The waiter: learns of the exit without reaping, ends what is left of the group while the number is still ours,
    /// and reaps.
    private func awaitExit() {
        guard case .running(let pid) = shared.withLock({ $0.state }) else { return }
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) == -1 && errno == EINTR {}
        shared.withLock {
            Self.signal(group: pid, SIGKILL)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) == -1 && errno == EINTR {}
            $0.termination = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
            $0.state = .ended
        }
        life.closeWriting()
    }

    private func killAfterGrace() {
        let deadline = ContinuousClock.now + grace
        var end = pollfd(fd: life.reading, events: Int16(POLLIN), revents: 0)
        repeat {
            if poll(&end, 1, Self.milliseconds(until: deadline)) > 0 { return }
        } while .now < deadline
        kill()
    }

    private func read(_ standardOutput: Int32, _ standardError: Int32) -> CommandOutput {
        var streams = [
            StreamReader(descriptor: standardOutput, source: .standardOutput, handling: output),
            StreamReader(descriptor: standardError, source: .standardError, handling: output),
        ]
        // After the exit only what is in the pipes already is read: a daemon that the program left behind in another
        // group may hold them open, and write to them, for ever.
        var hasExited = false
        var rest = Self.limitAfterExit
        while rest > 0 {
            var descriptors = [pollfd(fd: hasExited ? -1 : life.reading, events: Int16(POLLIN), revents: 0)]
            descriptors += streams.map { pollfd(fd: $0.isOpen ? $0.descriptor : -1, events: Int16(POLLIN), revents: 0) }
            let ready = poll(&descriptors, nfds_t(descriptors.count), hasExited ? 0 : -1)
            if ready == 0 { break }
            // Interrupted.
            if ready < 0 { continue }
            for index in streams.indices where descriptors[index + 1].revents != 0 {
                let count = streams[index].readOnce()
                if hasExited { rest -= count }
            }
            if descriptors[0].revents != 0 { hasExited = true }
        }
        for index in streams.indices { streams[index].finish() }
        return CommandOutput(
            termination: shared.withLock { $0.termination }, standardOutput: streams[0].collected,
            standardError: streams[1].collected)
    }

    private static func signal(group pid: pid_t, _ signal: Int32) {
        _ = Glue.kill(-pid, signal)
    }

    /// For `poll`.
    private static func milliseconds(until deadline: ContinuousClock.Instant) -> Int32 {
        let (seconds, attoseconds) = (deadline - .now).components
        return Int32(clamping: max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1))
    }
}

/// One of a child's two streams: read, split into lines or collected.
private struct StreamReader {
    let descriptor: Int32
    let source: OutputSource
    let handling: OutputHandling
    var isOpen = true
    var collected: [UInt8] = []
    private var splitter = LineSplitter()

    init(descriptor: Int32, source: OutputSource, handling: OutputHandling) {
        self.descriptor = descriptor
        self.source = source
        self.handling = handling
    }

    /// - Returns: how many bytes there were.
    mutating func readOnce() -> Int {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
            let count = Glue.read(descriptor, buffer)
            if count < 0 && (errno == EINTR || errno == EAGAIN) { return 0 }
            guard count > 0 else {
                isOpen = false
                return 0
            }
            let chunk = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
            switch handling {
            case .collected: collected.append(contentsOf: chunk)
            case .lines(let handler): splitter.append(chunk) { handler(source, $0) }
            case .pieces(let handler): handler(source, chunk)
            }
            return count
        }
    }

    mutating func finish() {
        guard case .lines(let handler) = handling else { return }
        splitter.finish { handler(source, $0) }
    }
}
