import Foundation
import Testing

/// The registry that `Scripts/setup --for-tests` starts.
enum TestRegistry {
    static let name = "localhost:5000"
    static var answers: Bool { HTTP.request("GET", port: 5000, path: "/v2/", body: Data())?.status == 200 }
}

/// `devloop build --push` against a real registry.
@Suite(
    .enabled(if: DockerStage.isAvailable && TestRegistry.answers, "needs a Docker Engine and a registry"),
    .enabled(if: TinyProject.isPossible, "needs busybox-static"))
struct PushTests {
    @Test(.timeLimit(.minutes(2))) func thePrintedDigestIsTheOneUnderWhichTheRegistryHasTheImage() async throws {
        let project = try TinyProject(manifests: [:], workloads: ["deployment/app"])
        defer { project.remove() }
        let build = try DevloopProcess(
            ["build", "--push", "--registry", TestRegistry.name, "app"], folder: project.folder)
        let line = try await build.line(matching: {
            $0.hasPrefix("\(TestRegistry.name)/\(project.name)/app:latest@sha256:")
        })
        #expect(await build.exitStatus() == 0)
        let digest = try #require(line.split(separator: "@").last)
        let pull = try await Shell.attempt("docker", ["pull", "\(TestRegistry.name)/\(project.name)/app@\(digest)"])
        #expect(pull.termination.isSuccess, "\(pull.errorText)")
        for name in ["\(project.name)/app", "\(TestRegistry.name)/\(project.name)/app:latest"] {
            _ = try await Shell.attempt("docker", ["rmi", name])
        }
    }

    @Test(.timeLimit(.minutes(2))) func aRegistryThatIsNotThereFailsThePushAndSaysWhereItLooked() async throws {
        let project = try TinyProject(manifests: [:], workloads: ["deployment/app"])
        defer { project.remove() }
        let build = try DevloopProcess(["build", "--push", "--registry", "localhost:9"], folder: project.folder)
        #expect(await build.exitStatus() == 69)
        #expect(build.output.contains("docker push of localhost:9/\(project.name)/app:latest failed"))
        for name in ["\(project.name)/app", "localhost:9/\(project.name)/app:latest"] {
            _ = try await Shell.attempt("docker", ["rmi", name])
        }
    }
}
