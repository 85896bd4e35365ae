/// `docker`: whichever client is on `PATH`, with whichever builder it has.
struct DockerProgram: ImageProgram {
    /// How many paths an engine is asked for: each is a request, and of an engine elsewhere a process.
    private static let limits = (here: 2000, elsewhere: 20)

    let name = "docker"
    let plainRegistryAdvice = "add it to \"insecure-registries\" in Docker's daemon.json"

    func check(_ launcher: any CommandRunning) async throws { try await DockerCommand.checkDaemon(with: launcher) }

    func kind(_ launcher: any CommandRunning) async throws -> BuilderKind {
        let output = try await launcher.runTool(command(["build", "--help"]))
        return BuilderKind(help: output.text + "\n" + output.errorText)
    }

    func triesAgain(_ line: String) -> Bool { line.contains(": Retrying in ") }

    func hasNone(_ text: String) -> Bool { text.contains("No such image") }

    func error(_ summary: String, said lines: [String], termination: Termination) -> TargetError {
        DockerFailure.error(summary, said: lines, termination: termination)
    }

    func look(
        into image: String, for paths: Set<String>, with launcher: any CommandRunning
    ) async throws -> Set<String>? {
        let engine = DockerEngine(launcher: launcher)
        let isHere = DockerEngine.socket(of: try await engine.findHost()) != nil
        guard paths.count <= (isHere ? Self.limits.here : Self.limits.elsewhere) else { return nil }
        return try await engine.look(into: image, for: paths)
    }
}
