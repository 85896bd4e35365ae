import Testing

@testable import Runner

/// When a problem is told and when it is withdrawn; time is the test's.
struct ProblemTrackerTests {
    private var tracker = ProblemTracker()
    private var now = ContinuousClock.now
    private let workload = Workload(kind: .deployment, name: "posts", namespace: "default")

    private static let missingImage = PodFixture.Container.State.waiting("ErrImagePull", "manifest unknown")

    private func fixture(
        _ state: PodFixture.Container.State, restarts: Int = 0, name: String = "posts-abc-1", hash: String = "abc",
        isReady: Bool = false, probes: [(String, JSONValue)] = []
    ) -> PodFixture {
        PodFixture(
            name: name, uid: name, hash: hash, isReady: isReady,
            containers: [.init(restarts: restarts, state: state, specification: probes)])
    }

    /// A container that runs again after it died.
    private func revived(restarts: Int, isReady: Bool = false) -> PodFixture {
        var pod = fixture(.running, restarts: restarts, isReady: isReady)
        pod.containers[0].lastExit = 3
        return pod
    }

    /// What an action says, in short: `tell STATE`, `withdraw STATE, STATE`.
    private mutating func words(_ actions: [ProblemTracker.Action]) -> [String] {
        var words: [String] = []
        for action in actions {
            switch action {
            case .tell(let problem, let workload, _):
                words.append("tell \(problem.state)")
                words += self.words(tracker.didTell(workload, now: now))
            case .withdraw(_, let states): words.append("withdraw \(states.joined(separator: ", "))")
            }
        }
        return words
    }

    private mutating func see(_ pod: PodFixture, _ change: ClusterWatch.Change = .modified) throws -> [String] {
        words(tracker.handle(PodEvent(change: change, pod: try pod.pod), workload: workload, now: now))
    }

    private func event(
        _ reason: String, _ message: String, kind: String = "Pod", name: String = "posts-abc-1",
        container: String? = nil
    ) throws -> ClusterEvent {
        var object: JSONValue = ["kind": .string(kind), "name": .string(name), "uid": .string(name)]
        if let container { object["fieldPath"] = .string("spec.containers{\(container)}") }
        return try #require(
            ClusterEvent(["reason": .string(reason), "message": .string(message), "involvedObject": object]))
    }

    private mutating func hear(_ event: ClusterEvent) -> [String] { words(tracker.handle(event, now: now)) }

    private mutating func wait(_ duration: Duration) -> [String] {
        now += duration
        return words(tracker.advance(to: now))
    }

    // MARK: - Once

    @Test mutating func aProblemIsToldOnceForAsLongAsItLasts() throws {
        #expect(try see(fixture(Self.missingImage), .added) == ["tell ErrImagePull"])
        #expect(try see(fixture(.waiting("ImagePullBackOff", "manifest unknown"))) == [])
        #expect(try see(fixture(.waiting("ImagePullBackOff", ""))) == [])
        #expect(try see(fixture(Self.missingImage)) == [])
        // As a watch that begins again tells it.
        #expect(try see(fixture(Self.missingImage), .added) == [])
        #expect(wait(.seconds(3600)) == [])
    }

    @Test mutating func replicasWithOneProblemAreOneMessage() throws {
        #expect(try see(fixture(Self.missingImage, name: "posts-abc-1")) == ["tell ErrImagePull"])
        #expect(try see(fixture(Self.missingImage, name: "posts-abc-2")) == [])
    }

    @Test mutating func theNextRolloutWithTheSameProblemIsWorthAWord() throws {
        #expect(try see(fixture(Self.missingImage)) == ["tell ErrImagePull"])
        #expect(try see(fixture(Self.missingImage, name: "posts-def-1", hash: "def")) == ["tell ErrImagePull"])
    }

    @Test mutating func anotherProblemIsToldToo() throws {
        #expect(try see(fixture(Self.missingImage)) == ["tell ErrImagePull"])
        #expect(
            try see(fixture(.waiting("CreateContainerConfigError", "secret \"a\" not found"))) == [
                "tell CreateContainerConfigError"
            ])
        #expect(
            try see(fixture(.waiting("CreateContainerConfigError", "secret \"b\" not found"))) == [
                "tell CreateContainerConfigError"
            ])
    }

    @Test mutating func podsThatAreToEndAreNotReported() throws {
        var pod = fixture(.terminated(code: 137), isReady: false)
        pod.isTerminating = true
        #expect(try see(pod, .added) == [])
        #expect(try see(pod, .deleted) == [])
    }

    @Test mutating func workloadsDoNotMix() throws {
        #expect(try see(fixture(Self.missingImage)) == ["tell ErrImagePull"])
        let other = Workload(kind: .deployment, name: "query", namespace: "default")
        let pod = try fixture(.running, name: "query-abc-1", isReady: true).pod
        #expect(tracker.handle(PodEvent(change: .added, pod: pod), workload: other, now: now) == [])
    }

    // MARK: - Restarts in place

    @Test mutating func aProgramThatIsStartedAgainInItsPlaceHasTheTimeOfAStart() throws {
        #expect(try see(fixture(.running, isReady: true, probes: Self.probe("readiness")), .added) == [])
        tracker.restarts = [try fixture(.running).pod.containers[0].id: now]
        #expect(try see(fixture(.running, probes: Self.probe("readiness"))) == [])
        #expect(wait(.seconds(9)) == [])
        #expect(wait(.seconds(2)) == ["tell Unhealthy"])
    }

    @Test mutating func longAfterARestartInPlaceAProbeThatFailsIsToldAtOnce() throws {
        #expect(try see(fixture(.running, isReady: true, probes: Self.probe("readiness")), .added) == [])
        tracker.restarts = [try fixture(.running).pod.containers[0].id: now]
        #expect(wait(.seconds(60)) == [])
        #expect(try see(fixture(.running, probes: Self.probe("readiness"))) == [])
        #expect(wait(.seconds(2)) == ["tell Unhealthy"])
    }

    // MARK: - Crashes

    @Test mutating func everyCrashIsToldOnce() throws {
        #expect(try see(fixture(.running), .added) == [])
        #expect(try see(fixture(.terminated(code: 3))) == ["tell Error"])
        #expect(try see(revived(restarts: 1)) == [])
        #expect(try see(fixture(.terminated(code: 3), restarts: 1)) == ["tell Error"])
        var waiting = fixture(.waiting("CrashLoopBackOff", "back-off 10s"), restarts: 1)
        waiting.containers[0].lastExit = 3
        #expect(try see(waiting) == [])
        // Its next run begins and ends between two looks.
        #expect(try see(fixture(.terminated(code: 3), restarts: 2)) == ["tell Error"])
    }

    @Test mutating func aCrashBetweenTwoLooksIsTold() throws {
        #expect(try see(fixture(.running), .added) == [])
        #expect(try see(revived(restarts: 1)) == ["tell Error"])
    }

    @Test mutating func whatAPodGotOverBeforeAnybodyLookedIsNoNews() throws {
        #expect(try see(revived(restarts: 4, isReady: true), .added) == [])
        #expect(wait(.seconds(10)) == [])
        #expect(try see(fixture(.terminated(code: 3), restarts: 4)) == ["tell Error"])
    }

    @Test mutating func aContainerThatRunsForAWhileAgainHasGotOverItsCrash() throws {
        #expect(try see(fixture(.running, isReady: true), .added) == [])
        #expect(try see(fixture(.terminated(code: 3))) == ["tell Error"])
        #expect(try see(revived(restarts: 1, isReady: true)) == [])
        #expect(tracker.nextDeadline == now + .seconds(5))
        #expect(wait(.milliseconds(4999)) == [])
        #expect(wait(.milliseconds(1)) == ["withdraw Error"])
        #expect(tracker.nextDeadline == nil)
        #expect(wait(.seconds(60)) == [])
    }

    @Test mutating func aContainerThatCrashesAgainSoonIsNotWell() throws {
        _ = try see(fixture(.running, isReady: true), .added)
        #expect(try see(fixture(.terminated(code: 3))) == ["tell Error"])
        #expect(try see(revived(restarts: 1, isReady: true)) == [])
        _ = wait(.seconds(4))
        #expect(try see(fixture(.terminated(code: 3), restarts: 1)) == ["tell Error"])
        #expect(try see(revived(restarts: 2, isReady: true)) == [])
        #expect(wait(.seconds(4)) == [])
        #expect(wait(.seconds(1)) == ["withdraw Error"])
    }

    // MARK: - Withdrawing

    @Test mutating func aStateThatGoesAwayIsWithdrawnOnceThePodIsReady() throws {
        #expect(try see(fixture(Self.missingImage)) == ["tell ErrImagePull"])
        #expect(try see(fixture(.waiting("ContainerCreating", ""))) == [])
        #expect(try see(fixture(.running)) == [])
        #expect(try see(fixture(.running, isReady: true)) == ["withdraw ErrImagePull"])
        #expect(try see(fixture(.running, isReady: true)) == [])
        // It comes back: it is another one.
        #expect(try see(fixture(Self.missingImage)) == ["tell ErrImagePull"])
    }

    /// A rollout that was undone: only pods are left that were well all the time.
    @Test mutating func whereThePodIsGoneAndNoneTakesItsPlaceItIsOverAfterAWhile() throws {
        let old = fixture(.running, name: "posts-aaa-1", hash: "aaa", isReady: true)
        #expect(try see(old) == [])
        var failing = fixture(Self.missingImage)
        #expect(try see(failing) == ["tell ErrImagePull"])
        #expect(try see(old) == [])
        failing.isTerminating = true
        #expect(try see(failing) == [])
        #expect(wait(.seconds(30)) == [])
        #expect(try see(failing, .deleted) == [])
        #expect(wait(.milliseconds(4999)) == [])
        #expect(wait(.milliseconds(1)) == ["withdraw ErrImagePull"])
    }

    /// That it is replaced doesn't say that the next one is better.
    @Test mutating func aPodThatIsReplacedIsNotWellBeforeTheNextOneIsReady() throws {
        _ = try see(fixture(.running, name: "posts-aaa-1", hash: "aaa", isReady: true), .added)
        var failing = fixture(.running, probes: Self.probe("readiness"))
        #expect(try see(failing, .added) == [])
        #expect(wait(.seconds(10)) == ["tell Unhealthy"])
        failing.isTerminating = true
        #expect(try see(failing) == [])
        let next = fixture(.running, name: "posts-ccc-1", hash: "ccc", probes: Self.probe("readiness"))
        #expect(try see(next, .added) == [])
        #expect(try see(failing, .deleted) == [])
        #expect(wait(.seconds(9)) == [])
        var ready = next
        ready.isReady = true
        #expect(try see(ready) == ["withdraw Unhealthy"])
    }

    @Test mutating func allThatWasToldIsNamedWhenItIsOver() throws {
        _ = try see(fixture(Self.missingImage))
        _ = try see(fixture(.waiting("CreateContainerConfigError", "secret \"a\" not found")))
        #expect(
            try see(fixture(.running, isReady: true)) == ["withdraw ErrImagePull, CreateContainerConfigError"])
    }

    @Test mutating func aMessageThatIsBeingPutTogetherIsNotWithdrawnBeforeItIsTold() throws {
        let pod = try fixture(Self.missingImage).pod
        _ = tracker.handle(PodEvent(change: .added, pod: pod), workload: workload, now: now)
        let ready = try fixture(.running, isReady: true).pod
        #expect(tracker.handle(PodEvent(change: .modified, pod: ready), workload: workload, now: now) == [])
        #expect(words(tracker.didTell(workload, now: now)) == ["withdraw ErrImagePull"])
    }

    // MARK: - Patience

    @Test mutating func whatComesWithEveryStartHasToLast() throws {
        var pod = PodFixture(uid: "posts-abc-1", phase: "Pending", unschedulable: "0/1 nodes are available: 1 x")
        pod.containers = [.init(state: .none)]
        #expect(try see(pod, .added) == [])
        let deadline = try #require(tracker.nextDeadline)
        #expect(now.duration(to: deadline) == .milliseconds(500))
        #expect(wait(.milliseconds(499)) == [])
        #expect(wait(.milliseconds(1)) == ["tell Unschedulable"])
    }

    // MARK: - Probes

    private static func probe(
        _ kind: String, delay: Int = 0, period: Int = 1, threshold: Int = 3
    ) -> [(String, JSONValue)] {
        [
            (
                "\(kind)Probe",
                [
                    "httpGet": ["port": 80, "path": "/healthz"], "initialDelaySeconds": .number(String(delay)),
                    "periodSeconds": .number(String(period)), "failureThreshold": .number(String(threshold)),
                ]
            )
        ]
    }

    private mutating func hearProbe(_ kind: String = "Readiness") throws -> [String] {
        hear(try event("Unhealthy", "\(kind) probe failed: refused", container: "app"))
    }

    /// At least ten seconds, or what the probe itself allows.
    @Test(arguments: [
        (probe("readiness"), 10), (probe("readiness", threshold: 60), 60),
        (probe("readiness", delay: 20, period: 10), 50), (probe("startup", period: 10, threshold: 30), 300),
        (probe("startup", threshold: 2) + probe("readiness", threshold: 90), 10),
    ])
    mutating func aStartThatTakesLongerThanItsProbesAllowIsToldOnce(
        probes: [(String, JSONValue)], seconds: Int
    ) throws {
        var starting = fixture(.running, probes: probes)
        starting.containers[0].hasStarted = false
        _ = try see(starting, .added)
        #expect(try hearProbe(probes[0].0 == "readinessProbe" ? "Readiness" : "Startup") == [])
        #expect(wait(.seconds(seconds) - .milliseconds(1)) == [])
        #expect(wait(.milliseconds(1)) == ["tell Unhealthy"])
        #expect(wait(.seconds(3600)) == [])
        starting.containers[0].hasStarted = true
        starting.isReady = true
        #expect(try see(starting) == ["withdraw Unhealthy"])
    }

    @Test mutating func aStartWithinWhatItsProbesAllowIsNotTold() throws {
        for name in ["posts-abc-1", "posts-abc-2", "posts-abc-3"] {
            _ = try see(fixture(.running, name: name, probes: Self.probe("readiness")), .added)
            #expect(try hearProbe() == [])
            #expect(wait(.seconds(8)) == [])
            // The next one begins before this one is ready: its time is its own.
            let next = fixture(.running, name: "\(name)-next", probes: Self.probe("readiness"))
            #expect(try see(next, .added) == [])
            #expect(wait(.milliseconds(1900)) == [])
            #expect(try see(fixture(.running, name: name, isReady: true, probes: Self.probe("readiness"))) == [])
            #expect(wait(.seconds(8)) == [])
            #expect(
                try see(fixture(.running, name: "\(name)-next", isReady: true, probes: Self.probe("readiness"))) == [])
        }
        #expect(wait(.seconds(60)) == [])
    }

    /// Once the startup probe has succeeded it is the readiness probe's turn.
    @Test mutating func eachProbeHasItsOwnTime() throws {
        var starting = fixture(.running, probes: Self.probe("startup", threshold: 100) + Self.probe("readiness"))
        starting.containers[0].hasStarted = false
        _ = try see(starting, .added)
        #expect(wait(.seconds(30)) == [])
        starting.containers[0].hasStarted = true
        #expect(try see(starting) == [])
        #expect(wait(.milliseconds(9999)) == [])
        #expect(wait(.milliseconds(1)) == ["tell Unhealthy"])
    }

    @Test mutating func aStartThatTakesAsLongAsTheOneBeforeIsNotTold() throws {
        let probes = Self.probe("readiness")
        _ = try see(fixture(.running, probes: probes), .added)
        #expect(wait(.seconds(10)) == ["tell Unhealthy"])
        #expect(wait(.seconds(20)) == [])
        #expect(try see(fixture(.running, isReady: true, probes: probes)) == ["withdraw Unhealthy"])
        // The next pod, and the next run of it.
        let next = fixture(.running, name: "posts-def-1", hash: "def", probes: probes)
        _ = try see(next, .added)
        #expect(wait(.seconds(40)) == [])
        #expect(wait(.seconds(5)) == ["tell Unhealthy"])
    }

    @Test mutating func aContainerThatWasReadyAndFailsItsProbeIsToldSoon() throws {
        let probes = Self.probe("readiness", period: 10, threshold: 30)
        _ = try see(fixture(.running, isReady: true, probes: probes), .added)
        // Kubelet takes it out of service after as many failures as the probe allows.
        #expect(try hearProbe() == [])
        #expect(wait(.seconds(60)) == [])
        #expect(try see(fixture(.running, probes: probes)) == [])
        #expect(wait(.milliseconds(1199)) == [])
        #expect(wait(.milliseconds(1)) == ["tell Unhealthy"])
        #expect(try see(fixture(.running, isReady: true, probes: probes)) == ["withdraw Unhealthy"])
    }

    /// Of two containers one is ready for long, and the other one starts.
    @Test mutating func eachContainerHasItsOwnTime() throws {
        var pod = fixture(.running, probes: Self.probe("readiness"))
        pod.containers.append(.init(name: "side", specification: Self.probe("readiness", threshold: 20)))
        pod.containers[0].isReady = true
        _ = try see(pod, .added)
        #expect(wait(.seconds(19)) == [])
        pod.containers[0].isReady = false
        #expect(try see(pod) == [])
        #expect(wait(.milliseconds(900)) == [])
        #expect(wait(.milliseconds(100)) == ["tell Unhealthy"])
        #expect(wait(.milliseconds(200)) == ["tell Unhealthy"])
    }

    @Test mutating func aContainerWithoutProbesIsNotMissed() throws {
        _ = try see(fixture(.running), .added)
        #expect(wait(.seconds(3600)) == [])
    }

    /// Kubelet counts what it repeats, and the watch tells of each time.
    @Test mutating func whatIsRepeatedIsRememberedOnce() throws {
        _ = try see(fixture(.running, isReady: true), .added)
        for _ in 0..<1000 { _ = hear(try event("Unhealthy", "Liveness probe failed: dead", container: "app")) }
        #expect(tracker.rememberedEvents == 1)
    }

    // MARK: - Events

    @Test mutating func anEventMayComeBeforeItsPod() throws {
        #expect(hear(try event("FailedMount", "MountVolume.SetUp failed for volume \"v\" : no")) == [])
        var pod = fixture(.waiting("ContainerCreating", ""))
        pod.phase = "Pending"
        #expect(try see(pod, .added) == [])
        #expect(wait(.milliseconds(800)) == ["tell FailedMount"])
    }

    @Test mutating func aMountThatFailedBeforeTheContainerRanIsOver() throws {
        var pod = fixture(.waiting("ContainerCreating", ""))
        pod.phase = "Pending"
        _ = try see(pod, .added)
        _ = hear(try event("FailedMount", "MountVolume.SetUp failed for volume \"v\" : no"))
        #expect(try see(fixture(.running, isReady: true)) == [])
        #expect(wait(.seconds(5)) == [])
    }

    @Test mutating func aLivenessProbeThatKillsIsNamedAsTheKiller() throws {
        _ = try see(fixture(.running, isReady: true), .added)
        #expect(hear(try event("Unhealthy", "Liveness probe failed: dead", container: "app")) == [])
        #expect(wait(.seconds(10)) == [])
        #expect(try see(fixture(.terminated(code: 137))) == ["tell Unhealthy"])
    }

    // MARK: - Refusals

    private mutating func refuse(_ set: String) throws -> [String] {
        let refused = try event(
            "FailedCreate", "pods \"x\" is forbidden: exceeded quota: q, requested: a", kind: "ReplicaSet", name: set)
        return words(tracker.handleRefusal(refused, workload: workload, now: now))
    }

    @Test mutating func podsThatAreRefusedAreToldOnceUntilOneIsMade() throws {
        #expect(try refuse("posts-abc") == [])
        #expect(wait(.milliseconds(500)) == ["tell FailedCreate"])
        #expect(try refuse("posts-abc") == [])
        #expect(wait(.seconds(60)) == [])
        #expect(try see(fixture(.running), .added) == [])
        #expect(try see(fixture(.running, isReady: true)) == ["withdraw FailedCreate"])
    }

    /// A Deployment says of itself that its pods are refused, and that they no longer are.
    @Test mutating func aRefusalThatIsTakenBackIsOver() throws {
        _ = try see(fixture(.running, name: "posts-aaa-1", hash: "aaa", isReady: true), .added)
        #expect(try refuse("posts") == [])
        #expect(wait(.milliseconds(500)) == ["tell FailedCreate"])
        #expect(words(tracker.handleRefusal(nil, workload: workload, now: now)) == [])
        #expect(wait(.seconds(5)) == ["withdraw FailedCreate"])
    }

    @Test mutating func aRefusalThatPassesAtOnceIsNotTold() throws {
        #expect(try refuse("posts-abc") == [])
        #expect(try see(fixture(.running), .added) == [])
        #expect(wait(.seconds(5)) == [])
    }

    @Test mutating func oldPodsThatAreReadyDoNotWithdrawARefusal() throws {
        let old = fixture(.running, name: "posts-aaa-1", hash: "aaa", isReady: true)
        #expect(try see(old, .added) == [])
        #expect(try refuse("posts-abc") == [])
        #expect(wait(.milliseconds(500)) == ["tell FailedCreate"])
        #expect(try see(old) == [])
    }

    @Test(arguments: [
        ("ReplicaSet", "posts-5d9f", ["replicaset/posts-5d9f", "deployment/posts"]),
        ("StatefulSet", "db", ["statefulset/db"]), ("DaemonSet", "agent", ["daemonset/agent"]), ("Job", "seed", []),
        ("ReplicaSet", "posts", ["replicaset/posts"]),
        ("ReplicationController", "old", ["replicationcontroller/old"]),
    ]) func aRefusalIsTheWorkloads(_ kind: String, _ name: String, _ workloads: [String]) throws {
        let refused = try event("FailedCreate", "", kind: kind, name: name).refused(namespace: "blog")
        #expect(refused.map(\.description) == workloads)
    }
}
