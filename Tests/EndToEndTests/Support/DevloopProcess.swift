import Foundation
import Runner
import Synchronization
import Testing

@testable import Runner

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
        var splitter = LineSplitter()
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
        // Marks are looked for, which a locale without Unicode has others for.
        let variables = ProcessInfo.processInfo.environment.merging(
            ["LC_ALL": "C.UTF-8", ProxySettings.imageVariable: Docker.proxy().image]
        ) { $1 }
        .merging(environment) { $1 }
        let pipe = DescriptorPair.pipe()
        let file = output.map { output in
            Descriptors.closedOnExec { open(output.path, O_WRONLY | O_CREAT | O_TRUNC, 0o644) }
        }
        // Not Foundation's Process: it takes a program for running as long as one of that program's children runs.
        pid = try SpawnRequest(
            path: "/usr/bin/env", command: Command("env", ["-C", folder.path, Self.executable] + arguments),
            environment: variables.map { "\($0)=\($1)" }, standardOutput: file ?? pipe.writing,
            standardError: pipe.writing
        ).start()
        pipe.closeWriting()
        if let file { close(file) }
        Thread.detachNewThread { [self, pid] in
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while case let count = read(pipe.reading, &buffer, buffer.count), count > 0 {
                buffer.withUnsafeBytes { take(.init(rebasing: $0[..<count])) }
            }
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            pipe.close()
            finish(status: status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f))
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

    private func take(_ bytes: UnsafeRawBufferPointer) {
        shared.withLock { shared in
            var lines: [String] = []
            shared.splitter.append(bytes) { lines.append(String(decoding: $0, as: UTF8.self)) }
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
