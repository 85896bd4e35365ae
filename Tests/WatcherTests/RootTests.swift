import Foundation
import TestSupport
import Testing

@testable import Watcher

/// What may happen to a root, and to the set of roots.
@Suite(.timeLimit(.minutes(1))) struct RootTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.makeFolder("root/src")
        try folder.write("main", to: "root/src/main.c")
    }

    @Test(arguments: Noticing.allCases)
    func aRootThatIsDeletedAndRecreatedIsWatchedOn(_ noticing: Noticing) async throws {
        let probe = try await WatcherProbe(folder.path("root"), noticing: noticing)
        try folder.remove("root")
        #expect(try await probe.next() == ["-src", "-src/main.c"])
        try folder.makeFolder("root/src")
        try folder.write("again", to: "root/src/main.c")
        #expect(try await probe.changes(until: "+src/main.c") == ["+src", "+src/main.c"])
        try folder.write("more", to: "root/src/main.c")
        #expect(try await probe.next() == ["~src/main.c"])
        await probe.watcher.stop()
    }

    @Test func aRootThatIsReplacedIsComparedWithWhatItWas() async throws {
        try folder.makeFolder("other/src")
        try folder.write("other", to: "other/src/main.c")
        try folder.write("new", to: "other/new.c")
        let probe = try await WatcherProbe(folder.path("root"))
        try folder.rename("root", to: "old")
        try folder.rename("other", to: "root")
        #expect(try await probe.next() == ["+new.c", "~src/main.c"])
        try folder.write("edit", to: "root/new.c")
        #expect(try await probe.next() == ["~new.c"])
        await probe.watcher.stop()
    }

    @Test(arguments: Noticing.allCases)
    func aRootNeedNotExistYet(_ noticing: Noticing) async throws {
        let probe = try await WatcherProbe(folder.path("later/deep"), noticing: noticing)
        try folder.makeFolder("later/deep")
        try folder.write("x", to: "later/deep/x")
        #expect(try await probe.next() == ["+x"])
        await probe.watcher.stop()
    }

    @Test(arguments: Noticing.allCases)
    func aRootMayBeASingleFile(_ noticing: Noticing) async throws {
        let probe = try await WatcherProbe(folder.path("root/src/main.c"), noticing: noticing)
        try folder.write("x", to: "root/src/other.c")
        try folder.write("edit", to: "root/src/main.c")
        #expect(try await probe.next() == ["~main.c"])
        try folder.write("tmp", to: "root/src/main.c.tmp")
        try folder.rename("root/src/main.c.tmp", to: "root/src/main.c")
        #expect(try await probe.next() == ["~main.c"])
        try folder.remove("root/src/main.c")
        #expect(try await probe.next() == ["-main.c"])
        try folder.write("back", to: "root/src/main.c")
        #expect(try await probe.next() == ["+main.c"])
        await probe.watcher.stop()
    }

    @Test func aRootMayBeReachedThroughALink() async throws {
        try #require(symlink("root", folder.path("link")) == 0)
        let probe = try await WatcherProbe(folder.path("link"))
        try folder.write("edit", to: "root/src/main.c")
        #expect(try await probe.next() == ["~src/main.c"])
        await probe.watcher.stop()
    }

    @Test func rootsMayLieWithinEachOther() async throws {
        let watcher = try TreeWatcher(roots: [
            WatchRoot(id: "outer", path: folder.path), WatchRoot(id: "inner", path: folder.path("root")),
        ])
        var batches = watcher.batches.makeAsyncIterator()
        try await watcher.start()
        try folder.write("edit", to: "root/src/main.c")
        #expect(
            await batches.next()?.changes == [
                Change(rootID: "inner", path: "src/main.c", kind: .modified),
                Change(rootID: "outer", path: "root/src/main.c", kind: .modified),
            ])
        for (id, path) in [("inner", folder.path("root")), ("other", folder.path("root/src"))] {
            await watcher.update(roots: [WatchRoot(id: id, path: path)])
            try folder.write("again", to: "root/src/main.c")
            #expect(await batches.next()?.changes.map(\.rootID) == [id])
        }
        await watcher.stop()
    }

    @Test func anUpdateOfTheRootsLosesNothing() async throws {
        try folder.makeFolder("second")
        let probe = try await WatcherProbe(folder.path("root"))
        let first = WatchRoot(id: "root", path: folder.path("root"))
        try folder.write("edit", to: "root/src/main.c")
        await probe.watcher.update(roots: [first, WatchRoot(id: "second", path: folder.path("second"))])
        try folder.write("x", to: "second/x")
        #expect(try await probe.changes(until: "+x") == ["~src/main.c", "+x"])
        await probe.watcher.update(roots: [first])
        try folder.write("y", to: "second/x")
        try folder.write("more", to: "root/src/main.c")
        #expect(try await probe.next() == ["~src/main.c"])
        await probe.watcher.stop()
    }

    @Test(arguments: [Noticing.kernelHints, .pollingAlone])
    func aChangeOfTheFilterReportsOnlyWhatWasEdited(_ noticing: Noticing) async throws {
        for name in ["a.md", "b.md", "c.c", "d.c"] { try folder.write(name, to: "root/" + name) }
        let noDocuments = PathFilter(ignoring: [try IgnorePatterns(patterns: ["*.md"])])
        let noSources = PathFilter(ignoring: [try IgnorePatterns(patterns: ["*.c"])])
        let probe = try await WatcherProbe(folder.path("root"), filter: noDocuments, noticing: noticing)
        try folder.write("edit", to: "root/c.c")
        try folder.write("edit", to: "root/src/main.c")
        try folder.write("edit", to: "root/a.md")
        await probe.watcher.update(roots: [WatchRoot(id: "root", path: folder.path("root"), filter: noSources)])
        // c.c no longer counts, a.md did not when it was edited.
        #expect(try await probe.next() == ["~src/main.c"])
        try folder.write("edit", to: "root/d.c")
        try folder.write("edit", to: "root/b.md")
        #expect(try await probe.next() == ["~b.md"])
        await probe.watcher.stop()
    }

    @Test func theStreamsEndWhenTheWatcherStops() async throws {
        let watcher = try TreeWatcher(roots: [WatchRoot(id: "r", path: folder.path)])
        try await watcher.start()
        async let collected = watcher.batches.reduce(into: 0) { count, _ in count += 1 }
        await watcher.stop()
        #expect(await collected == 0)
        for await notice in watcher.notices { Issue.record("nothing was to be noticed: \(notice)") }
        await watcher.update(roots: [])
        await watcher.stop()
    }

    @Test func aWatcherThatIsDroppedEndsItsThread() async throws {
        var watcher: TreeWatcher? = try TreeWatcher(roots: [WatchRoot(id: "r", path: folder.path)])
        try await watcher?.start()
        let batches = try #require(watcher?.batches)
        watcher = nil
        for await batch in batches { Issue.record("nothing changed: \(batch)") }
    }

    @Test func changesAreGatheredWhileTheConsumerIsBusy() async throws {
        let probe = try await WatcherProbe(folder.path("root"))
        let witness = try await WatcherProbe(folder.path("root"))
        try folder.write("x", to: "root/x")
        try folder.write("x", to: "root/gone")
        #expect(try await witness.next() == ["+gone", "+x"])
        try folder.write("y", to: "root/x")
        try folder.remove("root/gone")
        try folder.write("edit", to: "root/src/main.c")
        #expect(try await witness.next() == ["-gone", "~src/main.c", "~x"])
        // A batch may be waiting already: what counts is that all of it comes, each path once a batch.
        var changes = try await probe.next()
        if !changes.contains("~src/main.c") { changes = try await probe.changes(until: "~src/main.c").sorted() }
        #expect(Set(changes).isSuperset(of: ["~src/main.c"]))
        await probe.watcher.stop()
        await witness.watcher.stop()
    }
}
