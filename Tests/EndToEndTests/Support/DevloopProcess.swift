import Foundation
import Synchronization
import Testing

/// The built program, run as a user runs it: its output is kept, and tests wait for lines of it.
final class DevloopProcess: Sendable {
    private struct Waiter {
        let id: UUID
        let matches: @Sendable (String) -> Bool
        let continuation: CheckedContinuation<String?, Never>
    }

    private struct Shared {
        var lines: [String] = []
        /// When each line was read.
        var times: [ContinuousClock.Instant] = []
        var partial = ""
        var waiters: [Waiter] = []
        var isOver = false
        var status: Int32?
        var statusWaiters: [CheckedContinuation<Int32, Never>] = []
    }

    private let shared = Mutex(Shared())
    let pid: pid_t

    /// The executable that `DEVLOOP_EXECUTABLE` names (`Scripts/test` names the release build: what users run is what is
    /// tested), or else the one beside the test bundle.
    static var executable: String {
        if let path = ProcessInfo.processInfo.environment["DEVLOOP_EXECUTABLE"] { return path }
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let candidates = [bundle, bundle.deletingLastPathComponent(), Bundle.main.bundleURL]
        return candidates.map { $0.appendingPathComponent("devloop").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "devloop"
    }

    /// Starts it.
    /// - Parameter output: where its standard output goes, where that is too much to be kept.
    init(_ arguments: [String], folder: URL, environment: [String: String] = [:], output: URL? = nil) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.executable)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        // Marks are looked for, which a locale without Unicode has others for.
        process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C.UTF-8"]) { $1 }
            .merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        if let output {
            try Data().write(to: output)
            process.standardOutput = try FileHandle(forWritingTo: output)
        }
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        pid = process.processIdentifier
        let handle = pipe.fileHandleForReading
        let wait = Waiting(process: process)
        Thread.detachNewThread { [self] in
            while case let data = handle.availableData, !data.isEmpty { take(data) }
            finish(status: wait.status())
        }
    }

    /// Everything that was printed so far.
    var output: String { shared.withLock { $0.lines.joined(separator: "\n") } }

    /// How many lines were printed so far: where to wait from.
    var lineCount: Int { shared.withLock { $0.lines.count } }

    /// The first line from there on that matches; fails the test where the program ends without one.
    @discardableResult
    func line(
        from: Int = 0, matching: @escaping @Sendable (String) -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let id = UUID()
        let found = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                shared.withLock { shared in
                    let line = shared.lines.dropFirst(from).first(where: matching)
                    if line != nil || shared.isOver || Task.isCancelled {
                        continuation.resume(returning: line)
                    } else {
                        shared.waiters.append(Waiter(id: id, matches: matching, continuation: continuation))
                    }
                }
            }
        } onCancel: {
            // The time limit of the test.
            shared.withLock { shared in
                guard let index = shared.waiters.firstIndex(where: { $0.id == id }) else { return }
                shared.waiters.remove(at: index).continuation.resume(returning: nil)
            }
        }
        return try #require(
            found, "devloop ended, or the time is up; it said:\n\(output)", sourceLocation: sourceLocation)
    }

    /// The first line from there on that holds a text.
    @discardableResult
    func line(
        from: Int = 0, containing text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        try await line(from: from, matching: { $0.contains(text) }, sourceLocation: sourceLocation)
    }

    /// All lines so far, each with the moment at which it was read.
    var timedLines: [(line: String, time: ContinuousClock.Instant)] {
        shared.withLock { shared in zip(shared.lines, shared.times).map { (line: $0, time: $1) } }
    }

    var isRunning: Bool { shared.withLock { !$0.isOver } }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Its exit status, once it has ended and everything that it printed was read.
    func exitStatus() async -> Int32 {
        await withCheckedContinuation { continuation in
            shared.withLock { shared in
                if let status = shared.status {
                    continuation.resume(returning: status)
                } else {
                    shared.statusWaiters.append(continuation)
                }
            }
        }
    }

    private func take(_ data: Data) {
        shared.withLock { shared in
            shared.partial += String(decoding: data, as: UTF8.self)
            var lines = shared.partial.components(separatedBy: "\n")
            shared.partial = lines.removeLast()
            for line in lines {
                shared.lines.append(line)
                shared.times.append(.now)
                shared.waiters.removeAll { waiter in
                    guard waiter.matches(line) else { return false }
                    waiter.continuation.resume(returning: line)
                    return true
                }
            }
        }
    }

    private func finish(status: Int32) {
        shared.withLock { shared in
            shared.isOver = true
            shared.status = status
            for waiter in shared.statusWaiters { waiter.resume(returning: status) }
            for waiter in shared.waiters { waiter.continuation.resume(returning: nil) }
            shared.waiters = []
        }
    }
}

/// Hands a process to the thread that waits for it. `@unchecked Sendable`: nothing else touches it after its start.
private struct Waiting: @unchecked Sendable {
    let process: Process

    func status() -> Int32 {
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}
