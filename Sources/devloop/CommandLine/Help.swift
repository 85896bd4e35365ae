/// The help texts: GNU style, at most 80 columns, made from the tables that parse.
enum Help {
    /// The text about a command, or about all of them, with its last newline.
    static func text(for command: (any Subcommand.Type)? = nil) -> String { command.map(text) ?? overview }

    /// The line that `--version` prints.
    static func version(_ version: String) -> String { "devloop \(version)\n" }

    private static var overview: String {
        """
        Usage: devloop COMMAND [OPTION]...
        Watch services, rebuild the image a change belongs to, restart what runs it,
        and follow all logs.

        Commands:
        \(table(Subcommands.all.map { ($0.usage, $0.summary) } + [("help [COMMAND]", "print help")]))

        Options of every command:
        \(list(CommonOptions.flags.map(\.flag)))

        Files:
        \(table([("devloop.json", "the services; paths in it are relative to it")]))

        Environment:
        \(table([
            ("NO_COLOR", "no colors, where --color doesn't say otherwise"),
            ("DOCKER_HOST", "passed on to docker, as all other variables are"),
            ("KUBECONFIG", "passed on to kubectl"),
        ]))

        Exit status:
        \(exitStatus)

        "devloop COMMAND --help" says more about a command.

        """
    }

    private static func text(for command: any Subcommand.Type) -> String {
        let own = command.flags
        return """
            Usage: devloop \(command.usage) [OPTION]...
            \(command.details)
            \(own.isEmpty ? "" : "\nOptions of \(command.name):\n\(list(own))\n")
            Options of every command:
            \(list(CommonOptions.flags.map(\.flag)))

            Exit status:
            \(exitStatus)

            """
    }

    private static var exitStatus: String {
        table(ExitCode.allCases.map { ("\($0.rawValue)", $0.meaning) })
    }

    private static func list(_ flags: [Flag]) -> String {
        table(
            flags.map { flag in
                let short = flag.letter.map { "-\($0), " } ?? "    "
                return ("\(short)--\(flag.name)\(flag.valueName.map { "=\($0)" } ?? "")", flag.help)
            })
    }

    private static func table(_ rows: [(String, String)]) -> String {
        let column = 29
        return rows.map { left, right in
            // As GNU's programs do it: behind what is too long the text begins on the next line.
            let isLong = left.count > column - 4
            let gap = String(repeating: " ", count: isLong ? column : column - 2 - left.count)
            return "  \(left)\(isLong ? "\n" : "")\(gap)\(right)"
        }.joined(separator: "\n")
    }
}
