/// Where and with what a command of a container runs.
struct StartContext {
    var directory: String
    var environment: [String: String]
    /// The arguments of the script that it stands in.
    var arguments: [String] = []
    /// How many scripts it stands in: a script may start itself.
    var depth = 0

    func path(_ path: String) -> String { PathName.absolute(path, in: directory) }
}

/// What is known of a command.
enum StartVerdict {
    /// These run on, and take up changes.
    case runs([PickingUp])
    /// It does something and ends. What it has used up: absolute paths.
    case ends(consumed: Set<String>)
    case unknown

    static var ends: StartVerdict { .ends(consumed: []) }

    static func reloads(_ name: String, _ files: WatchedFiles, takesWhatIsBuilt: Bool = false) -> StartVerdict {
        .runs([PickingUp(name: name, files: files, takesWhatIsBuilt: takesWhatIsBuilt)])
    }

    /// What watches nothing but the modules that it has loaded.
    static func reloadsImports(
        _ name: String, _ files: WatchedFiles, takesWhatIsBuilt: Bool = false
    ) -> StartVerdict {
        .runs([PickingUp(name: name, files: files, watchesFolders: false, takesWhatIsBuilt: takesWhatIsBuilt)])
    }

    static func serves(_ name: String, _ files: WatchedFiles) -> StartVerdict {
        .runs([PickingUp(role: .serves, name: name, files: files)])
    }

    static func compiles(_ name: String, _ files: WatchedFiles) -> StartVerdict {
        .runs([PickingUp(role: .compiles, name: name, files: files)])
    }
}

/// Finds what a container's command comes to: through shells, wrappers, scripts and starters.
struct StartJudge {
    /// The contents of a file of the context by its path in the container.
    let file: (String) -> [UInt8]?
    /// How many more commands are looked at: scripts that start each other have no end.
    private var budget = 300

    init(file: @escaping (String) -> [UInt8]?) { self.file = file }

    /// A file's text; `nil` where there is none.
    func text(_ path: String) -> String? { file(path).map { String(decoding: $0.prefix(1 << 20), as: UTF8.self) } }

    /// Whether there is still something left to spend.
    mutating func spend() -> Bool {
        budget -= 1
        return budget > 0
    }

    /// Judges one command.
    mutating func judge(_ words: [String], _ context: StartContext) -> StartVerdict {
        guard spend(), context.depth < 20, words.count < 1000, let program = words.first, !program.isEmpty else {
            return .unknown
        }
        if let script = ownScript(program, context) { return judge(script, words, context) }
        var inner = context
        inner.depth += 1
        let name = Self.programName(program)
        let arguments = Array(words.dropFirst())
        // `./serve` is more likely somebody's own program than the package.
        let folder = PathName.lastComponent(of: PathName.directory(of: context.path(program)))
        if program.contains("/"), Self.commonNames.contains(name), !folder.hasSuffix("bin") { return .unknown }
        if let passed = Wrappers.unwrap(name, arguments, &inner) {
            return passed.isEmpty ? .unknown : judge(passed, inner)
        }
        if let verdict = judgeShell(name, arguments, inner) { return verdict }
        if let verdict = judgeScripts(name, arguments, inner) { return verdict }
        if let verdict = judgeStarter(name, arguments, inner) { return verdict }
        return judgeProgram(name, arguments, inner)
    }

    private static let commonNames: Set = [
        "serve", "fresh", "max", "umi", "air", "next", "time", "test", "install", "exec", "op", "command",
        "http-server",
    ]

    /// Judges what starts nothing else.
    private func judgeProgram(_ name: String, _ words: [String], _ context: StartContext) -> StartVerdict {
        let call = ProgramCall(name: name, words: words, context: context, judge: self)
        return Reloaders.judge(call) ?? FileServers.judge(call) ?? Steps.judge(call) ?? .unknown
    }

    /// Judges several that run beside each other: one that isn't known makes it all unknown.
    mutating func judgeTogether(_ commands: [([String], StartContext)]) -> StartVerdict {
        var programs: [PickingUp] = []
        for (words, context) in commands {
            guard case .runs(let more) = judge(words, context) else { return .unknown }
            programs += more
        }
        return programs.isEmpty ? .unknown : .runs(programs)
    }

    /// Judges one after another: all but the last have to end.
    mutating func judgeInOrder(_ commands: [([String], StartContext)]) -> StartVerdict {
        var consumed: Set<String> = []
        for (index, (words, context)) in commands.enumerated() {
            switch judge(words, context) {
            case .ends(let more): consumed.formUnion(more)
            case .runs(let programs):
                guard index == commands.count - 1 else { return .unknown }
                return .runs(programs.map { Self.after(consumed, $0, hasSteps: index > 0) })
            case .unknown: return .unknown
            }
        }
        return .ends(consumed: consumed)
    }

    /// A program that starts after something else has used up files.
    static func after(_ consumed: Set<String>, _ program: PickingUp, hasSteps: Bool) -> PickingUp {
        var program = program
        program.files.consumed.formUnion(consumed)
        program.files.hasSteps = program.files.hasSteps || hasSteps
        return program
    }

    /// `node_modules/.bin/nodemon`, `nodemon@3` and `/usr/bin/nodemon` are nodemon.
    private static func programName(_ word: String) -> String {
        let name = PathName.lastComponent(of: word)
        guard let at = name.dropFirst().firstIndex(of: "@") else { return name }
        return String(name[..<at])
    }

    // MARK: Scripts

    private struct Script {
        var path: String
        var text: String
    }

    /// A script of the context that a word starts.
    private func ownScript(_ program: String, _ context: StartContext) -> Script? {
        // What is known by its name needs no reading.
        guard !Steps.isWaiting(PathName.lastComponent(of: program)) else { return nil }
        let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        let paths = program.contains("/") ? [context.path(program)] : folders.map { "\($0)/\(program)" }
        for path in paths {
            guard let text = text(path) else { continue }
            return Script(path: path, text: text)
        }
        return nil
    }

    private mutating func judge(_ script: Script, _ words: [String], _ context: StartContext) -> StartVerdict {
        var inner = context
        inner.depth += 1
        let interpreter = Self.interpreter(of: script.text)
        if let interpreter, !Self.shells.contains(interpreter) {
            let name = PathName.lastComponent(of: script.path)
            // What `bin/rails` does is known by its name.
            let isKnown = interpreter.hasPrefix("ruby") || name == "artisan"
            let rest = Array(words.dropFirst())
            if isKnown { return judgeProgram(name, rest, inner) }
            return judge([interpreter, script.path] + rest, inner)
        }
        guard interpreter != nil || script.path.hasSuffix(".sh") else { return .unknown }
        inner.arguments = Array(words.dropFirst())
        return judge(script: script.text, inner, from: script.path)
    }

    private static let shells: Set = ["sh", "bash", "ash", "dash", "zsh"]

    /// The program that a first line `#!/usr/bin/env -S NAME …` names.
    private static func interpreter(of text: String) -> String? {
        guard text.hasPrefix("#!") else { return nil }
        let line = text.prefix { !$0.isNewline }.dropFirst(2)
        let words = line.split { $0 == " " || $0 == "\t" }.map { PathName.lastComponent(of: String($0)) }
        return words.first { $0 != "env" && !$0.hasPrefix("-") }
    }

    /// `sh -c SCRIPT` and `sh FILE`; `nil` where the program is no shell.
    private mutating func judgeShell(_ name: String, _ words: [String], _ context: StartContext) -> StartVerdict? {
        guard Self.shells.contains(name) else { return nil }
        var rest = words[...]
        var isText = false
        while let option = rest.first, option.hasPrefix("-") || option.hasPrefix("+"), option.count > 1 {
            rest = rest.dropFirst()
            if option == "--" { break }
            if option.hasPrefix("--") { continue }
            if option.contains("c") { isText = true }
            if option.hasSuffix("o") { rest = rest.dropFirst() }
        }
        guard let first = rest.popFirst() else { return .unknown }
        var inner = context
        if isText {
            inner.arguments = Array(rest.dropFirst())
            return judge(script: first, inner, from: nil)
        }
        let path = context.path(first)
        inner.arguments = Array(rest)
        return text(path).map { judge(script: $0, inner, from: path) } ?? .unknown
    }
}
