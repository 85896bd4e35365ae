/// The files whose change a program takes up.
struct WatchedFiles: Sendable, Hashable {
    /// The folder whose files the program may use.
    var home: String
    /// The folders that it watches or serves; each absolute.
    var roots: [String]
    /// The extensions of what it takes; `nil` for every one.
    var extensions: Set<String>?
    /// What it takes besides, by pattern, as seen from `home`.
    var also: [FilePattern] = []
    /// What it watches besides its roots, as seen from `home`.
    var patterns: [FilePattern] = []
    /// What it doesn't take, as seen from `home`.
    var ignored: [FilePattern] = []
    /// Absolute paths, where it is known which files it watches besides `also`.
    var only: Set<String>?
    /// What is used up before it starts: absolute paths.
    var consumed: Set<String> = []
    /// Stands in `consumed` for all folders called `static`.
    static let collectedStatics = "*/static"
    /// Whether something runs to its end before it starts, which may have put a schema to a database.
    var hasSteps = false
    /// Names of folders below which nothing is taken.
    var ignoredFolders: Set<String> = []
    /// Rules that need more than a name.
    var layout = Layout.any

    /// Where a framework has its files.
    enum Layout: Sendable, Hashable {
        case any
        case flask
        case django
        case rails(reloadsLib: Bool)
        case phoenix
        case web
    }

    /// Watches below a folder.
    init(home: String, roots: [String]? = nil, extensions: Set<String>?) {
        self.home = home
        self.roots = roots ?? [home]
        self.extensions = extensions
    }

    /// Whether there is anything that it could take.
    var canTakeAny: Bool {
        roots.contains { $0 != "/" } || home != "/" && !(patterns.isEmpty && also.isEmpty)
    }

    /// Whether a change of the file at this clean, absolute path is taken up.
    func take(_ path: String) -> Bool {
        // A program that starts in `/` would have to watch the system.
        guard let folder = ([home] + roots).first(where: { $0 != "/" && $0 != path && ContainerPath.isIn($0, path) })
        else { return false }
        let relative = PathName.relative(path, to: home)
        func isMatched(by patterns: [FilePattern]) -> Bool {
            patterns.contains { pattern in relative.map(pattern.surelyMatches) ?? false }
        }
        if only?.contains(path) == false, !isMatched(by: also) { return false }
        guard roots.contains(where: { $0 != "/" && ContainerPath.isIn($0, path) }) || isMatched(by: patterns + also),
            !consumed.contains(where: { ContainerPath.isIn($0, path) })
        else { return false }
        let seen = relative ?? PathName.relative(path, to: folder) ?? path
        let folders = seen.split(separator: "/").dropLast().map(String.init)
        if folders.contains(where: ignoredFolders.contains) { return false }
        if consumed.contains(Self.collectedStatics), folders.contains("static") { return false }
        if hasSteps, folders.contains(where: Self.schemaFolders.contains) { return false }
        if ignored.contains(where: { $0.mayMatch(seen) || $0.mayMatch(path) }) { return false }
        return isMatched(by: also) || takes(folders: folders, name: PathName.lastComponent(of: path))
    }

    private static let schemaFolders: Set = [
        "migrations", "migrate", "alembic", "prisma", "db", "database", "seeds", "seeders", "seed", "fixtures",
    ]

    private func takes(folders: [String], name: String) -> Bool {
        let fileExtension = ContainerPath.fileExtension(name)
        let isNamed = extensions?.contains(fileExtension) ?? true
        switch layout {
        case .any: return isNamed
        case .flask:
            let isTemplate = folders.contains("templates") && Self.templates.contains(fileExtension)
            return isNamed || isTemplate || folders.contains("static")
        case .django:
            let isTemplate = folders.contains("templates") && Self.templates.contains(fileExtension)
            return isNamed || isTemplate || folders.contains("static") && fileExtension != "json"
        case .rails(let reloadsLib):
            let path = (folders + [name]).joined(separator: "/")
            if path == "config/routes.rb" || path.hasPrefix("config/locales/") { return true }
            switch folders.first {
            case "app":
                // What a bundler builds from these is not built by Rails.
                let isBundled = ["javascript", "builds"].contains { folders.contains($0) }
                let isAsset = folders.dropFirst().first == "assets" && Self.assets.contains(fileExtension)
                return !isBundled && (isAsset || Self.railsSources.contains(fileExtension))
            case "lib": return reloadsLib && fileExtension == "rb" && folders.dropFirst().first != "tasks"
            case "public": return true
            default: return false
            }
        case .phoenix: return folders.first == "lib" && isNamed
        case .web:
            // What configures it, and texts that servers read once.
            let isConfiguration = Self.webFolders.contains(folders.first ?? "") || name.hasPrefix("env.")
            return Self.webSources.contains(fileExtension) && !isConfiguration
                && !(folders.contains("locales") && fileExtension == "json")
        }
    }

    private static let templates: Set = ["html", "htm", "jinja", "jinja2", "j2", "txt", "xml"]
    /// What bundlers follow or serve. Others may be read by a server once.
    private static let webSources: Set = [
        "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte", "astro", "css", "scss", "sass", "less",
        "styl", "pcss", "postcss", "html", "htm", "hbs", "pug", "json", "md", "mdx", "svg", "png", "jpg", "jpeg", "gif",
        "webp", "avif", "ico", "woff", "woff2", "ttf", "otf", "eot", "mp4", "webm", "mp3", "pdf", "graphql", "gql",
        "wasm",
    ]
    /// What only a bundler has a use for.
    static let pages: Set = [
        "vue", "svelte", "astro", "css", "scss", "sass", "less", "styl", "pcss", "svg", "png", "jpg", "jpeg", "gif",
        "webp",
        "avif", "ico", "woff", "woff2", "ttf", "otf", "eot",
    ]
    private static let webFolders: Set = ["config", "scripts", "build", "webpack", "tools", "cypress"]
    private static let railsSources: Set = [
        "rb", "erb", "haml", "slim", "jbuilder", "builder", "rabl", "arb", "liquid", "md",
    ]
    private static let assets: Set = [
        "css", "scss", "sass", "less", "js", "coffee", "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "woff",
        "woff2", "ttf",
    ]
}
