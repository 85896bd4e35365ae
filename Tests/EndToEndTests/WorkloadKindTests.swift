import Foundation
import Testing

/// Each kind of workload, on a real cluster: a save restarts it, the new container's first line is shown.
@Suite(
    .enabled(if: KubernetesStage.isAvailable, "needs DEVLOOP_E2E_CONTEXT and DEVLOOP_E2E_REGISTRY"),
    .enabled(if: TinyProject.isPossible, "needs busybox-static"), .serialized)
struct WorkloadKindTests {
    static func workload(_ kind: String, _ more: String = "") -> String {
        """
        apiVersion: apps/v1
        kind: \(kind)
        metadata: {name: app}
        spec:
          selector: {matchLabels: {app: app}}
          template:
            metadata: {labels: {app: app}}
            spec:
              containers: [{name: app, image: IMAGE}]
              terminationGracePeriodSeconds: 2
          \(more)
        """
    }

    static let controller = """
        apiVersion: v1
        kind: ReplicationController
        metadata: {name: app}
        spec:
          selector: {app: app}
          template:
            metadata: {labels: {app: app}}
            spec:
              containers: [{name: app, image: IMAGE}]
              terminationGracePeriodSeconds: 2
        """

    static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: app, labels: {app: app}}
        spec:
          containers: [{name: app, image: IMAGE}]
          terminationGracePeriodSeconds: 2
        """

    static let manifests: [String: [String: String]] = [
        "a StatefulSet": ["app.yaml": workload("StatefulSet", "serviceName: app")],
        "a DaemonSet": ["app.yaml": workload("DaemonSet")],
        "a StatefulSet that only deletions update": [
            "app.yaml": workload("StatefulSet", "serviceName: app\n  updateStrategy: {type: OnDelete}")
        ],
        "a StatefulSet with a partition": [
            "app.yaml": workload(
                "StatefulSet", "serviceName: app\n  updateStrategy: {rollingUpdate: {partition: 1}}")
        ],
        "a DaemonSet that only deletions update": [
            "app.yaml": workload("DaemonSet", "updateStrategy: {type: OnDelete}")
        ],
        "a ReplicaSet": ["app.yaml": workload("ReplicaSet")],
        "a ReplicationController": ["app.yaml": controller],
        "a bare Pod": ["app.yaml": pod],
        "a kustomization": [
            "kustomization.yaml": "resources: [app.yaml]\nnamePrefix: pre-\n", "app.yaml": workload("Deployment"),
        ],
    ]

    @Test(.timeLimit(.minutes(3)), arguments: manifests.keys.sorted())
    func aSaveReplacesTheContainersOf(_ kind: String) async throws {
        let project = try TinyProject(manifests: Self.manifests[kind] ?? [:])
        defer { project.remove() }
        let stage = KubernetesStage(namespace: project.name)
        let context = "--context=\(KubernetesStage.context ?? "")"
        _ = try await Shell.run("kubectl", context, "create", "namespace", project.name)
        do {
            let dev = try DevloopProcess(["dev", "--cleanup"] + stage.flags, folder: project.folder)
            try await dev.line(containing: "✓ app live in")
            try await dev.line(containing: "version one starts")
            let mark = dev.lineCount
            try project.save(version: "two")
            try await dev.line(from: mark, containing: "✓ app live in")
            try await dev.line(from: mark, containing: "version two starts")
            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
            let left = try await Shell.eventually {
                try await Shell.run(
                    "kubectl", context, "-n", project.name, "get", "deploy,sts,ds,rs,rc,pods", "-o", "name")
            } is: {
                $0.isEmpty
            }
            #expect(left == "", "\(dev.output)")
        } catch {
            _ = try await Shell.attempt("kubectl", [context, "delete", "namespace", project.name, "--wait=false"])
            throw error
        }
        _ = try await Shell.attempt("kubectl", [context, "delete", "namespace", project.name, "--wait=false"])
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/app"])
    }
}
