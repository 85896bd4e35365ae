/// What a copy does at a path of the image, besides what it does with the file that is asked about.
enum CopyEffect {
    case none
    /// It writes a file.
    case file
    /// It makes it a folder, or leaves it one.
    case folder
    /// It writes what a file isn't compatible with, there or on the way: a link, a file in the place of a folder.
    case clash
    /// Nobody knows.
    case unknown

    fileprivate mutating func merge(_ other: CopyEffect) {
        switch (self, other) {
        case (_, .none): break
        case (.none, _), (.file, .file), (.folder, .folder): self = other
        case (.unknown, _), (_, .unknown): self = .unknown
        default: self = .clash
        }
    }
}

extension CopyStep.Copy {
    /// Whether what it copies goes into a folder, as far as its text says.
    var goesIntoFolder: Bool { destination?.isFolder == true }

    /// Whether builders differ about where its files go, or fail: of several without a slash behind the destination
    /// some builders leave the last one, in its place.
    var isAmbiguous: Bool {
        !goesIntoFolder && (destination?.isOdd == true || sources.count > 1 || hasOthers)
    }

    /// What it does at a path of the image.
    /// - Parameters:
    ///   - file: the file of the context that is left out of it.
    ///   - isNoFolder: whether it is certain that a file, or nothing, is at the path.
    func effect(on path: String, without file: String, isNoFolder: Bool, in context: CopyContext) -> CopyEffect {
        guard let destination else { return .unknown }
        guard let rest = ImagePath.parts(of: path, below: destination.path) else {
            return ImagePath.isBelow(destination.path, path) ? .folder : .none
        }
        if problem != nil || hasOthers { return .unknown }
        var effect = CopyEffect.none
        for source in sources {
            guard let found = context.paths(of: source), found.isExact else { return .unknown }
            for path in found.paths where path != file {
                switch path.isEmpty ? .folder : context.kind(path) {
                case .link?, .other?: effect.merge(.clash)
                case .file?: effect.merge(fileEffect(of: path, from: source, at: rest, isNoFolder: isNoFolder))
                // What is left out may be a folder of which something isn't.
                case .folder?, nil: effect.merge(folderEffect(of: path, at: rest, without: file, in: context))
                }
            }
        }
        return effect
    }

    /// - Parameter rest: where the path is, below the destination.
    private func fileEffect(
        of path: String, from source: String, at rest: [String], isNoFolder: Bool
    ) -> CopyEffect {
        // An archive may write anything.
        if isAdd { return .unknown }
        let name = ImagePath.parts(path).last
        if goesIntoFolder {
            if rest.isEmpty { return .folder }
            return rest.first == name ? rest.count == 1 ? .file : .clash : .none
        }
        // Nobody knows how many it takes.
        if ImagePath.parts(source).contains(where: SourcePattern.isPattern) || isAmbiguous {
            return .unknown
        }
        if rest.isEmpty { return isNoFolder ? .file : .unknown }
        // Where its destination is a folder, it may take the place of one in there.
        return rest.first == name ? rest.count == 1 ? .file : .clash : .none
    }

    private func folderEffect(
        of folder: String, at rest: [String], without file: String, in context: CopyContext
    ) -> CopyEffect {
        if rest.isEmpty { return .folder }
        var path = folder
        for (index, part) in rest.enumerated() {
            path = path.isEmpty ? part : "\(path)/\(part)"
            let isLast = index == rest.count - 1
            if isLast, path == file { return .none }
            switch context.kind(path) {
            case .folder?: if isLast { return .folder }
            case .file?: return isLast ? .file : .clash
            case .link?, .other?: return .clash
            case nil: break
            }
        }
        return .none
    }
}
