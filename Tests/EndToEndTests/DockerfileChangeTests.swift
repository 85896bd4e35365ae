import Foundation
import Testing

/// Which files count changes while devloop runs.
@Suite(
    .enabled(if: Docker.isThere), .enabled(if: TinyProject.isPossible, "needs busybox-static"), .serialized)
struct DockerfileChangeTests {
    @Test(.timeLimit(.minutes(2))) func whatADockerfileNamesAnewCountsFromTheBuildOn() async throws {
        let project = try TinyProject(manifests: TinyProject.deployment())
        defer { project.remove() }
        func save(_ file: String, _ text: String) throws {
            try text.write(to: project.folder.appendingPathComponent("app/\(file)"), atomically: true, encoding: .utf8)
        }
        let dockerfile = """
            FROM scratch
            COPY busybox /bin/busybox
            COPY run version /
            CMD ["/bin/busybox", "sh", "/run"]
            """
        try save("extra", "extra one")
        let dev = try DevloopProcess(["dev", "--target=docker", "--cleanup"], folder: project.folder)
        try await dev.line(containing: "version one starts")

        // What isn't copied makes no pass of its own, and isn't counted with what does.
        try save("extra", "extra two")
        try project.save(version: "two")
        try await dev.line(containing: "app: version changed, building")
        try await dev.line(containing: "version two starts")

        // A save that comes as soon as the build begins may be too late for it, and is built next then.
        var mark = dev.lineCount
        try save("run", "trap 'exit 0' TERM; /bin/busybox cat /extra; echo; while :; do /bin/busybox sleep 1; done")
        try save("Dockerfile", dockerfile.replacingOccurrences(of: "COPY run", with: "COPY extra run"))
        try await dev.line(from: mark, matching: { $0.contains("changed, building") })
        try save("extra", "extra three")
        try await dev.line(from: mark, containing: "extra three")

        mark = dev.lineCount
        try save("extra", "extra four")
        try await dev.line(from: mark, containing: "app: extra changed, building")
        try await dev.line(from: mark, containing: "extra four")
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0, "\(dev.output)")
        #expect(!dev.output.contains("extra two"))
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/app"])
    }
}
