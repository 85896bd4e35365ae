import Synchronization
import Testing

@testable import Runner

/// A stand-in for the programs outside: it answers what a test expects, records what was run, and fails the test on
/// commands that nobody expected and on expectations that nothing met.
final class RecordingLauncher: CommandRunning {
    /// What a program does when it is run.
    struct Answer: Sendable {
        var output: CommandOutput
        /// Lines for a handler, from standard output and standard error.
        var lines: [(OutputSource, String)] = []
        /// Whether it runs until it is cancelled.
        var hangs = false
        var error: LaunchError?

        static func prints(_ text: String = "") -> Answer {
            Answer(
                output: CommandOutput(termination: .exited(0), standardOutput: Array(text.utf8)),
                lines: text.split(separator: "\n").map { (.standardOutput, String($0)) })
        }

        static func fails(_ text: String, status: Int32 = 1) -> Answer {
            Answer(
                output: CommandOutput(termination: .exited(status), standardError: Array(text.utf8)),
                lines: text.split(separator: "\n").map { (.standardError, String($0)) })
        }

        /// What the Docker Engine answers to a request of its API.
        static func engine(_ status: Int, _ body: String = "{}") -> Answer {
            prints("HTTP/1.1 \(status) \r\n\r\n\(body)\n")
        }

        static func hangs(printing text: String = "") -> Answer {
            var answer = prints(text)
            answer.hangs = true
            return answer
        }

        static func isMissing(_ name: String) -> Answer {
            Answer(output: CommandOutput(termination: .exited(127)), error: .notFound(name))
        }
    }

    private struct Shared {
        var expected: [(start: String, answer: Answer)] = []
        var commands: [Command] = []
        var waiting: [(start: String, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let shared = Mutex(Shared())

    /// Expects one command whose line begins like this: `docker ps`, or `POST /containers/create` for a request to the
    /// Docker Engine, which says yes.
    func expect(_ start: String, _ answer: Answer? = nil) {
        let isRequest = start.hasPrefix("POST") || start.hasPrefix("HEAD")
        shared.withLock { $0.expected.append((start, answer ?? (isRequest ? .engine(200) : .prints()))) }
    }

    /// The commands that were run, in their order.
    var commands: [Command] { shared.withLock { $0.commands } }

    /// The commands' first words, as many as tell them apart, without a request's query.
    func summaries(words: Int = 2) -> [String] {
        commands.map { command in
            Self.line(command).split(separator: " ").prefix(words)
                .map { $0.prefix { $0 != "?" } }.joined(separator: " ")
        }
    }

    /// Returns once a command that begins like this has been run.
    func started(_ start: String) async {
        await withCheckedContinuation { continuation in
            let isDone = shared.withLock { shared in
                if shared.commands.contains(where: { Self.line($0).hasPrefix(start) }) { return true }
                shared.waiting.append((start, continuation))
                return false
            }
            if isDone { continuation.resume() }
        }
    }

    /// Fails the test if something that was expected did not happen.
    func verify(sourceLocation: SourceLocation = #_sourceLocation) {
        let left = shared.withLock { $0.expected.map(\.start) }
        #expect(left == [], "expected and not run", sourceLocation: sourceLocation)
    }

    func run(_ command: Command, output: OutputHandling) async throws -> CommandOutput {
        try Task.checkCancellation()
        let line = Self.line(command)
        let (answer, waiting) = shared.withLock { shared in
            shared.commands.append(command)
            let index = shared.expected.firstIndex { line.hasPrefix($0.start) }
            let waiting = shared.waiting.filter { line.hasPrefix($0.start) }
            shared.waiting.removeAll { line.hasPrefix($0.start) }
            return (index.map { shared.expected.remove(at: $0).answer }, waiting)
        }
        for waiter in waiting { waiter.continuation.resume() }
        guard let answer else {
            Issue.record("nobody expected: \(command)")
            throw LaunchError.failed(command.executable, "nobody expected it")
        }
        if let error = answer.error { throw error }
        if case .lines(let handler) = output {
            for (source, text) in answer.lines { handler(source, Array(text.utf8)) }
        }
        if case .pieces(let handler) = output {
            for (source, text) in answer.lines { Array("\(text)\n".utf8).withUnsafeBytes { handler(source, $0) } }
        }
        if answer.hangs {
            let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
            await withTaskCancellationHandler {
                for await _ in stream {}
            } onCancel: {
                continuation.finish()
            }
        }
        try Task.checkCancellation()
        return answer.output
    }

    private static func line(_ command: Command) -> String {
        command.purpose ?? ([command.executable] + command.arguments).joined(separator: " ")
    }
}
