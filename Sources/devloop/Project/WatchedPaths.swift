import Runner
import Watcher

/// Which files devloop watches, and what a change of each means.
struct WatchedPaths: Sendable {
    /// What a batch of changes asks for.
    struct Impact: Sendable, Equatable {
        /// The changed files of each service, relative to its context.
        var services: [String: [String]] = [:]
        /// The manifests that changed.
        var manifests: [String] = []
        /// Whether devloop.json changed.
        var configuration = false
        /// Whether a file changed that says which others count.
        var ignoreFiles = false
    }

    private enum Meaning: Sendable, Hashable {
        case service(String, ignoreFiles: Set<String>)
        case manifest(String)
        case configuration
    }

    /// The trees to watch.
    let roots: [WatchRoot]
    /// Ignore files that can't be understood; all of their context counts.
    let problems: [String]
    private let meanings: [String: Meaning]

    /// Reads the ignore files of a configuration's services and decides what is watched.
    init(_ configuration: Configuration) {
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
                problems.append("\(service.name): the ignore patterns cannot be used, so every file counts: \(error)")
            }
            let always = [service.dockerfile, own, "\(service.context)/.dockerignore"]
            let meaning = Meaning.service(service.name, ignoreFiles: Set(always.dropFirst().compactMap(inside)))
            add(
                "context of \(service.name)", service.context,
                PathFilter(ignoring: patterns, alwaysIncluding: always.compactMap(inside)), meaning)
            for (index, path) in [service.dockerfile, own].enumerated() where inside(path) == nil {
                let name = PathName.lastComponent(of: path)
                add(
                    "Dockerfile \(index) of \(service.name)", path, PathFilter(),
                    .service(service.name, ignoreFiles: index == 0 ? [] : [name]))
            }
        }
        for path in configuration.manifests {
            add("manifests \(path)", path, PathFilter(ignoring: [.editorFiles]), .manifest(path))
        }
        add("configuration", configuration.path, PathFilter(), .configuration)
        self.roots = roots
        self.meanings = meanings
        self.problems = problems
    }

    /// What a batch asks for. A path that several contexts hold counts for each of them.
    func impact(of batch: ChangeBatch) -> Impact {
        var impact = Impact()
        for change in batch.changes {
            switch meanings[change.rootID] {
            case .service(let name, let ignoreFiles):
                impact.services[name, default: []].append(change.path)
                if ignoreFiles.contains(change.path) { impact.ignoreFiles = true }
            case .manifest(let path): impact.manifests.append(change.path.isEmpty ? path : change.path)
            case .configuration: impact.configuration = true
            case nil: break
            }
        }
        return impact
    }
}
