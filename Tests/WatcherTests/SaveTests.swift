import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Watcher

/// What editors and tools do when a file is saved, and the one batch that it amounts to.
@Suite struct SaveTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("one", to: "a.txt")
        try folder.makeFolder("src/deep")
        try folder.write("main", to: "src/main.c")
        try folder.write("deep", to: "src/deep/deep.c")
    }

    @Test(.timeLimit(.minutes(1)), arguments: Noticing.allCases)
    func anEditOfTheSameLengthWithinTheSameSecondIsSeen(_ noticing: Noticing) async throws {
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        try folder.write("two", to: "a.txt")
        #expect(try await probe.next() == ["~a.txt"])
        try folder.write("DEEP", to: "src/deep/deep.c")
        #expect(try await probe.next() == ["~src/deep/deep.c"])
        await probe.watcher.stop()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Noticing.allCases)
    func aRestoredModificationTimeHidesNothing(_ noticing: Noticing) async throws {
        folder.setTimes(of: "a.txt", to: 1_000_000)
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        try folder.write("two", to: "a.txt")
        folder.setTimes(of: "a.txt", to: 1_000_000)
        #expect(try await probe.next() == ["~a.txt"])
        await probe.watcher.stop()
    }

    @Test(.timeLimit(.minutes(1)), arguments: Noticing.allCases)
    func anAtomicSaveIsOneChangeOfOneFile(_ noticing: Noticing) async throws {
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        try folder.write("two", to: ".a.txt.tmp123")
        try folder.rename(".a.txt.tmp123", to: "a.txt")
        #expect(try await probe.next() == ["~a.txt"])
        await probe.watcher.stop()
    }

    /// vim's `backupcopy=no` and `yes` (with its probe, swap file and backup) and JetBrains' safe write, with no
    /// pattern to leave their files out.
    @Test(.timeLimit(.minutes(1)), arguments: Noticing.allCases, ["vim, new file", "vim, same file", "JetBrains"])
    func anEditorsSaveIsOneChangeOfOneFile(_ noticing: Noticing, editor: String) async throws {
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        switch editor {
        case "vim, new file":
            try folder.write("", to: ".a.txt.swp")
            try folder.write("", to: "4913")
            try folder.remove("4913")
            try folder.rename("a.txt", to: "a.txt~")
            try folder.write("two", to: "a.txt")
            try folder.remove("a.txt~")
            try folder.remove(".a.txt.swp")
        case "vim, same file":
            try folder.write("", to: ".a.txt.swp")
            try folder.write("one", to: "a.txt~")
            try folder.write("two", to: "a.txt")
            try folder.remove("a.txt~")
            try folder.remove(".a.txt.swp")
        default:
            try folder.write("two", to: "a.txt___jb_tmp___")
            try folder.rename("a.txt", to: "a.txt___jb_old___")
            try folder.rename("a.txt___jb_tmp___", to: "a.txt")
            try folder.remove("a.txt___jb_old___")
        }
        #expect(try await probe.next() == ["~a.txt"])
        await probe.watcher.stop()
    }

    /// The batch is only reported after a look that began when the file was complete.
    @Test(.timeLimit(.minutes(1))) func aFileThatIsTruncatedAndWrittenIsSeenOnceComplete() async throws {
        let schedule = PollSchedule(pollMilliseconds: 20, settleMilliseconds: 300)
        let probe = try await WatcherProbe(folder.path, schedule: schedule)
        let descriptor = open(folder.path("a.txt"), O_WRONLY | O_TRUNC)
        for _ in 0..<1000 { #expect(write(descriptor, "0123456789", 10) == 10) }
        close(descriptor)
        #expect(try await probe.next() == ["~a.txt"])
        try folder.write("x", to: "sentinel")
        #expect(try await probe.next() == ["+sentinel"])
        await probe.watcher.stop()
    }

    /// With a settle time in which no test ends.
    @Test(.timeLimit(.minutes(1)), arguments: ["written", "moved", "vim, new file"])
    func aFileThatIsWholeIsReportedAtOnceAndOnce(_ save: String) async throws {
        guard KernelHints.announceContents else { return }
        let schedule = PollSchedule(settleMilliseconds: 200, ceilingMilliseconds: 600_000)
        let probe = try await WatcherProbe(
            folder.path, filter: PathFilter(ignoring: [.editorFiles]), isPrompt: true, schedule: schedule)
        var seen: Set<String> = []
        for round in 0..<3 {
            switch save {
            case "written": try folder.write("two \(round)", to: "a.txt")
            case "moved":
                try folder.write("two \(round)", to: "a.txt~")
                try folder.rename("a.txt~", to: "a.txt")
            default:
                try folder.rename("a.txt", to: "a.txt~")
                try folder.write("two \(round)", to: "a.txt")
                try folder.remove("a.txt~")
            }
            let batch = try await probe.nextBatch()
            #expect(batch.changes.map(\.short) == ["~a.txt"])
            seen.insert("\(batch.firstNoticed)")
            // Another one, long after: the doubts in the first are over by then.
            try folder.write("\(round)", to: "src/main.c")
            #expect(try await probe.next() == ["~src/main.c"])
        }
        #expect(seen.count == 3)
        await probe.watcher.stop()
    }

    /// What follows a report closely may have changed what it named without a trace, but the kernel would have said so.
    @Test(.timeLimit(.minutes(1))) func whatWasReportedIsNotReportedAgainWithItsNeighbours() async throws {
        guard KernelHints.announceContents else { return }
        let schedule = PollSchedule(settleMilliseconds: 200, ceilingMilliseconds: 600_000)
        let probe = try await WatcherProbe(folder.path, isPrompt: true, schedule: schedule)
        try folder.write("two", to: "a.txt")
        #expect(try await probe.next() == ["~a.txt"])
        try folder.write("x", to: "b.txt")
        try folder.write("x", to: "c.txt")
        #expect(try await probe.next() == ["+b.txt", "+c.txt"])
        try folder.write("two", to: "c.txt")
        try folder.write("x", to: "d.txt")
        #expect(try await probe.next() == ["~c.txt", "+d.txt"])
        await probe.watcher.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aTemporaryFileThatIsGoneAgainIsNoChange() async throws {
        let probe = try await WatcherProbe(folder.path)
        try folder.write("x", to: "src/tmp")
        try folder.remove("src/tmp")
        try folder.write("x", to: "sentinel")
        #expect(try await probe.next() == ["+sentinel"])
        await probe.watcher.stop()
    }

    @Test(.timeLimit(.minutes(3))) func aBranchSwitchOfTenThousandFilesIsOneBatch() async throws {
        for number in 0..<10_000 {
            if number % 100 == 0 { try folder.makeFolder("src/\(number / 100)") }
            try folder.write("main", to: "src/\(number / 100)/\(number).c")
        }
        try git("init", "--quiet")
        try git("add", ".")
        try git("commit", "--quiet", "-m", "one")
        try git("checkout", "--quiet", "-b", "other")
        for number in 0..<10_000 { try folder.write("other", to: "src/\(number / 100)/\(number).c") }
        try git("commit", "--quiet", "-am", "two")
        // Long, because git may be held up on a busy machine.
        let schedule = PollSchedule(settleMilliseconds: 2000, ceilingMilliseconds: 60_000)
        let filter = PathFilter(ignoring: [.editorFiles])
        let probe = try await WatcherProbe(folder.path, filter: filter, schedule: schedule)
        try git("checkout", "--quiet", "-")
        let changes = try await probe.nextBatch().changes
        let modified = changes.count { $0.kind == .modified }
        let isComplete = changes.count == 10_000 && modified == 10_000
        #expect(isComplete, "\(changes.count) changes, \(modified) of them modified")
        await probe.watcher.stop()
    }

    /// A file that never rests is reported at the ceiling, again and again, and once more when it rests.
    @Test(.timeLimit(.minutes(1)), arguments: [Noticing.kernelHints, .pollingAlone])
    func aFileThatIsWrittenWithoutPauseIsReportedAtTheCeilingAndAtTheEnd(_ noticing: Noticing) async throws {
        let schedule = PollSchedule(pollMilliseconds: 20, settleMilliseconds: 100, ceilingMilliseconds: 300)
        let probe = try await WatcherProbe(folder.path, noticing: noticing, schedule: schedule)
        let writer = RestlessWriter(path: folder.path("a.txt"))
        for _ in 0..<3 { #expect(try await probe.next() == ["~a.txt"]) }
        await writer.stop()
        try folder.write("end", to: "a.txt")
        try folder.write("x", to: "sentinel")
        #expect(try await probe.changes(until: "+sentinel") == ["~a.txt", "+sentinel"])
        await probe.watcher.stop()
    }

    /// Within one tick of the kernel's clock the second write may leave the same stamp as the first.
    @Test(.timeLimit(.minutes(1)), arguments: 0..<20) func anEditRightAfterTheStartIsSeen(_ round: Int) async throws {
        try folder.write("abc", to: "a.txt")
        let probe = try await WatcherProbe(folder.path)
        try folder.write("xyz", to: "a.txt")
        #expect(try await probe.next() == ["~a.txt"])
        await probe.watcher.stop()
    }

    private func git(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "git", "-C", folder.path, "-c", "user.name=test", "-c", "user.email=test@localhost", "-c",
                "commit.gpgsign=false",
            ] + arguments
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "git \(arguments)")
    }
}

/// Writes the same file over and over, on a thread of its own.
private final class RestlessWriter: Sendable {
    private let isStopped = Mutex(false)
    private let ended = AsyncStream<Never>.makeStream()

    init(path: String) {
        Thread.detachNewThread { [self] in
            while !isStopped.withLock({ $0 }) {
                let descriptor = open(path, O_WRONLY)
                _ = write(descriptor, "xyz", 3)
                close(descriptor)
            }
            ended.continuation.finish()
        }
    }

    func stop() async {
        isStopped.withLock { $0 = true }
        for await _ in ended.stream {}
    }
}
