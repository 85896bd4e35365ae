import Foundation
import Runner

/// A docker client with one of the two builders, or podman.
struct ImageBuilderProgram: Sendable, CustomStringConvertible {
    let executable: String
    let builder: BuilderKind

    var usesBuildKit: Bool { builder == .buildKit }

    var description: String { "\(executable), \(builder)" }

    /// Each client in `PATH` with each builder that works with it, and podman.
    static let all: [ImageBuilderProgram] = {
        guard Docker.isThere else { return [] }
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        var seen: Set<String> = []
        let find = { (name: String) in
            folders.map { URL(fileURLWithPath: "\($0)/\(name)").resolvingSymlinksInPath().path }
                .filter { FileManager.default.isExecutableFile(atPath: $0) && seen.insert($0).inserted }
        }
        let docker = find("docker").flatMap { executable in
            [BuilderKind.legacy, .buildKit].map { ImageBuilderProgram(executable: executable, builder: $0) }
        }
        return (docker + find("podman").map { ImageBuilderProgram(executable: $0, builder: .podman) }).filter(\.works)
    }()

    /// One for each of docker's builders, whichever client.
    static let builders = [BuilderKind.legacy, .buildKit].compactMap { kind in all.first { $0.builder == kind } }

    var environment: [String: String] { ["DOCKER_BUILDKIT": usesBuildKit ? "1" : "0"] }

    private var works: Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = ["build", "--quiet", "-"]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        pipe.fileHandleForWriting.write(Data("FROM scratch\nLABEL devloop-test=1\n".utf8))
        try? pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    /// Builds an image and returns its id, and what docker said; without an id where the build failed.
    func build(
        context: String, dockerfile: String, stage: String?, arguments: [String]
    ) async throws -> (id: String?, output: String) {
        let idFile = FileManager.default.temporaryDirectory.path + "/devloop-id-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: idFile) }
        let options = (stage.map { ["--target=\($0)"] } ?? []) + arguments.map { "--build-arg=\($0)" }
        for attempt in 1... {
            let output = try await Shell.attempt(
                executable, ["build", "--file=\(dockerfile)", "--iidfile=\(idFile)"] + options + [context],
                environment: environment)
            let text = output.text + output.errorText
            if output.termination.isSuccess { return (try? String(contentsOfFile: idFile, encoding: .utf8), text) }
            if attempt == 5 || !Self.isDisturbed(text) { return (nil, text) }
        }
        return (nil, "")
    }

    /// Whether somebody else was deleting an image while the legacy builder looked through all of them for its cache.
    private static func isDisturbed(_ output: String) -> Bool {
        ["unable to find image", "layer does not exist", "No such image"].contains(where: output.contains)
    }

    /// Which builder devloop takes it for.
    func kind() async throws -> BuilderKind {
        let folder = URL(fileURLWithPath: executable).deletingLastPathComponent().path
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let launcher = SystemLauncher(environment: variables.merging(["PATH": folder]) { $1 })
        let scratch = try ScratchFolder()
        defer { scratch.remove() }
        let name = builder == .podman ? ImageProgramName.podman : .docker
        return try await ImageBuilder(launcher: launcher, scratch: scratch, program: name.program).ability().kind
    }

    /// The images that a build has made, as far as the legacy builder tells: those of its other stages, and of the steps
    /// before it failed. Each after those that it is based on.
    static func parts(of output: String) -> [String] {
        var parts: [String] = []
        var isOwn = false
        for line in output.split(separator: "\n") {
            if line.hasPrefix("Step ") {
                isOwn = !line.contains(" : FROM ")
            } else if line.hasPrefix(" ---> Using cache") {
                isOwn = false
            } else if isOwn, line.hasPrefix(" ---> "), !line.hasPrefix(" ---> Running") {
                parts.append(String(line.dropFirst(6)))
            }
        }
        return parts
    }

    /// Removes images, as far as they are still there and nothing needs them.
    func remove(_ images: [String]) async {
        if !images.isEmpty { _ = try? await Shell.attempt(executable, ["rmi"] + images) }
    }

    func remove(_ image: String) async {
        _ = try? await Shell.attempt(executable, ["rmi", image])
    }
}
