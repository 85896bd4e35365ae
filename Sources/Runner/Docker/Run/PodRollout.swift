import Synchronization

/// A pod that comes up in the background.
final class PodRollout: Sendable {
    private let fingerprint: String
    private let task: Task<Void, any Error>
    private let ended: EndFlag

    init(of plan: PodPlan, _ bringUp: @escaping @Sendable () async throws -> Void) {
        fingerprint = plan.fingerprint
        let flag = EndFlag()
        ended = flag
        task = Task {
            defer { flag.isSet.store(true, ordering: .releasing) }
            try await bringUp()
        }
    }

    /// Whether it will bring up just this.
    func isOnItsWay(to plan: PodPlan) -> Bool {
        !ended.isSet.load(ordering: .acquiring) && fingerprint == plan.fingerprint
    }

    /// Returns when the pod is up. If the waiting task is cancelled, the pod comes up all the same.
    /// - Throws: why it is not, or `CancellationError`.
    func value() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        Task {
            _ = await task.result
            continuation.finish()
        }
        for await _ in stream {}
        try Task.checkCancellation()
        try await task.value
    }

    /// Ends it, and returns when what ran before it is back.
    func end() async {
        task.cancel()
        _ = await task.result
    }
}

private final class EndFlag: Sendable {
    let isSet = Atomic(false)
}

/// Whether devloop itself ends a container.
enum ContainerRetirement: Sendable {
    case none
    case inBackground
    /// A new pod waits for its end, and kills it after so many seconds.
    case awaited(grace: Int)
}
