/// The commands, in the help's order. A new one is a file and its name here.
enum Subcommands {
    static let all: [any Subcommand.Type] = [
        DevCommand.self, BuildCommand.self, LogsCommand.self, ExplainCommand.self, DownCommand.self,
    ]
}

/// A command: what the command line and the help know of it, and, as a value, what one run of it does. Its properties are
/// what its flags and words set.
protocol Subcommand: Sendable, Equatable {
    /// What is typed.
    static var name: String { get }
    /// How it is typed.
    static var usage: String { get }
    /// What it does, in a few words for the list of commands.
    static var summary: String { get }
    /// What it does, in lines of at most 80 columns for its own help.
    static var details: String { get }
    /// The flags that every command does not take, in the help's order.
    static var options: [Option<Self>] { get }
    /// What other tools call it, and what is to be typed here instead.
    static var synonyms: [String: String] { get }

    /// A run without flags.
    init()

    /// What the shell gets when a signal ends it.
    var statusWhenInterrupted: ExitCode { get }

    /// Runs until it is done or the task is cancelled.
    /// - Throws: what ends it too early.
    func run(in context: CommandContext) async throws -> ExitCode
}

extension Subcommand {
    static var options: [Option<Self>] { [] }
    static var synonyms: [String: String] { [:] }
    var statusWhenInterrupted: ExitCode { .interrupted }

    /// Its flags, as they are written.
    static var flags: [Flag] { options.map(\.flag) }
    static var usage: String { self is any ServiceSubcommand.Type ? "\(name) [SERVICE]..." : name }
}

/// A command that names of services may follow.
protocol ServiceSubcommand: Subcommand {
    /// The names; all services where there are none.
    var names: [String] { get set }
}
