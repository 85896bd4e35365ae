/// One instruction of a Dockerfile.
struct DockerfileInstruction: Equatable {
    /// `copy`, `from`: in lower case.
    var keyword: String
    /// `--from=build` as `from` and `build`; a flag without a value has none.
    var flags: [Flag] = []
    /// The rest of the line, its continuations joined, as it was written.
    var arguments: String
    /// Whether it copies here-documents, which its arguments don't have any more.
    var hasHereDocuments = false

    /// As it may be named in a message.
    var text: String {
        let flags = flags.map { flag in "--\(flag.name)" + (flag.value.map { "=\($0)" } ?? "") }
        let text = ([keyword.uppercased()] + flags + [arguments]).joined(separator: " ")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return text.count > 60 ? text.prefix(59) + "…" : text
    }

    struct Flag: Equatable {
        var name: String
        var value: String?
    }
}

/// Reads a Dockerfile into instructions: directives, comments, continued lines and here-documents.
///
/// Source of the rules: BuildKit's `frontend/dockerfile/parser`, which the legacy builder uses too. Where its versions
/// differ the file is undecided.
struct DockerfileParser {
    /// The instructions, in their order.
    private(set) var instructions: [DockerfileInstruction] = []
    /// The escape character: `\` or a backtick.
    private(set) var escape: Unicode.Scalar = "\\"
    /// The frontend that the file asks for.
    private(set) var syntax: String?

    private var lines: ArraySlice<Substring.UnicodeScalarView>

    /// Reads a Dockerfile's contents.
    /// - Throws: ``UndecidedDockerfile``.
    init(_ contents: [UInt8]) throws(UndecidedDockerfile) {
        guard let text = String(validating: contents, as: UTF8.self) else {
            throw UndecidedDockerfile("the file is not UTF-8")
        }
        var scalars = Substring(text).unicodeScalars
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        lines =
            scalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                line.last == "\r" ? line.dropLast() : line
            }[...]
        try readDirectives()
        while let line = lines.popFirst() {
            let first = line.drop(while: \.isBlank)
            if first.isEmpty || first.first == "#" { continue }
            instructions.append(try instruction(beginningWith: first))
        }
    }

    private mutating func readDirectives() throws(UndecidedDockerfile) {
        var seen: Set<String> = []
        for line in lines {
            let text = line.drop(while: \.isBlank)
            guard text.first == "#" else { return }
            if text.dropFirst().first == "!" { throw UndecidedDockerfile("a file that begins with #!") }
            guard let (name, value) = Self.directive(text.dropFirst()), ["syntax", "escape", "check"].contains(name)
            else { return }
            // Not every version takes a directive that is indented, or that comes after one that it doesn't know.
            if text.startIndex != line.startIndex || seen.contains("check") || !seen.insert(name).inserted {
                throw UndecidedDockerfile("a misplaced directive")
            }
            switch name {
            case "syntax": syntax = value
            case "escape":
                guard value == "\\" || value == "`" else { throw UndecidedDockerfile("a bad escape character") }
                escape = value == "`" ? "`" : "\\"
            default: break
            }
        }
    }

    private static func directive(_ comment: Substring.UnicodeScalarView) -> (name: String, value: String)? {
        guard let equals = comment.firstIndex(of: "=") else { return nil }
        let name = String(comment[..<equals].trimmingBlanks()).lowercased()
        let value = String(comment[comment.index(after: equals)...].trimmingBlanks())
        return name.isEmpty || value.isEmpty ? nil : (name, value)
    }

    // MARK: Instructions

    private mutating func instruction(
        beginningWith first: Substring.UnicodeScalarView
    ) throws(UndecidedDockerfile) -> DockerfileInstruction {
        var text = String.UnicodeScalarView()
        var isContinued = try append(first, to: &text)
        while isContinued, let line = lines.popFirst() {
            let start = line.drop(while: \.isBlank)
            if start.isEmpty || start.first == "#" { continue }
            isContinued = try append(line, to: &text)
        }
        var instruction = try Self.split(Substring(String(text)).unicodeScalars.trimmingBlanks())
        try skipHereDocuments(of: &instruction)
        return instruction
    }

    /// Adds a line; returns whether the next one continues it.
    private func append(
        _ line: Substring.UnicodeScalarView, to text: inout String.UnicodeScalarView
    ) throws(UndecidedDockerfile) -> Bool {
        let end = line.trimmingEnd { $0 == " " || $0 == "\t" }
        guard end.last == escape else {
            text.append(contentsOf: line)
            return false
        }
        // An escaped escape continues the line for some versions only.
        if end.dropLast().last == escape { throw UndecidedDockerfile("a line that ends with two escape characters") }
        text.append(contentsOf: end.dropLast())
        return true
    }

    /// Splits an instruction's line into keyword, flags and arguments.
    static func split(_ line: Substring.UnicodeScalarView) throws(UndecidedDockerfile) -> DockerfileInstruction {
        let keyword = line.prefix { !$0.isBlank }
        var rest = line[keyword.endIndex...].drop(while: \.isBlank)
        var flags: [DockerfileInstruction.Flag] = []
        while rest.starts(with: "--".unicodeScalars) {
            let word = rest.prefix { !$0.isBlank }
            if word.contains(where: { $0 == "\"" || $0 == "'" || $0 == "\\" || $0 == "`" }) {
                throw UndecidedDockerfile("a quoted flag")
            }
            rest = rest[word.endIndex...].drop(while: \.isBlank)
            let flag = word.dropFirst(2)
            if flag.isEmpty { break }
            let name = flag.prefix { $0 != "=" }
            let value = flag[name.endIndex...].dropFirst()
            flags.append(.init(name: String(name), value: name.endIndex == flag.endIndex ? nil : String(value)))
        }
        return DockerfileInstruction(
            keyword: String(keyword).lowercased(), flags: flags, arguments: String(rest.trimmingBlanks()))
    }

    // MARK: Here-documents

    /// Skips the lines of the here-documents that an instruction begins, and takes their words out of what it copies.
    ///
    /// A builder that doesn't know them fails at their lines.
    private mutating func skipHereDocuments(of instruction: inout DockerfileInstruction) throws(UndecidedDockerfile) {
        var owner = instruction
        if owner.keyword == "onbuild" { owner = try Self.split(Substring(owner.arguments).unicodeScalars) }
        guard ["add", "copy", "run"].contains(owner.keyword), owner.arguments.contains("<<") else { return }
        var others: [String] = []
        let words = try DockerfileWords.split(owner.arguments, escape: escape)
        for word in words {
            guard let document = try HereDocument(word) else {
                others.append(word)
                continue
            }
            var isEnded = false
            while !isEnded, let line = lines.popFirst() {
                let text = document.stripsTabs ? line.drop { $0 == "\t" } : line
                isEnded = String(text) == document.end
            }
            if !isEnded { throw UndecidedDockerfile("an open here-document") }
        }
        if instruction.keyword == "add" || instruction.keyword == "copy" {
            instruction.hasHereDocuments = others.count < words.count
            instruction.arguments = others.joined(separator: " ")
        }
    }
}

/// `<<EOF`, `<<-"EOF"`, `3<<EOF`
private struct HereDocument {
    var end: String
    var stripsTabs: Bool

    /// Reads a word; `nil` where it is none.
    init?(_ word: String) throws(UndecidedDockerfile) {
        var rest = Substring(word).drop { $0.isASCII && $0.isNumber }
        guard rest.hasPrefix("<<") else {
            // Such as `a<<EOF`, which the shell knows and builders don't.
            return nil
        }
        rest = rest.dropFirst(2)
        stripsTabs = rest.hasPrefix("-")
        if stripsTabs { rest = rest.dropFirst() }
        if rest.isEmpty || rest.contains("<") { return nil }
        if rest.count >= 2, let quote = rest.first, quote == "\"" || quote == "'", rest.last == quote {
            rest = rest.dropFirst().dropLast()
        }
        if rest.isEmpty || rest.contains(where: { "\"'\\`$".contains($0) }) {
            throw UndecidedDockerfile("a here-document with an unusual end")
        }
        end = String(rest)
    }
}

extension Unicode.Scalar {
    /// White space as Dockerfiles have it.
    var isBlank: Bool { self == " " || ("\t"..."\r").contains(self) }
}

extension Substring.UnicodeScalarView {
    func trimmingEnd(_ isTrimmed: (Unicode.Scalar) -> Bool) -> Self {
        self[..<(lastIndex { !isTrimmed($0) }.map { index(after: $0) } ?? startIndex)]
    }

    func trimmingBlanks() -> Self { drop(while: \.isBlank).trimmingEnd(\.isBlank) }
}
