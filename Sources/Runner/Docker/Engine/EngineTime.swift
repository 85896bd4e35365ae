/// A moment as the engine's API takes it: `1767225600.000000001`
struct EngineTime: Sendable, Hashable {
    /// Whole seconds since 1970.
    var seconds: Int
    var nanoseconds = 0

    init(seconds: Int) { self.seconds = seconds }

    /// Reads a time as the engine says it (RFC 3339): the fraction has as many digits as it needs, and the offset is that
    /// of the engine's machine.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let whole = LogTime.seconds((bytes.prefix(19) + Array(".000000000Z".utf8))[...]) else { return nil }
        seconds = whole
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { $0.isDigit }
            rest = rest.dropFirst(1 + digits.count)
            for place in 0..<9 {
                let digit = place < digits.count ? digits[digits.startIndex + place] - UInt8(ascii: "0") : 0
                nanoseconds = nanoseconds * 10 + Int(digit)
            }
        }
        guard let sign = rest.first, let offset = Self.offset(rest.dropFirst()) else {
            if rest.elementsEqual("Z".utf8) { return }
            return nil
        }
        switch sign {
        case UInt8(ascii: "+"): seconds -= offset
        case UInt8(ascii: "-"): seconds += offset
        default: return nil
        }
    }

    /// The seconds of `02:00`.
    private static func offset(_ text: ArraySlice<UInt8>) -> Int? {
        let parts = String(decoding: text, as: UTF8.self).split(separator: ":").compactMap { Int($0) }
        return parts.count == 2 ? parts[0] * 3600 + parts[1] * 60 : nil
    }
}

extension EngineTime: CustomStringConvertible {
    var description: String {
        let digits = String(nanoseconds)
        return "\(seconds).\(String(repeating: "0", count: 9 - digits.count))\(digits)"
    }
}
