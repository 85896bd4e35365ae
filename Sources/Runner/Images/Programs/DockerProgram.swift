/// `docker`: whichever client is on `PATH`, with whichever builder it has; or `docker buildx`, with the builder that is
/// chosen there (`docker buildx use`, `BUILDX_BUILDER`), which may be on other machines and leave no image on this one.
struct DockerProgram: ImageProgram {
    /// How many paths an engine is asked for: each is a request, and of an engine elsewhere a process.
    private static let limits = (here: 2000, elsewhere: 20)

    var usesBuildx = false

    let name = "docker"
    let plainRegistryAdvice = "add it to \"insecure-registries\" in Docker's daemon.json"

    func check(_ launcher: any CommandRunning) async throws {
        try await DockerCommand.checkDaemon(with: launcher)
        guard usesBuildx else { return }
        let output = try await launcher.runTool(command(["buildx", "version"]))
        guard output.termination.isSuccess else {
            throw TargetError(
                .unavailable, "docker has no buildx", details: [output.errorText],
                advice: "install it (https://github.com/docker/buildx#installing), or leave \"builder\": \"buildx\" out"
            )
        }
    }

    func command(_ arguments: [String]) -> Command {
        guard arguments.first == "build" else { return Command(name, arguments) }
        // With their times in it, what is built of the same would be another image each time
        // (https://docs.docker.com/build/building/variables/#buildx_no_default_attestations).
        return Command(
            name, (usesBuildx ? ["buildx"] : []) + arguments, environment: ["BUILDX_NO_DEFAULT_ATTESTATIONS": "1"])
    }

    var pushesItsBuilds: Bool { usesBuildx }

    /// A builder elsewhere knows no image of this machine: what it builds on it is told to get from the registry
    /// (https://docs.docker.com/reference/cli/docker/buildx/build/#build-context).
    func outputFlags(
        _ request: BuildRequest, pushed: (String) -> PushedImage?, metadataFile: String
    ) -> [String] {
        guard usesBuildx else { return [] }
        let contexts = request.bases.compactMap { base in
            pushed(base.id).map { "--build-context=\(base.reference)=docker-image://\($0.reference.name)@\($0.digest)" }
        }
        return (request.destination == nil ? ["--load"] : ["--push", "--metadata-file=\(metadataFile)"]) + contexts
    }

    func ability(_ launcher: any CommandRunning) async throws -> BuilderAbility {
        let output = try await launcher.runTool(command(["build", "--help"]))
        var ability = BuilderAbility(help: output.text + "\n" + output.errorText)
        if usesBuildx { ability.kind = .buildKit }
        return ability
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
