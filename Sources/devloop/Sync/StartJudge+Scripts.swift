import Runner

extension StartJudge {
    /// Judges what Node's package managers run; `nil` where the program is none.
    mutating func judgeScripts(_ name: String, _ words: [String], _ context: StartContext) -> StartVerdict? {
        guard ["npm", "yarn", "yarnpkg", "pnpm", "bun", "corepack"].contains(name) else { return nil }
        if name == "corepack" {
            guard let first = words.first, ["npm", "yarn", "pnpm"].contains(first) else { return .ends }
            return judgeScripts(first, Array(words.dropFirst()), context)
        }
        let isBun = name == "bun"
        let values: Set = [
            "--prefix", "-C", "--dir", "--cwd", "-w", "--workspace", "--filter", "-F", "--loglevel", "--reporter",
        ]
        // pnpm's `-w` is the workspace's root and has no value.
        // npm takes its own options anywhere before `--`.
        let outer = Arguments(
            words, values: name == "pnpm" ? values.subtracting(["-w"]) : values, endsAtOperand: name != "npm")
        if isBun, outer.has("--watch", "--hot") { return nil }
        if outer.has("-r", "--recursive", "--parallel", "--workspaces", "-ws", "--stream") { return .unknown }
        var inner = context
        if let folder = outer.value("--prefix", "-C", "--dir", "--cwd") { inner.directory = context.path(folder) }
        if !move(to: outer.all("-w", "--workspace", "--filter", "-F"), &inner) { return .unknown }
        var rest = (outer.operands + (outer.rest.map { ["--"] + $0 } ?? []))[...]
        guard let verb = rest.popFirst() else {
            return name.hasPrefix("yarn") ? .ends : .unknown
        }
        switch verb {
        case "install", "i", "ci", "add", "rebuild", "config", "cache", "set", "prune", "link", "audit": return .ends
        case "run", "run-script", "rum", "urn":
            // `npm run --prefix client dev`
            let arguments = Arguments(rest, values: values, endsAtOperand: true)
            if isBun, arguments.has("--watch", "--hot") { return nil }
            if let folder = arguments.value("--prefix", "-C", "--dir", "--cwd") {
                inner.directory = context.path(folder)
            }
            if !move(to: arguments.all("-w", "--workspace", "--filter"), &inner) { return .unknown }
            var script = arguments.command[...]
            guard let wanted = script.popFirst() else { return .unknown }
            return judge(script: wanted, of: name, Array(script), inner)
        case "start", "test": return judge(script: verb, of: name, Array(rest), inner)
        case "exec", "x", "dlx":
            let arguments = Arguments(rest, values: ["-p", "--package"], endsAtOperand: true)
            if arguments.has("-c", "--call") { return .unknown }
            if !move(to: arguments.all("-w", "--workspace"), &inner) { return .unknown }
            return judge(["npx"] + arguments.command, inner)
        case "node" where name == "yarn": return judge(["node"] + rest, inner)
        case "workspace" where name == "yarn":
            guard let workspace = rest.popFirst(), move(to: [workspace], &inner) else { return .unknown }
            return judgeScripts(name, Array(rest), inner)
        case _ where name == "npm": return .unknown
        default:
            // The others run a script, or a program, by its bare name.
            let hasScript = scripts(inner.directory)?[verb] != nil
            return hasScript ? judge(script: verb, of: name, Array(rest), inner) : judge([verb] + rest, inner)
        }
    }

    /// The scripts of the package in a folder, in their order; `nil` where there is none.
    func scripts(_ directory: String) -> JSONObject? { package(directory)?["scripts"]?.object }

    func package(_ directory: String) -> JSONValue? { json(PathName.absolute("package.json", in: directory)) }

    /// A file of JSON; `nil` where there is none.
    func json(_ path: String) -> JSONValue? { file(path).flatMap { try? JSONParser.parse($0) } }

    /// Runs a script of `package.json`, with its arguments behind it.
    mutating func judge(script name: String, of manager: String, _ words: [String], _ context: StartContext)
        -> StartVerdict
    {
        guard let text = scripts(context.directory)?[name]?.string else {
            // `npm start` without a script is `node server.js`, which takes up nothing.
            return .unknown
        }
        // npm keeps options that stand before `--` for itself.
        var passed = words
        if manager == "npm" || words.first == "--" {
            let arguments = Arguments(words)
            passed = (manager == "npm" ? arguments.operands : []) + (arguments.rest ?? [])
        }
        var inner = context
        inner.depth += 1
        inner.arguments = []
        guard !passed.isEmpty else { return judge(script: text, inner, from: nil) }
        let quoted = passed.map { "'" + $0.replacing("'", with: "'\\''") + "'" }.joined(separator: " ")
        return judge(script: text + " " + quoted, inner, from: nil)
    }

    /// Goes to the folder of a workspace; `false` where it isn't found.
    private func move(to workspaces: [String], _ context: inout StartContext) -> Bool {
        guard let workspace = workspaces.first else { return true }
        guard workspaces.count == 1, !workspace.contains(where: { "*!{}".contains($0) }) else { return false }
        var patterns = package(context.directory)?["workspaces"]
        if patterns?.array == nil { patterns = patterns?["packages"] }
        let last = PathName.lastComponent(of: workspace)
        let listed = (patterns?.array ?? []).compactMap(\.string).map { pattern in
            pattern.hasSuffix("/*") ? pattern.dropLast() + last : pattern
        }
        let guesses = [workspace] + listed + ["packages", "apps", "services"].map { "\($0)/\(last)" }
        for guess in guesses {
            let folder = context.path(guess)
            guard let package = package(folder) else { continue }
            let isPath = guess == workspace
            guard isPath || package["name"]?.string == workspace else { continue }
            context.directory = folder
            return true
        }
        return false
    }
}
