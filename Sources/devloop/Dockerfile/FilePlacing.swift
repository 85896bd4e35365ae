/// What uses a file of the context.
struct FileUse: Error {
    /// In few words.
    var by: String

    init(_ by: String) { self.by = by }
}

/// Follows one file of the context through the steps of a stage.
struct FilePlacing {
    private struct Taken {
        var copy: CopyStep.Copy
        var nameInFolder: String?
    }

    private let file: String
    private let parts: [String]
    private let kind: CopiedFiles.Kind?
    private let context: CopyContext

    private var countsSources = false
    /// Where it is by now.
    private var places: [String: Taken] = [:]
    /// Whether all that is in the image by now was copied from the context.
    private var isAllKnown = true
    private var folders: [(text: String, path: String?)] = []
    private var volumes: [(text: String, paths: [String]?)] = []
    private var copies: [CopyStep.Copy] = []
    private var foreign: [(text: String, destination: CopyStep.Destination?)] = []

    init(file: String, context: CopyContext) {
        parts = ImagePath.parts(file)
        self.file = parts.joined(separator: "/")
        self.context = context
        kind = parts.isEmpty ? .folder : context.kind(self.file)
    }

    /// - Throws: ``FileUse`` where something else depends on it.
    mutating func place(in files: CopiedFiles) throws(FileUse) -> CopiedFiles.Place {
        countsSources = files.countsSources
        if kind == .other { throw FileUse("the build: it is neither a file nor a folder") }
        try checkLinks(files.takings)
        for stage in files.readStages { try checkUse(in: stage) }
        if kind == nil, let use = files.needlessTakings.first(where: takes) { throw FileUse(use.text) }
        for step in files.steps { try follow(step) }
        let all = places.map { path, taken in
            CopiedFiles.Destination(
                path: path, owner: taken.copy.owner, mode: taken.copy.mode, nameInFolder: taken.nameInFolder)
        }
        return all.isEmpty ? .nowhere : .image(all.sorted { $0.path < $1.path })
    }

    // MARK: - Other uses

    /// Builders follow the links that a source is or goes through: any file may be what is copied so.
    private func checkLinks(_ takings: [CopiedFiles.Taking]) throws(FileUse) {
        for count in 0..<max(0, parts.count - 1) {
            let kind = context.kind(parts[...count].joined(separator: "/"))
            if kind == .link || kind == .other { throw FileUse("a symbolic link on the way to it") }
        }
        for taking in takings {
            for source in taking.sources {
                guard let found = context.paths(of: source) else { throw FileUse(taking.text) }
                if found.meetsLink { throw FileUse(taking.text + " (through a symbolic link)") }
            }
        }
    }

    /// A stage of which files are copied or mounted.
    private func checkUse(in stage: CopiedFiles.ReadStage) throws(FileUse) {
        guard let index = stage.steps.firstIndex(where: { takes($0.taken) }) else { return }
        for step in stage.steps[index...] {
            if case .run(let text, _, _) = step { throw FileUse(text) }
        }
        throw FileUse(stage.reader ?? stage.steps[index].taken.text)
    }

    private func takes(_ taking: CopiedFiles.Taking) -> Bool {
        taking.sources.contains { source in
            switch relation(to: source) {
            case .none: false
            case .holds: kind != .folder
            case .isSource, .isBelow: true
            }
        }
    }

    private enum Relation {
        case none
        /// The source is in it.
        case holds
        case isSource
        /// It is in the source, by these parts.
        case isBelow([String])
    }

    private func relation(to source: String) -> Relation {
        let source = ImagePath.parts(source)
        guard zip(source, parts).allSatisfy(SourcePattern.mayMatch) else { return .none }
        if source.count > parts.count { return .holds }
        return source.count == parts.count ? .isSource : .isBelow(Array(parts[source.count...]))
    }

    // MARK: - Steps

    private mutating func follow(_ step: CopyStep) throws(FileUse) {
        switch step {
        case .image: isAllKnown = false
        case .folder(let text, let path):
            folders.append((text, path))
            for path in places.keys { try checkFolders(path) }
        case .volume(let text, let paths):
            volumes.append((text, paths))
            for path in places.keys { try checkFolders(path) }
        case .run(let text, let mounts, _):
            if !places.isEmpty || takes(.init(sources: mounts, text: text)) { throw FileUse(text) }
            isAllKnown = false
        case .from(let text, _, let destination):
            if places.keys.contains(where: { Self.isNear($0, destination) }) { throw FileUse(text) }
            foreign.append((text, destination))
            isAllKnown = false
        case .copy(let copy): try follow(copy)
        }
    }

    private static func isNear(_ path: String, _ destination: CopyStep.Destination?) -> Bool {
        guard let folder = destination?.path else { return true }
        return ImagePath.isBelow(path, folder) || ImagePath.isBelow(folder, path)
    }

    private mutating func follow(_ copy: CopyStep.Copy) throws(FileUse) {
        let own = try destinations(of: copy)
        for (path, taken) in places where own[path] == nil {
            switch copy.effect(on: path, without: file, isNoFolder: kind != .folder, in: context) {
            case .none: break
            case .file where kind == .file && taken.nameInFolder == nil, .file where kind == nil: places[path] = nil
            case .folder where kind == .folder: break
            case .file, .folder, .clash, .unknown: throw FileUse(copy.text)
            }
        }
        for path in own.keys { try check(path, of: copy) }
        places.merge(own) { $1 }
        copies.append(copy)
    }

    private func isFolder(_ path: String, _ folder: String?) -> Bool {
        folder.map { ImagePath.isBelow($0, path) } ?? false
    }

    /// Makes sure that a folder which is deleted is not one that something else makes.
    private func checkFolders(_ path: String) throws(FileUse) {
        guard kind == nil else { return }
        let all = folders + volumes.flatMap { text, paths in paths?.map { (text, $0) } ?? [(text, nil)] }
        if let other = all.first(where: { $0.path == nil || isFolder(path, $0.path) }) { throw FileUse(other.text) }
    }

    /// Makes sure that what is at a path after a copy of the file is the file, and nothing else once it is deleted.
    private func check(_ path: String, of copy: CopyStep.Copy) throws(FileUse) {
        if let volume = volumes.first(where: { $0.paths?.contains { ImagePath.isBelow(path, $0) } ?? true }) {
            throw FileUse(volume.text)
        }
        try checkFolders(path)
        if kind == nil, let other = foreign.first(where: { Self.isNear(path, $0.destination) }) {
            throw FileUse(other.text)
        }
        switch copy.effect(on: path, without: file, isNoFolder: kind != .folder, in: context) {
        case .none: break
        case .folder where kind == .folder: break
        case .file, .folder, .clash, .unknown: throw FileUse(copy.text)
        }
        for other in copies {
            switch other.effect(on: path, without: file, isNoFolder: kind != .folder, in: context) {
            case .none: break
            case .file where kind == .file: break
            case .folder where kind == .folder: break
            case .unknown where kind != nil: break
            case .file, .folder, .clash, .unknown: throw FileUse(other.text)
            }
        }
    }

    /// The places that a copy puts the file at.
    private func destinations(of copy: CopyStep.Copy) throws(FileUse) -> [String: Taken] {
        var places: [String: Taken] = [:]
        for source in copy.sources {
            let relation = relation(to: source)
            switch relation {
            case .none: continue
            case .holds where kind == .folder: continue
            // Nothing, or something else, is where the source has a folder.
            case .holds: throw FileUse(copy.text)
            case .isSource, .isBelow: break
            }
            if ImagePath.parts(source).contains(where: SourcePattern.hasClass) { throw FileUse(copy.text) }
            guard copy.problem == nil, let destination = copy.destination else {
                throw FileUse(copy.text + (copy.problem.map { " (\($0))" } ?? ""))
            }
            if ImagePath.parts(source).contains(where: SourcePattern.isPattern) {
                try checkCount(of: source, in: copy, to: destination)
            }
            if case .isBelow(let rest) = relation {
                if kind == nil, mayTakeFolders(from: parts.count - rest.count) { throw FileUse(copy.text) }
                places[ImagePath.join(destination.path, rest)] = Taken(copy: copy)
                continue
            }
            switch kind {
            case .folder?: places[destination.path] = Taken(copy: copy)
            case .file?:
                let (path, name) = try fileDestination(of: copy)
                places[path] = Taken(copy: copy, nameInFolder: name)
            // The build fails without it, or follows the link.
            case .link?, .other?, nil: throw FileUse(copy.text)
            }
        }
        return places
    }

    /// Whether a folder that it was in may be gone with it from what is copied: one that is left out itself is there for what
    /// is not, only.
    /// - Parameter count: how many parts the source has. Without it the build fails.
    private func mayTakeFolders(from count: Int) -> Bool {
        let folders = (max(1, count)..<max(1, count, parts.count)).map { parts[..<$0].joined(separator: "/") }
        if count > 0, let source = folders.first, context.kind(source) != .folder { return true }
        return folders.contains { context.isLeftOut?($0) ?? false }
    }

    /// What a wildcard takes may be one file now that is renamed, and two the next time, for which the build fails.
    private func checkCount(
        of source: String, in copy: CopyStep.Copy, to destination: CopyStep.Destination
    ) throws(FileUse) {
        if destination.endsInSlash { return }
        let isCounted = countsSources && context.paths(of: source).map { $0.paths.count > 1 } ?? true
        if !destination.isFolder || isCounted { throw FileUse(copy.text) }
    }

    /// Where a source that is a file is copied to, and the name that it has in there if that is a folder.
    private func fileDestination(
        of copy: CopyStep.Copy
    ) throws(FileUse) -> (path: String, nameInFolder: String?) {
        // An archive is unpacked, which its content tells.
        if copy.isAdd { throw FileUse(copy.text) }
        guard let destination = copy.destination, !copy.isAmbiguous, let name = parts.last
        else { throw FileUse(copy.text) }
        let inFolder = ImagePath.join(destination.path, [name])
        if copy.goesIntoFolder || folders.contains(where: { isFolder(destination.path, $0.path) }) {
            return (inFolder, nil)
        }
        var isFile = isAllKnown || places[destination.path] != nil
        for other in copies {
            switch other.effect(on: destination.path, without: file, isNoFolder: isAllKnown, in: context) {
            case .none: break
            case .file: isFile = true
            case .folder: return (inFolder, nil)
            case .clash, .unknown: throw FileUse(other.text)
            }
        }
        if places.keys.contains(where: { ImagePath.isBelow($0, destination.path) && $0 != destination.path }) {
            return (inFolder, nil)
        }
        return (destination.path, isFile ? nil : name)
    }
}
