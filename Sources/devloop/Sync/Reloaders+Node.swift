extension Reloaders {
    /// The options of `node` that have a value in the next word.
    static let nodeValues: Set<String> = [
        "-r", "--require", "--import", "--loader", "--experimental-loader", "--env-file", "-C", "--conditions",
        "--watch-path", "--inspect-port", "--title", "-e", "--eval", "-p", "--print", "--run",
    ]

    private static let scripts: Set = ["js", "mjs", "cjs"]
    private static let typed: Set = ["ts", "tsx", "mts", "cts"]
    private static let both = scripts.union(typed).union(["jsx"])

    static func node(_ call: ProgramCall) -> StartVerdict? {
        switch call.name {
        case "node", "nodejs": nodeWatch(call)
        case "nodemon": Nodemon(call)?.verdict
        case "ts-node-dev", "tsnd": importing("ts-node-dev", call, call.words, scripts.union(typed))
        case "tsx", "esmo", "esno": tsx(call)
        case "node-dev", "babel-watch", "babel-node-dev": importing(call.name, call, call.words, scripts)
        case "vite-node": viteNode(call)
        case "tsc": compiler(call)
        case "tsc-watch", "tsup": tscWatch(call)
        case "sass", "tailwindcss", "tailwind", "postcss": styles(call)
        case "nest": nest(call)
        case "bun": bun(call)
        case "deno", "denon": deno(call)
        case "wrangler" where call.words.first == "dev": .reloads("wrangler dev", call.files(both))
        case "strapi" where ["develop", "dev"].contains(call.words.first):
            .reloads("strapi develop", call.files(scripts.union(typed), in: ["src", "api"]))
        case "json-server": jsonServer(call)
        default: nil
        }
    }

    private static func nodeWatch(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: nodeValues, endsAtOperand: true)
        guard let script = arguments.operands.first, !script.contains("node_modules/"),
            !arguments.has("-e", "--eval", "-p", "--print", "--run", "--test", "-c", "--check")
        else { return nil }
        if PathName.lastComponent(of: script) == "ace", arguments.operands.dropFirst().first == "serve" {
            let options = Arguments(arguments.operands)
            guard options.has("--watch", "--hmr", "-w") else { return nil }
            return .reloads("node ace serve", call.files(typed))
        }
        guard arguments.has("--watch", "--watch-path") else { return nil }
        let isTyped = typed.contains(ContainerPath.fileExtension(script))
        let loads = arguments.has("--import", "--loader", "--experimental-loader", "-r", "--require")
        var files = files(around: script, call, isTyped || loads ? scripts.union(typed) : scripts)
        // What the script starts, or reads, is not watched, and goes on as it was.
        files.only = imports(of: script, call)
        let paths = arguments.all("--watch-path")
        if !paths.isEmpty {
            // It is started again, so that it reads whatever it has read from there.
            files = call.files(nil, in: paths)
        }
        return paths.isEmpty
            ? .reloadsImports("node --watch", files, takesWhatIsBuilt: !isTyped) : .reloads("node --watch", files)
    }

    /// The files of the project that a script imports; `nil` where they can't be known, as where it is made by a compiler.
    private static func imports(of script: String, _ call: ProgramCall) -> Set<String>? {
        let aliases = ImportAlias.all(in: call.home, json: call.judge.json)
        return ImportWalk(from: call.context.path(script), aliases: aliases, text: call.judge.text)?.files
    }

    /// Programs that watch the modules that a script has imported, and what they are told to
    /// (https://tsx.is/watch-mode, https://github.com/wclr/ts-node-dev).
    private static func importing(
        _ name: String, _ call: ProgramCall, _ words: [String], _ extensions: Set<String>
    ) -> StartVerdict? {
        let values: Set = [
            "-P", "--project", "--ignore-watch", "--watch", "--interval", "--debounce", "--include", "--exclude",
            "--ignore", "--tsconfig", "-O", "--compiler-options", "--env-file", "--dir", "--cwd",
        ]
        let arguments = Arguments(words, values: nodeValues.union(values), endsAtOperand: true)
        guard let script = arguments.operands.first, !arguments.has("-e", "--eval", "--dir", "--cwd") else {
            return nil
        }
        var files = files(around: script, call, extensions)
        files.only = imports(of: script, call)
        // It is started again for these, so that it reads whatever it has read from there.
        files.also = list(arguments.all("--include", "--watch")).map(FilePattern.init)
        let patterns = arguments.all("--ignore-watch", "--ignore", "--exclude")
        files.ignored = patterns.map(FilePattern.init)
        return .reloadsImports(name, files, takesWhatIsBuilt: scripts.contains(ContainerPath.fileExtension(script)))
    }

    /// The working directory, if the script is in it. A script that was built imports nothing from where the sources
    /// are.
    static func files(around script: String, _ call: ProgramCall, _ extensions: Set<String>) -> WatchedFiles {
        let path = call.context.path(script)
        guard call.home != "/", let relative = PathName.relative(path, to: call.home) else {
            let folder = PathName.directory(of: path)
            return WatchedFiles(home: folder, extensions: extensions)
        }
        let first = relative.split(separator: "/").dropLast().first.map(String.init)
        guard let first, builtFolders.contains(first) else { return call.files(extensions) }
        return call.files(extensions, in: [first])
    }

    static let builtFolders: Set = ["dist", "build", "out", "lib-dist", ".build", "built", "compiled"]

    private static func tsx(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = ["--tsconfig", "--env-file"]
        let outer = Arguments(call.words, values: nodeValues.union(values), endsAtOperand: true)
        let isVerb = ["watch", "w"].contains(outer.operands.first)
        guard isVerb || outer.has("--watch") else { return nil }
        let words = isVerb ? Array(outer.command.dropFirst()) : call.words.filter { $0 != "--watch" }
        guard case .runs(var programs)? = importing("tsx watch", call, words, both) else { return nil }
        programs[0].files.ignoredFolders = ["dist"]
        return .runs(programs)
    }

    private static func viteNode(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: ["-c", "--config", "-r", "--root"], endsAtOperand: true)
        guard arguments.has("-w", "--watch"), let script = arguments.operands.first else { return nil }
        return .reloadsImports("vite-node --watch", files(around: script, call, both))
    }

    private static func compiler(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: ["-p", "--project", "--outDir", "--rootDir"])
        guard arguments.has("-w", "--watch") else { return nil }
        // One that only checks writes nothing.
        if arguments.has("--noEmit") { return .compiles("tsc --watch", call.files([])) }
        guard !arguments.has("-p", "--project", "-b", "--build"), arguments.operands.isEmpty else { return nil }
        return .compiles("tsc --watch", call.files(typed))
    }

    private static func styles(_ call: ProgramCall) -> StartVerdict? {
        guard call.words.contains(where: { ["-w", "--watch", "--watch=always"].contains($0) }) else { return nil }
        return .compiles(call.name, call.files([]))
    }

    /// Compilers that start the program again after each turn.
    private static func tscWatch(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: ["--onSuccess", "--onFirstSuccess", "-p", "--project"])
        let runs = arguments.value("--onSuccess") ?? ""
        guard !runs.isEmpty, call.name == "tsc-watch" || arguments.has("--watch"),
            arguments.value("-p", "--project") == nil
        else { return nil }
        return .reloads(call.name, call.files(typed))
    }

    private static func nest(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = ["-c", "--config", "-p", "--path", "-e", "--exec", "-d", "--debug", "-b", "--builder"]
        let arguments = Arguments(call.words, values: values)
        guard ["start", "s"].contains(arguments.operands.first), arguments.has("--watch", "-w") else { return nil }
        var files = call.files(typed)
        files.ignoredFolders = ["dist", "test"]
        return .reloads("nest start --watch", files)
    }

    private static func bun(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = ["-r", "--preload", "--env-file", "-c", "--config", "--cwd"]
        let outer = Arguments(call.words, values: values, endsAtOperand: true)
        var words = outer.command[...]
        if words.first == "run" { words = words.dropFirst() }
        let inner = Arguments(words, values: values, endsAtOperand: true)
        guard let script = inner.operands.first, both.contains(ContainerPath.fileExtension(script)),
            !outer.has("--cwd"), !inner.has("--cwd")
        else { return nil }
        let isHot = outer.has("--hot") || inner.has("--hot")
        guard isHot || outer.has("--watch") || inner.has("--watch") else { return nil }
        // https://bun.com/docs/runtime/hot
        var files = files(around: script, call, both)
        files.only = imports(of: script, call)
        return .reloadsImports(isHot ? "bun --hot" : "bun --watch", files)
    }

    private static func deno(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = ["-c", "--config", "--import-map", "-L", "--log-level", "--env-file", "--port", "--host"]
        let arguments = Arguments(call.words.dropFirst(), values: values, endsAtOperand: true)
        guard let verb = call.words.first, ["run", "serve", "start"].contains(verb),
            let script = arguments.operands.first, both.contains(ContainerPath.fileExtension(script)),
            !arguments.names.contains(where: { $0.hasPrefix("--watch-exclude") })
        else { return nil }
        var files = files(around: script, call, both)
        if call.name == "denon" { return .reloadsImports("denon", files) }
        // With `--watch-hmr` what a module has made when it was loaded stays (https://docs.deno.com/runtime/run/watch_mode/).
        guard verb != "start", arguments.has("--watch"), !arguments.has("--watch-hmr") else { return nil }
        files.only = imports(of: script, call)
        files.also = list(arguments.all("--watch")).map(FilePattern.init)
        return .reloadsImports("deno \(verb) --watch", files)
    }

    private static func jsonServer(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = [
            "-p", "--port", "-H", "--host", "-r", "--routes", "-m", "--middlewares", "-c", "--config", "-s",
        ]
        let arguments = Arguments(call.words, values: values)
        guard arguments.has("-w", "--watch"), arguments.operands.count == 1 else { return nil }
        var files = WatchedFiles(home: call.home, roots: [], extensions: [])
        files.also = [FilePattern(arguments.operands[0])]
        return .reloads("json-server --watch", files)
    }
}
