import Synchronization

/// Passes notices on, each once.
final class NoticeBoard: Sendable {
    /// The notices; they end with the watcher.
    let notices: AsyncStream<WatchNotice>
    private let continuation: AsyncStream<WatchNotice>.Continuation
    private let seen = Mutex<(keys: Set<WatchNotice>, unreadable: Int)>(([], 0))
    /// After so many unreadable folders the user knows.
    private static let mostUnreadable = 20

    init() {
        (notices, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(256))
    }

    func post(_ notice: WatchNotice) {
        let isNew = seen.withLock { seen in
            guard seen.keys.insert(Self.key(notice)).inserted else { return false }
            guard case .unreadable = notice else { return true }
            seen.unreadable += 1
            return seen.unreadable <= Self.mostUnreadable
        }
        if isNew { continuation.yield(notice) }
    }

    func close() { continuation.finish() }

    /// A limit of the system is the same for every tree, and a tree's events are incomplete for one reason or another.
    private static func key(_ notice: WatchNotice) -> WatchNotice {
        switch notice {
        case .watchLimitReached(_, let setting): .watchLimitReached(rootID: "", setting: setting)
        case .eventsOverflowed(_, let setting): .eventsOverflowed(rootID: "", setting: setting)
        case .eventsIncomplete(let id, _): .eventsIncomplete(rootID: id, reason: "")
        case .unreadable: notice
        }
    }
}
