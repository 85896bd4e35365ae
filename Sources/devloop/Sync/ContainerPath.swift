/// Clean absolute paths in a container, judged by their text alone. What holds for paths of any sort is ``PathName``'s.
enum ContainerPath {
    /// Whether a path is a folder's or of something in it.
    static func isIn(_ folder: String, _ path: String) -> Bool {
        folder == "/" || path == folder || path.hasPrefix(folder + "/")
    }

    /// What is behind the last dot of the name, without it; empty where there is none.
    static func fileExtension(_ path: String) -> String {
        let name = PathName.lastComponent(of: path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return String(name[name.index(after: dot)...])
    }
}
