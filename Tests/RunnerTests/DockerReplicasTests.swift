import Testing

@testable import Runner

/// Workloads of several pods on Docker.
@Suite(.timeLimit(.minutes(1)))
struct DockerReplicasTests: DockerTargetSuite {
    let launcher = RecordingLauncher()

    private func plan(_ objects: [String], _ workload: Workload) throws -> PodPlan {
        let project = ProjectIdentity(name: "shop", place: "/shop/devloop.json")
        var manifests = DockerManifests(
            commands: DockerCommand(project: project, namespace: "default"), hash: KeyedHash(key: [1]))
        try manifests.add(try objects.map(object))
        return try manifests.plan(workload).plan
    }

    private let service = """
        {"kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "NodePort", "selector": {"app": "web"},
        "ports": [{"port": 80, "nodePort": 30080}]}}
        """

    private func set(replicas: Int) -> String {
        """
        {"kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"replicas": \(replicas), "serviceName": "db",
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "main", "image": "db",
        "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}}
        """
    }

    @Test func replicasShareTheServicesNamesAndTheFirstHasThePort() throws {
        let deployment = try deployment(spec: #""replicas": 3, "#).json.description
        let plan = try plan([service, deployment], web)
        #expect(plan.pods.count == 3)
        #expect(plan.pods.allSatisfy { $0.aliases == plan.aliases && $0.aliases.contains("web") })
        #expect(plan.pods.map { $0.ports.map(\.hostPort) } == [[30080], [], []])
        #expect(Set(plan.pods.map(\.fingerprint)).count == 1)
    }

    @Test func howManyThereAreIsNoReasonToMakeThemAgainButForTheirNumber() throws {
        let one = try plan([set(replicas: 1)], Workload(kind: .statefulSet, name: "db"))
        let two = try plan([set(replicas: 2)], Workload(kind: .statefulSet, name: "db"))
        #expect(one.fingerprint == two.fingerprint)
    }

    @Test func podsOfAStatefulSetHaveNamesAndClaimsOfTheirOwn() throws {
        let plan = try plan([set(replicas: 3)], Workload(kind: .statefulSet, name: "db"))
        #expect(plan.pods.map { $0.hostname(of: "i") } == ["db-0", "db-1", "db-2"])
        #expect(plan.pods.flatMap(\.persistentVolumes).map(\.claim) == ["data-db-0", "data-db-1", "data-db-2"])
        #expect(plan.pods.map { $0.containers[0].environment.map(\.value) } == [["db-0"], ["db-1"], ["db-2"]])
        for (number, pod) in plan.pods.enumerated() {
            #expect(
                pod.aliases
                    == ["", ".default", ".default.svc", ".default.svc.cluster.local"].map {
                        "db-\(number).db\($0)"
                    })
        }
    }

    @Test(arguments: ["0f3a99c1", "0f3a99c1-1", "0f3a99c1-12"])
    func aPodSaysWhichStartAndWhichReplicaItIs(text: String) {
        let instance = PodInstance(text)
        #expect(instance.start == "0f3a99c1" && instance.description == text)
    }

    /// Two replicas with nothing there before.
    private func appliedTwo(to target: DockerTarget) async throws -> [EngineRequest] {
        expectNewNetwork()
        for command in ["docker ps", "docker ps"] { launcher.expect(command) }
        for id in ["c1", "c2"] { launcher.expect("POST /containers/create", .engine(201, #"{"Id": "\#(id)"}"#)) }
        launcher.expect("docker start c1 c2")
        _ = try await target.apply([try deployment(spec: #""replicas": 2, "#)], images: [image])
        launcher.verify()
        return launcher.requests.filter { $0.path.hasPrefix("/containers/create") }
    }

    private func rows(_ creates: [EngineRequest], of numbers: [Int]) -> String {
        numbers.map { number in
            let instance = PodInstance(start: "a", number: number)
            return listed("c\(number + 1)", instance: "\(instance)", of: creates[number])
        }.joined(separator: "\n")
    }

    @Test func allReplicasAreMadeAndStartedByOneCommand() async throws {
        let creates = try await appliedTwo(to: target())
        let instances = creates.compactMap { $0.body?[path: ["Labels", DockerLabel.instance]]?.string }
        #expect(instances.map { PodInstance($0).number } == [0, 1])
        #expect(Set(instances.map { PodInstance($0).start }).count == 1)
        #expect(Set(creates.compactMap { $0.body?["Hostname"]?.string }).count == 2)
    }

    @Test(arguments: [([0, 1], true), ([0], false), ([1], false)])
    func aReplicaThatIsMissingIsAReasonToReplaceThem(numbers: [Int], runs: Bool) async throws {
        let target = target()
        let creates = try await appliedTwo(to: target)
        launcher.expect("docker ps", .prints(rows(creates, of: numbers)))
        launcher.expect("docker network ls", .prints(network))
        #expect(try await target.runs(image, among: ImageNames([image.built.reference]), in: web) == runs)
    }

    @Test func ofFewerReplicasThoseThatAreTooManyEnd() async throws {
        let target = target()
        let creates = try await appliedTwo(to: target)
        let rows = rows(creates, of: [0, 1])
        launcher.expect("docker ps", .prints(rows))
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(rows))
        for command in [
            "docker network disconnect devloop-shop c2", "docker stop c2", "docker rm --force --volumes c2",
        ] { launcher.expect(command) }
        let report = try await target.apply([try deployment()], images: [image])
        #expect(report.changed == [web])
        await launcher.started("docker rm")
        launcher.verify()
    }

    @Test func moreReplicasStartBesideThoseThatStay() async throws {
        let target = target()
        let creates = try await appliedTwo(to: target)
        let rows = rows(creates, of: [0])
        launcher.expect("docker ps", .prints(rows))
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(rows))
        launcher.expect("POST /containers/create", .engine(201, #"{"Id": "c3"}"#))
        launcher.expect("docker start c3")
        let report = try await target.apply([try deployment(spec: #""replicas": 2, "#)], images: [image])
        #expect(report.changed == [web])
        launcher.verify()
    }

    // MARK: - One after the other

    private let db = Workload(kind: .statefulSet, name: "db")

    private func set(_ policy: String, _ pod: String = "") throws -> KubernetesObject {
        try object(
            """
            {"kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"replicas": 2, \(policy)"template": {
            "metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "main", "image": "db",
            "readinessProbe": {"exec": {"command": ["ready"]}}}]\(pod)}}}}
            """)
    }

    private func inspected(_ id: String) -> RecordingLauncher.Answer {
        .engine(
            200,
            """
            {"Id": "\(id)", "State": {"Running": true, "StartedAt": "2026-01-01T00:00:00.5Z"},
            "HostConfig": {"NetworkMode": "n1"}, "NetworkSettings": {"Networks": {"n1": {"IPAddress": "127.0.0.1"}}}}
            """)
    }

    private func expectQuestion(exitCode: Int) {
        launcher.expect("GET /containers/c1/json", inspected("c1"))
        launcher.expect("POST /containers/c1/exec", .engine(201, #"{"Id": "e1"}"#))
        launcher.expect("POST /exec/e1/start", .engine(200, LogFrame(1, "").bytes))
        launcher.expect("GET /exec/e1/json", .engine(200, #"{"ExitCode": \#(exitCode)}"#))
    }

    private func expectNewPods() {
        expectNewNetwork()
        for command in ["docker ps", "docker ps"] { launcher.expect(command) }
        for id in ["c1", "c2"] { launcher.expect("POST /containers/create", .engine(201, #"{"Id": "\#(id)"}"#)) }
    }

    @Test func aPodOfAStatefulSetStartsWhenThoseBeforeItAreReady() async throws {
        let target = target()
        expectNewPods()
        launcher.expect("docker start c1")
        expectQuestion(exitCode: 1)
        expectQuestion(exitCode: 0)
        launcher.expect("docker start c2")
        launcher.expect("GET /containers/c2/json", .engine(200, hangs: true))
        #expect(try await target.apply([try set("")], images: []).created == [db])
        await launcher.started("GET /containers/c2/json")
        launcher.verify()
        let lines = launcher.summaries(words: 3)
        #expect(
            try #require(lines.lastIndex(of: "GET /exec/e1/json"))
                < (try #require(lines.firstIndex(of: "docker start c2"))))
        withExtendedLifetime(target) {}
    }

    @Test func withAnInitContainerItWaitsForThePodsBeforeItToo() async throws {
        let target = target()
        expectNewPods()
        launcher.expect("POST /containers/create", .engine(201, #"{"Id": "i1"}"#))
        launcher.expect("docker start --attach i1")
        launcher.expect("docker start c1")
        expectQuestion(exitCode: 0)
        launcher.expect("POST /containers/create", .engine(201, #"{"Id": "i2"}"#))
        launcher.expect("docker start --attach i2")
        launcher.expect("docker start c2")
        launcher.expect("GET /containers/c2/json", .engine(200, hangs: true))
        _ = try await target.apply(
            [try set("", #", "initContainers": [{"name": "set-up", "image": "db"}]"#)], images: [])
        await launcher.started("GET /containers/c2/json")
        launcher.verify()
        let starts = launcher.summaries(words: 4).filter { $0.hasPrefix("docker start") }
        #expect(
            starts == ["docker start --attach i1", "docker start c1", "docker start --attach i2", "docker start c2"])
        withExtendedLifetime(target) {}
    }

    @Test func inParallelTheyStartAtOnce() async throws {
        let target = target()
        expectNewPods()
        launcher.expect("docker start c1 c2")
        for id in ["c1", "c2"] { launcher.expect("GET /containers/\(id)/json", .engine(200, hangs: true)) }
        _ = try await target.apply([try set(#""podManagementPolicy": "Parallel", "#)], images: [])
        await launcher.started("docker start c1 c2")
        withExtendedLifetime(target) {}
    }

    @Test func aNewerRestartTakesThePlaceOfWhatIsUpSoFar() async throws {
        let target = target()
        expectNewPods()
        launcher.expect("docker start c1")
        launcher.expect("GET /containers/c1/json", .engine(200, hangs: true))
        _ = try await target.apply([try set("")], images: [])
        await launcher.started("GET /containers/c1/json")
        let creates = launcher.requests.filter { $0.path.hasPrefix("/containers/create") }
        // The second was never started.
        launcher.expect("docker rm --force --volumes shop-db-")
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(listed("c1", instance: "a", of: creates[0])))
        for id in ["d1", "d2"] { launcher.expect("POST /containers/create", .engine(201, #"{"Id": "\#(id)"}"#)) }
        launcher.expect("docker stop c1")
        launcher.expect("docker start d1")
        launcher.expect("GET /containers/d1/json", .engine(200, hangs: true))
        launcher.expect("docker stop c1")
        launcher.expect("docker rm --force --volumes c1")
        try await target.restart(db, images: [])
        await launcher.started("docker rm --force --volumes c1")
        await launcher.started("GET /containers/d1/json")
        launcher.verify()
        withExtendedLifetime(target) {}
    }
}
