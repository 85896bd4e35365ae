/// A script for a shell as a row of simple commands. What isn't understood (subshells, functions, `case`, here
/// documents, groups) makes the whole script undecided: it is better not known than known wrongly.
struct ShellScript: Sendable, Hashable {
    /// What follows a command.
    enum End: Sendable, Hashable {
        /// `;`, a newline, `&&` or the end.
        case sequence
        case or
        case pipe
        case background
    }

    /// A part of a word.
    enum Piece: Sendable, Hashable {
        case literal(String)
        /// `$NAME`, and what `:-` gives it.
        case variable(String, fallback: String?)
        /// `"$@"`
        case arguments
        /// What only the shell knows: `$(…)`, `$1`, `*`.
        case unknown
    }

    /// A simple command.
    struct Command: Sendable, Hashable {
        var words: [[Piece]]
        var end = End.sequence
        /// Whether it runs only under some condition, or is one.
        var isInBranch: Bool
    }

    private(set) var commands: [Command] = []
    private var depth = 0
    private var words: [[Piece]] = []

    /// Reads a script; `nil` where it isn't understood.
    init?(_ text: String) {
        guard let tokens = ShellLexer.tokens(text) else { return nil }
        for token in tokens {
            switch token {
            case .word(let word): words.append(word)
            case .end(let end): guard finish(end) else { return nil }
            }
        }
        guard finish(.sequence), depth == 0 else { return nil }
    }

    private mutating func finish(_ end: End) -> Bool {
        defer { words = [] }
        while let keyword = Self.literal(words.first) {
            switch keyword {
            case "if", "while", "until": depth += 1
            case "then", "else", "elif", "do": guard depth > 0 else { return false }
            case "fi", "done":
                depth -= 1
                return depth >= 0 && words.count == 1 && end == .sequence
            case "for":
                // The list is no command.
                depth += 1
                return end == .sequence
            case "!": break
            case "case", "esac", "function", "select", "{", "}": return false
            default:
                append(end)
                return true
            }
            words.removeFirst()
        }
        if !words.isEmpty { append(end) }
        return true
    }

    private mutating func append(_ end: End) {
        let isInBranch = depth > 0 || commands.last?.end == .or
        commands.append(Command(words: words, end: end, isInBranch: isInBranch))
    }

    /// The text of a word without variables in it.
    static func literal(_ word: [Piece]?) -> String? {
        guard let word, word.count <= 1 else { return nil }
        guard let piece = word.first else { return "" }
        if case .literal(let text) = piece { return text } else { return nil }
    }

    /// Whether every word is known before it runs; for texts that are no scripts but are split like one.
    static func words(_ text: String) -> [String]? {
        guard let script = ShellScript(text), script.commands.count == 1 else { return nil }
        let words = script.commands[0].words.map(literal)
        return words.contains(nil) ? nil : words.compactMap { $0 }
    }
}

/// Splits a script into words and what is between commands.
struct ShellLexer {
    /// A word, or the end of a command.
    enum Token: Sendable, Hashable {
        case word([ShellScript.Piece])
        case end(ShellScript.End)
    }

    private let text: [Character]
    private var index = 0

    private init(_ text: String) { self.text = Array(text.replacing("\r\n", with: "\n")) }

    /// The tokens; `nil` where the script isn't understood.
    static func tokens(_ text: String) -> [Token]? {
        var lexer = ShellLexer(text)
        var tokens: [Token] = []
        while lexer.skipSpace() {
            guard let token = lexer.next() else { return nil }
            tokens += token
        }
        return tokens
    }

    private func starts(with prefix: String) -> Bool { text[index...].starts(with: prefix) }

    /// Whether something is left.
    private mutating func skipSpace() -> Bool {
        while index < text.count {
            if text[index] == " " || text[index] == "\t" {
                index += 1
            } else if starts(with: "\\\n") {
                index += 2
            } else if text[index] == "#" {
                while index < text.count, text[index] != "\n" { index += 1 }
            } else {
                return true
            }
        }
        return false
    }

    private mutating func next() -> [Token]? {
        let ends: [(String, ShellScript.End?)] = [
            (";;", nil), ("|&", nil), ("&&", .sequence), ("||", .or), (";", .sequence),
            ("\n", .sequence), ("|", .pipe), ("&", .background), ("(", nil), (")", nil), ("<<", nil), ("<(", nil),
            (">(", nil),
        ]
        if starts(with: "&>") || starts(with: ">") || starts(with: "<"), !starts(with: "<<") { return redirection() }
        if let (operation, end) = ends.first(where: { starts(with: $0.0) }) {
            index += operation.count
            return end.map { [.end($0)] }
        }
        if text[index].isASCII, text[index].isNumber, index + 1 < text.count, "<>".contains(text[index + 1]) {
            index += 1
            return redirection()
        }
        return word().map { [.word($0)] }
    }

    /// Where output goes does not count.
    private mutating func redirection() -> [Token]? {
        while index < text.count, "<>&|".contains(text[index]) { index += 1 }
        guard index < text.count, text[index] != "(", skipSpace(), word() != nil else { return nil }
        return []
    }

    private mutating func word() -> [ShellScript.Piece]? {
        var pieces: [ShellScript.Piece] = []
        let start = index
        while index < text.count, !" \t\n;&|()<>".contains(text[index]) {
            switch text[index] {
            case "\\":
                index += 1
                if index < text.count, text[index] != "\n" { Self.append(String(text[index]), to: &pieces) }
                index += 1
            case "'":
                guard let close = text[(index + 1)...].firstIndex(of: "'") else { return nil }
                Self.append(String(text[(index + 1)..<close]), to: &pieces)
                index = close + 1
            case "\"": guard quoted(into: &pieces) else { return nil }
            case "$", "`": guard expansion(into: &pieces) else { return nil }
            case "*", "?", "[":
                // Lone brackets are a command.
                // So is a star behind a colon no pattern of files, but one of scripts.
                let isTest = text[index] == "[" && text[start..<index].allSatisfy { $0 == "[" }
                let isOfScripts = text[index] == "*" && text[start..<index].last.map { ":*".contains($0) } ?? false
                if isTest || isOfScripts {
                    Self.append(String(text[index]), to: &pieces)
                } else {
                    pieces.append(.unknown)
                }
                index += 1
            default:
                Self.append(String(text[index]), to: &pieces)
                index += 1
            }
        }
        return index > start ? pieces : nil
    }

    private mutating func quoted(into pieces: inout [ShellScript.Piece]) -> Bool {
        index += 1
        Self.append("", to: &pieces)
        while index < text.count {
            switch text[index] {
            case "\"":
                index += 1
                return true
            case "\\" where index + 1 < text.count && "$`\"\\\n".contains(text[index + 1]):
                if text[index + 1] != "\n" { Self.append(String(text[index + 1]), to: &pieces) }
                index += 2
            case "$", "`": guard expansion(into: &pieces) else { return false }
            default:
                Self.append(String(text[index]), to: &pieces)
                index += 1
            }
        }
        return false
    }

    private mutating func expansion(into pieces: inout [ShellScript.Piece]) -> Bool {
        let opener = text[index]
        index += 1
        if opener == "`" {
            guard let close = text[index...].firstIndex(of: "`") else { return false }
            index = close + 1
            pieces.append(.unknown)
            return true
        }
        guard index < text.count else {
            Self.append("$", to: &pieces)
            return true
        }
        switch text[index] {
        case "(", "{":
            guard let inner = balanced() else { return false }
            pieces.append(Self.parameter(inner))
        case "@", "*":
            index += 1
            pieces.append(.arguments)
        case let character where Self.isName(character) && !character.isNumber:
            let start = index
            while index < text.count, Self.isName(text[index]) { index += 1 }
            pieces.append(.variable(String(text[start..<index]), fallback: nil))
        case let character where character.isNumber || "#?!$-".contains(character):
            index += 1
            pieces.append(.unknown)
        default: Self.append("$", to: &pieces)
        }
        return true
    }

    /// What is in brackets, with the opening one.
    private mutating func balanced() -> String? {
        let start = index
        var open: [Character] = []
        while index < text.count {
            let character = text[index]
            index += 1
            switch character {
            case "(", "{": open.append(character == "(" ? ")" : "}")
            case ")", "}":
                guard open.popLast() == character else { return nil }
                if open.isEmpty { return String(text[start..<(index - 1)]) }
            case "'" where open.last == ")":
                guard let close = text[index...].firstIndex(of: "'") else { return nil }
                index = close + 1
            default: break
            }
        }
        return nil
    }

    private static func parameter(_ inner: String) -> ShellScript.Piece {
        guard inner.first == "{" else { return .unknown }
        let body = inner.dropFirst()
        let name = body.prefix(while: isName)
        let rest = body.dropFirst(name.count)
        guard let first = name.first, !first.isNumber else { return .unknown }
        if rest.isEmpty { return .variable(String(name), fallback: nil) }
        guard let sign = [":-", ":=", "-", "="].first(where: rest.hasPrefix) else { return .unknown }
        let fallback = String(rest.dropFirst(sign.count))
        return fallback.contains { "$`\"'\\*?".contains($0) } ? .unknown : .variable(String(name), fallback: fallback)
    }

    private static func isName(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber) || character == "_"
    }

    private static func append(_ text: String, to pieces: inout [ShellScript.Piece]) {
        if case .literal(let before)? = pieces.last {
            pieces[pieces.count - 1] = .literal(before + text)
        } else {
            pieces.append(.literal(text))
        }
    }
}
