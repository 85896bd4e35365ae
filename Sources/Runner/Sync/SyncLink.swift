import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Our end of a socket behind which a shell in a container reads and writes.
final class SyncLink: Sendable {
    /// Why an exchange did not come to its end.
    enum Failure: Error, Hashable {
        /// The other end is closed.
        case ended
        /// For too long, nothing came and nothing was taken.
        case silent
        case source(SyncError)
    }

    /// What the shell says, as it comes.
    enum Coding: Sendable {
        /// Its output.
        case lines(LineSplitter)
        /// Its output and its errors, in the engine's frames.
        case frames(LogStreams)

        fileprivate mutating func take(_ piece: UnsafeRawBufferPointer, _ answer: inout SyncAnswer) {
            switch self {
            case .lines(var splitter):
                splitter.split(piece) { answer.take($0) }
                self = .lines(splitter)
            case .frames(var streams):
                for line in streams.take(piece) {
                    if line.source == .standardOutput {
                        line.text.withUnsafeBytes { answer.take($0) }
                    } else {
                        answer.note(line.text[...])
                    }
                }
                self = .frames(streams)
            }
        }
    }

    /// How the shell's side ended, and how to end it.
    struct Carrier: Sendable {
        /// Ends it where it does not end by itself, now that nobody talks to it.
        var ending: @Sendable () async -> CommandOutput
        var stop: @Sendable () -> Void = {}
    }

    let token = "devloop-" + String(UInt64.random(in: 1 << 60 ... .max), radix: 36)
    private let descriptor: Int32
    private let coding: Mutex<Coding>
    private let program = Mutex(ContentSum.Program.cksum)
    private let carrier: Carrier
    private let patience: Duration

    /// - Parameter descriptor: a connected socket, which it closes.
    init(_ descriptor: Int32, _ coding: Coding, patience: Duration, carrier: Carrier) {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        self.descriptor = descriptor
        self.coding = Mutex(coding)
        self.patience = patience
        self.carrier = carrier
    }

    deinit {
        _ = Glue.close(descriptor)
        carrier.stop()
    }

    /// What sums the files there, as the shell has said.
    var sumsBy: ContentSum.Program {
        get { program.withLock { $0 } }
        set { program.withLock { $0 = newValue } }
    }

    /// Ends the exchange, if there is one, at once, and lets the other side end.
    func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        carrier.stop()
    }

    func ending() async -> CommandOutput {
        shutdown(descriptor, Int32(SHUT_RDWR))
        return await carrier.ending()
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
            var coding = coding.withLock { $0 }
            coding.take(piece, &answer)
            self.coding.withLock { $0 = coding }
            return true
        }
        if !isOpen { throw .ended }
    }
}

extension SyncLink {
    /// How long a program may take to end once its input has.
    private static let grace = Duration.seconds(2)

    /// Starts a program (`kubectl exec`, `docker exec`) whose input and output are the shell's.
    static func start(
        _ command: Command, launcher: any CommandRunning, patience: Duration
    ) throws(SyncError) -> SyncLink {
        guard let (ours, theirs) = LocalSocket.pair() else {
            throw .lost(SyncReason(.other, "no socket could be made: \(String(cString: strerror(errno)))"))
        }
        var command = command
        command.socket = theirs
        let program = Task { [command] in
            defer { _ = Glue.close(theirs) }
            return await carry(command, launcher)
        }
        let carrier = Carrier(
            ending: {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        guard (try? await Task.sleep(for: grace)) != nil else { return }
                        program.cancel()
                    }
                    let output = await program.value
                    group.cancelAll()
                    return output
                }
            }, stop: { program.cancel() })
        return SyncLink(ours, .lines(LineSplitter()), patience: patience, carrier: carrier)
    }

    private static func carry(_ command: Command, _ launcher: any CommandRunning) async -> CommandOutput {
        let said = OutputTail(limit: 6)
        let output = try? await launcher.tryTool(
            command, output: .lines { source, line in if source == .standardError { said.append(line) } })
        var ending = output ?? CommandOutput(termination: .signalled(SIGTERM))
        if ending.standardError.isEmpty { ending.standardError = Array(said.lines.joined(separator: "\n").utf8) }
        return ending
    }
}
