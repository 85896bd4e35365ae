import Foundation
import TestSupport
import Testing

/// Named contexts with a builder that has them: podman, under docker's name, as distributions offer it.
@Suite(
    .enabled(if: Podman.program != nil && getuid() == 0, "needs podman, and root to look into its images"),
    .enabled(if: TinyProject.isPossible, "needs busybox-static"), .timeLimit(.minutes(3)))
struct NamedContextTests {
    @Test func aFolderAndTheImageOfAnotherServiceAreBuiltInByTheirNames() async throws {
        let podman = try #require(Podman.program)
        let project = try BuildProject(
            services: [
                #"{ "image": "NAME/base", "context": "base" }"#,
                #"{ "image": "NAME/web", "context": "web", "buildContexts": { "shared": "code", "below": "docker-image://NAME/base" } }"#,
            ],
            files: [
                "base/Dockerfile": "FROM scratch\nCOPY base.txt /\n", "base/base.txt": "base one",
                "code/code.txt": "code one",
                "web/Dockerfile": "FROM scratch\nCOPY --from=shared code.txt /\nCOPY --from=below base.txt /\n",
            ])
        defer { try? FileManager.default.removeItem(at: project.folder) }
        let tools = project.folder.appendingPathComponent("tools")
        try FileManager.default.createDirectory(at: tools, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: tools.appendingPathComponent("docker").path, withDestinationPath: podman)
        let path = "\(tools.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        func build(_ arguments: String...) async throws -> DevloopProcess {
            let build = try DevloopProcess(
                ["build", "--color=never"] + arguments, folder: project.folder, environment: ["PATH": path])
            #expect(await build.exitStatus() == 0, "\(build.output)")
            return build
        }
        func content(_ file: String) async throws -> String {
            let image = "\(project.name)/web"
            let folder = try await Shell.run(podman, "image", "mount", image)
            let text = TestFile.read("\(folder)/\(file)") ?? ""
            _ = try await Shell.run(podman, "image", "unmount", image)
            return text
        }
        do {
            // Its base is built with it.
            #expect(try await build("web").output.contains("✓ base built in"))
            #expect(try await [content("code.txt"), content("base.txt")] == ["code one", "base one"])
            try project.write("code two", to: "code/code.txt")
            try project.write("base two", to: "base/base.txt")
            _ = try await build()
            #expect(try await [content("code.txt"), content("base.txt")] == ["code two", "base two"])
        } catch {
            _ = try await Shell.attempt(podman, ["rmi", "--force", "\(project.name)/web", "\(project.name)/base"])
            throw error
        }
        _ = try await Shell.attempt(podman, ["rmi", "--force", "\(project.name)/web", "\(project.name)/base"])
    }
}
