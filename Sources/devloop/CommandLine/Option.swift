/// What the flags of a command line add up to.
struct Flags: Sendable, Equatable {
    var common = CommonOptions()
    var cleanup = false
    var push = false
    var logs = LogFilter.all
    var since: Duration?
    var follows = true
    var help = false
    var version = false
    /// The long names of the flags that stand on the command line.
    var given: Set<String> = []
}

/// A flag: how it is written, what it does, and what the help says about it.
struct Option: Sendable {
    /// What a flag does.
    enum Effect: Sendable {
        /// It stands alone.
        case plain(@Sendable (inout Flags) -> Void)
        /// It takes a value, which the help calls `name`. The closure returns what is wrong with the value.
        case value(name: String, @Sendable (inout Flags, String) -> String?)
    }

    /// The long name, without dashes.
    let name: String
    /// The short name.
    let letter: Character?
    /// What it does.
    let effect: Effect
    /// A line for the help.
    let help: String
    /// The commands that take it.
    let commands: [CommandName]

    /// The name of its value, where it takes one.
    var valueName: String? {
        if case .value(let name, _) = effect { name } else { nil }
    }

    /// Notes the flag.
    /// - Parameters:
    ///   - spelling: the flag as it stands on the command line, for messages.
    ///   - value: its value, where it takes one.
    /// - Throws: ``UsageError`` where the value is no good.
    func apply(to flags: inout Flags, _ spelling: String, _ value: String) throws(UsageError) {
        flags.given.insert(name)
        switch effect {
        case .plain(let set): set(&flags)
        case .value(_, let set):
            if let problem = set(&flags, value) { throw .invalid("\(spelling): \(problem)") }
        }
    }

    private init(
        _ name: String, short letter: Character? = nil, _ help: String,
        only commands: [CommandName] = CommandName.allCases,
        _ set: @escaping @Sendable (inout Flags) -> Void
    ) {
        (self.name, self.letter, self.help, self.commands) = (name, letter, help, commands)
        effect = .plain(set)
    }

    private init(
        _ name: String, short letter: Character? = nil, takes valueName: String, _ help: String,
        only commands: [CommandName] = CommandName.allCases, _ set: @escaping @Sendable (inout Flags, String) -> String?
    ) {
        (self.name, self.letter, self.help, self.commands) = (name, letter, help, commands)
        effect = .value(name: valueName, set)
    }

    /// A flag whose value must follow a rule, the one that holds for the same value in devloop.json.
    private init(
        _ name: String, short letter: Character? = nil, takes valueName: String, _ help: String, _ rule: ValueRule,
        _ target: WritableKeyPath<CommonOptions, String?> & Sendable
    ) {
        self.init(name, short: letter, takes: valueName, help) { flags, value in
            flags.common[keyPath: target] = value
            return rule.problem(with: value)
        }
    }
}

extension Option {
    /// All flags, in the help's order.
    static let all: [Option] = [
        Option("push", "push each image and print its digest", only: [.build]) { $0.push = true },
        Option("cleanup", "delete everything when the loop ends", only: [.dev]) { $0.cleanup = true },
        Option("logs", takes: "SERVICES", "show the logs of these only: NAME[,NAME]...", only: [.dev]) { flags, value in
            let names = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            flags.logs = .only(names)
            return names.contains("") ? "expected names with commas between, found \(ValueRule.quoted(value))" : nil
        },
        Option("no-logs", "show no logs; what happens to the pods is told", only: [.dev]) { $0.logs = .none },
        Option("since", takes: "TIME", "begin so long ago: 90s, 10m, 1h30m", only: [.logs]) { flags, value in
            flags.since = Duration(words: value)
            guard flags.since == nil else { return nil }
            return "expected a duration such as 90s, 10m or 1h30m, found \(ValueRule.quoted(value))"
        },
        Option("no-follow", "end after what is there", only: [.logs]) { $0.follows = false },
        Option("file", short: "f", takes: "FILE", "read FILE (default: devloop.json)", .path, \.file),
        Option("target", takes: "TARGET", "run on kubernetes or docker") { flags, value in
            flags.common.target = TargetKind(rawValue: value)
            return problem(with: value, isKnown: flags.common.target != nil, TargetKind.allCases.map(\.rawValue))
        },
        Option("context", takes: "CONTEXT", "use this kubectl context", .kubeContext, \.context),
        Option("namespace", short: "n", takes: "NAMESPACE", "use this namespace", .namespace, \.namespace),
        Option("yes", short: "y", "use the cluster without asking") { $0.common.isClusterAllowed = true },
        Option("registry", takes: "REGISTRY", "push images to HOST[:PORT][/PATH]", .registry, \.registry),
        Option("jobs", short: "j", takes: "N", "run N builds at once (default: one for each core)") { flags, value in
            flags.common.jobs = Int(value).flatMap { (1...1000).contains($0) ? $0 : nil }
            guard flags.common.jobs == nil else { return nil }
            return "expected a number from 1 to 1000, found \(ValueRule.quoted(value))"
        },
        Option("verbose", short: "v", "print every command that is run") { $0.common.verbosity = .verbose },
        Option("quiet", short: "q", "print logs, results and errors only") { $0.common.verbosity = .quiet },
        Option("color", takes: "WHEN", "use colors: auto, always or never") { flags, value in
            let color = ColorChoice(rawValue: value)
            flags.common.color = color ?? .auto
            return problem(with: value, isKnown: color != nil, ColorChoice.allCases.map(\.rawValue))
        },
        Option("help", short: "h", "print this help") { $0.help = true },
        Option("version", "print the version") { $0.version = true },
    ]

    private static func problem(with value: String, isKnown: Bool, _ values: [String]) -> String? {
        guard !isKnown else { return nil }
        let list = "\(values.dropLast().joined(separator: ", ")) or \(values[values.count - 1])"
        let right = Suggestion.nearest(to: value, in: values)
        let hint = right.map { "; did you mean \"\($0)\"?" } ?? ""
        return "expected \(list), found \(ValueRule.quoted(value))\(hint)"
    }
}
