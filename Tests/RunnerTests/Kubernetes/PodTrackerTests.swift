import Testing

@testable import Runner

struct PodTrackerTests {
    private var tracker = PodTracker()
    private let workload = Workload(kind: .deployment, name: "posts", namespace: "default")

    private mutating func handle(_ change: ClusterWatch.Change, _ fixture: PodFixture) throws -> [PodTracker.Action] {
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
}
