extension Reloaders {
    static func python(_ call: ProgramCall) -> StartVerdict? {
        switch call.name {
        case "uvicorn": uvicorn(call)
        case "hypercorn": option(call, ["--reload"], "hypercorn --reload")
        case "gunicorn": gunicorn(call)
        case "flask": flask(call)
        case "quart": quart(call)
        case "manage.py:run": django(call, call.words.dropFirst())
        case "manage.py", "django-admin", "django": django(call, call.words[...])
        case "fastapi": fastapi(call)
        case "sanic": option(call, ["--dev", "--auto-reload"], "sanic --dev", besides: ["--no-auto-reload"])
        case "litestar" where call.words.first == "run" || call.words.contains("run"):
            option(call, ["--reload", "-r"], "litestar run --reload")
        case "pserve": option(call, ["--reload"], "pserve --reload")
        case "hupper": call.words.contains("-m") ? .reloadsImports("hupper", call.files(["py"])) : nil
        case "uwsgi": uwsgi(call)
        case "streamlit": streamlit(call)
        default: nil
        }
    }

    /// Programs that one option makes reload what they have imported.
    private static func option(
        _ call: ProgramCall, _ options: Set<String>, _ name: String, besides: Set<String> = []
    ) -> StartVerdict? {
        let names = Arguments(call.words).names
        guard names.contains(where: options.contains), !names.contains(where: besides.contains) else { return nil }
        return .reloadsImports(name, call.files(["py"]))
    }

    private static func uvicorn(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = [
            "--reload-dir", "--reload-include", "--reload-exclude", "--host", "--port", "--app-dir", "--env-file",
            "--log-config", "--log-level", "--root-path", "--workers",
        ]
        let arguments = Arguments(call.words, values: values)
        guard arguments.has("--reload") || call.isOn("UVICORN_RELOAD") else { return nil }
        var files = call.files(["py"], in: arguments.all("--reload-dir"))
        files.ignored = arguments.all("--reload-exclude").map(FilePattern.init)
        // Without the package watchfiles it takes no patterns.
        if hasWatchfiles(call) {
            let names = arguments.all("--reload-include").filter { !$0.contains("/") }
            if let more = extensions(of: names), let more { files.extensions?.formUnion(more) }
        }
        return hasWatchfiles(call) ? .reloads("uvicorn --reload", files) : .reloadsImports("uvicorn --reload", files)
    }

    private static func hasWatchfiles(_ call: ProgramCall) -> Bool {
        let names = ["watchfiles", "uvicorn[standard]", "fastapi[standard]", "fastapi[all]"]
        return ["requirements.txt", "pyproject.toml", "Pipfile", "requirements-dev.txt"].contains { file in
            names.contains { call.file(file, contains: $0) }
        }
    }

    private static func gunicorn(_ call: ProgramCall) -> StartVerdict? {
        let extra = ShellScript.words(call.context.environment["GUNICORN_CMD_ARGS"] ?? "") ?? []
        let values: Set = [
            "-c", "--config", "--chdir", "-b", "--bind", "-w", "--workers", "-k", "--worker-class", "--reload-engine",
            "--reload-extra-file", "--timeout", "-t", "--threads", "--log-level", "--env", "-e", "--pythonpath",
        ]
        let arguments = Arguments(extra + call.words, values: values)
        let settings = call.judge.text(call.context.path(arguments.value("-c", "--config") ?? "gunicorn.conf.py")) ?? ""
        let lines = settings.split(whereSeparator: \.isNewline).map { $0.filter { $0 != " " } }
        guard arguments.has("--reload") || lines.contains("reload=True") else { return nil }
        // The workers are started again, but not what is loaded before them.
        guard !arguments.has("--preload"), !lines.contains("preload_app=True") else { return nil }
        var files = call.files(["py"], in: arguments.all("--chdir").suffix(1))
        files.also = arguments.all("--reload-extra-file").compactMap { path in
            PathName.relative(call.context.path(path), to: call.home).map(FilePattern.init)
        }
        return .reloadsImports("gunicorn --reload", files)
    }

    private static func flask(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = [
            "-A", "--app", "-e", "--env-file", "-h", "--host", "-p", "--port", "--cert", "--key", "--extra-files",
            "--exclude-patterns",
        ]
        let arguments = Arguments(call.words, values: values)
        guard arguments.operands.first == "run", !arguments.has("--no-reload", "--exclude-patterns") else { return nil }
        var isDebug = call.isOn("FLASK_DEBUG")
        // Newer ones don't look at it any more.
        if call.context.environment["FLASK_DEBUG"] == nil, call.context.environment["FLASK_ENV"] == "development" {
            isDebug = isOldFlask(call)
        }
        if arguments.has("--debug") { isDebug = true }
        if arguments.has("--no-debug") { isDebug = false }
        guard isDebug || arguments.has("--reload") else { return nil }
        var files = call.files(["py"])
        if isDebug { files.layout = .flask }
        return .reloadsImports(isDebug ? "flask run --debug" : "flask run --reload", files)
    }

    /// Whether Flask is pinned to a version before 2.3.
    private static func isOldFlask(_ call: ProgramCall) -> Bool {
        let text = call.judge.text(call.context.path("requirements.txt")) ?? ""
        return text.split(whereSeparator: \.isNewline).contains { line in
            let line = line.lowercased().filter { $0 != " " }
            return ["flask==0.", "flask==1.", "flask==2.0", "flask==2.1", "flask==2.2"].contains(where: line.hasPrefix)
        }
    }

    private static func quart(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: ["-A", "--app", "-h", "--host", "-p", "--port"])
        guard arguments.operands.first == "run", !arguments.has("--no-reload"),
            arguments.has("--debug", "--reload") || call.isOn("QUART_DEBUG")
        else { return nil }
        return .reloadsImports("quart run --reload", call.files(["py"]))
    }

    private static func django(_ call: ProgramCall, _ words: ArraySlice<String>) -> StartVerdict? {
        guard let verb = words.first, verb == "runserver" || verb == "runserver_plus",
            !words.contains(where: { ["--noreload", "--no-reload"].contains($0) })
        else { return nil }
        var files = call.files(["py"])
        let script = call.name == "manage.py:run" ? call.context.path(call.words[0]) : ""
        if script.hasSuffix("/manage.py") {
            // `python src/manage.py` finds its modules beside it.
            let folder = PathName.directory(of: script)
            if folder != "/" { files.roots = [folder] }
            if !ContainerPath.isIn(call.home, folder) || call.home == "/" { files.home = folder }
        }
        if verb == "runserver" { files.layout = .django }
        return .reloadsImports("manage.py \(verb)", files)
    }

    private static func fastapi(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = [
            "--host", "--port", "--app", "--root-path", "--workers", "--reload-dir", "-e", "--entrypoint",
        ]
        let arguments = Arguments(call.words, values: values)
        guard let verb = arguments.operands.first, !arguments.has("--no-reload"),
            verb == "dev" || verb == "run" && arguments.has("--reload")
        else { return nil }
        let files = call.files(["py"], in: arguments.all("--reload-dir"))
        return .reloads(verb == "dev" ? "fastapi dev" : "fastapi run --reload", files)
    }

    private static func uwsgi(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: ["--py-autoreload", "--python-autoreload", "--py-auto-reload"])
        let seconds = arguments.value("--py-autoreload", "--python-autoreload", "--py-auto-reload")
        guard let seconds, (Int(seconds) ?? 0) > 0, !arguments.has("--chdir") else { return nil }
        return .reloadsImports("uwsgi --py-autoreload", call.files(["py"]))
    }

    /// It asks whether to run the script again, unless it is told to do so.
    private static func streamlit(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: ["--server.runOnSave"])
        guard arguments.operands.first == "run",
            arguments.value("--server.runOnSave")?.lowercased() == "true" || call.isOn("STREAMLIT_SERVER_RUN_ON_SAVE"),
            arguments.value("--server.fileWatcherType") != "none"
        else { return nil }
        return .reloadsImports("streamlit run", call.files(["py"]))
    }

    // MARK: Ruby

    static func ruby(_ call: ProgramCall) -> StartVerdict? {
        switch call.name {
        case "rails": rails(call)
        case "puma" where call.file("config/application.rb", contains: "Rails::Application"): rails(call, isPuma: true)
        case "shotgun": .reloads("shotgun", call.files(["rb", "erb", "haml", "slim"]))
        default: nil
        }
    }

    private static func rails(_ call: ProgramCall, isPuma: Bool = false) -> StartVerdict? {
        let values: Set = [
            "-e", "--environment", "-b", "--binding", "-p", "--port", "-P", "--pid", "-u", "--using", "-C",
        ]
        let arguments = Arguments(call.words, values: values)
        guard isPuma || ["s", "server"].contains(arguments.operands.first) else { return nil }
        let variables = call.context.environment
        let stage = arguments.value("-e", "--environment") ?? variables["RAILS_ENV"] ?? variables["RACK_ENV"]
        guard stage ?? "development" == "development" else { return nil }
        let settings = call.judge.text(call.context.path("config/environments/development.rb")) ?? ""
        let lines = settings.split(whereSeparator: \.isNewline).map { $0.filter { $0 != " " } }
        guard
            !lines.contains(where: {
                $0.hasPrefix("config.cache_classes=") && !$0.hasPrefix("config.cache_classes=false")
            }),
            !lines.contains(where: {
                $0.hasPrefix("config.enable_reloading=") && !$0.hasPrefix("config.enable_reloading=true")
            })
        else { return nil }
        var files = call.files([])
        let application = call.judge.text(call.context.path("config/application.rb")) ?? ""
        let loadsLib = application.split(whereSeparator: \.isNewline).contains { line in
            !line.drop { $0 == " " }.hasPrefix("#")
                && (line.contains("autoload_lib(") || line.contains("autoload_paths") && line.contains("lib"))
        }
        files.layout = .rails(reloadsLib: loadsLib)
        return .reloads(isPuma ? "puma with Rails" : "rails server", files)
    }
}
