import Synchronization
import Testing

@testable import Runner

/// The Docker target and the probes of what it runs.
@Suite(.timeLimit(.minutes(1)))
struct DockerProbesTests: DockerTargetSuite {
    let launcher = RecordingLauncher()

    private static let probe = #", "readinessProbe": {"exec": {"command": ["ready"]}}"#

    private func inspected(start: String = "2026-01-01T00:00:00.5Z") -> RecordingLauncher.Answer {
        .engine(
            200,
            """
            {"Id": "c1", "State": {"Running": true, "StartedAt": "\(start)"}, "HostConfig": {"NetworkMode": "n1"},
            "NetworkSettings": {"Networks": {"n1": {"IPAddress": "127.0.0.1"}}}}
            """)
    }

    private func expectQuestion(exitCode: Int, says text: String = "") {
        launcher.expect("POST /containers/c1/exec", .engine(201, #"{"Id": "e1"}"#))
        launcher.expect("POST /exec/e1/start", .engine(200, LogFrame(1, text).bytes))
        launcher.expect("GET /exec/e1/json", .engine(200, #"{"ExitCode": \#(exitCode)}"#))
    }

    private func apply(_ container: String, spec: String = "", to target: DockerTarget) async throws {
        expectNewNetwork()
        for command in ["docker ps", "docker ps"] { launcher.expect(command) }
        launcher.expect("POST /containers/create", .engine(201, #"{"Id": "c1"}"#))
        launcher.expect("docker start")
        _ = try await target.apply([try deployment(container: container, spec: spec)], images: [image])
    }

    private let runs = RecordingLauncher.Answer.prints(#"[{"State": {"Status": "running"}}]"#)

    @Test func aContainerWithAReadinessProbeIsReadyWhenThatSucceeds() async throws {
        let target = target()
        launcher.expect("GET /containers/c1/json", inspected())
        expectQuestion(exitCode: 1, says: "not yet\n")
        launcher.expect("GET /containers/c1/json", inspected())
        expectQuestion(exitCode: 0)
        launcher.expect("docker container inspect", runs)
        try await apply(Self.probe, to: target)
        try await target.waitUntilReady(web)
        launcher.verify()
        let words = launcher.requests.first { $0.path.hasSuffix("/exec") }?.body?["Cmd"]
        #expect(words == ["ready"])
        withExtendedLifetime(target) {}
    }

    @Test func whatIsNotReadyInTimeIsToldWithTheProbesOwnWords() async throws {
        let target = target()
        launcher.expect("GET /containers/c1/json", inspected())
        expectQuestion(exitCode: 1, says: "no database\n")
        launcher.expect("GET /containers/c1/json", .engine(200, hangs: true))
        launcher.expect("docker container inspect", runs)
        try await apply(Self.probe, spec: #""progressDeadlineSeconds": 1, "#, to: target)
        await #expect(
            throws: TargetError(
                "deployment/web did not become ready: the readiness probe of container main fails",
                details: ["ready: no database (exit code 1)"])
        ) { try await target.waitUntilReady(web) }
        withExtendedLifetime(target) {}
    }

    @Test func aContainerThatSomebodyRemovedIsNotWaitedFor() async throws {
        let target = target()
        launcher.expect("GET /containers/c1/json", .engine(404, #"{"message": "No such container: c1"}"#))
        launcher.expect("docker container inspect", runs)
        try await apply(Self.probe, to: target)
        let error = try await targetError { try await target.waitUntilReady(web) }
        #expect(error.severity == .missing)
    }

    @Test func whatFailsItsLivenessProbeIsStartedAgain() async throws {
        let target = target()
        launcher.expect("GET /containers/c1/json", inspected())
        expectQuestion(exitCode: 3)
        launcher.expect("POST /containers/c1/restart", .engine(204))
        // It is looked at again, as another run.
        launcher.expect("GET /containers/c1/json", .engine(200, hangs: true))
        let liveness = #", "livenessProbe": {"exec": {"command": ["alive"]}, "failureThreshold": 1}"#
        try await apply(liveness, to: target)
        await launcher.started("POST /containers/c1/restart")
        withExtendedLifetime(target) {}
    }

    @Test func otherProbesAreAnotherRollout() throws {
        func fingerprint(_ container: String) throws -> String {
            let project = ProjectIdentity(name: "shop", place: "/shop/devloop.json")
            var manifests = DockerManifests(
                commands: DockerCommand(project: project, namespace: "default"), hash: KeyedHash(key: [1]))
            try manifests.add([try deployment(container: container)])
            return try manifests.plan(web).plan.fingerprint
        }
        #expect(try fingerprint(Self.probe) != fingerprint(""))
        #expect(try fingerprint(Self.probe) == fingerprint(Self.probe))
    }

    @Test func connectionsAreForWhatIsReady() throws {
        var endpoints = ContainerEndpoints()
        let endpoint = PodEndpoint(
            id: "c1", place: .address("172.18.0.2"), namespace: "default", workload: web, revision: "i", created: "")
        let version = endpoints.runs([], of: web).version
        let found = endpoints.found([endpoint], of: web, version: version) { _ in false }
        #expect(found.map(\.isReady) == [false])
        #expect(endpoints.probed { _ in true }.map(\.isReady) == [true])
        #expect(endpoints.probed { _ in true } == [])
    }
}
