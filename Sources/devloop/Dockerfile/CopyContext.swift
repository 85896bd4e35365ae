import Watcher

/// A context as the sources of copies meet it.
struct CopyContext {
    /// What is at a path; `nil` where nothing is.
    let kind: (String) -> CopiedFiles.Kind?
    /// The names in a folder; `nil` where nobody can tell.
    let names: ((String) -> [String])?
    /// Whether the ignore file leaves out a path; of a folder, there may be something in it that it doesn't.
    let isLeftOut: ((String) -> Bool)?

    /// What a source takes.
    struct Sources {
        var paths: [String] = []
        /// Whether it takes them all: of classes of characters more than they match are here.
        var isExact = true
        /// Whether one of them is or goes through a symbolic link, which builders follow.
        var meetsLink = false
    }

    /// The paths that a source means: one without wildcards means itself, even where nothing is.
    /// - Returns: `nil` where that can't be known.
    func paths(of source: String) -> Sources? {
        let parts = ImagePath.parts(source)
        var found = Sources(isExact: !parts.contains(where: SourcePattern.hasClass))
        if parts.contains(where: SourcePattern.isPattern), names == nil { return nil }
        add(parts[...], below: "", to: &found)
        return found
    }

    private func add(_ parts: ArraySlice<String>, below folder: String, to found: inout Sources) {
        guard let part = parts.first else { return found.paths.append(folder) }
        let isPattern = SourcePattern.isPattern(part)
        let matching = isPattern ? names?(folder).filter { SourcePattern.mayMatch(part, $0) }.sorted() ?? [] : [part]
        for name in matching {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            let kind = kind(path)
            if kind == .link { found.meetsLink = true }
            // What is left out may be a folder of which something isn't.
            if isPattern, parts.count > 1, kind != .folder, kind != nil { continue }
            add(parts.dropFirst(), below: path, to: &found)
        }
    }
}

/// A part of a source with wildcards, as Go's `filepath.Match` has them.
enum SourcePattern {
    static func isPattern(_ part: String) -> Bool {
        part.unicodeScalars.contains { "*?[\\".unicodeScalars.contains($0) }
    }

    /// Whether it has wildcards that aren't understood here, so that it may match anything.
    static func hasClass(_ part: String) -> Bool { part.unicodeScalars.contains { $0 == "[" || $0 == "\\" } }

    /// Whether it matches a name; always where that isn't understood.
    static func mayMatch(_ part: String, _ name: String) -> Bool { IncludePatterns.mayMatch(part, name) }
}
