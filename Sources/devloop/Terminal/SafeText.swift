/// Makes text from outside fit for a terminal: nothing in it is executed.
enum SafeText {
    /// Appends a line of a program's output.
    ///
    /// Colors (SGR sequences) are kept where they are wanted, and switched off at the end of the line. All other
    /// escape sequences (cursor movement, titles, clearing, links) are left out. Of a line with carriage returns, which
    /// paints over itself, the last text is shown. Tabs stay; other control characters become `^A`, those that
    /// turn the direction of writing `\u202e`; invalid UTF-8 is replaced.
    static func append(line: [UInt8], to output: inout [UInt8], colors: Bool, isUnicode: Bool = true) {
        if line.allSatisfy(isPlain) {
            output.append(contentsOf: line)
        } else {
            appendUnusual(line, to: &output, colors: colors, isUnicode: isUnicode)
        }
    }

    /// Appends a name or a message. Every control character becomes visible, `^[` for escape, and so do those that
    /// change the direction of writing.
    static func append(message: String, to output: inout [UInt8], isUnicode: Bool = true) {
        for scalar in message.unicodeScalars {
            switch scalar.value {
            case 0x00...0x1F, 0x7F: output.append(contentsOf: [0x5E, UInt8(scalar.value) ^ 0x40])
            case 0x80...0x9F: output.append(contentsOf: "\\x\(String(scalar.value, radix: 16))".utf8)
            case _ where isDirectional(scalar): append(escaped: scalar, to: &output)
            default: output.append(contentsOf: Glyph.shown(scalar, isUnicode: isUnicode).utf8)
            }
        }
    }

    /// Whether a character does nothing but turn the direction of what follows, which then isn't read as it is written:
    /// embeddings, overrides and isolates. The marks of plain right-to-left text are not among them.
    private static func isDirectional(_ scalar: Unicode.Scalar) -> Bool {
        (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }

    private static func append(escaped scalar: Unicode.Scalar, to output: inout [UInt8]) {
        output.append(contentsOf: "\\u\(String(scalar.value, radix: 16))".utf8)
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F || byte == 0x09 }

    private static func appendUnusual(_ line: [UInt8], to output: inout [UInt8], colors: Bool, isUnicode: Bool) {
        let text = Array(String(decoding: lastPainted(line), as: UTF8.self).utf8)
        var index = 0
        var isColored = false
        while index < text.count {
            let byte = text[index]
            if byte == 0x1B || byte == 0xC2 && text[index + 1] == 0x9B {
                let sequence = EscapeSequence(in: text, at: index)
                if colors, sequence.isColor {
                    output.append(contentsOf: "\u{1B}[".utf8)
                    output.append(contentsOf: sequence.body)
                    isColored = true
                }
                index = sequence.end
            } else if byte == 0xC2, (0x80...0x9F).contains(text[index + 1]) {
                output.append(contentsOf: "\\x\(String(text[index + 1], radix: 16))".utf8)
                index += 2
            } else if byte == 0xE2, let scalar = scalar(of: text[index...].prefix(3)), isDirectional(scalar) {
                append(escaped: scalar, to: &output)
                index += 3
            } else if !isUnicode, text[index...].starts(with: [0xEF, 0xBF, 0xBD]) {
                output.append(UInt8(ascii: "?"))
                index += 3
            } else {
                if isPlain(byte) || byte >= 0x80 {
                    output.append(byte)
                } else {
                    output.append(contentsOf: [0x5E, byte ^ 0x40])
                }
                index += 1
            }
        }
        if isColored { output.append(contentsOf: "\u{1B}[0m".utf8) }
    }

    private static func scalar(of bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        String(decoding: bytes, as: UTF8.self).unicodeScalars.first
    }

    /// What a line shows once its carriage returns are obeyed: the last piece that isn't empty.
    private static func lastPainted(_ line: [UInt8]) -> ArraySlice<UInt8> {
        guard let end = line.lastIndex(where: { $0 != 0x0D }) else { return [] }
        let start = line[...end].lastIndex(of: 0x0D).map { $0 + 1 } ?? 0
        return line[start...end]
    }
}

/// One escape sequence of ECMA-48 in a text that is valid UTF-8.
private struct EscapeSequence {
    /// Where the text goes on.
    let end: Int
    /// What follows the introducer of a control sequence, its last letter included.
    private(set) var body: ArraySlice<UInt8> = []

    /// Reads the sequence that begins at an index with `ESC`, or with U+009B, which means `ESC [`.
    ///
    /// Of one that doesn't end properly as little as possible is taken: what follows it may be text.
    init(in text: [UInt8], at start: Int) {
        guard text[start] == 0x1B else {
            (body, end) = Self.controlSequence(in: text, from: start + 2)
            return
        }
        guard start + 1 < text.count else {
            end = text.count
            return
        }
        switch text[start + 1] {
        case UInt8(ascii: "["):
            (body, end) = Self.controlSequence(in: text, from: start + 2)
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            end = Self.endOfString(in: text, from: start + 2) ?? start + 2
        default:
            let final = text[(start + 1)...].firstIndex { !(0x20...0x2F).contains($0) } ?? text.count
            end = final < text.count && (0x30...0x7E).contains(text[final]) ? final + 1 : final
        }
    }

    /// Whether it sets colors or the weight of the writing, and nothing else.
    var isColor: Bool {
        body.last == UInt8(ascii: "m") && body.dropLast().allSatisfy { (0x30...0x3B).contains($0) }
    }

    private static func controlSequence(in text: [UInt8], from start: Int) -> (ArraySlice<UInt8>, Int) {
        guard let final = text[start...].firstIndex(where: { !(0x20...0x3F).contains($0) }) else {
            return ([], text.count)
        }
        return (0x40...0x7E).contains(text[final]) ? (text[start...final], final + 1) : ([], final)
    }

    /// After the `BEL` or `ESC \` that ends a title, a link or a device's string.
    private static func endOfString(in text: [UInt8], from start: Int) -> Int? {
        for index in text[start...].indices {
            if text[index] == 0x07 { return index + 1 }
            if text[index...].starts(with: [0x1B, 0x5C]) || text[index...].starts(with: [0xC2, 0x9C]) {
                return index + 2
            }
        }
        return nil
    }
}
