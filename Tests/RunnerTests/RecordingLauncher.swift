import Synchronization
import Testing

@testable import Runner

/// A stand-in for the programs outside and for the Docker Engine: it answers what a test expects, records what was run
/// and asked, and fails the test on what nobody expected and on expectations that nothing met.
final class RecordingLauncher: CommandRunning, EngineAsking {
    /// What a program does when it is run, or the engine when it is asked.
    struct Answer: Sendable {
        var output: CommandOutput
        /// Lines for a handler, from standard output and standard error.
        var lines: [(OutputSource, String)] = []
        /// Whether it runs until it is cancelled.
        var hangs = false
        var response = HTTPResponse(ending: .cut)
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
        static func engine(
            _ status: Int, _ body: String = "{}", headers: [String: String] = [:], hangs: Bool = false
        ) -> Answer {
            engine(status, Array(body.utf8), headers: headers, hangs: hangs)
        }

        static func engine(
            _ status: Int, _ body: [UInt8], headers: [String: String] = [:], hangs: Bool = false
        ) -> Answer {
            var answer = prints()
            answer.hangs = hangs
            answer.response = HTTPResponse(
                head: HTTPHead(status: status, headers: headers), body: body, ending: .complete)
            return answer
        }

        /// What a container wrote to its standard output, in frames.
        static func log(_ lines: String..., hangs: Bool = false) -> Answer {
            engine(200, lines.flatMap { LogFrame(1, "\($0)\n").bytes }, hangs: hangs)
        }

        /// An engine that can't be reached, or goes away.
        static func isAway(_ ending: HTTPResponse.Ending) -> Answer {
            var answer = prints()
            answer.response = HTTPResponse(ending: ending)
            return answer
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
        var requests: [EngineRequest] = []
        /// Both, in their order.
        var lines: [String] = []
        var waiting: [(start: String, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let shared = Mutex(Shared())

    /// Expects one command whose line begins like this: `docker ps`, or `POST /containers/create` for a request to the
    /// Docker Engine, which says yes.
    func expect(_ start: String, _ answer: Answer? = nil) {
        let isRequest = ["POST", "HEAD", "GET"].contains(where: start.hasPrefix)
        shared.withLock { $0.expected.append((start, answer ?? (isRequest ? .engine(200) : .prints()))) }
    }

    /// The commands that were run, in their order.
    var commands: [Command] { shared.withLock { $0.commands } }

    /// What the engine was asked, in order.
    var requests: [EngineRequest] { shared.withLock { $0.requests } }

    /// The first words of commands and requests, as many as tell them apart, without a request's query.
    func summaries(words: Int = 2) -> [String] {
        shared.withLock { $0.lines }.map { line in
            line.split(separator: " ").prefix(words).map { $0.prefix { $0 != "?" } }.joined(separator: " ")
        }
    }

    /// Returns once a command or a request that begins like this has been seen.
    func started(_ start: String) async {
        await withCheckedContinuation { continuation in
            let isDone = shared.withLock { shared in
                if shared.lines.contains(where: { $0.hasPrefix(start) }) { return true }
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
        let answer = answer(to: ([command.executable] + command.arguments).joined(separator: " ")) {
            $0.commands.append(command)
        }
        guard let answer else { throw LaunchError.failed(command.executable, "nobody expected it") }
        if let error = answer.error { throw error }
        if case .lines(let handler) = output {
            for (source, text) in answer.lines { handler(source, Array(text.utf8)) }
        }
        if case .pieces(let handler) = output {
            for (source, text) in answer.lines { Array("\(text)\n".utf8).withUnsafeBytes { handler(source, $0) } }
        }
        if answer.hangs { await Self.hang() }
        try Task.checkCancellation()
        return answer.output
    }

    func ask(
        _ request: EngineRequest, onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    ) async throws -> EngineAnswer {
        try Task.checkCancellation()
        let answer = answer(to: "\(request)") { $0.requests.append(request) }
        guard var response = answer?.response else { return EngineAnswer(failure: "nobody expected it") }
        if let onPiece, response.head?.isSuccess == true {
            response.body.withUnsafeBytes(onPiece)
            response.body = []
        }
        if answer?.hangs == true { await Self.hang() }
        try Task.checkCancellation()
        return EngineAnswer(response, host: "unix:///docker.sock")
    }

    private func answer(to line: String, _ record: (inout Shared) -> Void) -> Answer? {
        let (answer, waiting) = shared.withLock { shared in
            record(&shared)
            shared.lines.append(line)
            let index = shared.expected.firstIndex { line.hasPrefix($0.start) }
            let waiting = shared.waiting.filter { line.hasPrefix($0.start) }
            shared.waiting.removeAll { line.hasPrefix($0.start) }
            return (index.map { shared.expected.remove(at: $0).answer }, waiting)
        }
        for waiter in waiting { waiter.continuation.resume() }
        if answer == nil { Issue.record("nobody expected: \(line)") }
        return answer
    }

    private static func hang() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        await withTaskCancellationHandler {
            for await _ in stream {}
        } onCancel: {
            continuation.finish()
        }
    }
}

/// A message of a container's log, as the engine sends it.
struct LogFrame {
    let bytes: [UInt8]

    init(_ stream: UInt8, _ text: String) { self.init(stream, bytes: Array(text.utf8)) }

    init(_ stream: UInt8, bytes message: [UInt8]) {
        bytes = [stream, 0, 0, 0] + [24, 16, 8, 0].map { UInt8(message.count >> $0 & 0xFF) } + message
    }
}
