/// The programs that read a file whenever it is asked for.
enum FileServers {
    /// What is known of a program; `nil` where it is none of these.
    static func judge(_ call: ProgramCall) -> StartVerdict? {
        switch call.name {
        case "nginx", "nginx-debug", "openresty": nginx(call)
        case "caddy": caddy(call)
        case "httpd", "httpd-foreground", "apache2", "apache2ctl", "apachectl", "apache2-foreground": apache(call)
        case "lighttpd": call.words.contains("-D") ? .serves("lighttpd", whatever(["/var/www", "/srv", "/www"])) : nil
        case "php-fpm", "php-fpm8", "php-fpm7": php("php-fpm", call, ["php", "phtml"])
        case let name where name.hasPrefix("php-fpm"): php("php-fpm", call, ["php", "phtml"])
        case "php", "artisan", "symfony": phpServer(call)
        default: small(call)
        }
    }

    /// All below folders that hold documents.
    private static func whatever(_ folders: [String]) -> WatchedFiles {
        var files = WatchedFiles(home: folders[0], roots: folders, extensions: nil)
        files.ignored = settings.map(FilePattern.init)
        return files
    }

    /// What servers read once.
    private static let settings = [
        "*.conf", "*.lua", "*.pem", "*.crt", "*.key", "*.template", "*.tmpl", "*.njs", "*.ini", "*.htpasswd",
    ]

    /// Where images have their files; a server's configuration says which of these it serves.
    private static let documents = [
        "/usr/share/nginx", "/var", "/srv", "/app", "/www", "/home", "/opt", "/data", "/html",
        "/usr/src", "/usr/local/openresty/nginx/html", "/usr/local/nginx/html", "/public", "/web", "/site", "/static",
        "/usr/share/caddy", "/dist", "/build", "/code", "/workspace", "/usr/html", "/usr/app",
    ]

    private static func nginx(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: ["-g", "-c", "-p", "-e"])
        guard !arguments.has("-t", "-T", "-s", "-v", "-V"), arguments.operands.isEmpty else { return nil }
        return .serves(call.name == "openresty" ? "openresty" : "nginx", whatever(documents))
    }

    private static func caddy(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: ["--config", "--adapter", "--root", "-r", "--listen", "-l"])
        switch call.words.first {
        case "run": return .serves("caddy", whatever(documents))
        case "file-server":
            let root = call.context.path(arguments.value("--root", "-r") ?? ".")
            return .serves("caddy file-server", whatever([root]))
        default: return nil
        }
    }

    private static func apache(_ call: ProgramCall) -> StartVerdict? {
        let words = call.words
        let isInFront =
            call.name.hasSuffix("-foreground") || words.contains("FOREGROUND") || words.contains("-DFOREGROUND")
            || words.contains("-X") || words.contains("NO_DETACH") || words.contains("-DNO_DETACH")
        if call.name == "httpd", !isInFront {
            // busybox's, which has the same name.
            let arguments = Arguments(words, values: ["-p", "-h", "-u", "-c", "-r"])
            guard arguments.has("-f", "-fv", "-fvv", "-vf"), !words.contains("-k") else { return nil }
            return .serves("httpd", whatever([call.context.path(arguments.value("-h") ?? ".")]))
        }
        guard isInFront, staysFresh(call) else { return nil }
        return .serves("apache", whatever(["/var/www", "/usr/local/apache2/htdocs", "/srv", "/app"]))
    }

    // MARK: PHP

    private static func php(_ name: String, _ call: ProgramCall, _ extensions: Set<String>) -> StartVerdict? {
        guard staysFresh(call), !call.words.contains(where: { ["-t", "-v", "-i", "-m"].contains($0) }) else {
            return nil
        }
        let home = call.home == "/" ? "/var/www" : call.home
        return .serves(
            name, WatchedFiles(home: home, roots: [home, "/var/www", "/app", "/srv"], extensions: extensions))
    }

    private static func phpServer(_ call: ProgramCall) -> StartVerdict? {
        let arguments = Arguments(call.words, values: ["-S", "-t", "-d", "-c", "-f", "-z"], endsAtOperand: true)
        let operands = call.name == "php" ? arguments.operands[...] : ["artisan"] + arguments.operands
        guard staysFresh(call) else { return nil }
        let sources: Set = ["php", "phtml"]
        if call.name == "symfony" {
            let verb = arguments.operands.first ?? ""
            let isServer = verb == "serve" || verb == "server:start" || verb == "local:server:start"
            guard isServer, !arguments.has("-d", "--daemon") else { return nil }
            return .serves("symfony serve", call.files(sources))
        }
        if call.name == "php", arguments.value("-S") != nil {
            // What the script of a front controller reads, it reads with every request.
            return .serves("php -S", call.files(sources.union(["html", "css", "js", "svg", "png", "jpg"])))
        }
        guard operands.count > 1, PathName.lastComponent(of: operands.first ?? "") == "artisan",
            operands[operands.startIndex + 1] == "serve"
        else { return nil }
        return .serves("artisan serve", call.files(sources))
    }

    /// Whether PHP looks at its files again, as it does unless it is told not to.
    private static func staysFresh(_ call: ProgramCall) -> Bool {
        let environment = call.context.environment
        // One that is empty here may get its value elsewhere.
        let isProduction = ["prod", "production", ""].contains(environment["APP_ENV"]?.lowercased() ?? "dev")
        let off: Set = ["0", "off", "false", "no", ""]
        let isOff = environment.contains { name, value in
            name.uppercased().contains("VALIDATE_TIMESTAMPS") && off.contains(value.lowercased())
        }
        let isOffHere = call.words.contains { $0.contains("validate_timestamps=0") }
        guard !isProduction, !isOff, !isOffHere else { return false }
        let names = [
            "opcache", "docker-php-ext-opcache", "opcache-recommended", "php", "custom", "app", "zz-custom",
            "99-custom",
            "local", "uploads", "10-opcache", "production", "zzz-custom", "php-custom", "custom-php",
        ]
        let paths = ["/usr/local/etc/php/php.ini"] + names.map { "/usr/local/etc/php/conf.d/\($0).ini" }
        return !paths.contains { path in
            let lines = (call.judge.text(path) ?? "").split(whereSeparator: \.isNewline).map { $0.filter { $0 != " " } }
            return lines.contains { line in
                line.hasPrefix("opcache.preload=/")
                    || line.hasPrefix("opcache.validate_timestamps")
                        && !["1", "on", "\"1\"", "true"].contains(line.lowercased().split(separator: "=").last ?? "")
            }
        }
    }

    // MARK: Small ones

    private static func small(_ call: ProgramCall) -> StartVerdict? {
        let values: Set = [
            "-p", "--port", "-a", "-d", "--directory", "-b", "--bind", "-l", "--listen", "-c", "--config", "-s",
            "--host",
            "-h", "--root", "-r", "-o", "-w", "-u",
        ]
        let flags = call.name == "serve" ? values.subtracting(["-s", "-d", "-o"]) : values
        let arguments = Arguments(call.words, values: flags)
        let folder: String?
        switch call.name {
        case "http-server", "live-server", "serve", "darkhttpd": folder = arguments.operands.first ?? "."
        case "http.server": folder = arguments.value("-d", "--directory") ?? "."
        case "browser-sync" where arguments.operands.first == "start": folder = arguments.value("-s", "--server")
        case "sirv" where arguments.has("--dev", "-D"): folder = arguments.operands.first ?? "."
        case "thttpd" where arguments.has("-D"): folder = arguments.value("-d") ?? "."
        case "static-web-server", "sws":
            folder = arguments.value("-d", "--root") ?? call.context.environment["SERVER_ROOT"] ?? "/var/public"
        case "busybox" where call.words.first == "httpd": return apacheOfBusybox(call)
        default: folder = nil
        }
        guard let folder, !folder.contains("\u{FFFD}") else { return nil }
        let name = call.name == "http.server" ? "python -m http.server" : call.name
        return .serves(name, whatever([call.context.path(folder)]))
    }

    private static func apacheOfBusybox(_ call: ProgramCall) -> StartVerdict? {
        apache(
            ProgramCall(name: "httpd", words: Array(call.words.dropFirst()), context: call.context, judge: call.judge))
    }
}
