import Synchronization

/// How the watcher's thread is told what to do.
final class WatchControl: Sendable {
    struct Command: Sendable {
        let roots: [WatchRoot]
        let done: CheckedContinuation<Void, Never>
    }

    private struct State {
        var commands: [Command] = []
        var isClosed = false
    }

    let signal: WakeSignal
    private let state = Mutex(State())
    private let stopped = Atomic(false)

    init() throws(SystemError) {
        signal = try WakeSignal()
    }

    /// Whether the thread is to end; read between any two folders.
    var isStopped: Bool { stopped.load(ordering: .relaxed) }

    /// Watches these roots from now on; returns when their baselines are taken, or when the watcher stops.
    func watch(_ roots: [WatchRoot]) async {
        await withCheckedContinuation { continuation in
            let isAccepted = state.withLock { state in
                if !state.isClosed { state.commands.append(Command(roots: roots, done: continuation)) }
                return !state.isClosed
            }
            if isAccepted { signal.wake() } else { continuation.resume() }
        }
    }

    func takeCommands() -> [Command] {
        state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
    }

    func stop() {
        stopped.store(true, ordering: .relaxed)
        signal.wake()
    }

    /// The thread's last word: nobody waits for it any more.
    func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.commands = [] }
            return state.commands
        }
        for command in left { command.done.resume() }
    }
}
