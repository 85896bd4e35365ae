/// A place in a text, both counted from one; the column counts characters.
package struct TextPosition: Sendable, Hashable, CustomStringConvertible {
    /// The line.
    package var line: Int
    /// The column.
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// `LINE:COLUMN`
    package var description: String { "\(line):\(column)" }
}

/// A text that is not JSON5.
package struct JSONSyntaxError: Error, Hashable {
    /// What is wrong, in words.
    package var message: String
    /// Where.
    package var position: TextPosition

    package init(message: String, position: TextPosition) {
        self.message = message
        self.position = position
    }
}

/// Reads JSON5 (https://spec.json5.org), which JSON is a part of: comments, trailing commas, unquoted keys and
/// single quotes are taken. A key that stands twice in one object is an error.
package struct JSONParser {
    /// Where each member and element of a document stands, by its path: `services[0].image`. A member's place is
    /// that of its key; the whole document's is under the empty path.
    package typealias Positions = [String: TextPosition]

    private let bytes: [UInt8]
    /// Where the text begins, after a byte order mark.
    private let start: Int
    private var index: Int
    private var depth = 0
    private var positions: Positions?
    /// The last place that was looked up: places are asked for in order, but for that of an error.
    private var counted = (place: 0, position: TextPosition(line: 1, column: 1))

    private init(_ bytes: [UInt8], recordingPositions: Bool) {
        self.bytes = bytes
        positions = recordingPositions ? [:] : nil
        start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        index = start
        counted.place = start
    }

    /// Reads one document and where its parts stand.
    /// - Throws: ``JSONSyntaxError``.
    package static func parseWithPositions(_ bytes: [UInt8]) throws(JSONSyntaxError) -> (JSONValue, Positions) {
        var parser = JSONParser(bytes, recordingPositions: true)
        let value = try parser.document()
        return (value, parser.positions ?? [:])
    }

    /// Reads a run of documents with nothing but white space between them, as `kubectl -o json` prints them. No
    /// document at all is not an error.
    /// - Throws: ``JSONSyntaxError``.
    package static func parseAll(_ bytes: [UInt8]) throws(JSONSyntaxError) -> [JSONValue] {
        var parser = JSONParser(bytes, recordingPositions: false)
        var values: [JSONValue] = []
        try parser.skipSpace()
        while parser.peek != nil {
            values.append(try parser.value(at: ""))
            try parser.skipSpace()
        }
        return values
    }

    /// Reads one document.
    /// - Throws: ``JSONSyntaxError``.
    package static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
        var parser = JSONParser(bytes, recordingPositions: false)
        return try parser.document()
    }

    private mutating func document() throws(JSONSyntaxError) -> JSONValue {
        try skipSpace()
        record("", at: index)
        let result = try value(at: "")
        try skipSpace()
        guard peek == nil else { throw failure("expected the end of the file, found \(found)") }
        return result
    }

    private mutating func value(at path: String) throws(JSONSyntaxError) -> JSONValue {
        guard let byte = peek else { throw failure("expected a value, found \(found)") }
        switch byte {
        case UInt8(ascii: "{"): return try nested { (parser) throws(JSONSyntaxError) in try parser.object(at: path) }
        case UInt8(ascii: "["): return try nested { (parser) throws(JSONSyntaxError) in try parser.array(at: path) }
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try quoted())
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try number())
        default:
            let start = index
            switch word() {
            case "null": return .null
            case "true": return .bool(true)
            case "false": return .bool(false)
            case "Infinity", "NaN":
                index = start
                throw failure("Infinity and NaN are not supported")
            default:
                index = start
                throw failure("expected a value, found \(found)")
            }
        }
    }

    /// Bounds the depth, so that a hostile text cannot exhaust the stack.
    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONSyntaxError) -> JSONValue
    ) throws(JSONSyntaxError) -> JSONValue {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 200 else { throw failure("nested more than 200 levels deep") }
        return try body(&self)
    }

    private mutating func object(at path: String) throws(JSONSyntaxError) -> JSONValue {
        index += 1
        var members: [JSONObject.Member] = []
        var seen: Set<String> = []
        try skipSpace()
        while peek != UInt8(ascii: "}") {
            let start = index
            let key = try self.key()
            guard seen.insert(key).inserted else { throw failure("the key \"\(key)\" stands here twice", at: start) }
            try skipSpace()
            guard peek == UInt8(ascii: ":") else {
                throw failure("expected ':' after the key \"\(key)\", found \(found)")
            }
            index += 1
            try skipSpace()
            let child = path.isEmpty ? key : "\(path).\(key)"
            record(child, at: start)
            members.append(.init(key: key, value: try value(at: positions == nil ? "" : child)))
            try separator(before: UInt8(ascii: "}"))
        }
        index += 1
        return .object(JSONObject(unique: members))
    }

    private mutating func array(at path: String) throws(JSONSyntaxError) -> JSONValue {
        index += 1
        var elements: [JSONValue] = []
        try skipSpace()
        while peek != UInt8(ascii: "]") {
            let child = positions == nil ? "" : "\(path)[\(elements.count)]"
            record(child, at: index)
            elements.append(try value(at: child))
            try separator(before: UInt8(ascii: "]"))
        }
        index += 1
        return .array(elements)
    }

    private mutating func separator(before end: UInt8) throws(JSONSyntaxError) {
        try skipSpace()
        if peek == UInt8(ascii: ",") {
            index += 1
            try skipSpace()
        } else if peek != end {
            throw failure("expected ',' or '\(Character(UnicodeScalar(end)))', found \(found)")
        }
    }

    private mutating func key() throws(JSONSyntaxError) -> String {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try quoted() }
        let name = peek?.isDigit == true ? "" : word()
        guard !name.isEmpty else { throw failure("expected a key, found \(found)") }
        return name
    }

    /// Letters, digits, `_`, `$` and everything outside ASCII.
    private mutating func word() -> String {
        let start = index
        while let byte = peek, Self.isWordByte(byte) { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte.isLetterOrDigit || byte >= 0x80 || "_$".utf8.contains(byte)
    }

    /// A number, written again as JSON has it: decimal, digits on both sides of the point, no plus sign before it.
    private mutating func number() throws(JSONSyntaxError) -> String {
        let start = index
        while let byte = peek, Self.isWordByte(byte) || "+-.".utf8.contains(byte) { index += 1 }
        var rest = bytes[start..<index]
        let sign = rest.first == UInt8(ascii: "-") ? "-" : ""
        if let first = rest.first, "+-".utf8.contains(first) { rest = rest.dropFirst() }
        if rest.starts(with: "0x".utf8) || rest.starts(with: "0X".utf8) {
            guard let value = Self.hexadecimal(rest.dropFirst(2)) else { throw failure("not a number", at: start) }
            return "\(sign)\(value)"
        }
        let whole = Self.digits(&rest)
        var fraction = ""
        let hasPoint = rest.first == UInt8(ascii: ".")
        if hasPoint {
            rest = rest.dropFirst()
            fraction = Self.digits(&rest)
        }
        var exponent = ""
        if let letter = rest.first, "eE".utf8.contains(letter) {
            rest = rest.dropFirst()
            let sign = rest.first.flatMap { "+-".utf8.contains($0) ? Character(UnicodeScalar($0)) : nil }
            if sign != nil { rest = rest.dropFirst() }
            let digits = Self.digits(&rest)
            guard !digits.isEmpty else { throw failure("not a number", at: start) }
            exponent = "\(Character(UnicodeScalar(letter)))\(sign.map(String.init) ?? "")\(digits)"
        }
        let hasNeedlessZero = whole.count > 1 && whole.hasPrefix("0")
        guard rest.isEmpty, !hasNeedlessZero, !(whole.isEmpty && fraction.isEmpty) else {
            throw failure("not a number", at: start)
        }
        let point = hasPoint ? ".\(fraction.isEmpty ? "0" : fraction)" : ""
        return "\(sign)\(whole.isEmpty ? "0" : whole)\(point)\(exponent)"
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> String {
        let digits = rest.prefix(while: \.isDigit)
        rest = rest.dropFirst(digits.count)
        return String(decoding: digits, as: UTF8.self)
    }

    /// The value of hexadecimal digits and nothing else: the standard library's conversion takes a sign.
    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard let first = digits.first, !"+-".utf8.contains(first) else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private mutating func quoted() throws(JSONSyntaxError) -> String {
        let start = index
        let quote = bytes[index]
        index += 1
        var text: [UInt8] = []
        while let byte = peek, byte != quote {
            switch byte {
            case UInt8(ascii: "\\"):
                index += 1
                try escape(into: &text)
            case 0x0A, 0x0D: throw failure("the string that starts here has no end", at: start)
            default:
                text.append(byte)
                index += 1
            }
        }
        guard peek != nil else { throw failure("the string that starts here has no end", at: start) }
        index += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = peek else { return }
        index += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "v"): text.append(0x0B)
        case UInt8(ascii: "0"): text.append(0)
        case UInt8(ascii: "1")...UInt8(ascii: "9"): throw failure("there is no such escape", at: index - 2)
        case 0x0A: break
        case 0x0D: if peek == 0x0A { index += 1 }
        case 0xE2 where bytes[index...].starts(with: [0x80, 0xA8]) || bytes[index...].starts(with: [0x80, 0xA9]):
            index += 2
        case UInt8(ascii: "x"): text.append(contentsOf: Self.utf8(try hexadecimal(2)))
        case UInt8(ascii: "u"):
            var unit = try hexadecimal(4)
            let isPair = bytes[index...].starts(with: "\\u".utf8)
            if (0xD800..<0xDC00).contains(unit), isPair {
                let start = index
                index += 2
                let low = try hexadecimal(4)
                if (0xDC00..<0xE000).contains(low) {
                    unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    index = start
                }
            }
            text.append(contentsOf: Self.utf8(unit))
        default: text.append(byte)
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(JSONSyntaxError) -> UInt32 {
        let end = index + count
        guard end <= bytes.count, let value = Self.hexadecimal(bytes[index..<end]) else {
            throw failure("expected \(count) hexadecimal digits")
        }
        index = end
        return UInt32(value)
    }

    private static func utf8(_ scalar: UInt32) -> [UInt8] {
        Array(String(UnicodeScalar(scalar).map(Character.init) ?? "\u{FFFD}").utf8)
    }

    private mutating func skipSpace() throws(JSONSyntaxError) {
        while let byte = peek {
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                index += 1
            } else if let wide = Self.wideSpaces.first(where: { bytes[index...].starts(with: $0) }) {
                index += wide.count
            } else if bytes[index...].starts(with: "//".utf8) {
                while let byte = peek, !Self.isLineEnd(byte) { index += 1 }
            } else if bytes[index...].starts(with: "/*".utf8) {
                let start = index
                index += 2
                while !bytes[index...].starts(with: "*/".utf8) {
                    guard peek != nil else { throw failure("the comment that starts here has no end", at: start) }
                    index += 1
                }
                index += 2
            } else {
                return
            }
        }
    }

    /// A no-break space, a byte order mark, the separators of lines and paragraphs.
    private static let wideSpaces: [[UInt8]] = [
        [0xC2, 0xA0], [0xEF, 0xBB, 0xBF], [0xE2, 0x80, 0xA8], [0xE2, 0x80, 0xA9],
    ]

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private var found: String {
        guard let byte = peek else { return "the end of the file" }
        let rest = String(decoding: bytes[index..<min(index + 4, bytes.count)], as: UTF8.self)
        return Self.isLineEnd(byte) ? "the end of the line" : "'\(rest.prefix(1))'"
    }

    private mutating func failure(_ message: String, at place: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(message: message, position: position(of: place ?? index))
    }

    private mutating func record(_ path: String, at place: Int) {
        guard positions != nil else { return }
        let position = position(of: place)
        positions?[path] = position
    }

    /// The place of a byte, counted from the last one on: one pass over the text for all of them.
    private mutating func position(of place: Int) -> TextPosition {
        if place < counted.place { counted = (start, TextPosition(line: 1, column: 1)) }
        while let newline = bytes[counted.place..<max(counted.place, place)].firstIndex(where: Self.isLineEnd) {
            let isPair = bytes[newline...].starts(with: [0x0D, 0x0A])
            counted = (newline + (isPair ? 2 : 1), TextPosition(line: counted.position.line + 1, column: 1))
        }
        if counted.place < place {
            counted.position.column += String(decoding: bytes[counted.place..<place], as: UTF8.self).count
            counted.place = place
        }
        return counted.position
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}
