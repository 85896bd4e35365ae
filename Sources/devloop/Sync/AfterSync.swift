import Runner

/// What is done in a container after files arrived there, as `"onSync"` says it: one action, for some files or for all.
struct AfterSync: Sendable, Hashable {
    var restarts = false
    /// A program and its arguments, in the container.
    var run: [String] = []
    /// A signal's name, without `SIG`.
    var signal: String?
    /// Patterns of the files that it is for, relative to the context; none: for all.
    var files: [String] = [] { didSet { choice = FileChoice(files) } }
    private var choice = FileChoice([])

    init(restarts: Bool = false, run: [String] = [], signal: String? = nil, files: [String] = []) {
        (self.restarts, self.run, self.signal, self.files) = (restarts, run, signal, files)
        choice = FileChoice(files)
    }

    var action: ContainerAction? {
        if restarts { return .restart }
        return signal.map { .signal($0) } ?? (run.isEmpty ? nil : .run(run))
    }

    /// Whether it is done for a file.
    /// - Parameter path: relative to the context.
    func isFor(_ path: String) -> Bool { files.isEmpty || choice.holds(path) }
}

extension AfterSync: ConfigurationSection {
    static let keys: [ConfigurationKey<AfterSync>] = [
        .init(
            "restart", \.restarts, .flag, change: .build,
            "whether the container's program is started again, in its place: no new container"),
        .init(
            "exec", \.run, .program, change: .nothing,
            "a program that is run in the container: `[\"nginx\", \"-s\", \"reload\"]`"),
        .init(
            "signal", \.signal, .text(.signal) { Self.plain($0) }, change: .nothing,
            "a signal for the container's first process: `HUP`"),
        .init(
            "for", \.files, .list(of: .text(.ignorePattern), called: "patterns"), default: "all files",
            change: .nothing,
            "patterns, as in `.dockerignore`, of the files that it is done for, relative to the context"),
    ]

    static func blank(at path: String) -> AfterSync { AfterSync() }

    /// Refuses what says nothing, and what says several things. What is wrong in it already needs no second word.
    mutating func complete(_ read: Set<String>, at path: String, _ reader: inout ConfigurationReader) {
        guard !reader.hasProblem(in: path) else { return }
        let said = [restarts, read.contains("exec"), read.contains("signal")].count { $0 }
        if said == 0, !read.contains("restart") {
            reader.report(path, "expected \"restart\": true, \"exec\" or \"signal\"")
        }
        if said > 1 { reader.report(path, "expected one of restart, exec and signal; write several in an array") }
    }

    private static func plain(_ signal: String) -> String {
        signal.hasPrefix("SIG") ? String(signal.dropFirst(3)) : signal
    }
}

extension ValueForm where Value == [AfterSync] {
    /// One, or several. A restart that is not wanted is none.
    static var afterSync: Self {
        let one = ValueForm<AfterSync>.section
        let list = ValueForm.list(of: one, called: "actions")
        let shape = ValueShape.oneOf([one.shape, list.shape])
        return ValueForm(shape) { value, path, reader in
            let entries: [AfterSync]?
            if value.object != nil {
                entries = one.read(value, path, &reader).map { [$0] }
            } else if value.array != nil {
                entries = list.read(value, path, &reader)
            } else {
                reader.report(value, at: path, expected: shape.expectation)
                return nil
            }
            return entries?.filter { $0.action != nil }
        }
    }
}

extension ValueForm where Value == [String] {
    /// A program and its arguments.
    static var program: Self {
        let words = ValueForm.list(of: .anyText, called: "words", whenEmpty: "expected a program and its arguments")
        return ValueForm(words.shape) { value, path, reader in
            if let text = value.string {
                let line = Self.words(of: text).map { JSONValue.string($0).description }.joined(separator: ", ")
                let key = path.split(separator: ".").last ?? ""
                reader.report(
                    value, at: path, expected: words.shape.expectation, advice: "write \"\(key)\": [\(line)]")
                return nil
            }
            guard let words = words.read(value, path, &reader) else { return nil }
            if words.first?.isEmpty == true {
                reader.report("\(path)[0]", "expected a program, found an empty string")
            }
            for (index, word) in words.enumerated() where word.utf8.contains(0) {
                reader.report("\(path)[\(index)]", "expected a word, found one that holds a NUL character")
            }
            return words
        }
    }

    /// What a text means that somebody would type: words, or something for a shell.
    private static func words(of text: String) -> [String] {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        if words.isEmpty { return ["nginx", "-s", "reload"] }
        return text.contains { "|&;<>()$`\\\"'*?[]#~={}!\n".contains($0) } ? ["sh", "-c", text] : words
    }
}
