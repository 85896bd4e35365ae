extension StartJudge {
    /// Judges the text of a script: what runs on in the end, if all before it is known to end.
    mutating func judge(script text: String, _ context: StartContext, from path: String?) -> StartVerdict {
        guard context.depth < 20, spend(), text.utf8.count < 1 << 15, let script = ShellScript(text) else {
            return .unknown
        }
        var run = ShellRun(context: context, consumed: path.map { [$0] } ?? [])
        var commands = script.commands[...]
        while let command = commands.popFirst() {
            if command.end == .pipe, !Self.skipFilters(&commands) { return .unknown }
            guard let words = run.expand(command) else { return .unknown }
            if words.isEmpty { continue }
            switch judge(step: words, command, &run) {
            case .unknown: return .unknown
            case .ends(let consumed):
                run.consumed.formUnion(consumed)
                run.hasSteps = true
            case .runs(let programs):
                guard !command.isInBranch, command.end != .or else { return .unknown }
                run.programs += programs.map { Self.after(run.consumed, $0, hasSteps: run.hasSteps) }
                if command.end == .background { continue }
                // What is behind a program that runs on starts when it has ended.
                return .runs(run.programs)
            }
        }
        if run.programs.isEmpty { return .ends(consumed: run.consumed) }
        return run.waits ? .runs(run.programs) : .unknown
    }

    private mutating func judge(step words: [String], _ command: ShellScript.Command, _ run: inout ShellRun)
        -> StartVerdict
    {
        switch words[0] {
        case "cd":
            guard !command.isInBranch, command.end == .sequence || command.end == .or, words.count == 2,
                run.isKnown(words[1]),
                !words[1].hasPrefix("-"), !words[1].hasPrefix("~")
            else { return .unknown }
            run.context.directory = run.context.path(words[1])
            return .ends
        case "export":
            for word in words.dropFirst() { run.assign(word, isSure: !command.isInBranch) }
            return .ends
        case "unset":
            for word in words.dropFirst() { run.context.environment[word] = nil }
            return .ends
        case "wait":
            run.waits = true
            return .ends
        case "tail" where words.contains("-f") && !run.programs.isEmpty:
            run.waits = true
            return .ends
        case "set":
            // `set -- …` is another command line.
            return words.contains("--")
                || words.dropFirst().contains { !"-+".contains($0.prefix(1)) && $0 != "pipefail" }
                ? .unknown : .ends
        case "exit", "return": return command.isInBranch || command.end != .sequence ? .ends : .unknown
        case ".", "source": return words.count == 2 && words[1].hasSuffix("/activate") ? .ends : .unknown
        case "shift", "eval", "alias": return .unknown
        default: break
        }
        let context = run.context(for: words)
        let command = words.drop { $0.isAssignment }
        guard !command.isEmpty else { return .ends }
        let verdict = judge(Array(command), context)
        if case .runs = verdict, !ShellRun.isSure(Array(command)) { return .unknown }
        return verdict
    }

    /// Passes over programs that only reformat what another writes; `false` where there is more than that.
    private static func skipFilters(_ commands: inout ArraySlice<ShellScript.Command>) -> Bool {
        while let filter = commands.popFirst() {
            let words = filter.words.map { ShellScript.literal($0) ?? "" }
            let name = words.first { !["npx", "yarn", "pnpm", "exec"].contains($0) } ?? ""
            guard filters.contains(PathName.lastComponent(of: name)) else { return false }
            if filter.end != .pipe { return filter.end == .sequence }
        }
        return false
    }

    private static let filters: Set = [
        "pino-pretty", "pino-colada", "bunyan", "tee", "cat", "grep", "roarr", "ndjson-reporter", "jq",
    ]
}

/// A script on its way.
struct ShellRun {
    var context: StartContext
    var consumed: Set<String>
    var hasSteps = false
    /// What runs in the background, and at last in front.
    var programs: [PickingUp] = []
    /// Whether the script waits for what is in the background.
    var waits = false

    /// Stands for what only the shell knows.
    static let unknown: Character = "\u{FFFD}"

    func isKnown(_ word: String) -> Bool { !word.contains(Self.unknown) }

    /// The words of a command, `NAME=VALUE` before it included; `nil` where they can't be told apart.
    mutating func expand(_ command: ShellScript.Command) -> [String]? {
        var words: [String] = []
        for word in command.words {
            if word == [.arguments] || word == [.literal(""), .arguments] {
                words += context.arguments
                continue
            }
            var text = ""
            for piece in word {
                switch piece {
                case .literal(let literal): text += literal
                case .variable(let name, let fallback):
                    // One that is empty here may get its value elsewhere.
                    let value = context.environment[name].flatMap { $0.isEmpty ? nil : $0 }
                    text += value ?? fallback ?? String(Self.unknown)
                case .arguments: text += context.arguments.joined(separator: " ")
                case .unknown: text += String(Self.unknown)
                }
            }
            words.append(text)
        }
        guard words.allSatisfy(\.isAssignment) else { return words }
        for word in words { assign(word, isSure: !command.isInBranch) }
        return []
    }

    /// Takes `NAME=VALUE`. What is only set sometimes isn't known from there on.
    mutating func assign(_ word: String, isSure: Bool) {
        guard let equals = word.firstIndex(of: "="), word.isAssignment else { return }
        let name = String(word[..<equals])
        context.environment[name] = isSure ? String(word[word.index(after: equals)...]) : String(Self.unknown)
    }

    /// The context with the variables that are set for one command.
    func context(for words: [String]) -> StartContext {
        var run = self
        for word in words.prefix(while: \.isAssignment) { run.assign(word, isSure: true) }
        return run.context
    }

    /// Whether what isn't known in a command is no more than where it listens.
    static func isSure(_ words: [String]) -> Bool {
        let places: Set = [
            "--port", "-p", "--host", "-h", "-H", "--hostname", "--bind", "-b", "-S", "--log-level", "--workers",
            "--threads", "-l", "--listen", "--binding", "--timeout",
        ]
        return words.indices.allSatisfy { index in
            let word = words[index]
            guard word.contains(unknown) else { return true }
            if let equals = word.firstIndex(of: "=") { return places.contains(String(word[..<equals])) }
            return index > 0 && places.contains(words[index - 1]) && !word.hasPrefix(String(unknown) + "-")
                || word.hasSuffix(":\(unknown)") || word.hasPrefix("\(unknown):")
        }
    }
}

extension String {
    /// Whether a shell takes it for a variable that is set.
    var isAssignment: Bool {
        guard let equals = firstIndex(of: "="), let first = first, first.isLetter || first == "_" else { return false }
        return self[..<equals].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" }
    }
}
