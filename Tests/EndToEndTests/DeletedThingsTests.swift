import Foundation
import Runner
import Testing

/// What somebody deletes beside a running `dev` on Docker, and what says so.
@Suite(.enabled(if: Docker.isThere && TinyProject.isPossible), .serialized, .timeLimit(.minutes(2)))
struct DeletedThingsTests {
    private static let manifest = ["one", "two"].map { name in
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: \(name) }
        spec:
          selector: { matchLabels: { app: \(name) } }
          template:
            metadata: { labels: { app: \(name) } }
            spec:
              terminationGracePeriodSeconds: 1
              containers: [{ name: main, image: IMAGE, volumeMounts: [{ name: data, mountPath: /data }] }]
              volumes: [{ name: data, persistentVolumeClaim: { claimName: \(name) } }]
        """
    }.joined(separator: "\n---\n")

    @Test func whatWasDeletedComesBackWithTheNextSave() async throws {
        let project = try TinyProject(manifests: ["app.yaml": Self.manifest])
        defer { project.remove() }
        let dev = try DevloopProcess(["dev", "--target=docker", "--color=never"], folder: project.folder)
        try await dev.line(containing: "✓ app live in")
        #expect(try await running(project).count == 2)

        // Everything, by a `down` in another terminal.
        let down = try DevloopProcess(["down", "--target=docker", "--color=never"], folder: project.folder)
        #expect(await down.exitStatus() == 0, "\(down.output)")
        #expect(try await running(project) == [])
        var line = dev.lineCount
        try project.save(version: "two")
        try await dev.line(from: line, containing: "✓ app live in")
        #expect(try await running(project).count == 2, "\(dev.output)")

        // One container, and a save after which the image is the same.
        let both = try await running(project)
        try await Docker.run("rm", "--force", both[0])
        line = dev.lineCount
        try project.save(version: "two")
        try await dev.line(from: line, containing: "✓ app live in")
        #expect(try await running(project).count == 2, "\(dev.output)")

        // The network alone.
        let network = "devloop-\(project.name)"
        for id in try await running(project) { try await Docker.run("network", "disconnect", network, id) }
        try await Docker.run("network", "rm", network)
        line = dev.lineCount
        try project.save(version: "three")
        try await dev.line(from: line, containing: "✓ app live in")
        let attached = try await Docker.run("network", "inspect", network, "--format={{len .Containers}}")
        #expect(attached == "2", "\(dev.output)")

        // Nothing at all: then it says so.
        line = dev.lineCount
        try project.save(version: "three")
        try await dev.line(from: line, containing: "✓ app unchanged")
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        let end = try DevloopProcess(["down", "--target=docker"], folder: project.folder)
        #expect(await end.exitStatus() == 0)
    }

    private func running(_ project: TinyProject) async throws -> [String] {
        try await Docker.run("ps", "--quiet", "--filter=label=dev.devloop.project=\(project.name)")
            .split(separator: "\n").map(String.init)
    }
}
