import Testing

@testable import Runner

/// What is asked before a problem is told.
@Suite(.timeLimit(.minutes(1))) struct ProblemFollowerTests {
    private static let workload = Workload(kind: .deployment, name: "posts", namespace: "blog")

    /// A running follower.
    private final class Session: Sendable {
        let cluster: FakeCluster
        let current = CurrentProblems()
        private let follower: ProblemFollower
        private let task: Task<Void, any Error>
        private let events: AsyncStream<LogEvent>

        /// - Parameters:
        ///   - routes: what the cluster answers, beside the events.
        ///   - warnings: what their watch tells.
        ///   - list: what it answers to the question where they stand.
        init(
            _ routes: KeyValuePairs<String, FakeCluster.Answer> = [:], events warnings: [ClusterEventFixture] = [],
            list: FakeCluster.Answer = .says(PodFixture.list([]))
        ) {
            let cluster = FakeCluster(routes)
            let events = "GET /api/v1/namespaces/blog/events?fieldSelector=type=Warning"
            cluster.answer("\(events)&limit=1", list)
            cluster.answer(
                "\(events)&watch=true*", FakeCluster.Answer(parts: warnings.map(\.line), ending: .hangs))
            self.cluster = cluster
            let (told, continuation) = AsyncStream.makeStream(of: LogEvent.self)
            self.events = told
            let follower = ProblemFollower(
                namespace: "blog", cluster: cluster, owner: { $0 == ProblemFollowerTests.workload ? $0 : nil },
                current: current, restarts: RestartsInPlace(), onEvent: { continuation.yield($0) })
            self.follower = follower
            task = Task {
                defer { continuation.finish() }
                try await follower.run()
            }
        }

        func see(_ pod: PodFixture, _ change: ClusterWatch.Change = .modified) async throws {
            await follower.handle(PodEvent(change: change, pod: try pod.pod), ProblemFollowerTests.workload)
        }

        func see(_ pod: KubernetesPod) async {
            await follower.handle(PodEvent(change: .added, pod: pod), ProblemFollowerTests.workload)
        }

        func next() async -> LogEvent? { await events.first { _ in true } }

        /// The next event, which must be a problem.
        func problem(sourceLocation: SourceLocation = #_sourceLocation) async throws -> WorkloadProblem {
            guard case .problem(ProblemFollowerTests.workload, let problem)? = await next() else {
                throw NoProblem()
            }
            return problem
        }

        func end(sourceLocation: SourceLocation = #_sourceLocation) async {
            task.cancel()
            await #expect(throws: CancellationError.self, sourceLocation: sourceLocation) { try await task.value }
        }
    }

    private struct NoProblem: Error {}

    private func pod(
        _ state: PodFixture.Container.State, restarts: Int = 0, lastExit: Int? = nil, isReady: Bool = false
    ) -> PodFixture {
        PodFixture(
            namespace: "blog", uid: "posts-abc-1", isReady: isReady,
            containers: [.init(restarts: restarts, state: state, lastExit: lastExit)])
    }

    private static let latest =
        "GET /api/v1/namespaces/blog/pods/posts-abc-1/log?container=app&timestamps=true&tailLines=20"
    private static let previous = "*/log?container=app&timestamps=true&previous=true&tailLines=20"
    private static let missing = FakeCluster.Answer.fails(
        "Error from server (BadRequest): previous terminated container \"app\" not found")
    private static let gone = FakeCluster.Answer.says(
        "unable to retrieve container logs for containerd://0123456789abcdef0123456789")

    @Test(arguments: [missing, gone])
    func aDeathComesWithTheLastLines(previous: FakeCluster.Answer) async throws {
        let lines = (1...20).map { "2026-11-23T10:00:01Z line \($0)\n" }.joined()
        let session = Session([Self.latest: FakeCluster.Answer(parts: [lines]), Self.previous: previous])
        try await session.see(pod(.terminated(code: 3)), .added)
        let problem = try await session.problem()
        #expect(problem.summary == "container app died: exit code 3")
        #expect(problem.lastLines == (1...20).map { "line \($0)" })
        await session.end()
    }

    /// It was restarted before anybody looked; kubelet may have deleted the log by then.
    @Test(arguments: [(FakeCluster.Answer.says("2026-11-23T10:00:01Z bye"), ["bye"]), (gone, [])])
    func theLastLinesOfARunBeforeAreReadFromThere(said: FakeCluster.Answer, shown: [String]) async throws {
        let session = Session([Self.previous: said])
        try await session.see(pod(.running), .added)
        try await session.see(pod(.running, restarts: 1, lastExit: 3))
        #expect(try await session.problem().lastLines == shown)
        await session.end()
    }

    /// The next run begins while the log is read: what was read may be its log.
    @Test func linesOfAnotherRunAreNotTaken() async throws {
        let gate = FakeCluster.Gate()
        let session = Session([
            Self.latest: .says("2026-11-23T10:00:01Z of the next run", at: gate),
            Self.previous: .says("2026-11-23T10:00:01Z last words"),
        ])
        try await session.see(pod(.terminated(code: 3)), .added)
        await session.cluster.asked(1, "*/log?*")
        try await session.see(pod(.running, restarts: 1, lastExit: 3))
        gate.open()
        #expect(try await session.problem().lastLines == ["last words"])
        await session.end()
    }

    /// Kubelet has begun the next run, and the watch doesn't tell yet.
    @Test(arguments: [
        FakeCluster.Answer.says(), .says("2026-11-23T10:00:01Z of the next run"),
        .fails("Error from server (BadRequest): container \"app\" is waiting to start"),
    ])
    func theLastLinesAreThoseOfTheRunThatDied(latestLog: FakeCluster.Answer) async throws {
        let session = Session([Self.latest: latestLog, Self.previous: .says("2026-11-23T10:00:01Z last words")])
        try await session.see(pod(.terminated(code: 3)), .added)
        #expect(try await session.problem().lastLines == ["last words"])
        await session.end()
    }

    /// Many containers that die at once, on a machine that is busy: the message doesn't wait.
    @Test func lastLinesThatComeLateAreToldLater() async throws {
        let gate = FakeCluster.Gate()
        let session = Session([
            Self.latest: .says("2026-11-23T10:00:01Z bye", at: gate), Self.previous: Self.missing,
        ])
        try await session.see(pod(.terminated(code: 3)), .added)
        var problem = try await session.problem()
        #expect(problem.lastLines == [])
        gate.open()
        problem.lastLines = ["bye"]
        #expect(await session.next() == .lastLines(workload: Self.workload, problem))
        await session.end()
    }

    @Test func aLogThatDoesNotComeHoldsNoMessageBack() async throws {
        let session = Session([Self.latest: .says(then: .hangs)])
        try await session.see(pod(.terminated(code: 3)), .added)
        let problem = try await session.problem()
        #expect(problem.summary == "container app died: exit code 3")
        #expect(problem.lastLines == [])
        await session.end()
    }

    @Test func whatIsMissingOnTheNodesIsTold() async throws {
        let session = Session([
            "GET /api/v1/nodes": .says(
                #"{"items":[{"metadata":{"name":"lab"},"status":{"allocatable":{"cpu":"2"}}}]}"#),
            "GET /api/v1/pods": .says(#"{"items":[]}"#),
        ])
        var json = PodFixture(namespace: "blog", phase: "Pending", unschedulable: "0/1 nodes: 1 Insufficient cpu.").json
        json[path: ["spec", "containers"]] = [["name": "app", "resources": ["requests": ["cpu": "100"]]]]
        let pending = try #require(KubernetesPod(json))
        await session.see(pending)
        let told = try await session.problem()
        #expect(
            told.cause
                == "0/1 nodes: 1 Insufficient cpu.\ncpu: it asks for 100; node lab has the most left, 2 of 2: 98 too little"
        )
        await session.end()
    }

    /// Not everybody may look at the nodes.
    @Test func whereTheNodesAreNotToBeSeenTheMessageComesWithout() async throws {
        let forbidden = FakeCluster.Answer.fails("Error from server (Forbidden): no")
        let session = Session(["GET /api/v1/nodes": forbidden, "GET /api/v1/pods": forbidden])
        var unfit = PodFixture(namespace: "blog", phase: "Pending", unschedulable: "0/1 nodes: 1 Insufficient cpu.")
        unfit.containers = [.init(state: .none)]
        try await session.see(unfit, .added)
        #expect(try await session.problem().cause == "0/1 nodes: 1 Insufficient cpu.")
        await session.end()
    }

    struct ClusterEventFixture: Sendable {
        var kind: String
        var name: String
        var reason: String
        var message: String

        var json: JSONValue {
            [
                "kind": "Event", "reason": .string(reason), "message": .string(message),
                "involvedObject": ["kind": .string(kind), "name": .string(name), "uid": .string(name)],
            ]
        }

        /// One line of a watch.
        var line: String {
            let event: JSONValue = ["type": "ADDED", "object": json]
            return "\(event)\n"
        }
    }

    @Test func aVolumeThatFailsToMountIsHeardOf() async throws {
        let session = Session(events: [
            .init(
                kind: "Pod", name: "posts-abc-1", reason: "FailedMount",
                message: "MountVolume.SetUp failed for volume \"v\" : secret \"s\" not found")
        ])
        var creating = pod(.waiting("ContainerCreating", ""))
        creating.phase = "Pending"
        try await session.see(creating, .added)
        #expect(try await session.problem().summary == "the volume v cannot be mounted")
        await session.end()
    }

    @Test func podsThatAreRefusedAreHeardOfWhereTheyAreOurs() async throws {
        let refusal = "pods \"x\" is forbidden: exceeded quota: q, requested: a"
        let session = Session(
            events: ["strange-abc", "posts-abc"].map {
                .init(kind: "ReplicaSet", name: $0, reason: "FailedCreate", message: refusal)
            })
        #expect(try await session.problem().summary == "the quota q has no room for its pods")
        #expect(session.current.of(Self.workload).map(\.state) == ["FailedCreate"])
        await session.end()
    }

    /// A user who may deploy, but not see the events.
    @Test(arguments: [true, false])
    func withoutTheRightToReadEventsRefusalsComeFromTheDeploymentsThemselves(isThereAlready: Bool) async throws {
        let deployment = { (name: String, status: String) in
            """
            {"kind": "Deployment", "metadata": {"name": "\(name)", "namespace": "blog"}, \
            "status": {"conditions": [{"type": "Available", "status": "False"}, {"type": "ReplicaFailure", \
            "status": "\(status)", "reason": "FailedCreate", "message": "exceeded quota: q, requested: pods=1"}]}}
            """
        }
        let list = """
            {"metadata": {"resourceVersion": "7"}, "items": [\(deployment("strange", "True")), \
            \(deployment("posts", isThereAlready ? "True" : "False"))]}
            """
        let changes = isThereAlready ? [] : [#"{"type": "MODIFIED", "object": \#(deployment("posts", "True"))}"# + "\n"]
        // Not every server watches a list from its beginning on: it is read first.
        let path = "GET /apis/apps/v1/namespaces/blog/deployments"
        let session = Session(
            [
                path: FakeCluster.Answer(parts: [list]),
                "\(path)?watch=true&allowWatchBookmarks=true&resourceVersion=7":
                    FakeCluster.Answer(parts: changes, ending: .hangs),
            ], list: .fails("Error from server (Forbidden): events is forbidden"))
        #expect(
            await session.next()
                == .notice(
                    workload: nil,
                    text: "the events of namespace blog cannot be read, so some failures (of volumes, say) will not be "
                        + "explained: Error from server (Forbidden): events is forbidden"))
        #expect(try await session.problem().summary == "the quota q has no room for its pods")
        await session.end()
    }

    /// That the cluster is away is told by those who follow the pods.
    @Test func aClusterThatIsAwayIsNotToldOfTheEvents() async throws {
        let session = Session(list: .fails("Unable to connect to the server: EOF"))
        await session.cluster.asked(3)
        try await session.see(pod(.waiting("InvalidImageName", "bad")), .added)
        #expect(try await session.problem().state == "InvalidImageName")
        await session.end()
    }

    @Test func whatIsOverIsWithdrawnAndForgotten() async throws {
        let session = Session()
        try await session.see(pod(.waiting("InvalidImageName", "bad")), .added)
        #expect(try await session.problem().state == "InvalidImageName")
        #expect(session.current.of(Self.workload).count == 1)
        try await session.see(pod(.running, isReady: true))
        #expect(await session.next() == .recovered(workload: Self.workload, from: ["InvalidImageName"]))
        #expect(session.current.of(Self.workload) == [])
        await session.end()
    }
}
