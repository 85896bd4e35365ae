#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Watcher

/// A row of the first table: a tree of so many files, watched in one way.
struct WatcherMeasurement {
    let path: String
    let files: Int
    let isPolling: Bool
    let idleSeconds: Int
    let floor: String

    private let schedule = PollSchedule()
    private let saves = 200

    /// - Returns: whether it meets the goals.
    func run() async throws -> Bool {
        let patterns = try IgnorePatterns(parsing: "node_modules\n**/*.log\n*.md\ndist\n!dist/keep\n")
        let filter = PathFilter(ignoring: [.editorFiles, patterns], alwaysIncluding: ["Dockerfile"])
        let root = WatchRoot(id: "tree", path: path, filter: filter)
        let rounds = max(2, 60_000 / max(files, 1) / 10)
        // In turn, so that a busy moment of the machine hits both.
        var pass = Double.infinity
        var least = Double.infinity
        for _ in 0..<5 {
            pass = min(pass, milliseconds(ofQuickestPassIn: rounds, of: root))
            least = min(least, leastMilliseconds(rounds: rounds))
        }
        let watcher = try TreeWatcher(
            roots: [root], schedule: schedule, hints: isPolling ? .none : .all)
        let started = ContinuousClock.now
        try await watcher.start()
        let start = ContinuousClock.now - started
        let before = processorTime()
        try await Task.sleep(for: .seconds(idleSeconds))
        let idle = (processorTime() - before) / .seconds(idleSeconds) * 100
        let memory = residentMebibytes()
        let times = try await latencies(watcher)
        await watcher.stop()
        for await notice in watcher.notices { print("notice:", notice.message) }
        let goals = Goals(files: files, isPolling: isPolling)
        let ratio = pass / least
        Table.print(
            "\(files)", isPolling ? "polling" : "hints", fixed(start / .milliseconds(1), 0) + " ms",
            fixed(times[times.count / 2], 1) + " / " + fixed(times[times.count * 99 / 100], 1) + " ms",
            Table.cell(idle, 2, "%", goal: goals.idle), fixed(memory, 1) + " MiB", fixed(pass, 2) + " ms",
            Table.cell(ratio, 2, "", goal: Goals.ratio))
        return idle <= goals.idle && ratio <= Goals.ratio
    }

    static func printHeader() {
        Table.print("files", "noticing", "start", "save to batch", "idle CPU", "memory", "one pass", "to C")
    }

    /// From the end of a write to the batch that reports it, without the settle time; sorted.
    private func latencies(_ watcher: TreeWatcher) async throws -> [Double] {
        var batches = watcher.batches.makeAsyncIterator()
        var times: [Double] = []
        for number in 0..<(isPolling ? saves / 10 : saves) {
            // A prime step: all over the tree.
            let file = SourceTree.file((number * 7919) % files, in: path)
            let descriptor = open(file, O_WRONLY | O_TRUNC)
            guard descriptor >= 0, write(descriptor, "\(number)", String(number).utf8.count) > 0 else {
                fatalError("cannot write \(file)")
            }
            close(descriptor)
            let saved = ContinuousClock.now
            guard await batches.next() != nil else { break }
            times.append((.now - saved) / .milliseconds(1) - Double(schedule.settleMilliseconds))
            // At no fixed distance from whatever the watcher does at intervals.
            try await Task.sleep(for: .milliseconds(20 + number * 13 % 37))
        }
        return times.sorted()
    }

    private func milliseconds(ofQuickestPassIn rounds: Int, of root: WatchRoot) -> Double {
        let scanner = TreeScanner(root: root)
        var findings = TreeScanner.Findings()
        scanner.look(at: 0, findings: &findings)
        scanner.endPass()
        scanner.reportSilently()
        let times = (0..<rounds).map { _ in
            let start = ContinuousClock.now
            scanner.lookAtAll(scanner.folders, findings: &findings)
            scanner.endPass()
            return (.now - start) / .milliseconds(1)
        }
        return times.min() ?? 0
    }

    private func leastMilliseconds(rounds: Int) -> Double {
        guard let output = popen("'\(floor)' '\(path)' \(rounds)", "r") else { return .nan }
        defer { pclose(output) }
        var buffer = [CChar](repeating: 0, count: 64)
        guard fgets(&buffer, 64, output) != nil else { return .nan }
        return strtod(buffer, nil)
    }
}
