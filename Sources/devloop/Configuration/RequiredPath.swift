/// A path of the configuration that must be there before anything runs.
struct RequiredPath: Sendable, Equatable {
    /// What it is for.
    enum Use: Sendable, Equatable {
        /// A file or a folder.
        case manifest
        /// The folder that a build sees.
        case context
        /// A file; named in the configuration or the default.
        case dockerfile(context: String, isNamed: Bool)
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
    /// - Parameter kind: what is at a path; `nil` where nothing is.
    func problem(_ kind: (String) -> FileSystem.Kind?) -> String? {
        switch (use, kind(path)) {
        case (.manifest, .file?), (.manifest, .folder?), (.context, .folder?), (.dockerfile, .file?): return nil
        case (.manifest, let found): return message("a file or a folder", found)
        case (.context, let found): return message("a folder", found)
        case (.dockerfile(let context, let isNamed), let found):
            guard kind(context) == .folder else { return nil }
            let advice = isNamed ? " (the path is relative to the context)" : "; \"dockerfile\" names another"
            return message("a Dockerfile", found) + advice
        }
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
