import Runner

/// What is asked about paths.
struct Disk {
    /// What is at a path; `nil` where nothing is.
    var kind: (String) -> FileSystem.Kind?
    /// The names in a folder.
    var names: (String) -> [String] = { _ in [] }
    /// What a path stands for, which may be a pattern.
    var matches: (String) -> [String] = { [$0] }

    /// The real one.
    static var real: Disk {
        Disk(kind: FileSystem.kind, names: FileSystem.names, matches: ManifestPaths.expand)
    }
}

/// A path of the configuration that must be there before anything runs.
struct RequiredPath: Sendable, Equatable {
    /// What it is for.
    enum Use: Sendable, Equatable {
        /// A file, a folder with manifests in it, or a pattern of these.
        case manifest
        /// The folder that a build sees.
        case context
        /// A file; named in the configuration or the default.
        case dockerfile(context: String, isNamed: Bool)
        /// A file that is a build's secret.
        case secret
        /// A key, or the socket of an agent.
        case key
    }

    /// The absolute path.
    var path: String
    /// What it is for.
    var use: Use
    /// The key that it is from.
    var keyPath: String

    /// What is wrong with the path, in words; `nil` where nothing is.
    ///
    /// A Dockerfile inside a context that is missing is not missing itself: the context is named already.
    func problem(on disk: Disk) -> String? {
        let kind = disk.kind
        switch (use, kind(path)) {
        case (.manifest, .folder?): return problemWithFolder(on: disk)
        case (.manifest, nil) where path.contains("**"):
            return
                "expected a file or a folder at \(path), found nothing; ** is not known here, * stands for one folder"
        case (.manifest, nil) where disk.matches(path) != [path]:
            return disk.matches(path).isEmpty
                ? "the pattern \(path) matches no folder and no .yaml, .yml or .json file" : nil
        case (.manifest, .file?), (.context, .folder?), (.dockerfile, .file?), (.secret, .file?): return nil
        case (.key, .file?), (.key, .other?): return nil
        case (.manifest, let found): return message("a file or a folder", found)
        case (.context, let found): return message("a folder", found)
        case (.secret, let found):
            return message("the file that holds the secret", found) + "; null takes the environment's variable"
        case (.key, let found): return message("a key, or the socket of an agent,", found)
        case (.dockerfile(let context, let isNamed), let found):
            guard kind(context) == .folder else { return nil }
            let advice = isNamed ? " (the path is relative to the context)" : "; \"dockerfile\" names another"
            return message("a Dockerfile", found) + advice
        }
    }

    /// kubectl reads a folder's own files only.
    private func problemWithFolder(on disk: Disk) -> String? {
        let all = disk.names(path)
        let isRead = { (name: String) in ManifestPaths.isManifest(name) || name == "Kustomization" }
        guard !all.contains(where: isRead) else { return nil }
        let folders = all.sorted().filter { name in
            disk.kind("\(path)/\(name)") == .folder && disk.names("\(path)/\(name)").contains(where: isRead)
        }
        let found = "expected manifests in \(path), found no .yaml, .yml or .json file in it"
        guard !folders.isEmpty else { return found }
        let list = folders.prefix(4).joined(separator: ", ") + (folders.count > 4 ? ", …" : "")
        return "\(found); the folders in it are not looked into: name those that are meant (\(list))"
    }

    private func message(_ expected: String, _ found: FileSystem.Kind?) -> String {
        let words =
            switch found {
            case .file?: "a file"
            case .folder?: "a folder"
            case .other?: "neither a file nor a folder"
            case nil: "nothing"
            }
        return "expected \(expected) at \(path), found \(words)"
    }
}
