import Runner
import Watcher

/// Which files devloop watches, and what a change of each means.
struct WatchedPaths: Sendable {
    /// What a batch of changes asks for.
    struct Impact: Sendable, Equatable {
        /// The changed files of each service, relative to its context.
        var services: [String: [String]] = [:]
        /// The manifests that changed, relative to the project's folder where they are in it.
        var manifests: [String] = []
        /// Whether devloop.json changed.
        var configuration = false
        /// Whether something changed that says which files count: an ignore file, a Dockerfile, a symbolic link on the
        /// way to what is copied.
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
        /// The context's path, where only what the Dockerfile copies counts.
        var narrowedContext: String?
    }

    /// The trees to watch.
    let roots: [WatchRoot]
    /// Ignore files that can't be understood; all of their context counts.
    let problems: [String]
    private let meanings: [String: Meaning]
    /// The project's folder.
    private let directory: String

    /// Reads the ignore files and Dockerfiles of a configuration's services and decides what is watched.
    /// - Parameters:
    ///   - environment: where build arguments without a value find theirs.
    ///   - builderSkipsStages: whether the builder builds only the stages that an image needs.
    init(
        _ configuration: Configuration, environment: [String: String] = ProcessEnvironment.current(),
        builderSkipsStages: Bool
    ) {
        var roots: [WatchRoot] = []
        var meanings: [String: Meaning] = [:]
        var problems: [String] = []
        func add(_ id: String, _ path: String, _ filter: PathFilter, _ meaning: Meaning) {
            roots.append(WatchRoot(id: id, path: path, filter: filter))
            meanings[id] = meaning
        }
        for service in configuration.services {
            let inside = { (path: String) -> String? in
                let prefix = service.context == "/" ? "/" : service.context + "/"
                return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil
            }
            let own = "\(service.dockerfile).dockerignore"
            let ignoreFile = FileSystem.kind(of: own) == .file ? own : "\(service.context)/.dockerignore"
            var patterns = [IgnorePatterns.editorFiles]
            do {
                if FileSystem.kind(of: ignoreFile) == .file {
                    patterns.append(try IgnorePatterns(parsing: try FileSystem.read(ignoreFile)))
                }
                patterns.append(try IgnorePatterns(patterns: service.ignore))
            } catch {
                problems.append(
                    "\(service.name): the ignore patterns cannot be used, so they leave out no file: \(error)")
            }
            let always = [service.dockerfile, own, "\(service.context)/.dockerignore"].compactMap(inside)
            let sources = Self.sources(of: service, environment, builderSkipsStages)
            let tree = Tree(
                filterFiles: Set(always), narrowedContext: sources == nil ? nil : service.context)
            add(
                "context of \(service.name)", service.context,
                PathFilter(
                    ignoring: patterns, including: sources.map(IncludePatterns.init), alwaysIncluding: always),
                .service(service.name, tree))
            for (index, path) in [service.dockerfile, own].enumerated() where inside(path) == nil {
                let name = PathName.lastComponent(of: path)
                add(
                    "Dockerfile \(index) of \(service.name)", path, PathFilter(),
                    .service(service.name, Tree(filterFiles: [name])))
            }
        }
        for path in configuration.manifests {
            add("manifests \(path)", path, PathFilter(ignoring: [.editorFiles]), .manifest(path))
        }
        add("configuration", configuration.path, PathFilter(), .configuration)
        self.roots = roots
        self.meanings = meanings
        self.problems = problems
        directory = configuration.directory
    }

    /// The files of its context that a service's Dockerfile names; `nil` where any may count.
    private static func sources(
        of service: Configuration.Service, _ environment: [String: String], _ builderSkipsStages: Bool
    ) -> [String]? {
        guard let dockerfile = try? FileSystem.read(service.dockerfile) else { return nil }
        let inputs = BuildInputs(
            dockerfile: dockerfile, stage: service.stage, arguments: service.buildArgs, environment: environment,
            skipsUnneededStages: builderSkipsStages)
        guard case .sources(let sources) = inputs, !ContextLinks.areMet(by: sources, in: service.context) else {
            return nil
        }
        return sources
    }

    /// What a batch asks for. A path that several contexts hold counts for each of them.
    func impact(of batch: ChangeBatch) -> Impact {
        var impact = Impact()
        for change in batch.changes {
            switch meanings[change.rootID] {
            case .service(let name, let tree):
                impact.services[name, default: []].append(change.path)
                if impact.filters { break }
                impact.filters =
                    tree.filterFiles.contains(change.path)
                    || tree.narrowedContext.map { FileSystem.isSymbolicLink("\($0)/\(change.path)") } ?? false
            case .manifest(let root): impact.manifests.append(name(ofManifest: change.path, in: root))
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
