import Runner
import Synchronization

/// The wish to end, which may come before there is a task to cancel.
final class Ending: Sendable {
    /// What a signal means, by those that came before it.
    enum Request: Equatable {
        /// End in order.
        case first
        /// The same Ctrl-C once more: what wrappers (`npm run`, `timeout`) send to their child and to its whole group.
        case same
        /// End at once.
        case forced
    }

    /// What comes so soon after the first is the same.
    static let echo = Duration.milliseconds(500)

    private struct Shared {
        var first: ContinuousClock.Instant?
        var isForced = false
        var task: Task<ExitCode, Never>?
    }

    private let shared = Mutex(Shared())

    /// Cancels the task, the first time.
    @discardableResult func request(at now: ContinuousClock.Instant = .now) -> Request {
        let (request, task) = shared.withLock { shared -> (Request, Task<ExitCode, Never>?) in
            guard let first = shared.first else {
                shared.first = now
                return (.first, shared.task)
            }
            if now - first >= Self.echo { shared.isForced = true }
            return (shared.isForced ? .forced : .same, nil)
        }
        task?.cancel()
        return request
    }

    /// Whether the end is at once: what comes of a command whose programs were killed is no end in order any more.
    var isForced: Bool { shared.withLock { $0.isForced } }

    /// The task that a request cancels.
    func cancels(_ task: Task<ExitCode, Never>) {
        let isRequested = shared.withLock { shared in
            shared.task = task
            return shared.first != nil
        }
        if isRequested { task.cancel() }
    }
}

/// What is told where the end was forced: what is as it should not be, and what to do.
final class Farewell: Sendable {
    private let words = Mutex("ended at once")

    /// The words.
    var text: String { words.withLock { $0 } }

    /// From now on there is something that a forced end leaves behind.
    /// - Parameter command: what deletes it.
    func leaves(_ what: String, deletedBy command: Command) {
        words.withLock { $0 = "ended at once; \(what): \(command)" }
    }
}
