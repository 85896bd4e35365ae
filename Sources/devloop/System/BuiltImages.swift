import Runner
import Synchronization

/// Which images were built for a project: kept from run to run, so that those that are superseded can be told from all
/// others. What an image is labelled with would not do: whatever anybody builds on it has its labels, too.
final class BuiltImages: Sendable {
    private let path: String?
    /// Builds end at the same time.
    private let turn = Mutex(())

    /// - Parameters:
    ///   - project: the place of devloop.json.
    ///   - folder: devloop's state folder; where there is none, nothing is remembered.
    init(project: String, folder: String?) {
        var fingerprint = Fingerprint()
        fingerprint.add(project)
        path = folder.map { "\($0)/built/\(fingerprint.text)" }
    }

    /// All of them, as far as they were noted.
    var history: ImageHistory {
        guard let path, let bytes = try? FileSystem.read(path) else { return ImageHistory() }
        return ImageHistory(String(decoding: bytes, as: UTF8.self))
    }

    /// Notes a change of them. That it can't be noted costs disk and nothing else.
    func note(_ change: (inout ImageHistory) -> Void) {
        guard let path else { return }
        turn.withLock { _ in
            let before = history
            var after = before
            change(&after)
            if after != before { try? FileSystem.write(Array(after.text.utf8), to: path) }
        }
    }
}
