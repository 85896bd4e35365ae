/// A pattern that is not well formed.
struct GlobSyntaxError: Error {}

/// The check that Docker makes before it uses a pattern: whether Go's `filepath.Match` reports an error when it
/// compares the pattern with the name `.`.
///
/// It goes through the pattern in chunks, each ended by a star, and ends at the first chunk that does not match: what
/// follows it may be malformed. Within the chunks it gets to, a class may not begin with `]` or `-`, nor end with `-`,
/// and a trailing backslash is an error.
enum PathMatchSyntax {
    static func check(_ pattern: [UInt8]) throws(GlobSyntaxError) {
        var pattern = pattern[...]
        var name: Substring = "."
        while !pattern.isEmpty {
            let isAfterStar = pattern.first == Ascii.star
            pattern = pattern.drop { $0 == Ascii.star }
            let chunk = takeChunk(&pattern)
            if isAfterStar, chunk.isEmpty { return }
            if let rest = try match(chunk, name), rest.isEmpty || !pattern.isEmpty {
                name = rest
            } else if isAfterStar, !name.isEmpty, let rest = try match(chunk, "") {
                name = rest
            } else {
                return
            }
        }
    }

    /// Takes everything up to the next star that is not in a class.
    private static func takeChunk(_ pattern: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var index = pattern.startIndex
        var isInClass = false
        scan: while index < pattern.endIndex {
            switch pattern[index] {
            case Ascii.backslash where index + 1 < pattern.endIndex: index += 1
            case Ascii.leftBracket: isInClass = true
            case Ascii.rightBracket: isInClass = false
            case Ascii.star where !isInClass: break scan
            default: break
            }
            index += 1
        }
        defer { pattern = pattern[index...] }
        return pattern[..<index]
    }

    /// Matches a chunk with the beginning of a name and returns the rest of that; nil if it does not match. The chunk
    /// is read to its end in any case.
    private static func match(_ chunk: ArraySlice<UInt8>, _ name: Substring) throws(GlobSyntaxError) -> Substring? {
        var chunk = chunk
        var name = Optional(name)
        while let byte = chunk.popFirst() {
            let next = name?.popFirst()
            var isMatch = next != nil
            switch byte {
            case Ascii.leftBracket:
                isMatch = try matchClass(&chunk, next?.unicodeScalars.first?.value) && isMatch
            case Ascii.question:
                isMatch = isMatch && next != "/"
            case Ascii.backslash:
                guard let escaped = chunk.popFirst() else { throw GlobSyntaxError() }
                isMatch = isMatch && next?.asciiValue == escaped
            default:
                isMatch = isMatch && next?.asciiValue == byte
            }
            if !isMatch { name = nil }
        }
        return name
    }

    private static func matchClass(_ chunk: inout ArraySlice<UInt8>, _ scalar: UInt32?) throws(GlobSyntaxError) -> Bool
    {
        let isInverted = chunk.first == UInt8(ascii: "^")
        if isInverted { chunk.removeFirst() }
        var isMember = false
        var isFirst = true
        while isFirst || chunk.first != Ascii.rightBracket {
            isFirst = false
            let low = try takeMember(&chunk)
            var high = low
            if chunk.first == UInt8(ascii: "-") {
                chunk.removeFirst()
                high = try takeMember(&chunk)
            }
            if let scalar, low <= scalar, scalar <= high { isMember = true }
        }
        chunk.removeFirst()
        return isMember != isInverted
    }

    private static func takeMember(_ chunk: inout ArraySlice<UInt8>) throws(GlobSyntaxError) -> UInt32 {
        guard let first = chunk.first, first != UInt8(ascii: "-"), first != Ascii.rightBracket else {
            throw GlobSyntaxError()
        }
        if first == Ascii.backslash { chunk.removeFirst() }
        if chunk.isEmpty { throw GlobSyntaxError() }
        let (scalar, length) = chunk.withUnsafeBufferPointer { buffer in
            var index = 0
            return (Utf8Scalars.next(buffer, &index), index)
        }
        chunk.removeFirst(length)
        if scalar == 0xFFFD, length == 1 { throw GlobSyntaxError() }
        if chunk.isEmpty { throw GlobSyntaxError() }
        return scalar
    }
}
