#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Runner
import Synchronization

/// Standard input, for the one question that devloop asks.
enum StandardInput {
    /// Whether somebody can type there.
    static var isTerminal: Bool { isatty(0) == 1 }

    /// The next line without its newline; `nil` at the end of the input.
    /// - Throws: `CancellationError` as soon as the task is cancelled. The thread that reads stays until a line comes.
    static func line() async throws -> String? {
        let answer = Answer()
        let line = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                answer.awaited(by: continuation)
                PosixThread.detach { answer.give(readLine(strippingNewline: true)) }
            }
        } onCancel: {
            answer.give(nil)
        }
        try Task.checkCancellation()
        return line
    }

    /// The first of two answers, a line or the cancellation, whichever comes before the other.
    private final class Answer: Sendable {
        private enum State {
            case open
            case awaited(CheckedContinuation<String?, Never>)
            case given
        }

        private let state = Mutex(State.open)

        func awaited(by continuation: CheckedContinuation<String?, Never>) {
            let isGiven = state.withLock { state in
                if case .given = state { return true }
                state = .awaited(continuation)
                return false
            }
            if isGiven { continuation.resume(returning: nil) }
        }

        func give(_ line: String?) {
            let waiting = state.withLock { state -> CheckedContinuation<String?, Never>? in
                defer { state = .given }
                if case .awaited(let continuation) = state { return continuation }
                return nil
            }
            waiting?.resume(returning: line)
        }
    }
}
