import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The program that carries a channel, and our end of the socket that is its input and output.
final class SyncLink: Sendable {
    /// Why an exchange did not come to its end.
    enum Failure: Error, Hashable {
        /// The other end is closed.
        case ended
        /// For too long, nothing came and nothing was taken.
        case silent
        case source(SyncError)
    }

    /// How long the program may take to end once its input has.
    private static let grace = Duration.seconds(2)

    let token: String
    private let descriptor: Int32
    private let patience: Duration
    private let lines = Mutex(LineSplitter())
    private let program: Task<CommandOutput, Never>

    /// Starts the program; `nil` and `errno` where no socket can be made.
    init?(_ command: Command, launcher: any CommandRunning, patience: Duration) {
        guard let (ours, theirs) = LocalSocket.pair() else { return nil }
        _ = fcntl(ours, F_SETFL, O_NONBLOCK)
        descriptor = ours
        token = "devloop-" + String(UInt64.random(in: 1 << 60 ... .max), radix: 36)
        self.patience = patience
        var command = command
        command.socket = theirs
        program = Task { [command] in await Self.carry(command, launcher) }
    }

    deinit {
        _ = Glue.close(descriptor)
        program.cancel()
    }

    private static func carry(_ command: Command, _ launcher: any CommandRunning) async -> CommandOutput {
        defer { if let socket = command.socket { _ = Glue.close(socket) } }
        let said = OutputTail(limit: 6)
        let output = try? await launcher.tryTool(
            command, output: .lines { source, line in if source == .standardError { said.append(line) } })
        var ending = output ?? CommandOutput(termination: .signalled(SIGTERM))
        if ending.standardError.isEmpty { ending.standardError = Array(said.lines.joined(separator: "\n").utf8) }
        return ending
    }

    /// Ends the exchange, if there is one, at once, and lets the program end.
    func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        program.cancel()
    }

    /// How the program ended; ends it where it does not end by itself, now that nobody talks to it.
    func ending() async -> CommandOutput {
        shutdown(descriptor, Int32(SHUT_RDWR))
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { [program] in
                guard (try? await Task.sleep(for: Self.grace)) != nil else { return }
                program.cancel()
            }
            let output = await program.value
            group.cancelAll()
            return output
        }
    }

    /// Sends, and reads until the answer is complete. Blocks.
    /// - Parameter next: fills the buffer with what is to be sent next; 0 where that was all.
    func exchange(
        _ answer: inout SyncAnswer, next: (UnsafeMutableRawBufferPointer) throws(SyncError) -> Int
    ) throws(Failure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var rest = UnsafeRawBufferPointer(rebasing: buffer[..<0])
        var hasMore = true
        while !answer.isComplete {
            if hasMore && rest.isEmpty {
                do throws(SyncError) {
                    rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<(try next(buffer))])
                } catch {
                    throw .source(error)
                }
                hasMore = !rest.isEmpty
            }
            let events = try waitFor(Int16(POLLIN) | (hasMore ? Int16(POLLOUT) : 0))
            if events & Int16(POLLOUT) != 0 {
                let count = LocalSocket.sendSome(rest, to: descriptor)
                if count >= 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno != EAGAIN && errno != EINTR {
                    // What was said before the end counts.
                    hasMore = false
                }
            }
            if events & ~Int16(POLLOUT) != 0 { try receive(&answer) }
        }
    }

    private func waitFor(_ events: Int16) throws(Failure) -> Int16 {
        var polled = pollfd(fd: descriptor, events: events, revents: 0)
        let deadline = ContinuousClock.now + patience
        while true {
            let (seconds, attoseconds) = max(.zero, deadline - .now).components
            let time = Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
            let count = poll(&polled, 1, time)
            if count > 0 { return polled.revents }
            if count == 0 && .now >= deadline { throw .silent }
        }
    }

    private func receive(_ answer: inout SyncAnswer) throws(Failure) {
        let isOpen = withUnsafeTemporaryAllocation(byteCount: 32 << 10, alignment: 1) { buffer in
            let count = Glue.read(descriptor, buffer)
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            guard count > 0 else { return false }
            let piece = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
            var splitter = lines.withLock { $0 }
            splitter.split(piece) { answer.take($0) }
            lines.withLock { $0 = splitter }
            return true
        }
        if !isOpen { throw .ended }
    }
}
