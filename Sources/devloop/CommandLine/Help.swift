/// The help texts: GNU style, at most 80 columns, made from the table of flags that parses.
enum Help {
    /// The text for a topic, with its last newline.
    static func text(for topic: Invocation.Topic) -> String {
        switch topic {
        case .overview: overview
        case .command(let name): command(name)
        }
    }

    /// The line that `--version` prints.
    static func version(_ version: String) -> String { "devloop \(version)\n" }

    private static var overview: String {
        """
        Usage: devloop COMMAND [OPTION]...
        Watch services, rebuild the image a change belongs to, restart what runs it,
        and follow all logs.

        Commands:
        \(table(CommandName.allCases.map { (usage($0), summary($0)) } + [("help [COMMAND]", "print help")]))

        Options of every command:
        \(options { $0.commands.count == CommandName.allCases.count })

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

    private static func command(_ name: CommandName) -> String {
        let own = options { $0.commands == [name] }
        return """
            Usage: devloop \(usage(name)) [OPTION]...
            \(description(name))
            \(own.isEmpty ? "" : "\nOptions of \(name.rawValue):\n\(own)\n")
            Options of every command:
            \(options { $0.commands.count == CommandName.allCases.count })

            Exit status:
            \(exitStatus)

            """
    }

    private static func usage(_ name: CommandName) -> String {
        [.build, .logs].contains(name) ? "\(name.rawValue) [SERVICE]..." : name.rawValue
    }

    private static func summary(_ name: CommandName) -> String {
        switch name {
        case .dev: "run the loop until Ctrl-C"
        case .build: "build the images, all or the named services'"
        case .logs: "show the logs, all or the named services'"
        case .down: "delete what runs"
        }
    }

    private static func description(_ name: CommandName) -> String {
        switch name {
        case .dev:
            """
            Build what is needed, deliver it, apply the manifests, follow the logs, watch,
            and do it again for what changes. Ctrl-C ends it; the services stay, unless
            --cleanup is given. A second Ctrl-C ends it at once.
            """
        case .build:
            """
            Build the images of all services, or of the named ones, side by side.
            """
        case .logs:
            """
            Show the logs of all services, or of the named ones, the way dev does, and go on
            until Ctrl-C. Nothing is built, applied or changed. Of what runs already the
            last ten lines of each container come first, or those since a time.
            """
        case .down:
            """
            Delete everything that is in the manifests; on Docker, what devloop started for
            this project (of this devloop.json), and nothing else. What is gone already is
            no error.
            """
        }
    }

    private static var exitStatus: String {
        table(ExitCode.allCases.map { ("\($0.rawValue)", $0.meaning) })
    }

    private static func options(where isShown: (Option) -> Bool) -> String {
        table(
            Option.all.filter(isShown).map { option in
                let short = option.letter.map { "-\($0), " } ?? "    "
                return ("\(short)--\(option.name)\(option.valueName.map { "=\($0)" } ?? "")", option.help)
            })
    }

    private static func table(_ rows: [(String, String)]) -> String {
        let column = 29
        return rows.map { left, right in
            "  \(left)\(String(repeating: " ", count: column - 2 - left.count))\(right)"
        }.joined(separator: "\n")
    }
}
