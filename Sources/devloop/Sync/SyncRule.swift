import Runner
import Watcher

extension Configuration {
    /// Whether files that change are brought into containers that run.
    enum Sync: Sendable, Hashable {
        /// Those of which the Dockerfile says where they go, where the container takes them up.
        case auto
        /// Those of which the Dockerfile says where they go.
        case on
        /// None.
        case off
        /// Those that these name.
        case rules([SyncRule])
    }
}

/// Where files go in containers, as `skaffold.yaml` says it (https://skaffold.dev/docs/filesync/).
struct SyncRule: Sendable, Hashable {
    /// A pattern of paths relative to the context: `src/**/*.ts`
    var from = "" { didSet { choice = FileChoice([from]) } }
    /// The absolute path of a folder in the container.
    var to = ""
    /// What is left out at the beginning of a file's path.
    var strip: String?
    private var choice = FileChoice([])

    /// The path of a file in the container; `nil` where it is not meant.
    /// - Parameter path: relative to the context.
    func destination(of path: String) -> String? {
        guard choice.holds(path) else { return nil }
        let prefix = strip ?? ""
        let rest = path.hasPrefix(prefix) ? path.dropFirst(prefix.count) : path[...]
        return PathName.absolute("\(to)/\(rest)", in: "/")
    }
}

/// The files of a context that patterns name, which are read once. A value.
struct FileChoice: Sendable, Hashable {
    private let filter: PathFilter?

    /// - Parameter patterns: in `.dockerignore`'s language; those that can't be read name nothing.
    init(_ patterns: [String]) {
        filter = (try? IgnorePatterns(patterns: patterns)).map { PathFilter(ignoring: [$0]) }
    }

    /// Whether a file is one of them.
    /// - Parameter path: relative to the context.
    func holds(_ path: String) -> Bool { filter.map { !$0.includes(path) } ?? false }
}

extension SyncRule: ConfigurationSection {
    static let keys: [ConfigurationKey<SyncRule>] = [
        .init(
            "from", \.from, .text(.ignorePattern), isRequired: true, change: .nothing,
            "a pattern of files, relative to the context: `src/**/*.ts`"),
        .init("to", \.to, .text(.containerPath), isRequired: true, change: .nothing, "a folder in the container"),
        .init(
            "strip", \.strip, .text(.path), change: .nothing,
            "what is left out at the beginning of a file's path: `src/`"),
    ]

    static func blank(at path: String) -> SyncRule { SyncRule() }
}

extension ValueForm where Value == Configuration.Sync {
    /// `"auto"`, whether, or rules.
    static var sync: Self {
        let rules = ValueForm<[SyncRule]>.list(of: .section, called: "rules")
        let shape = ValueShape.oneOf([.choice(["auto"]), .flag, rules.shape])
        return ValueForm(shape, json: json) { value, path, reader in
            if value.string == "auto" { return .auto }
            if let isOn = value.bool { return isOn ? .on : .off }
            if value.array != nil { return rules.read(value, path, &reader).map { .rules($0) } }
            reader.report(value, at: path, expected: shape.expectation)
            return nil
        }
    }

    private static func json(_ value: Configuration.Sync) -> JSONValue? {
        switch value {
        case .auto: "auto"
        case .on: true
        case .off: false
        case .rules: nil
        }
    }
}
