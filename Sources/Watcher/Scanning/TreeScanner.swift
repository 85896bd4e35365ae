#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Looks at the folders of one tree and keeps the picture of it up to date.
///
/// Confined to the watcher's thread. Nothing but folders is ever opened, so that a FIFO or a device does no harm, and
/// links are not followed, so that a loop of them is none.
package final class TreeScanner {
    /// What a row of looks found.
    package struct Findings {
        /// The folders in which something that counts differs from before.
        var changed: [Int32] = []
        /// The folders with a file that changed within the last second: it may change again without a trace.
        var young: [Int32] = []
        var unwatched = 0

        package init() {}
    }

    let root: WatchRoot
    var tree = FileTree()
    let hints: RootHints?
    /// Called for what the user should know.
    let notify: (WatchNotice) -> Void
    private let isStopped: @Sendable () -> Bool
    /// No more watches are asked for until this is cleared, once in a while.
    var isWatchLimitReached = false
    private var opener: DirectoryOpener
    var identity: (device: UInt64, inode: UInt64)?
    let status = UnsafeMutablePointer<stat>.allocate(capacity: 1)

    /// - Parameter isStopped: asked between two folders; a pass that is stopped has not seen everything.
    init(
        root: WatchRoot, hints: RootHints?, isStopped: @escaping @Sendable () -> Bool = { false },
        notify: @escaping (WatchNotice) -> Void = { _ in }
    ) {
        self.root = root
        self.hints = hints
        self.isStopped = isStopped
        self.notify = notify
        opener = DirectoryOpener(rootPath: root.path)
    }

    deinit {
        opener.closeAll()
        status.deallocate()
    }

    /// Looks at a folder, and at those below it that are new or differ. ``endPass()`` must follow.
    package func look(at id: Int32, findings: inout Findings) {
        var rest = [id]
        while let id = rest.popLast(), !isStopped() {
            if tree.isPresent(id) { lookOnce(at: id, rest: &rest, findings: &findings) }
        }
    }

    /// Looks at these folders like ``look(at:findings:)``; with many, several cores find out first which of them differ.
    package func lookAtAll(_ ids: [Int32], findings: inout Findings) {
        var ids = ids
        if ids.count >= FolderSurvey.worthwhile {
            let unwatched = ids.filter { tree.isPresent($0) && tree[$0].watch < 0 }
            findings.unwatched += unwatched.count
            // Those that the kernel can still be asked to watch are looked at for that alone.
            let forced = hints != nil && !isWatchLimitReached ? Set(unwatched) : []
            let survey = FolderSurvey(rootPath: root.path, tree: tree, isStopped: isStopped)
            ids = forced.sorted() + survey.differing(of: ids.filter { !forced.contains($0) })
        }
        for id in ids { look(at: id, findings: &findings) }
    }

    /// Closes what the looks since the last call have kept open.
    package func endPass() {
        opener.closeAll()
    }

    /// The ids of all folders, for a pass over the whole tree.
    package var folders: [Int32] { Array(tree.ids) }

    /// Looks only where it is told to, and never stops; for measuring.
    package convenience init(root: WatchRoot) {
        self.init(root: root, hints: nil)
    }

    /// Whether the root is not what it was: gone, come back, another one, or a single file, which is looked at anew.
    func isRootReplaced() -> Bool {
        guard stat(root.path, status) == 0 else {
            return identity != nil || !tree[FileTree.root].listing.entries.isEmpty
        }
        guard status.pointee.isDirectory, let identity else { return true }
        return identity != Self.identity(of: status.pointee)
    }

    /// The device that the root is on, if it is a folder that exists.
    var device: UInt64? { identity?.device }

    package func reportSilently() { tree.reportSilently() }

    func report(unsureSince instant: ContinuousClock.Instant?) -> [Change] {
        tree.report(unsureSince: instant).map { path, kind in
            Change(rootID: root.id, path: String(decoding: path, as: UTF8.self), kind: kind)
        }
    }

    /// The kernel says that a watch is no more.
    func forgetWatch(_ watch: Int32, of id: Int32) {
        if tree.isPresent(id), tree[id].watch == watch { tree[id].watch = -1 }
    }

    /// Whether a change of this name in this folder can make a difference.
    func concerns(_ name: UnsafeRawBufferPointer, in id: Int32) -> Bool {
        guard tree.isPresent(id) else { return false }
        if let known = tree[id].listing.position(of: name) {
            return !tree[id].listing.entries[known].flags.contains(.ignored)
        }
        if id == FileTree.root, identity == nil { return true }
        var judge = NameJudge(filter: root.filter, folder: tree.path(of: id))
        return !judge.flags(of: name).contains(.ignored)
    }

    // MARK: One folder

    private func lookOnce(at id: Int32, rest: inout [Int32], findings: inout Findings) {
        do {
            if id == FileTree.root, try !prepareRoot(&findings) { return }
            var directory = try opener.open(id, in: tree)
            watch(directory, as: id)
            if tree[id].watch < 0 { findings.unwatched += 1 }
            try directory.rewind()
            opener.update(directory)
            if try !compareInStep(directory, id: id, rest: &rest, findings: &findings) {
                try directory.rewind()
                try readAnew(directory, id: id, rest: &rest, findings: &findings)
            }
            tree[id].isUnreadable = false
        } catch  where error.isAbsence {
            // Gone since its parent was listed, or turned into something else: the parent's next listing tells.
            if id == FileTree.root { removeRoot(&findings) }
        } catch {
            // Its contents are unknown, not deleted.
            if !tree[id].isUnreadable {
                tree[id].isUnreadable = true
                let path = String(decoding: tree.path(of: id), as: UTF8.self)
                notify(.unreadable(rootID: root.id, path: path, reason: error.text))
            }
        }
    }

    /// Compares a folder entry by entry with its listing. False if the names differ: nothing was done then.
    private func compareInStep(
        _ directory: OpenDirectory, id: Int32, rest: inout [Int32], findings: inout Findings
    ) throws(SystemError) -> Bool {
        let listing = tree[id].listing
        var changed: [(index: Int, stamp: Stamp)] = []
        let isSame = try listing.isSame(as: directory, status: status) { index, stamp in
            changed.append((index, stamp))
            return true
        }
        guard isSame else { return false }
        if changed.isEmpty { return true }
        apply(changed, to: listing, id: id, rest: &rest, findings: &findings)
        return true
    }

    private func apply(
        _ changed: [(index: Int, stamp: Stamp)], to listing: DirectoryListing, id: Int32, rest: inout [Int32],
        findings: inout Findings
    ) {
        var updated = listing
        var counts = false
        for (index, stamp) in changed {
            let old = listing.entries[index]
            updated.entries[index].stamp = stamp
            if old.flags.contains(.counts), DirectoryListing.isModified(old, updated.entries[index]) { counts = true }
            if old.isDirectory {
                if stamp.inode != old.stamp.inode { endWatch(of: old.child) }
                rest.append(old.child)
            }
        }
        note(updated, of: id, counts: counts, findings: &findings)
    }

    /// Lists a folder whose names have changed. A listing that breaks off leaves the tree as it was.
    private func readAnew(
        _ directory: OpenDirectory, id: Int32, rest: inout [Int32], findings: inout Findings
    ) throws(SystemError) {
        let judge = NameJudge(filter: root.filter, folder: tree.path(of: id))
        let reading = try FolderReading(directory, replacing: tree[id].listing, judge: judge, status: status)
        let difference = reading.difference()
        var fresh = reading.listing
        for child in difference.replaced { endWatch(of: child) }
        for child in difference.removed { remove(child, findings: &findings) }
        for index in difference.folders.reversed() {
            if !fresh.entries[index].isDirectory {
                fresh.entries[index].child = fresh.withName(at: index) { tree.add(Array($0), under: id) }
            }
            rest.append(fresh.entries[index].child)
        }
        if difference.isYoung { findings.young.append(id) }
        note(fresh, of: id, counts: difference.counts, findings: &findings)
    }

    func note(_ listing: DirectoryListing, of id: Int32, counts: Bool, findings: inout Findings) {
        tree.replace(listing, of: id, counts: counts, at: .now)
        if counts { findings.changed.append(id) }
    }

    func remove(_ id: Int32, findings: inout Findings) {
        let removed = tree.remove(id, at: .now)
        for (id, watch) in removed.watches { hints?.unwatch(watch, of: id) }
        if removed.counts { findings.changed.append(id) }
    }
}
