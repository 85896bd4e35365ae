/// Programs that only start another one.
enum Wrappers {
    /// The command that a wrapper starts; `nil` where the program is no wrapper, empty where it isn't known.
    static func unwrap(_ name: String, _ words: [String], _ context: inout StartContext) -> [String]? {
        if let values = plain[name] { return Arguments(words, values: values, endsAtOperand: true).command }
        if let verb = verbs[name] { return behind(verb, words, &context) }
        switch name {
        case "docker-entrypoint.sh", "docker-entrypoint", "docker-php-entrypoint":
            // The official images' own: an option is for the image's program, which isn't known here.
            return words.first?.hasPrefix("-") ?? true ? [] : words
        case _ where Steps.isWaiting(name):
            return words.firstIndex(of: "--").map { Array(words[($0 + 1)...]) }
        case "su-exec", "gosu":
            if let separator = words.firstIndex(of: "--") { return Array(words[(separator + 1)...]) }
            return words.first?.hasPrefix("-") ?? true ? [] : Array(words.dropFirst())
        case "dockerize":
            let values: Set = ["-wait", "-timeout", "-template", "-wait-retry-interval", "-stdout", "-stderr"]
            if words.contains("-template") { return [] }
            let command = Arguments(words, values: values, endsAtOperand: true).command
            return command.isEmpty ? nil : command
        case "env", "cross-env", "env-cmd", "cross-env-shell": return environment(name, words, &context)
        case "dotenv", "dotenvx", "dotenv-flow", "doppler", "infisical", "chamber", "aws-vault", "op", "mise", "conda":
            guard let separator = words.firstIndex(of: "--") else {
                guard name.hasPrefix("dotenv") || name == "conda" else { return [] }
                let values: Set = ["-e", "-f", "-v", "-p", "-n", "--file", "--name"]
                let command = Arguments(words, values: values, endsAtOperand: true).command
                guard command.first == "run" else { return command }
                return Arguments(command.dropFirst(), values: values, endsAtOperand: true).command
            }
            return Array(words[(separator + 1)...])
        case "npx", "bunx", "pnpx":
            guard !words.contains(where: { ["-c", "--call"].contains($0) }) else { return [] }
            return package(Arguments(words, values: ["-p", "--package"], endsAtOperand: true).command)
        case "node", "nodejs": return node(words)
        case "python", "python3", "pypy3": return python(words)
        case let version where version.hasPrefix("python3."): return python(words)
        case "debugpy": return debugger(words)
        case "ruby": return ruby(words)
        case "go": return go(words)
        case "elixir", "iex":
            guard let option = words.firstIndex(of: "-S"), option + 1 < words.count else { return nil }
            return Array(words[(option + 1)...])
        default: return nil
        }
    }

    /// Those that have options only before the command, and the options that have a value.
    private static let plain: [String: Set<String>] = [
        "tini": ["-p", "-e"], "tini-static": ["-p", "-e"], "docker-init": [], "catatonit": [],
        "dumb-init": ["-r", "--rewrite"], "exec": ["-a"], "nice": ["-n"], "nohup": [], "time": ["-f", "-o"],
        "ionice": ["-c", "-n"], "stdbuf": ["-o", "-e", "-i"], "command": [], "sudo": ["-u", "-g"], "unbuffer": [],
        "ddtrace-run": [], "opentelemetry-instrument": [], "setsid": [],
    ]

    /// Those whose command stands behind a verb.
    private static let verbs: [String: String] = [
        "poetry": "run", "pipenv": "run", "uv": "run", "pdm": "run", "rye": "run", "bundle": "exec", "bundler": "exec",
        "newrelic-admin": "run-program",
    ]

    private static func behind(_ verb: String, _ words: [String], _ context: inout StartContext) -> [String]? {
        let values: Set = [
            "-C", "--directory", "--project", "-p", "--python", "--with", "--extra", "--group", "--env-file",
            "--gemfile",
            "-m", "--module", "-P", "--package",
        ]
        let outer = Arguments(words, values: values, endsAtOperand: true)
        guard outer.operands.first == verb else { return nil }
        if let directory = outer.value("-C", "--directory") { context.directory = context.path(directory) }
        let inner = Arguments(outer.command.dropFirst(), values: values, endsAtOperand: true)
        if let directory = inner.value("--directory") { context.directory = context.path(directory) }
        if let module = inner.value("-m", "--module") { return ["python", "-m", module] + inner.command }
        guard let first = inner.command.first else { return [] }
        return first.hasSuffix(".py") ? ["python"] + inner.command : inner.command
    }

    private static func environment(_ name: String, _ words: [String], _ context: inout StartContext) -> [String] {
        let arguments = Arguments(words, values: ["-u", "-f", "-C", "--chdir", "--file", "-r"], endsAtOperand: true)
        guard !arguments.has("-S", "--split-string", "-C", "--chdir", "-r") else { return [] }
        if name == "env", arguments.has("-i", "-", "--ignore-environment") { context.environment = [:] }
        for variable in arguments.all("-u") { context.environment[variable] = nil }
        var rest = arguments.command[...]
        while let word = rest.first, word.isAssignment, let equals = word.firstIndex(of: "=") {
            context.environment[String(word[..<equals])] = String(word[word.index(after: equals)...])
            rest = rest.dropFirst()
        }
        if name == "cross-env-shell" { return ["sh", "-c", rest.joined(separator: " ")] }
        return Array(rest)
    }

    /// A package's program where it isn't called like the package.
    private static func package(_ words: [String]) -> [String] {
        guard let first = words.first else { return [] }
        let names = [
            "@angular/cli": "ng", "@nestjs/cli": "nest", "@remix-run/dev": "remix",
            "@vue/cli-service": "vue-cli-service",
            "ts-node-dev": "ts-node-dev", "@react-router/dev": "react-router", "@11ty/eleventy": "eleventy",
        ]
        let at = first.dropFirst().lastIndex(of: "@")
        let package = at.map { String(first[..<$0]) } ?? first
        guard let name = names[package] else { return package.hasPrefix("@") ? [] : [package] + words.dropFirst() }
        // `npx @angular/cli serve` runs `ng serve`.
        return [name] + words.dropFirst()
    }

    /// `node node_modules/.bin/NAME`, `node ./node_modules/NAME/bin/cli.js`
    private static func node(_ words: [String]) -> [String]? {
        let arguments = Arguments(words, values: Reloaders.nodeValues, endsAtOperand: true)
        guard !arguments.has("--watch", "--watch-path"), let script = arguments.operands.first else { return nil }
        let parts = script.split(separator: "/").map(String.init)
        guard let folder = parts.lastIndex(of: "node_modules"), folder + 1 < parts.count else { return nil }
        let name = parts[folder + 1]
        let program = name == ".bin" ? parts.last : name.hasPrefix("@") ? nil : name
        let aliases = ["@angular": "ng", "@nestjs": "nest"]
        return (program ?? aliases[name]).map { [$0] + arguments.operands.dropFirst() } ?? []
    }

    /// `python -m NAME` and `python manage.py`
    private static func python(_ words: [String]) -> [String]? {
        var rest = words[...]
        while let option = rest.first, option.hasPrefix("-") {
            rest = rest.dropFirst()
            if option == "-m" { return Array(rest) }
            if option == "-c" || option == "-" { return [] }
            if option == "-W" || option == "-X" { rest = rest.dropFirst() }
        }
        guard let script = rest.first else { return [] }
        return PathName.lastComponent(of: script) == "manage.py" ? ["manage.py:run"] + rest : nil
    }

    /// `python -m debugpy --listen 0.0.0.0:5678 -m uvicorn …`
    private static func debugger(_ words: [String]) -> [String] {
        var rest = words[...]
        while let option = rest.first, option.hasPrefix("-") {
            rest = rest.dropFirst()
            if option == "-m" { return ["python", "-m"] + rest }
            if ["--listen", "--connect", "--configure-subProcess", "--log-to"].contains(option) {
                rest = rest.dropFirst()
            }
        }
        return rest.isEmpty ? [] : ["python"] + rest
    }

    private static func ruby(_ words: [String]) -> [String]? {
        let arguments = Arguments(words, values: ["-r", "-I"], endsAtOperand: true)
        guard !arguments.has("-e"), let script = arguments.operands.first else { return [] }
        let isKnown = ["rails", "rake"].contains(PathName.lastComponent(of: script))
        return isKnown ? [PathName.lastComponent(of: script)] + arguments.operands.dropFirst() : nil
    }

    /// `go tool air`, `go run github.com/air-verse/air@latest`
    private static func go(_ words: [String]) -> [String]? {
        guard words.count > 1 else { return nil }
        if words[0] == "tool" { return Array(words.dropFirst()) }
        let name = PathName.lastComponent(of: words[1])
        guard words[0] == "run", words[1].hasPrefix("github.com/") else { return nil }
        return [name] + words.dropFirst(2)
    }
}
