import Foundation

/// The arguments and environments of all processes of this machine over a time.
struct ProcessRecord: Sendable {
    private(set) var arguments: Set<String> = []
    private(set) var environments: Set<String> = []

    /// Looks again and again, on a thread of its own.
    static func of(_ isGoingOn: @escaping @Sendable () -> Bool) async -> ProcessRecord {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var record = ProcessRecord()
                while isGoingOn() { record.look() }
                continuation.resume(returning: record)
            }
        }
    }

    private mutating func look() {
        for process in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] where Int(process) != nil {
            if let text = Self.read("/proc/\(process)/cmdline") { arguments.insert(text) }
            if let text = Self.read("/proc/\(process)/environ") { environments.insert(text) }
        }
    }

    private static func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
