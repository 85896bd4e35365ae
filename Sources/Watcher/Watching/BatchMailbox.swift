import Synchronization

/// Hands batches from the watcher's thread to the one who awaits them. It holds one batch: what a slow consumer has
/// not taken is merged with what follows, so that nothing is lost and no more is kept than there are paths.
final class BatchMailbox: Sendable {
    private struct State {
        var batch: ChangeBatch?
        var consumer: CheckedContinuation<ChangeBatch?, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    /// The batches until ``close()``; for one consumer.
    var batches: AsyncStream<ChangeBatch> {
        AsyncStream {
            await self.next()
        } onCancel: {
            self.wake()
        }
    }

    func post(_ batch: ChangeBatch) {
        let delivery: (CheckedContinuation<ChangeBatch?, Never>, ChangeBatch)? = state.withLock { state in
            guard !state.isClosed else { return nil }
            if let consumer = state.consumer {
                state.consumer = nil
                return (consumer, batch)
            }
            state.batch = if let waiting = state.batch { waiting.merged(with: batch) } else { batch }
            return nil
        }
        if let (consumer, batch) = delivery { consumer.resume(returning: batch) }
    }

    /// Ends the batches, after the one that waits to be taken.
    func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    private func next() async -> ChangeBatch? {
        await withCheckedContinuation { continuation in
            let immediate: ChangeBatch?? = state.withLock { state in
                if let batch = state.batch {
                    state.batch = nil
                    return .some(batch)
                }
                if state.isClosed || Task.isCancelled { return .some(nil) }
                precondition(state.consumer == nil, "batches have one consumer")
                state.consumer = continuation
                return nil
            }
            if let immediate { continuation.resume(returning: immediate) }
        }
    }

    private func wake() {
        let consumer = state.withLock { state in
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: nil)
    }
}
