import Foundation
import TestSupport
import Testing

@testable import Watcher

/// Whatever a tree may hold.
@Suite(.timeLimit(.minutes(2))) struct TreeShapeTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.makeFolder("src")
        try folder.write("main", to: "src/main.c")
    }

    @Test(arguments: Noticing.allCases)
    func aNewFolderIsReportedWithItsContents(_ noticing: Noticing) async throws {
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        let outside = try TemporaryFolder()
        try outside.makeFolder("new/er")
        try outside.write("x", to: "new/er/x")
        try #require(rename(outside.path("new"), folder.path("new")) == 0)
        #expect(try await probe.next() == ["+new", "+new/er", "+new/er/x"])
        try folder.write("y", to: "new/er/x")
        #expect(try await probe.next() == ["~new/er/x"])
        try folder.rename("new/er", to: "src/er")
        #expect(try await probe.next() == ["-new/er", "-new/er/x", "+src/er", "+src/er/x"])
        try folder.write("z", to: "src/er/x")
        #expect(try await probe.next() == ["~src/er/x"])
        try folder.remove("src/er")
        #expect(try await probe.next() == ["-src/er", "-src/er/x"])
        await probe.watcher.stop()
    }

    @Test(arguments: Noticing.allCases)
    func aFolderThatIsReplacedIsComparedWithWhatItWas(_ noticing: Noticing) async throws {
        try folder.write("x", to: "src/gone.c")
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        try folder.remove("src")
        try folder.makeFolder("src")
        try folder.write("main", to: "src/main.c")
        #expect(try await probe.next() == ["-src/gone.c", "~src/main.c"])
        try folder.write("again", to: "src/main.c")
        #expect(try await probe.next() == ["~src/main.c"])
        await probe.watcher.stop()
    }

    @Test(arguments: Noticing.allCases)
    func aFolderThatBecomesAFileAndBackIsSeen(_ noticing: Noticing) async throws {
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        try folder.remove("src")
        try folder.write("file", to: "src")
        #expect(try await probe.next() == ["~src", "-src/main.c"])
        try folder.remove("src")
        try folder.makeFolder("src")
        try folder.write("main", to: "src/main.c")
        #expect(try await probe.next() == ["~src", "+src/main.c"])
        await probe.watcher.stop()
    }

    @Test func whatTheFilterLeavesOutIsNeverReported() async throws {
        try folder.makeFolder("node_modules/left-pad")
        let filter = PathFilter(
            ignoring: [.editorFiles, try IgnorePatterns(patterns: ["node_modules", "*.log", "docs", "!docs/keep"])])
        let probe = try await WatcherProbe(folder.path, filter: filter)
        try folder.write("x", to: "node_modules/left-pad/index.js")
        try folder.write("x", to: "server.log")
        try folder.write("x", to: "src/main.c~")
        try folder.makeFolder("docs")
        try folder.write("x", to: "docs/other")
        try folder.write("x", to: "docs/keep")
        #expect(try await probe.next() == ["+docs/keep"])
        try folder.remove("docs")
        #expect(try await probe.next() == ["-docs/keep"])
        await probe.watcher.stop()
    }

    @Test func foldersThatComeAndGoWithoutAnythingThatCountsLeaveNothingBehind() throws {
        let filter = PathFilter(ignoring: [try IgnorePatterns(patterns: ["build", "!build/keep*"])])
        let root = WatchRoot(id: "root", path: folder.path, filter: filter)
        let watch = RootWatch(
            root: root, schedule: PollSchedule(), kernel: nil, isStopped: { false }, notify: { Issue.record("\($0)") })
        _ = watch.takeBaseline()
        watch.reportSilently()
        try folder.makeFolder("build/keep/deep")
        #expect(watch.verify())
        #expect(watch.report(unsureSince: nil).map(\.short).sorted() == ["+build/keep", "+build/keep/deep"])
        for number in 0..<10 {
            try folder.makeFolder("build/other\(number)")
            #expect(!watch.verify())
            try folder.remove("build/other\(number)")
            #expect(!watch.verify())
            watch.reportSilently()
        }
        #expect(!watch.isPending)
        #expect(watch.scanner.folders.count == 5)
        #expect(watch.scanner.tree.directories.count <= 6)
    }

    @Test func linksAreNotFollowedAndTheirLoopsAreHarmless() async throws {
        let outside = try TemporaryFolder()
        try outside.write("x", to: "file")
        try #require(symlink(outside.path, folder.path("src/outside")) == 0)
        try #require(symlink("..", folder.path("src/loop")) == 0)
        try #require(symlink("self", folder.path("self")) == 0)
        let probe = try await WatcherProbe(folder.path)
        try outside.write("y", to: "file")
        try folder.remove("src/loop")
        try #require(symlink(".", folder.path("src/loop")) == 0)
        #expect(try await probe.next() == ["~src/loop"])
        await probe.watcher.stop()
    }

    @Test func anEditThroughAHardLinkElsewhereIsSeen() async throws {
        let outside = try TemporaryFolder()
        try #require(link(folder.path("src/main.c"), outside.path("other-name")) == 0)
        // The kernel announces it only in the folder of the name that was used: the audit finds it.
        let probe = try await WatcherProbe(folder.path, noticing: .deafWatches)
        try outside.write("edit", to: "other-name")
        #expect(try await probe.next() == ["~src/main.c"])
        await probe.watcher.stop()
    }

    @Test func aRenameOfOnlyTheCaseIsSeen() async throws {
        let probe = try await WatcherProbe(folder.path)
        try folder.rename("src/main.c", to: "src/Main.c")
        #expect(try await probe.next() == ["+src/Main.c", "-src/main.c"])
        await probe.watcher.stop()
    }

    @Test(arguments: [Noticing.kernelHints, .pollingAlone])
    func filesOfFourGibibytesDifferByOneByte(_ noticing: Noticing) async throws {
        let size = 4 << 30
        try folder.write("", to: "large")
        try #require(truncate(folder.path("large"), size) == 0)
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        let descriptor = open(folder.path("large"), O_WRONLY)
        #expect(pwrite(descriptor, "x", 1, off_t(size - 1)) == 1)
        close(descriptor)
        #expect(try await probe.next() == ["~large"])
        try #require(truncate(folder.path("large"), size * 2) == 0)
        #expect(try await probe.next() == ["~large"])
        await probe.watcher.stop()
    }

    @Test(arguments: Noticing.allCases)
    func aNameMayBeAnyBytes(_ noticing: Noticing) async throws {
        let long = String(repeating: "n", count: 255)
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        try folder.write("x", to: long)
        try folder.write("x", to: "two\nlines")
        let bytes = Array(folder.path("src").utf8) + [UInt8(ascii: "/"), 0xFF, 0xFE, 0]
        let descriptor = bytes.withUnsafeBytes {
            open($0.bindMemory(to: CChar.self).baseAddress!, O_CREAT | O_WRONLY, 0o644)
        }
        try #require(descriptor >= 0)
        #expect(Set(try await probe.next()) == ["+" + long, "+two\nlines", "+src/\u{FFFD}\u{FFFD}"])
        #expect(write(descriptor, "x", 1) == 1)
        close(descriptor)
        #expect(try await probe.next() == ["~src/\u{FFFD}\u{FFFD}"])
        await probe.watcher.stop()
    }

    @Test(arguments: [Noticing.kernelHints, .pollingAlone])
    func aPathMayBeLongerThanTheSystemTakes(_ noticing: Noticing) async throws {
        let name = String(repeating: "d", count: 200)
        let depth = 40
        var parent = open(folder.path, O_RDONLY | O_DIRECTORY)
        for _ in 0..<depth {
            try #require(mkdirat(parent, name, 0o755) == 0)
            let child = openat(parent, name, O_RDONLY | O_DIRECTORY)
            close(parent)
            parent = child
        }
        defer { close(parent) }
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        let descriptor = openat(parent, "deep", O_CREAT | O_WRONLY, 0o644)
        try #require(descriptor >= 0)
        close(descriptor)
        let path = Array(repeating: name, count: depth).joined(separator: "/") + "/deep"
        try #require(path.utf8.count > Int(PATH_MAX))
        #expect(try await probe.next() == ["+" + path])
        await probe.watcher.stop()
    }

    /// Deeper than there are descriptors.
    @Test func aTreeMayBeVeryDeep() async throws {
        var parent = open(folder.path, O_RDONLY | O_DIRECTORY)
        for _ in 0..<1500 {
            try #require(mkdirat(parent, "d", 0o755) == 0)
            let child = openat(parent, "d", O_RDONLY | O_DIRECTORY)
            close(parent)
            parent = child
        }
        defer { close(parent) }
        let probe = try await WatcherProbe(folder.path)
        let descriptor = openat(parent, "deep", O_CREAT | O_WRONLY, 0o644)
        close(descriptor)
        #expect(try await probe.next().map(\.count) == [1 + 1500 * 2 + 4])
        await probe.watcher.stop()
    }

    @Test func aFolderMayHaveAHundredThousandEntries() async throws {
        let folder = try TemporaryFolder(isLarge: true)
        try folder.makeFolder("src")
        let parent = open(folder.path("src"), O_RDONLY | O_DIRECTORY)
        defer { close(parent) }
        for number in 0..<100_000 { close(openat(parent, "file\(number)", O_CREAT | O_WRONLY, 0o644)) }
        let probe = try await WatcherProbe(folder.path)
        try folder.write("x", to: "src/file77777")
        #expect(try await probe.next() == ["~src/file77777"])
        try folder.write("x", to: "src/new")
        #expect(try await probe.next() == ["+src/new"])
        try folder.remove("src/new")
        #expect(try await probe.changes(until: "-src/new").contains("-src/new"))
        await probe.watcher.stop()
    }

    @Test func whatIsNoFileIsNeverOpened() async throws {
        // Opening a FIFO would hang until somebody writes.
        try #require(mkfifo(folder.path("fifo"), 0o644) == 0)
        let probe = try await WatcherProbe(folder.path)
        try #require(mkfifo(folder.path("src/fifo"), 0o644) == 0)
        #if canImport(Darwin)
            let listener = socket(AF_UNIX, SOCK_STREAM, 0)
        #else
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: folder.path("socket").utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        #expect(try await probe.next() == ["+socket", "+src/fifo"])
        await probe.watcher.stop()
    }

    @Test func aChangeOfPermissionsIsAChange() async throws {
        let probe = try await WatcherProbe(folder.path)
        try #require(chmod(folder.path("src/main.c"), 0o755) == 0)
        #expect(try await probe.next() == ["~src/main.c"])
        try #require(chmod(folder.path("src"), 0o700) == 0)
        #expect(try await probe.next() == ["~src"])
        await probe.watcher.stop()
    }
}
