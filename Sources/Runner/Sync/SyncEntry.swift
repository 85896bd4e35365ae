/// A file, folder or symbolic link as it is to be in a container.
package struct SyncEntry: Sendable, Hashable {
    /// Its absolute path on this machine; `nil`: it is to be removed from the container.
    package var source: String?
    /// Its absolute path in the container, without `.` and `..`.
    package var path: String
    /// `node:node`, `1000:1000`, `1000`; `nil` is root. It belongs to the owner where the container's user is root,
    /// otherwise to that user.
    package var owner: String?
    /// Its permissions; `nil`: as the source's.
    package var mode: UInt16?

    package init(source: String?, path: String, owner: String? = nil, mode: UInt16? = nil) {
        self.source = source
        self.path = path
        self.owner = owner
        self.mode = mode
    }
}

/// What a container has acknowledged.
package struct SyncReceipt: Sendable, Hashable {
    /// Files, folders and links that are there, and removed ones that are not.
    package var count = 0
    /// The files' content.
    package var bytes = 0
    /// Paths in the container of what was not at its source any more: it was left as it is.
    package var vanished: [String] = []
    /// Paths in the container of what is no file, folder or link (sockets, devices, pipes): it was left out.
    package var skipped: [String] = []
    /// Folders that were to be removed and hold what others put there: they stay.
    package var kept: [String] = []
    /// What was to be done after the files arrived, and failed.
    package var failedRun: FailedRun?
    /// What of all that was to be done is not done because of that; first what failed.
    package var undone: [ContainerAction] = []

    package init() {}
}
