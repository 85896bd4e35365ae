import Foundation
import Synchronization
import Testing

@testable import Runner

/// The Docker target against recorded answers: which commands it runs, in which order, and what it makes of failures.
@Suite(.timeLimit(.minutes(1)))
struct DockerTargetTests {
    private let launcher = RecordingLauncher()
    private let web = Workload(kind: .deployment, name: "web")
    private let image = DeliveredImage(
        built: BuiltImage(reference: ImageReference("shop/web")!, id: "sha256:1111"), reference: "sha256:1111")

    private func target() -> DockerTarget {
        DockerTarget(
            project: "shop", place: "/shop/devloop.json", namespace: "default", launcher: launcher,
            initBackoff: Backoff(first: .zero, limit: .zero),
            isFreePort: { _ in true })
    }

    private func object(_ json: String) throws -> KubernetesObject {
        try #require(KubernetesObject(try JSONParser.parse(Array(json.utf8))))
    }

    private func deployment(
        strategy: String = "RollingUpdate", container: String = "", pod: String = ""
    ) throws -> KubernetesObject {
        try object(
            """
            {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"strategy": {"type": "\(strategy)"},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
            {"name": "main", "image": "shop/web"\(container)}]\(pod)}}}}
            """)
    }

    /// A line of `docker ps`, as the container was created.
    private func listed(
        _ id: String, state: String = "running", instance: String, mounts: String = "devloop-shop-data",
        of create: Command
    ) -> String {
        let labels = body(of: create)["Labels"]?.stringMembers ?? [:]
        func label(_ name: String) -> String { labels[name] ?? "" }
        return [
            id, state, label(DockerLabel.workload), label(DockerLabel.namespace), label(DockerLabel.container),
            instance, label(DockerLabel.specification), label(DockerLabel.image), label(DockerLabel.builtImage),
            label(DockerLabel.role), label(DockerLabel.volumes), label(DockerLabel.ports), label(DockerLabel.pod),
            "devloop-shop", mounts, "\"\(label(DockerLabel.place))\"",
        ].joined(separator: "\t")
    }

    /// What `docker network ls` prints of the project's network.
    private let network = ["n1", "devloop-shop", "2026-01-01", "\"shop\"", "\"/shop/devloop.json\"", "\"default\""]
        .joined(separator: "\t")

    private func expectNewNetwork() {
        launcher.expect("docker network ls")
        launcher.expect("docker network create")
        launcher.expect("docker network ls", .prints(network))
    }

    /// Applies the objects with nothing there before; returns how the container was created.
    private func applied(_ objects: [KubernetesObject], to target: DockerTarget) async throws -> Command {
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "POST /containers/create", "docker start"] {
            launcher.expect(command)
        }
        let report = try await target.apply(objects, images: [image])
        #expect(report.created == [web])
        return try #require(launcher.commands.first { $0.purpose?.hasPrefix("POST /containers/create") == true })
    }

    /// What the engine was asked for.
    private func body(of command: Command) -> JSONValue {
        let lines = (command.input ?? []).split(separator: UInt8(ascii: "\n"))
        let line = lines.first { $0.first == UInt8(ascii: "{") } ?? []
        // Another request follows at once.
        let end = line.lastIndex(of: UInt8(ascii: "}")) ?? line.startIndex
        return (try? JSONParser.parse(Array(line[...end]))) ?? .null
    }

    @Test func anApplyStartsWhatIsNotThere() async throws {
        let create = try await applied([try deployment()], to: target())
        launcher.verify()
        #expect(create.purpose?.hasPrefix("POST /containers/create?name=shop-web-") == true)
        let body = body(of: create)
        #expect(body["Image"] == "sha256:1111")
        #expect(body["Hostname"]?.string?.hasPrefix("web-") == true)
        #expect(body["StopTimeout"] == 30)
        #expect(body[path: ["HostConfig", "NetworkMode"]] == "n1")
        #expect(body[path: ["NetworkingConfig", "EndpointsConfig", "n1"]] != nil)
        #expect(body[path: ["HostConfig", "RestartPolicy", "Name"]] == "unless-stopped")
        #expect(body["Entrypoint"] == nil && body["Cmd"] == nil)
        for (name, value) in [
            ("project", "shop"), ("place", "/shop/devloop.json"), ("workload", "deployment/web"),
            ("container", "main"), ("built", "sha256:1111"),
        ] {
            #expect(body[path: ["Labels", "dev.devloop.\(name)"]] == .string(value))
        }
    }

    @Test func whatRunsAsPlannedIsLeftAlone() async throws {
        let objects = [try deployment()]
        let create = try await applied(objects, to: target())
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(listed("c1", instance: "a", of: create)))
        // Another run of devloop, which finds it by its labels.
        #expect(try await target().apply(objects, images: [image]) == ApplyReport())
        launcher.verify()
    }

    @Test func aRestartTakesTheOldOneOffTheNetworkAndEndsItInTheBackground() async throws {
        let target = target()
        let create = try await applied([try deployment()], to: target)
        let before = launcher.commands.count
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(listed("old", instance: "a", of: create)))
        launcher.expect("POST /containers/create")
        launcher.expect("docker network disconnect devloop-shop old")
        launcher.expect("docker start")
        launcher.expect("docker stop old")
        launcher.expect("docker rm --force --volumes old")
        try await target.restart(web, images: [image])
        await launcher.started("docker rm")
        #expect(
            launcher.summaries().dropFirst(before + 2) == [
                "POST /containers/create", "docker network", "docker start", "docker stop", "docker rm",
            ])
        launcher.verify()
    }

    @Test func whatIsInNoManifestAnyMoreGivesUpItsNamesAndIsRemovedInTheBackground() async throws {
        let target = target()
        let object = try deployment()
        let create = try await applied([object], to: target)
        let before = launcher.commands.count
        let containers = listed("old", instance: "a", of: create)
        let other = containers.replacing("/shop/devloop.json", with: "/other/devloop.json")
            .replacing("deployment/web", with: "deployment/theirs")
        launcher.expect("docker ps", .prints(containers + "\n" + other))
        #expect(try await target.leftovers(besides: []) == [object.identity])
        launcher.expect("docker ps", .prints(containers))
        #expect(try await target.leftovers(besides: [object.identity]) == [])
        launcher.expect("docker ps", .prints(listed("old", instance: "a", mounts: "", of: create)))
        for command in ["docker network disconnect devloop-shop old", "docker stop old", "docker rm"] {
            launcher.expect(command)
        }
        #expect(
            try await target.letGo(of: [object.identity]) == [
                "deployment/web is in no manifest any more: removed, its volumes stay"
            ])
        await launcher.started("docker rm")
        #expect(
            launcher.summaries().dropFirst(before + 3) == ["docker network", "docker stop", "docker rm"])
        launcher.verify()
        // It is not planned any more.
        await #expect(throws: TargetError.self) { try await target.restart(web, images: [image]) }
    }

    @Test func whatIsInNoManifestAnyMoreIsAtItsEndBeforeAnotherHasItsVolume() async throws {
        let target = target()
        let create = try await applied([try deployment()], to: target)
        launcher.expect("docker ps", .prints(listed("old", instance: "a", of: create)))
        for command in ["docker network disconnect devloop-shop old", "docker stop old", "docker rm"] {
            launcher.expect(command)
        }
        _ = try await target.letGo(of: [try deployment().identity])
        launcher.verify()
    }

    @Test func aRecreatedWorkloadIsStoppedBeforeTheNewOneStarts() async throws {
        let target = target()
        let create = try await applied([try deployment(strategy: "Recreate")], to: target)
        let before = launcher.commands.count
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(listed("old", instance: "a", of: create)))
        for command in ["POST /containers/create", "docker stop old", "docker start", "docker stop old", "docker rm"] {
            launcher.expect(command)
        }
        try await target.restart(web, images: [image])
        await launcher.started("docker rm")
        #expect(
            launcher.summaries().dropFirst(before + 2).prefix(3) == [
                "POST /containers/create", "docker stop", "docker start",
            ])
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

    @Test func aCancelledRestartFinishesTheSwapThatItHasBegun() async throws {
        let target = target()
        let create = try await applied([try deployment()], to: target)
        let gate = GatedLauncher(launcher, holding: "disconnect")
        let gated = DockerTarget(
            project: "shop", place: "/shop/devloop.json", namespace: "default", launcher: gate,
            isFreePort: { _ in true })
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(listed("old", instance: "a", of: create)))
        _ = try await gated.apply([try deployment()], images: [image])
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(listed("old", instance: "a", of: create)))
        for command in [
            "POST /containers/create", "docker network disconnect", "docker start", "docker stop", "docker rm",
        ] {
            launcher.expect(command)
        }
        let restart = Task { try await gated.restart(web, images: [image]) }
        await gate.reached()
        restart.cancel()
        gate.open()
        try await restart.value
        await launcher.started("docker rm")
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

    @Test func whatRunsIsLookedAt() async throws {
        let target = target()
        let create = try await applied([try deployment()], to: target)
        let running = listed("c1", instance: "a", of: create)
        let row = running.split(separator: "\t", omittingEmptySubsequences: false)
        for (containers, networks, expected) in [
            (running, network, true), ("", network, false), (running, "", false),
            (listed("c1", state: "exited", instance: "a", of: create), network, false),
            (row.dropLast(3).joined(separator: "\t") + "\tother\t\t\"/shop/devloop.json\"", network, false),
            (row.dropLast(1).joined(separator: "\t") + "\t\"/elsewhere/devloop.json\"", network, false),
        ] {
            launcher.expect("docker ps", .prints(containers))
            launcher.expect("docker network ls", .prints(networks))
            let runs = try await target.runs(image, among: ImageNames([image.built.reference]), in: web)
            #expect(runs == expected, "\(containers)")
        }
        launcher.verify()
    }

    @Test func whatHasNoReplicasRuns() async throws {
        let target = target()
        var object = try deployment()
        object.json[path: ["spec", "replicas"]] = 0
        for command in ["docker ps", "docker network ls", "docker network create"] { launcher.expect(command) }
        launcher.expect("docker network ls", .prints(network))
        _ = try await target.apply([object], images: [image])
        launcher.expect("docker ps")
        launcher.expect("docker network ls", .prints(network))
        #expect(try await target.runs(image, among: ImageNames([image.built.reference]), in: web))
    }

    @Test func anotherProjectOfTheNameIsToldOfAndLeftAlone() async throws {
        let create = try await applied([try deployment()], to: target())
        let row = listed("c1", instance: "a", of: create).split(separator: "\t", omittingEmptySubsequences: false)
        let other = row.dropLast().joined(separator: "\t") + "\t\"/elsewhere/devloop.json\""
        launcher.expect("docker ps", .prints(other))
        launcher.expect("docker network ls", .prints(network))
        for command in ["docker ps", "POST /containers/create", "docker start"] { launcher.expect(command) }
        let report = try await target().apply([try deployment()], images: [image])
        #expect(report.created == [web])
        #expect(report.notices.count == 1 && report.notices[0].contains("/elsewhere/devloop.json"))
        launcher.verify()
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
        #expect(failures.first?.reasons.first == "deployment/web needs port 30080 of 127.0.0.1, which is taken")
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

    @Test func anImageThatIsNotThereIsPulledAndALimitBeyondTheMachineLeftOut() async throws {
        expectNewNetwork()
        launcher.expect("docker ps")
        launcher.expect("docker ps")
        launcher.expect("POST /containers/create", .engine(404, #"{"message": "No such image: shop/web:latest"}"#))
        launcher.expect("docker pull --quiet shop/web")
        launcher.expect(
            "POST /containers/create",
            .engine(400, #"{"message": "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"}"#))
        launcher.expect("POST /containers/create", .engine(201))
        launcher.expect("docker start")
        let container = #", "resources": {"limits": {"cpu": 4}}"#
        _ = try await target().apply([try deployment(container: container)], images: [])
        let limits = launcher.commands.filter { $0.purpose != nil }.map {
            body(of: $0)[path: ["HostConfig", "NanoCpus"]]
        }
        #expect(limits == [4_000_000_000, 4_000_000_000, nil])
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
            .prints("HTTP/1.1 200 OK\r\nX-Docker-Container-Path-Stat: \(stat)\r\n\r\n"))
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
        #expect(launcher.commands.contains { $0.purpose?.hasSuffix("/archive?path=/in/v") == true })
        launcher.verify()
    }

    @Test func aPortThatMovesIsFreeBeforeItsNextHolderStarts() async throws {
        func all(blue: Int, green: Int) throws -> [KubernetesObject] {
            try [
                object(
                    """
                    {"kind": "Service", "metadata": {"name": "np"}, "spec": {"type": "NodePort",
                    "selector": {"app": "web"}, "ports": [{"port": 80, "nodePort": 30080}]}}
                    """)
            ]
                + [("blue", blue), ("green", green)].map { name, replicas in
                    try object(
                        """
                        {"kind": "Deployment", "metadata": {"name": "\(name)"}, "spec": {"replicas": \(replicas),
                        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
                        {"name": "main", "image": "shop/web"}]}}}}
                        """)
                }
        }
        let target = target()
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "POST /containers/create", "docker start"] {
            launcher.expect(command)
        }
        _ = try await target.apply(try all(blue: 1, green: 0), images: [image])
        let create = try #require(launcher.commands.first { $0.purpose != nil })
        let before = launcher.commands.count
        let blue = listed("b1", instance: "a", of: create)
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(blue))
        launcher.expect("docker ps", .prints(blue))
        for command in ["docker network disconnect", "docker stop b1", "docker rm", "docker ps"] {
            launcher.expect(command)
        }
        launcher.expect("POST /containers/create")
        launcher.expect("docker start")
        _ = try await target.apply(try all(blue: 0, green: 1), images: [image])
        let words = launcher.summaries().dropFirst(before)
        // The network is looked for, and the old holder leaves it.
        let taken = try #require(words.firstIndex(of: "docker start"))
        #expect(words[..<taken].filter { $0 == "docker network" }.count == 2)
        await launcher.started("docker rm")
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

    @Test func theRunningImageIsToldByItsLabels() async throws {
        let create = try await applied([try deployment()], to: target())
        let other = BuiltImage(reference: image.built.reference, id: "sha256:2222")
        for (built, state, expected) in [
            (image.built, "running", image), (image.built, "exited", nil), (other, "running", nil),
        ] as [(BuiltImage, String, DeliveredImage?)] {
            launcher.expect("docker ps", .prints(listed("c", state: state, instance: "a", of: create)))
            #expect(try await target().delivered(built, runningIn: web) == expected)
        }
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
        launcher.expect("docker logs --tail=20 c1", .prints("a\nb"))
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
        _ = try await target.delete([])
        launcher.verify()
    }

    @Test func deletingRemovesWhatIsLabelledAndNothingElse() async throws {
        let create = try await applied([try deployment()], to: target())
        launcher.expect(
            "docker ps --all --no-trunc --filter=label=dev.devloop.project=shop",
            .prints(listed("c1", instance: "a", of: create)))
        launcher.expect("docker stop c1")
        launcher.expect("docker rm --force --volumes c1")
        launcher.expect(
            "docker volume ls",
            .prints(
                """
                devloop-shop-data\t"shop"\t"/shop/devloop.json"\t"default"\t"data"\t""\t""
                devloop-shop-data-1\t"shop"\t"/other/devloop.json"\t"default"\t"data"\t""\t""
                devloop-shop-old\t"shop"\t""\t""\t""\t""\t""
                devloop-shop-a-scratch\t"shop"\t""\t""\t""\t""\t"a"
                data\t""\t""\t""\t""\t""\t""
                """))
        launcher.expect("docker volume rm --force devloop-shop-data devloop-shop-a-scratch")
        launcher.expect(
            "docker network ls",
            .prints(
                network + "\nn2\tdevloop-shop\t2026\t\"shop\"\t\"/shop/devloop.json\"\t\"default\""
                    + "\nn3\tdevloop-shop-1\t2026\t\"shop\"\t\"/other/devloop.json\"\t\"default\""))
        launcher.expect("docker network rm n1 n2")
        #expect(
            try await target().delete([]) == [
                "deployment/web (main) removed", "volume devloop-shop-data removed",
                "volume devloop-shop-a-scratch removed",
                "volume devloop-shop-old left: an earlier devloop made it, for a project shop in whatever folder; "
                    + "docker volume rm devloop-shop-old deletes its data",
                "network devloop-shop removed", "network devloop-shop removed",
            ])
        launcher.verify()
    }

    @Test func deletingWhatIsGoneIsNoError() async throws {
        for command in ["docker ps", "docker volume ls", "docker network ls"] { launcher.expect(command) }
        #expect(try await target().delete([]) == [])
        launcher.verify()
    }

    /// The daemon was away while a container was removed.
    @Test func linesMayBeMissingWhereAContainerIsGoneBeforeItsLogWasRead() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: LogEvent.self)
        launcher.expect("docker info", .prints("2026-01-01T00:00:00.5Z"))
        launcher.expect("docker ps")
        launcher.expect("docker events", .hangs(printing: Self.start))
        launcher.expect("docker logs --follow --timestamps c1", .fails("error during connect: unexpected EOF"))
        launcher.expect("docker logs", .fails("Error response from daemon: No such container: c1"))
        let target = target()
        let follow = Task { [web] in try await target.followLogs(of: { [web] }) { continuation.yield($0) } }
        let text = "lines of its log may be missing: it was removed before the rest could be read"
        #expect(await events.first { _ in true } == .notice(workload: web, text: text))
        follow.cancel()
        await #expect(throws: CancellationError.self) { try await follow.value }
        launcher.verify()
    }

    private static let start = """
        {"Type": "container", "Action": "start", "Actor": {"ID": "c1", "Attributes": \
        {"dev.devloop.workload": "deployment/web", "dev.devloop.pod": "one"}}}
        """

    @Test func eventsThatEndAreToldOnceAndFollowedAgain() async throws {
        let events = Mutex<[LogEvent]>([])
        for _ in 1...3 {
            launcher.expect("docker info", .prints("2026-01-01T00:00:00.5Z"))
            launcher.expect("docker ps")
        }
        launcher.expect("docker events --since=2026-01-01T00:00:00.5Z", .fails("the daemon is restarting"))
        launcher.expect("docker events", .prints())
        launcher.expect("docker events", .hangs(printing: Self.start))
        launcher.expect(
            "docker logs --follow --timestamps c1", .hangs(printing: "2026-01-01T00:00:01.000000000Z hello"))
        let target = target()
        let follow = Task { [web] in
            try await target.followLogs(of: { [web] }) { event in events.withLock { $0.append(event) } }
        }
        await launcher.started("docker logs")
        follow.cancel()
        await #expect(throws: CancellationError.self) { try await follow.value }
        #expect(
            events.withLock { $0 } == [
                .notice(
                    workload: nil,
                    text: "Docker's events cannot be followed: the daemon is restarting; trying again"),
                .line(workload: web, container: nil, text: Array("hello".utf8)),
            ])
        launcher.verify()
    }
}

/// Holds a command back until it is let go.
private final class GatedLauncher: CommandRunning {
    private let launcher: RecordingLauncher
    private let word: String
    private let arrived = AsyncStream.makeStream(of: Void.self)
    private let opened = AsyncStream.makeStream(of: Void.self)

    init(_ launcher: RecordingLauncher, holding word: String) {
        self.launcher = launcher
        self.word = word
    }

    func reached() async { for await _ in arrived.stream { return } }
    func open() { opened.continuation.finish() }

    func run(_ command: Command, output: OutputHandling) async throws -> CommandOutput {
        if command.arguments.contains(word) {
            arrived.continuation.finish()
            for await _ in opened.stream {}
        }
        return try await launcher.run(command, output: output)
    }
}
