/// When to look, and when a batch of changes is complete. Pure: it is told what happened at which instant and answers
/// with instants, so that its tests need not wait.
package struct PollSchedule: Sendable, Hashable {
    /// How often a tree is looked through where the kernel announces nothing, in milliseconds; a large tree less often,
    /// so that it costs no more than a small share of one core.
    package let pollMilliseconds: Int
    /// A batch is complete when nothing changed for this long, in milliseconds.
    package let settleMilliseconds: Int
    /// A batch is complete this long after its first change, even if the changes go on, in milliseconds.
    package let ceilingMilliseconds: Int

    private var firstNoticed: ContinuousClock.Instant?
    private var lastNoticed: ContinuousClock.Instant?
    /// When the last batch was reported.
    private var lastReported: ContinuousClock.Instant?
    /// Whether the batch need not settle.
    private var isPrompt = false

    /// A file can be written twice within one tick of the kernel's clock and have the same stamp after both. A stamp
    /// is trusted once it has been seen twice, this far apart; the ticks are 10 ms at the most.
    static let trust = Duration.milliseconds(20)

    /// Values below what makes sense are raised: 10 ms between polls.
    package init(pollMilliseconds: Int = 250, settleMilliseconds: Int = 50, ceilingMilliseconds: Int = 2000) {
        self.pollMilliseconds = max(10, pollMilliseconds)
        self.settleMilliseconds = max(0, settleMilliseconds)
        self.ceilingMilliseconds = max(ceilingMilliseconds, settleMilliseconds, 20)
    }

    var pollInterval: Duration { .milliseconds(pollMilliseconds) }

    /// When the first change of the batch that is being gathered was noticed.
    var batchStart: ContinuousClock.Instant? { firstNoticed }

    /// A change was noticed at `instant`; it was seen to be complete at `seen`, when the look at it had ended.
    /// - Parameter isWhole: whether all that changed is known to be as it is meant to be: then it is reported at once, but
    ///   for what follows something else so closely that more may follow it.
    mutating func noticed(at instant: ContinuousClock.Instant, seen: ContinuousClock.Instant, isWhole: Bool = false) {
        if firstNoticed == nil { firstNoticed = instant }
        lastNoticed = seen
        isPrompt = isWhole && isFirst(at: instant)
    }

    /// All that was noticed is known now to be as it is meant to be.
    mutating func becameWhole(at instant: ContinuousClock.Instant) {
        guard let firstNoticed else { return }
        isPrompt = isPrompt || isFirst(at: min(firstNoticed, instant))
    }

    private func isFirst(at instant: ContinuousClock.Instant) -> Bool {
        lastReported.map { instant - $0 >= .milliseconds(settleMilliseconds) } ?? true
    }

    /// When the changes so far are to be verified, and reported if nothing changed since.
    var verification: ContinuousClock.Instant? {
        guard let lastNoticed, let ceiling else { return nil }
        if isPrompt { return lastNoticed }
        return min(lastNoticed + max(.milliseconds(settleMilliseconds), Self.trust), ceiling)
    }

    /// Whether what is written from this instant on has another stamp than what the last report has named.
    func trustsLastReport(at instant: ContinuousClock.Instant) -> Bool {
        lastReported.map { instant >= $0 + Self.trust } ?? true
    }

    /// When the batch is reported in any case.
    private var ceiling: ContinuousClock.Instant? {
        firstNoticed.map { $0 + .milliseconds(ceilingMilliseconds) }
    }

    /// What a verification means.
    enum Verdict: Equatable {
        /// Something changed again: wait for it to settle.
        case wait
        /// Report what is there; everything in it was seen twice.
        case report
        /// Report what is there; what changed since this instant may change again without a trace.
        case reportDoubting(since: ContinuousClock.Instant)
    }

    /// Judges a verification that began at `start` and ended at `end`.
    mutating func verified(
        foundChanges: Bool, from start: ContinuousClock.Instant, to end: ContinuousClock.Instant
    ) -> Verdict {
        guard let firstNoticed, let lastNoticed, let ceiling else { return .wait }
        if foundChanges, end < ceiling {
            noticed(at: firstNoticed, seen: end)
            return .wait
        }
        let isTrusted = !foundChanges && start >= lastNoticed + Self.trust
        self.firstNoticed = nil
        self.lastNoticed = nil
        isPrompt = false
        lastReported = end
        return isTrusted ? .report : .reportDoubting(since: start - Self.trust)
    }
}
