import Runner

extension StartJudge {
    /// Judges what starts several programs; `nil` where the program doesn't.
    mutating func judgeStarter(_ name: String, _ words: [String], _ context: StartContext) -> StartVerdict? {
        switch name {
        case "concurrently", "conc": return concurrently(words, context)
        case "npm-run-all", "npm-run-all2", "run-p", "run-s", "run-z": return runAll(name, words, context)
        case "foreman", "honcho", "overmind", "hivemind", "nf", "goreman": return procfile(name, words, context)
        case "deno" where words.first == "task": return denoTask(words, context)
        default: return nil
        }
    }

    /// A task of `deno.json`.
    private mutating func denoTask(_ words: [String], _ context: StartContext) -> StartVerdict {
        let tasks = json(context.path("deno.json")) ?? json(context.path("deno.jsonc"))
        guard words.count == 2, let task = tasks?["tasks"]?[words[1]] else { return .unknown }
        guard let text = task.string ?? task["command"]?.string else { return .unknown }
        return judge(script: text, context, from: nil)
    }

    private mutating func concurrently(_ words: [String], _ context: StartContext) -> StartVerdict {
        let values: Set = [
            "-n", "--names", "-c", "--prefix-colors", "-p", "--prefix", "-s", "--success", "--restart-tries",
            "--restart-after", "-m", "--max-processes", "--name-separator", "-l", "--prefix-length", "-t",
            "--timestamp-format", "--kill-signal", "--hide",
        ]
        let arguments = Arguments(words, values: values)
        guard !arguments.has("-P", "--passthrough-arguments") else { return .unknown }
        var commands: [([String], StartContext)] = []
        for text in arguments.command {
            let managers = ["npm", "yarn", "pnpm", "bun", "node"]
            guard let colon = text.firstIndex(of: ":"), managers.contains(String(text[..<colon])) else {
                commands.append((["sh", "-c", text], context))
                continue
            }
            let parts = text[text.index(after: colon)...].split(separator: " ").map(String.init)
            guard let pattern = parts.first, text[..<colon] != "node" else { return .unknown }
            let names = scripts(named: pattern, in: context)
            guard !names.isEmpty else { return .unknown }
            // What stands behind the name goes to the script.
            let passed = parts.count > 1 ? ["--"] + parts.dropFirst() : []
            commands += names.map { (["npm", "run", $0] + passed, context) }
        }
        return judgeTogether(commands)
    }

    /// The scripts that a name with `*` stands for.
    private func scripts(named pattern: String, in context: StartContext) -> [String] {
        guard pattern.contains("*") else { return [pattern] }
        guard let star = pattern.firstIndex(of: "*"), pattern[star...].allSatisfy({ $0 == "*" }) else { return [] }
        let isDeep = pattern.hasSuffix("**")
        return (scripts(context.directory)?.keys ?? []).filter { key in
            guard key.hasPrefix(pattern[..<star]) else { return false }
            return isDeep || !key.dropFirst(pattern[..<star].count).contains(":")
        }
    }

    /// `npm-run-all clean -p api web`
    private mutating func runAll(_ name: String, _ words: [String], _ context: StartContext) -> StartVerdict {
        let flags: Set = [
            "-l", "--print-label", "-n", "--print-name", "-r", "--race", "-c", "--continue-on-error", "--silent",
            "--npm-path", "--aggregate-output", "-ln", "-nl", "-lr", "-cln", "-cl",
        ]
        var groups: [(isParallel: Bool, names: [String])] = [(name == "run-p", [])]
        for word in words {
            switch word {
            case "-p", "--parallel": groups.append((true, []))
            case "-s", "--sequential", "--serial": groups.append((false, []))
            case let flag where flag.hasPrefix("-"): guard flags.contains(flag) else { return .unknown }
            default:
                let names = scripts(named: word, in: context)
                // Arguments in the word are too much.
                guard !names.isEmpty, !word.contains(" ") else { return .unknown }
                groups[groups.count - 1].names += names
            }
        }
        groups.removeAll { $0.names.isEmpty }
        guard let last = groups.popLast() else { return .unknown }
        var commands = groups.flatMap(\.names).map { (["npm", "run", $0], context) }
        guard last.isParallel else {
            commands += last.names.map { (["npm", "run", $0], context) }
            return judgeInOrder(commands)
        }
        guard case .ends(let consumed) = judgeInOrder(commands) else { return .unknown }
        guard case .runs(let programs) = judgeTogether(last.names.map { (["npm", "run", $0], context) }) else {
            return .unknown
        }
        return .runs(programs.map { Self.after(consumed, $0, hasSteps: !commands.isEmpty) })
    }

    /// All processes of a `Procfile`, or those that are named.
    private mutating func procfile(_ name: String, _ words: [String], _ context: StartContext) -> StartVerdict {
        let values: Set = [
            "-f", "--procfile", "-e", "--env", "-p", "--port", "-d", "--root", "--app-root", "-l", "--processes", "-m",
            "--formation", "-c", "--concurrency", "-t", "--timeout", "-b",
        ]
        let arguments = Arguments(words, values: values)
        var wanted = arguments.command[...]
        if name != "hivemind" || wanted.first == "start" {
            guard let verb = wanted.popFirst(), ["start", "s"].contains(verb) else { return .unknown }
        }
        guard !arguments.has("-m", "--formation", "-c", "--concurrency") else { return .unknown }
        var inner = context
        if let root = arguments.value("-d", "--root", "--app-root") { inner.directory = context.path(root) }
        guard let text = text(inner.path(arguments.value("-f", "--procfile") ?? "Procfile")) else { return .unknown }
        for (key, value) in Self.variables(self.text(inner.path(arguments.value("-e", "--env") ?? ".env")) ?? "") {
            inner.environment[key] = value
        }
        let names = (arguments.value("-l", "--processes") ?? "").split(separator: ",").map(String.init) + wanted
        var commands: [([String], StartContext)] = []
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":"), !line.hasPrefix("#") else { continue }
            let process = String(line[..<colon])
            guard names.isEmpty || names.contains(process) else { continue }
            commands.append((["sh", "-c", String(line[line.index(after: colon)...])], inner))
        }
        return judgeTogether(commands)
    }

    /// The lines `NAME=VALUE` of a file.
    static func variables(_ text: String) -> [(String, String)] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let line = line.hasPrefix("export ") ? line.dropFirst(7) : line
            guard let equals = line.firstIndex(of: "="), String(line).isAssignment else { return nil }
            let value = line[line.index(after: equals)...].filter { !"\"'".contains($0) }
            return (String(line[..<equals]), value)
        }
    }
}
