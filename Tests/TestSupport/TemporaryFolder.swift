import Foundation

/// A folder of a test's own, removed with it.
package final class TemporaryFolder: Sendable {
    package let path: String

    /// - Parameter isLarge: in memory if there is a file system there, because disks are slow with many files.
    package init(isLarge: Bool = false) throws {
        let parent =
            isLarge && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : FileManager.default.temporaryDirectory.path
        path = "\(parent)/devloop-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // Not FileManager: some of the tests make what it cannot remove.
        let removal = Process()
        removal.executableURL = URL(fileURLWithPath: "/bin/rm")
        removal.arguments = ["-rf", path]
        try? removal.run()
        removal.waitUntilExit()
    }
}
