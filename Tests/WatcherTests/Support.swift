import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Watcher

private let systemRename = rename(_:_:)

extension TemporaryFolder {
    func path(_ relative: String) -> String { relative.isEmpty ? path : path + "/" + relative }

    func write(_ text: String, to relative: String) throws {
        try TestFile.write(Array(text.utf8), to: path(relative))
    }

    func makeFolder(_ relative: String) throws {
        try FileManager.default.createDirectory(atPath: path(relative), withIntermediateDirectories: true)
    }

    func rename(_ old: String, to new: String) throws {
        try #require(systemRename(path(old), path(new)) == 0, "rename \(old) to \(new)")
    }

    func remove(_ relative: String) throws {
        try FileManager.default.removeItem(atPath: path(relative))
    }

    /// Sets a file's times, as `touch -d` does.
    func setTimes(of relative: String, to seconds: Int) {
        var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
        utimensat(AT_FDCWD, path(relative), &times, AT_SYMLINK_NOFOLLOW)
    }
}

/// A way for the watcher to notice: each test of what it notices runs with all of them.
enum Noticing: String, CaseIterable, CustomTestStringConvertible {
    case kernelHints
    case pollingAlone
    /// The kernel allows watches for a part of the tree only.
    case fewWatches
    /// Watches are set and nothing is announced, as on a network mount; the watcher has to find out.
    case deafWatches
    /// The kernel has dropped events each time.
    case overflowingQueue

    var options: HintOptions {
        switch self {
        case .kernelHints: HintOptions()
        case .pollingAlone: HintOptions(isEnabled: false)
        case .fewWatches: HintOptions(watchLimit: 1)
        case .deafWatches: HintOptions(isDeaf: true, auditInterval: .milliseconds(50))
        case .overflowingQueue: HintOptions(isOverflowing: true)
        }
    }

    var testDescription: String { rawValue }
}

/// All tests run at once, and a system has only so many queues of events (inotify: 128 a user): these wait for theirs.
private enum WatcherSlots {
    private static let state = Mutex<(free: Int, waiting: [CheckedContinuation<Void, Never>])>((24, []))

    static func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    static func giveBack() {
        let next = state.withLock { state in
            if let next = state.waiting.popLast() { return Optional(next) }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}

/// A started watcher on a scratch folder, and its batches one after the other.
final class WatcherProbe {
    let watcher: TreeWatcher
    private var batches: AsyncStream<ChangeBatch>.Iterator

    init(
        _ path: String, filter: PathFilter = PathFilter(), noticing: Noticing = .kernelHints, isPrompt: Bool = false,
        schedule: PollSchedule = PollSchedule(pollMilliseconds: 20, settleMilliseconds: 250)
    ) async throws {
        await WatcherSlots.take()
        let root = WatchRoot(id: "root", path: path, filter: filter, isPrompt: isPrompt)
        watcher = try TreeWatcher(roots: [root], schedule: schedule, hints: noticing.options)
        batches = watcher.batches.makeAsyncIterator()
        try await watcher.start()
    }

    deinit { WatcherSlots.giveBack() }

    /// The changes of the batches until one has this change; the last one included.
    func changes(until last: String) async throws -> Set<String> {
        var changes: Set<String> = []
        while !changes.contains(last) { changes.formUnion(try await next()) }
        return changes
    }

    func nextBatch() async throws -> ChangeBatch {
        try #require(await batches.next(isolation: #isolation))
    }

    /// The changes of the next batch, as `+created`, `~modified`, `-deleted`.
    func next() async throws -> [String] {
        try await nextBatch().changes.map(\.short)
    }
}

extension Change {
    var short: String {
        switch kind {
        case .created: "+" + path
        case .modified: "~" + path
        case .deleted: "-" + path
        }
    }
}
