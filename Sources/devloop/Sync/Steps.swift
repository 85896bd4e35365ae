/// What containers do before they start their program: it ends, and leaves no file behind that a later change of
/// another would have to reach. What isn't known here may compile something.
enum Steps {
    static func judge(_ call: ProgramCall) -> StartVerdict? {
        if harmless.contains(call.name) || isWaiting(call.name) { return .ends }
        switch call.name {
        case "cp", "mv", "ln", "install": return copy(call)
        case "pip", "pip3", "composer", "poetry", "bundle", "pipenv", "uv": return installation(call)
        case "node", "python", "python3", "ts-node", "tsx", "php", "ruby": return script(call)
        case "manage.py:run": return django(call, call.words.dropFirst())
        case "manage.py", "django-admin": return django(call, call.words[...])
        default: break
        }
        guard let verbs = verbs[call.name], let verb = Arguments(call.words).operands.first else { return nil }
        return verbs.contains { $0.hasSuffix("*") ? verb.hasPrefix($0.dropLast()) : verb == $0 } ? .ends : nil
    }

    /// Whether it is one of the scripts that are copied everywhere to wait for a database.
    static func isWaiting(_ name: String) -> Bool {
        name.hasPrefix("wait-for") || name.hasPrefix("wait_for") || name == "waitforit"
    }

    private static let harmless: Set = [
        "echo", "printf", "sleep", "true", "false", ":", "[", "[[", "test", "mkdir", "chown", "chmod", "rm", "touch",
        "ls",
        "cat", "id", "date", "whoami", "pwd", "hostname", "nc", "curl", "wget", "pg_isready", "mysqladmin", "redis-cli",
        "trap", "umask", "ulimit", "wait-on", "wait-port", "dockerize", "rimraf", "del-cli", "del", "clear", "kill",
        "read", "which", "type", "local",
        "break", "continue", "grep", "ping", "nslookup", "getent", "mysql", "psql", "prettier", "eslint",
        "alembic", "dbmate", "flyway", "goose", "lint-staged", "husky", "only-allow", "kill-port", "figlet",
        "free", "df", "uname", "dos2unix", "useradd", "adduser", "usermod", "groupmod", "update-ca-certificates",
    ]

    /// Programs that only prepare when they are told to do this.
    private static let verbs: [String: Set<String>] = [
        "prisma": ["migrate", "db", "generate"], "sequelize": ["db:*"], "sequelize-cli": ["db:*"],
        "knex": ["migrate:*", "seed:*"], "typeorm": ["migration:*", "schema:*"],
        "typeorm-ts-node-commonjs": ["migration:*", "schema:*"], "mikro-orm": ["migration:*", "schema:*"],
        "drizzle-kit": ["migrate", "push", "push:*"], "node-pg-migrate": ["up"], "flask": ["db", "init-db", "seed"],
        "aerich": ["upgrade"], "rails": ["db:*", "tmp:*", "log:*"], "rake": ["db:*", "tmp:*", "log:*"],
        "mix": ["deps.get", "ecto.*", "local.hex", "local.rebar"], "go": ["mod"], "dotnet": ["restore"],
        "cargo": ["fetch"], "migrate": ["up"], "artisan": artisan,
    ]

    private static let artisan: Set = ["migrate", "migrate:*", "db:*", "key:generate", "storage:link"]

    /// What is copied at the start stays as it was, and so does all that is in it.
    private static func copy(_ call: ProgramCall) -> StartVerdict? {
        let paths = Arguments(call.words).command
        guard paths.count > 1, !paths.contains(where: { $0.contains("\u{FFFD}") }) else { return nil }
        return .ends(consumed: Set(paths.map(call.context.path)))
    }

    private static func installation(_ call: ProgramCall) -> StartVerdict? {
        let verbs: Set = ["install", "check", "sync", "config"]
        guard let verb = call.words.first(where: { !$0.hasPrefix("-") }), verbs.contains(verb) else { return nil }
        // The list of all classes is made once.
        let isFixed = call.words.contains { $0.hasPrefix("--optimize") || $0 == "-o" || $0 == "-a" }
        return call.name == "composer" && isFixed ? nil : .ends
    }

    /// A script whose name says that it prepares something.
    private static func script(_ call: ProgramCall) -> StartVerdict? {
        let operands = Arguments(call.words, values: Reloaders.nodeValues, endsAtOperand: true).operands
        guard let script = operands.first else { return nil }
        if PathName.lastComponent(of: script) == "artisan" {
            guard operands.count > 1 else { return nil }
            let isKnown = artisan.contains {
                $0.hasSuffix("*") ? operands[1].hasPrefix($0.dropLast()) : operands[1] == $0
            }
            return isKnown || operands[1].hasSuffix(":clear") ? .ends : nil
        }
        let name = PathName.lastComponent(of: script).lowercased()
        let words = ["migrat", "seed", "wait", "prestart", "pre_start", "create_db", "init_db", "init-db", "create-db"]
        guard words.contains(where: name.contains) else { return nil }
        return .ends(consumed: [call.context.path(script)])
    }

    private static func django(_ call: ProgramCall, _ words: ArraySlice<String>) -> StartVerdict? {
        let verbs: Set = [
            "migrate", "makemigrations", "flush", "loaddata", "createsuperuser", "check", "createcachetable",
            "showmigrations", "ensure_adminuser",
        ]
        guard let verb = words.first else { return nil }
        if verb == "collectstatic" {
            return .ends(consumed: [WatchedFiles.collectedStatics])
        }
        let isKnown =
            verbs.contains(verb) || ["wait", "seed", "init", "create", "load"].contains(where: verb.hasPrefix)
        return isKnown ? .ends : nil
    }
}
