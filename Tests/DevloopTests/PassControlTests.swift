import Runner
import Synchronization
import Testing

@testable import devloop

struct PassControlTests {
    @Test(.timeLimit(.minutes(1)), arguments: [WorkPlan.Stage.build, .ready])
    func aStopEndsAPassInAStageThatMayBeStopped(_ stage: WorkPlan.Stage) async throws {
        let control = PassControl()
        try control.enter(stage)
        let wasCancelled = await control.run {
            control.stop()
            // The pass may be a moment quicker than the one who began it.
            let (never, continuation) = AsyncStream.makeStream(of: Void.self)
            await withTaskCancellationHandler {
                for await _ in never {}
            } onCancel: {
                continuation.finish()
            }
            return Task.isCancelled
        }
        #expect(wasCancelled)
        #expect(throws: CancellationError.self) { try control.enter(.deliver) }
    }

    @Test(arguments: [WorkPlan.Stage.deliver, .restart])
    func aStopLeavesAPassAloneThatMustNotBeInterrupted(_ stage: WorkPlan.Stage) async throws {
        let control = PassControl()
        try control.enter(stage)
        let wasCancelled = await control.run {
            control.stop()
            return Task.isCancelled
        }
        #expect(!wasCancelled)
        try control.enter(.ready)
    }

    @Test func aStopBeforeThePassBeginsKeepsItFromBuilding() async {
        let control = PassControl()
        control.stop()
        #expect(throws: CancellationError.self) { try control.enter(.build) }
        let wasCancelled = await control.run { Task.isCancelled }
        #expect(wasCancelled)
    }

    @Test func eachStageIsTold() throws {
        let told = Mutex<[WorkPlan.Stage]>([])
        let control = PassControl { stage in told.withLock { $0.append(stage) } }
        for stage in WorkPlan.Stage.allCases { try control.enter(stage) }
        #expect(told.withLock { $0 } == WorkPlan.Stage.allCases)
    }
}

struct ObjectLocksTests {
    private let a = KubernetesObject.Identity(kind: "Deployment", name: "a")
    private let b = KubernetesObject.Identity(kind: "Deployment", name: "b")

    private final class Holders: Sendable {
        private let counts = Mutex((now: 0, most: 0))

        var most: Int { counts.withLock { $0.most } }

        func enter() {
            counts.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
        }

        func leave() { counts.withLock { $0.now -= 1 } }
    }

    @Test(.timeLimit(.minutes(1))) func noTwoHoldOneObject() async {
        let locks = ObjectLocks()
        let holders = Holders()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<200 {
                let wanted: Set<KubernetesObject.Identity> = index % 3 == 0 ? [a, b] : [a]
                group.addTask {
                    await locks.withLocks(on: wanted) {
                        holders.enter()
                        await Task.yield()
                        holders.leave()
                    }
                }
            }
        }
        #expect(holders.most == 1)
    }

    @Test(.timeLimit(.minutes(1))) func differentObjectsDoNotWaitForEachOther() async {
        let locks = ObjectLocks()
        await locks.withLocks(on: [a]) {
            await locks.withLocks(on: [b]) {}
        }
    }

    @Test(.timeLimit(.minutes(1))) func whoWaitsForAnObjectHoldsUpNobodyWhoWantsAnother() async {
        let locks = ObjectLocks()
        let c = KubernetesObject.Identity(kind: "Deployment", name: "c")
        let waiting = await locks.withLocks(on: [a]) {
            let waiting = Task { await locks.withLocks(on: [a, b]) {} }
            while await !locks.isAwaited { await Task.yield() }
            await locks.withLocks(on: [c]) {}
            return waiting
        }
        await waiting.value
    }

    @Test(.timeLimit(.minutes(1))) func anErrorReleases() async throws {
        let locks = ObjectLocks()
        await #expect(throws: TargetError.self) {
            try await locks.withLocks(on: [a]) { throw TargetError("fails") }
        }
        await locks.withLocks(on: [a]) {}
    }
}
