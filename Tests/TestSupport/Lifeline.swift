import Foundation
import Synchronization

/// Tells when processes have ended that are nobody's children any more: they hold the writing end of a pipe, which
/// their descendants inherit and which the system closes with the last of them.
package final class Lifeline: Sendable {
    private let folder: TemporaryFolder
    private let descriptor: Int32

    package init() throws {
        folder = try TemporaryFolder()
        guard mkfifo("\(folder.path)/pipe", 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
        descriptor = open("\(folder.path)/pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// What a shell script begins with that is to be waited for.
    package var hold: String { "exec 9>'\(folder.path)/pipe'" }

    /// Returns once no process holds it any more.
    package func end() async {
        // That there was a writer is what the system reports the end of.
        close(open("\(folder.path)/pipe", O_WRONLY | O_CLOEXEC))
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                var polled = pollfd(fd: descriptor, events: 0, revents: 0)
                while poll(&polled, 1, -1) < 0, errno == EINTR {}
                continuation.resume()
            }
        }
    }
}
