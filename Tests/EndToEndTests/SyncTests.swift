import Foundation
import Testing

/// What becomes of a save in containers of every sort, on real Docker and a real cluster.
@Suite(.enabled(if: TinyProject.isPossible, "needs busybox-static"), .serialized)
struct SyncTests {
    private static func deployment(_ more: String = "", containers: String = "", pod: String = "") -> [String: String] {
        [
            "app.yaml": """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: app}
            spec:
              selector: {matchLabels: {app: app}}
              template:
                metadata: {labels: {app: app}}
                spec:
                  terminationGracePeriodSeconds: 1
            \(pod)
                  containers:
                    - name: app
                      image: IMAGE
            \(more)
            \(containers)
            """
        ]
    }

    /// What can't be written into a container is built, with a word.
    private static let refusals: [String: (dockerfile: String?, manifests: [String: String], words: String)] = [
        "no shell": (nil, deployment(), "the container has no shell"),
        "a read-only root": (
            TinyProject.withTools, deployment("          securityContext: {readOnlyRootFilesystem: true}"), "read-only"
        ),
        "a user who may not write": (
            TinyProject.withTools, deployment("          securityContext: {runAsUser: 1000}"), "may not write"
        ),
    ]

    private static let twins = deployment(containers: "        - name: twin\n          image: IMAGE")

    @Test(.enabled(if: DockerStage.isAvailable), .timeLimit(.minutes(2)), arguments: refusals.keys.sorted())
    func whatAContainerRefusesIsBuiltOnDocker(_ sort: String) async throws {
        let (dockerfile, manifests, words) = try #require(Self.refusals[sort])
        try await Self.run(manifests, dockerfile, flags: ["--target", "docker"]) { project, dev in
            try await Self.expectABuild(project, dev, words)
        }
    }

    @Test(.enabled(if: KubernetesStage.isAvailable), .timeLimit(.minutes(2)), arguments: refusals.keys.sorted())
    func whatAContainerRefusesIsBuiltOnACluster(_ sort: String) async throws {
        let (dockerfile, manifests, words) = try #require(Self.refusals[sort])
        try await Self.run(manifests, dockerfile, flags: nil) { project, dev in
            try await Self.expectABuild(project, dev, words)
        }
    }

    @Test(.enabled(if: DockerStage.isAvailable), .timeLimit(.minutes(2)))
    func bothContainersOfOneImageGetASaveOnDocker() async throws {
        try await Self.run(Self.twins, TinyProject.withTools, flags: ["--target", "docker"]) { project, dev in
            let mark = dev.lineCount
            try project.save(version: "two")
            try await dev.line(from: mark, containing: "✓ app synced in")
            let ids = try await Shell.run(
                "docker", "ps", "--quiet", "--filter=label=dev.devloop.project=\(project.name)")
            #expect(ids.split(separator: "\n").count == 2)
            for id in ids.split(separator: "\n") {
                #expect(try await Shell.run("docker", "exec", String(id), "cat", "/version") == "two")
            }
        }
    }

    @Test(.enabled(if: KubernetesStage.isAvailable), .timeLimit(.minutes(2)))
    func bothContainersOfOneImageGetASaveOnACluster() async throws {
        try await Self.run(Self.twins, TinyProject.withTools, flags: nil) { project, dev in
            let mark = dev.lineCount
            try project.save(version: "two")
            try await dev.line(from: mark, containing: "✓ app synced in")
            for container in ["app", "twin"] {
                let text = try await Shell.run(
                    "kubectl", "--context=\(KubernetesStage.context ?? "")", "--namespace=\(project.name)", "exec",
                    "deployment/app", "--container=\(container)", "--", "cat", "/version")
                #expect(text == "two")
            }
        }
    }

    private static func expectABuild(_ project: TinyProject, _ dev: DevloopProcess, _ words: String) async throws {
        let mark = dev.lineCount
        try project.save(version: "two")
        let line = try await dev.line(from: mark, containing: "app: not synced, building instead")
        #expect(line.contains(words))
        try await dev.line(from: mark, containing: "version two starts")
        try await dev.line(from: mark, containing: "✓ app live in")
        // The next image may be another way: it is tried, and told no more.
        let next = dev.lineCount
        try project.save(version: "three")
        try await dev.line(from: next, containing: "version three starts")
        #expect(!dev.output.split(separator: "\n").dropFirst(next).contains { $0.contains("not synced") })
    }

    /// - Parameter flags: where it runs; `nil` is the cluster.
    private static func run(
        _ manifests: [String: String], _ dockerfile: String?, flags: [String]?,
        _ body: (TinyProject, DevloopProcess) async throws -> Void
    ) async throws {
        let project = try TinyProject(manifests: manifests, dockerfile: dockerfile, settings: #", "sync": true"#)
        defer { project.remove() }
        let context = "--context=\(KubernetesStage.context ?? "")"
        if flags == nil { _ = try await Shell.run("kubectl", context, "create", "namespace", project.name) }
        let result: Result<Void, any Error>
        do {
            let stage = KubernetesStage(namespace: project.name)
            let dev = try DevloopProcess(["dev", "--cleanup"] + (flags ?? stage.flags), folder: project.folder)
            do {
                try await dev.line(containing: "✓ app live in")
                try await body(project, dev)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
        }
        if flags == nil {
            _ = try await Shell.attempt("kubectl", [context, "delete", "namespace", project.name, "--wait=false"])
        }
        try result.get()
    }
}
