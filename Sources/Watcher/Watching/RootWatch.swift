/// An entry of a folder that the kernel has announced.
private struct Announced: Hashable {
    let folder: Int32
    /// Nil for the folder itself.
    let name: [UInt8]?
}

/// One tree being watched: which of its folders to look at, and what that found. Confined to the watcher's thread.
final class RootWatch {
    let scanner: TreeScanner
    private let notify: (WatchNotice) -> Void
    private var pace: SweepPace
    private var hot = HotFolders()
    /// The folders that the kernel has announced since they were looked at.
    private var announced: Set<Int32> = []
    /// The folders that it has announced since the last report, looked at or not, each with the names of the entries: nil
    /// for the folder itself, and for all where nobody waits for what is whole.
    private var everAnnounced: [Int32: Set<[UInt8]?>] = [:]
    /// What the kernel has announced since the last report and is not known to be whole: files that are being written,
    /// and what is gone, which may be about to come back.
    private var unfinished: Set<Announced> = []
    /// Whether it has announced one that is whole.
    private var hasWhole = false
    /// The folders in which a sweep found a change before the kernel announced it. It may still do so until the report.
    private var unannounced: [Int32] = []
    private var cursor: Int32 = 0
    private var unwatchedInRound = 0
    private var isFullyWatched = true
    /// Why the kernel's hints cannot be relied on in this tree; nil if they can.
    private var distrust: String?
    /// Changes that were found with an earlier filter and are not reported yet.
    private var carried: [Change] = []

    /// - Parameter kernel: nil if there are no hints to be had.
    init(
        root: WatchRoot, schedule: PollSchedule, kernel: KernelHints?, auditInterval: Duration = .seconds(10),
        isStopped: @escaping @Sendable () -> Bool, notify: @escaping (WatchNotice) -> Void
    ) {
        self.notify = notify
        scanner = TreeScanner(root: root, hints: kernel.map(RootHints.init), isStopped: isStopped, notify: notify)
        pace = SweepPace(
            isAudit: false, pollInterval: schedule.pollInterval, auditInterval: auditInterval, now: .now)
    }

    var root: WatchRoot { scanner.root }
    /// What tells this tree's hints from others'.
    var owner: Int32? { scanner.hints?.owner }
    var hasAnnouncements: Bool { !announced.isEmpty }
    /// Whether something is to be verified and reported.
    var isPending: Bool { !scanner.tree.pending.isEmpty || !carried.isEmpty }

    /// Whether the kernel announces every change in this tree, so that sweeps are only an audit.
    private var isAnnouncedInFull: Bool {
        scanner.hints != nil && KernelHints.announceContents && isFullyWatched && distrust == nil
    }

    // MARK: The baseline

    /// Looks at the whole tree. Returns the folders in which a file is so young that it has to be looked at again.
    func takeBaseline() -> [Int32] {
        let findings = look(at: CollectionOfOne(FileTree.root))
        isFullyWatched = findings.unwatched == 0
        if scanner.hints != nil, let device = scanner.device, let name = unannouncedFileSystem(device: device) {
            distrust = name
            notify(.eventsIncomplete(rootID: root.id, reason: "the file system is \(name)"))
        }
        pace.setAudit(isAnnouncedInFull, now: .now)
        return findings.young
    }

    /// Looks at young files again; returns the folders in which something has changed since.
    func renewBaseline(of folders: [Int32]) -> [Int32] {
        let findings = look(at: folders)
        return findings.changed + findings.young
    }

    /// Treats everything that was seen so far as reported.
    func reportSilently() {
        scanner.reportSilently()
    }

    /// Takes over from an older watch of the same tree that has another filter, once this one has its baseline.
    ///
    /// The older watch looks a last time, after that baseline. What it finds is reported by this one, and so is
    /// everything that changes later. A change between the two looks is found by both: at most a needless build.
    func inherit(from older: RootWatch) {
        _ = older.look(at: older.allFolders)
        carried = older.report(unsureSince: nil).filter { root.filter.includes($0.path) }
    }

    // MARK: Looking

    /// Remembers what the kernel says.
    func take(_ hint: Hint) {
        switch hint {
        case .folder(let id, let name, let isWhole):
            let isKnown = announced.contains(id)
            guard !isKnown || root.isPrompt else { return }
            if let name, !scanner.concerns(name, in: id) { return }
            let name = root.isPrompt ? name.map(Array.init) : nil
            if root.isPrompt { note(Announced(folder: id, name: name), isWhole) }
            announced.insert(id)
            everAnnounced[id, default: []].insert(name)
        case .ended(let id, let watch):
            scanner.forgetWatch(watch, of: id)
        case .overflow:
            announced.formUnion(allFolders)
            for id in announced { everAnnounced[id, default: []].insert(nil) }
            note(Announced(folder: FileTree.root, name: nil), false)
            notify(.eventsOverflowed(rootID: root.id, setting: KernelHints.overflowSetting))
        }
    }

    private func note(_ entry: Announced, _ isWhole: Bool) {
        if isWhole {
            unfinished.remove(entry)
            hasWhole = true
        } else {
            unfinished.insert(entry)
        }
    }

    /// Whether all that is to be reported is as somebody wants it to be.
    var isWhole: Bool { hasWhole && unfinished.isEmpty && isAnnouncedInFull }

    /// Looks at what was announced. Returns whether something that counts has changed.
    func lookAtAnnounced() -> Bool {
        defer { announced.removeAll() }
        return !look(at: announced.sorted()).changed.isEmpty
    }

    /// Looks whether the root is still what it was.
    func lookAtRoot() -> Bool {
        scanner.isRootReplaced() && !look(at: CollectionOfOne(FileTree.root)).changed.isEmpty
    }

    /// Whether the root can only be watched by looking at it: it is missing, or a single file.
    var needsPulse: Bool { scanner.device == nil }

    var nextSweep: ContinuousClock.Instant {
        guard !isAnnouncedInFull, let hot = hot.next else { return pace.next }
        return min(hot, pace.next)
    }

    /// Does what is due of the sweep. Returns whether something that counts has changed.
    func sweep(at now: ContinuousClock.Instant) -> Bool {
        var isChanged = false
        if !isAnnouncedInFull, let due = hot.next, due <= now {
            let started = threadTime()
            isChanged = !look(at: hot.ids).changed.isEmpty
            hot.looked(at: .now, cost: threadTime() - started)
        }
        if pace.next <= now { isChanged = sweepSlice(from: now) || isChanged }
        return isChanged
    }

    private func sweepSlice(from now: ContinuousClock.Instant) -> Bool {
        let started = threadTime()
        let end = now + pace.slice
        var findings = TreeScanner.Findings()
        let count = Int32(scanner.tree.directories.count)
        while cursor < count {
            sweepOnce(at: cursor, findings: &findings)
            cursor += 1
            if ContinuousClock.now >= end { break }
        }
        scanner.endPass()
        unwatchedInRound += findings.unwatched
        let isRoundComplete = cursor >= count
        if isRoundComplete {
            cursor = 0
            isFullyWatched = unwatchedInRound == 0
            unwatchedInRound = 0
            scanner.isWatchLimitReached = false
        }
        absorb(findings)
        pace.sliceEnded(
            at: .now, cost: threadTime() - started, isRoundComplete: isRoundComplete, leavesRoom: !hot.ids.isEmpty)
        return !findings.changed.isEmpty
    }

    /// Looks at one folder, and remembers a change that the kernel should have announced.
    private func sweepOnce(at id: Int32, findings: inout TreeScanner.Findings) {
        let before = findings.changed.count
        let watch = scanner.tree.isPresent(id) ? scanner.tree[id].watch : -1
        scanner.look(at: id, findings: &findings)
        guard findings.changed[before...].contains(id), watch >= 0, scanner.tree[id].watch == watch else { return }
        unannounced.append(id)
    }

    private var allFolders: [Int32] { scanner.folders }

    private func look(at ids: some Sequence<Int32>) -> TreeScanner.Findings {
        var findings = TreeScanner.Findings()
        scanner.lookAtAll(Array(ids), findings: &findings)
        scanner.endPass()
        absorb(findings)
        return findings
    }

    private func absorb(_ findings: TreeScanner.Findings) {
        if findings.unwatched > 0 { isFullyWatched = false }
        hot.insert(findings.changed, at: .now)
        pace.setAudit(isAnnouncedInFull, now: .now)
    }

    // MARK: Reporting

    /// Looks again at everything that is to be reported, and at everything where nothing is announced, once the
    /// kernel's hints are taken. Returns whether something that counts has changed.
    func verify() -> Bool {
        checkHints()
        let folders = isAnnouncedInFull ? Array(announced.union(scanner.tree.pending)).sorted() : allFolders
        announced.removeAll()
        return !look(at: folders).changed.isEmpty
    }

    /// The changes since the last report. See ``FileTree/report(unsureSince:)``.
    func report(unsureSince instant: ContinuousClock.Instant?) -> [Change] {
        everAnnounced = everAnnounced.filter { announced.contains($0.key) }
        unfinished = []
        hasWhole = false
        let found = scanner.report(unsureSince: instant)
        defer { carried = [] }
        if carried.isEmpty { return found }
        let earlier = ChangeBatch(changes: carried, firstNoticed: .now)
        return earlier.merged(with: ChangeBatch(changes: found, firstNoticed: .now))?.changes ?? []
    }

    /// Gives up the doubts in what was reported, where the kernel would have announced another change by now.
    func dropDoubts() {
        guard isAnnouncedInFull else { return }
        scanner.tree.dropDoubts { folder, name in
            everAnnounced[folder].map { $0.contains(nil) || $0.contains(Array(name)) } ?? false
        }
    }

    /// Stops relying on the kernel if a sweep found a change that it has not announced by now.
    private func checkHints() {
        let missed = unannounced.contains { everAnnounced[$0] == nil }
        if missed, isAnnouncedInFull {
            distrust = "a change was found that was not announced"
            notify(.eventsIncomplete(rootID: root.id, reason: "a change came without an announcement"))
            pace.setAudit(isAnnouncedInFull, now: .now)
        }
        unannounced = []
    }
}
