/// The ASCII bytes that paths and patterns are made of.
enum Ascii {
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let slash = UInt8(ascii: "/")
    static let backslash = UInt8(ascii: "\\")
    static let hash = UInt8(ascii: "#")
    static let exclamation = UInt8(ascii: "!")
    static let star = UInt8(ascii: "*")
    static let question = UInt8(ascii: "?")
    static let leftBracket = UInt8(ascii: "[")
    static let rightBracket = UInt8(ascii: "]")
    static let dot = UInt8(ascii: ".")

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

/// Paths as bytes: a file name need not be UTF-8.
enum PathBytes {
    /// The shortest path that names the same place, by the text alone: what Go's `path.Clean` does.
    static func clean(_ path: ArraySlice<UInt8>) -> [UInt8] {
        let isRooted = path.first == Ascii.slash
        var kept: [ArraySlice<UInt8>] = []
        let parent: [UInt8] = [Ascii.dot, Ascii.dot]
        for part in path.split(separator: Ascii.slash) where !part.elementsEqual([Ascii.dot]) {
            if !part.elementsEqual(parent) {
                kept.append(part)
            } else if let last = kept.last, !last.elementsEqual(parent) {
                kept.removeLast()
            } else if !isRooted {
                kept.append(part)
            }
        }
        let joined = Array(kept.joined(separator: [Ascii.slash]))
        if isRooted { return [Ascii.slash] + joined }
        return joined.isEmpty ? [Ascii.dot] : joined
    }
}

extension ArraySlice<UInt8> {
    func hasSuffix(_ suffix: [UInt8]) -> Bool {
        count >= suffix.count && self[(endIndex - suffix.count)...].elementsEqual(suffix)
    }

    /// The standard library's `contains` takes 30 microseconds for a path, and this is asked of every name.
    func contains(text: [UInt8]) -> Bool {
        guard let first = text.first else { return true }
        return withUnsafeBufferPointer { bytes in
            guard bytes.count >= text.count else { return false }
            for start in 0...(bytes.count - text.count) where bytes[start] == first {
                if bytes[start...].starts(with: text) { return true }
            }
            return false
        }
    }

    /// Without the white space at both ends, as Unicode defines it (Go's `strings.TrimSpace`).
    func trimmingWhitespace() -> ArraySlice<UInt8> {
        var rest = self
        while let length = Self.whitespace.first(where: { rest.starts(with: $0) })?.count {
            rest = rest.dropFirst(length)
        }
        while let length = Self.whitespace.first(where: { rest.hasSuffix($0) })?.count {
            rest = rest.dropLast(length)
        }
        return rest
    }

    /// Every white space character, in UTF-8.
    private static let whitespace: [[UInt8]] =
        ([0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
        + Array(0x2000...0x200A)).map { Array(String(Unicode.Scalar($0)!).utf8) }
}

/// UTF-8 the way Go reads it: each byte that is not part of a valid scalar becomes one U+FFFD.
enum Utf8Scalars {
    static func decode(_ bytes: ArraySlice<UInt8>) -> [UInt32] {
        var scalars: [UInt32] = []
        var index = bytes.startIndex
        bytes.withUnsafeBufferPointer { buffer in
            index = 0
            scalars.reserveCapacity(buffer.count)
            while index < buffer.count { scalars.append(next(buffer, &index)) }
        }
        return scalars
    }

    /// Reads the scalar at `index` and moves past it.
    static func next(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32 {
        let first = bytes[index]
        index += 1
        if first < 0x80 { return UInt32(first) }
        let length: Int
        var scalar: UInt32
        let smallest: UInt32
        switch first {
        case 0xC2...0xDF: (length, scalar, smallest) = (1, UInt32(first & 0x1F), 0x80)
        case 0xE0...0xEF: (length, scalar, smallest) = (2, UInt32(first & 0x0F), 0x800)
        case 0xF0...0xF4: (length, scalar, smallest) = (3, UInt32(first & 0x07), 0x10000)
        default: return 0xFFFD
        }
        guard index + length <= bytes.count else { return 0xFFFD }
        for offset in 0..<length {
            let byte = bytes[index + offset]
            guard byte & 0xC0 == 0x80 else { return 0xFFFD }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        guard scalar >= smallest, scalar <= 0x10FFFF, !(0xD800...0xDFFF).contains(scalar) else { return 0xFFFD }
        index += length
        return scalar
    }
}
