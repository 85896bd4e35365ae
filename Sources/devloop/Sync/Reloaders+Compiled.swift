extension Reloaders {
    /// What builds a program again and starts it.
    static func compiled(_ call: ProgramCall) -> StartVerdict? {
        switch call.name {
        case "air": Air(call)?.verdict
        case "CompileDaemon": compileDaemon(call)
        case "gow": gow(call)
        case "wgo" where call.words.first == "run": .reloads("wgo", call.files(["go"]))
        case "fresh" where call.words.isEmpty: .reloads("fresh", call.files(["go"]))
        case "bee" where call.words.first == "run": .reloads("bee run", call.files(["go"]))
        case "realize" where call.words.first == "start" && call.words.contains("--run") && call.words.count == 2:
            .reloads("realize", call.files(["go"]))
        case "cargo": cargo(call)
        case "cargo-watch": cargoWatch(call, call.words)
        case "dotnet": dotnet(call)
        case "mvn", "mvnw", "gradle", "gradlew": java(call)
        case "mix": phoenix(call)
        default: nil
        }
    }

    private static func compileDaemon(_ call: ProgramCall) -> StartVerdict? {
        // Go's options have one dash or two.
        let words = call.words.map { $0.hasPrefix("--") ? String($0.dropFirst()) : $0 }
        let values: Set = [
            "-command", "-build", "-directory", "-pattern", "-exclude-dir", "-exclude", "-include", "-build-dir",
            "-run-dir",
        ]
        let arguments = Arguments(words, values: values)
        let pattern = arguments.value("-pattern") ?? "\\.go"
        guard arguments.value("-command") != nil, arguments.value("-recursive") != "false", pattern.contains("\\.go")
        else {
            return nil
        }
        var files = call.files(["go"], in: arguments.all("-directory").suffix(1))
        files.ignored = arguments.all("-exclude-dir", "-exclude").map(FilePattern.init)
        return .reloads("CompileDaemon", files)
    }

    private static func gow(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: ["-e", "-w", "-i", "-S"], endsAtOperand: true)
        guard arguments.operands.first == "run" else { return nil }
        let extensions = list(arguments.all("-e"))
        var files = call.files(extensions.isEmpty ? ["go"] : Set(extensions), in: list(arguments.all("-w")))
        files.ignored = list(arguments.all("-i")).map(FilePattern.init)
        return .reloads("gow", files)
    }

    private static func cargo(_ call: ProgramCall) -> StartVerdict? {
        var words = call.words[...]
        if words.first?.hasPrefix("+") ?? false { words = words.dropFirst() }
        return words.first == "watch" ? cargoWatch(call, Array(words.dropFirst())) : nil
    }

    private static func cargoWatch(_ call: ProgramCall, _ words: [String]) -> StartVerdict? {
        let values: Set = [
            "-x", "--exec", "-s", "--shell", "-w", "--watch", "-i", "--ignore", "-d", "--delay", "-C", "--workdir",
            "-E",
            "--env", "--features",
        ]
        let arguments = Arguments(words, values: values, endsAtOperand: true)
        // Without a command it only checks.
        let runs = arguments.all("-x", "--exec").last.map { $0 == "run" || $0.hasPrefix("run ") } ?? false
        let command = arguments.all("-s", "--shell").last ?? arguments.command.joined(separator: " ")
        guard runs || command.contains("cargo run"),
            !arguments.has("-C", "--workdir", "--postpone", "--no-restart", "-N")
        else { return nil }
        var files = call.files(nil, in: arguments.all("-w", "--watch"))
        files.ignored = arguments.all("-i", "--ignore").map(FilePattern.init)
        files.ignoredFolders = ["target", "dist"]
        return .reloads("cargo watch", files)
    }

    /// Some edits can't be patched in. Then it asks whether to start again, and nobody answers in a container.
    private static func dotnet(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(
            call.words, values: ["--project", "-p", "--launch-profile", "-lp", "--framework", "-f"])
        guard arguments.operands.first == "watch", !arguments.operands.contains("test"),
            !arguments.operands.contains("build"),
            arguments.has("--no-hot-reload", "--non-interactive") || call.isOn("DOTNET_WATCH_RESTART_ON_RUDE_EDIT")
        else { return nil }
        let project = arguments.value("--project", "-p")
        let folder = project.map { $0.hasSuffix("proj") ? PathName.directory(of: call.context.path($0)) : $0 }
        var files = call.files(["cs", "cshtml", "razor", "fs", "vb"], in: folder.map { [$0] } ?? [])
        files.ignoredFolders = ["bin", "obj"]
        return .reloads("dotnet watch", files)
    }

    /// The development modes that compile with the next request.
    private static func java(_ call: ProgramCall) -> StartVerdict? {
        let tasks = Arguments(call.words, values: ["-f", "-P", "-pl", "-p"]).operands
        let isOther = call.words.contains { ["-f", "-pl", "-p"].contains($0) }
        let names = ["quarkus:dev": "quarkus:dev", "quarkusDev": "quarkusDev", "mn:run": "mn:run"]
        guard !isOther, let name = tasks.compactMap({ names[$0] }).first else { return nil }
        return .reloads(name, call.files(["java", "kt"], in: ["src/main"]))
    }

    private static func phoenix(_ call: ProgramCall) -> StartVerdict? {
        guard call.words.first == "phx.server", call.context.environment["MIX_ENV"] ?? "dev" == "dev" else {
            return nil
        }
        let settings = call.judge.text(call.context.path("config/dev.exs"))
        guard settings?.contains("code_reloader: true") ?? true else { return nil }
        var files = call.files(["ex", "eex", "heex", "leex", "sface"])
        files.layout = .phoenix
        return .reloads("mix phx.server", files)
    }
}

/// What air watches: the few keys that matter of its configuration.
struct Air {
    let verdict: StartVerdict

    init?(_ call: ProgramCall) {
        let arguments = Arguments(call.words, values: ["-c", "--c"], endsAtOperand: true)
        guard arguments.operands.first != "init", !arguments.has("-v", "-h") else { return nil }
        let given = arguments.value("-c", "--c")
        let names = given.map { [$0] } ?? [".air.toml", ".air.conf"]
        let text = names.lazy.compactMap { call.judge.text(call.context.path($0)) }.first
        guard text != nil || given == nil, var keys = Self.keys(text ?? "") else { return nil }
        for name in arguments.names where name.hasPrefix("--build.") || name.hasPrefix("-build.") {
            return nil
        }
        let root = keys.removeValue(forKey: "root")?.first ?? "."
        var folder = call
        folder.context.directory = call.context.path(root)
        let included = keys["include_dir"] ?? []
        guard !included.contains(where: { $0.contains("*") }) else { return nil }
        var files = folder.files(Set(keys["include_ext"] ?? ["go", "tpl", "tmpl", "html"]), in: included)
        files.also = (keys["include_file"] ?? []).map(FilePattern.init)
        let excluded = keys["exclude_dir"] ?? ["assets", "tmp", "vendor", "testdata"]
        let expressions = (keys["exclude_regex"] ?? ["_test.go"]).map { expression in
            "*" + expression.replacing("\\", with: "").filter { !"^$".contains($0) } + "*"
        }
        files.ignored = (excluded + (keys["exclude_file"] ?? []) + expressions).map(FilePattern.init)
        files.ignoredFolders = ["tmp"]
        verdict = .reloads("air", files)
    }

    /// The strings of the keys that count; `nil` where one of these isn't written as expected.
    private static func keys(_ text: String) -> [String: [String]]? {
        let wanted: Set = [
            "root", "include_ext", "include_dir", "include_file", "exclude_dir", "exclude_file", "exclude_regex",
        ]
        var keys: [String: [String]] = [:]
        var lines = text.split(whereSeparator: \.isNewline).map { String($0.drop { $0 == " " || $0 == "\t" }) }[...]
        while let line = lines.popFirst() {
            guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
            let key = line[..<equals].filter { $0 != " " && $0 != "\t" }
            guard wanted.contains(key) else { continue }
            var value = String(line[line.index(after: equals)...].drop { $0 == " " })
            guard value.hasPrefix("[") else {
                guard let string = strings(value)?.first else { return nil }
                keys[key] = [string]
                continue
            }
            while !value.contains("]") {
                guard let more = lines.popFirst(), !more.hasPrefix("#") else { return nil }
                value += " " + more
            }
            guard let list = strings(String(value.dropFirst())) else { return nil }
            keys[key] = list
        }
        return keys
    }

    /// The quoted strings up to a closing bracket, a comment or the end.
    private static func strings(_ text: String) -> [String]? {
        var strings: [String] = []
        var rest = text[...]
        while let first = rest.first, first != "]", first != "#" {
            rest = rest.dropFirst()
            if ", \t".contains(first) { continue }
            guard first == "\"" || first == "'", let close = rest.firstIndex(of: first) else { return nil }
            strings.append(String(rest[..<close]).replacing("\\\\", with: "\\"))
            rest = rest[close...].dropFirst()
        }
        return strings
    }
}
