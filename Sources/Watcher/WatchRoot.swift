/// One tree to watch: a folder with everything below it that counts, or a single file.
package struct WatchRoot: Sendable, Hashable {
    /// What changes are reported under; unique among the roots of a watcher.
    package let id: String
    /// Absolute. If it is a link, what it leads to is watched. It need not exist: a missing root is an empty tree.
    package let path: String
    /// What counts below it; a single file always does.
    package let filter: PathFilter
    /// Whether a file that somebody has closed or moved into its place is reported at once, where the kernel tells that,
    /// and not when nothing has changed for a while.
    package let isPrompt: Bool

    /// Describes a tree; nothing is looked at yet.
    package init(id: String, path: String, filter: PathFilter = PathFilter(), isPrompt: Bool = false) {
        self.isPrompt = isPrompt
        self.id = id
        self.path = path
        self.filter = filter
    }
}
