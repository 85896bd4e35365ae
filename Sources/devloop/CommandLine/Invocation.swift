/// What the user asked for.
enum Invocation: Sendable {
    /// Run a command.
    case run(any Subcommand, CommonOptions)
    /// Print help about a command, or about all of them.
    case help((any Subcommand.Type)?)
    /// Print the version.
    case version
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
        var options = CommonOptions()
        // The flags of commands: which command this is may stand behind them.
        var others: [GivenFlag] = []
        var words: [String] = []
        while let argument = try line.next() {
            switch argument {
            case .word(let word): words.append(word)
            case .flag(let given): if try !given.apply(to: &options, CommonOptions.flags) { others.append(given) }
            }
        }
        guard let first = words.first else {
            if options.help { return .help(nil) }
            if options.version { return .version }
            throw .invalid("which command? \(commandList)")
        }
        if first == "help" {
            guard words.count <= 2 else { throw .unexpected(words[2], after: "help \(words[1])") }
            return .help(words.count == 2 ? try command(words[1]) : nil)
        }
        let type = try command(first)
        if options.help { return .help(type) }
        if options.version { return .version }
        return .run(try make(type, others, Array(words.dropFirst())), options)
    }

    private static func make<Command: Subcommand>(
        _ type: Command.Type, _ flags: [GivenFlag], _ words: [String]
    ) throws(UsageError) -> any Subcommand {
        var command = type.init()
        for given in flags where try !given.apply(to: &command, Command.options) {
            let owners = Subcommands.all.filter { $0.flags.contains { $0.name == given.flag.name } }
            let list = owners.map { "devloop \($0.name)" }.joined(separator: ", ")
            throw .invalid("--\(given.flag.name) belongs to \"\(list)\", not to \"devloop \(type.name)\"")
        }
        if var selecting = command as? any ServiceSubcommand {
            selecting.names = words
            return selecting
        }
        if let word = words.first { throw .unexpected(word, after: type.name) }
        return command
    }

    private static func command(_ word: String) throws(UsageError) -> any Subcommand.Type {
        if let type = Subcommands.all.first(where: { $0.name == word }) { return type }
        let found = "unknown command \(ValueRule.quoted(word))"
        let right =
            Subcommands.all.lazy.compactMap { $0.synonyms[word] }.first
            ?? Suggestion.nearest(to: word, in: Subcommands.all.map { $0.name } + ["help"])
        throw .invalid(right.map { "\(found); did you mean \"\($0)\"?" } ?? "\(found); \(commandList)")
    }

    private static var commandList: String {
        "the commands are \(Subcommands.all.map { $0.name }.joined(separator: ", ")) and help"
    }
}

extension GivenFlag {
    /// Does to options what the flag does; returns whether it is one of theirs.
    /// - Throws: ``UsageError`` where its value is no good.
    fileprivate func apply<Options>(
        to options: inout Options, _ table: [Option<Options>]
    ) throws(UsageError) -> Bool {
        guard let option = table.first(where: { $0.flag.name == flag.name }) else { return false }
        if let problem = option.set(&options, value) { throw .invalid("\(spelling): \(problem)") }
        return true
    }
}

extension UsageError {
    fileprivate static func unexpected(_ word: String, after command: String) -> UsageError {
        .invalid("\"devloop \(command)\" takes no more words, found \(ValueRule.quoted(word))")
    }
}
