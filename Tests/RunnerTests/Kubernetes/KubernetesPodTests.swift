import Testing

@testable import Runner

struct KubernetesPodTests {
    @Test(arguments: [
        ("ReplicaSet", "posts-depl-5d4f", "5d4f", "deployment/posts-depl"),
        ("StatefulSet", "db", nil, "statefulset/db"), ("DaemonSet", "agent", nil, "daemonset/agent"),
        // One that no Deployment made has no hash of its own.
        ("ReplicaSet", "posts-abc", nil, "replicaset/posts-abc"), ("ReplicaSet", "posts", "abc", "replicaset/posts"),
        ("ReplicationController", "old", nil, "replicationcontroller/old"),
    ])
    func aPodBelongsToTheWorkloadThatMadeIt(kind: String, name: String, hash: String?, workload: String) throws {
        let pod = try PodFixture(namespace: "blog", owner: (kind, name), hash: hash).pod
        #expect(pod.workload?.description == workload)
        #expect(pod.workload?.namespace == "blog")
    }

    @Test func aBarePodIsItsOwnWorkload() throws {
        #expect(try PodFixture(name: "tool", owner: nil, hash: nil).pod.workload?.description == "pod/tool")
    }

    @Test func aPodOfAnythingElseBelongsToNoWorkload() throws {
        #expect(try PodFixture(owner: ("Job", "once"), hash: nil).pod.workload == nil)
    }

    @Test func containersCarryTheirSpecificationAndTheirState() throws {
        let pod = try PodFixture(containers: [
            .init(name: "setup", state: .terminated(code: 0), isInit: true),
            .init(name: "app", image: "a:1", imageID: "a@sha256:1", restarts: 2, lastExit: 137),
            .init(name: "late", state: .waiting("ContainerCreating", "")), .init(name: "new", state: .none),
        ]).pod
        #expect(pod.containers.map(\.name) == ["setup", "app", "late", "new"])
        #expect(pod.containers.map(\.isRunning) == [false, true, false, false])
        #expect(pod.containers.map(\.hasStarted) == [true, true, false, false])
        #expect(pod.containers[1].image == "a:1")
        #expect(pod.containers[1].imageID == "a@sha256:1")
        #expect(pod.containers[1].restarts == 2)
        #expect(pod.containers[1].death?.exitCode == 137)
        #expect(pod.containers[2].waiting?.reason == "ContainerCreating")
    }

    @Test(arguments: [
        ("Succeeded", true), ("Failed", true), ("Running", false), ("Pending", false), ("Unknown", false),
    ])
    func aPodIsFinishedByItsPhase(phase: String, isFinished: Bool) throws {
        #expect(try PodFixture(phase: phase).pod.isFinished == isFinished)
    }

    @Test func aPodThatWasAskedToEndIsTerminating() throws {
        #expect(try PodFixture(isTerminating: true).pod.isTerminating)
        #expect(try !PodFixture().pod.isTerminating)
    }

    @Test(arguments: [#"{"kind":"Status","metadata":{"name":"a","uid":"b"}}"#, #"{"kind":"Pod"}"#, "[]", "null"])
    func whatIsNoPodIsNone(_ text: String) throws {
        #expect(KubernetesPod(try JSONParser.parse(Array(text.utf8))) == nil)
    }

    @Test(arguments: ["null", "[]", #"{"items":{}}"#])
    func aListThatIsNoneHasNoPods(_ text: String) throws {
        #expect(KubernetesPod.list(try JSONParser.parse(Array(text.utf8))) == [])
    }
}
