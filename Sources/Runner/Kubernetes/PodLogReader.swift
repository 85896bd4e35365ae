import Synchronization

/// Reads the log of one container until its pod is over, and shows each line once.
///
/// Where a reader ends before its container does, it begins again at the last line's time; after a crash the end of the
/// dead container's log is read before the new one's.
final class PodLogReader: Sendable {
    private enum End {
        case ended
        case failed(String)
        case podIsGone
    }

    private let key: PodTracker.Key
    private let kubectl: Kubectl
    private let launcher: any CommandRunning
    private let onLine: @Sendable ([UInt8]) -> Void
    private let onFailure: @Sendable (String) -> Void
    private let cursor = Mutex(LogCursor())

    /// Lines that a container wrote before devloop came, shown for orientation.
    private static let linesOfOldContainers = 10
    /// A log that could not be read this many times, one after the other, is worth a word.
    private static let failuresBeforeNotice = 3

    /// - Parameter onFailure: told, once for as long as it lasts, why the log of a container that runs can't be read.
    init(
        _ key: PodTracker.Key, kubectl: Kubectl, launcher: any CommandRunning,
        onLine: @escaping @Sendable ([UInt8]) -> Void, onFailure: @escaping @Sendable (String) -> Void
    ) {
        self.key = key
        self.kubectl = kubectl
        self.launcher = launcher
        self.onLine = onLine
        self.onFailure = onFailure
    }

    /// Returns when the container is over and its log was read to the end.
    /// - Parameters:
    ///   - isOld: whether the container ran before devloop came. Of such a one only the last lines are shown; of others
    ///     every line, those of runs that crashed before anybody looked too.
    ///   - state: the container's state as the watch tells it.
    func run(isOld: Bool, state: Latest<PodTracker.State>) async throws {
        var start = isOld ? ["--tail=\(Self.linesOfOldContainers)"] : []
        var restarts = isOld ? state.current.value.restarts : 0
        var backoff = Backoff()
        var failures = 0
        while true {
            try Task.checkCancellation()
            let (now, version) = state.current
            if now.isGone { return }
            if now.restarts > restarts {
                restarts = now.restarts
                _ = try await read(["--previous"], start)
                start = []
            }
            let before = cursor.withLock { $0.resumeFrom }
            switch try await read(now.isRunning ? ["--follow"] : [], start) {
            case .podIsGone: return
            case .failed(let reason):
                if now.isRunning { failures += 1 }
                if now.isRunning && failures == Self.failuresBeforeNotice { onFailure(reason) }
            case .ended:
                if now.isOver { return }
                failures = 0
                start = []
                // What it wrote until its end is read: nothing comes before it starts again.
                if !now.isRunning {
                    await state.changed(since: version)
                    continue
                }
            }
            // A log that ends at once, again and again, is not asked for in a hurry either.
            if cursor.withLock({ $0.resumeFrom }) != before { backoff.reset() }
            // That the container has ended is known here a moment after its log ends; where it hasn't, the reader died.
            let pause = backoff.step()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await state.changed(since: version) }
                group.addTask { try await Task.sleep(for: pause) }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    /// Reads once, from the last line that was shown, or as `start` says where none was.
    private func read(_ options: [String], _ start: [String]) async throws -> End {
        let said = OutputTail(limit: 1)
        let resume = cursor.withLock {
            $0.beginAgain()
            return $0.resumeFrom
        }
        let output = try await launcher.runTool(
            kubectl.logs(
                pod: key.pod, container: key.container, namespace: key.namespace,
                options: options + (resume.map { ["--since-time=\($0)"] } ?? start)),
            output: .lines { [self] source, line in
                if source == .standardError { return said.append(line) }
                // What a kubelet says in place of a log that it has deleted by now.
                if line.starts(with: "unable to retrieve container logs for ".utf8) { return }
                if let text = cursor.withLock({ $0.accept(line) }) { onLine(text) }
            })
        if output.termination.isSuccess { return .ended }
        let reason = said.lines.last ?? "kubectl logs: \(output.termination)"
        return reason.contains("(NotFound)") ? .podIsGone : .failed(reason)
    }
}
