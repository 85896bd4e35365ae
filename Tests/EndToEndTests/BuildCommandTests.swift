import Foundation
import Testing

/// Services that a command of their own builds.
@Suite(
    .enabled(if: Docker.isThere), .enabled(if: TinyProject.isPossible, "needs busybox-static"), .serialized)
struct BuildCommandTests {
    /// Builds by docker all the same, and pushes where that is asked for.
    private static let script =
        #""sh", "-c", "docker build --quiet --tag=\"$IMAGE\" . && [ -z \"$PUSH\" ] || docker push --quiet \"$IMAGE\"""#

    @Test(.timeLimit(.minutes(3)), arguments: TinyPlace.there)
    func whatACommandBuildsRunsAndIsBuiltAgain(_ place: TinyPlace) async throws {
        let settings = #", "build": [\#(Self.script)], "pushes": true, "ignore": ["notes"]"#
        var name = ""
        try await place.run(TinyProject.deployment(), nil, settings) { project, dev in
            try await dev.line(containing: "version one starts")
            try "x".write(to: project.folder.appendingPathComponent("app/notes"), atomically: true, encoding: .utf8)
            try project.save(version: "two")
            try await dev.line(containing: "app: version changed, building")
            try await dev.line(containing: "version two starts")
            #expect(!dev.output.contains("notes changed"))
            name = project.name
        }
        await Self.removeImages(of: name, place)
    }

    @Test(.timeLimit(.minutes(3)), arguments: TinyPlace.there)
    func rulesSayWhichOfItsFilesAreSynced(_ place: TinyPlace) async throws {
        let settings =
            #", "build": [\#(Self.script)], "pushes": true, "sync": [{ "from": "version", "to": "/" }]"#
        var name = ""
        try await place.run(TinyProject.deployment(), TinyProject.withTools, settings) { project, dev in
            try project.save(version: "two")
            try await dev.line(containing: "✓ app synced in")
            #expect(try await place.say(["cat", "/version"], project) == "two")
            name = project.name
        }
        await Self.removeImages(of: name, place)
    }

    /// Those that were pulled back from the registry have only a digest when newer ones came.
    private static func removeImages(of project: String, _ place: TinyPlace) async {
        var images = ["\(project)/app"]
        if place == .cluster {
            let pushed = "\(KubernetesStage.registry ?? "")/\(project)/app"
            let list = ["images", "--digests", "--format={{.Repository}}@{{.Digest}}", pushed]
            let digests = (try? await Shell.attempt("docker", list).text) ?? ""
            images += [pushed] + digests.split(separator: "\n").map(String.init)
        }
        for image in images { _ = try? await Shell.attempt("docker", ["rmi", "--force", image]) }
    }

    private func build(
        _ command: String, _ arguments: [String] = []
    ) async throws -> (status: Int32, output: String, project: String) {
        let project = try TinyProject(
            manifests: [:], workloads: ["deployment/app"], settings: #", "build": [\#(command)], "pushes": true"#)
        defer { project.remove() }
        let build = try DevloopProcess(["build", "--color=never"] + arguments, folder: project.folder)
        let status = await build.exitStatus()
        return (status, build.output, project.name)
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            (#""true""#, ["(true) ended without an error, but docker has no image", "IMAGE"]),
            (#""./build.sh""#, ["(./build.sh) is not there", "relative to the context"]),
            (#""sh", "-c", "echo why; exit 7""#, ["failed (exit status 7)", "why"]),
            (#""./run""#, ["(./run) can't be run", "chmod +x"]),
        ])
    func aCommandThatMakesNoImageSaysWhatIsWrong(command: String, words: [String]) async throws {
        let (status, output, _) = try await build(command)
        #expect(status == 1)
        for word in words { #expect(output.contains(word), "\(output)") }
    }

    @Test(
        .timeLimit(.minutes(1)),
        .enabled(if: TestRegistry.answers, "needs a registry"))
    func aPushByTheCommandIsPrintedWithTheDigestThatTheRegistryHas() async throws {
        let (status, output, project) = try await build(Self.script, ["--push", "--registry", TestRegistry.name])
        #expect(status == 0, "\(output)")
        let image = "\(TestRegistry.name)/\(project)/app:latest"
        let line = try #require(output.split(separator: "\n").first { $0.hasPrefix("\(image)@sha256:") })
        let pushed = line.replacingOccurrences(of: ":latest@", with: "@")
        let pull = try await Shell.attempt("docker", ["pull", pushed])
        #expect(pull.termination.isSuccess, "\(pull.errorText)")
        for name in ["\(project)/app", image, pushed] { _ = try await Shell.attempt("docker", ["rmi", name]) }
    }

    @Test(.timeLimit(.minutes(1))) func aPushWithoutARegistryIsRefusedBeforeAnythingIsBuilt() async throws {
        let (status, output, _) = try await build(#""touch", "built""#, ["--push"])
        #expect(status == 78)
        #expect(output.contains("services[0].pushes: there is no registry"), "\(output)")
        #expect(output.contains("--registry"))
    }
}
