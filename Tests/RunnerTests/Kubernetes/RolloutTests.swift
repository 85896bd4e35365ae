import Foundation
import Synchronization
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct RolloutTests {
    private static func statefulSet(
        generation: Int = 2, observed: Int = 2, replicas: Int = 1, policy: String? = nil, strategy: JSONValue? = nil
    ) -> JSONValue {
        var spec: JSONValue = ["replicas": .number("\(replicas)")]
        if let policy { spec["podManagementPolicy"] = .string(policy) }
        if let strategy { spec["updateStrategy"] = strategy }
        return [
            "kind": "StatefulSet", "metadata": ["name": "db", "generation": .number("\(generation)")], "spec": spec,
            "status": ["observedGeneration": .number("\(observed)"), "updateRevision": "db-new"],
        ]
    }

    private static func pod(
        _ name: String = "db-0", revision: String = "db-old", isReady: Bool = false, uid: String = "u",
        kind: String = "StatefulSet"
    ) throws -> KubernetesPod {
        var json = PodFixture(name: name, uid: uid, owner: (kind, "db"), hash: nil, isReady: isReady).json
        json[path: ["metadata", "labels"]] = [
            kind == "DaemonSet" ? "pod-template-generation" : "controller-revision-hash": .string(revision)
        ]
        return try #require(KubernetesPod(json))
    }

    // MARK: - Which pods nobody replaces

    private static let partition: JSONValue = ["type": "RollingUpdate", "rollingUpdate": ["partition": 1]]

    @Test(
        arguments: [
            ("an old pod that is not ready", nil, nil, "db-old", false, true),
            ("an old pod that is ready", nil, nil, "db-old", true, false),
            ("a new pod", nil, nil, "db-new", false, false),
            ("an old pod beside others", "Parallel", nil, "db-old", false, false),
            ("a ready pod below the partition", nil, partition, "db-old", true, true),
            ("a new pod below the partition", nil, partition, "db-new", true, false),
            ("an old pod that only a deletion replaces", nil, ["type": "OnDelete"], "db-old", true, true),
        ] as [(String, String?, JSONValue?, String, Bool, Bool)])
    func aStatefulSetReplaces(
        _ what: String, policy: String?, strategy: JSONValue?, revision: String, isReady: Bool, isNeglected: Bool
    ) throws {
        let status = RolloutStatus(Self.statefulSet(policy: policy, strategy: strategy), kind: .statefulSet)
        #expect((status.neglect(of: try Self.pod(revision: revision, isReady: isReady)) != nil) == isNeglected)
    }

    @Test(arguments: [("RollingUpdate", "1", false), ("OnDelete", "1", true), ("OnDelete", "2", false)])
    func aDaemonSetReplaces(strategy: String, generation: String, isNeglected: Bool) throws {
        let json: JSONValue = [
            "metadata": ["annotations": ["deprecated.daemonset.template.generation": "2"]],
            "spec": ["updateStrategy": ["type": .string(strategy)]],
        ]
        let status = RolloutStatus(json, kind: .daemonSet)
        let pod = try Self.pod(revision: generation, kind: "DaemonSet")
        #expect((status.neglect(of: pod) != nil) == isNeglected)
    }

    // MARK: - Waiting

    private let kubectl = Kubectl(context: "lab", namespace: "blog")
    private func wait(
        _ cluster: FakeCluster, _ launcher: RecordingLauncher = RecordingLauncher(),
        kind: Workload.Kind = .statefulSet, _ looks: [[KubernetesPod]] = [[]]
    ) -> RolloutWait {
        let left = Mutex(looks)
        var wait = RolloutWait(
            Workload(kind: kind, name: "db", namespace: "blog"), cluster: cluster, kubectl: kubectl, launcher: launcher
        ) { left.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } }
        wait.pause = .zero
        return wait
    }
    private let start = "kubectl --context=lab --namespace=blog"
    private static let sets = "GET /apis/apps/v1/namespaces/blog/statefulsets"
    private static let watch = "\(sets)?fieldSelector=metadata.name=db&watch=true*"

    private static func modified(_ json: JSONValue) -> String {
        let event: JSONValue = ["type": "MODIFIED", "object": json]
        return event.description
    }

    private static func ready(_ json: JSONValue) -> JSONValue {
        var json = json
        for (key, value) in [("readyReplicas", 1), ("updatedReplicas", 1)] {
            json[path: ["status", key]] = .number("\(value)")
        }
        json[path: ["status", "currentRevision"]] = "db-new"
        return json
    }

    @Test func anOldPodThatIsNotReadyIsDeletedOnceAndThatIsTold() async throws {
        let launcher = RecordingLauncher()
        launcher.expect("\(start) delete pod --wait=false db-0")
        let cluster = FakeCluster([
            "\(Self.sets)/db": .json(Self.statefulSet()),
            Self.watch: .inTurn(.says(), .says(Self.modified(Self.ready(Self.statefulSet())), then: .hangs)),
        ])
        // What comes instead may be of the old template again, while the set has not counted yet.
        var wait = wait(cluster, launcher, [[try Self.pod()], [try Self.pod(uid: "v")]])
        let notices = try await wait.run()
        #expect(notices.count == 1)
        #expect(notices.first?.contains("OrderedReady") == true)
        launcher.verify()
    }

    @Test func aSetThatOnlyDeletionsUpdateIsReadyWhenItsPodsAreNew() async throws {
        let launcher = RecordingLauncher()
        launcher.expect("\(start) delete pod --wait=false db-0")
        let cluster = FakeCluster(["\(Self.sets)/db": .json(Self.statefulSet(strategy: ["type": "OnDelete"]))])
        let looks = [
            [try Self.pod(isReady: true)], [], [try Self.pod(revision: "db-new", isReady: true, uid: "v")],
        ]
        var wait = wait(cluster, launcher, looks)
        #expect(try await wait.run().first?.contains("OnDelete") == true)
        launcher.verify()
    }

    @Test(arguments: [Workload.Kind.replicaSet, .replicationController])
    func aReplicaSetIsReadyWhenAllItsPodsAre(_ kind: Workload.Kind) async throws {
        let cluster = FakeCluster(["*/\(kind.rawValue)s/db": .json(Self.statefulSet(replicas: 2))])
        let one = try Self.pod(isReady: true), two = try Self.pod("db-1", uid: "v")
        let ready = try Self.pod("db-1", isReady: true, uid: "v")
        var wait = wait(cluster, kind: kind, [[one], [one, two], [one, ready]])
        #expect(try await wait.run() == [])
        #expect(cluster.asked.count == 3)
    }

    /// The server may end a watch, or not let it begin.
    @Test(arguments: [
        FakeCluster.Answer.says(), .fails("Error from server (Forbidden): no watch"),
        .says(modified(ready(statefulSet(observed: 1))), #"{"type": "DELETED", "object": {}}"#, then: .hangs),
    ])
    func aWorkloadIsLookedAtAgainWhereItsWatchSaysNothing(watch: FakeCluster.Answer) async throws {
        let cluster = FakeCluster([
            "\(Self.sets)/db": .inTurn(.json(Self.statefulSet()), .json(Self.ready(Self.statefulSet()))),
            Self.watch: watch,
        ])
        var wait = wait(cluster)
        #expect(try await wait.run() == [])
        #expect(cluster.asked.count == 3)
    }

    @Test func aDeploymentWhoseTimeIsOverFails() async throws {
        let cluster = FakeCluster([
            "*/deployments/db": .json([
                "metadata": ["generation": 2],
                "status": [
                    "observedGeneration": 2,
                    "conditions": [["type": "Progressing", "reason": "ProgressDeadlineExceeded"]],
                ],
            ])
        ])
        let wait = wait(cluster, kind: .deployment)
        let error = try await targetError {
            var wait = wait
            return try await wait.run()
        }
        #expect(error.summary == "deployment/db did not become ready: ProgressDeadlineExceeded")
    }

    // MARK: - How far it has come

    /// The same as `kubectl rollout status` and `kubectl wait` say.
    @Test(
        arguments: [
            (.deployment, ["replicas": 2], ["replicas": 2, "updatedReplicas": 2, "availableReplicas": 2], .ready),
            (.deployment, ["replicas": 2], ["replicas": 3, "updatedReplicas": 2, "availableReplicas": 2], .pending),
            (.deployment, ["replicas": 2], ["replicas": 2, "updatedReplicas": 2, "availableReplicas": 1], .pending),
            (.deployment, ["replicas": 2], ["replicas": 2, "updatedReplicas": 1, "availableReplicas": 2], .pending),
            (.deployment, ["replicas": 0], [:], .ready),
            (
                .statefulSet, ["replicas": 2], ["readyReplicas": 2, "updateRevision": "b", "currentRevision": "b"],
                .ready
            ),
            (
                .statefulSet, ["replicas": 2], ["readyReplicas": 1, "updateRevision": "b", "currentRevision": "b"],
                .pending
            ),
            (
                .statefulSet, ["replicas": 2], ["readyReplicas": 2, "updateRevision": "b", "currentRevision": "a"],
                .pending
            ),
            (
                .statefulSet, ["replicas": 2, "updateStrategy": partition],
                ["readyReplicas": 2, "updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a"], .ready
            ),
            (
                .daemonSet, [:], ["desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1],
                .ready
            ),
            (.daemonSet, [:], ["desiredNumberScheduled": 1, "updatedNumberScheduled": 1], .pending),
            (.pod, [:], ["conditions": [["type": "Ready", "status": "True"]]], .ready),
            (.pod, [:], ["conditions": [["type": "Ready", "status": "False"]]], .pending),
        ] as [(Workload.Kind, JSONValue, JSONValue, RolloutStatus.Progress)])
    func howFarARolloutHasCome(
        kind: Workload.Kind, spec: JSONValue, status: JSONValue, progress: RolloutStatus.Progress
    ) {
        for (observed, expected) in [(1, kind == .pod ? progress : .pending), (2, progress)] {
            var status = status
            status["observedGeneration"] = .number("\(observed)")
            let json: JSONValue = ["metadata": ["generation": 2], "spec": spec, "status": status]
            #expect(RolloutStatus(json, kind: kind).progress == expected)
        }
    }

    @Test func aWorkloadThatIsGoneIsMissing() async throws {
        let cluster = FakeCluster([
            "*/replicasets/db": .fails("Error from server (NotFound): replicasets.apps \"db\" not found")
        ])
        let wait = wait(cluster, kind: .replicaSet)
        let error = try await targetError {
            var wait = wait
            return try await wait.run()
        }
        #expect(error.severity == .missing)
    }
}
