/// A file of a service's context as somebody names it who may be in any folder.
struct NamedFile: Equatable {
    /// As it was named.
    var name: String
    /// Relative to the context; `nil` where it is outside of it.
    var path: String?

    init(_ name: String, path: String?) { (self.name, self.path) = (name, path) }

    /// Finds the file that is meant: as a shell completes it, where that is in the context, and otherwise as the reports
    /// name it, relative to the context.
    /// - Parameters:
    ///   - context: the absolute path of the folder that its service is built from.
    ///   - folder: the current one.
    init(_ name: String, of context: String, from folder: String) {
        self.name = name
        let own = PathName.absolute(name, in: folder)
        // The current folder's path has no links in it, the context's may.
        let place = FileSystem.realPath(context).flatMap { PathName.relative(FileSystem.place(of: own), to: $0) }
        let shells = PathName.relative(own, to: context) ?? place
        let isThere = shells != nil && (FileSystem.kind(of: own) != nil || FileSystem.isSymbolicLink(own))
        let isWritten = name.hasPrefix("/") || name.hasPrefix("./") || name.hasPrefix("../")
        path = isThere || isWritten ? shells : PathName.relative(PathName.absolute(name, in: context), to: context)
    }

    /// What it stands for: a folder for the files in it.
    func files(in context: ContextFiles) -> [NamedFile] {
        guard let path else { return [self] }
        let inside = context.all.filter { path.isEmpty || $0.hasPrefix("\(path)/") }
        return inside.isEmpty ? [self] : inside.map { NamedFile($0, path: $0) }
    }
}
