/// Symbolic links on the way to what is copied. Builders follow them, so that what is copied is somewhere else.
enum ContextLinks {
    /// Whether one of the sources is, or goes through, a symbolic link.
    /// - Parameter sources: as in ``BuildInputs/sources(_:)``.
    static func areMet(by sources: [String], in context: String) -> Bool {
        sources.contains { isMet(on: $0.split(separator: "/")[...], from: context) }
    }

    private static func isMet(on way: ArraySlice<Substring>, from folder: String) -> Bool {
        guard let part = way.first else { return false }
        guard SourcePattern.isPattern(String(part)) else {
            return isMet(at: "\(folder)/\(part)", before: way.dropFirst())
        }
        return FileSystem.names(in: folder).contains { name in
            SourcePattern.mayMatch(String(part), name) && isMet(at: "\(folder)/\(name)", before: way.dropFirst())
        }
    }

    private static func isMet(at path: String, before rest: ArraySlice<Substring>) -> Bool {
        FileSystem.isSymbolicLink(path) || isMet(on: rest, from: path)
    }
}
