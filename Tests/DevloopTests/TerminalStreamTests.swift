import Runner
import Synchronization
import Testing

@testable import devloop

struct TerminalStreamTests {
    /// Keeps what the terminal hands over, a line of text for each call.
    private final class Recorder: OutputSink {
        struct Entry: Equatable, Sendable {
            var stream: StandardStream
            var text: String
            var waits = false
        }

        private let recorded = Mutex<[Entry]>([])
        var entries: [Entry] { recorded.withLock { $0 } }

        func write(_ bytes: [UInt8], to stream: StandardStream, waits: Bool) {
            recorded.withLock {
                $0.append(Entry(stream: stream, text: String(decoding: bytes, as: UTF8.self), waits: waits))
            }
        }
        func stopWaiting() {}
        func flush(atMost _: Duration) -> Bool { true }
    }

    private func entries(
        _ verbosity: Verbosity, columns: Int? = nil, _ say: (Terminal) -> Void
    ) -> [Recorder.Entry] {
        let recorder = Recorder()
        say(Terminal(appearance: Appearance(), verbosity: verbosity, sink: recorder, columns: { _ in columns }))
        return recorder.entries
    }

    @Test(arguments: [Verbosity.quiet, .normal, .verbose])
    func verbosityDecidesWhatIsPrintedAndTheKindWhere(verbosity: Verbosity) {
        let said = entries(verbosity) { terminal in
            terminal.log(service: "posts", line: Array("hello".utf8))
            terminal.status("building")
            terminal.result("sha256:1")
            terminal.warning("odd")
            terminal.error("broken")
            terminal.command(Command("docker", ["build", "a b"]))
        }
        var expected: [Recorder.Entry] = [.init(stream: .output, text: "posts │ hello\n", waits: true)]
        if verbosity != .quiet { expected.append(.init(stream: .output, text: "· building\n")) }
        expected += [
            .init(stream: .output, text: "sha256:1\n"), .init(stream: .error, text: "! odd\n"),
            .init(stream: .error, text: "✗ broken\n"),
        ]
        if verbosity == .verbose { expected.append(.init(stream: .error, text: "+ docker build 'a b'\n")) }
        #expect(said == expected)
    }

    @Test func linesThatComeAtOnceStayTogetherInOneWrite() {
        let said = entries(.normal) { $0.log(service: "a", lines: [[0x31], [0x32], [0x33]]) }
        #expect(said == [.init(stream: .output, text: "a │ 1\na │ 2\na │ 3\n", waits: true)])
    }

    @Test func theColumnFollowsTheServicesThatAreThereNow() {
        let said = entries(.normal) { terminal in
            terminal.setServices(["event-bus", "a"])
            terminal.log(service: "a", line: [0x31])
            terminal.setServices(["a"])
            terminal.log(service: "a", line: [0x32])
        }
        #expect(said.map(\.text) == ["a         │ 1\n", "a │ 2\n"])
    }

    @Test func errorsOfTheConfigurationAreLinesThatEditorsJumpTo() {
        let error = ConfigurationError(
            file: "devloop.json",
            problems: [
                .init(position: TextPosition(line: 2, column: 3), keyPath: "a\u{1B}", message: "bad"),
                .init(position: nil, keyPath: "", message: "worse"),
            ], advice: "one\ntwo")
        let said = entries(.quiet) { $0.error(error) }
        let text = "devloop.json:2:3: a^[: bad\ndevloop.json: worse\n  one\n  two\n"
        #expect(said == [.init(stream: .error, text: text)])
    }

    @Test func aUsageErrorIsOneLineAndNoArgumentsAreAnsweredWithTheHelp() {
        #expect(
            entries(.normal) { $0.error(UsageError.invalid("unknown\noption")) }
                == [.init(stream: .error, text: "devloop: unknown^Joption\n")])
        #expect(
            entries(.normal) { $0.error(UsageError.empty) }
                == [.init(stream: .error, text: Help.text())])
    }

    @Test func lastLinesThatCameLateSayWhoseTheyAre() {
        let problem = WorkloadProblem(
            state: "Error", summary: "container app died: exit code 3", cause: "", lastLines: ["bye"], advice: "")
        let said = entries(.quiet) { $0.say(.lastLines(problem, of: "posts")) }
        #expect(
            said == [
                .init(
                    stream: .error, text: "✗ posts: container app died: exit code 3; its last line:\n  │   bye\n")
            ])
    }

    @Test(arguments: [Verbosity.quiet, .normal])
    func aProblemSaysWhatWhyAndWhatToDoIn80Columns(_ verbosity: Verbosity) {
        let problem = WorkloadProblem(
            state: "OOMKilled", summary: "container app used more memory than its limit of 16Mi",
            cause:
                "pod posts-bc656cc85-6qvw7: OOMKilled, exit code 137, restarted 1 time; kubelet waits longer\nand more",
            lastLines: ["eating", "\u{1B}[2Jmore"], advice: "use less memory")
        let said = entries(verbosity, columns: 80) { $0.say(.problem(problem, of: "posts")) }
        let text = """
            ✗ posts: OOMKilled: container app used more memory than its limit of 16Mi
              │ pod posts-bc656cc85-6qvw7: OOMKilled, exit code 137, restarted 1 time;
              │ kubelet waits longer
              │ and more
              │ its last 2 lines:
              │   eating
              │   more
              use less memory

            """
        #expect(said == [.init(stream: .error, text: text)])
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func whatIsSaidGoesOnBelowItsBeginningOnAScreenAndNotInAFile() {
        let say = { (terminal: Terminal) in
            terminal.setServices(["a"])
            terminal.status("one two three four")
            terminal.warning("one two three four")
            terminal.success("one two three four")
            terminal.error("one two three four", details: ["left as it is"], advice: "five six seven eight")
            terminal.log(service: "a", line: Array("left as it is".utf8))
            terminal.result("left as it is")
        }
        let long = ["· one two three four", "! one two three four", "✓ one two three four"].map { $0 + "\n" }
        let broken = long.map { $0.replacing(" three", with: "\n  three") }
        let rest = ["a │ left as it is\n", "left as it is\n"]
        let details = "  │ left as it is\n"
        #expect(
            entries(.normal, columns: 12, say).map(\.text)
                == broken + ["✗ one two\n  three four\n\(details)  five six\n  seven\n  eight\n"] + rest)
        #expect(
            entries(.normal, say).map(\.text)
                == long + ["✗ one two three four\n\(details)  five six seven eight\n"] + rest)
    }

    @Test func theWidthIsAskedForEachTime() {
        let widths = Mutex([8, 80])
        let recorder = Recorder()
        let terminal = Terminal(
            appearance: Appearance(), sink: recorder, columns: { _ in widths.withLock { $0.removeFirst() } })
        terminal.status("one two")
        terminal.status("one two")
        #expect(recorder.entries.map(\.text) == ["· one\n  two\n", "· one two\n"])
    }

    @Test func whatIsOverIsWithdrawnByName() {
        #expect(
            entries(.quiet) { $0.say(.recovered("posts", from: ["ErrImagePull", "Unhealthy"])) }
                == [.init(stream: .error, text: "✓ posts is well again (ErrImagePull, Unhealthy)\n")])
    }

    @Test(arguments: [
        ("", [""]), ("     ", ["     "]), ("one", ["one"]), ("one two", ["one", "two"]), ("a b c d", ["a b", "c d"]),
        ("much-too-long a b", ["much-too-long", "a b"]), ("  a  ", ["a"]),
    ]) func proseIsBrokenAtBlanks(_ text: String, _ lines: [String]) {
        #expect(text.wrapped(inside: 4) == lines)
        #expect(text.wrapped(inside: nil) == [text])
    }
}
