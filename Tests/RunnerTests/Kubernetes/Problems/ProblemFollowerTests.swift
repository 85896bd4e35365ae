import Foundation
import Testing

@testable import Runner

/// What is asked before a problem is told, with a kubectl that answers as it was told.
@Suite(.timeLimit(.minutes(1))) struct ProblemFollowerTests {
    private static let workload = Workload(kind: .deployment, name: "posts", namespace: "blog")

    /// A running follower.
    private final class Session: Sendable {
        let standIn: StandIn
        let current = CurrentProblems()
        private let follower: ProblemFollower
        private let task: Task<Void, any Error>
        private let events: AsyncStream<LogEvent>

        /// - Parameters:
        ///   - kubectl: the branches of its stand-in, beside that of the watch of the events.
        ///   - file: what that prints.
        ///   - watch: its script.
        init(
            _ kubectl: String = "", events file: String = "", watch: String = #"cat "$here/events"; exec sleep 1000"#
        ) throws {
            let standIn = try StandIn([
                "kubectl": """
                "--context=lab --namespace=blog get events --watch-only --output-watch-events "*"type=Warning --output=json")
                    \(watch);;
                \(kubectl)
                """
            ])
            try standIn.write(file, to: "events")
            self.standIn = standIn
            let (events, continuation) = AsyncStream.makeStream(of: LogEvent.self)
            self.events = events
            let follower = ProblemFollower(
                namespace: "blog", kubectl: Kubectl(context: "lab", namespace: "blog"), launcher: standIn.launcher,
                owner: { $0 == ProblemFollowerTests.workload ? $0 : nil }, current: current,
                onEvent: { continuation.yield($0) })
            self.follower = follower
            task = Task {
                defer { continuation.finish() }
                try await follower.run()
            }
        }

        func see(_ pod: PodFixture, _ change: PodEvent.Change = .modified) async throws {
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
            standIn.verify(sourceLocation: sourceLocation)
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

    private static let log = "seq 1 20 | while read n; do echo \"2026-11-23T10:00:01Z line $n\"; done"

    @Test(arguments: [
        "echo 'previous terminated container not found' >&2; exit 1",
        "echo 'unable to retrieve container logs for containerd://0123456789abcdef0123456789'",
    ])
    func aDeathComesWithTheLastLines(previous: String) async throws {
        let session = try Session(
            """
            *"logs posts-abc-1 --container=app --timestamps --tail=20") \(Self.log);;
            *"--tail=20 --previous") \(previous);;
            """)
        try await session.see(pod(.terminated(code: 3)), .added)
        let problem = try await session.problem()
        #expect(problem.summary == "container app died: exit code 3")
        #expect(problem.lastLines == (1...20).map { "line \($0)" })
        await session.end()
    }

    /// It was restarted before anybody looked; kubelet may have deleted the log by then.
    @Test(arguments: [
        ("2026-11-23T10:00:01Z bye", ["bye"]),
        ("unable to retrieve container logs for containerd://0123456789abcdef0123456789", []),
    ])
    func theLastLinesOfARunBeforeAreReadFromThere(said: String, shown: [String]) async throws {
        let session = try Session("*\"--tail=20 --previous\") echo '\(said)';;")
        try await session.see(pod(.running), .added)
        try await session.see(pod(.running, restarts: 1, lastExit: 3))
        #expect(try await session.problem().lastLines == shown)
        await session.end()
    }

    /// The next run begins while the log is read: what was read may be its log.
    @Test func linesOfAnotherRunAreNotTaken() async throws {
        let session = try Session(
            """
            *"--tail=20") echo '2026-11-23T10:00:01Z of the next run'; : >"$here/read"; cat "$here/go";;
            *"--tail=20 --previous") echo '2026-11-23T10:00:01Z last words';;
            """)
        try #require(mkfifo("\(session.standIn.folder.path)/go", 0o600) == 0)
        try await session.see(pod(.terminated(code: 3)), .added)
        while session.standIn.calls.filter({ $0.contains("logs") }).isEmpty { await Task.yield() }
        try await session.see(pod(.running, restarts: 1, lastExit: 3))
        let go = open("\(session.standIn.folder.path)/go", O_WRONLY | O_CLOEXEC)
        close(go)
        #expect(try await session.problem().lastLines == ["last words"])
        await session.end()
    }

    /// Kubelet has begun the next run, and the watch doesn't tell yet.
    @Test(arguments: [
        "exit 0", "echo '2026-11-23T10:00:01Z of the next run'", "echo 'is waiting to start' >&2; exit 1",
    ])
    func theLastLinesAreThoseOfTheRunThatDied(latestLog: String) async throws {
        let session = try Session(
            """
            *"--tail=20") \(latestLog);;
            *"--tail=20 --previous") echo '2026-11-23T10:00:01Z last words';;
            """)
        try await session.see(pod(.terminated(code: 3)), .added)
        #expect(try await session.problem().lastLines == ["last words"])
        await session.end()
    }

    /// Many containers that die at once, on a machine that is busy: the message doesn't wait.
    @Test func lastLinesThatComeLateAreToldLater() async throws {
        let session = try Session(
            """
            *"--tail=20") cat "$here/go"; echo '2026-11-23T10:00:01Z bye';;
            *"--tail=20 --previous") echo "previous terminated container not found" >&2; exit 1;;
            """)
        try #require(mkfifo("\(session.standIn.folder.path)/go", 0o600) == 0)
        try await session.see(pod(.terminated(code: 3)), .added)
        var problem = try await session.problem()
        #expect(problem.lastLines == [])
        let go = open("\(session.standIn.folder.path)/go", O_WRONLY | O_CLOEXEC)
        close(go)
        problem.lastLines = ["bye"]
        #expect(await session.next() == .lastLines(workload: Self.workload, problem))
        await session.end()
    }

    @Test func aLogThatDoesNotComeHoldsNoMessageBack() async throws {
        let session = try Session("*\"--tail=20\") exec sleep 1000;;")
        try await session.see(pod(.terminated(code: 3)), .added)
        let problem = try await session.problem()
        #expect(problem.summary == "container app died: exit code 3")
        #expect(problem.lastLines == [])
        await session.end()
    }

    @Test func whatIsMissingOnTheNodesIsTold() async throws {
        let session = try Session(
            """
            *"get nodes --output=json") echo '{"items":[{"metadata":{"name":"lab"},"status":{"allocatable":{"cpu":"2"}}}]}';;
            *"get pods --all-namespaces --output=json") echo '{"items":[]}';;
            """)
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
        let session = try Session("*\"get nodes\"*|*--all-namespaces*) echo Forbidden >&2; exit 1;;")
        var unfit = PodFixture(namespace: "blog", phase: "Pending", unschedulable: "0/1 nodes: 1 Insufficient cpu.")
        unfit.containers = [.init(state: .none)]
        try await session.see(unfit, .added)
        #expect(try await session.problem().cause == "0/1 nodes: 1 Insufficient cpu.")
        await session.end()
    }

    private func watched(_ event: ClusterEventFixture) -> String {
        JSONValue.object(JSONObject([("type", "ADDED"), ("object", event.json)])).description + "\n"
    }

    private struct ClusterEventFixture {
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
    }

    @Test func aVolumeThatFailsToMountIsHeardOf() async throws {
        let session = try Session(
            events: watched(
                .init(
                    kind: "Pod", name: "posts-abc-1", reason: "FailedMount",
                    message: "MountVolume.SetUp failed for volume \"v\" : secret \"s\" not found")))
        var creating = pod(.waiting("ContainerCreating", ""))
        creating.phase = "Pending"
        try await session.see(creating, .added)
        #expect(try await session.problem().summary == "the volume v cannot be mounted")
        await session.end()
    }

    @Test func podsThatAreRefusedAreHeardOfWhereTheyAreOurs() async throws {
        let refusal = "pods \"x\" is forbidden: exceeded quota: q, requested: a"
        let session = try Session(
            events: ["strange-abc", "posts-abc"].map {
                watched(.init(kind: "ReplicaSet", name: $0, reason: "FailedCreate", message: refusal))
            }.joined())
        #expect(try await session.problem().summary == "the quota q has no room for its pods")
        #expect(session.current.of(Self.workload).map(\.state) == ["FailedCreate"])
        await session.end()
    }

    /// A user who may deploy, but not see the events.
    @Test func withoutTheRightToReadEventsRefusalsComeFromTheDeploymentsThemselves() async throws {
        let deployment = { (name: String, status: String) in
            """
            {"type": "ADDED", "object": {"kind": "Deployment", "metadata": {"name": "\(name)", "namespace": "blog"}, \
            "status": {"conditions": [{"type": "Available", "status": "False"}, {"type": "ReplicaFailure", \
            "status": "\(status)", "reason": "FailedCreate", "message": "exceeded quota: q, requested: pods=1"}]}}}

            """
        }
        let session = try Session(
            """
            *"get deployments --watch --output-watch-events --output=json") cat "$here/deployments"; exec sleep 1000;;
            """, watch: "echo 'Error from server (Forbidden): events is forbidden' >&2; exit 1")
        try session.standIn.write(
            deployment("strange", "True") + deployment("posts", "False") + deployment("posts", "True"),
            to: "deployments")
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
        let session = try Session(watch: "echo 'dial tcp: connect: connection refused' >&2; exit 1")
        while session.standIn.calls.count < 3 { await Task.yield() }
        try await session.see(pod(.waiting("InvalidImageName", "bad")), .added)
        #expect(try await session.problem().state == "InvalidImageName")
        await session.end()
    }

    @Test func whatIsOverIsWithdrawnAndForgotten() async throws {
        let session = try Session()
        try await session.see(pod(.waiting("InvalidImageName", "bad")), .added)
        #expect(try await session.problem().state == "InvalidImageName")
        #expect(session.current.of(Self.workload).count == 1)
        try await session.see(pod(.running, isReady: true))
        #expect(await session.next() == .recovered(workload: Self.workload, from: ["InvalidImageName"]))
        #expect(session.current.of(Self.workload) == [])
        await session.end()
    }
}
