/// A part of a Dockerfile that devloop can't judge: because it is malformed, or because builders differ about it.
struct UndecidedDockerfile: Error, Equatable {
    /// What it is.
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

/// Quotes, escapes and variables in a word of a Dockerfile, as BuildKit's `shell` package and the legacy builder before
/// it replace them.
struct VariableExpansion {
    /// What is known of a variable.
    enum Value: Equatable {
        case unset
        case known(String)
        case unknown
    }

    /// The Dockerfile's escape character.
    let escape: Unicode.Scalar
    /// Tells the value of a variable.
    let value: (String) -> Value

    /// The word with its quotes removed and its variables replaced; `nil` where that takes a value that isn't known.
    /// - Throws: ``UndecidedDockerfile`` where the word is malformed, or uses what not every builder knows.
    func expand(_ word: String) throws(UndecidedDockerfile) -> String? {
        var rest = Substring(word).unicodeScalars
        return try expand(&rest, until: nil)?.text
    }

    /// A string as scalars, since a combining character doesn't hide what is before it.
    private struct Text {
        var scalars = String.UnicodeScalarView()
        var text: String { String(scalars) }

        mutating func append(_ scalar: Unicode.Scalar) { scalars.append(scalar) }
        mutating func append(_ string: String) { scalars.append(contentsOf: string.unicodeScalars) }
    }

    private func expand(
        _ rest: inout Substring.UnicodeScalarView, until end: Unicode.Scalar?
    ) throws(UndecidedDockerfile) -> Text? {
        var result: Text? = Text()
        while let scalar = rest.popFirst() {
            switch scalar {
            case end: return result
            case "'":
                guard let close = rest.firstIndex(of: "'") else { throw UndecidedDockerfile("an open quote") }
                result?.append(String(rest[..<close]))
                rest = rest[rest.index(after: close)...]
            case "\"": try expandDoubleQuoted(&rest, into: &result)
            case "$": try expandDollar(&rest, into: &result)
            case escape: if let escaped = rest.popFirst() { result?.append(escaped) }
            default: result?.append(scalar)
            }
        }
        if end != nil { throw UndecidedDockerfile("an open brace") }
        return result
    }

    private func expandDoubleQuoted(
        _ rest: inout Substring.UnicodeScalarView, into result: inout Text?
    ) throws(UndecidedDockerfile) {
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return
            case "$": try expandDollar(&rest, into: &result)
            case escape:
                guard let next = rest.first else { break }
                if next == "\"" || next == "$" || next == escape {
                    result?.append(next)
                    rest.removeFirst()
                } else {
                    result?.append(scalar)
                }
            default: result?.append(scalar)
            }
        }
        throw UndecidedDockerfile("an open quote")
    }

    /// Replaces the variable whose `$` was just read.
    private func expandDollar(
        _ rest: inout Substring.UnicodeScalarView, into result: inout Text?
    ) throws(UndecidedDockerfile) {
        func append(_ value: Value) {
            switch value {
            case .unset: break
            case .known(let text): result?.append(text)
            case .unknown: result = nil
            }
        }
        guard rest.first == "{" else {
            guard let name = try takeName(&rest) else { return append(.known("$")) }
            return append(value(name))
        }
        rest.removeFirst()
        guard let name = try takeName(&rest), var modifier = rest.popFirst() else {
            throw UndecidedDockerfile("a malformed substitution")
        }
        let value = value(name)
        if modifier == "}" { return append(value) }
        let emptyIsUnset = modifier == ":"
        if emptyIsUnset { modifier = rest.popFirst() ?? "}" }
        guard modifier == "-" || modifier == "+" else {
            throw UndecidedDockerfile("a substitution that not every builder knows")
        }
        let word = try expand(&rest, until: "}")
        let alternative = word.map { Value.known($0.text) } ?? .unknown
        switch value {
        case .unknown: append(.unknown)
        case .unset: append(modifier == "-" ? alternative : .unset)
        case .known(""): append(emptyIsUnset == (modifier == "-") ? alternative : .unset)
        case .known: append(modifier == "-" ? value : alternative)
        }
    }

    /// Takes a variable's name; `nil` where none begins here, so that the `$` stands for itself.
    private func takeName(_ rest: inout Substring.UnicodeScalarView) throws(UndecidedDockerfile) -> String? {
        let name = rest.prefix { Self.isLetter($0) || ("0"..."9").contains($0) }
        rest = rest[name.endIndex...]
        // Special parameters and letters of other alphabets.
        let isSpecial = name.isEmpty && rest.first.map { "@*#?-$!".unicodeScalars.contains($0) } ?? false
        if isSpecial || rest.first.map({ !$0.isASCII }) ?? false || name.first.map({ !Self.isLetter($0) }) ?? false {
            throw UndecidedDockerfile("a variable with an unusual name")
        }
        return name.isEmpty ? nil : String(name)
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }
}
