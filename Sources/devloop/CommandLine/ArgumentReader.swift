/// A flag on a command line.
struct GivenFlag: Sendable {
    let flag: Flag
    /// The flag as it is written, for messages.
    let spelling: String
    /// Its value; empty where it takes none.
    let value: String
}

/// Takes a command line apart into words and flags, as GNU programs do: `--name VALUE`, `--name=VALUE`, `-n VALUE`,
/// `-nVALUE`, `-vn VALUE`; everything after `--` is a word.
struct ArgumentReader {
    /// One thing on the command line.
    enum Argument {
        /// A command or a command's argument.
        case word(String)
        /// A flag and its value.
        case flag(GivenFlag)
    }

    private var rest: ArraySlice<String>
    /// Short flags that stand together with one that was taken already: the `q` of `-vq`.
    private var letters: Substring = ""
    private var optionsAreOver = false

    init(_ arguments: [String]) { rest = arguments[...] }

    /// The next thing; `nil` at the end.
    /// - Throws: ``UsageError`` for a flag that there isn't, or whose value is missing.
    mutating func next() throws(UsageError) -> Argument? {
        if let letter = letters.popFirst() { return try short(letter) }
        guard let argument = rest.popFirst() else { return nil }
        if optionsAreOver || !argument.hasPrefix("-") || argument == "-" { return .word(argument) }
        if argument == "--" {
            optionsAreOver = true
            return try next()
        }
        if argument.hasPrefix("--") { return try long(argument.dropFirst(2)) }
        letters = argument.dropFirst()
        return try next()
    }

    private mutating func long(_ text: Substring) throws(UsageError) -> Argument {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let flag = Flag.all.first(where: { $0.name == name }) else {
            let right = Self.synonyms[name] ?? Suggestion.nearest(to: name, in: Flag.all.map(\.name))
            throw unknown("--\(name)", meant: right.map { "--\($0)" })
        }
        let attached = parts.count > 1 ? String(parts[1]) : nil
        return .flag(GivenFlag(flag: flag, spelling: "--\(name)", value: try value(of: flag, "--\(name)", attached)))
    }

    private mutating func short(_ letter: Character) throws(UsageError) -> Argument {
        let spelling = "-\(letter)"
        guard let flag = Flag.all.first(where: { $0.letter == letter }) else {
            let sameLetter = Flag.all.first { $0.letter?.lowercased() == letter.lowercased() }
            let meant =
                sameLetter?.letter.map { "-\($0)" }
                ?? Flag.all.first { $0.name.first == letter }.map { "--\($0.name)" }
            throw unknown(spelling, meant: meant)
        }
        guard flag.valueName != nil, !letters.isEmpty else {
            return .flag(GivenFlag(flag: flag, spelling: spelling, value: try value(of: flag, spelling, nil)))
        }
        defer { letters = "" }
        return .flag(GivenFlag(flag: flag, spelling: spelling, value: try value(of: flag, spelling, String(letters))))
    }

    /// An attached value or the next argument, unless that is a flag by its looks.
    private mutating func value(
        of flag: Flag, _ spelling: String, _ attached: String?
    ) throws(UsageError) -> String {
        guard let name = flag.valueName else {
            guard attached == nil else { throw .invalid("\(spelling) takes no value") }
            return ""
        }
        if let attached { return attached }
        guard let next = rest.first else { throw .invalid("\(spelling) needs a value: \(spelling) \(name)") }
        guard !next.hasPrefix("-") || Int(next) != nil else {
            throw .invalid("\(spelling) needs a value: \(spelling) \(name), found \(ValueRule.quoted(next))")
        }
        rest.removeFirst()
        return next
    }

    private func unknown(_ spelling: String, meant right: String?) -> UsageError {
        let found = "unknown option \(ValueRule.quoted(spelling))"
        return .invalid(right.map { "\(found); did you mean \"\($0)\"?" } ?? "\(found); \"devloop --help\" lists them")
    }

    /// What other tools call our flags.
    private static let synonyms = [
        "kube-context": "context", "kubecontext": "context", "ns": "namespace", "filename": "file", "config": "file",
        "default-repo": "registry", "debug": "verbose", "nofollow": "no-follow", "nologs": "no-logs", "silent": "quiet",
        "delete": "cleanup",
    ]
}
