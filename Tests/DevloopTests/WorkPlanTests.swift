import Testing

@testable import devloop

struct WorkPlanTests {
    private let start = ContinuousClock.now

    private func cause(_ files: String..., after milliseconds: Int = 0) -> WorkPlan.Cause {
        WorkPlan.Cause(files: files, noticed: start + .milliseconds(milliseconds))
    }

    @Test func aChangeStartsAPassOfItsService() {
        var plan = WorkPlan(jobs: 2)
        #expect(plan.changed("posts", cause("a")) == [.start("posts", cause("a"))])
        #expect(!plan.isIdle)
        #expect(plan.ended("posts") == [])
        #expect(plan.isIdle)
    }

    @Test func aSaveDuringABuildStopsItAndTheNextPassCoversBoth() {
        var plan = WorkPlan(jobs: 2)
        _ = plan.changed("posts", cause("a"))
        #expect(plan.changed("posts", cause("b", after: 10)) == [.stop("posts")])
        #expect(plan.changed("posts", cause("c", after: 20)) == [])
        #expect(plan.ended("posts") == [.start("posts", cause("b", "c", "a"))])
    }

    @Test(arguments: [WorkPlan.Stage.deliver, .restart])
    func aSaveInAStageThatCannotBeStoppedIsBuiltRightAfterIt(_ stage: WorkPlan.Stage) {
        var plan = WorkPlan(jobs: 2)
        _ = plan.changed("posts", cause("a"))
        _ = plan.entered(stage, "posts")
        #expect(plan.changed("posts", cause("b", after: 10)) == [])
        #expect(plan.entered(.ready, "posts") == [.stop("posts")])
        #expect(plan.ended("posts") == [.start("posts", cause("b", after: 10))])
    }

    @Test func aSaveWhileThePassWaitsForReadinessEndsTheWait() {
        var plan = WorkPlan(jobs: 2)
        _ = plan.changed("posts", cause("a"))
        _ = plan.entered(.ready, "posts")
        #expect(plan.changed("posts", cause("b", after: 10)) == [.stop("posts")])
        #expect(plan.ended("posts") == [.start("posts", cause("b", after: 10))])
    }

    @Test func aRequestToStopABuildThatComesTooLateLosesNoChange() {
        var plan = WorkPlan(jobs: 2)
        _ = plan.changed("posts", cause("a"))
        #expect(plan.changed("posts", cause("b", after: 10)) == [.stop("posts")])
        #expect(plan.entered(.deliver, "posts") == [])
        #expect(plan.ended("posts") == [.start("posts", cause("b", after: 10))])
    }

    @Test func noMoreThanTheGivenNumberOfImagesAreBuiltAtOnceAndTheRestFollowInOrder() {
        var plan = WorkPlan(jobs: 2)
        #expect(plan.changed("a", cause()) == [.start("a", cause())])
        #expect(plan.changed("b", cause()) == [.start("b", cause())])
        #expect(plan.changed("c", cause()) == [])
        #expect(plan.changed("d", cause()) == [])
        #expect(plan.entered(.deliver, "b") == [.start("c", cause())])
        #expect(plan.ended("a") == [.start("d", cause())])
    }

    @Test func changesOfAServiceThatWaitsForASlotBecomeOnePass() {
        var plan = WorkPlan(jobs: 1)
        _ = plan.changed("a", cause())
        #expect(plan.changed("b", cause("x", after: 5)) == [])
        #expect(plan.changed("b", cause("y", "x", after: 9)) == [])
        #expect(plan.ended("a") == [.start("b", cause("x", "y", after: 5))])
    }

    @Test func aServiceThatIsGoneIsStoppedAndNotBuiltAgain() {
        var plan = WorkPlan(jobs: 1)
        _ = plan.changed("a", cause())
        _ = plan.changed("b", cause())
        #expect(plan.removed("b") == [])
        #expect(plan.removed("a") == [.stop("a")])
        #expect(plan.ended("a") == [])
        #expect(plan.isIdle)
    }

    /// Random saves meet passes that take random steps. Whatever the order: never two passes of one service, never too
    /// many builds, and in the end every change is covered by a pass that began after it.
    @Test(arguments: 0..<200) func noOrderOfEventsLosesAChange(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let jobs = Int.random(in: 1...3, using: &random)
        let services = ["a", "b", "c", "d"]
        var plan = WorkPlan(jobs: jobs)
        var world = World()
        for step in 0..<300 {
            // The first part has saves in it; in the second, passes only come to their ends.
            let runs = world.running.keys.sorted()
            if step < 150 && (runs.isEmpty || Int.random(in: 0..<3, using: &random) == 0) {
                let service = services.randomElement(using: &random) ?? "a"
                world.saved[service, default: 0] += 1
                let file = "\(service)\(world.saved[service] ?? 0)"
                world.perform(plan.changed(service, cause(file)))
            } else if let service = runs.randomElement(using: &random) {
                world.step(service, &plan, &random)
            }
            #expect(world.running.values.count { $0.stage == .build } <= jobs)
        }
        while let service = world.running.keys.sorted().first { world.step(service, &plan, &random) }
        #expect(plan.isIdle)
        #expect(world.problems.isEmpty)
        for (service, count) in world.saved { #expect(world.live[service] == count, "\(service), seed \(seed)") }
    }

    /// Passes as the plan's actions make them: each builds what was saved when it began.
    private struct World {
        struct Run {
            var stage = WorkPlan.Stage.build
            var content: Int
            var isStopped = false
        }

        var saved: [String: Int] = [:]
        var live: [String: Int] = [:]
        var running: [String: Run] = [:]
        var problems: [String] = []

        mutating func perform(_ actions: [WorkPlan.Action]) {
            for action in actions {
                switch action {
                case .start(let service, _):
                    if running[service] != nil { problems.append("two passes of \(service)") }
                    running[service] = Run(content: saved[service] ?? 0)
                case .stop(let service):
                    // As PassControl decides it.
                    if running[service]?.stage.canBeStopped == true { running[service]?.isStopped = true }
                }
            }
        }

        mutating func step(_ service: String, _ plan: inout WorkPlan, _ random: inout SplitMix) {
            guard var run = running[service] else { return }
            let fails = Int.random(in: 0..<8, using: &random) == 0 && saved[service] != run.content
            let next = WorkPlan.Stage(rawValue: run.stage.rawValue + 1)
            if run.isStopped || fails || next == nil {
                running[service] = nil
                perform(plan.ended(service))
            } else if let next {
                run.stage = next
                if next == .ready { live[service] = run.content }
                running[service] = run
                perform(plan.entered(next, service))
            }
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
