import Foundation
import Testing

@testable import Runner

/// What the Docker target makes of commands that fail, and of what is missing.
@Suite(.timeLimit(.minutes(1)))
struct DockerTargetFailureTests: DockerTargetSuite {
    let launcher = RecordingLauncher()

    /// Two devloops made a network of one name at the same moment: one of them removes its own.
    @Test func aStartIsTriedAgainWhileANetworksNameMeansTwo() async throws {
        let target = target()
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "POST /containers/create"] { launcher.expect(command) }
        let said = "Error response from daemon: network devloop-shop is ambiguous (2 matches found on name)"
        launcher.expect("docker start", .fails(said))
        launcher.expect("docker start", .fails(said))
        launcher.expect("docker start")
        let report = try await target.apply([try deployment()], images: [image])
        #expect(report.created == [web] && report.failures.isEmpty)
        launcher.verify()
    }

    @Test func aContainerThatCannotBeCreatedLeavesTheOldOneUntouched() async throws {
        let target = target()
        let create = try await applied([try deployment()], to: target)
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(listed("old", instance: "a", of: create)))
        launcher.expect("POST /containers/create", .engine(400, #"{"message": "invalid mount"}"#))
        launcher.expect("docker rm")
        let error = await #expect(throws: TargetError.self) { try await target.restart(web, images: [image]) }
        #expect(error?.summary == "deployment/web could not be created")
        launcher.verify()
    }

    @Test func aContainerThatCannotBeStartedGivesItsPlaceBack() async throws {
        let target = target()
        let create = try await applied([try deployment()], to: target)
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(listed("old", instance: "a", of: create)))
        for command in ["POST /containers/create", "docker network disconnect", "docker rm", "docker network connect"] {
            launcher.expect(command)
        }
        launcher.expect("docker start", .fails("Error response from daemon: exec: \"/x\": no such file"))
        let error = await #expect(throws: TargetError.self) { try await target.restart(web, images: [image]) }
        #expect(error?.summary == "deployment/web could not be started")
        #expect(launcher.summaries(words: 3).suffix(2) == ["docker rm --force", "docker network connect"])
        launcher.verify()
    }

    @Test(arguments: [true, false])
    func whatSomebodyDeletedIsMissing(isNetworkThere: Bool) async throws {
        let target = target()
        let create = try await applied([try deployment()], to: target)
        if isNetworkThere {
            launcher.expect("docker network ls", .prints(network))
            launcher.expect("docker ps")
        } else {
            expectNewNetwork()
            launcher.expect("docker ps", .prints(listed("old", instance: "a", of: create)))
        }
        let error = await #expect(throws: TargetError.self) { try await target.restart(web, images: [image]) }
        #expect(error?.severity == .missing)
        launcher.verify()
    }

    @Test func whatIsGoneBeforeItIsReadyIsMissing() async throws {
        let target = target()
        _ = try await applied([try deployment()], to: target)
        launcher.expect("docker container inspect", .fails("Error: No such container: c1"))
        let error = await #expect(throws: TargetError.self) { try await target.waitUntilReady(web) }
        #expect(error?.severity == .missing)
    }

    @Test func aPortThatIsTakenIsNamed() async throws {
        let target = target()
        let service = try object(
            """
            {"kind": "Service", "metadata": {"name": "web-np"}, "spec": {"type": "NodePort",
            "selector": {"app": "web"}, "ports": [{"port": 80, "nodePort": 30080}]}}
            """)
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "POST /containers/create", "docker rm"] { launcher.expect(command) }
        launcher.expect("docker start", .fails("Bind for 127.0.0.1:30080 failed: port is already allocated"))
        let failures = try await target.apply([service, try deployment()], images: [image]).failures
        #expect(failures.map(\.object.description) == ["Deployment web"])
        #expect(
            failures.first?.reasons.first == "deployment/web needs port 30080 of 127.0.0.1, which another program has")
        launcher.verify()
    }

    @Test func anImageThatCannotBePulledIsNamed() async throws {
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "docker rm"] { launcher.expect(command) }
        launcher.expect("POST /containers/create", .engine(404, #"{"message": "No such image: shop/web:latest"}"#))
        launcher.expect(
            "docker pull --quiet shop/web",
            .fails("Error response from daemon: pull access denied for shop/web"))
        let failure = try #require(try await target().apply([try deployment()], images: []).failures.first)
        #expect(failure.reasons.first == "deployment/web needs the image shop/web, which cannot be had")
        #expect(failure.reasons.last == "Error response from daemon: pull access denied for shop/web")
        launcher.verify()
    }

    @Test(
        arguments: [("Socket", 16_777_709, true), ("Socket", 420, false), ("Directory", 420, false)]
            as [(String, Int, Bool)])
    func theEngineIsAskedWhatIsAtAHostPath(type: String, mode: Int, isRight: Bool) async throws {
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "POST /containers/create"] { launcher.expect(command) }
        let stat = Data("{\"name\":\"s\",\"mode\":\(mode)}".utf8).base64EncodedString()
        launcher.expect(
            "HEAD /containers/shop-web-",
            .engine(200, "", headers: ["x-docker-container-path-stat": stat]))
        launcher.expect(isRight ? "docker start" : "docker rm")
        let object = try deployment(
            container: #", "volumeMounts": [{"name": "v", "mountPath": "/in/v"}]"#,
            pod: #", "volumes": [{"name": "v", "hostPath": {"path": "/run/s", "type": "\#(type)"}}]"#)
        let target = target()
        if isRight {
            _ = try await target.apply([object], images: [image])
        } else {
            let failure = try #require(try await target.apply([object], images: [image]).failures.first)
            #expect(failure.object == object.identity)
            #expect(failure.reasons.first?.hasPrefix("deployment/web needs /run/s to be a") == true)
        }
        #expect(launcher.requests.contains { $0.path.hasSuffix("/archive?path=/in/v") })
        launcher.verify()
    }

    @Test func aHostPathThatIsMissingIsNamed() async throws {
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "docker rm"] { launcher.expect(command) }
        launcher.expect(
            "POST /containers/create",
            .engine(
                400,
                #"{"message": "invalid mount config for type \"bind\": bind source path does not exist: /run/s"}"#))
        let object = try deployment(
            container: #", "volumeMounts": [{"name": "v", "mountPath": "/v"}]"#,
            pod: #", "volumes": [{"name": "v", "hostPath": {"path": "/run/s", "type": "Socket"}}]"#)
        let failure = try #require(try await target().apply([object], images: [image]).failures.first)
        #expect(
            failure.reasons.first
                == "deployment/web needs /run/s, and nothing is there on the machine that Docker runs on")
        launcher.verify()
    }

    @Test(arguments: [
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "the Docker daemon cannot be reached"),
        ("permission denied while trying to connect to /var/run/docker.sock", "the Docker daemon refuses this user"),
    ])
    func aDaemonThatDoesNotAnswerIsUnavailable(said: String, summary: String) async throws {
        launcher.expect("docker version", .fails(said))
        let error = await #expect(throws: TargetError.self) { try await target().prepare() }
        #expect(error?.severity == .unavailable)
        #expect(error?.summary == summary)
    }

    @Test func aMissingDockerIsUnavailable() async throws {
        launcher.expect("docker version", .isMissing("docker"))
        let error = await #expect(throws: TargetError.self) { try await target().prepare() }
        #expect(error?.severity == .unavailable)
        #expect(error?.advice?.contains("install Docker") == true)
    }
}
