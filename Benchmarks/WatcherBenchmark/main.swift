#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

let arguments = CommandLine.arguments
var areGoalsMet = true
switch arguments.dropFirst().first {
case "--header":
    WatcherMeasurement.printHeader()
case "--make" where arguments.count == 4:
    SourceTree.make(arguments[2], files: Int(arguments[3]) ?? 0)
case "--measure" where arguments.count == 7:
    areGoalsMet = try await WatcherMeasurement(
        path: arguments[2], files: Int(arguments[3]) ?? 0, isPolling: arguments[4] == "polling",
        idleSeconds: Int(arguments[5]) ?? 0, floor: arguments[6]
    ).run()
case "--dev-header":
    DevMeasurement.printHeader()
case "--make-project" where arguments.count == 5:
    DevMeasurement.makeProject(arguments[2], files: Int(arguments[3]) ?? 0, name: arguments[4])
case "--dev" where arguments.count == 6:
    areGoalsMet = DevMeasurement(
        project: arguments[2], files: Int(arguments[3]) ?? 0, idleSeconds: Int(arguments[4]) ?? 0,
        devloop: arguments[5]
    ).run()
default:
    print("run Benchmarks/watcher")
    exit(64)
}
exit(areGoalsMet ? 0 : 1)
