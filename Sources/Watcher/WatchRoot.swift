/// One tree to watch: a folder with everything below it that counts, or a single file.
package struct WatchRoot: Sendable, Hashable {
    /// What changes are reported under; unique among the roots of a watcher.
    package let id: String
    /// Absolute. If it is a link, what it leads to is watched. It need not exist: a missing root is an empty tree.
    package let path: String
    /// What counts below it; a single file always does.
    package let filter: PathFilter

    /// Describes a tree; nothing is looked at yet.
    package init(id: String, path: String, filter: PathFilter = PathFilter()) {
        self.id = id
        self.path = path
        self.filter = filter
    }
}
