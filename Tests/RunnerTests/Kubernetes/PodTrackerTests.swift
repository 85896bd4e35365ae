import Testing

@testable import Runner

struct PodTrackerTests {
    private var tracker = PodTracker()
    private let workload = Workload(kind: .deployment, name: "posts", namespace: "default")

    private mutating func handle(_ change: PodEvent.Change, _ fixture: PodFixture) throws -> [PodTracker.Action] {
        tracker.handle(PodEvent(change: change, pod: try fixture.pod), workload: workload)
    }

    private func key(_ fixture: PodFixture, _ index: Int = 0) throws -> PodTracker.Key {
        let pod = try fixture.pod
        return PodTracker.Key(pod, pod.containers[index])
    }

    private func fixture(
        _ state: PodFixture.Container.State, restarts: Int = 0, uid: String = "uid-1", lastExit: Int? = nil
    ) -> PodFixture {
        PodFixture(uid: uid, containers: [.init(restarts: restarts, state: state, lastExit: lastExit)])
    }

    @Test mutating func aContainerIsFollowedOnceItHasStarted() throws {
        #expect(try handle(.added, fixture(.none)) == [])
        #expect(try handle(.modified, fixture(.waiting("ContainerCreating", ""))) == [])
        let running = fixture(.running)
        let state = PodTracker.State(restarts: 0, isRunning: true, isOver: false)
        #expect(try handle(.modified, running) == [.follow(try key(running), workload, label: nil, state)])
        #expect(try handle(.modified, running) == [])
        // As a watch that begins again tells it.
        #expect(try handle(.added, running) == [])
    }

    @Test mutating func severalContainersCarryTheirNames() throws {
        let pod = PodFixture(containers: [
            .init(name: "setup", state: .terminated(code: 0), isInit: true), .init(name: "app"),
        ])
        let labels = try handle(.added, pod).map { action -> String? in
            if case .follow(_, _, let label, _) = action { label } else { nil }
        }
        #expect(labels == ["setup", "app"])
    }

    @Test mutating func aRestartIsAnUpdate() throws {
        _ = try handle(.added, fixture(.running))
        let dead = fixture(.terminated(code: 1))
        #expect(
            try handle(.modified, dead) == [.update(try key(dead), .init(restarts: 0, isRunning: false, isOver: false))]
        )
        let again = fixture(.running, restarts: 1, lastExit: 1)
        #expect(
            try handle(.modified, again) == [
                .update(try key(again), .init(restarts: 1, isRunning: true, isOver: false))
            ])
    }

    @Test mutating func aContainerIsOverWhenItsPodEnds() throws {
        _ = try handle(.added, fixture(.running))
        var pod = fixture(.running)
        pod.isTerminating = true
        #expect(try handle(.modified, pod) == [])
        pod.containers[0].state = .terminated(code: 0)
        #expect(
            try handle(.modified, pod) == [.update(try key(pod), .init(restarts: 0, isRunning: false, isOver: true))])
        #expect(
            try handle(.deleted, pod) == [
                .update(try key(pod), .init(restarts: 0, isRunning: false, isOver: true, isGone: true))
            ])
        #expect(try handle(.deleted, pod) == [])
    }

    @Test mutating func aPodThatIsDeletedWhileItRunsIsGone() throws {
        let pod = fixture(.running)
        _ = try handle(.added, pod)
        #expect(
            try handle(.deleted, pod) == [
                .update(try key(pod), .init(restarts: 0, isRunning: false, isOver: true, isGone: true))
            ])
    }

    @Test mutating func aPodThatIsDeletedBeforeItStartedIsNeverFollowed() throws {
        #expect(try handle(.added, fixture(.none)) == [])
        #expect(try handle(.deleted, fixture(.running)) == [])
    }

    /// A StatefulSet's pods keep their names, and the deletion may have come while nobody watched.
    @Test mutating func anotherPodOfTheSameNameMeansThatTheOldOneIsGone() throws {
        let (old, new) = (fixture(.running), fixture(.running, uid: "uid-2"))
        _ = try handle(.added, old)
        let state = PodTracker.State(restarts: 0, isRunning: true, isOver: false)
        #expect(
            try handle(.added, new) == [
                .update(try key(old), .init(restarts: 0, isRunning: false, isOver: true, isGone: true)),
                .follow(try key(new), workload, label: nil, state),
            ])
    }

    @Test mutating func aProblemIsToldOnceForAsLongAsItLasts() throws {
        let pull = fixture(.waiting("ErrImagePull", "not found"))
        let first = try handle(.added, pull)
        #expect(
            first == [
                .notice(
                    workload,
                    "the image localhost:5000/blog/posts:latest cannot be pulled (ErrImagePull): not found")
            ])
        #expect(try handle(.modified, fixture(.waiting("ImagePullBackOff", "back-off"))) == [])
        #expect(try handle(.modified, pull) == [])
        _ = try handle(.modified, fixture(.running))
        #expect(try handle(.modified, pull).contains(first[0]))
    }

    @Test mutating func eachCrashIsTold() throws {
        var notices: [[String]] = []
        for restarts in [1, 1, 2] {
            let crash = fixture(.waiting("CrashLoopBackOff", "back-off"), restarts: restarts, lastExit: 3)
            notices.append(
                try handle(.modified, crash).compactMap { action in
                    if case .notice(_, let text) = action { text } else { nil }
                })
        }
        #expect(notices.map(\.count) == [1, 0, 1])
        #expect(notices[0].first?.contains("keeps crashing (exit code 3, restarted 1 times)") == true)
    }

    @Test mutating func aPodThatFindsNoNodeSaysSoOnceForAllOfItsContainers() throws {
        var pod = PodFixture(phase: "Pending", unschedulable: "0/1 nodes are available")
        pod.containers = [.init(name: "a", state: .none), .init(name: "b", state: .none)]
        #expect(
            try handle(.added, pod) == [
                .notice(workload, "pod posts-abc-1 finds no node: 0/1 nodes are available")
            ])
    }

    @Test mutating func whatHappensToAPodThatEndsIsNoProblem() throws {
        var pod = fixture(.waiting("CrashLoopBackOff", ""), restarts: 1)
        pod.isTerminating = true
        #expect(try handle(.added, pod) == [])
    }

    @Test(arguments: [
        ("ContainerCreating", nil), ("PodInitializing", nil),
        ("CreateContainerConfigError", "something that it refers to is missing: the message"),
        ("InvalidImageName", "container app: InvalidImageName: the message"),
        ("ImagePullBackOff", "cannot be pulled (ImagePullBackOff): the message"),
    ])
    func aReasonIsPutInWords(reason: String, words: String?) throws {
        let pod = try fixture(.waiting(reason, "the message")).pod
        let problem = PodProblem.describe(pod.containers[0], of: pod)
        if let words { #expect(problem?.text.contains(words) == true) } else { #expect(problem == nil) }
    }
}
