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
        let end = try DevloopProcess(["down", "--data", "--target=docker"], folder: project.folder)
        #expect(await end.exitStatus() == 0)
    }

    @Test func whatTheManifestsLoseGivesUpItsPortToWhatTheyHaveNow() async throws {
        func manifest(_ name: String) -> String {
            """
            apiVersion: v1
            kind: Service
            metadata: { name: web }
            spec: { type: NodePort, selector: { app: web }, ports: [{ port: 80, nodePort: 31877 }] }
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: \(name) }
            spec:
              selector: { matchLabels: { app: web } }
              template:
                metadata: { labels: { app: web } }
                spec: { terminationGracePeriodSeconds: 1, containers: [{ name: main, image: IMAGE }] }
            """
        }
        let project = try TinyProject(manifests: ["app.yaml": manifest("old")])
        defer { project.remove() }
        func rename(_ name: String) throws {
            try manifest(name).replacingOccurrences(of: "IMAGE", with: "\(project.name)/app").write(
                to: project.folder.appendingPathComponent("k8s/app.yaml"), atomically: true, encoding: .utf8)
        }
        func holder() async throws -> String {
            try await Docker.run("ps", "--filter=publish=31877", "--format={{.Label \"dev.devloop.workload\"}}")
        }
        let dev = try DevloopProcess(["dev", "--target=docker", "--color=never"], folder: project.folder)
        try await dev.line(containing: "✓ app live in")
        #expect(try await holder() == "deployment/old")

        let line = dev.lineCount
        try rename("new")
        try await dev.line(from: line, containing: "deployment/old is in no manifest any more: removed")
        try await dev.line(from: line, containing: "✓ app ")
        #expect(try await holder() == "deployment/new", "\(dev.output)")
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)

        // While nobody looked.
        try rename("newer")
        let second = try DevloopProcess(["dev", "--target=docker", "--color=never"], folder: project.folder)
        try await second.line(containing: "deployment/new is in no manifest any more: removed")
        try await second.line(containing: "✓ app live in")
        #expect(try await holder() == "deployment/newer", "\(second.output)")
        second.signal(SIGINT)
        #expect(await second.exitStatus() == 0)
        let end = try DevloopProcess(["down", "--data", "--target=docker"], folder: project.folder)
        #expect(await end.exitStatus() == 0)
    }

    @Test func aBaseWhoseNameIsTakenOrGoneIsBuiltAgainBeforeWhatIsBuiltOnIt() async throws {
        let project = try TinyProject(manifests: ["app.yaml": Self.manifest])
        defer { project.remove() }
        let base = "\(project.name)/base"
        try FileManager.default.createDirectory(
            at: project.folder.appendingPathComponent("base"), withIntermediateDirectories: true)
        func write(_ text: String, _ path: String) throws {
            try text.write(to: project.folder.appendingPathComponent(path), atomically: true, encoding: .utf8)
        }
        try write("ours\n", "base/word")
        try write("FROM scratch\nCOPY word /word\n", "base/Dockerfile")
        try write(
            "FROM \(base)\nCOPY busybox /bin/busybox\nCOPY run version /\nCMD [\"/bin/busybox\", \"sh\", \"/run\"]\n",
            "app/Dockerfile")
        try write(
            """
            { "name": "\(project.name)", "manifests": ["k8s"], "services": [
              { "name": "base", "image": "\(base)", "context": "base" },
              { "name": "app", "image": "\(project.name)/app", "context": "app" }] }
            """, "devloop.json")
        let dev = try DevloopProcess(["dev", "--target=docker", "--color=never"], folder: project.folder)
        try await dev.line(containing: "✓ app live in")
        let ours = try await Docker.run("image", "inspect", "--format={{.Id}}", base)
        // What another checkout of the project would build.
        let theirs = try await Docker.run("image", "inspect", "--format={{.Id}}", "\(project.name)/app")
        for act in ["tag", "rmi"] {
            _ = try await act == "tag" ? Docker.run("tag", theirs, base) : Docker.run("rmi", base)
            let line = dev.lineCount
            try project.save(version: act)
            try await dev.line(from: line, containing: "building it again for app")
            try await dev.line(from: line, containing: "✓ app live in")
            #expect(try await Docker.run("image", "inspect", "--format={{.Id}}", base) == ours, "\(dev.output)")
            for id in try await running(project) {
                #expect(
                    try await Docker.run("exec", id, "/bin/busybox", "cat", "/word", "/version") == "ours\n\(act)")
            }
        }
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        let end = try DevloopProcess(["down", "--data", "--target=docker"], folder: project.folder)
        #expect(await end.exitStatus() == 0)
    }

    private func running(_ project: TinyProject) async throws -> [String] {
        try await Docker.run("ps", "--quiet", "--filter=label=dev.devloop.project=\(project.name)")
            .split(separator: "\n").map(String.init)
    }
}
