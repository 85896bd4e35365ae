/// What the kernel says about where to look. It is only a hint: what changed is found by looking.
enum Hint {
    /// Something in this folder changed; the name is that of the entry, if it is known, and valid during the call.
    /// - Parameter isWhole: whether it is a file that somebody has written and closed, or moved into its place.
    case folder(Int32, name: UnsafeRawBufferPointer?, isWhole: Bool)
    /// The watch with this handle on this folder has ended.
    case ended(Int32, watch: Int32)
    /// Hints were dropped: anything may have changed.
    case overflow
}

/// One tree's part of the kernel's hints, which all trees of a watcher share: a system has few queues to give.
final class RootHints {
    /// Tells the trees apart.
    let owner: Int32
    private let kernel: KernelHints

    init(_ kernel: KernelHints) {
        self.kernel = kernel
        owner = kernel.addOwner()
    }

    deinit {
        kernel.removeOwner(owner)
    }

    /// Watches an open folder under an id, and returns the watch, and the id under which the same folder of this tree
    /// had been watched: it has moved, or is mounted twice.
    func watch(_ directory: OpenDirectory, as id: Int32) throws(SystemError) -> (watch: Int32, formerID: Int32?) {
        try kernel.watch(directory, as: WatchTarget(owner: owner, id: id))
    }

    /// Watches what is at `path`, which may be no folder.
    func watch(path: String, as id: Int32) throws(SystemError) -> Int32 {
        try kernel.watch(path: path, as: WatchTarget(owner: owner, id: id))
    }

    /// Ends a watch, unless another folder has taken it over.
    func unwatch(_ watch: Int32, of id: Int32) {
        kernel.unwatch(watch, of: WatchTarget(owner: owner, id: id))
    }
}

/// What is watched: a folder of a tree.
struct WatchTarget: Equatable {
    let owner: Int32
    let id: Int32
}

/// How much is asked of the kernel; other than the default only in tests.
package struct HintOptions: Sendable {
    var isEnabled = true
    /// As if the system allowed no more watches than this.
    var watchLimit = Int.max
    /// Watches are set up and their events thrown away, as on a network mount.
    var isDeaf = false
    /// Every event is taken for an overflow of the queue.
    var isOverflowing = false
    /// How often a tree is looked through as an audit of the hints, at the most.
    var auditInterval = Duration.seconds(10)

    /// No hints at all: polling alone.
    package static let none = HintOptions(isEnabled: false)
    /// Everything that the kernel offers.
    package static let all = HintOptions()
}
