import Testing

@testable import Watcher

/// The picture of a tree and its differences, without a file system.
@Suite struct FileTreeTests {
    private func listing(_ stamps: [(name: String, stamp: Stamp)]) -> DirectoryListing {
        var listing = DirectoryListing()
        for (name, stamp) in stamps {
            Array(name.utf8).withUnsafeBytes { listing.append($0, stamp: stamp, flags: .counts) }
        }
        return listing
    }

    private func tree(_ stamps: [(name: String, stamp: Stamp)]) -> FileTree {
        var tree = FileTree()
        tree.replace(listing(stamps), of: FileTree.root, counts: true, at: .now)
        tree.reportSilently()
        return tree
    }

    private func report(_ tree: inout FileTree, unsureSince: ContinuousClock.Instant? = nil) -> [String] {
        tree.report(unsureSince: unsureSince).map {
            Change(rootID: "", path: String(decoding: $0.path, as: UTF8.self), kind: $0.kind).short
        }
    }

    private let stamp = Stamp(inode: 1, size: 10, modified: 5_000, changed: 5_000, mode: 0o100644)

    /// Each part of a stamp alone makes a difference, in either direction: a clock may have been set back.
    @Test(
        arguments: [
            \Stamp.size, \.modified, \.changed,
        ], [-3_600_000_000_000, -1, 1, 1 << 32]) func anyDifferenceOfAStampIsAChange(
            _ part: WritableKeyPath<Stamp, Int64> & Sendable, by amount: Int64
        )
    {
        var tree = tree([("a", stamp)])
        var other = stamp
        other[keyPath: part] += amount
        tree.replace(listing([("a", other)]), of: FileTree.root, counts: true, at: .now)
        #expect(report(&tree) == ["~a"])
    }

    @Test func anotherInodeOrModeIsAChange() {
        var tree = tree([("a", stamp), ("b", stamp)])
        var inode = stamp
        inode.inode = 2
        var mode = stamp
        mode.mode = 0o100755
        tree.replace(listing([("a", inode), ("b", mode)]), of: FileTree.root, counts: true, at: .now)
        #expect(report(&tree) == ["~a", "~b"])
    }

    @Test func onlyTheDifferenceToTheLastReportCounts() {
        var tree = tree([("a", stamp), ("b", stamp)])
        var other = stamp
        other.size = 11
        tree.replace(listing([("b", stamp), ("tmp", stamp), ("a", other)]), of: FileTree.root, counts: true, at: .now)
        tree.replace(listing([("b", stamp), ("a", stamp)]), of: FileTree.root, counts: true, at: .now)
        #expect(report(&tree) == [])
        #expect(tree.pending.isEmpty)
    }

    /// At the ceiling a file may have been rewritten in the very tick in which it was seen.
    @Test func whatChangedAMomentBeforeTheReportIsReportedAgain() {
        var tree = tree([("a", stamp), ("b", stamp)])
        let early = ContinuousClock.now
        var other = stamp
        other.size = 11
        tree.replace(listing([("a", other), ("b", stamp)]), of: FileTree.root, counts: true, at: early)
        #expect(report(&tree, unsureSince: early) == ["~a"])
        #expect(tree.pending == [FileTree.root])
        #expect(report(&tree, unsureSince: early + .seconds(1)) == ["~a"])
        #expect(report(&tree) == [])
    }

    @Test func whatChangedLongBeforeTheReportIsReportedOnce() {
        var tree = tree([("a", stamp)])
        let early = ContinuousClock.now
        tree.replace(listing([]), of: FileTree.root, counts: true, at: early)
        #expect(report(&tree, unsureSince: early + .seconds(1)) == ["-a"])
        #expect(report(&tree) == [])
    }

    @Test func mergedBatchesAmountToBoth() {
        func batch(_ kinds: [(String, Change.Kind)], _ instant: ContinuousClock.Instant) -> ChangeBatch {
            ChangeBatch(
                changes: kinds.map { Change(rootID: "r", path: $0.0, kind: $0.1) }, firstNoticed: instant)
        }
        let start = ContinuousClock.now
        let kinds: [Change.Kind] = [.created, .modified, .deleted]
        let first = batch(
            [("1", .created), ("2", .created), ("3", .modified), ("4", .modified), ("5", .deleted)], start)
        let second = batch(
            [("1", .modified), ("2", .deleted), ("3", .modified), ("4", .deleted), ("5", .created), ("6", .created)],
            start + .seconds(1))
        #expect(
            first.merged(with: second)
                == batch(
                    [("1", kinds[0]), ("3", kinds[1]), ("4", kinds[2]), ("5", kinds[1]), ("6", kinds[0])], start))
        #expect(batch([("1", .created)], start).merged(with: batch([("1", .deleted)], start)) == nil)
    }

    @Test func namesThatLookAlikeAreNotTakenForOne() {
        let start = ContinuousClock.now
        let created = ChangeBatch(
            changes: [Change(rootID: "r", path: "\u{FFFD}", kind: .created)], firstNoticed: start)
        let deleted = ChangeBatch(
            changes: [Change(rootID: "r", path: "\u{FFFD}", kind: .deleted)], firstNoticed: start)
        #expect(created.merged(with: deleted)?.changes.map(\.kind) == [.modified])
    }

    @Test func aMailboxHandsOverWhatWasMissedAsOneBatch() async {
        let mailbox = BatchMailbox()
        let start = ContinuousClock.now
        for path in ["a", "b"] {
            mailbox.post(
                ChangeBatch(changes: [Change(rootID: "r", path: path, kind: .modified)], firstNoticed: start))
        }
        mailbox.close()
        let received = await mailbox.batches.reduce(into: []) { $0.append($1.changes.map(\.path)) }
        #expect(received == [["a", "b"]])
    }
}
