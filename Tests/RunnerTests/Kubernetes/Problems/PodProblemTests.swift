import Testing

@testable import Runner

/// What is said of each state that a real cluster showed.
struct PodProblemTests {
    /// A recorded scene, and what has to be in the message.
    struct Expectation: Sendable, CustomTestStringConvertible {
        var scene: String
        var state: String
        var summary: String
        var cause: String
        var advice: String

        var testDescription: String { scene }
    }

    static let expectations: [Expectation] = [
        .init(
            scene: "pull-name", state: "ErrImagePull", summary: "localhost:5000 has no image blog/nosuch:ok",
            cause: "localhost:5000/blog/nosuch:ok: not found", advice: "name or tag"),
        .init(
            scene: "pull-tag", state: "ErrImagePull", summary: "localhost:5000 has no image blog/box:nosuch",
            cause: "localhost:5000/blog/box:nosuch: not found", advice: "name or tag"),
        .init(
            scene: "pull-auth", state: "ErrImagePull", summary: "localhost:5001 wants credentials for blog/box",
            cause: "401 Unauthorized", advice: "imagePullSecrets"),
        .init(
            scene: "pull-refused", state: "ErrImagePull", summary: "the node cannot reach localhost:1",
            cause: "dial tcp 127.0.0.1:1: connect: connection refused", advice: "localhost is the node itself"),
        .init(
            scene: "pull-backoff", state: "ImagePullBackOff", summary: "the node cannot reach localhost:1",
            cause: "failed to do request: Head", advice: "is it running"),
        .init(
            scene: "pull-http", state: "ErrImagePull",
            summary: "192.0.2.2:5000 speaks plain HTTP, the node asks with TLS", cause: "TLS handshake",
            advice: "insecure-registries"),
        .init(
            scene: "pull-dns", state: "ErrImagePull", summary: "the node cannot reach registry.nosuch.example",
            cause: "no such host", advice: "under this name"),
        .init(
            scene: "pull-hub", state: "ErrImagePull", summary: "the node cannot reach Docker Hub",
            cause: "lookup registry-1.docker.io", advice: "is it running"),
        .init(
            scene: "never", state: "ErrImageNeverPull",
            summary: "localhost:5000/blog/neverthere:ok is not on the node, and may not be pulled",
            cause: "is not present with pull policy of Never", advice: "imagePullPolicy is Never"),
        .init(
            scene: "badname", state: "InvalidImageName", summary: "localhost:5000/Upper/Case:ok is no image name",
            cause: "repository name (Upper/Case) must be lowercase", advice: "lower case"),
        .init(
            scene: "crash", state: "Error", summary: "container app died: exit code 3", cause: "Error, exit code 3",
            advice: "its last lines"),
        .init(
            scene: "crash-loop", state: "CrashLoopBackOff", summary: "container app died: exit code 3",
            cause: "restarted 1 time; kubelet waits longer", advice: "its last lines"),
        .init(
            scene: "signal", state: "Error", summary: "container app died: signal 11 (SIGSEGV), exit code 139",
            cause: "exit code 139", advice: "crashed"),
        .init(
            scene: "abort", state: "Error", summary: "container app died: signal 6 (SIGABRT), exit code 134",
            cause: "exit code 134", advice: "crashed"),
        .init(
            scene: "n127", state: "Error", summary: "container app died: exit code 127", cause: "exit code 127",
            advice: "a command was not found"),
        .init(
            scene: "exit0", state: "Completed", summary: "container app ended by itself, with exit code 0",
            cause: "Completed", advice: "foreground"),
        .init(
            scene: "oom", state: "OOMKilled", summary: "container app used more memory than its limit of 16Mi",
            cause: "OOMKilled, exit code 137", advice: "resources.limits.memory"),
        .init(
            scene: "run", state: "RunContainerError", summary: "container app cannot run /nosuch",
            cause: "no such file or directory", advice: "is it in the image"),
        .init(
            scene: "run-loop", state: "RunContainerError", summary: "container app cannot run /nosuch",
            cause: "no such file or directory", advice: "is it in the image"),
        .init(
            scene: "cfg-map", state: "CreateContainerConfigError",
            summary: "container app needs the ConfigMap nosuch-map, which is missing",
            cause: #"configmap "nosuch-map" not found"#, advice: "create it"),
        .init(
            scene: "cfg-secret", state: "CreateContainerConfigError",
            summary: "container app needs the Secret nosuch-secret, which is missing",
            cause: #"secret "nosuch-secret" not found"#,
            advice: #""secrets": { "nosuch-secret": ".env" } in devloop.json"#),
        .init(
            scene: "cfg-key", state: "CreateContainerConfigError",
            summary: "container app needs the key nokey of the ConfigMap there: missing",
            cause: "couldn't find key nokey in ConfigMap blog/there", advice: "add the key"),
        .init(
            scene: "cfg-root", state: "CreateContainerConfigError",
            summary: "container app must not run as root, and its image does", cause: "runAsNonRoot",
            advice: "USER in the Dockerfile"),
        .init(
            scene: "nocmd", state: "CreateContainerError", summary: "container app cannot be created",
            cause: "no command specified", advice: "no CMD or ENTRYPOINT"),
        .init(
            scene: "cpu", state: "Unschedulable", summary: "no node has enough cpu left for it",
            cause: "0/1 nodes are available: 1 Insufficient cpu.", advice: "resources.requests"),
        .init(
            scene: "mem", state: "Unschedulable", summary: "no node has enough memory left for it",
            cause: "1 Insufficient memory.", advice: "resources.requests"),
        .init(
            scene: "node", state: "Unschedulable", summary: "no node matches its nodeSelector or affinity",
            cause: "didn't match Pod's node affinity/selector", advice: "nodeSelector"),
        .init(
            scene: "pvc", state: "Unschedulable", summary: "its PersistentVolumeClaim nosuch is missing",
            cause: #"persistentvolumeclaim "nosuch" not found"#, advice: "create it"),
        .init(
            scene: "vol-map", state: "FailedMount", summary: "the volume v cannot be mounted",
            cause: #"configmap "nosuch-map" not found"#, advice: "create the ConfigMap nosuch-map"),
        .init(
            scene: "vol-secret", state: "FailedMount", summary: "the volume v cannot be mounted",
            cause: #"secret "nosuch-secret" not found"#, advice: "create the Secret nosuch-secret"),
        .init(
            scene: "vol-key", state: "FailedMount", summary: "the volume v cannot be mounted",
            cause: "configmap references non-existent config key: nokey", advice: "add the key"),
        .init(
            scene: "vol-host", state: "FailedMount", summary: "the volume v cannot be mounted",
            cause: "/nosuch-dir is not a directory", advice: "DirectoryOrCreate"),
        .init(
            scene: "ready-exec", state: "Unhealthy", summary: "container app is not ready: its readiness probe fails",
            cause: "echo not yet; exit 7: not yet", advice: "port, path or command"),
        .init(
            scene: "ready-http", state: "Unhealthy", summary: "container app is not ready: its readiness probe fails",
            cause: "GET :8080/healthz: Get", advice: "port, path or command"),
        .init(
            scene: "ready-500", state: "Unhealthy", summary: "container app is not ready: its readiness probe fails",
            cause: "GET :8081/healthz: HTTP probe failed with statuscode: 500", advice: "port, path or command"),
        .init(
            scene: "live", state: "Unhealthy", summary: "container app was killed: its liveness probe failed",
            cause: "echo dead; exit 1: dead; pod live-775994f98c-k6tv8: Error, exit code 137",
            advice: "failureThreshold"),
        .init(
            scene: "startup", state: "Unhealthy", summary: "container app was killed: its startup probe failed",
            cause: "echo slow; exit 1: slow;", advice: "failureThreshold"),
        .init(
            scene: "init", state: "Init:Error", summary: "init container setup failed: exit code 4",
            cause: "exit code 4", advice: "the containers after it wait"),
        .init(
            scene: "init-loop", state: "Init:CrashLoopBackOff", summary: "init container setup failed: exit code 4",
            cause: "exit code 4", advice: "the containers after it wait"),
        .init(
            scene: "quota", state: "FailedCreate", summary: "the quota things has no room for its pods",
            cause: "limited: requests.example.com/thing=0", advice: "describe quota"),
        .init(
            scene: "pod-security", state: "FailedCreate",
            summary: "the namespace's pod security (baseline:latest) refuses its pods",
            cause: "must not set securityContext.privileged=true", advice: "securityContext"),
        .init(
            scene: "service-account", state: "FailedCreate", summary: "its ServiceAccount nosuch is missing",
            cause: #"serviceaccount "nosuch" not found"#, advice: "create it"),
        .init(
            scene: "webhook", state: "FailedCreate",
            summary: "the admission webhook images.blog.example refuses its pods",
            cause: "images must come from registry.example", advice: "objects to"),
        .init(
            scene: "webhook-down", state: "FailedCreate",
            summary: "the admission webhook images.blog.example does not answer", cause: "connection refused",
            advice: "must run"),
        .init(
            scene: "limit-range", state: "FailedCreate", summary: "a LimitRange of the namespace refuses its pods",
            cause: "maximum memory usage per Container is 8Gi, but limit is 9Gi", advice: "describe limitrange"),
    ]

    private func problems(_ scene: String) throws -> [PodProblem] {
        let scene = try RecordedCluster.scene(scene)
        guard let pod = scene.pod else { return scene.events.map(PodProblem.refused) }
        return PodProblem.all(of: pod, events: scene.events)
    }

    @Test(arguments: expectations) func eachStateIsExplained(_ expected: Expectation) throws {
        let problems = try problems(expected.scene)
        #expect(problems.count == 1)
        let problem = try #require(problems.first)
        #expect(problem.state == expected.state)
        #expect(problem.summary == expected.summary)
        #expect(problem.cause.contains(expected.cause), "\(problem.cause)")
        #expect(problem.advice.contains(expected.advice), "\(problem.advice)")
    }

    /// A state that goes on under another name, as kubelet's two names for a failing pull do, is one problem.
    @Test(arguments: [("pull-refused", "pull-backoff"), ("run", "run-loop")])
    func theTwoNamesOfAStateAreOneProblem(_ first: String, _ second: String) throws {
        #expect(try problems(first).map(\.identity) == problems(second).map(\.identity))
    }

    @Test func theFourFailuresOfAPullHaveFourMessages() throws {
        let scenes = ["pull-name", "pull-auth", "pull-refused", "pull-http"]
        let messages = try scenes.flatMap { try problems($0) }
        #expect(Set(messages.map(\.advice)).count == 4)
        let reference = try #require(ImageReference("localhost:5000/blog/box:nosuch"))
        let missing = try #require(try problems("pull-tag").first)
        #expect(missing.inquiry == .repository(reference))
        #expect(
            PullFailure.tell(.noSuchName, of: reference, problem: missing).summary
                == "localhost:5000 has nothing named blog/box")
        let (summary, advice) = PullFailure.tell(.tags(["ok", "v2"]), of: reference, problem: missing)
        #expect(summary == "localhost:5000 has blog/box, but no tag nosuch")
        #expect(advice.contains("there are: ok, v2"))
    }

    @Test func deathsAskForTheLastLinesOfTheRunThatDied() throws {
        #expect(try problems("crash").first?.inquiry == .lastLines(container: "app", run: 0))
        #expect(try problems("crash-loop").first?.inquiry == .lastLines(container: "app", run: 1))
        #expect(try problems("live").first?.inquiry == .lastLines(container: "app", run: 0))
    }

    @Test func whatAStartGoesThroughIsNoProblem() throws {
        for state in [PodFixture.Container.State.none, .waiting("ContainerCreating", ""), .running] {
            #expect(PodProblem.all(of: try PodFixture(containers: [.init(state: state)]).pod) == [])
        }
        let setup = PodFixture(containers: [
            .init(name: "setup", state: .terminated(code: 0), isInit: true),
            .init(state: .waiting("PodInitializing", "")),
        ])
        #expect(PodProblem.all(of: try setup.pod) == [])
    }

    /// Nobody may have been allowed to read the event, or kubelet has said too much and is silent now.
    @Test func aProbeThatFailsIsSeenWithoutItsEvent() throws {
        var pod = PodFixture()
        let probe: JSONValue = ["httpGet": ["port": "web", "path": "/healthz"]]
        pod.containers[0].specification = [("readinessProbe", probe)]
        let problem = try #require(PodProblem.all(of: try pod.pod).first)
        #expect(problem.summary == "container app is not ready: its readiness probe fails")
        #expect(problem.cause == "pod posts-abc-1: GET :web/healthz does not succeed")
    }

    @Test(arguments: [
        ("{}", 30), (#"{"periodSeconds": 1}"#, 3), (#"{"periodSeconds": 2, "failureThreshold": 5}"#, 10),
        (#"{"initialDelaySeconds": 40}"#, 70), (#"{"periodSeconds": 1, "timeoutSeconds": 5}"#, 15),
    ]) func whatAProbeAllows(_ probe: String, _ seconds: Int) throws {
        let settings = KubernetesPod.Container.ProbeSettings(try JSONParser.parse(Array(probe.utf8)))
        #expect(settings.allowance == .seconds(seconds))
    }

    @Test func aPodThatIsToEndHasNoProblems() throws {
        var pod = PodFixture(containers: [.init(state: .waiting("ErrImagePull", "not found"))])
        pod.isTerminating = true
        #expect(PodProblem.all(of: try pod.pod) == [])
    }

    @Test func anUnknownStateIsToldInTheClustersWords() throws {
        let pod = PodFixture(containers: [.init(state: .waiting("PreStartHookError", "the hook failed"))])
        let problem = try #require(PodProblem.all(of: try pod.pod).first)
        #expect(problem.state == "PreStartHookError")
        #expect(problem.cause == "the hook failed")
    }

    @Test func anEvictedPodIsExplained() throws {
        var json = PodFixture(phase: "Failed", containers: [.init(state: .none)]).json
        json[path: ["status", "reason"]] = "Evicted"
        json[path: ["status", "message"]] = "The node was low on resource: memory."
        let pod = try #require(KubernetesPod(json))
        let problem = try #require(PodProblem.all(of: pod).first)
        #expect(problem.state == "Evicted")
        #expect(problem.cause.contains("low on resource"))
    }

    // MARK: - How much is missing

    @Test func whatIsMissingIsComputedFromRequestsAndNodes() throws {
        let pod = try #require(try RecordedCluster.scene("mem").pod)
        let nodes: JSONValue = [
            "items": [
                ["metadata": ["name": "small"], "status": ["allocatable": ["cpu": "1", "memory": "1Gi"]]],
                ["metadata": ["name": "large"], "status": ["allocatable": ["cpu": "1900m", "memory": "24581684Ki"]]],
            ]
        ]
        var other = PodFixture().json
        other[path: ["spec", "nodeName"]] = "large"
        other[path: ["spec", "containers"]] = [
            ["name": "app", "resources": ["requests": ["cpu": "500m", "memory": "512Mi"]]],
            ["name": "side", "resources": ["limits": ["memory": "512Mi"]]],
        ]
        var done = other
        done[path: ["status", "phase"]] = "Succeeded"
        let room = NodeRoom(nodes: nodes, pods: [other, done].compactMap(KubernetesPod.init))
        #expect(
            room.shortages(for: ResourceRequests(pod)) == [
                "cpu: it asks for 1.5; node large has the most left, 1.4 of 1.9: 0.1 too little",
                "memory: it asks for 1000Gi; node large has the most left, 22.4Gi of 23.4Gi: 977.6Gi too little",
            ])
    }

    @Test func anInitContainerCountsOnlyWhereItAsksForMore() throws {
        var json = PodFixture().json
        json[path: ["spec", "containers"]] = [
            ["name": "app", "resources": ["requests": ["cpu": "1", "memory": "1Mi"]]]
        ]
        json[path: ["spec", "initContainers"]] = [
            ["name": "setup", "resources": ["requests": ["cpu": "500m", "memory": "2Mi"]]]
        ]
        let requests = ResourceRequests(try #require(KubernetesPod(json)))
        #expect(requests.amounts == ["cpu": 1, "memory": 2_097_152])
    }

    @Test func everyLackingResourceIsNamed() throws {
        var pod = PodFixture(phase: "Pending", containers: [.init(state: .none)])
        pod.unschedulable =
            "0/2 nodes are available: 1 Insufficient example.com/gpu, 2 Insufficient cpu. preemption: no"
        #expect(
            PodProblem.all(of: try pod.pod).map(\.summary) == [
                "no node has enough example.com/gpu and cpu left for it"
            ])
    }
}
