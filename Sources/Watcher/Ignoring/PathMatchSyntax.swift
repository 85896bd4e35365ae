/// A pattern that is not well formed.
struct GlobSyntaxError: Error {}

/// The syntax that Docker demands of a pattern before it uses it: that of Go's `filepath.Match`.
///
/// It is stricter than the regular expression made of the pattern later: a class may not begin with `]` or `-`, nor
/// end with `-`, and a trailing backslash is an error.
enum PathMatchSyntax {
    static func check(_ pattern: [UInt8]) throws(GlobSyntaxError) {
        var rest = pattern[...]
        while let byte = rest.popFirst() {
            switch byte {
            case Ascii.backslash:
                if rest.popFirst() == nil { throw GlobSyntaxError() }
            case Ascii.leftBracket:
                try skipClass(&rest)
            default:
                break
            }
        }
    }

    private static func skipClass(_ rest: inout ArraySlice<UInt8>) throws(GlobSyntaxError) {
        if rest.first == UInt8(ascii: "^") { rest.removeFirst() }
        var isFirst = true
        while isFirst || rest.first != Ascii.rightBracket {
            try skipMember(&rest)
            if rest.first == UInt8(ascii: "-") {
                rest.removeFirst()
                try skipMember(&rest)
            }
            isFirst = false
        }
        rest.removeFirst()
    }

    private static func skipMember(_ rest: inout ArraySlice<UInt8>) throws(GlobSyntaxError) {
        guard let first = rest.first, first != UInt8(ascii: "-"), first != Ascii.rightBracket else {
            throw GlobSyntaxError()
        }
        if first == Ascii.backslash { rest.removeFirst() }
        guard !rest.isEmpty else { throw GlobSyntaxError() }
        let length = try rest.withUnsafeBufferPointer { buffer throws(GlobSyntaxError) in
            var index = 0
            let scalar = Utf8Scalars.next(buffer, &index)
            if scalar == 0xFFFD, index == 1 { throw GlobSyntaxError() }
            return index
        }
        rest.removeFirst(length)
        if rest.isEmpty { throw GlobSyntaxError() }
    }
}
