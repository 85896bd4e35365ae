import Synchronization

/// What is found out beside the logs, for whoever follows these: nobody else is told.
final class LogNews: Sendable {
    private let onEvent = Mutex<(@Sendable (Workload, LogEvent) -> Void)?>(nil)

    /// Who is told from now on; the last one counts.
    func follow(_ onEvent: @escaping @Sendable (Workload, LogEvent) -> Void) { self.onEvent.withLock { $0 = onEvent } }

    func tell(_ event: LogEvent, _ workload: Workload) { onEvent.withLock { $0 }?(workload, event) }
}
