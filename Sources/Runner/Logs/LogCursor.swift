/// Remembers how far a log was shown, so that a reader that has to begin again shows each line once.
///
/// Lines come as `docker logs --timestamps` and `kubectl logs --timestamps` print them: the time (RFC 3339, in
/// nanoseconds), a blank, the text. Both can only begin again at a time, not at a line, and kubectl only at a whole
/// second.
public struct LogCursor: Sendable {
    /// The time of the last line, to begin again at; `nil` before the first.
    public private(set) var resumeFrom: String?

    private var last: [UInt8] = []
    /// How many lines of exactly the last time were shown.
    private var shownAtLast = 0
    /// While lines that were shown come again: how many of exactly the last time are still to come.
    private var replaying: Int?

    /// Before the first line.
    public init() {}

    /// A new reader begins, at ``resumeFrom`` or before it.
    public mutating func beginAgain() {
        replaying = resumeFrom == nil ? nil : shownAtLast
    }

    /// The text of a line without its time; `nil` where it was shown already. A line without a time is shown as it is.
    public mutating func accept(_ line: [UInt8]) -> [UInt8]? {
        guard let blank = Self.endOfTime(line[...]) else { return line }
        let time = Self.padded(line[..<blank])
        let text = Array(line[(blank + 1)...])
        if let remaining = replaying {
            if time.lexicographicallyPrecedes(last) { return nil }
            if time == last, remaining > 0 {
                replaying = remaining - 1
                return nil
            }
            replaying = nil
        }
        if time == last {
            shownAtLast += 1
        } else if last.lexicographicallyPrecedes(time) {
            last = time
            shownAtLast = 1
            resumeFrom = String(decoding: line[..<blank], as: UTF8.self)
        }
        return text
    }

    /// Where the blank after the time is; `nil` for a line that does not begin with a time, which is the tool's own.
    static func endOfTime(_ line: ArraySlice<UInt8>) -> Int? {
        guard let blank = line.prefix(40).firstIndex(of: 0x20), blank - line.startIndex >= 20,
            line[line.startIndex + 4] == UInt8(ascii: "-")
        else { return nil }
        return blank
    }

    /// The fraction of a second is printed without trailing zeros by some: with them, times compare as bytes.
    private static func padded(_ time: ArraySlice<UInt8>) -> [UInt8] {
        guard time.last == UInt8(ascii: "Z") else { return Array(time) }
        var digits = Array(time.dropLast())
        if digits.count == 19 { digits.append(UInt8(ascii: ".")) }
        return digits + [UInt8](repeating: UInt8(ascii: "0"), count: max(0, 29 - digits.count))
    }
}
