/// What the kernel says about where to look. It is only a hint: what changed is found by looking.
enum Hint {
    /// Something in this folder changed; the name is that of the entry, if it is known, and valid during the call.
    case folder(Int32, name: UnsafeRawBufferPointer?)
    /// The watch with this handle on this folder has ended.
    case ended(Int32, watch: Int32)
    /// Hints were dropped: anything may have changed.
    case overflow
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
