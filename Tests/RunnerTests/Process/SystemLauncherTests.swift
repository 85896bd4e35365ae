import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct SystemLauncherTests {
    private let launcher = SystemLauncher(
        environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "KEPT": "yes"], grace: .milliseconds(300))

    private func shell(_ script: String, input: [UInt8]? = nil) -> Command {
        Command("sh", ["-c", script], input: input)
    }

    /// The lines of a command, in order, by stream.
    private func lines(_ command: Command) async throws -> [OutputSource: [String]] {
        let lines = Mutex<[OutputSource: [String]]>([:])
        _ = try await launcher.run(
            command,
            output: .lines { source, line in
                lines.withLock { $0[source, default: []].append(String(decoding: line, as: UTF8.self)) }
            })
        return lines.withLock { $0 }
    }

    @Test func bothStreamsAreCollectedApart() async throws {
        let output = try await launcher.run(shell("echo out; echo err >&2"))
        #expect(output.termination == .exited(0))
        #expect(output.text == "out")
        #expect(output.errorText == "err")
    }

    @Test func aSocketIsInputAndOutput() async throws {
        let (ours, theirs) = try #require(LocalSocket.pair())
        #expect(LocalSocket.send(Array("hello\n".utf8), to: ours))
        let command = Command("sh", ["-c", "read line; echo \"got $line\"; echo said >&2"], socket: theirs)
        let output = try await launcher.run(command)
        #expect(output.standardOutput == [])
        #expect(output.errorText == "said")
        // The program had it, and no other: where it and who made it have closed it, it has ended.
        _ = Glue.close(theirs)
        #expect(Glue.readToEnd(ours) == Array("got hello\n".utf8))
        _ = Glue.close(ours)
    }

    @Test(arguments: [0, 1, 42, 255]) func anExitStatusIsAResult(_ status: Int32) async throws {
        #expect(try await launcher.run(shell("exit \(status)")).termination == .exited(status))
    }

    @Test func aSignalIsAResult() async throws {
        #expect(try await launcher.run(shell("kill -9 $$")).termination == .signalled(9))
    }

    @Test func argumentsReachTheProgramAsTheyAre() async throws {
        let arguments = ["a b", "", "$HOME", "'", "ü", "-n", "line\nline"]
        let output = try await launcher.run(Command("printf", ["%s|"] + arguments))
        #expect(String(decoding: output.standardOutput, as: UTF8.self) == arguments.map { $0 + "|" }.joined())
    }

    @Test func theEnvironmentIsTheLaunchersWithTheCommandsOverIt() async throws {
        var command = shell("echo $KEPT $ADDED")
        command.environment = ["ADDED": "too"]
        #expect(try await launcher.run(command).text == "yes too")
    }

    @Test func aMissingProgramIsNamed() async throws {
        await #expect(throws: LaunchError.notFound("no-such-program")) {
            try await launcher.run(Command("no-such-program", []))
        }
        let folder = try TemporaryFolder()
        let file = "\(folder.path)/no-program"
        try TestFile.write([], to: file)
        await #expect(throws: LaunchError.notFound(file)) { try await launcher.run(Command(file, [])) }
    }

    @Test func inputLargerThanAPipeReachesTheProgram() async throws {
        let input = [UInt8](repeating: UInt8(ascii: "x"), count: 5_000_000)
        #expect(try await launcher.run(shell("wc -c", input: input)).text == "5000000")
    }

    @Test func withoutInputAProgramReadsTheEndAtOnce() async throws {
        #expect(try await launcher.run(Command("cat", [])).standardOutput == [])
    }

    @Test func linesThatComeInPiecesAreHandedOverWhole() async throws {
        let lines = try await lines(shell("printf 'one\\ntw'; printf 'o\\r\\n\\n\\303'; printf '\\274 end'"))
        #expect(lines[.standardOutput] == ["one", "two", "", "ü end"])
    }

    @Test func aLineOfAMegabyteSurvives() async throws {
        let lines = try await lines(shell("head -c 1048576 /dev/zero | tr '\\0' x; echo; echo after"))
        #expect(lines[.standardOutput]?.map(\.count) == [1_048_576, 5])
    }

    @Test func aFloodLosesNothingAndKeepsItsOrder() async throws {
        let next = Mutex(1)
        _ = try await launcher.run(
            Command("seq", ["200000"]),
            output: .lines { _, line in
                next.withLock { if String(decoding: line, as: UTF8.self) == String($0) { $0 += 1 } }
            })
        #expect(next.withLock { $0 } == 200_001)
    }

    /// The program can't get further ahead of the handler than a pipe and a read hold.
    @Test func aHandlerThatBlocksMakesTheProgramWait() async throws {
        let folder = try TemporaryFolder()
        let script = "i=0; while [ $i -lt 20000 ]; do echo 0123456789012345; i=$((i+1)); done; : >'\(folder.path)/done'"
        let count = Atomic(0)
        let sawItDone = Atomic(false)
        _ = try await launcher.run(
            shell(script),
            output: .lines { _, _ in
                // 340 kB in all: with the first lines unread, the program can't be done.
                if count.add(1, ordering: .relaxed).newValue == 100, access("\(folder.path)/done", F_OK) == 0 {
                    sawItDone.store(true, ordering: .relaxed)
                }
            })
        let (total, wasDone) = (count.load(ordering: .relaxed), sawItDone.load(ordering: .relaxed))
        #expect(total == 20000)
        #expect(!wasDone)
    }

    @Test func cancellingEndsTheProgramAndWhatItStarted() async throws {
        let lifeline = try Lifeline()
        let ready = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await launcher.run(
                shell("\(lifeline.hold); sh -c 'echo; exec sleep 1000' & echo; wait"),
                output: .lines { _, _ in ready.continuation.yield() })
        }
        var iterator = ready.stream.makeAsyncIterator()
        await iterator.next()
        await iterator.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await lifeline.end()
    }

    @Test func aProgramThatIgnoresTheRequestToEndIsKilledAfterTheGrace() async throws {
        let ready = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await launcher.run(
                shell("trap '' TERM INT HUP; echo ready; while :; do sleep 1000; done"),
                output: .lines { _, _ in ready.continuation.yield() })
        }
        var iterator = ready.stream.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aTaskThatIsCancelledBeforeItBeginsStartsNothing() async throws {
        let folder = try TemporaryFolder()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await launcher.run(shell(": >'\(folder.path)/started'"))
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(access("\(folder.path)/started", F_OK) == -1)
    }

    @Test func whatAProgramLeavesBehindInItsGroupEndsWithIt() async throws {
        let lifeline = try Lifeline()
        _ = try await launcher.run(shell("\(lifeline.hold); sleep 1000 &"))
        await lifeline.end()
    }

    #if os(Linux)
        @Test func aDaemonThatHoldsThePipesDoesNotHoldUpTheResult() async throws {
            let output = try await launcher.run(shell("setsid sleep 30 & echo $!"))
            let pid = try #require(pid_t(output.text))
            kill(pid, SIGKILL)
        }

        @Test func signalsAreAtTheirDefaultsInAChild() async throws {
            let status = try await launcher.run(Command("cat", ["/proc/self/status"])).text
            for field in ["SigBlk", "SigIgn"] {
                let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(field) })
                // 32 and 33 are the C library's own.
                let mask = try #require(UInt64(line.suffix(16), radix: 16)) & 0x7FFF_FFFF
                #expect(mask == 0, "\(line)")
            }
        }

        @Test func noDescriptorOfOursReachesAChild() async throws {
            // What this process has open to its children is not the launcher's: what it was started with, and what
            // other tests open. 3 is the folder that ls reads.
            let inherited = { (0..<4096).filter { fcntl($0, F_GETFD) != -1 && fcntl($0, F_GETFD) & FD_CLOEXEC == 0 } }
            let before = inherited()
            let listings = try await withThrowingTaskGroup(of: String.self, returning: [String].self) { group in
                for _ in 0..<40 {
                    group.addTask { try await launcher.run(shell("ls /proc/self/fd", input: [1, 2, 3])).text }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let allowed = Set(before + inherited() + [0, 1, 2, 3])
            for listing in listings {
                let open = Set(listing.split(separator: "\n").compactMap { Int32($0) })
                #expect(open.subtracting(allowed).count <= 1, "\(open.sorted()) of \(allowed.sorted())")
            }
        }
    #endif

    @Test func killAllEndsEverythingAtOnce() async throws {
        let ready = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await launcher.run(
                shell("trap '' TERM; echo ready; while :; do sleep 1000; done"),
                output: .lines { _, _ in ready.continuation.yield() })
        }
        var iterator = ready.stream.makeAsyncIterator()
        await iterator.next()
        launcher.killAll()
        #expect(try await task.value.termination == .signalled(SIGKILL))
    }

    @Test func theCommandIsToldBeforeItRuns() async throws {
        let told = Mutex<[String]>([])
        let launcher = SystemLauncher(
            environment: ["PATH": "/usr/bin:/bin"],
            onStart: { command in
                told.withLock { $0.append(command.description) }
            })
        _ = try await launcher.run(Command("true", ["a b", "c"]))
        #expect(told.withLock { $0 } == ["true 'a b' c"])
    }
}
