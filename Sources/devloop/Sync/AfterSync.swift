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
            "exec", \.run, .list(of: .anyText, called: "words", whenEmpty: "expected a program and its arguments"),
            change: .nothing, "a program that is run in the container: `[\"nginx\", \"-s\", \"reload\"]`"),
        .init(
            "signal", \.signal, .text(.signal) { Self.plain($0) }, change: .nothing,
            "a signal for the container's first process: `HUP`"),
        .init(
            "for", \.files, .list(of: .text(.ignorePattern), called: "patterns"), default: "all files",
            change: .nothing,
            "patterns, as in `.dockerignore`, of the files that it is done for, relative to the context"),
    ]

    static func blank(at path: String) -> AfterSync { AfterSync() }

    /// Refuses what says nothing, and what says several things.
    mutating func complete(_ read: Set<String>, at path: String, _ reader: inout ConfigurationReader) {
        let said = [restarts, read.contains("exec"), read.contains("signal")].count { $0 }
        if said == 0 { reader.report(path, "expected \"restart\": true, \"exec\" or \"signal\"") }
        if said > 1 { reader.report(path, "expected one of restart, exec and signal; write several in an array") }
    }

    private static func plain(_ signal: String) -> String {
        signal.hasPrefix("SIG") ? String(signal.dropFirst(3)) : signal
    }
}

extension ValueForm where Value == [AfterSync] {
    /// One, or several.
    static var afterSync: Self {
        let one = ValueForm<AfterSync>.section
        let list = ValueForm.list(of: one, called: "actions")
        let shape = ValueShape.oneOf([one.shape, list.shape])
        return ValueForm(shape) { value, path, reader in
            if value.object != nil { return one.read(value, path, &reader).map { [$0] } }
            if value.array != nil { return list.read(value, path, &reader) }
            reader.report(value, at: path, expected: shape.expectation)
            return nil
        }
    }
}
