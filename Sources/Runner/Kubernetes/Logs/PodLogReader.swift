import Synchronization

/// Reads the log of one container until its pod is over, and shows each line once and in order.
///
/// Where a reader ends before its container does, it begins again at the last line; after a crash the end of the dead
/// container's log is read before the new one's. Where the last line doesn't come again, the log is another one: that of
/// the next run, or a new file on the node; what is between is read from where it is now.
final class PodLogReader: Sendable {
    private enum End {
        case ended
        case failed(TargetError)
        case podIsGone
        case interrupted(PodLog.Interruption)
    }

    /// How far reading has come.
    private struct Progress {
        /// Whether nothing that was written before the latest reader's end is left unread.
        var isComplete = false
        /// The latest run whose end was there to be read when its reader began.
        var wholeRun: Int?
        /// The latest run that a reader has read until the log said that it was the end.
        var readRun: Int?
        /// The run that the container is in.
        var latestRun = 0
        var hasToldFailure = false
    }

    private let key: PodTracker.Key
    private let cluster: any ClusterReading
    private let onLine: @Sendable ([UInt8]) -> Void
    private let onNotice: @Sendable (String) -> Void
    private let onFailure: @Sendable (String) -> Void
    private let log: Mutex<PodLog>
    private let rotation: RotationGuard
    private let firstStart: LogStart
    private let silence: Duration
    /// Grows with each piece that a reader hands on, before and after: odd while a slow screen holds one up.
    private let pieces = Atomic(0)

    /// A log that could not be read this many times, one after the other, is worth a word.
    private static let failuresBeforeNotice = 3
    /// How soon one that may not be read is asked for again.
    private static let refusalPause = Duration.seconds(30)

    /// - Parameters:
    ///   - launcher: runs what unpacks files of a node.
    ///   - oldStart: where the log of a container that ran before devloop came is begun; `nil` for one that is new: of
    ///     that every line is shown, those of runs that crashed before anybody looked too.
    ///   - silence: how long the reader of a pod that is gone may be silent: the log's end would have come by then.
    ///   - onLine: may block.
    ///   - onNotice: told where lines may be missing.
    ///   - onFailure: told, once for as long as it lasts, why the log of a container that runs can't be read.
    init(
        _ key: PodTracker.Key, cluster: any ClusterReading, launcher: any CommandRunning, oldStart: LogStart?,
        silence: Duration = .seconds(2), onLine: @escaping @Sendable ([UInt8]) -> Void,
        onNotice: @escaping @Sendable (String) -> Void,
        onFailure: @escaping @Sendable (String) -> Void
    ) {
        self.key = key
        self.cluster = cluster
        self.onLine = onLine
        self.onNotice = onNotice
        self.onFailure = onFailure
        self.silence = silence
        firstStart = oldStart ?? .beginning
        log = Mutex(PodLog(isWhole: oldStart == nil))
        rotation = RotationGuard(node: NodeLog(key: key, cluster: cluster, launcher: launcher))
    }

    /// Reads what is there, for somebody who doesn't follow.
    func readOnce() async throws {
        if case .failed(let error) = try await read(.latest, isFinal: true) { throw error }
    }

    /// Returns when the container is over and its log was read to the end.
    /// - Parameter state: the container's state as the watch tells it.
    func run(state: Latest<PodTracker.State>) async throws {
        var restarts = log.withLock { $0.isWhole } ? 0 : state.current.value.restarts
        var backoff = Backoff()
        var failures = 0
        var progress = Progress()
        while true {
            try Task.checkCancellation()
            let (now, version) = state.current
            if now.isGone { return await finish(progress) }
            if now.restarts > restarts {
                guard try await readPrevious() else {
                    try await backoff.wait()
                    continue
                }
                restarts = now.restarts
            }
            let before = log.withLock { $0.lastTime }
            var pause = Duration.zero
            switch try await read(now.isRunning ? .following : .latest, isFinal: !now.isRunning, state) {
            case .podIsGone: return await finish(progress)
            case .interrupted(.unknown):
                if state.current.value.isGone { progress.isComplete = false }
                continue
            case .interrupted(let interruption):
                progress.latestRun = state.current.value.restarts
                restarts = try await bridge(interruption, restarts, progress)
                continue
            case .failed(let error):
                if error.severity == .unavailable {
                    // That the cluster can't be reached is the watch's to tell.
                    if now.isRunning { progress.isComplete = false }
                } else if now.isRunning {
                    failures += 1
                }
                if failures == Self.failuresBeforeNotice || (error.isForbidden && failures == 1) {
                    progress.hasToldFailure = true
                    onFailure(error.details.last ?? "")
                }
                if error.isForbidden { pause = Self.refusalPause }
            case .ended:
                (progress.isComplete, progress.readRun) = (true, now.restarts)
                if now.isOver { return }
                failures = 0
                // What it wrote until its end is read: nothing comes before it starts again.
                if !now.isRunning {
                    if log.withLock({ $0.resumeFrom }) != nil { progress.wholeRun = now.restarts }
                    await state.changed(since: version)
                    continue
                }
            }
            // A log that ends at once, again and again, is not asked for in a hurry either.
            if log.withLock({ $0.lastTime }) != before { backoff.reset() }
            // That the container has ended is known here a moment after its log ends; where it hasn't, the reader died.
            pause = max(pause, backoff.step())
            try await state.changed(since: version, orAfter: pause)
        }
    }

    /// The pod is gone: its log can't be asked for any more.
    private func finish(_ progress: Progress) async {
        await show(log.withLock { $0.takeRest() })
        guard !progress.isComplete, !progress.hasToldFailure else { return }
        tellOfMissingLines("it was deleted before the rest could be read")
    }

    // MARK: - One reader

    /// Reads once, from the last line that was shown; until the pod is gone, where its state is given.
    private func read(
        _ reading: LogReading, isFinal: Bool, _ state: Latest<PodTracker.State>? = nil
    ) async throws -> End {
        let follows = reading == .following
        let since = log.withLock { log in
            log.begin(inPrevious: reading == .previous, holds: follows && rotation.mustVerify)
            return reading == .previous ? log.previousFrom : log.resumeFrom
        }
        let isFirst = log.withLock { $0.lastTime == nil && !$0.hasBeenRead }
        let query = ClusterQuery.log(
            pod: key.pod, container: key.container, namespace: key.namespace, reading,
            from: since.map { .time($0) } ?? (isFirst ? firstStart : .beginning))
        let changes = Latest(())
        let answer = try await withThrowingTaskGroup(of: ClusterAnswer?.self) { group in
            group.addTask { try await self.run(query, follows: follows, changes) }
            group.addTask {
                try await self.rotation.watch(self.log, changes: changes, follows: follows) { await self.show($0) }
                return nil
            }
            if follows, let state {
                group.addTask {
                    try await self.awaitSilence(after: state)
                    return nil
                }
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let interruption = log.withLock({ $0.interruption }) { return .interrupted(interruption) }
        guard let answer else { return .interrupted(.unknown) }
        await show(log.withLock { $0.end(isComplete: answer.isSuccess, isFinal: isFinal) })
        if answer.isSuccess { return .ended }
        let error = cluster.error("the log could not be read", answer)
        return error.details.contains { $0.contains("(NotFound)") } ? .podIsGone : .failed(error)
    }

    private func run(
        _ query: ClusterQuery, follows: Bool, _ changes: Latest<Void>
    ) async throws -> ClusterAnswer {
        try await cluster.read(query) { [self] piece in
            pieces.add(1, ordering: .relaxed)
            defer { pieces.add(1, ordering: .relaxed) }
            let (lines, wakes) = log.withLock { log in
                let hadWork = log.interruption != nil || log.hasHeld || rotation.isAlarmed(log.size)
                if follows, rotation.mustHold(log.size) { log.hold() }
                let lines = log.take(piece)
                let hasWork = log.interruption != nil || log.hasHeld || rotation.isAlarmed(log.size)
                return (lines, hasWork && !hadWork)
            }
            handOver(lines)
            if wakes { changes.set(()) }
        }
    }

    /// Returns when the pod is gone and its reader, whose connection may be dead, is silent.
    private func awaitSilence(after state: Latest<PodTracker.State>) async throws {
        while case let (now, version) = state.current, !now.isGone {
            await state.changed(since: version)
            try Task.checkCancellation()
        }
        while true {
            let before = pieces.load(ordering: .relaxed)
            try await Task.sleep(for: silence)
            if before.isMultiple(of: 2), pieces.load(ordering: .relaxed) == before { return }
        }
    }

    /// Blocks while the terminal is slow.
    @available(*, noasync, message: "blocks: use show")
    private func handOver(_ lines: [[UInt8]]) { for line in lines { onLine(line) } }

    /// The same on a thread of its own, for tasks.
    private func show(_ lines: [[UInt8]]) async {
        guard !lines.isEmpty else { return }
        await PosixThread.run { self.handOver(lines) }
    }

    private func tellOfMissingLines(_ reason: String) {
        onNotice("lines of the log of \(key.pod) may be missing: \(reason)")
    }

    private func show(file: [UInt8]) async {
        for start in stride(from: 0, to: file.count, by: 256 << 10) {
            let piece = file[start..<min(start + (256 << 10), file.count)]
            await show(piece.withUnsafeBytes { piece in log.withLock { $0.take(piece) } })
        }
    }

    // MARK: - From one log to the next

    /// Reads the rest of the run before.
    /// - Returns: whether that is done, or can't be; otherwise it is to be tried again.
    private func readPrevious() async throws -> Bool {
        switch try await read(.previous, isFinal: true) {
        case .ended:
            log.withLock { if $0.isContinuous { $0.goOn(newFile: true) } }
            rotation.reset()
            return true
        case .failed(let error): return error.severity != .unavailable
        case .interrupted, .podIsGone: return true
        }
    }

    /// The last line did not come: shows what is between it and the newest log.
    /// - Returns: how many restarts of the container were seen by then.
    private func bridge(
        _ interruption: PodLog.Interruption, _ restarts: Int, _ progress: Progress
    ) async throws -> Int {
        if interruption == .gap {
            switch try await read(.previous, isFinal: true) {
            case .ended where log.withLock({ $0.isContinuous }):
                log.withLock { $0.goOn(newFile: true) }
                rotation.reset()
                return restarts + 1
            case .failed(let error) where error.severity == .unavailable: return restarts
            default: break
            }
        }
        switch try await rotation.missed(after: log.withLock { $0.lastTime } ?? "", wholeRun: progress.wholeRun) {
        case .unreachable: return restarts
        case .forbidden:
            // What follows the end of a run is the next run's log.
            let isNextRun = interruption == .gap && progress.readRun.map { $0 + 1 == progress.latestRun } ?? false
            if !isNextRun || rotation.isAlarmed(log.withLock { $0.size }) {
                tellOfMissingLines("the node has begun a new file, and it does not let the old ones be read")
            }
            log.withLock { $0.goOn(newFile: true) }
            return max(restarts, progress.latestRun)
        case .files(let files, let run, let beginsAnew):
            if beginsAnew { log.withLock { $0.goOn(newFile: true) } }
            var runtime = RuntimeLog()
            for (index, file) in files.enumerated() {
                log.withLock { log in
                    if index > 0 { log.goOn(newFile: true) }
                    log.begin()
                }
                await show(file: runtime.lines(of: file) + (index == files.count - 1 ? runtime.rest() : []))
                guard log.withLock({ $0.isContinuous }) else {
                    // It is in the newest file after all.
                    if interruption == .rotated { return restarts }
                    break
                }
            }
            if !beginsAnew, !log.withLock({ $0.isContinuous }) {
                tellOfMissingLines("the last one that was shown is gone")
            }
            log.withLock { $0.goOn(newFile: true) }
            return max(restarts, run)
        case .unknown(let reason):
            tellOfMissingLines(reason)
            log.withLock { $0.goOn(newFile: true) }
            return restarts
        }
    }
}
