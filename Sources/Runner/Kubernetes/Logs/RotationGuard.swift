import Synchronization

/// Notices that the node begins a new file for a container's log, which `kubectl logs --follow` does not survive whole.
///
/// A container that writes little costs nothing: the node is asked only after a megabyte, and only while a file is as
/// large as those that a new one is begun for.
final class RotationGuard: Sendable {
    /// What is between a line and the newest file.
    enum Missed {
        /// The files from the one with the line on, without the newest one, and which run that belongs to.
        /// - Parameter beginsAnew: whether the line is the last one of the run before those that the files are of.
        case files([[UInt8]], run: Int, beginsAnew: Bool)
        /// The cluster is away.
        case unreachable
        /// The node's files are not for this user to read, or are not where they are expected.
        case forbidden
        /// It can't be told, for this reason.
        case unknown(String)
    }

    private struct Shared {
        /// Bytes of a file that are worth a question.
        var alarm = RotationGuard.firstAlarm
        /// The file that was finished last; `nil` inside where there is none.
        var finished: NodeLog.File??
        var isReadable = true
        /// A new file was begun: what follows is shown once it is known that it is the newest.
        var mustVerify = false
    }

    private static let firstAlarm = 1 << 20
    /// Bytes that a file may have more than was counted.
    private static let margin = 256 << 10

    private let node: NodeLog
    private let shared = Mutex(Shared())

    init(node: NodeLog) { self.node = node }

    /// Whether the lines of the next reader are to be held back from the first on.
    var mustVerify: Bool { shared.withLock { $0.mustVerify && $0.isReadable } }

    /// Whether the lines that come now are to be held back.
    func mustHold(_ size: Int) -> Bool {
        shared.withLock { $0.isReadable && $0.finished != nil && size >= $0.alarm }
    }

    /// The container has been started again: it writes another file.
    func reset() { shared.withLock { $0 = Shared(isReadable: $0.isReadable) } }

    /// Whether a new file may begin at any moment.
    /// - Parameter size: the bytes of the file by now.
    func isAlarmed(_ size: Int) -> Bool {
        shared.withLock { size >= $0.alarm }
    }

    /// Watches over a reader; returns when it has to be stopped.
    /// - Parameters:
    ///   - changes: set when the log was interrupted, has grown to the alarm, or holds lines back.
    ///   - show: shows lines.
    func watch(
        _ log: borrowing Mutex<PodLog>, changes: Latest<Void>, follows: Bool,
        show: ([[UInt8]]) async -> Void
    ) async throws {
        while true {
            let version = changes.current.version
            if log.withLock({ $0.interruption }) != nil { return }
            if follows, log.withLock({ $0.hasHeld }) {
                // So that one question is asked of many lines.
                try await Task.sleep(for: .milliseconds(200))
                let (lines, cursor) = log.withLock { log in log.takeHeld() }
                do {
                    guard try await isNewest() else { return log.withLock { $0.interrupt(.rotated) } }
                } catch {
                    log.withLock { $0.putBack(lines) }
                    throw error
                }
                await show(lines)
                let goesOn = log.withLock { isAlarmed($0.size) }
                log.withLock {
                    $0.confirm(cursor)
                    if !goesOn { $0.stopHolding() }
                }
                shared.withLock { $0.mustVerify = goesOn }
                continue
            }
            if follows, log.withLock({ isAlarmed($0.size) && !$0.isHolding }) {
                try await learn(log)
                continue
            }
            await changes.changed(since: version)
            try Task.checkCancellation()
        }
    }

    /// The log has grown to the alarm.
    private func learn(_ log: borrowing Mutex<PodLog>) async throws {
        let isReadable = shared.withLock { $0.isReadable }
        guard isReadable else {
            // The reader that begins again comes upon the last line, or the node has begun a new file.
            try await Task.sleep(for: .seconds(10))
            return log.withLock { $0.interrupt(.unknown) }
        }
        let hasLearned = shared.withLock { $0.finished != nil }
        if !hasLearned {
            guard let files = try await node.files(), let newest = files.last else {
                shared.withLock {
                    $0.isReadable = false
                    $0.alarm = NodeLog.defaultLimit
                }
                return
            }
            let limit = try await node.limit()
            let size = try await node.size(of: newest)
            log.withLock { $0.setSize(size) }
            shared.withLock {
                $0.finished = .some(files.dropLast().last)
                $0.alarm = max(0, limit - Self.margin)
            }
        }
        log.withLock { if mustHold($0.size) { $0.hold() } }
    }

    /// Whether the node writes to the same file as before.
    private func isNewest() async throws -> Bool {
        for _ in 1...5 {
            if let files = try await node.files() {
                let finished = shared.withLock { $0.finished }
                return files.dropLast().last == (finished ?? nil)
            }
            try await Task.sleep(for: .seconds(1))
        }
        shared.withLock { $0.isReadable = false }
        return true
    }

    /// Finds what is between a line and the newest file.
    /// - Parameters:
    ///   - time: the time of the line.
    ///   - wholeRun: the run that was read to its end, where the line is of that or a later one.
    func missed(after time: String, wholeRun: Int?) async throws -> Missed {
        guard var files = try await node.files() else { return .forbidden }
        guard let newest = files.popLast() else { return .unknown("the node has no file of it") }
        var contents: [[UInt8]] = []
        var isFound = false
        for file in files.reversed() where !isFound {
            guard let content = try await node.read(file) else { return .unreachable }
            guard let first = RuntimeLog.firstTime(of: content) else {
                if content.isEmpty { continue }
                return .unknown("the node keeps it in a form that devloop does not know")
            }
            contents.insert(content, at: 0)
            isFound = !LogCursor.isEarlier(time, than: first)
        }
        let oldest = files.first ?? newest
        // A node deletes the files of a run, oldest first, once it has more than five of it.
        let beginsAnew =
            !isFound && oldest.run - 1 == wholeRun && (files + [newest]).count { $0.run == oldest.run } < 5
        guard isFound || beginsAnew else { return .unknown("the node has deleted the files between") }
        shared.withLock {
            $0.finished = .some(files.last)
            $0.mustVerify = true
            $0.alarm = $0.alarm == Self.firstAlarm ? NodeLog.defaultLimit - Self.margin : $0.alarm
        }
        return .files(contents, run: newest.run, beginsAnew: beginsAnew)
    }
}
