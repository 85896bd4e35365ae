/// Opens the folders of a tree, each relative to its parent, and keeps the way to the last one open.
///
/// Relative, because a path may be longer than the system takes and because a link put in the way must not be
/// followed. A pass that goes through a tree in depth opens each folder once. ``closeAll()`` after every pass: what is
/// open here may meanwhile be another folder.
struct DirectoryOpener {
    private let rootPath: String
    private var way: [(id: Int32, directory: OpenDirectory)] = []
    /// Deeper than this the upper end is closed, so that depth does not use up the descriptors.
    private static let longestWay = 32

    init(rootPath: String) {
        self.rootPath = rootPath
    }

    /// Opens the folder afresh; it stays open until another one is asked for that is not below it.
    mutating func open(_ id: Int32, in tree: FileTree) throws(SystemError) -> OpenDirectory {
        var missing: [Int32] = []
        var next = id
        while next >= 0, next == id || !way.contains(where: { $0.id == next }) {
            missing.append(next)
            next = tree[next].parent
        }
        while let last = way.last, last.id != next {
            last.directory.close()
            way.removeLast()
        }
        for id in missing.reversed() {
            let directory =
                if let parent = way.last {
                    try OpenDirectory(name: tree[id].name, in: parent.directory)
                } else {
                    try OpenDirectory(path: rootPath)
                }
            way.append((id, directory))
            if way.count > Self.longestWay { way.removeFirst().directory.close() }
        }
        return way[way.count - 1].directory
    }

    /// Remembers that the names of the folder opened last are being read, so that closing it frees what that took.
    mutating func update(_ directory: OpenDirectory) {
        way[way.count - 1].directory = directory
    }

    mutating func closeAll() {
        for (_, directory) in way { directory.close() }
        way.removeAll()
    }
}
