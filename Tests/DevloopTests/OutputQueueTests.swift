import Runner
import Synchronization
import Testing

@testable import devloop

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite(.timeLimit(.minutes(1))) struct OutputQueueTests {
    /// A pipe that stands for the screen.
    private final class Screen: Sendable {
        let reading: Int32
        let writing: Int32

        init() {
            var ends: [Int32] = [-1, -1]
            precondition(pipe(&ends) == 0)
            (reading, writing) = (ends[0], ends[1])
            signal(SIGPIPE, SIG_IGN)
        }

        func queue(onHangUp: @escaping @Sendable () -> Void = {}) -> OutputQueue {
            OutputQueue(descriptors: [.output: writing, .error: writing], onHangUp: onHangUp)
        }

        /// The next bytes, at most so many; blocks until there are some.
        func read(atMost count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            let got = bytes.withUnsafeMutableBytes { system_read(reading, $0.baseAddress, $0.count) }
            return Array(bytes.prefix(max(0, got)))
        }

        func read(exactly count: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            while bytes.count < count { bytes += read(atMost: min(65536, count - bytes.count)) }
            return bytes
        }
    }

    @Test func whatIsWrittenComesInOrderWhateverTheStream() {
        let screen = Screen()
        let queue = screen.queue()
        for number in 0..<100 {
            queue.write([UInt8(number)], to: number % 3 == 0 ? .error : .output, waits: number % 2 == 0)
        }
        #expect(screen.read(exactly: 100) == (0..<100).map { UInt8($0) })
        #expect(queue.flush(atMost: .seconds(30)))
    }

    @Test func anEmptyQueueIsFlushed() {
        #expect(Screen().queue().flush(atMost: .zero))
    }

    @Test func aReaderThatIsGoneIsToldOnceAndStopsNobody() {
        let screen = Screen()
        close(screen.reading)
        let hangUps = Monitor(0)
        let queue = screen.queue { hangUps.withLock { $0 += 1 } }
        // More than the queue holds: whoever waits for room has to be let go.
        for _ in 0..<40 { queue.write([UInt8](repeating: 0x61, count: 65536), to: .output, waits: true) }
        #expect(queue.flush(atMost: .seconds(30)))
        #expect(hangUps.wait(atMost: .seconds(30)) { $0 > 0 ? $0 : nil } == 1)
        queue.write([0x61], to: .output, waits: true)
        #expect(queue.flush(atMost: .seconds(30)))
        #expect(hangUps.withLock { $0 } == 1)
    }

    @Test func aPipeThatSomebodyMadeNonBlockingLosesNothing() {
        let screen = Screen()
        _ = fcntl(screen.writing, F_SETFL, fcntl(screen.writing, F_GETFL) | O_NONBLOCK)
        let queue = screen.queue()
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        queue.write(bytes, to: .output, waits: false)
        #expect(screen.read(exactly: bytes.count) == bytes)
    }

    @Test func aSlowReaderHoldsLogsUpAndLosesNone() {
        let screen = Screen()
        let queue = screen.queue()
        let block = 65536
        let blocks = 96
        let written = SharedCount()
        PosixThread.detach {
            for number in 0..<blocks {
                queue.write(
                    [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: block), to: .output, waits: true)
                written.add(block)
            }
        }
        var received = 0
        var isComplete = true
        var mostAhead = 0
        while received < block * blocks {
            let bytes = screen.read(atMost: 16384)
            for (offset, byte) in bytes.enumerated()
            where byte != UInt8(truncatingIfNeeded: (received + offset) / block) {
                isComplete = false
            }
            mostAhead = max(mostAhead, written.value - received)
            received += bytes.count
        }
        #expect(isComplete)
        // What the queue holds, the block that passed the limit, and a pipe's own buffer.
        #expect(mostAhead <= OutputQueue.limit + 2 * block + 1 << 20)
    }

    @Test func theLoopIsNotHeldUpByAPausedTerminal() {
        let queue = Screen().queue()
        for _ in 0..<64 { queue.write([UInt8](repeating: 0x61, count: 65536), to: .output, waits: false) }
        #expect(!queue.flush(atMost: .milliseconds(1)))
    }

    @Test func theEndLetsThreadsGoThatWaitForAPausedTerminal() {
        let queue = Screen().queue()
        let isDone = Monitor(false)
        PosixThread.detach {
            for _ in 0..<64 { queue.write([UInt8](repeating: 0x61, count: 65536), to: .output, waits: true) }
            isDone.withLock { $0 = true }
        }
        queue.stopWaiting()
        #expect(isDone.wait(atMost: .seconds(30)) { $0 ? true : nil } == true)
        #expect(!queue.flush(atMost: .milliseconds(1)))
    }
}

/// A number that threads share; `Atomic` can't be captured by an escaping closure.
private final class SharedCount: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    func add(_ amount: Int) { count.add(amount, ordering: .sequentiallyConsistent) }
}

private func system_read(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
