/// What the watcher's thread does: it sleeps until a tree has to be looked at, collects the changes, and reports them
/// once they have settled. Only that thread touches what the loop owns; others give it orders through ``WatchControl``.
final class WatchLoop {
    private let control: WatchControl
    private let mailbox: BatchMailbox
    private let options: HintOptions
    private var kernel: KernelHints?
    private var schedule: PollSchedule
    private var board: NoticeBoard
    private var roots: [RootWatch] = []
    private var nextLook = ContinuousClock.now
    private var nextPulse = ContinuousClock.now

    /// After a look at what the kernel announced, the loop rests this many times as long as the look took: a flood of
    /// announcements costs at most a fifth of a core.
    private static let restAfterLook = 4

    init(
        control: WatchControl, mailbox: BatchMailbox, board: NoticeBoard, schedule: PollSchedule, hints: HintOptions
    ) {
        self.control = control
        self.mailbox = mailbox
        self.board = board
        self.schedule = schedule
        options = hints
    }

    /// Runs until it is told to stop.
    func run() {
        while true {
            for command in control.takeCommands() {
                update(roots: command.roots)
                command.done.resume()
            }
            if control.isStopped { return }
            let now = ContinuousClock.now
            look(at: now)
            verify()
            control.signal.sleep(until: nextDeadline, watching: kernel.map { [$0.descriptor] } ?? [])
        }
    }

    /// Asks for the kernel's hints, which all trees share. If there are none to be had, the notice names the first tree.
    private func openKernel(for roots: [WatchRoot]) {
        guard kernel == nil, options.isEnabled, let first = roots.first else { return }
        do {
            kernel = try KernelHints(options: options)
        } catch {
            board.post(.watchLimitReached(rootID: first.id, setting: KernelHints.instanceLimitSetting))
        }
    }

    private func takeHints() {
        kernel?.take { owner, hint in
            for root in roots where owner == nil || root.owner == owner { root.take(hint) }
        }
    }

    private func update(roots wanted: [WatchRoot]) {
        openKernel(for: wanted)
        var current = roots
        var fresh: [RootWatch] = []
        roots = wanted.map { root in
            if let index = current.firstIndex(where: { $0.root == root }) { return current.remove(at: index) }
            let watch = RootWatch(
                root: root, schedule: schedule, kernel: kernel, auditInterval: options.auditInterval,
                isStopped: { [control] in control.isStopped }, notify: { [board] in board.post($0) })
            fresh.append(watch)
            return watch
        }
        takeBaselines(of: fresh)
        for watch in fresh {
            guard let older = current.first(where: { $0.root.id == watch.root.id && $0.root.path == watch.root.path })
            else { continue }
            watch.inherit(from: older)
        }
        let now = ContinuousClock.now
        if fresh.contains(where: \.isPending) { schedule.noticed(at: now, seen: now) }
        nextPulse = now
    }

    /// Looks at the new trees until their stamps can be trusted: a file that was written just before the first look can be
    /// written again within the same tick of the clock, and keep its stamp. Such files are looked at once more after that
    /// tick, before anyone is told that the watching has begun.
    private func takeBaselines(of fresh: [RootWatch]) {
        var young = fresh.map { ($0, folders: $0.takeBaseline()) }
        for _ in 0..<5 where !control.isStopped {
            young.removeAll { $0.folders.isEmpty }
            if young.isEmpty { break }
            control.signal.sleep(until: .now + PollSchedule.trust, watching: [])
            young = young.map { ($0.0, folders: $0.0.renewBaseline(of: $0.folders)) }
        }
        // A file that is written without a pause gets no trusted stamp: its next write will be seen soon enough.
        for watch in fresh { watch.reportSilently() }
    }

    private func look(at now: ContinuousClock.Instant) {
        var isChanged = false
        takeHints()
        if now >= nextLook, roots.contains(where: \.hasAnnouncements) {
            for root in roots where root.hasAnnouncements { isChanged = root.lookAtAnnounced() || isChanged }
            let cost = ContinuousClock.now - now
            nextLook = now + cost + max(.milliseconds(10), cost * Self.restAfterLook)
        }
        if now >= nextPulse {
            for root in roots { isChanged = root.lookAtRoot() || isChanged }
            nextPulse = now + (roots.contains(where: \.needsPulse) ? schedule.pollInterval : .seconds(1))
        }
        for root in roots where root.nextSweep <= now { isChanged = root.sweep(at: now) || isChanged }
        let isWhole = roots.allSatisfy { !$0.isPending || $0.isWhole }
        if isChanged {
            schedule.noticed(at: now, seen: .now, isWhole: isWhole)
        } else if isWhole, schedule.verification != nil {
            // It was seen as it is before its writer closed it.
            schedule.becameWhole(at: now)
        }
        if schedule.verification == nil {
            // No report is due, so what is pending holds nothing that counts: folders of ignored files that came and went.
            for root in roots where root.isPending { root.reportSilently() }
        }
    }

    private func verify() {
        let start = ContinuousClock.now
        guard let due = schedule.verification, due <= start, let firstNoticed = schedule.batchStart else { return }
        takeHints()
        var foundChanges = false
        for root in roots where root.isPending { foundChanges = root.verify() || foundChanges }
        if control.isStopped { return }
        if schedule.trustsLastReport(at: start) { for root in roots { root.dropDoubts() } }
        let instant: ContinuousClock.Instant?
        switch schedule.verified(foundChanges: foundChanges, from: start, to: .now) {
        case .wait: return
        case .report: instant = nil
        case .reportDoubting(let since): instant = since
        }
        let changes = roots.flatMap { $0.report(unsureSince: instant) }
        if !changes.isEmpty {
            mailbox.post(ChangeBatch(changes: changes.sortedByPath(), firstNoticed: firstNoticed))
        }
        if roots.contains(where: \.isPending) {
            let now = ContinuousClock.now
            schedule.noticed(at: now, seen: now)
        }
    }

    private var nextDeadline: ContinuousClock.Instant {
        var deadlines = roots.map(\.nextSweep)
        deadlines.append(nextPulse)
        if let verification = schedule.verification { deadlines.append(verification) }
        if roots.contains(where: \.hasAnnouncements) { deadlines.append(nextLook) }
        return deadlines.min() ?? nextPulse
    }
}
