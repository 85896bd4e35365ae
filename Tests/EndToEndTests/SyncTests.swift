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

    /// Below what it copies, the image has a file of an earlier instruction.
    private static let covering = TinyProject.withTools.replacingOccurrences(
        of: "RUN mkdir /tmp", with: "RUN mkdir -p /tmp /app/conf && echo below >/app/conf/a.txt"
    ).replacingOccurrences(of: "COPY run version /", with: "COPY run version /\nCOPY . /app")

    @Test(.timeLimit(.minutes(2)), arguments: TinyPlace.there)
    func whatADeletedFileUncoversInTheImageIsThere(_ place: TinyPlace) async throws {
        try await place.run(TinyProject.deployment(), Self.covering, Self.syncsAll) { project, dev in
            let folder = project.folder.appendingPathComponent("app/conf")
            for isWhole in [false, true] {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                // Nothing is below the second one.
                for name in ["a.txt", "b.txt"] { try Data("ours".utf8).write(to: folder.appendingPathComponent(name)) }
                try await Shell.until { try await place.say(["cat", "/app/conf/a.txt"], project) == "ours" }
                let mark = dev.lineCount
                try FileManager.default.removeItem(at: folder.appendingPathComponent("b.txt"))
                try await Shell.until { try await place.say(["ls", "/app/conf"], project) == "a.txt" }
                try FileManager.default.removeItem(at: isWhole ? folder : folder.appendingPathComponent("a.txt"))
                let line = try await dev.line(from: mark, containing: "building: ")
                #expect(line.hasSuffix("conf/a.txt is gone, and the image has another /app/conf/a.txt"))
                try await dev.line(from: mark, containing: "version one starts")
                try await dev.line(from: mark, containing: "✓ app live in")
                // The container of before may be about to leave.
                try await Shell.until { try await place.say(["cat", "/app/conf/a.txt"], project) == "below" }
            }
            #expect(!dev.output.contains("b.txt is gone"))
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
