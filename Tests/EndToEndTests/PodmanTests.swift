import Foundation
import Testing

enum Podman {
    static let program = ["/usr/bin/podman", "/usr/local/bin/podman"].first(
        where: FileManager.default.isExecutableFile)
    static let isAvailable = Docker.isThere && program != nil
}

/// Podman in docker's place, as Debian has it.
@Suite(
    .enabled(if: Podman.isAvailable && TestRegistry.answers, "needs podman, Docker and a registry"),
    .enabled(if: TinyProject.isPossible, "needs busybox-static"), .serialized)
struct PodmanTests {
    private func project(_ manifests: [String: String], settings: String = "") throws -> TinyProject {
        let project = try TinyProject(
            manifests: manifests, workloads: manifests.isEmpty ? ["deployment/app"] : nil,
            dockerfile: TinyProject.withTools, settings: settings)
        let file = project.folder.appendingPathComponent("devloop.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        try text.replacingOccurrences(of: #""services""#, with: #""builder": "podman", "services""#)
            .write(to: file, atomically: true, encoding: .utf8)
        return project
    }

    private func removeImages(of project: TinyProject) async {
        let names = ["localhost", TestRegistry.name].map { "\($0)/\(project.name)/app" }
        for name in names { _ = try? await Shell.attempt("podman", ["rmi", "--force", name]) }
    }

    @Test(.timeLimit(.minutes(2))) func thePrintedDigestIsTheOneUnderWhichTheRegistryHasTheImage() async throws {
        let project = try project([:])
        defer { project.remove() }
        let build = try DevloopProcess(["build", "--push", "--registry", TestRegistry.name], folder: project.folder)
        #expect(await build.exitStatus() == 0, "\(build.output)")
        let image = "\(TestRegistry.name)/\(project.name)/app"
        let line = try #require(build.output.split(separator: "\n").first { $0.hasPrefix("\(image):latest@sha256:") })
        let pushed = line.replacingOccurrences(of: ":latest@", with: "@")
        let pull = try await Shell.attempt("docker", ["pull", pushed])
        #expect(pull.termination.isSuccess, "\(pull.errorText)")
        _ = try await Shell.attempt("docker", ["rmi", pushed])
        await removeImages(of: project)
    }

    @Test(.timeLimit(.minutes(1))) func onDockerItsImagesCannotRun() async throws {
        let project = try project(TinyProject.deployment())
        defer { project.remove() }
        let dev = try DevloopProcess(["dev", "--target=docker"], folder: project.folder)
        #expect(await dev.exitStatus() == 78)
        #expect(dev.output.contains("builder: on Docker only images run that docker has"), "\(dev.output)")
    }

    private static let script =
        #""sh", "-c", "podman build --tag=\"$IMAGE\" . && [ -z \"$PUSH\" ] || podman push --tls-verify=false \"$IMAGE\"""#

    /// A second start finds what the first one has left, and starts nothing anew.
    @Test(
        .timeLimit(.minutes(4)), .enabled(if: KubernetesStage.isAvailable, "needs a cluster"),
        arguments: ["", #", "build": [\#(script)], "pushes": true"#])
    func whatItBuildsRunsOnTheClusterAndIsKnownAgain(settings: String) async throws {
        let project = try project(TinyProject.deployment(), settings: settings)
        defer { project.remove() }
        let place = TinyPlace.cluster
        try await place.withNamespace(project.name) {
            try await DevloopProcess.dev(place.flags(project.name), of: ["app"], in: project.folder) { dev in
                let mark = dev.lineCount
                try project.save(version: "two")
                try await dev.line(from: mark, containing: "version two starts")
                try await dev.line(from: mark, containing: "✓ app live in")
            }
            let again = try DevloopProcess(["dev", "--cleanup"] + place.flags(project.name), folder: project.folder)
            let line = try await again.line(containing: "✓ app ")
            #expect(line.contains("runs this image already"), "\(again.output)")
            again.signal(SIGINT)
            #expect(await again.exitStatus() == 0)
        }
        await removeImages(of: project)
    }
}
