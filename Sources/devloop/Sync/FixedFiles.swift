/// Files that are read when a container is built or started, so that no reloader can apply a change of one.
enum FixedFiles {
    /// Whether a change of the file at this clean, absolute path is for a build, whatever runs.
    static func contain(_ path: String) -> Bool {
        let parts = path.split(separator: "/").map(String.init)
        guard let name = parts.last else { return true }
        if systemFolders.contains(where: { ContainerPath.isIn($0, path) }) { return true }
        if parts.contains(where: { $0.hasPrefix(".") }) { return true }
        if parts.dropLast().contains(where: folders.contains) { return true }
        return names.contains(name) || endings.contains(where: name.hasSuffix)
            || beginnings.contains { name.hasPrefix($0) }
            || isOfAToolchain(name)
    }

    /// Whether it configures a compiler, a bundler or a framework: `vite.config.ts`, `tsconfig.json`.
    static func isOfAToolchain(_ name: String) -> Bool {
        let stem = name.split(separator: ".", omittingEmptySubsequences: false).dropLast()
        let isConfiguration =
            stem.count > 1 && ["config", "conf", "rc"].contains(stem.last ?? "")
            && ["js", "ts", "mjs", "cjs", "mts", "cts", "json"].contains(ContainerPath.fileExtension(name))
        return isConfiguration || toolchain.contains(name) || name.hasPrefix("webpack.")
            || name.hasPrefix("tsconfig") && name.hasSuffix(".json")
    }

    private static let systemFolders = [
        "/etc", "/usr/local/etc", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/lib",
        "/usr/local/lib", "/bin", "/sbin", "/lib", "/lib64", "/proc", "/sys", "/dev", "/docker-entrypoint.d",
        "/docker-entrypoint-initdb.d",
    ]

    private static let folders: Set = [
        "node_modules", "bower_components", "__pycache__", "site-packages", "venv", "vendor", "coverage",
    ]

    private static let names: Set = [
        "package.json", "npm-shrinkwrap.json", "package-lock.json", "pnpm-lock.yaml", "pnpm-workspace.yaml",
        "lerna.json", "nx.json", "turbo.json", "nodemon.json", "deno.json", "deno.jsonc", "bun.lockb",
        "import_map.json",
        "Pipfile", "pyproject.toml", "setup.py", "setup.cfg", "environment.yml", "gunicorn.conf.py",
        "gunicorn_config.py", "gunicorn_conf.py", "Gemfile", "go.mod", "go.sum", "go.work", "go.work.sum", "Cargo.toml",
        "composer.json", "mix.exs", "pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle",
        "settings.gradle.kts", "gradle.properties", "nuget.config", "Makefile", "makefile", "Caddyfile", "caddy.json",
        "php.ini", "httpd.conf", "lighttpd.conf", "nginx.conf", "supervisord.conf", "compose.yaml", "compose.yml",
        "Guardfile", "Rakefile",
    ]

    private static let endings = [
        ".sh", ".lock", ".gemspec", ".csproj", ".fsproj", ".vbproj", ".sln", ".slnx", ".props", ".targets",
        ".Dockerfile", ".dockerfile", ".pyc", ".prisma", ".proto",
    ]

    private static let beginnings = [
        "Dockerfile", "Containerfile", "docker-compose", "Procfile", "requirements", "constraints",
    ]

    private static let toolchain: Set = [
        "angular.json", "nest-cli.json", "project.json", "workspace.json", "jsconfig.json", "setupProxy.js",
        "gatsby-node.js", "gatsby-node.ts", "gatsby-config.js", "gatsby-config.ts", "gatsby-ssr.js",
        "gatsby-browser.js", "instrumentation.js", "instrumentation.ts", "next-env.d.ts", "craco.js", "gulpfile.js",
        "Gruntfile.js",
    ]
}
