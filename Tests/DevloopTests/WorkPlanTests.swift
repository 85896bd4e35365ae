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

    @Test func aPassThatIsTriedAgainIsNoNewsUnlessSomethingNewComes() {
        var plan = WorkPlan(jobs: 1)
        let retry = WorkPlan.Cause(files: ["a"], noticed: start, isTold: true)
        #expect(plan.changed("posts", retry) == [.start("posts", retry)])
        _ = plan.ended("posts")
        _ = plan.changed("other", cause())
        _ = plan.changed("posts", retry)
        _ = plan.changed("posts", cause("b"))
        #expect(plan.ended("other") == [.start("posts", cause("a", "b"))])
    }

    // MARK: Images on images

    private func plan(jobs: Int = 4, on bases: [String: Set<String>]) -> WorkPlan {
        var plan = WorkPlan(jobs: jobs)
        _ = plan.build(on: bases)
        return plan
    }

    @Test func whatIsBuiltOnAnotherImageWaitsForIt() {
        var plan = plan(on: ["app": ["base"], "top": ["app"]])
        #expect(plan.changed("top", cause()) == [])
        #expect(plan.changed("app", cause()) == [])
        #expect(plan.changed("base", cause()) == [.start("base", cause())])
        #expect(plan.built("1", "base") == [.start("app", cause())])
        #expect(plan.ended("base") == [])
        #expect(plan.built("2", "app") == [.start("top", cause())])
    }

    @Test func aBaseThatWaitsForNoSlotIsBuiltBeforeWhatWaitsForIt() {
        var plan = plan(jobs: 1, on: ["app": ["base"]])
        #expect(plan.changed("app", cause()) == [])
        #expect(plan.changed("base", cause()) == [.start("base", cause())])
        #expect(plan.built("1", "base") == [.start("app", cause())])
    }

    /// A plan in which `app`, on `base`, is live.
    private func livePlan() -> WorkPlan {
        var plan = plan(on: ["app": ["base"]])
        for service in ["base", "app"] {
            _ = plan.changed(service, cause())
            _ = plan.built("\(service) 1", service)
            _ = plan.ended(service)
        }
        return plan
    }

    @Test func anotherBaseRebuildsWhatIsBuiltOnIt() {
        var plan = livePlan()
        #expect(plan.changed("base", cause("lib", after: 5)) == [.start("base", cause("lib", after: 5))])
        let because = WorkPlan.Cause(bases: ["base"], noticed: start + .milliseconds(5))
        #expect(plan.built("base 2", "base") == [.start("app", because)])
    }

    @Test func aBaseThatCameOutTheSameRebuildsNothing() {
        var plan = livePlan()
        _ = plan.changed("base", cause("lib"))
        #expect(plan.built("base 1", "base") == [])
        #expect(plan.ended("base") == [])
        #expect(plan.isIdle)
    }

    @Test func aSaveOfWhatIsBuiltOnAChangingBaseWaitsForTheBase() {
        var plan = livePlan()
        _ = plan.changed("base", cause("lib"))
        #expect(plan.changed("app", cause("a", after: 9)) == [])
        let both = WorkPlan.Cause(files: ["a"], bases: ["base"], noticed: start)
        #expect(plan.built("base 2", "base") == [.start("app", both)])
    }

    @Test func aBaseThatChangesWhileItsDependantIsBuiltStopsThatAndRebuildsIt() {
        var plan = livePlan()
        _ = plan.changed("app", cause("a"))
        #expect(plan.changed("base", cause("lib")) == [.start("base", cause("lib"))])
        #expect(plan.built("base 2", "base") == [.stop("app")])
        let both = WorkPlan.Cause(files: ["a"], bases: ["base"], noticed: start)
        #expect(plan.ended("app") == [.start("app", both)])
    }

    @Test func aBaseThatFailsHoldsWhatIsBuiltOnItAndSaysSo() {
        var plan = livePlan()
        _ = plan.changed("base", cause("lib"))
        #expect(plan.changed("app", cause("a")) == [])
        #expect(plan.ended("base") == [.hold("app", base: "base")])
        #expect(plan.changed("app", cause("b")) == [.hold("app", base: "base")])
        // Tried again, it fails again: that is said already.
        _ = plan.changed("base", .init(files: ["lib"], noticed: start, isTold: true))
        #expect(plan.ended("base") == [])
        _ = plan.changed("base", cause("lib"))
        #expect(plan.built("base 1", "base") == [.start("app", cause("a", "b"))])
    }

    @Test func aBaseWhoseNameSomebodyElseMovedIsBuiltAgainAndThenWhatWasBuiltOnIt() {
        var plan = livePlan()
        _ = plan.changed("app", cause("a"))
        let silent = WorkPlan.Cause(noticed: start, isTold: true)
        #expect(plan.moved(["base"], under: "app") == [.rebuild(base: "base", for: "app"), .start("base", silent)])
        #expect(plan.ended("app") == [])
        #expect(plan.built("base 1", "base") == [.start("app", .init(files: ["a"], noticed: start, isTold: true))])
        #expect(plan.built("app 2", "app") == [])
        #expect(plan.ended("base") + plan.ended("app") == [])
        #expect(plan.isIdle)
    }

    @Test func aBaseThatWasBuiltAnewDuringTheBuildIsNotBuiltAgain() {
        var plan = livePlan()
        for file in 1...4 {
            _ = plan.changed("base", cause("\(file)"))
            if file > 1 { _ = plan.ended("base") }
        }
        // It never rests: the other one is built on it all the same.
        _ = plan.changed("app", cause("a"))
        _ = plan.built("base 2", "base")
        #expect(plan.moved(["base"], under: "app") == [])
        _ = plan.ended("base")
        #expect(plan.ended("app").contains { if case .start("app", _) = $0 { true } else { false } })
    }

    @Test func aNameThatIsMovedAgainAndAgainIsAFailure() {
        var plan = livePlan()
        _ = plan.changed("app", cause("a"))
        for _ in 1..<WorkPlan.missLimit {
            _ = plan.moved(["base"], under: "app")
            _ = plan.ended("app")
            _ = plan.built("base 1", "base")
            _ = plan.ended("base")
        }
        #expect(plan.moved(["base"], under: "app") == [.giveUp("app", base: "base")])
        #expect(plan.ended("app") == [])
        #expect(plan.isIdle)
        // The next save tries again.
        #expect(plan.changed("app", cause("b")) == [.start("app", cause("b"))])
        #expect(plan.moved(["base"], under: "app").first == .rebuild(base: "base", for: "app"))
    }

    @Test func aServiceThatBeginsToBuildOnAnotherOneIsRebuiltWithIt() {
        var plan = WorkPlan(jobs: 2)
        for service in ["base", "app"] {
            _ = plan.changed(service, cause())
            _ = plan.built("1", service)
            _ = plan.ended(service)
        }
        #expect(plan.build(on: ["app": ["base"]]) == [])
        #expect(plan.changed("app", cause("Dockerfile")) == [.start("app", cause("Dockerfile"))])
        _ = plan.built("2", "app")
        _ = plan.ended("app")
        _ = plan.changed("base", cause("lib"))
        #expect(plan.built("2", "base") == [.start("app", .init(bases: ["base"], noticed: start))])
        _ = plan.built("3", "app")
        _ = plan.ended("app")
        _ = plan.build(on: [:])
        _ = plan.changed("base", cause("lib"))
        #expect(plan.built("3", "base") == [])
    }

    // MARK: What never rests

    @Test func whereBuildsWereStoppedThreeTimesTheNextIsLetFinishAndTheFileIsNamedOnce() {
        var plan = WorkPlan(jobs: 1)
        _ = plan.changed("posts", cause("a"))
        for _ in 0..<3 {
            #expect(plan.changed("posts", cause("log")) == [.stop("posts")])
            _ = plan.changed("posts", cause("b"))
            _ = plan.changed("posts", cause("log"))
            #expect(plan.ended("posts").count == 1)
        }
        #expect(plan.changed("posts", cause("log")) == [.letFinish("posts", file: "log")])
        #expect(plan.changed("posts", cause("log")) == [])
        // What came meanwhile is built next, and let finish too.
        #expect(plan.ended("posts") == [.start("posts", cause("log"))])
        #expect(plan.changed("posts", cause("log")) == [])
        #expect(plan.ended("posts") == [.start("posts", cause("log"))])
        // Once it rests, saves stop builds again.
        #expect(plan.ended("posts") == [])
        _ = plan.changed("posts", cause("a"))
        #expect(plan.changed("posts", cause("b")) == [.stop("posts")])
    }

    /// What a pass waits for may never come: a pod whose init container waits for what is not there.
    @Test func aWaitForContainersIsGivenUpForWhatIsNewerHoweverOften() {
        var plan = WorkPlan(jobs: 1)
        _ = plan.changed("posts", cause("a"))
        for _ in 0..<9 {
            _ = plan.built("1", "posts")
            _ = plan.entered(.ready, "posts")
            #expect(plan.changed("posts", cause("a")) == [.stop("posts")])
            #expect(plan.ended("posts") == [.start("posts", cause("a"))])
        }
        // And such a file is no restless one: its builds came to their ends.
        #expect(plan.changed("posts", cause("a")) == [.stop("posts")])
    }

    /// A file of the base, or of what is built on it, changes at every tick; a build takes longer than that. All the
    /// same both come to their ends again and again.
    @Test(arguments: [1, 2], ["base", "app"]) func whatNeverRestsStarvesNothing(_ jobs: Int, _ restless: String) {
        var plan = plan(jobs: jobs, on: ["app": ["base"]])
        var (running, ends): ([String: Int], [String: Int]) = ([:], [:])
        var actions = plan.changed("app", cause()) + plan.changed("base", cause())
        for tick in 0..<200 {
            actions += plan.changed(restless, cause("log"))
            while !actions.isEmpty {
                switch actions.removeFirst() {
                case .start(let service, _): running[service] = 0
                case .stop(let service):
                    running[service] = nil
                    actions += plan.ended(service)
                case .hold, .letFinish, .rebuild, .giveUp: break
                }
            }
            for (service, age) in running.sorted(by: { $0.key < $1.key }) {
                running[service] = age + 1
                guard age == 3 else { continue }
                running[service] = nil
                ends[service, default: 0] += 1
                actions += plan.built("\(service) \(tick)", service) + plan.ended(service)
            }
        }
        #expect(ends["base"] ?? 0 >= (restless == "base" ? 15 : 1), "\(ends)")
        #expect(ends["app"] ?? 0 >= 5, "\(ends)")
    }
}
