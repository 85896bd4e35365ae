import Runner
import Watcher

/// Which files devloop watches, and what a change of each means.
struct WatchedPaths: Sendable {
    /// What a batch of changes asks for.
    struct Impact: Sendable, Equatable {
        /// The changed files of each service.
        var services: [String: [FileChange]] = [:]
        /// The manifests that changed, relative to the project's folder where they are in it.
        var manifests: [String] = []
        /// Whether devloop.json changed.
        var configuration = false
        /// Whether something changed that says which files count: an ignore file, a Dockerfile, a symbolic link on the
        /// way to what is copied, a manifest.
        var filters = false
    }

    private enum Meaning: Sendable, Hashable {
        case service(String, Tree)
        case manifest(String)
        case configuration
    }

    /// What else there is to know of a tree that a service is built from.
    private struct Tree: Sendable, Hashable {
        /// The files that say which others count.
        var filterFiles: Set<String>
        /// What a message heads its files with, where they are not the context's.
        var label: String?
        /// The context's path, where only what the Dockerfile copies counts.
        var narrowedContext: String?
        /// Where files of the context are in the image, where it is looked for.
        var files: ContextFiles?
    }

    /// The trees to watch.
    private(set) var roots: [WatchRoot] = []
    /// Ignore files and settings that can't be understood, and leave out no file; secrets that may get into an image.
    private(set) var problems: [String] = []
    private var meanings: [String: Meaning] = [:]
    /// The project's folder.
    private let directory: String
    /// Whether a file of a service counts as soon as it is closed or moved into its place.
    private let isPrompt: Bool

    /// Reads the ignore files and Dockerfiles of a configuration's services, and what its manifests name, and decides
    /// what is watched.
    /// - Parameters:
    ///   - environment: where build arguments without a value find theirs.
    ///   - builder: which builder builds.
    init(
        _ configuration: Configuration, environment: [String: String] = ProcessEnvironment.current(),
        builder: BuilderKind
    ) {
        directory = configuration.directory
        // Who wants a longer pause than devloop does wants it.
        isPrompt = configuration.watch.settle <= Configuration.Watch().settle
        for service in configuration.services { watch(service, environment, builder) }
        for path in configuration.manifests { watch(manifests: path) }
        for path in configuration.outsideData.compactMap(\.file).unique {
            watch("file \(path)", path, PathFilter(), .manifest(path))
            // A link is read where it leads to.
            if let real = FileSystem.realPath(path), real != path {
                watch("file \(path) at \(real)", real, PathFilter(), .manifest(path))
            }
        }
        watch("configuration", configuration.path, PathFilter(), .configuration)
    }

    private mutating func watch(
        _ id: String, _ path: String, _ filter: PathFilter, _ meaning: Meaning, isPrompt: Bool = false
    ) {
        guard meanings.updateValue(meaning, forKey: id) == nil else { return }
        roots.append(WatchRoot(id: id, path: path, filter: filter, isPrompt: isPrompt))
    }

    private mutating func watch(
        _ service: Configuration.Service, _ environment: [String: String], _ builder: BuilderKind
    ) {
        let (dockerfile, context) = (service.dockerfile, service.context)
        let inside = { (path: String) -> String? in
            let prefix = context == "/" ? "/" : context + "/"
            return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil
        }
        let patterns = ignorePatterns(of: service, builder)
        let hasDockerfile = service.build.isEmpty
        let read = (hasDockerfile ? [dockerfile] : []) + service.ignoreFiles(builder)
        let always = read.compactMap(inside)
        let stages = (hasDockerfile ? try? FileSystem.read(dockerfile) : nil).map {
            DockerfileStages.read($0, arguments: service.buildArgs, environment: environment)
                .without(service.options.contexts.map(\.name))
        }
        let sources = service.inputs.isEmpty ? stages.flatMap { Self.sources(of: service, $0, builder) } : nil
        let filter = PathFilter(
            ignoring: patterns, including: sources.map(IncludePatterns.init), alwaysIncluding: always)
        for secret in service.options.secrets {
            guard let path = secret.file, let file = inside(path), filter.includes(file) else { continue }
            problems.append(
                "\(service.name): its secret \(secret.id) is a file of its context that the Dockerfile may copy into the "
                    + "image: name \(file) in .dockerignore")
        }
        watch(
            "context of \(service.name)", context, filter,
            .service(
                service.name,
                Tree(
                    filterFiles: Set(always), narrowedContext: sources == nil ? nil : context,
                    files: ContextFiles(
                        of: service, filter: PathFilter(ignoring: patterns), buildFiles: Set(always),
                        dockerfile: stages, builder: builder)
                )), isPrompt: isPrompt)
        // What is outside of the context, or what a link in it leads to: links below a root are not followed.
        for (index, path) in read.enumerated()
        where inside(path) == nil || FileSystem.hasSymbolicLink(onTheWayFrom: context, to: path) {
            watch(
                "Dockerfile \(index) of \(service.name)", path, PathFilter(),
                .service(service.name, Tree(filterFiles: [PathName.lastComponent(of: path)])))
        }
        watchOptions(of: service, builder)
    }

    /// Watches what else a service is built with: its named contexts and its secrets.
    private mutating func watchOptions(of service: Configuration.Service, _ builder: BuilderKind) {
        for context in service.options.contexts {
            guard case .folder(let folder) = context.source else { continue }
            // Of its ignore files, BuildKit reads this one; of others nobody says.
            let ignoreFile = builder == .buildKit ? [".dockerignore"] : []
            var patterns = [IgnorePatterns.editorFiles]
            for file in ignoreFile where FileSystem.kind(of: "\(folder)/\(file)") == .file {
                add("\(context.name)/\(file)", of: service, to: &patterns) {
                    try IgnorePatterns(parsing: try FileSystem.read("\(folder)/\(file)"))
                }
            }
            watch(
                "context \(context.name) of \(service.name)", folder,
                PathFilter(ignoring: patterns, alwaysIncluding: ignoreFile),
                .service(service.name, Tree(filterFiles: Set(ignoreFile), label: "\(context.name):")),
                isPrompt: isPrompt)
        }
        for secret in service.options.secrets {
            guard let path = secret.file else { continue }
            let places = [path] + [FileSystem.realPath(path)].compactMap { $0 }
            for place in places.unique {
                watch(
                    "secret \(secret.id) of \(service.name) at \(place)", place, PathFilter(),
                    // A link that leads elsewhere now has to be followed anew.
                    .service(
                        service.name,
                        Tree(filterFiles: [PathName.lastComponent(of: place)], label: "secret \(secret.id): ")))
            }
        }
    }

    /// What leaves out files of a service's context; what can't be used is a problem.
    private mutating func ignorePatterns(
        of service: Configuration.Service, _ builder: BuilderKind
    ) -> [IgnorePatterns] {
        var patterns = [IgnorePatterns.editorFiles]
        let isThere = { FileSystem.kind(of: $0) == .file }
        if let file = service.ignoreFile(builder, isThere) {
            add(PathName.lastComponent(of: file), of: service, to: &patterns) {
                try IgnorePatterns(parsing: try FileSystem.read(file))
            }
        }
        add("ignore", of: service, to: &patterns) { try IgnorePatterns(patterns: service.ignore) }
        add("inputs", of: service, to: &patterns) { try IgnorePatterns(patterns: service.patternsOfOthers) }
        return patterns
    }

    /// - Parameter source: a file's name, or a setting's.
    private mutating func add(
        _ source: String, of service: Configuration.Service, to patterns: inout [IgnorePatterns],
        _ read: () throws -> IgnorePatterns
    ) {
        do {
            patterns.append(try read())
        } catch {
            problems.append(Self.problem(with: source, of: service, error))
        }
    }

    private mutating func watch(manifests path: String) {
        if ManifestPaths.isPattern(path) {
            let (folder, rest) = ManifestPaths.split(pattern: path)
            watch(
                "manifests \(path)", folder,
                PathFilter(ignoring: [.editorFiles], including: IncludePatterns([rest])), .manifest(folder))
        }
        for input in ManifestPaths.expand(path).flatMap(ManifestInputs.paths) {
            watch("manifests \(input)", input, PathFilter(ignoring: [.editorFiles]), .manifest(input))
        }
    }

    /// - Parameter source: a file's name, or a setting's.
    private static func problem(with source: String, of service: Configuration.Service, _ error: any Error) -> String {
        let reason =
            switch error {
            case let error as UnknownIgnorePattern:
                "devloop does not understand '\(error.pattern)'" + (error.line.map { " in line \($0)" } ?? "")
            case let error as FileSystem.ReadError: "it cannot be read: \(error.reason)"
            default: "\(error)"
            }
        return "\(service.name): '\(source)' leaves out no file, so all of the context counts: \(reason)"
    }

    /// The files of its context that a service's Dockerfile names; `nil` where any may count.
    private static func sources(
        of service: Configuration.Service, _ stages: Result<DockerfileStages, UndecidedDockerfile>,
        _ builder: BuilderKind
    ) -> [String]? {
        let inputs = BuildInputs(
            stages, stage: service.stage, skipsUnneededStages: builder.skipsUnneededStages)
        guard case .sources(let sources) = inputs, !ContextLinks.areMet(by: sources, in: service.context) else {
            return nil
        }
        return sources
    }

    /// Where the files of a service's context are in its image; `nil` where that is not looked for.
    func files(of service: String) -> ContextFiles? {
        meanings.values.lazy.compactMap { meaning in
            if case .service(service, let tree) = meaning { tree.files } else { nil }
        }.first
    }

    /// What a batch asks for. A path that several contexts hold counts for each of them.
    func impact(of batch: ChangeBatch) -> Impact {
        var impact = Impact()
        var seen: Set<String> = []
        var looks: [String: ContextLook] = [:]
        let folders = Set(
            batch.changes.compactMap { change in
                change.path.lastIndex(of: "/").map { "\(change.rootID)/\(change.path[..<$0])" }
            })
        for change in batch.changes {
            switch meanings[change.rootID] {
            case .service(let name, let tree):
                let saysWhatCounts = tree.filterFiles.contains(change.path)
                // A link is seen where it is and where it leads to.
                if !saysWhatCounts || !seen.contains("\(name)/\(change.path)") {
                    let look = looks[name] ?? ContextLook()
                    looks[name] = look
                    impact.services[name, default: []].append(
                        tree.files?.judge(
                            change, isFolder: folders.contains("\(change.rootID)/\(change.path)"), look)
                            ?? FileChange(
                                path: (tree.label ?? "") + change.path, isGone: change.kind == .deleted, place: .nowhere
                            ))
                }
                seen.insert("\(name)/\(change.path)")
                if impact.filters { break }
                impact.filters =
                    saysWhatCounts
                    || tree.narrowedContext.map { FileSystem.isSymbolicLink("\($0)/\(change.path)") } ?? false
            case .manifest(let root):
                let name = name(ofManifest: change.path, in: root)
                if !impact.manifests.contains(name) { impact.manifests.append(name) }
                // It may name others, or be a new link to one.
                impact.filters = true
            case .configuration: impact.configuration = true
            case nil: break
            }
        }
        return impact
    }

    /// - Parameter root: a folder that the path is in, or the file itself.
    private func name(ofManifest path: String, in root: String) -> String {
        let whole = FileSystem.kind(of: root) == .folder ? "\(root)/\(path)" : root
        return whole.hasPrefix(directory + "/") ? String(whole.dropFirst(directory.count + 1)) : whole
    }
}

extension Configuration.Service {
    /// Where it is looked for what to leave out of the context: where the builder looks, and of a command what docker
    /// obeys first.
    fileprivate func ignoreFiles(_ builder: BuilderKind) -> [String] {
        build.isEmpty ? builder.ignoreFiles(dockerfile: dockerfile, context: context) : ["\(context)/.dockerignore"]
    }

    /// Which of those files counts.
    fileprivate func ignoreFile(_ builder: BuilderKind, _ isThere: (String) -> Bool) -> String? {
        build.isEmpty
            ? builder.ignoreFile(dockerfile: dockerfile, context: context, isThere)
            : ignoreFiles(builder).first(where: isThere)
    }
}
