/// How much is printed.
enum Verbosity: Sendable, Equatable {
    /// Logs, results, warnings and errors.
    case quiet
    /// What happens, too.
    case normal
    /// Every command that is run, too.
    case verbose
}

/// When colours are used.
enum ColorChoice: String, Sendable, CaseIterable {
    /// On a terminal, unless `NO_COLOR` is set.
    case auto
    /// In any case.
    case always
    /// Never.
    case never
}

/// What the flags that every command takes add up to.
struct CommonOptions: Sendable, Equatable {
    /// The configuration file.
    var file: String?
    /// What beats the file: values, as they stand on the command line, by the key that they are for.
    var settings: [String: String] = [:]
    /// Whether a cluster that is not known to be local may be used.
    var isClusterAllowed = false
    /// Builds at once; `nil` is as many as there are cores.
    var jobs: Int?
    /// How much is printed.
    var verbosity = Verbosity.normal
    /// When colours are used.
    var color = ColorChoice.auto
    /// Whether help is all that is wanted.
    var help = false
    /// Whether the version is.
    var version = false
}

extension CommonOptions {
    /// The flags, in the help's order.
    static let flags: [Option<CommonOptions>] = [
        Option("file", short: "f", takes: "FILE", "read FILE (default: devloop.json)") { options, value in
            options.file = value
            return ValueRule.path.problem(with: value)
        },
        Option("target", takes: "TARGET", "run on kubernetes or docker", sets: \.target),
        Option("context", takes: "CONTEXT", "use this kubectl context", sets: \.kubeContext),
        Option("namespace", short: "n", takes: "NAMESPACE", "use this namespace", sets: \.namespace),
        Option("yes", short: "y", "use the cluster without asking") { $0.isClusterAllowed = true },
        Option("registry", takes: "REGISTRY", "push images to HOST[:PORT][/PATH]", sets: \.registry),
        Option("jobs", short: "j", takes: "N", "run N builds at once (default: one for each core)") { options, value in
            options.jobs = Int(value).flatMap { (1...1000).contains($0) ? $0 : nil }
            guard options.jobs == nil else { return nil }
            return "expected a number from 1 to 1000, found \(ValueRule.quoted(value))"
        },
        Option("verbose", short: "v", "print every command that is run") { $0.verbosity = .verbose },
        Option("quiet", short: "q", "print logs, results and errors only") { $0.verbosity = .quiet },
        Option("color", takes: "WHEN", "use colors: auto, always or never") { options, value in
            options.color = ColorChoice(rawValue: value) ?? .auto
            return ValueShape.choice(ColorChoice.allCases.map(\.rawValue)).problem(with: value)
        },
        Option("help", short: "h", "print this help") { $0.help = true },
        Option("version", "print the version") { $0.version = true },
    ]
}

extension Option<CommonOptions> {
    /// A flag that beats a key of devloop.json, by whose rule its value goes.
    fileprivate init(
        _ name: String, short letter: Character? = nil, takes valueName: String, _ help: String,
        sets property: PartialKeyPath<Configuration> & Sendable
    ) {
        guard let key = Configuration.keys.first(where: { $0.property == property })?.description else {
            preconditionFailure("--\(name) sets what is no key of devloop.json")
        }
        self.init(name, short: letter, takes: valueName, help) { options, value in
            options.settings[key.name] = value
            return key.shape.problem(with: value)
        }
    }
}
