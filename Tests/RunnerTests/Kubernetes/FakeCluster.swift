import Synchronization
import Testing

@testable import Runner

/// The reading side of a cluster, which answers as a test says, records what it was asked, and fails the test on what
/// nobody expected.
final class FakeCluster: ClusterReading {
    /// What comes of a question.
    struct Answer: Sendable {
        enum Ending: Sendable {
            case complete
            /// It never ends by itself.
            case hangs
            case fails(ReadFailure)
        }

        /// What is sent, each part for itself.
        var parts: [String] = []
        var ending = Ending.complete
        /// It begins to answer when this is opened.
        var gate: Gate?
        /// What it sends after ``parts``, as the test tells it.
        var feed: Feed?
        /// Where a question that is asked again gets another answer: the rest of them, the last one for good.
        var next: [Answer] = []

        static func says(_ lines: String..., then ending: Ending = .complete, at gate: Gate? = nil) -> Answer {
            Answer(parts: lines.map { "\($0)\n" }, ending: ending, gate: gate)
        }

        /// A document.
        static func json(_ json: JSONValue) -> Answer { Answer(parts: [json.description]) }

        static func fails(_ said: String, isOutage: Bool = false) -> Answer {
            Answer(ending: .fails(ReadFailure(said, isOutage: isOutage)))
        }

        static func feed(_ feed: Feed) -> Answer { Answer(feed: feed) }

        static func inTurn(_ first: Answer, _ others: Answer...) -> Answer {
            var answer = first
            answer.next = others
            return answer
        }
    }

    /// What a watch tells, when the test says so. Watches that follow each other share it.
    final class Feed: Sendable {
        fileprivate enum Item: Sendable {
            case text(String)
            case end
        }

        fileprivate let items = Inbox<Item>(limit: 10000)

        func tell(_ text: String) async { await items.send(.text(text)) }

        /// The server ends the watch that is running.
        func endWatch() async { await items.send(.end) }
    }

    /// Something to wait for.
    final class Gate: Sendable {
        private let isOpen = Latest(false)

        func open() { isOpen.set(true) }

        fileprivate func wait() async {
            while case let (isOpen, version) = isOpen.current, !isOpen, !Task.isCancelled {
                await self.isOpen.changed(since: version)
            }
        }
    }

    private struct Shared {
        var routes: [(pattern: String, answer: Answer)]
        var asked: [String] = []
    }

    let context = "lab"
    private let shared: Mutex<Shared>
    private let changes = Latest(())

    /// - Parameter routes: for each question, as ``ClusterQuery`` describes it and with `*` for any text, its answer; the
    ///   first that fits.
    init(_ routes: KeyValuePairs<String, Answer> = [:]) {
        shared = Mutex(Shared(routes: routes.map { ($0.key, $0.value) }))
    }

    /// Answers another question from now on.
    func answer(_ pattern: String, _ answer: Answer) {
        shared.withLock { $0.routes.insert((pattern, answer), at: 0) }
    }

    /// Answers a question that nothing else answers.
    func answerElse(_ pattern: String, _ answer: Answer) {
        shared.withLock { $0.routes.append((pattern, answer)) }
    }

    /// What was asked, in order.
    var asked: [String] { shared.withLock { $0.asked } }

    /// What was asked that fits a pattern, once it is so many.
    @discardableResult
    func asked(_ count: Int, _ pattern: String = "*") async -> [String] {
        while true {
            let version = changes.current.version
            let fitting = asked.filter { Self.fits($0, pattern) }
            if fitting.count >= count || Task.isCancelled { return fitting }
            await changes.changed(since: version)
        }
    }

    func read(
        _ query: ClusterQuery, onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    ) async throws -> ClusterAnswer {
        try Task.checkCancellation()
        let line = query.description
        let found = shared.withLock { shared -> Answer? in
            shared.asked.append(line)
            guard let index = shared.routes.firstIndex(where: { Self.fits(line, $0.pattern) }) else { return nil }
            let answer = shared.routes[index].answer
            if let next = answer.next.first {
                shared.routes[index].answer = next
                shared.routes[index].answer.next = Array(answer.next.dropFirst())
            }
            return answer
        }
        changes.set(())
        guard let answer = found else {
            Issue.record("nobody expected: \(line)")
            return ClusterAnswer(failure: ReadFailure("nobody expected it"), hasBegun: false)
        }
        await answer.gate?.wait()
        var body: [UInt8] = []
        for part in answer.parts { await Self.hand(part, to: onPiece, &body) }
        while let item = await answer.feed?.items.next(), case .text(let text) = item {
            await Self.hand(text, to: onPiece, &body)
        }
        if case .hangs = answer.ending { await Gate().wait() }
        try Task.checkCancellation()
        guard case .fails(let failure) = answer.ending else { return ClusterAnswer(body: body) }
        return ClusterAnswer(body: body, failure: failure, hasBegun: !answer.parts.isEmpty)
    }

    /// On a thread of its own, since it may be held up there.
    private static func hand(
        _ text: String, to onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?, _ body: inout [UInt8]
    ) async {
        guard let onPiece else { return body += text.utf8 }
        await PosixThread.run { Array(text.utf8).withUnsafeBytes(onPiece) }
    }

    private static func fits(_ text: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return text == pattern }
        guard text.hasPrefix(first) else { return false }
        var rest = text.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.range(of: String(part)) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}
