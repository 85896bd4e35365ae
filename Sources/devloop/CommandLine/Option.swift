/// A flag as it is written, and what the help says about it.
struct Flag: Sendable {
    /// The long name, without dashes.
    let name: String
    /// The short name.
    let letter: Character?
    /// What the help calls its value; `nil` where it takes none.
    let valueName: String?
    /// A line for the help.
    let help: String

    /// Every flag that there is: those of the commands, and those that all of them take.
    static let all: [Flag] = Subcommands.all.flatMap { $0.flags } + CommonOptions.flags.map(\.flag)
}

/// A flag and what it does to the options that it is one of.
struct Option<Options: Sendable>: Sendable {
    let flag: Flag
    /// Takes the value, which is empty where the flag takes none. Returns what is wrong with it.
    let set: @Sendable (inout Options, String) -> String?

    /// A flag that stands alone.
    init(
        _ name: String, short letter: Character? = nil, _ help: String,
        _ set: @escaping @Sendable (inout Options) -> Void
    ) {
        flag = Flag(name: name, letter: letter, valueName: nil, help: help)
        self.set = { options, _ in
            set(&options)
            return nil
        }
    }

    /// A flag with a value.
    /// - Parameter set: returns what is wrong with the value.
    init(
        _ name: String, short letter: Character? = nil, takes valueName: String, _ help: String,
        _ set: @escaping @Sendable (inout Options, String) -> String?
    ) {
        flag = Flag(name: name, letter: letter, valueName: valueName, help: help)
        self.set = set
    }
}
