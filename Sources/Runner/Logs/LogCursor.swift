/// Remembers how far a log was shown, so that a reader that has to begin again shows each line once and leaves none out.
///
/// Lines come as `docker logs --timestamps` and `kubectl logs --timestamps` print them: the time (RFC 3339, in
/// nanoseconds), a blank, the text. Both can only begin again at a time, not at a line, and kubectl only at a whole
/// second. So a reader that begins again has to come upon the last line that was shown: what follows it in the log is
/// new, whatever its time. Where later lines come and that one doesn't, it is another log, and something may be missing.
package struct LogCursor: Sendable {
    /// What a line is to somebody who has seen the lines before.
    enum Verdict: Equatable {
        /// It is to be shown; its text begins at this index.
        case new(Int)
        case repeated
        /// It is later than the last line that was shown, which did not come. It counts as not seen.
        case gap
    }

    /// Where two stretches of lines meet of which nobody knows whether there was something in between.
    private struct Seam {
        var after: [UInt8]
        var before: [UInt8]
    }

    /// The time of the last line in the log's order, and the latest of all times.
    private var last: [UInt8] = []
    private var latest: [UInt8] = []
    /// How many lines of exactly the last time were shown.
    private var shownAtLast = 0
    /// While lines that were shown come again: how many of exactly the last time are still to come.
    private var replaying: Int?
    /// Whether the next line is the first of another log, or of all.
    private(set) var isAtSeam: Bool
    private var seam: Seam?
    private var fillsSeam = false

    /// Before the first line.
    /// - Parameter isWhole: whether what comes before the first line that is shown is to be shown, should it turn up.
    package init(isWhole: Bool = true) { isAtSeam = isWhole }

    /// The time of the last line, to begin again at; `nil` before the first.
    package var resumeFrom: String? { last.isEmpty ? nil : String(decoding: last, as: UTF8.self) }

    /// The time to begin at in the log of the run before, of which lines may be missing; `nil` is its beginning.
    var previousFrom: String? {
        guard let seam else { return resumeFrom }
        return seam.after.isEmpty ? nil : String(decoding: seam.after, as: UTF8.self)
    }

    /// Whether the last line that was shown has not come again yet.
    var isReplaying: Bool { replaying.map { $0 > 0 } ?? false }

    /// A new reader begins, at ``resumeFrom`` or before it.
    package mutating func beginAgain() { beginAgain(inPrevious: false) }

    /// - Parameter inPrevious: whether it reads the log of the run before, of which lines may have been missed.
    mutating func beginAgain(inPrevious: Bool) {
        fillsSeam = inPrevious
        replaying = last.isEmpty || isAtSeam ? nil : shownAtLast
    }

    /// The next line is the first of another log, which goes on where the last one ended.
    mutating func goOn() {
        replaying = nil
        isAtSeam = true
    }

    /// The text of a line without its time; `nil` where it was shown already. A line without a time is shown as it is.
    package mutating func accept(_ line: [UInt8]) -> [UInt8]? {
        line.withUnsafeBytes { bytes in
            var verdict = judge(bytes)
            if verdict == .gap {
                replaying = nil
                verdict = judge(bytes)
            }
            guard case .new(let start) = verdict else { return nil }
            return Array(bytes[start...])
        }
    }

    /// What a line is, which counts as shown from now on where it is new.
    mutating func judge(_ line: UnsafeRawBufferPointer) -> Verdict {
        // The end of a line that was longer than the runtime's parts, and whose first part came before the time asked.
        guard let blank = Self.endOfTime(line) else { return replaying == nil ? .new(0) : .repeated }
        let time = UnsafeRawBufferPointer(rebasing: line[..<blank])
        let order = Self.compare(time, last)
        if let remaining = replaying {
            if fillsSeam, let known = seam, Self.compare(time, known.before) < 0, Self.compare(time, known.after) > 0 {
                seam?.after = Array(time)
                return .new(blank + 1)
            }
            if order == 0, remaining > 0 {
                replaying = remaining - 1
                return .repeated
            }
            if remaining > 0 {
                return Self.compare(time, latest) > 0 ? .gap : .repeated
            }
            replaying = nil
        }
        if order == 0 {
            shownAtLast += 1
        } else {
            if isAtSeam { seam = Seam(after: latest, before: Array(time)) }
            Self.copy(time, to: &last)
            if Self.compare(time, latest) > 0 { Self.copy(time, to: &latest) }
            shownAtLast = 1
        }
        isAtSeam = false
        return .new(blank + 1)
    }

    /// Whether a time is before another one.
    static func isEarlier(_ first: String, than second: ArraySlice<UInt8>) -> Bool {
        Array(first.utf8).withUnsafeBytes { compare($0, Array(second)) } < 0
    }

    /// Where the blank after the time is; `nil` for a line that does not begin with a time, which is the tool's own.
    static func endOfTime(_ line: ArraySlice<UInt8>) -> Int? {
        line.withUnsafeBytes { endOfTime($0) }.map { line.startIndex + $0 }
    }

    private static func endOfTime(_ line: UnsafeRawBufferPointer) -> Int? {
        // `2006-01-02T15:04:05.000000000Z`, as kubelets and Docker print it.
        if line.count > 30, line[30] == 0x20, line[29] == UInt8(ascii: "Z"), line[4] == UInt8(ascii: "-") { return 30 }
        guard let blank = line.prefix(40).firstIndex(of: 0x20), blank >= 20, line[4] == UInt8(ascii: "-") else {
            return nil
        }
        return blank
    }

    /// Below 0 where the first time is the earlier one. The fraction of a second is printed without trailing zeros by
    /// some: with them, times compare as bytes.
    private static func compare(_ first: UnsafeRawBufferPointer, _ second: [UInt8]) -> Int {
        second.withUnsafeBytes { second in
            if first.count == second.count {
                for index in first.indices where first[index] != second[index] {
                    return Int(first[index]) - Int(second[index])
                }
                return 0
            }
            let (left, right) = (padded(first), padded(second))
            return left == right ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
        }
    }

    private static func padded(_ time: UnsafeRawBufferPointer) -> [UInt8] {
        guard time.last == UInt8(ascii: "Z") else { return Array(time) }
        var digits = Array(time.dropLast())
        if digits.count == 19 { digits.append(UInt8(ascii: ".")) }
        return digits + [UInt8](repeating: UInt8(ascii: "0"), count: max(0, 29 - digits.count))
    }

    private static func copy(_ time: UnsafeRawBufferPointer, to kept: inout [UInt8]) {
        if kept.count == time.count {
            kept.withUnsafeMutableBytes { $0.copyMemory(from: time) }
        } else {
            kept = Array(time)
        }
    }
}
