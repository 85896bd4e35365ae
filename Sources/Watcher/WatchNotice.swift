/// Something about watching that a user may want to know; the watcher goes on without it. Each is said once.
package enum WatchNotice: Sendable, Hashable {
    /// The kernel gives no more watches: the tree is looked through again and again instead, which costs more and
    /// notices later. `setting` is what to raise.
    case watchLimitReached(rootID: String, setting: String)
    /// The kernel dropped events because too many came at once; nothing is lost. `setting` is what to raise.
    case eventsOverflowed(rootID: String, setting: String)
    /// The kernel announces no or not all changes here, as on network mounts: the tree is looked through instead.
    case eventsIncomplete(rootID: String, reason: String)
    /// A folder cannot be read: its contents count as unchanged until it can.
    case unreadable(rootID: String, path: String, reason: String)

    /// What to tell the user, in one line without the tree's name.
    package var message: String {
        switch self {
        case .watchLimitReached(_, let setting):
            "the limit of file watches is reached, changes are noticed more slowly: raise \(setting)"
        case .eventsOverflowed(_, let setting):
            "too many changes at once, every file was looked at instead: raise \(setting) if this happens often"
        case .eventsIncomplete(_, let reason):
            "the system does not announce every change here (\(reason)), they are noticed more slowly"
        case .unreadable(_, let path, let reason):
            "\(path.isEmpty ? "the folder" : path) cannot be read (\(reason)): changes below it go unnoticed"
        }
    }

    /// The tree it is about.
    package var rootID: String {
        switch self {
        case .watchLimitReached(let id, _), .eventsOverflowed(let id, _), .eventsIncomplete(let id, _),
            .unreadable(let id, _, _):
            id
        }
    }
}
