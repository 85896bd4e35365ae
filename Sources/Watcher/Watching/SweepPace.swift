/// When the next part of a tree is looked at by a sweep, which goes through the whole tree again and again. Pure.
///
/// A sweep is done in slices, so that it never delays what the kernel announces, and rests between them long enough to
/// cost a fixed share of one core.
struct SweepPace {
    /// The most time one slice may take: little where it would hold up what the kernel announces, more where nothing is
    /// announced, since each slice begins with cold caches.
    var slice: Duration { isAudit ? .milliseconds(5) : .milliseconds(25) }

    /// Whether the kernel announces every change here. The sweep is only an audit then.
    var isAudit: Bool
    private let pollInterval: Duration
    private let auditInterval: Duration
    private var roundStart: ContinuousClock.Instant
    private var roundCost = Duration.zero
    private var lastRoundCost = Duration.zero
    private(set) var next: ContinuousClock.Instant

    init(isAudit: Bool, pollInterval: Duration, auditInterval: Duration, now: ContinuousClock.Instant) {
        self.isAudit = isAudit
        self.pollInterval = pollInterval
        self.auditInterval = auditInterval
        roundStart = now
        next = now
        next = now + shortestRound
        roundStart = next
    }

    /// The share of a core that looking may take. Where the kernel announces nothing, looking and waking up stay below 3 %
    /// together, and a third of that is left to hot folders if there are any. An audit takes 0.12 %, or as
    /// much as ends its rounds within a minute, up to 0.4 %.
    func share(leavesRoom: Bool = false) -> Double {
        guard isAudit else { return leavesRoom ? 0.018 : 0.027 }
        return min(0.004, max(0.0012, lastRoundCost / .seconds(60)))
    }

    private var shortestRound: Duration {
        isAudit ? max(auditInterval, pollInterval) : pollInterval
    }

    /// A slice that cost this much processor time ended.
    mutating func sliceEnded(
        at now: ContinuousClock.Instant, cost: Duration, isRoundComplete: Bool, leavesRoom: Bool = false
    ) {
        roundCost += cost
        next = now + cost / share(leavesRoom: leavesRoom)
        guard isRoundComplete else { return }
        next = max(next, roundStart + shortestRound)
        lastRoundCost = roundCost
        roundCost = .zero
        roundStart = next
    }

    /// The kernel's hints have become better or worse.
    mutating func setAudit(_ isAudit: Bool, now: ContinuousClock.Instant) {
        guard isAudit != self.isAudit else { return }
        self.isAudit = isAudit
        next = now + min(shortestRound, max(.zero, next - now))
    }
}

/// The folders in which changes were seen lately, where the kernel announces nothing: they are looked at many times a
/// second. Pure.
struct HotFolders {
    /// The most of one core that looking at them may cost.
    private static let share = 0.01
    private static let capacity = 32
    private static let lifetime = Duration.seconds(600)
    private static let interval = Duration.milliseconds(50)

    private var folders: [(id: Int32, seen: ContinuousClock.Instant)] = []
    private var nextLook: ContinuousClock.Instant?

    var ids: [Int32] { folders.map(\.id) }

    /// When to look at them; nil if there are none.
    var next: ContinuousClock.Instant? { folders.isEmpty ? nil : nextLook }

    mutating func insert(_ ids: [Int32], at now: ContinuousClock.Instant) {
        for id in ids.suffix(Self.capacity) {
            folders.removeAll { $0.id == id }
            folders.append((id, now))
        }
        folders.removeFirst(max(0, folders.count - Self.capacity))
        if nextLook == nil { nextLook = now + Self.interval }
    }

    mutating func looked(at now: ContinuousClock.Instant, cost: Duration) {
        folders.removeAll { now - $0.seen > Self.lifetime }
        nextLook = folders.isEmpty ? nil : now + max(Self.interval, cost / Self.share)
    }
}
