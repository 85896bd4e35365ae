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
        _ launcher: RecordingLauncher, kind: Workload.Kind = .statefulSet, _ looks: [[KubernetesPod]]
    ) -> RolloutWait {
        let left = Mutex(looks)
        var wait = RolloutWait(
            Workload(kind: kind, name: "db", namespace: "blog"), kubectl: kubectl, launcher: launcher
        ) { left.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } }
        wait.pause = .zero
        return wait
    }
    private let start = "kubectl --context=lab --namespace=blog"

    @Test func anOldPodThatIsNotReadyIsDeletedOnceAndThatIsTold() async throws {
        let launcher = RecordingLauncher()
        launcher.expect("\(start) rollout status", .fails("error: timed out waiting for the condition"))
        launcher.expect("\(start) rollout status")
        for _ in 0..<2 {
            launcher.expect("\(start) get statefulset/db", .prints(Self.statefulSet().description))
        }
        launcher.expect("\(start) delete pod --wait=false db-0")
        // What comes instead may be of the old template again, while the set has not counted yet.
        var wait = wait(launcher, [[try Self.pod()], [try Self.pod(uid: "v")]])
        let notices = try await wait.run()
        #expect(notices.count == 1)
        #expect(notices.first?.contains("OrderedReady") == true)
        launcher.verify()
    }

    @Test func aSetThatOnlyDeletionsUpdateIsReadyWhenItsPodsAreNew() async throws {
        let launcher = RecordingLauncher()
        let set = Self.statefulSet(strategy: ["type": "OnDelete"])
        launcher.expect(
            "\(start) rollout status",
            .fails("error: rollout status is only available for RollingUpdate strategy type"))
        for _ in 0..<3 { launcher.expect("\(start) get statefulset/db", .prints(set.description)) }
        launcher.expect("\(start) delete pod --wait=false db-0")
        let looks = [
            [try Self.pod(isReady: true)], [], [try Self.pod(revision: "db-new", isReady: true, uid: "v")],
        ]
        var wait = wait(launcher, looks)
        #expect(try await wait.run().first?.contains("OnDelete") == true)
        launcher.verify()
    }

    @Test(arguments: [Workload.Kind.replicaSet, .replicationController])
    func aReplicaSetIsReadyWhenAllItsPodsAre(_ kind: Workload.Kind) async throws {
        let launcher = RecordingLauncher()
        for _ in 0..<3 {
            launcher.expect("\(start) get \(kind.rawValue)/db", .prints(Self.statefulSet(replicas: 2).description))
        }
        let one = try Self.pod(isReady: true), two = try Self.pod("db-1", uid: "v")
        let ready = try Self.pod("db-1", isReady: true, uid: "v")
        var wait = wait(launcher, kind: kind, [[one], [one, two], [one, ready]])
        #expect(try await wait.run() == [])
        launcher.verify()
    }

    @Test func aWorkloadThatIsGoneIsMissing() async throws {
        let launcher = RecordingLauncher()
        launcher.expect(
            "\(start) get replicaset/db", .fails("Error from server (NotFound): replicasets.apps \"db\" not found"))
        let wait = wait(launcher, kind: .replicaSet, [[]])
        let error = try await targetError {
            var wait = wait
            return try await wait.run()
        }
        #expect(error.severity == .missing)
    }
}
