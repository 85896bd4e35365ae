#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What is to be reached, in this run.
struct Goals {
    let files: Int
    let isPolling: Bool

    /// A full pass to the same pass in C.
    static let ratio = 1.2
    /// Percent of a core.
    var idle: Double { isPolling ? 3 : files <= 1_000 ? 0.1 : files <= 10_000 ? 0.2 : 0.5 }
    /// MiB of the whole program.
    var memory: Double { files <= 1_000 ? 12 : files <= 10_000 ? 15 : 40 }
    /// Milliseconds from a save to what comes of it, the settle time left out: median and 99th percentile.
    var reaction: (Double, Double) { files <= 10_000 ? (20, 60) : (30, 100) }
}

/// Tables in Markdown's form, with columns that line up.
enum Table {
    static func print(_ cells: String...) {
        Swift.print(cells.map { $0 + String(repeating: " ", count: max(0, 20 - $0.count)) }.joined(separator: " | "))
    }

    /// A figure with its goal: `0.06 % (0.1)`; a missed one is marked.
    static func cell(_ value: Double, _ digits: Int, _ unit: String, goal: Double) -> String {
        let number = unit.isEmpty ? fixed(value, digits) : "\(fixed(value, digits)) \(unit)"
        return "\(number) (\(value <= goal ? "" : "MISSED ")\(fixed(goal, goal < 10 ? 1 : 0)))"
    }
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
