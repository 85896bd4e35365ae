/// A pattern that is not in the plain language.
struct GlobSyntaxError: Error {}

/// The plain language of ignore patterns: text, `?`, `*`, `**`, and classes of ASCII letters and digits like `[a-z0]`.
///
/// Docker understands more, and some of it by accident: moby turns a pattern into a regular expression and does not
/// escape all that means something there. Nearly nobody writes such patterns, so they are not imitated here but refused;
/// then the whole file must be left alone, because a pattern that is left out may be an exception.
enum GlobSyntax {
    enum Token: Sendable, Hashable {
        case scalar(UInt32)
        case members([ClosedRange<UInt32>])
        case question
        case star
        /// `**` or `**/`
        case stars

        var isWildcard: Bool { if case .scalar = self { false } else { true } }
    }

    static func parse(_ pattern: [UInt8]) throws(GlobSyntaxError) -> [Token] {
        var rest = Utf8Scalars.decode(pattern[...])[...]
        // moby's scanner skips a byte order mark here, but only if there is a wildcard, too.
        if rest.first == 0xFEFF { throw GlobSyntaxError() }
        var tokens: [Token] = []
        while let scalar = rest.popFirst() {
            switch UInt8(exactly: scalar) {
            case Ascii.star where rest.first == UInt32(Ascii.star):
                rest.removeFirst()
                if rest.first == UInt32(Ascii.slash) { rest.removeFirst() }
                tokens.append(.stars)
            case Ascii.star: tokens.append(.star)
            case Ascii.question: tokens.append(.question)
            case Ascii.leftBracket: tokens.append(.members(try takeMembers(&rest)))
            case let byte? where #"\]^|{}"#.utf8.contains(byte): throw GlobSyntaxError()
            default: tokens.append(.scalar(scalar))
            }
        }
        return tokens
    }

    private static func takeMembers(_ rest: inout ArraySlice<UInt32>) throws(GlobSyntaxError) -> [ClosedRange<UInt32>] {
        var ranges: [ClosedRange<UInt32>] = []
        repeat {
            let low = try takeMember(&rest)
            var high = low
            if rest.first == UInt32(UInt8(ascii: "-")) {
                rest.removeFirst()
                high = try takeMember(&rest)
            }
            guard low <= high else { throw GlobSyntaxError() }
            ranges.append(low...high)
        } while rest.first != UInt32(Ascii.rightBracket)
        rest.removeFirst()
        return ranges
    }

    private static func takeMember(_ rest: inout ArraySlice<UInt32>) throws(GlobSyntaxError) -> UInt32 {
        guard let scalar = rest.popFirst(), let byte = UInt8(exactly: scalar), Ascii.isLetterOrDigit(byte) else {
            throw GlobSyntaxError()
        }
        return scalar
    }
}
