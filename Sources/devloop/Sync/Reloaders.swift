/// A program, its arguments, and where it starts.
struct ProgramCall {
    var name: String
    var words: [String]
    var context: StartContext
    var judge: StartJudge

    /// The working directory.
    var home: String { context.directory }

    /// What the program watches if nothing else is said: the files of some kinds below its folder.
    func files(_ extensions: Set<String>?) -> WatchedFiles { WatchedFiles(home: home, extensions: extensions) }

    /// Watching below other folders than the working directory, if there are some.
    func files(_ extensions: Set<String>?, in folders: [String]) -> WatchedFiles {
        let roots = folders.map(context.path)
        return WatchedFiles(home: home, roots: roots.isEmpty ? nil : roots, extensions: extensions)
    }

    /// Whether a variable is set to something that means yes.
    func isOn(_ variable: String) -> Bool {
        ["1", "true", "yes", "on"].contains(context.environment[variable]?.lowercased() ?? "")
    }

    /// Whether a file of the context in the working directory has some text.
    func file(_ name: String, contains text: String) -> Bool {
        judge.text(context.path(name))?.contains(text) ?? false
    }
}

/// The programs that start others again, or load changed files themselves.
enum Reloaders {
    /// What is known of a program; `nil` where it is none of these, or not told to reload.
    static func judge(_ call: ProgramCall) -> StartVerdict? {
        node(call) ?? web(call) ?? python(call) ?? ruby(call) ?? restarter(call) ?? compiled(call)
    }

    // MARK: Whatever the language

    private static func restarter(_ call: ProgramCall) -> StartVerdict? {
        switch call.name {
        case "watchexec": watchexec(call)
        case "watchfiles": watchfiles(call)
        case "watchmedo": watchmedo(call)
        case "rerun": rerun(call)
        case "reflex": reflex(call)
        default: nil
        }
    }

    private static func watchexec(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = [
            "-w", "--watch", "-e", "--exts", "-f", "--filter", "-i", "--ignore", "-s", "--signal", "--stop-signal",
            "--stop-timeout", "-d", "--debounce", "--shell", "-o", "--on-busy-update", "--project-origin", "--workdir",
            "--ignore-file", "--filter-file", "-W", "--watch-non-recursive", "-E", "--env", "--delay-run", "-j",
        ]
        let arguments = Arguments(call.words, values: values, endsAtOperand: true)
        let restarts = arguments.has("-r", "--restart") || arguments.value("-o", "--on-busy-update") == "restart"
        guard restarts, !arguments.command.isEmpty,
            !arguments.has(
                "-f", "--filter", "--workdir", "-W", "--filter-file", "-j", "--ignore-file", "-p", "--postpone")
        else { return nil }
        let extensions = list(arguments.all("-e", "--exts"))
        var files = call.files(extensions.isEmpty ? nil : Set(extensions), in: arguments.all("-w", "--watch"))
        files.ignored = arguments.all("-i", "--ignore").map(FilePattern.init)
        files.ignoredFolders = ["target", "dist", "build"]
        return .reloads("watchexec", files)
    }

    private static func watchfiles(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = [
            "--ignore-paths", "--target-type", "--filter", "--args", "--verbosity", "--sigint-timeout",
            "--sigkill-timeout", "--grace-period", "--ignore-permission-denied",
        ]
        let arguments = Arguments(call.words, values: values)
        guard let filter = ["default": nil, "all": nil, "python": ["py"]][arguments.value("--filter") ?? "default"],
            !arguments.command.isEmpty, !arguments.has("--non-recursive")
        else { return nil }
        var files = call.files(filter.map { Set($0) }, in: Array(arguments.command.dropFirst()))
        files.ignored = list(arguments.all("--ignore-paths")).map(FilePattern.init)
        return .reloads("watchfiles", files)
    }

    private static func watchmedo(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = [
            "-d", "--directory", "-p", "--pattern", "--patterns", "-i", "--ignore-pattern", "--ignore-patterns",
            "--signal", "--kill-after", "--interval", "--timeout", "--debounce-interval",
        ]
        guard call.words.first == "auto-restart" else { return nil }
        let arguments = Arguments(call.words.dropFirst(), values: values, endsAtOperand: true)
        guard arguments.has("-R", "--recursive"), !arguments.command.isEmpty,
            let extensions = extensions(of: list(arguments.all("-p", "--pattern", "--patterns")))
        else { return nil }
        var files = call.files(extensions, in: list(arguments.all("-d", "--directory")))
        files.ignored = list(arguments.all("-i", "--ignore-pattern", "--ignore-patterns")).map(FilePattern.init)
        return .reloads("watchmedo auto-restart", files)
    }

    private static func rerun(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = ["-d", "--dir", "-p", "--pattern", "-i", "--ignore", "-s", "--signal", "-n", "--name", "-w"]
        let arguments = Arguments(call.words, values: values, endsAtOperand: true)
        guard !arguments.command.isEmpty, !arguments.has("-x", "--exit"),
            let given = extensions(of: arguments.all("-p", "--pattern"))
        else { return nil }
        var files = call.files(
            given ?? ["rb", "erb", "haml", "slim", "html", "ru", "yml", "js", "css", "scss"],
            in: list(arguments.all("-d", "--dir")))
        files.ignored = arguments.all("-i", "--ignore").map(FilePattern.init)
        return .reloads("rerun", files)
    }

    /// cespare's, which is told by regular expressions; only those that ask for the end of a name are read.
    private static func reflex(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = ["-r", "--regex", "-R", "--inverse-regex", "-g", "--glob", "-G", "--inverse-glob", "-d"]
        let words = call.words.flatMap { $0 == "-sr" ? ["-s", "-r"] : $0 == "-sg" ? ["-s", "-g"] : [$0] }
        let arguments = Arguments(words, values: values, endsAtOperand: true)
        guard arguments.has("-s", "--start-service"), !arguments.has("-c", "--config"), !arguments.command.isEmpty,
            var wanted = extensions(of: arguments.all("-g", "--glob"))
        else { return nil }
        for regex in arguments.all("-r", "--regex") {
            let inner = String(regex.filter { !"()^".contains($0) })
            let ends = inner.split(separator: "|").compactMap { part -> String? in
                guard part.hasSuffix("$"), let dot = part.firstRange(of: "\\.") else { return nil }
                let name = part[dot.upperBound...].dropLast()
                return name.allSatisfy { $0.isLetter || $0.isNumber } ? String(name) : nil
            }
            guard !ends.isEmpty else { return nil }
            wanted = (wanted ?? []).union(ends)
        }
        var files = call.files(wanted)
        files.ignored = arguments.all("-R", "--inverse-regex", "-G", "--inverse-glob").map {
            FilePattern("*" + $0.filter { !"^$".contains($0) } + "*")
        }
        return .reloads("reflex", files)
    }

    // MARK: Reading options

    /// What stands in lists separated by commas, semicolons or spaces.
    static func list(_ values: [String]) -> [String] {
        values.flatMap { $0.split { ",; ".contains($0) }.map(String.init) }
    }

    /// The extensions that patterns such as `*.py` and `**/*.{rb,js}` ask for; `.some(nil)` where there is no
    /// pattern or all is asked for, `nil` where one asks for something else.
    static func extensions(of patterns: [String]) -> Set<String>?? {
        var extensions: Set<String> = []
        for pattern in patterns {
            if pattern == "*" || pattern == "**/*" { return .some(nil) }
            let start = pattern.hasPrefix("**/*.") ? 5 : pattern.hasPrefix("*.") ? 2 : nil
            guard let start else { return nil }
            let name = pattern.dropFirst(start)
            let isChoice = name.hasPrefix("{") && name.hasSuffix("}")
            let names = isChoice ? name.dropFirst().dropLast().split(separator: ",") : [name]
            guard names.allSatisfy({ $0.allSatisfy { $0.isLetter || $0.isNumber } }) else { return nil }
            extensions.formUnion(names.map(String.init))
        }
        return .some(extensions.isEmpty ? nil : extensions)
    }
}
