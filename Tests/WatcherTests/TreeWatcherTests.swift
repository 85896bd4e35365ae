import Foundation
import Testing

@testable import Watcher

/// What people and their tools do to files, and the one batch that it amounts to.
@Suite(.timeLimit(.minutes(1))) struct TreeWatcherTests {
    let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        try folder.write("one", to: "a.txt")
        try folder.makeFolder("src/deep")
        try folder.write("main", to: "src/main.c")
        try folder.write("deep", to: "src/deep/deep.c")
    }

    @Test(arguments: [Noticing.kernelHints, .pollingAlone, .fewWatches])
    func anEditOfTheSameLengthWithinTheSameSecondIsSeen(_ noticing: Noticing) async throws {
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        try folder.write("two", to: "a.txt")
        #expect(try await probe.next() == ["~a.txt"])
        try folder.write("DEEP", to: "src/deep/deep.c")
        #expect(try await probe.next() == ["~src/deep/deep.c"])
        await probe.watcher.stop()
    }

    @Test(arguments: [Noticing.kernelHints, .pollingAlone])
    func aRestoredModificationTimeHidesNothing(_ noticing: Noticing) async throws {
        folder.setTimes(of: "a.txt", to: 1_000_000)
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        try folder.write("two", to: "a.txt")
        folder.setTimes(of: "a.txt", to: 1_000_000)
        #expect(try await probe.next() == ["~a.txt"])
        await probe.watcher.stop()
    }

    @Test(arguments: [Noticing.kernelHints, .pollingAlone])
    func anAtomicSaveIsOneChangeOfOneFile(_ noticing: Noticing) async throws {
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        try folder.write("two", to: ".a.txt.tmp123")
        try folder.rename(".a.txt.tmp123", to: "a.txt")
        #expect(try await probe.next() == ["~a.txt"])
        await probe.watcher.stop()
    }

    @Test(arguments: [Noticing.kernelHints, .pollingAlone])
    func aNewFolderIsReportedWithItsContents(_ noticing: Noticing) async throws {
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        try folder.makeFolder("new/er")
        try folder.write("x", to: "new/er/x")
        #expect(try await probe.next() == ["+new", "+new/er", "+new/er/x"])
        try folder.write("y", to: "new/er/x")
        #expect(try await probe.next() == ["~new/er/x"])
        try folder.remove("new")
        #expect(try await probe.next() == ["-new", "-new/er", "-new/er/x"])
        await probe.watcher.stop()
    }

    @Test func whatTheFilterLeavesOutIsNeverReported() async throws {
        try folder.makeFolder("node_modules/left-pad")
        let filter = PathFilter(ignoring: [.editorFiles, try IgnorePatterns(patterns: ["node_modules", "*.log"])])
        let probe = try await WatcherProbe(folder.path, filter: filter)
        try folder.write("x", to: "node_modules/left-pad/index.js")
        try folder.write("x", to: "server.log")
        try folder.write("x", to: "a.txt~")
        try folder.write("two", to: "a.txt")
        #expect(try await probe.next() == ["~a.txt"])
        await probe.watcher.stop()
    }

    @Test func theStreamEndsWhenTheWatcherStops() async throws {
        let watcher = try TreeWatcher(roots: [WatchRoot(id: "r", path: folder.path)])
        try await watcher.start()
        async let collected = watcher.batches.reduce(into: 0) { count, _ in count += 1 }
        await watcher.stop()
        #expect(await collected == 0)
        for await _ in watcher.notices { Issue.record("nothing was to be noticed") }
    }
}
