import Foundation
import Testing

/// A day's images don't fill the disk, and nobody else's are taken. `DEVLOOP_DISK_EDITS` makes the day longer.
@Suite(
    .enabled(if: TinyProject.isPossible && DockerStage.isAvailable, "needs docker and a static busybox"), .serialized)
struct DiskTests {
    private static let edits = ProcessInfo.processInfo.environment["DEVLOOP_DISK_EDITS"].flatMap(Int.init) ?? 8

    /// The images without a name.
    private static func unnamed() async throws -> Set<String> {
        let list = try await Shell.run("docker", "image", "ls", "--quiet", "--no-trunc", "--filter=dangling=true")
        return Set(list.split(separator: "\n").map(String.init))
    }

    private static func id(_ image: String) async throws -> String {
        let text = try await Shell.run("docker", "image", "inspect", "--format={{.Id}}", image)
        return text.trimmingCharacters(in: .newlines)
    }

    @Test(.timeLimit(.minutes(30)), arguments: TinyPlace.there)
    func theLastImagesStayAndAllThatIsNotDevloops(place: TinyPlace) async throws {
        try await place.run(TinyProject.deployment(), nil, #", "sync": false"#) { project, dev in
            let image = "\(project.name)/app"
            // Somebody has a name for the first one, and has built on the second one twice.
            _ = try await Shell.run("docker", "tag", image, "\(project.name)/kept")
            let first = try await Self.id(image)
            var theirs: Set<String> = []
            var ours: [String] = [first]
            for edit in 1...Self.edits {
                let from = dev.lineCount
                let version = "\(edit)-\(project.name)"
                try project.save(version: version)
                try await dev.line(from: from, containing: "version \(version) starts")
                try await dev.line(from: from, containing: "✓ app live in")
                ours.append(try await Self.id(image))
                guard edit == 1 else { continue }
                for text in ["a", "b"] {
                    let derived = project.folder.appendingPathComponent("derived")
                    try FileManager.default.createDirectory(at: derived, withIntermediateDirectories: true)
                    try "FROM \(image)\nLABEL text=\(text)\n".write(
                        to: derived.appendingPathComponent("Dockerfile"), atomically: true, encoding: .utf8)
                    _ = try await Shell.run("docker", "build", "--quiet", "--tag=\(project.name)/derived", derived.path)
                    if text == "a" { theirs = [try await Self.id("\(project.name)/derived")] }
                }
            }
            #expect(Set(ours).count == Self.edits + 1)
            // The first has a name, the second has images that are built on it.
            let expected = Set(ours.suffix(3).dropLast()).union(theirs)
            let known = Set(ours).union(theirs)
            let left = try await Shell.eventually(within: .seconds(20)) {
                // Others build on this machine as well.
                try await Self.unnamed().intersection(known)
            } is: {
                $0 == expected
            }
            #expect(left == expected, "\(ours)")
            #expect(try await Self.id("\(project.name)/kept") == first)
            #expect(try await Self.id(ours[1]) == ours[1])
            let rest = ["\(project.name)/kept", "\(project.name)/derived"] + theirs
            for image in rest { _ = try await Shell.run("docker", "image", "rm", image) }
        }
    }
}
