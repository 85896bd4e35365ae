import Synchronization
import Testing

@testable import Runner

/// Which commands the Docker target runs, in which order.
@Suite(.timeLimit(.minutes(1)))
struct DockerTargetTests: DockerTargetSuite {
    let launcher = RecordingLauncher()

    @Test func anApplyStartsWhatIsNotThere() async throws {
        let create = try await applied([try deployment()], to: target())
        launcher.verify()
        #expect("\(create)".hasPrefix("POST /containers/create?name=shop-web-"))
        let body = try #require(create.body)
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
        let before = launcher.summaries().count
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
        let before = launcher.summaries().count
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
        let before = launcher.summaries().count
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

    @Test func aCancelledRestartFinishesTheSwapThatItHasBegun() async throws {
        let target = target()
        let create = try await applied([try deployment()], to: target)
        let gate = GatedLauncher(launcher, holding: "disconnect")
        let gated = DockerTarget(
            project: "shop", place: "/shop/devloop.json", namespace: "default", launcher: gate,
            engine: launcher, isFreePort: { _ in true })
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

    /// Whoever brings the other namespace does not see a pod that is being started.
    @Test func aPodThatIsStartedWhileAnotherNamespaceComesIsOnTheNetworkOfBoth() async throws {
        let gate = GatedLauncher(launcher, holding: "start")
        let target = DockerTarget(
            project: "shop", place: "/shop/devloop.json", namespace: "default", launcher: gate, engine: launcher,
            isFreePort: { _ in true })
        let first = try deployment()
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "POST /containers/create"] { launcher.expect(command) }
        let apply = Task { [image] in try await target.apply([first], images: [image]) }
        await gate.reached()

        var other = try deployment()
        other.json[path: ["metadata", "namespace"]] = "other"
        other.json[path: ["spec", "replicas"]] = 0
        let second = try #require(KubernetesObject(other.json))
        let networks = [network, network("n2", "devloop-shop-other", "other"), network("n3", "devloop_shop", "*")]
            .joined(separator: "\n")
        launcher.expect("docker ps")
        launcher.expect("docker network ls", .prints(networks))
        _ = try await target.apply([second], images: [image])
        launcher.verify()

        launcher.expect("docker start")
        launcher.expect("docker network ls", .prints(networks))
        let create = try #require(launcher.requests.first { $0.path.hasPrefix("/containers/create") })
        launcher.expect("docker ps", .prints(listed("c1", instance: "a", of: create)))
        launcher.expect("docker network connect n3 c1")
        gate.open()
        _ = try await apply.value
        launcher.verify()
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
        let limits = launcher.requests.map { $0.body?[path: ["HostConfig", "NanoCpus"]] }
        #expect(limits == [4_000_000_000, 4_000_000_000, nil])
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
        let create = try #require(launcher.requests.first)
        let before = launcher.summaries().count
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

    @Test(arguments: [DeletionScope.allButData, .everything])
    func deletingRemovesWhatIsLabelledAndNothingElse(scope: DeletionScope) async throws {
        let create = try await applied([try deployment()], to: target())
        launcher.expect(
            "docker ps --all --no-trunc --filter=label=dev.devloop.project=shop",
            .prints(listed("c1", instance: "a", of: create) + "\n" + listed("c2", instance: "a-1", of: create)))
        launcher.expect("docker stop c1 c2")
        launcher.expect("docker rm --force --volumes c1 c2")
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
        let data = scope == .everything ? "devloop-shop-data " : ""
        launcher.expect("docker volume rm --force \(data)devloop-shop-a-scratch")
        launcher.expect(
            "docker network ls",
            .prints(
                network + "\nn2\tdevloop-shop\t2026\t\"shop\"\t\"/shop/devloop.json\"\t\"default\""
                    + "\nn3\tdevloop-shop-1\t2026\t\"shop\"\t\"/other/devloop.json\"\t\"default\""))
        launcher.expect("docker network rm n1 n2")
        let events = Mutex<[DeletionEvent]>([])
        let lines = try await target().delete([], scope) { event in events.withLock { $0.append(event) } }
        let volumes =
            scope == .everything
            ? ["volume devloop-shop-data removed", "volume devloop-shop-a-scratch removed"]
            : ["volume devloop-shop-a-scratch removed", "volume devloop-shop-data left: the data of claim data"]
        #expect(
            lines == ["deployment/web (main) removed"] + volumes + [
                "volume devloop-shop-old left: an earlier devloop made it, for a project shop in whatever folder; "
                    + "docker volume rm devloop-shop-old deletes its data",
                "network devloop-shop removed", "network devloop-shop removed",
            ])
        let kept = events.withLock { $0 }.filter { event in if case .kept = event { true } else { false } }
        #expect(kept == (scope == .everything ? [] : [.kept("volume devloop-shop-data left: the data of claim data")]))
        launcher.verify()
    }

    @Test func deletingWhatIsGoneIsNoError() async throws {
        for command in ["docker ps", "docker volume ls", "docker network ls"] { launcher.expect(command) }
        #expect(try await target().delete([], .everything) == [])
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
