import Runner
import Watcher

/// The files of a service's context, and where they are in its image: by the rules of devloop.json, or as the Dockerfile
/// says it.
struct ContextFiles: Sendable, Hashable {
    private enum Places: Sendable, Hashable {
        case copied(CopiedFiles)
        case ruled([SyncRule])
    }

    private let context: String
    /// The files in it that say how the image is built, relative to it.
    private let buildFiles: Set<String>
    /// What of the context is taken into builds.
    private let filter: PathFilter
    private let places: Places

    /// The files of a service's context; `nil` where its files are not synced.
    /// - Parameters:
    ///   - filter: what leaves out files of the context.
    ///   - buildFiles: those in it that say how the image is built, relative to it.
    ///   - dockerfile: `nil` where it could not be read.
    init?(
        of service: Configuration.Service, filter: PathFilter, buildFiles: Set<String>,
        dockerfile: Result<DockerfileStages, UndecidedDockerfile>?, builder: BuilderKind
    ) {
        context = service.context
        self.buildFiles = buildFiles
        self.filter = filter
        switch service.sync {
        case .off: return nil
        case .rules(let rules): places = .ruled(rules)
        case .auto, .on:
            guard let dockerfile else { return nil }
            places = .copied(
                CopiedFiles(dockerfile, stage: service.stage, skipsUnneededStages: builder.skipsUnneededStages))
        }
    }

    /// What a change means.
    /// - Parameters:
    ///   - isFolder: whether something is known to be in it.
    ///   - look: what was seen of the context already.
    func judge(_ change: Change, isFolder: Bool, _ look: ContextLook) -> FileChange {
        let isBuildFile = buildFiles.contains(change.path)
        // It could not be found under its repaired name.
        let isUnreadable = change.path.unicodeScalars.contains("\u{FFFD}")
        return FileChange(
            path: change.path, isGone: change.kind == .deleted, isNew: change.kind == .created,
            isFolder: isFolder || look.kind(of: change.path, in: self) == .folder,
            place: isBuildFile ? .used(by: "the build") : isUnreadable ? .nowhere : place(of: change.path, look),
            isBuildFile: isBuildFile)
    }

    /// Whether a file of that path is in the context and no ignore file leaves it out.
    func holds(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return !parts.contains { $0.isEmpty || $0 == "." || $0 == ".." } && kind(of: path) != nil
    }

    /// What a change of a file that is there means.
    func judge(_ path: String) -> FileChange {
        judge(Change(rootID: "", path: path, kind: .modified), isFolder: false, ContextLook())
    }

    /// The files of the context, sorted.
    var all: [String] {
        var found: [String] = []
        var folders = [""]
        while let folder = folders.popLast() {
            for name in names(in: folder) {
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                switch kind(of: path) {
                case .folder?: folders.append(path)
                case .file?, .link?: found.append(path)
                case .other?, nil: break
                }
            }
        }
        return found.sorted()
    }

    /// Where a file is in the image.
    /// - Parameters:
    ///   - path: relative to the context.
    ///   - look: what was seen of the context already.
    func place(of path: String, _ look: ContextLook = ContextLook()) -> CopiedFiles.Place {
        switch places {
        case .copied(let files):
            return files.place(of: path) {
                look.kind(of: $0, in: self)
            } names: {
                look.names(in: $0, of: self)
            } isLeftOut: {
                !filter.includes($0)
            }
        case .ruled(let rules):
            let destinations = rules.compactMap { $0.destination(of: path) }.unique
            // A folder that is new matters to nobody but for what is in it.
            return destinations.isEmpty && look.kind(of: path, in: self) != .folder
                ? .nowhere : .image(destinations.map { CopiedFiles.Destination(path: $0) })
        }
    }

    /// The contents of a file by where it is in the image; `nil` where it is none of the context's.
    func read(_ destination: String) -> [UInt8]? {
        // Folders are copied as they are: the end of the path is the file's own.
        let parts = destination.split(separator: "/")
        for start in parts.indices {
            let path = parts[start...].joined(separator: "/")
            guard kind(of: path) == .file, isPlace(destination, of: path) else { continue }
            return try? FileSystem.read("\(context)/\(path)")
        }
        return nil
    }

    /// Whether a file is copied to a path, whatever else uses it.
    private func isPlace(_ destination: String, of path: String) -> Bool {
        switch places {
        case .copied(let files): files.copies(of: path, kind: kind, names: names).contains(destination)
        case .ruled: place(of: path) == .image([CopiedFiles.Destination(path: destination)])
        }
    }

    fileprivate func names(in folder: String) -> [String] {
        FileSystem.names(in: folder.isEmpty ? context : "\(context)/\(folder)")
    }

    fileprivate func kind(of path: String) -> CopiedFiles.Kind? {
        guard path.isEmpty || filter.includes(path) else { return nil }
        let whole = path.isEmpty ? context : "\(context)/\(path)"
        if FileSystem.isSymbolicLink(whole) { return .link }
        return switch FileSystem.kind(of: whole) {
        case .file: .file
        case .folder: .folder
        case .other: .other
        case nil: nil
        }
    }
}

/// What was seen of a context while a batch of changes is judged: two thousand files ask for the same folders.
final class ContextLook {
    private var kinds: [String: CopiedFiles.Kind?] = [:]
    private var names: [String: [String]] = [:]

    fileprivate func kind(of path: String, in files: ContextFiles) -> CopiedFiles.Kind? {
        if let known = kinds[path] { return known }
        let kind = files.kind(of: path)
        kinds[path] = .some(kind)
        return kind
    }

    fileprivate func names(in folder: String, of files: ContextFiles) -> [String] {
        if let known = names[folder] { return known }
        let names = files.names(in: folder)
        self.names[folder] = names
        return names
    }
}
