/// Paths as text: nothing here looks at the disk.
enum PathName {
    /// The path, made absolute and without `.`, `..` and doubled slashes.
    ///
    /// `..` is resolved by the text, as a shell's `cd` does, not through symbolic links.
    static func absolute(_ path: String, in directory: String) -> String {
        let full = path.utf8.first == UInt8(ascii: "/") ? path : "\(directory)/\(path)"
        var parts: [Substring] = []
        for part in full.split(separator: "/") {
            switch part {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// A clean absolute path as seen from a folder: empty for the folder itself, `nil` where it isn't in there.
    static func relative(_ path: String, to folder: String) -> String? {
        if path == folder { return "" }
        let prefix = folder == "/" ? "/" : folder + "/"
        guard path.utf8.starts(with: prefix.utf8) else { return nil }
        return String(decoding: path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }

    /// The folder that an absolute path is in; `/` for `/`.
    static func directory(of path: String) -> String {
        "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }

    /// The last part of a path; empty for `/`.
    static func lastComponent(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? ""
    }
}
