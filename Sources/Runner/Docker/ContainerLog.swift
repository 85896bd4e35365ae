/// Reads the log of one container over its restarts, each line once. Pure: lines in, texts out.
///
/// The two streams arrive over two pipes, so that each is in order and both together are not: each has a place of its
/// own to go on from.
struct ContainerLog: Sendable {
    private var standardOutput = LogCursor()
    private var standardError = LogCursor()
    /// No line up to this time is to come; `nil` is the beginning.
    private var start: String?
    /// Where each stream was at that time.
    private var standardOutputAtStart: String?
    private var standardErrorAtStart: String?
    private var hasBegun = false
    private let firstOptions: [String]

    /// - Parameters:
    ///   - oldOptions: what `docker logs` is told of one that ran before devloop came, to show only its last lines;
    ///     `nil` for one that is new.
    ///   - time: the daemon's time now.
    init(oldOptions: [String]?, time: String) {
        firstOptions = oldOptions ?? []
        start = oldOptions == nil ? nil : time
    }

    /// A reader begins: what `docker logs` is told.
    mutating func begin() -> [String] {
        standardOutput.beginAgain()
        standardError.beginAgain()
        defer { hasBegun = true }
        guard hasBegun else { return firstOptions }
        let hasMoved =
            standardOutput.resumeFrom != standardOutputAtStart && standardError.resumeFrom != standardErrorAtStart
        let since =
            hasMoved ? [standardOutput, standardError].compactMap(\.resumeFrom).min() : start
        return since.map { ["--since=\($0)"] } ?? []
    }

    /// The reader has ended with the container: both streams were read to their ends.
    mutating func finish() {
        (standardOutputAtStart, standardErrorAtStart) = (standardOutput.resumeFrom, standardError.resumeFrom)
        start = [standardOutput, standardError].compactMap(\.resumeFrom).max() ?? start
    }

    /// The text to show; `nil` for a line that was shown, or that is docker's own.
    mutating func accept(_ line: [UInt8], from source: OutputSource) -> [UInt8]? {
        guard LogCursor.endOfTime(line[...]) != nil else { return nil }
        let text =
            switch source {
            case .standardOutput: standardOutput.accept(line)
            case .standardError: standardError.accept(line)
            }
        return text.map(Self.joined)
    }

    /// The daemon cuts a line into parts of this many bytes.
    private static let partLength = 16 << 10

    /// A long line as its container wrote it: `docker logs --timestamps` puts the time before each part.
    private static func joined(_ text: [UInt8]) -> [UInt8] {
        guard text.count > partLength else { return text }
        var result: [UInt8] = []
        var rest = text[...]
        while true {
            result += rest.prefix(partLength)
            rest = rest.dropFirst(partLength)
            guard !rest.isEmpty else { return result }
            if let blank = LogCursor.endOfTime(rest) { rest = rest[(blank + 1)...] }
        }
    }
}
