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

/// The flags that every command takes. What is `nil` is not on the command line: the file decides.
struct CommonOptions: Sendable, Equatable {
    /// The configuration file.
    var file: String?
    /// Where the services run.
    var target: TargetKind?
    /// The kubectl context.
    var context: String?
    /// The namespace.
    var namespace: String?
    /// Whether a cluster that is not known to be local may be used.
    var isClusterAllowed = false
    /// The registry that images are pushed to.
    var registry: String?
    /// Builds at once; `nil` is as many as there are cores.
    var jobs: Int?
    /// How much is printed.
    var verbosity = Verbosity.normal
    /// When colours are used.
    var color = ColorChoice.auto
}

/// What the user asked for.
enum Invocation: Sendable, Equatable {
    /// What help is about.
    enum Topic: Sendable, Equatable {
        case overview
        case command(CommandName)
    }

    /// Run the loop; with `cleanup`, delete everything at its end.
    case dev(CommonOptions, logs: LogFilter = .all, cleanup: Bool)
    /// Build these services, or all where none is named, and maybe push them.
    case build(CommonOptions, services: [String], push: Bool)
    /// Show the logs of these services, or all where none is named.
    case logs(CommonOptions, services: [String], since: Duration? = nil, follows: Bool = true)
    /// Delete what the manifests and devloop made.
    case down(CommonOptions)
    /// Print help.
    case help(Topic)
    /// Print the version.
    case version
}

/// The commands that do something.
enum CommandName: String, Sendable, CaseIterable {
    case dev
    case build
    case logs
    case down
}

extension Invocation {
    /// Reads a command line.
    ///
    /// Flags may stand anywhere up to `--`; of a flag that is given twice the last one counts.
    /// - Parameter arguments: what follows the program's name.
    /// - Throws: ``UsageError``.
    static func parse(_ arguments: [String]) throws(UsageError) -> Invocation {
        guard !arguments.isEmpty else { throw .empty }
        var line = ArgumentReader(arguments)
        var flags = Flags()
        var words: [String] = []
        while let argument = try line.next() {
            switch argument {
            case .word(let word): words.append(word)
            case .option(let option, let spelling, let value): try option.apply(to: &flags, spelling, value)
            }
        }
        return try make(flags, words)
    }

    private static func make(_ flags: Flags, _ words: [String]) throws(UsageError) -> Invocation {
        guard let first = words.first else {
            if flags.help { return .help(.overview) }
            if flags.version { return .version }
            throw .invalid("which command? \(commandList)")
        }
        if first == "help" {
            guard words.count <= 2 else { throw unexpected(words[2], after: "help \(words[1])") }
            return .help(words.count == 2 ? .command(try command(words[1])) : .overview)
        }
        let name = try command(first)
        if flags.help { return .help(.command(name)) }
        if flags.version { return .version }
        for option in Option.all where !option.commands.contains(name) && flags.given.contains(option.name) {
            let owners = option.commands.map { "devloop \($0.rawValue)" }.joined(separator: ", ")
            throw .invalid("--\(option.name) belongs to \"\(owners)\", not to \"devloop \(name.rawValue)\"")
        }
        if name != .build, name != .logs, words.count > 1 { throw unexpected(words[1], after: name.rawValue) }
        switch name {
        case .dev: return .dev(flags.common, logs: flags.logs, cleanup: flags.cleanup)
        case .build: return .build(flags.common, services: Array(words.dropFirst()), push: flags.push)
        case .logs:
            return .logs(
                flags.common, services: Array(words.dropFirst()), since: flags.since, follows: flags.follows)
        case .down: return .down(flags.common)
        }
    }

    private static func command(_ word: String) throws(UsageError) -> CommandName {
        if let name = CommandName(rawValue: word) { return name }
        let found = "unknown command \(ValueRule.quoted(word))"
        let right = synonyms[word] ?? Suggestion.nearest(to: word, in: CommandName.allCases.map(\.rawValue) + ["help"])
        throw .invalid(right.map { "\(found); did you mean \"\($0)\"?" } ?? "\(found); \(commandList)")
    }

    private static func unexpected(_ word: String, after command: String) -> UsageError {
        .invalid("\"devloop \(command)\" takes no more words, found \(ValueRule.quoted(word))")
    }

    private static let commandList = "the commands are dev, build, logs, down and help"

    /// What other tools call our commands.
    private static let synonyms = [
        "up": "dev", "run": "dev", "start": "dev", "watch": "dev", "delete": "down", "destroy": "down", "stop": "down",
        "push": "build --push", "log": "logs", "tail": "logs", "follow": "logs",
    ]
}
