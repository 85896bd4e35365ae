import Foundation
import TestSupport
import Testing

@testable import Watcher

/// What the user is told.
@Suite(.timeLimit(.minutes(1))) struct NoticeTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for name in ["a", "b", "c"] { try folder.makeFolder(name) }
    }

    @Test func aWatchLimitIsSaidOnceWithTheSettingToRaise() async throws {
        let probe = try await WatcherProbe(folder.path, noticing: .fewWatches)
        try folder.makeFolder("d/e/f")
        _ = try await probe.changes(until: "+d/e/f")
        let notices = await stopAndCollect(probe)
        #expect(notices == [.watchLimitReached(rootID: "root", setting: KernelHints.watchLimitSetting)])
        #if os(Linux)
            #expect(notices.first?.message.contains("fs.inotify.max_user_watches") == true)
        #endif
    }

    @Test func droppedEventsAreSaidOnce() async throws {
        let probe = try await WatcherProbe(folder.path, noticing: .overflowingQueue)
        try folder.write("x", to: "a/x")
        _ = try await probe.next()
        try folder.write("y", to: "a/x")
        _ = try await probe.next()
        let notices = await stopAndCollect(probe)
        #expect(notices == [.eventsOverflowed(rootID: "root", setting: KernelHints.overflowSetting)])
    }

    @Test func missingEventsAreFoundOutAndSaidOnce() async throws {
        let probe = try await WatcherProbe(folder.path, noticing: .deafWatches)
        for number in 0..<3 {
            try folder.write("\(number)", to: "a/x")
            _ = try await probe.next()
        }
        let notices = await stopAndCollect(probe)
        #expect(notices.count == 1)
        guard case .eventsIncomplete = notices.first else {
            Issue.record("\(notices)")
            return
        }
    }

    /// Root reads everything, so the look is made as somebody else, which a thread of its own can be.
    @Test func anUnreadableFolderIsSaidAndItsContentsStayAsTheyWere() async throws {
        try folder.write("one", to: "a/one")
        try folder.write("two", to: "a/two")
        chmod(folder.path, 0o755)
        let path = folder.path
        let outcome = await onThreadOfNobody { () -> (notices: [WatchNotice], reports: [[String]]) in
            var notices: [WatchNotice] = []
            var reports: [[String]] = []
            let root = WatchRoot(id: "root", path: path)
            let scanner = TreeScanner(root: root, hints: nil, notify: { notices.append($0) })
            func look() {
                var findings = TreeScanner.Findings()
                for id in Array(scanner.tree.ids) { scanner.look(at: id, findings: &findings) }
                scanner.endPass()
                reports.append(scanner.report(unsureSince: nil).sortedByPath().map(\.short))
            }
            look()
            for mode: mode_t in [0o700, 0o744] {
                chmodAsRoot(path + "/a", mode)
                look()
                look()
            }
            chmodAsRoot(path + "/a/one", 0o755)
            chmodAsRoot(path + "/a", 0o755)
            look()
            return (notices, reports)
        }
        #expect(outcome.reports[0] == ["+a", "+a/one", "+a/two", "+b", "+c"])
        #expect(outcome.reports[1...] == [["~a"], [], ["~a"], [], ["~a", "~a/one"]])
        #expect(outcome.notices.map(\.rootID) == ["root"])
        guard case .unreadable(_, "a", _) = outcome.notices.first else {
            Issue.record("\(outcome.notices)")
            return
        }
    }

    private func stopAndCollect(_ probe: WatcherProbe) async -> [WatchNotice] {
        await probe.watcher.stop()
        var notices: [WatchNotice] = []
        for await notice in probe.watcher.notices { notices.append(notice) }
        return notices
    }
}

#if os(Linux)
    private typealias SetUser = @convention(c) (UInt32) -> Int32

    /// `setfsuid`: whose permissions this thread, and no other, has on files.
    private func setFileUser(_ user: UInt32) {
        guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: 0), "setfsuid") else { return }
        _ = unsafeBitCast(symbol, to: SetUser.self)(user)
    }

    private let nobody: UInt32 = 65534
#else
    private func setFileUser(_ user: UInt32) {}
    private let nobody: UInt32 = 0
#endif

private func chmodAsRoot(_ path: String, _ mode: mode_t) {
    setFileUser(geteuid())
    chmod(path, mode)
    setFileUser(geteuid() == 0 ? nobody : geteuid())
}

/// Runs as a user who owns nothing, if this is root; as oneself otherwise.
private func onThreadOfNobody<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            if geteuid() == 0 { setFileUser(nobody) }
            continuation.resume(returning: body())
        }
    }
}
