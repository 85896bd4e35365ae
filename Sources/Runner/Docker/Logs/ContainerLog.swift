/// Reads the log of one container over its restarts, each line once. Pure: lines in, texts out.
///
/// Each of the two streams is in the order of its times and both together are not: each has a place of its own to go on
/// from.
struct ContainerLog: Sendable {
    private var standardOutput = LogCursor()
    private var standardError = LogCursor()
    /// No line up to this time is to come; `nil` is the beginning.
    private var start: EngineTime?
    /// Where each stream was at that time.
    private var standardOutputAtStart: String?
    private var standardErrorAtStart: String?
    private var hasBegun = false
    private let first: EngineLogStart

    /// - Parameters:
    ///   - oldStart: where the log of one that ran before devloop came is begun, to show only its last lines; `nil` for
    ///     one that is new.
    ///   - time: the engine's time now.
    init(oldStart: EngineLogStart?, time: EngineTime?) {
        first = oldStart ?? .beginning
        start = oldStart == nil ? nil : time
    }

    /// A reader begins.
    /// - Returns: where.
    mutating func begin() -> EngineLogStart {
        standardOutput.beginAgain()
        standardError.beginAgain()
        defer { hasBegun = true }
        guard hasBegun else { return first }
        let hasMoved =
            standardOutput.resumeFrom != standardOutputAtStart && standardError.resumeFrom != standardErrorAtStart
        let time =
            hasMoved ? [standardOutput, standardError].compactMap(\.resumeFrom).min().flatMap(EngineTime.init) : start
        return time.map { .time($0) } ?? .beginning
    }

    /// A reader of what is left begins, after one that followed has ended with the container. One that follows may not be
    /// told of last words without a newline. They come at the end, whatever the other stream had to say in that second.
    /// - Returns: where.
    mutating func beginRest() -> EngineLogStart {
        finish()
        let next = begin()
        return start.map { .time(EngineTime(seconds: $0.seconds - 1)) } ?? next
    }

    /// The reader has ended with the container: both streams were read to their ends.
    mutating func finish() {
        (standardOutputAtStart, standardErrorAtStart) = (standardOutput.resumeFrom, standardError.resumeFrom)
        start = [standardOutput, standardError].compactMap(\.resumeFrom).max().flatMap(EngineTime.init) ?? start
    }

    /// The texts to show: none for a line that was shown, or that is the engine's own.
    /// - Parameter now: seconds since 1970; only tests give another one than this machine's.
    mutating func accept(_ line: [UInt8], from source: OutputSource, now: Int = LogTime.now) -> [[UInt8]] {
        Self.lines(in: line, now: now).compactMap { line in
            guard LogCursor.endOfTime(line) != nil else { return nil }
            let text =
                switch source {
                case .standardOutput: standardOutput.accept(Array(line))
                case .standardError: standardError.accept(Array(line))
                }
            return text.map(Self.joined)
        }
    }

    /// Where a run's last words end without a newline, the engine sends the next run's first line right behind them. That
    /// one's time is later than theirs and has been; a time that the program itself wrote is neither, but by chance.
    private static func lines(in line: [UInt8], now: Int) -> [ArraySlice<UInt8>] {
        guard let blank = LogCursor.endOfTime(line[...]), blank == LogTime.length else { return [line[...]] }
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        var index = blank + 1
        while let end = line[index...].firstIndex(of: UInt8(ascii: "Z")) {
            index = end + 1
            let begin = index - LogTime.length
            guard begin > start + LogTime.length, index < line.count, line[index] == 0x20,
                let seconds = LogTime.seconds(line[begin..<index]), seconds <= now + LogTime.tolerance,
                line[start..<(start + LogTime.length)].lexicographicallyPrecedes(line[begin..<index])
            else { continue }
            lines.append(line[start..<begin])
            start = begin
        }
        return lines + [line[start...]]
    }

    /// The daemon cuts a line into parts of this many bytes.
    private static let partLength = 16 << 10

    /// A long line as its container wrote it: the engine puts the time before each part.
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
