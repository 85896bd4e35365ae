import Runner

/// What nodemon watches: its command line, else `nodemon.json`, else `nodemonConfig` in `package.json`.
struct Nodemon {
    let verdict: StartVerdict

    init?(_ call: ProgramCall) {
        let values: Set = [
            "--config", "-w", "--watch", "-i", "--ignore", "-d", "--delay", "-x", "--exec", "-e", "--ext", "-s",
            "--signal",
            "--cwd", "-P", "--polling-interval",
        ]
        // It knows no `--ext=ts`, which goes to the program.
        guard !call.words.contains(where: { word in values.contains { word.hasPrefix("\($0)=") } }) else { return nil }
        let arguments = Arguments(call.words, values: values.union(Reloaders.nodeValues.subtracting(["-e", "-p"])))
        var call = call
        if let folder = arguments.value("--cwd") { call.context.directory = call.context.path(folder) }
        guard let settings = Self.settings(arguments, call) else { return nil }

        var script = arguments.operands.first { Self.isScript($0, call) } ?? settings["script"]?.string
        var exec = arguments.value("-x", "--exec") ?? settings["exec"]?.string
        if exec == nil, script == nil, let package = call.judge.package(call.home) {
            script = package["main"]?.string
            if script == nil { exec = package["scripts"]?["start"]?.string }
        }
        guard settings["ext"]?.string != nil || settings["ext"] == nil,
            let watched = Self.strings(settings["watch"]), let ignored = Self.strings(settings["ignore"])
        else { return nil }

        let extensions = Self.extensions(arguments.value("-e", "--ext") ?? settings["ext"]?.string, script)
        let given = arguments.all("-w", "--watch")
        var files = call.files(extensions)
        if let built = Self.builtFolder([exec, script].compactMap { $0 }.joined(separator: " "), call) {
            files = call.files(extensions, in: [built])
        }
        let isNarrow = Self.narrow(&files, to: given.isEmpty ? watched : given, call)
        files.ignored = (arguments.all("-i", "--ignore") + ignored).map(FilePattern.init)
        let takesScripts = extensions.map { $0.contains("js") } ?? true
        verdict = .reloads("nodemon", files, takesWhatIsBuilt: takesScripts && !isNarrow)
    }

    private static func settings(_ arguments: Arguments, _ call: ProgramCall) -> JSONValue? {
        let none = JSONValue.object(JSONObject())
        if let path = arguments.value("--config") { return call.judge.json(call.context.path(path)) }
        let path = call.context.path("nodemon.json")
        if call.judge.file(path) != nil { return call.judge.json(path) }
        return call.judge.package(call.home)?["nodemonConfig"] ?? none
    }

    /// One string or several; `nil` for anything else.
    private static func strings(_ value: JSONValue?) -> [String]? {
        guard let value else { return [] }
        if let one = value.string { return [one] }
        let all = value.array?.map(\.string)
        return all.flatMap { $0.contains(nil) ? nil : $0.compactMap { $0 } }
    }

    /// It takes the first argument that is a file. Not all files are known here.
    private static func isScript(_ word: String, _ call: ProgramCall) -> Bool {
        let sources: Set = [
            "js", "mjs", "cjs", "ts", "tsx", "mts", "cts", "jsx", "py", "rb", "go", "coffee", "php", "pl",
        ]
        return word == "." || call.judge.file(call.context.path(word)) != nil
            || sources.contains(ContainerPath.fileExtension(word))
    }

    /// `nil` for all. Old versions take `.mjs` and `.cjs` only with a script of that kind.
    private static func extensions(_ given: String?, _ script: String?) -> Set<String>? {
        guard let given else {
            let own = ContainerPath.fileExtension(script ?? "")
            return own.isEmpty || ["js", "mjs", "cjs"].contains(own) ? Set(["js", "json", own]) : [own, "json"]
        }
        let names = given.split { ",* \t".contains($0) }.map { String($0.drop { $0 == "." }) }
        return names.isEmpty ? nil : Set(names)
    }

    /// Where the files are that what it starts was built to; what they were built from isn't built again.
    private static func builtFolder(_ exec: String, _ call: ProgramCall) -> String? {
        var text = exec
        for _ in 0..<3 {
            let words = text.split(separator: " ").map(String.init)
            guard !text.contains(where: { "&;|".contains($0) }), let first = words.first,
                ["npm", "yarn", "pnpm"].contains(first)
            else { break }
            guard let name = words.dropFirst().first(where: { $0 != "run" && !$0.hasPrefix("-") }),
                let script = call.judge.scripts(call.home)?[name]?.string
            else { break }
            text = script
        }
        let builders = [
            "tsc ", "tsc&", "tsc;", "build ", "build&", "swc ", "babel src", "webpack", "esbuild", "tsup", "compile",
        ]
        if builders.contains(where: text.contains) || text.hasSuffix("build") || text.hasSuffix("tsc") { return nil }
        let words = text.split { " '\"".contains($0) }
        for word in words where word.contains("/") || words.count > 1 {
            let parts = (word.hasPrefix("./") ? word.dropFirst(2) : word).split(separator: "/")
            if let first = parts.first.map(String.init), Reloaders.builtFolders.contains(first) { return first }
        }
        return nil
    }

    /// Watches only what is given. Returns whether that is less than all.
    private static func narrow(_ files: inout WatchedFiles, to watched: [String], _ call: ProgramCall) -> Bool {
        let all: Set = [".", "./", "*", "*.*", "**", "**/*", "**/*.*", "./**/*"]
        guard !watched.isEmpty, !watched.contains(where: all.contains) else { return false }
        let built = files.roots
        files.roots = []
        for rule in watched {
            guard let wild = rule.firstIndex(where: { "*?[{(!".contains($0) }) else {
                let path = call.context.path(rule)
                let isFile = call.judge.file(path) != nil
                if isFile, let relative = PathName.relative(path, to: call.home) {
                    files.also.append(FilePattern(relative))
                } else {
                    files.roots.append(path)
                }
                continue
            }
            let base = rule[..<wild].lastIndex(of: "/").map { rule[...$0] } ?? ""
            if ["*", "**", "**/", "**/*", "**/*.*"].contains(rule[base.endIndex...]) {
                files.roots.append(call.context.path(String(base)))
            } else {
                files.patterns.append(FilePattern(base.isEmpty && !rule.hasPrefix("**") ? "**/" + rule : rule))
            }
        }
        // What was built has to be there as well.
        if built != [call.home] {
            files.roots = files.roots.filter { root in built.contains { ContainerPath.isIn($0, root) } }
            files.patterns = []
        }
        return true
    }
}
