/// What an image says of how a container of it is started.
package struct ImageConfiguration: Sendable, Hashable {
    package var entrypoint: [String]
    package var command: [String]
    package var workingDirectory: String
    package var environment: [String: String]

    package init(
        entrypoint: [String] = [], command: [String] = [], workingDirectory: String = "/",
        environment: [String: String] = [:]
    ) {
        self.entrypoint = entrypoint
        self.command = command
        self.workingDirectory = workingDirectory
        self.environment = environment
    }
}

extension ImageBuilder {
    /// How containers of an image are started, as `docker image inspect` has it.
    /// - Throws: ``TargetError``, or `CancellationError`.
    package func configuration(of image: String) async throws -> ImageConfiguration {
        let output = try await launcher.runTool(
            Command("docker", ["image", "inspect", "--format={{json .Config}}", image]))
        guard output.termination.isSuccess, let json = try? JSONParser.parse(output.standardOutput) else {
            throw DockerFailure.error("docker image inspect of \(image) failed", said: [output.errorText])
        }
        return ImageConfiguration(json)
    }

    /// How containers of an image are started; `nil` where it has no shell for a ``Supervisor``.
    func start(of image: String) async throws -> ImageStart? {
        // What it makes is removed also where the build is stopped.
        guard try await Task(operation: { try await hasShell(image) }).value else { return nil }
        let configuration = try await configuration(of: image)
        return ImageStart(entrypoint: configuration.entrypoint, command: configuration.command)
    }

    /// Looks into a container that is never started: what is not there could not say so.
    private func hasShell(_ image: String) async throws -> Bool {
        let engine = DockerEngine(launcher: launcher)
        let failure = "a look into \(image) failed"
        let made = try await engine.ask(.unstarted(image), failure)
        guard let id = made.body["Id"]?.string else { throw TargetError(failure, details: [made.message]) }
        let found = try await engine.tryAsk(.archive(of: id, path: "/bin/sh")) { _ in }
        _ = try await engine.tryAsk(.removal(of: id))
        return found.isSuccess
    }
}

extension ImageConfiguration {
    /// `.Config` of an image.
    init(_ json: JSONValue) {
        func words(_ key: String) -> [String] { (json[key]?.array ?? []).compactMap(\.string) }
        var environment: [String: String] = [:]
        for entry in words("Env") {
            let name = entry.prefix { $0 != "=" }
            environment[String(name)] = String(entry.dropFirst(name.count + 1))
        }
        let folder = json["WorkingDir"]?.string ?? ""
        self.init(
            entrypoint: words("Entrypoint"), command: words("Cmd"), workingDirectory: folder.isEmpty ? "/" : folder,
            environment: environment)
    }
}
