import Synchronization
import Testing

@testable import Runner

/// Jobs on Docker.
@Suite(.timeLimit(.minutes(1)))
struct DockerJobsTests: DockerTargetSuite {
    let launcher = RecordingLauncher()

    private let seed = Workload(kind: .job, name: "seed", namespace: "default")

    private func job(_ spec: String = "") throws -> KubernetesObject {
        try object(
            """
            {"kind": "Job", "metadata": {"name": "seed"}, "spec": {"template": {"metadata": {"labels": {"app": "web"}},
            "spec": {"restartPolicy": "OnFailure", "containers": [{"name": "main", "image": "shop/web"}]}}\(spec)}}
            """)
    }

    private func inspected(exitCode: Int) -> RecordingLauncher.Answer {
        .engine(200, #"{"State": {"Running": false, "ExitCode": \#(exitCode)}}"#)
    }

    /// Follows until something is told of the Job, and hands that over.
    private func told(_ target: DockerTarget, while body: () async throws -> Void) async throws -> LogEvent? {
        let (events, continuation) = AsyncStream.makeStream(of: LogEvent.self)
        launcher.expect("GET /info", .engine(200, hangs: true))
        let follow = Task { try await target.followLogs(of: { [] }) { continuation.yield($0) } }
        await launcher.started("GET /info")
        try await body()
        let event = await events.first { _ in true }
        follow.cancel()
        await #expect(throws: CancellationError.self) { try await follow.value }
        return event
    }

    private func expectJob() {
        expectNewNetwork()
        for command in ["docker ps", "docker ps"] { launcher.expect(command) }
        launcher.expect("POST /containers/create", .engine(201, #"{"Id": "c1"}"#))
        launcher.expect("docker start c1")
    }

    @Test func aJobRunsToItsEndInTheBackground() async throws {
        let target = target()
        expectJob()
        launcher.expect("docker wait c1", .prints("0"))
        launcher.expect("GET /containers/c1/json", inspected(exitCode: 0))
        let event = try await told(target) {
            let report = try await target.apply([try job()], images: [image])
            #expect(report == ApplyReport())
        }
        guard case .completed(_, let text) = event else {
            Issue.record("\(String(describing: event))")
            return
        }
        #expect(text.hasPrefix("job/seed completed in "))
        launcher.verify()
        let create = try #require(launcher.requests.first { $0.path.hasPrefix("/containers/create") })
        #expect(create.body?[path: ["Labels", "dev.devloop.workload"]] == "job/seed")
        #expect(create.body?[path: ["HostConfig", "RestartPolicy", "Name"]] == "no")
    }

    @Test func aJobThatFailsTooOftenIsToldWithItsLastLines() async throws {
        let target = target()
        expectJob()
        launcher.expect("docker wait c1", .prints("3"))
        launcher.expect("GET /containers/c1/json", inspected(exitCode: 3))
        launcher.expect("GET /containers/c1/logs", .log("2026-01-01T00:00:01.000000000Z no table"))
        let event = try await told(target) {
            _ = try await target.apply([try job(#", "backoffLimit": 0"#)], images: [image])
        }
        guard case .problem(seed, let problem) = event else {
            Issue.record("\(String(describing: event))")
            return
        }
        #expect(problem.summary == "job/seed failed" && problem.cause == "exit code 3")
        #expect(problem.lastLines == ["no table"])
        launcher.verify()
    }

    @Test(arguments: [(0, false), (1, true)])
    func whatHasCompletedAsPlannedIsNotRunAgain(exitCode: Int, runsAgain: Bool) async throws {
        let first = target()
        expectJob()
        launcher.expect("docker wait c1", .fails("", status: 1))
        launcher.expect("GET /containers/c1/json", .engine(500, hangs: true))
        _ = try await first.apply([try job()], images: [image])
        await launcher.started("GET /containers/c1/json")
        let create = try #require(launcher.requests.first { $0.path.hasPrefix("/containers/create") })
        let row = listed("c1", state: "exited", instance: "a", mounts: "", of: create)

        let second = target()
        launcher.expect("docker ps", .prints(row))
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(row))
        launcher.expect("GET /containers/c1/json", inspected(exitCode: exitCode))
        if runsAgain {
            launcher.expect("POST /containers/create", .engine(201, #"{"Id": "c2"}"#))
            launcher.expect("docker rm --force --volumes c1")
            launcher.expect("docker start c2")
            launcher.expect("docker wait c2", .hangs())
        }
        _ = try await second.apply([try job()], images: [image])
        if runsAgain { await launcher.started("docker wait c2") }
        launcher.verify()
        withExtendedLifetime((first, second)) {}
    }

    private func plan(_ objects: [KubernetesObject], _ images: DeliveredImages = []) throws -> DockerManifests {
        let project = ProjectIdentity(name: "shop", place: "/shop/devloop.json")
        var manifests = DockerManifests(
            commands: DockerCommand(project: project, namespace: "default"), hash: KeyedHash(key: [1]))
        try manifests.add(objects)
        manifests.add(images)
        return manifests
    }

    @Test func aJobAnswersToNobodysName() throws {
        let service = try object(
            #"{"kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 1}]}}"#
        )
        #expect(try plan([service, job()]).plan(seed).plan.aliases == [])
    }

    @Test func whatOfJobsIsNotDoneIsTold() throws {
        let manifests = try plan([try job(#", "completions": 3"#)])
        #expect(
            DockerNotice.lines(try manifests.plan(seed).notices) == [
                "job/seed runs once on Docker, whatever its completions"
            ])
        let cron = try object(#"{"kind": "CronJob", "metadata": {"name": "x"}}"#)
        #expect(DockerNotice.lines(manifests.notices([cron])) == ["cronjob/x is not run on Docker"])
    }

    @Test func anotherImageIsAnotherRun() throws {
        var manifests = try plan([try job()], [image])
        let before = try manifests.plan(seed).plan.fingerprint
        var next = image
        next.built.id = "sha256:2222"
        #expect(manifests.add(next) == [seed])
        #expect(try manifests.plan(seed).plan.fingerprint != before)
    }

    @Test func aJobIsNoWorkloadThatOthersRestart() throws {
        #expect(try job().workload == nil && Workload.Name("job/seed") == nil)
        #expect(!Workload.Kind.allCases.contains(.job))
    }
}
