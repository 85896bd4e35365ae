import Testing

@testable import Runner

/// When what the Docker target started is ready, init containers among it.
@Suite(.timeLimit(.minutes(1)))
struct DockerReadinessTests: DockerTargetSuite {
    let launcher = RecordingLauncher()

    @Test func aContainerThatEndedByItselfAfterAProcessOfItWasKilledIsToldSo() throws {
        let json: JSONValue = ["State": ["Status": "restarting", "ExitCode": 1, "OOMKilled": true]]
        #expect(ContainerState(json).problem == "its container exited with code 1")
    }

    @Test func aContainerThatTheKernelEndedForItsMemoryIsToldSo() async throws {
        let target = target()
        _ = try await applied([try deployment()], to: target)
        launcher.expect(
            "docker container inspect",
            .prints(#"[{"Id": "c1", "State": {"Status": "restarting", "ExitCode": 137, "OOMKilled": true}}]"#))
        launcher.expect("GET /containers/c1/logs", .log())
        let error = await #expect(throws: TargetError.self) { try await target.waitUntilReady(web) }
        #expect(
            error?.summary
                == "deployment/web did not become ready: its container exited with code 137: \(EndCause.memoryWords)")
    }

    @Test(
        arguments: [
            ("running", 0, nil), ("restarting", 3, "its container exited with code 3"),
            ("exited", 0, "its container exited with code 0"), ("created", 0, "its container was not started: no room"),
        ] as [(String, Int, String?)])
    func aContainerIsReadyWhenItRuns(status: String, code: Int, problem: String?) async throws {
        let target = target()
        _ = try await applied([try deployment()], to: target)
        let reason = status == "created" ? "no room" : ""
        launcher.expect(
            "docker container inspect",
            .prints(
                """
                [{"Id": "c1", "State": {"Status": "\(status)", "ExitCode": \(code), "Error": "\(reason)"},
                "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}}}]
                """))
        guard let problem else {
            try await target.waitUntilReady(web)
            return
        }
        launcher.expect(
            "GET /containers/c1/logs?stdout=true&stderr=true&timestamps=true&tail=20",
            .log("2026-01-01T00:00:01.000000000Z a", "2026-01-01T00:00:02.000000000Z b"))
        await #expect(
            throws: TargetError("deployment/web did not become ready: \(problem)", details: ["a", "b"])
        ) { try await target.waitUntilReady(web) }
    }

    private static let migrating =
        #", "initContainers": [{"name": "migrate", "image": "shop/web"}], "restartPolicy": "Always""#

    /// What it takes until the init container of a fresh workload runs.
    private func expectInitContainer() {
        expectNewNetwork()
        for command in ["docker ps", "docker ps"] { launcher.expect(command) }
        launcher.expect("POST /containers/create")
        launcher.expect("POST /containers/create", .engine(201, #"{"Id": "init"}"#))
    }

    private let failed = """
        [{"State": {"Status": "exited", "ExitCode": 1, "Error": ""}}]
        """

    @Test func aFailingInitContainerIsRunAgainUntilItSucceedsAndHoldsUpNobody() async throws {
        expectInitContainer()
        for _ in 1...3 {
            launcher.expect("docker start --attach init", .fails("no database"))
            launcher.expect("docker container inspect init", .prints(failed))
        }
        launcher.expect("docker start --attach init")
        launcher.expect("docker start")
        launcher.expect("docker container inspect", .prints(#"[{"State": {"Status": "running"}}]"#))
        let target = target()
        // It returns while the init container has still to succeed.
        #expect(try await target.apply([try deployment(pod: Self.migrating)], images: [image]).created == [web])
        try await target.waitUntilReady(web)
        launcher.verify()
    }

    @Test func anInitContainerThatNeverEndsIsNamedWhenTheTimeForTheRolloutIsOver() async throws {
        expectInitContainer()
        launcher.expect("docker start --attach init", .hangs())
        let target = target()
        _ = try await target.apply(
            [try deployment(pod: Self.migrating, spec: #""progressDeadlineSeconds": 1, "#)], images: [image])
        await launcher.started("docker start --attach init")
        let creation = try #require(launcher.requests.last { $0.path.hasPrefix("/containers/create") })
        launcher.expect("docker ps", .prints(listed("init", instance: "i1", of: creation)))
        launcher.expect(
            "GET /containers/init/logs?stdout=true&stderr=true&timestamps=true&tail=20",
            .log("2026-01-01T00:00:01.000000000Z waiting for db"))
        let error = await #expect(throws: TargetError.self) { try await target.waitUntilReady(web) }
        #expect(
            error?.summary
                == "deployment/web did not come up within 1 s: its init container migrate has not succeeded")
        #expect(error?.details == ["waiting for db"])
    }

    @Test func aNewerRestartEndsTheInitContainerOfTheOneBefore() async throws {
        expectInitContainer()
        launcher.expect("docker start --attach init", .hangs())
        let target = target()
        _ = try await target.apply([try deployment(pod: Self.migrating)], images: [image])
        await launcher.started("docker start --attach init")
        // The first pod goes.
        launcher.expect("docker rm")
        launcher.expect("docker ps")
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("POST /containers/create")
        launcher.expect("POST /containers/create", .engine(201, #"{"Id": "second"}"#))
        launcher.expect("docker start --attach second")
        launcher.expect("docker start")
        launcher.expect("docker container inspect", .prints(#"[{"State": {"Status": "running"}}]"#))
        try await target.restart(web, images: [image])
        try await target.waitUntilReady(web)
        launcher.verify()
    }

    @Test(arguments: [
        (#", "initContainers": [{"name": "migrate", "image": "shop/web"}], "restartPolicy": "Never""#, ""),
        (migrating, #"[{"State": {"Status": "created", "Error": "exec: no such file"}}]"#),
    ])
    func anInitContainerIsNotRunAgainWhereThatIsNotWantedOrCannotHelp(pod: String, state: String) async throws {
        expectInitContainer()
        launcher.expect("docker start --attach init", .fails("no table", status: 3))
        if !state.isEmpty { launcher.expect("docker container inspect init", .prints(state)) }
        launcher.expect("docker rm")
        let target = target()
        _ = try await target.apply([try deployment(pod: pod)], images: [image])
        let error = try await targetError { try await target.waitUntilReady(web) }
        #expect(error.summary == "the init container migrate of deployment/web failed (exit status 3)")
        #expect(error.details == ["no table"])
        launcher.verify()
    }

    @Test func deletingEndsAnInitContainerThatWaits() async throws {
        expectInitContainer()
        launcher.expect("docker start --attach init", .hangs())
        let target = target()
        _ = try await target.apply([try deployment(pod: Self.migrating)], images: [image])
        await launcher.started("docker start --attach init")
        for command in ["docker rm", "docker ps", "docker volume ls", "docker network ls"] { launcher.expect(command) }
        _ = try await target.delete([], .everything)
        launcher.verify()
    }
}
