import Runner

/// Which files a reading of manifests goes through, beyond the path that is named: what a kustomization names outside of
/// its folder, and what links in a folder lead to.
///
/// devloop reads no YAML. Whatever stands in a kustomization, and in the files that it names, and is the path of
/// something that is there counts as read: a file too many that is watched costs next to nothing.
enum ManifestInputs {
    /// All files and folders to watch for a path of manifests, itself first. A folder is watched with what is below it.
    static func paths(of path: String) -> [String] {
        var walk = Walk()
        walk.enter(path)
        return walk.paths.enumerated().filter { index, path in
            !walk.paths.enumerated().contains { $0.offset != index && $0.offset < index && covers($0.element, path) }
        }.map(\.element)
    }

    /// Whether watching a folder covers a path below it: not where the way there goes through a link.
    private static func covers(_ folder: String, _ path: String) -> Bool {
        guard path.hasPrefix(folder + "/") else { return false }
        return !FileSystem.hasSymbolicLink(onTheWayFrom: folder, to: path)
    }

    private struct Walk {
        private(set) var paths: [String] = []
        private var seen: Set<String> = []

        mutating func enter(_ path: String) {
            guard seen.insert(path).inserted else { return }
            paths.append(path)
            guard FileSystem.kind(of: path) == .folder else { return }
            guard let kustomization = ManifestPaths.kustomization(in: path) else {
                // kubectl reads the files that links lead to, and enters no folder.
                for name in FileSystem.names(in: path).sorted() where FileSystem.isSymbolicLink("\(path)/\(name)") {
                    let link = "\(path)/\(name)"
                    if FileSystem.kind(of: link) != .folder, seen.insert(link).inserted { paths.append(link) }
                }
                return
            }
            // kustomize resolves `..` from where the folder really is.
            let folder = FileSystem.realPath(path) ?? path
            if folder != path, seen.insert(folder).inserted { paths.append(folder) }
            read(kustomization, in: folder)
        }

        /// Takes in what a kustomization, or a file that it names, names.
        private mutating func read(_ file: String, in folder: String) {
            guard seen.insert("\(folder) reads \(file)").inserted else { return }
            paths.append(file)
            guard let bytes = try? FileSystem.read(file) else { return }
            for name in KustomizationText.names(in: String(decoding: bytes, as: UTF8.self)) {
                let path = PathName.absolute(name.text, in: folder)
                switch FileSystem.kind(of: path) {
                case .file?:
                    if ManifestPaths.isManifest(path) { read(path, in: folder) } else { paths.append(path) }
                case .folder?:
                    // Of other folders, only charts are read; those stand beside or below the kustomization.
                    let isRead =
                        ManifestPaths.kustomization(in: path) != nil || FileSystem.kind(of: "\(path)/Chart.yaml") != nil
                    if isRead { enter(path) }
                case .other?: break
                case nil:
                    // It may come, or come back.
                    if name.isWhole, ["./", "../"].contains(where: name.text.hasPrefix) { paths.append(path) }
                }
            }
        }
    }
}

/// The words of a kustomization that could be paths.
enum KustomizationText {
    /// What could be a path.
    struct Name: Equatable {
        var text: String
        /// Whether it is a value as it stands there, and not a word of one.
        var isWhole: Bool
    }

    /// Every value of a line or a list as a whole and every word in it, without quotes; of `KEY=FILE` the file too. Relative paths
    /// only, as kustomize wants them. In the text's order, each once.
    static func names(in text: String) -> [Name] {
        var names: [Name] = []
        var seen: Set<Substring> = []
        func add(_ candidates: [Substring], isWhole: Bool) {
            for candidate in candidates {
                for name in [candidate] + candidate.split(separator: "=", maxSplits: 1).dropFirst()
                where isRelativePath(name) && seen.insert(name).inserted {
                    names.append(Name(text: String(name), isWhole: isWhole))
                }
            }
        }
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split { "\"'[]{},".contains($0) }
            add([value(of: line)], isWhole: parts.count == 1)
            add(parts.map(value), isWhole: true)
            for part in parts { add(part.split { " \t".contains($0) }, isWhole: false) }
        }
        return names
    }

    private static func isRelativePath(_ name: Substring) -> Bool {
        !name.isEmpty && name != "." && !name.hasPrefix("/") && !name.hasPrefix("#") && !name.contains("://")
    }

    /// What follows the dashes and the key of a line, which may hold blanks: `- path: my patch.yaml  # why`
    private static func value(of line: Substring) -> Substring {
        var rest = line.drop { $0 == " " || $0 == "-" }
        if let colon = rest.firstRange(of: ": ") { rest = rest[colon.upperBound...] }
        if let comment = rest.firstRange(of: " #") { rest = rest[..<comment.lowerBound] }
        let isMargin = { (character: Character) in " \t\"'".contains(character) }
        while let last = rest.last, isMargin(last) { rest.removeLast() }
        return rest.drop(while: isMargin)
    }
}
