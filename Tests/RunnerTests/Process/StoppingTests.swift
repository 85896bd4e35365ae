import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Runner

/// What has to hold when programs do not do what they are asked to.
@Suite(.timeLimit(.minutes(1))) struct StoppingTests {
    private let launcher = SystemLauncher(environment: ["PATH": "/usr/bin:/bin"], grace: .milliseconds(200))

    private func shell(_ script: String) -> Command { Command("sh", ["-c", script]) }

    @Test func descendantsThatIgnoreTheRequestToEndAreKilledWithTheirParent() async throws {
        let lifeline = try Lifeline()
        let ready = AsyncStream.makeStream(of: Void.self)
        let stubborn = "trap '' TERM INT HUP; echo; while :; do sleep 1000; done"
        let task = Task {
            try await launcher.run(
                shell("\(lifeline.hold); trap '' TERM; (sh -c \"\(stubborn)\") & \(stubborn)"),
                output: .lines { _, _ in ready.continuation.yield() })
        }
        var iterator = ready.stream.makeAsyncIterator()
        await iterator.next()
        await iterator.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await lifeline.end()
    }

    /// The reading thread sits in the handler, as it does while a terminal is paused: the grace time ends all the same.
    @Test func aProgramWhoseLinesNobodyTakesIsKilledAfterTheGrace() async throws {
        let lifeline = try Lifeline()
        let ready = AsyncStream.makeStream(of: Void.self)
        let gate = DispatchSemaphore(value: 0)
        let task = Task {
            try await launcher.run(
                shell("\(lifeline.hold); trap '' TERM; echo; while :; do sleep 1000; done"),
                output: .lines { _, line in
                    ready.continuation.yield()
                    gate.wait()
                })
        }
        var iterator = ready.stream.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        // The handler goes on only once the program has been killed; the time limit ends a test where it isn't.
        await lifeline.end()
        gate.signal()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aStoppedProgramCanBeEnded() async throws {
        let ready = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await launcher.run(
                shell("echo ready; kill -STOP $$; sleep 1000"), output: .lines { _, _ in ready.continuation.yield() })
        }
        var iterator = ready.stream.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aProgramMayEndInOrderAndItsLastWordsAreHeard() async throws {
        let lines = AsyncStream.makeStream(of: String.self)
        let task = Task {
            try await launcher.run(
                shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done"),
                output: .lines { source, line in
                    // The shell says on standard error that its sleep was ended, too.
                    guard source == .standardOutput else { return }
                    lines.continuation.yield(String(decoding: line, as: UTF8.self))
                })
        }
        var iterator = lines.stream.makeAsyncIterator()
        #expect(await iterator.next() == "ready")
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await iterator.next() == "bye")
    }

    #if os(Linux)
        @Test func aDaemonThatFloodsIsNotReadForEver() async throws {
            let folder = try TemporaryFolder()
            // The program ends once the daemon writes.
            let script = """
                setsid sh -c 'echo $$ >pid; mv pid ready; exec yes' &
                while [ ! -e ready ]; do sleep 0.01; done
                """
            let output = try await launcher.run(shell("cd '\(folder.path)'; \(script)"))
            let pid = try #require(TestFile.read("\(folder.path)/ready"))
            kill(try #require(pid_t(pid.trimmingCharacters(in: .whitespacesAndNewlines))), SIGKILL)
            #expect(output.termination == .exited(0))
        }
    #endif

    /// Cancellation races the start, the first line and the end of many short programs: every run returns, and none
    /// leaves a process behind.
    @Test(arguments: [0, 1, 10, 100, 1000]) func cancellingAtAnyMomentReturns(_ yields: Int) async throws {
        let lifeline = try Lifeline()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<20 {
                let task = Task { try await launcher.run(shell("\(lifeline.hold); echo; exec sleep 0.01")) }
                group.addTask {
                    for _ in 0..<(yields + index) { await Task.yield() }
                    task.cancel()
                    _ = await task.result
                }
            }
        }
        await lifeline.end()
    }

    @Test func fiftyProgramsAtOnceKeepTheirOutputsApart() async throws {
        try await withThrowingTaskGroup(of: (Int, CommandOutput).self) { group in
            for index in 0..<50 {
                group.addTask {
                    let command = Command(
                        "sh", ["-c", "cat; echo err-\(index) >&2; exit \(index)"], input: Array("in-\(index)".utf8))
                    return (index, try await launcher.run(command))
                }
            }
            for try await (index, output) in group {
                #expect(output.termination == .exited(Int32(index)))
                #expect(output.text == "in-\(index)")
                #expect(output.errorText == "err-\(index)")
            }
        }
    }

    /// A program that was written a moment ago may be open for writing in a child that another thread is starting.
    @Test func aProgramThatWasJustWrittenRuns() async throws {
        let folder = try TemporaryFolder()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<40 {
                group.addTask {
                    let path = "\(folder.path)/program-\(index)"
                    try TestFile.write(Array("#!/bin/sh\necho \(index)\n".utf8), to: path, isProgram: true)
                    #expect(try await launcher.run(Command(path, [])).text == "\(index)")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func aFileThatIsNoProgramSaysSo() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/program"
        try TestFile.write([0, 1, 2], to: path, isProgram: true)
        let error = await #expect(throws: LaunchError.self) { try await launcher.run(Command(path, [])) }
        guard case .failed(path, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test func killingAllLetsLaterProgramsRun() async throws {
        launcher.killAll()
        #expect(try await launcher.run(Command("true", [])).termination == .exited(0))
    }
}
