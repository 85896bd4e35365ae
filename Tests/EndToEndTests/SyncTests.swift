import Foundation
import Testing

/// What becomes of a save in containers of every sort, on real Docker and a real cluster.
@Suite(.enabled(if: TinyProject.isPossible, "needs busybox-static"), .serialized)
struct SyncTests {
    private static let syncsAll = #", "sync": true"#

    /// What can't be written into a container is built, with a word.
    private static let refusals: [String: (dockerfile: String?, manifests: [String: String], words: String)] = [
        "no shell": (nil, TinyProject.deployment(), "the container has no shell"),
        "a read-only root": (
            TinyProject.withTools, TinyProject.deployment("          securityContext: {readOnlyRootFilesystem: true}"),
            "read-only"
        ),
        "a user who may not write": (
            TinyProject.withTools, TinyProject.deployment("          securityContext: {runAsUser: 1000}"),
            "may not write"
        ),
    ]

    private static let twins = TinyProject.deployment(containers: "        - name: twin\n          image: IMAGE")

    @Test(.enabled(if: DockerStage.isAvailable), .timeLimit(.minutes(2)), arguments: refusals.keys.sorted())
    func whatAContainerRefusesIsBuiltOnDocker(_ sort: String) async throws {
        let (dockerfile, manifests, words) = try #require(Self.refusals[sort])
        try await TinyPlace.docker.run(manifests, dockerfile, Self.syncsAll) { project, dev in
            try await Self.expectABuild(project, dev, words)
        }
    }

    @Test(.enabled(if: KubernetesStage.isAvailable), .timeLimit(.minutes(2)), arguments: refusals.keys.sorted())
    func whatAContainerRefusesIsBuiltOnACluster(_ sort: String) async throws {
        let (dockerfile, manifests, words) = try #require(Self.refusals[sort])
        try await TinyPlace.cluster.run(manifests, dockerfile, Self.syncsAll) { project, dev in
            try await Self.expectABuild(project, dev, words)
        }
    }

    @Test(.enabled(if: DockerStage.isAvailable), .timeLimit(.minutes(2)))
    func bothContainersOfOneImageGetASaveOnDocker() async throws {
        try await TinyPlace.docker.run(Self.twins, TinyProject.withTools, Self.syncsAll) { project, dev in
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
        try await TinyPlace.cluster.run(Self.twins, TinyProject.withTools, Self.syncsAll) { project, dev in
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
}
