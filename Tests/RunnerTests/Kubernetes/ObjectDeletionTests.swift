import Synchronization
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct ObjectDeletionTests {
    private static func held(_ kind: String, finalizers: [String] = [], _ extra: JSONValue = [:]) -> JSONValue {
        var json = extra
        json["kind"] = .string(kind)
        json["metadata"] = ["name": "held", "deletionTimestamp": "2026-11-25T18:00:00Z"]
        if !finalizers.isEmpty { json[path: ["metadata", "finalizers"]] = .array(finalizers.map { .string($0) }) }
        return json
    }

    @Test(arguments: [
        (held("ConfigMap", finalizers: ["a.example/hold"]), "its finalizer a.example/hold is not done"),
        (held("ConfigMap", finalizers: ["a/b", "c/d"]), "its finalizers a/b, c/d are not done"),
        (held("PersistentVolumeClaim", finalizers: ["kubernetes.io/pvc-protection"]), "a pod still uses it"),
        (held("Deployment", finalizers: ["foregroundDeletion"]), "what belongs to it is still being deleted"),
        (held("Namespace"), "what is in it is still being deleted"),
        (
            held(
                "Namespace",
                [
                    "status": [
                        "conditions": [
                            ["status": "False", "message": "all fine"],
                            ["status": "True", "message": "Some resources are remaining: configmaps."],
                        ]
                    ]
                ]), "Some resources are remaining: configmaps."
        ), (held("Service"), "the cluster is still deleting it"),
    ])
    func whatKeepsAnObjectIsTold(object: JSONValue, reason: String) {
        let kind = object["kind"]?.string ?? ""
        #expect(ObjectDeletion.reasons(object) == ["waiting for \(kind) held: \(reason)"])
        #expect(ObjectDeletion.reasons(["items": .array([object])]).count == 1)
    }

    @Test func whatWasNotAskedToGoIsNoReason() {
        #expect(ObjectDeletion.reasons(["kind": "Service", "metadata": ["name": "a"]]) == [])
        #expect(ObjectDeletion.reasons(["items": []]) == [])
    }

    @Test func whatIsGoneIsToldAtOnceAndWhatIsWaitedForOnce() async throws {
        let object: JSONValue = ["kind": "ConfigMap", "metadata": ["name": "held"]]
        let standIn = try StandIn([
            "kubectl": """
            *"delete --ignore-not-found --filename=-") cat >/dev/null; echo 'deployment.apps "web" deleted'
                until [ -e "$here/asked-again" ]; do sleep 0.02; done; echo 'configmap "held" deleted';;
            *"get --ignore-not-found --output=json --filename=-") cat >/dev/null; cat "$here/held"
                if [ -e "$here/asked" ]; then : >"$here/asked-again"; fi; : >"$here/asked";;
            """
        ])
        try standIn.write(Self.held("ConfigMap", finalizers: ["a.example/hold"]).description, to: "held")
        let events = Mutex<[DeletionEvent]>([])
        let deletion = ObjectDeletion(
            kubectl: Kubectl(context: "lab", namespace: "blog"), launcher: standIn.launcher,
            patience: .milliseconds(20))
        let lines = try await deletion.run([try #require(KubernetesObject(object))], namespace: "blog") { event in
            events.withLock { $0.append(event) }
        }
        #expect(lines == ["deployment.apps \"web\" deleted", "configmap \"held\" deleted"])
        #expect(
            events.withLock { $0 } == [
                .deleted(lines[0]), .waiting("waiting for ConfigMap held: its finalizer a.example/hold is not done"),
                .deleted(lines[1]),
            ])
        standIn.verify()
    }
}
