/// Paths in a container, judged by their text alone.
enum ContainerPath {
    /// The absolute path without `.`, `..` and doubled slashes.
    static func resolve(_ path: String, in directory: String) -> String {
        var parts: [Substring] = []
        for part in (path.hasPrefix("/") ? path : directory + "/" + path).split(separator: "/") {
            switch part {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Whether a path is a folder's or of something in it.
    static func isIn(_ folder: String, _ path: String) -> Bool {
        folder == "/" || path == folder || path.hasPrefix(folder + "/")
    }

    /// The path as seen from a folder; `nil` where it isn't in there.
    static func relative(_ path: String, to folder: String) -> String? {
        guard isIn(folder, path) else { return nil }
        return String(path.dropFirst(folder == "/" ? 1 : folder.utf8.count + 1))
    }

    /// What is behind the last slash.
    static func name(_ path: String) -> String {
        String(path.split(separator: "/").last ?? "")
    }

    /// The folder that something is in.
    static func parent(_ path: String) -> String { resolve("..", in: path) }

    /// What is behind the last dot of the name, without it; empty where there is none.
    static func fileExtension(_ path: String) -> String {
        let name = name(path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return String(name[name.index(after: dot)...])
    }
}
