import Watcher

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One row of the table: a tree of so many files, watched in one way.
struct Measurement {
    let path: String
    let files: Int
    let isPolling: Bool
    let idleSeconds: Int
    let floor: String

    private let schedule = PollSchedule()
    private let saves = 200

    func run() async throws {
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
        print(
            cell("\(files)"), cell(isPolling ? "polling" : "hints"), cell(fixed(start / .milliseconds(1), 0) + " ms"),
            cell(fixed(times[times.count / 2], 1) + " / " + fixed(times[times.count * 99 / 100], 1) + " ms"),
            cell(fixed(idle, 2) + " %"), cell(fixed(memory, 1) + " MiB"), cell(fixed(pass, 2) + " ms"),
            cell(fixed(pass / least, 2)), separator: " | ")
    }

    static func printHeader() {
        let titles = ["files", "noticing", "start", "save to batch", "idle CPU", "memory", "one pass", "to C"]
        print(titles.map(cell).joined(separator: " | "))
    }

    /// From the end of a write to the batch that reports it, without the settle time; sorted.
    private func latencies(_ watcher: TreeWatcher) async throws -> [Double] {
        var batches = watcher.batches.makeAsyncIterator()
        var times: [Double] = []
        for number in 0..<(isPolling ? saves / 10 : saves) {
            // A prime step: all over the tree.
            let file = Self.file((number * 7919) % files, in: path)
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

    // MARK: Trees

    /// Twenty files a folder, twenty folders a folder.
    static func file(_ number: Int, in path: String) -> String {
        let folder = number / 20
        return "\(path)/level-\(folder / 400)/level-\(folder / 20)/folder-\(folder)/source-file-\(number).swift"
    }

    static func makeTree(_ path: String, files: Int) {
        mkdir(path, 0o755)
        for number in 0..<files {
            let file = Self.file(number, in: path)
            if number % 20 == 0 {
                for (index, byte) in file.utf8.enumerated() where byte == UInt8(ascii: "/") && index > path.utf8.count {
                    mkdir(String(file.prefix(index)), 0o755)
                }
            }
            close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644))
        }
    }
}

func cell(_ text: String) -> String {
    text + String(repeating: " ", count: max(0, 15 - text.count))
}

func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "?" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value.magnitude * Double(scale)).rounded())
    let fraction = String(scaled % scale + scale).dropFirst()
    return (value < 0 ? "-" : "") + String(scaled / scale) + (digits > 0 ? "." + fraction : "")
}

func processorTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

func residentMebibytes() -> Double {
    guard let file = fopen("/proc/self/statm", "r") else { return .nan }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 128)
    guard fgets(&buffer, 128, file) != nil else { return .nan }
    let fields = buffer.prefix { $0 != 0 }.split(separator: 32)
    let pages = fields.count > 1 ? strtod(Array(fields[1]) + [0], nil) : .nan
    return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
}

let arguments = CommandLine.arguments
switch arguments.dropFirst().first {
case "--header":
    Measurement.printHeader()
case "--make" where arguments.count == 4:
    Measurement.makeTree(arguments[2], files: Int(arguments[3]) ?? 0)
case "--measure" where arguments.count == 7:
    try await Measurement(
        path: arguments[2], files: Int(arguments[3]) ?? 0, isPolling: arguments[4] == "polling",
        idleSeconds: Int(arguments[5]) ?? 0, floor: arguments[6]
    ).run()
default:
    print("run Benchmarks/watcher")
    exit(64)
}
