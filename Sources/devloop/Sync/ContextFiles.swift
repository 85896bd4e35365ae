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
    /// Relative to the context; `nil` where it is not in there.
    private let dockerfile: String?
    /// What of the context is taken into builds.
    private let filter: PathFilter
    private let places: Places

    /// Reads the Dockerfile of a service; `nil` where its files are not synced.
    /// - Parameter filter: what leaves out files of the context.
    init?(
        of service: Configuration.Service, filter: PathFilter, environment: [String: String], builder: BuilderKind
    ) {
        context = service.context
        let prefix = "\(context)/"
        dockerfile =
            service.dockerfile.hasPrefix(prefix) ? String(service.dockerfile.dropFirst(prefix.count)) : nil
        self.filter = filter
        switch service.sync {
        case .off: return nil
        case .rules(let rules): places = .ruled(rules)
        case .auto, .on:
            guard let dockerfile = try? FileSystem.read(service.dockerfile) else { return nil }
            places = .copied(
                CopiedFiles(
                    dockerfile: dockerfile, stage: service.stage, arguments: service.buildArgs,
                    environment: environment, skipsUnneededStages: builder.skipsUnneededStages))
        }
    }

    /// What a change means.
    /// - Parameters:
    ///   - isUsed: whether the file says how the image is built.
    ///   - isFolder: whether something is known to be in it.
    func judge(_ change: Change, isUsed: Bool, isFolder: Bool) -> FileChange {
        // It could not be found under its repaired name.
        let isUnreadable = change.path.unicodeScalars.contains("\u{FFFD}")
        return FileChange(
            path: change.path, isGone: change.kind == .deleted, isNew: change.kind == .created,
            isFolder: isFolder || kind(of: change.path) == .folder,
            place: isUsed ? .used(by: "the build") : isUnreadable ? .nowhere : place(of: change.path),
            isBuildFile: isUsed)
    }

    /// Whether a file of that path is in the context and no ignore file leaves it out.
    func holds(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return !parts.contains { $0.isEmpty || $0 == "." || $0 == ".." } && kind(of: path) != nil
    }

    /// What a change of a file that is there means.
    func judge(_ path: String) -> FileChange {
        let isUsed = path == dockerfile
        return FileChange(
            path: path, isFolder: kind(of: path) == .folder, place: isUsed ? .used(by: "the build") : place(of: path))
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
    /// - Parameter path: relative to the context.
    func place(of path: String) -> CopiedFiles.Place {
        switch places {
        case .copied(let files): return files.place(of: path, kind: kind, names: names)
        case .ruled(let rules):
            let destinations = rules.compactMap { $0.destination(of: path) }.unique
            // A folder that is new matters to nobody but for what is in it.
            return destinations.isEmpty && kind(of: path) != .folder
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

    private func names(in folder: String) -> [String] {
        FileSystem.names(in: folder.isEmpty ? context : "\(context)/\(folder)")
    }

    private func kind(of path: String) -> CopiedFiles.Kind? {
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
