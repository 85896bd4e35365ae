extension Reloaders {
    /// The development server of a front end.
    private struct WebServer {
        /// The words that start it.
        var verbs: Set<String>
        /// Whether it starts without a verb.
        var needsNone = false
        /// Whether it may be given the folder to serve.
        var takesFolder = false
        /// The only folders that it looks at.
        var folders: [String] = []
    }

    private static let webServers: [String: WebServer] = [
        "next": WebServer(verbs: ["dev"], needsNone: true, takesFolder: true),
        "nuxt": WebServer(verbs: ["dev"], needsNone: true, takesFolder: true),
        "nuxi": WebServer(verbs: ["dev"], takesFolder: true),
        "remix": WebServer(verbs: ["dev", "vite:dev"]),
        "react-router": WebServer(verbs: ["dev"]),
        "astro": WebServer(verbs: ["dev"]),
        "vite": WebServer(verbs: ["dev", "serve"], needsNone: true, takesFolder: true),
        "webpack": WebServer(verbs: ["serve", "server"]),
        "webpack-cli": WebServer(verbs: ["serve"]),
        "webpack-dev-server": WebServer(verbs: [], needsNone: true),
        "react-scripts": WebServer(verbs: ["start"], folders: ["src", "public"]),
        "craco": WebServer(verbs: ["start"], folders: ["src", "public"]),
        "react-app-rewired": WebServer(verbs: ["start"], folders: ["src", "public"]),
        "vue-cli-service": WebServer(verbs: ["serve"], folders: ["src", "public"]),
        "ng": WebServer(verbs: ["serve", "s", "dev"]),
        "svelte-kit": WebServer(verbs: ["dev"]),
        "parcel": WebServer(verbs: ["serve"], needsNone: true),
        "gatsby": WebServer(verbs: ["develop", "dev"], folders: ["src", "content", "static"]),
        "storybook": WebServer(verbs: ["dev"]),
        "start-storybook": WebServer(verbs: [], needsNone: true),
        "vitepress": WebServer(verbs: ["dev"], takesFolder: true),
        "vuepress": WebServer(verbs: ["dev"], takesFolder: true),
        "docusaurus": WebServer(verbs: ["start"], folders: ["docs", "blog", "src", "static"]),
        "quasar": WebServer(verbs: ["dev"], folders: ["src", "public"]),
        "umi": WebServer(verbs: ["dev"], folders: ["src", "public"]),
        "max": WebServer(verbs: ["dev"], folders: ["src", "public"]),
        "rsbuild": WebServer(verbs: ["dev"], needsNone: true),
        "rspack": WebServer(verbs: ["serve", "dev"]),
        "vinxi": WebServer(verbs: ["dev"]),
        "ember": WebServer(verbs: ["serve", "server", "s"], folders: ["app", "public"]),
        "expo": WebServer(verbs: ["start"]),
        "hugo": WebServer(verbs: ["server", "serve"], folders: ["content", "layouts", "static", "assets", "data"]),
        "jekyll": WebServer(verbs: ["serve", "server", "s"]),
        "mkdocs": WebServer(verbs: ["serve"], folders: ["docs"]),
    ]

    static func web(_ call: ProgramCall) -> StartVerdict? {
        guard let server = webServers[call.name] else { return nil }
        let values: Set = [
            "-p", "--port", "-H", "--hostname", "--host", "--base", "-c", "--config", "-l", "--logLevel", "-m",
            "--mode",
            "-f", "--filter", "-d", "--debug", "--configuration", "--proxy-config", "--project", "--env", "--ssl-cert",
            "--ssl-key", "--poll", "--public-url", "--dist-dir", "--cache-dir", "--config-dir", "-s", "--source",
            "--bind",
            "-b", "--baseURL", "-a", "--dev-addr", "--public-host", "--public", "--target", "--watch", "-o", "--open",
        ]
        let arguments = Arguments(call.words, values: values)
        // `--watch false` and the like.
        guard !arguments.has("--no-watch", "--disable-watch", "--no-livereload"), arguments.all("--watch").isEmpty
        else {
            return nil
        }
        var operands = arguments.operands[...]
        var name = call.name
        if let verb = operands.first, server.verbs.contains(verb) {
            operands = operands.dropFirst()
            name += " \(verb)"
        } else if !server.needsNone {
            return nil
        } else if let word = operands.first, notServing.contains(word) {
            return nil
        }
        guard !watchesNothing(call) else { return nil }
        var folders = server.takesFolder ? Array(operands.prefix(1)) : []
        if folders.isEmpty { folders = name == "remix dev" ? ["app", "public"] : server.folders }
        var files = call.files(nil, in: folders)
        files.layout = .web
        files.ignoredFolders = ["dist", "out", "_site"]
        return .reloads(call.name == "next" || call.name == "nuxt" ? "\(call.name) dev" : name, files)
    }

    /// What the same programs do besides.
    private static let notServing: Set = [
        "build", "start", "preview", "generate", "watch", "export", "lint", "optimize", "info", "telemetry", "init",
        "test", "analyze", "prepare", "typecheck", "upgrade", "cleanup", "add", "module", "inspect", "help", "create",
    ]

    /// Whether Vite is told to watch nothing, or Expo is in a build.
    private static func watchesNothing(_ call: ProgramCall) -> Bool {
        if call.name == "expo" { return call.isOn("CI") }
        return ["vite.config.ts", "vite.config.js", "vite.config.mts", "vite.config.mjs"].contains { file in
            call.file(file, contains: "watch: null") || call.file(file, contains: "watch: false")
        }
    }
}
