/// Turns what there is to say into the bytes that go to the screen. Pure: it writes nothing.
struct LineRenderer: Sendable {
    /// What a line of devloop's own says, by the mark at its start.
    enum Mark: Sendable, CaseIterable {
        /// Something happens.
        case note
        /// Something is done.
        case success
        /// Something is not as it should be.
        case warning
        /// Something failed.
        case failure
    }

    /// What the screen can show.
    let appearance: Appearance
    private var services: [String: [UInt8]] = [:]
    private var width = 0

    init(appearance: Appearance, services: [String] = []) {
        self.appearance = appearance
        width = services.map(\.count).max() ?? 0
        for (index, name) in services.enumerated() {
            self.services[name] = prefix(name, color: Self.palette[index % Self.palette.count])
        }
    }

    /// Lines of a service's log: `posts      │ text`, the names as wide as the longest.
    func log(service: String, lines: some Collection<[UInt8]>) -> [UInt8] {
        let prefix = services[service] ?? prefix(service, color: Self.dim)
        var output: [UInt8] = []
        output.reserveCapacity(lines.reduce(0) { $0 + prefix.count + $1.count + 1 })
        for line in lines {
            output.append(contentsOf: prefix)
            append(line, to: &output, colors: appearance.outputColors)
            output.append(0x0A)
        }
        return output
    }

    /// A line of devloop's own: `✓ posts live in 1.9 s`.
    /// - Parameter columns: what the screen holds in a line, where it is one: what is longer goes on below its beginning.
    func message(_ mark: Mark, _ text: String, colors: Bool, columns: Int? = nil) -> [UInt8] {
        var output: [UInt8] = []
        appendMark(mark, to: &output, colors: colors)
        for (index, line) in text.wrapped(inside: columns.map { $0 - Self.indent.count }).enumerated() {
            if index > 0 { output.append(contentsOf: Self.indent.utf8) }
            output.append(contentsOf: plain(line))
        }
        return output
    }

    /// Something that failed: what, the end of what the tool said (without blank lines around it), what to do.
    /// - Parameters:
    ///   - details: what the tool said; its lines stay as they are.
    ///   - columns: as for a message.
    func failure(_ summary: String, details: [String], advice: String?, columns: Int? = nil) -> [UInt8] {
        var output = message(.failure, summary, colors: appearance.errorColors, columns: columns)
        let bar = "  \(Glyph.bar.text(isUnicode: appearance.isUnicode)) "
        let lines = details.flatMap(Self.lines)
        let isBlank = { (line: Substring) in line.allSatisfy(\.isWhitespace) }
        for line in lines.drop(while: isBlank).dropLast(lines.reversed().prefix(while: isBlank).count) {
            output.append(contentsOf: bar.utf8)
            append(Array(line.utf8), to: &output, colors: appearance.errorColors)
            output.append(0x0A)
        }
        for line in advice.map(Self.lines) ?? [] {
            for part in line.wrapped(inside: columns.map { $0 - Self.indent.count }) {
                output.append(contentsOf: plain("\(Self.indent)\(part)"))
            }
        }
        return output
    }

    /// A line without a mark: a result, a line of an error that programs read.
    func plain(_ text: some StringProtocol) -> [UInt8] {
        var output: [UInt8] = []
        SafeText.append(message: String(text), to: &output, isUnicode: appearance.isUnicode)
        output.append(0x0A)
        return output
    }

    /// A command that is about to run, as a shell with `set -x` shows it.
    func command(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        if appearance.errorColors { output.append(contentsOf: Self.sgr(Self.dim)) }
        SafeText.append(message: "+ \(text)", to: &output, isUnicode: appearance.isUnicode)
        if appearance.errorColors { output.append(contentsOf: Self.sgr(0)) }
        output.append(0x0A)
        return output
    }

    private func append(_ line: [UInt8], to output: inout [UInt8], colors: Bool) {
        SafeText.append(line: line, to: &output, colors: colors, isUnicode: appearance.isUnicode)
    }

    private func prefix(_ name: String, color: Int) -> [UInt8] {
        var output: [UInt8] = []
        if appearance.outputColors { output.append(contentsOf: Self.sgr(color)) }
        SafeText.append(message: name, to: &output, isUnicode: appearance.isUnicode)
        output.append(contentsOf: repeatElement(0x20, count: max(0, width - name.count)))
        output.append(contentsOf: " \(Glyph.bar.text(isUnicode: appearance.isUnicode))".utf8)
        if appearance.outputColors { output.append(contentsOf: Self.sgr(0)) }
        output.append(0x20)
        return output
    }

    private func appendMark(_ mark: Mark, to output: inout [UInt8], colors: Bool) {
        let (text, color): (String, Int) =
            switch mark {
            case .note: (Glyph.dot.text(isUnicode: appearance.isUnicode), Self.dim)
            case .success: (Glyph.check.text(isUnicode: appearance.isUnicode), 32)
            case .warning: ("!", 33)
            case .failure: (Glyph.cross.text(isUnicode: appearance.isUnicode), 31)
            }
        if colors { output.append(contentsOf: Self.sgr(color)) }
        output.append(contentsOf: text.utf8)
        if colors { output.append(contentsOf: Self.sgr(0)) }
        output.append(0x20)
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    /// Cyan, yellow, green, magenta, blue, then their bright ones; red is for what failed.
    private static let palette = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94]
    private static let dim = 2
    /// As wide as a mark.
    private static let indent = "  "

    private static func sgr(_ code: Int) -> [UInt8] { Array("\u{1B}[\(code)m".utf8) }
}

extension StringProtocol {
    /// The text in lines of this many characters at the most, broken at blanks; a word that is longer has its own line.
    /// A text that fits, or for which there is no limit, stays as it is.
    func wrapped(inside width: Int?) -> [String] {
        guard let width, width > 0, count > width else { return [String(self)] }
        var lines: [String] = []
        for word in split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.isEmpty ? [String(self)] : lines
    }
}
