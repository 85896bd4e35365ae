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

    @Test(arguments: ["", "error: nothing", "[]", #"{"items":{}}"#])
    func aListThatIsNoneHasNoPods(_ text: String) {
        #expect(KubernetesPod.list(Array(text.utf8)) == [])
    }
}

struct PodEventDecoderTests {
    private func events(_ text: String) -> [PodEvent] {
        var decoder = PodEventDecoder()
        return text.split(separator: "\n", omittingEmptySubsequences: false).compactMap {
            decoder.append(Array($0.utf8))
        }
    }

    /// As kubectl indents it: members on lines of their own, the outer braces alone on theirs.
    private func indented(_ value: JSONValue, _ depth: Int = 0) -> String {
        let (inner, outer) = (String(repeating: " ", count: 4 * depth + 4), String(repeating: " ", count: 4 * depth))
        switch value {
        case .object(let object) where !object.members.isEmpty:
            let members = object.members.map { "\(inner)\"\($0.key)\": \(indented($0.value, depth + 1))" }
            return "{\n\(members.joined(separator: ",\n"))\n\(outer)}"
        case .array(let elements) where !elements.isEmpty:
            return "[\n\(elements.map { inner + indented($0, depth + 1) }.joined(separator: ",\n"))\n\(outer)]"
        default: return value.description
        }
    }

    @Test func compactAndIndentedEventsAreRead() throws {
        let texts = ["ADDED", "MODIFIED", "DELETED"].map { PodFixture(uid: $0).event($0) }
        let long = try texts.map { indented(try JSONParser.parse(Array($0.utf8))) + "\n" }
        for text in [texts.joined(), long.joined(), texts[0] + long[1] + texts[2]] {
            #expect(events(text).map(\.change) == [.added, .modified, .deleted])
            #expect(events(text).map(\.pod.uid) == ["ADDED", "MODIFIED", "DELETED"])
        }
    }

    @Test func whatIsNoChangeOfAPodIsPassedOver() {
        let others = [
            #"{"type":"ERROR","object":{"kind":"Status","code":410}}"#,
            #"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"name":"a","uid":"b"}}}"#, "{}", "{ not JSON }",
        ]
        #expect(events(others.joined(separator: "\n") + "\n" + PodFixture().event("ADDED")).map(\.change) == [.added])
    }
}
