#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The time that docker prints before a line: `2006-01-02T15:04:05.000000000Z`
enum LogTime {
    /// Bytes.
    static let length = 30
    /// Seconds by which the clock of the machine that Docker runs on may be ahead of this one's.
    static let tolerance = 60

    /// Seconds since 1970.
    static var now: Int { time(nil) }

    /// Whole seconds since 1970; `nil` where this is no such time.
    static func seconds(_ text: ArraySlice<UInt8>) -> Int? {
        let form = Array("0000-00-00T00:00:00.000000000Z".utf8)
        guard text.count == form.count else { return nil }
        for (byte, expected) in zip(text, form) {
            guard expected == UInt8(ascii: "0") ? byte.isDigit : byte == expected else { return nil }
        }
        func number(_ offset: Int, _ count: Int) -> Int {
            let start = text.startIndex + offset
            return text[start..<(start + count)].reduce(0) { $0 * 10 + Int($1) - Int(UInt8(ascii: "0")) }
        }
        // Years that begin in March: the day that some lack is the last (https://howardhinnant.github.io/date_algorithms.html).
        let month = number(5, 2)
        let year = number(0, 4) - (month <= 2 ? 1 : 0)
        let day = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + number(8, 2) - 1
        let days = year * 365 + year / 4 - year / 100 + year / 400 + day - 719_468
        return days * 86_400 + number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2)
    }
}
