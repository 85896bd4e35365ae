import Synchronization

/// The switch between a pass and those who want it stopped: it decides, in one step, whether a request to stop comes
/// before or after the pass goes on to a stage that must not be interrupted.
final class PassControl: Sendable {
    private struct Shared {
        var stage = WorkPlan.Stage.build
        var isStopped = false
        var cancel: (@Sendable () -> Void)?
    }

    private let shared = Mutex(Shared())
    private let onStage: @Sendable (WorkPlan.Stage) -> Void

    /// - Parameter onStage: told of each stage that the pass enters.
    init(onStage: @escaping @Sendable (WorkPlan.Stage) -> Void = { _ in }) { self.onStage = onStage }

    /// The pass goes on to a stage.
    /// - Throws: `CancellationError` where it was stopped before.
    func enter(_ stage: WorkPlan.Stage) throws {
        try shared.withLock {
            guard !$0.isStopped else { throw CancellationError() }
            $0.stage = stage
        }
        onStage(stage)
    }

    /// Ends the pass, if it is in a stage that can be stopped; otherwise it goes on.
    func stop() {
        let cancel = shared.withLock { shared -> (@Sendable () -> Void)? in
            guard shared.stage.canBeStopped else { return nil }
            shared.isStopped = true
            return shared.cancel
        }
        cancel?()
    }

    /// Runs the pass so that ``stop()`` reaches it.
    func run<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async -> Result {
        let task = Task { await body() }
        let isStopped = shared.withLock {
            $0.cancel = { task.cancel() }
            return $0.isStopped
        }
        if isStopped { task.cancel() }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
