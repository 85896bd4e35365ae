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
        if let known = knowledge.configurations[image] { return known }
        let output = try await run(["image", "inspect", "--format={{json .Config}}", image])
        guard output.termination.isSuccess, let json = try? JSONParser.parse(output.standardOutput) else {
            throw failure("image inspect of \(image) failed", output)
        }
        let configuration = ImageConfiguration(json)
        knowledge.configurations[image] = configuration
        return configuration
    }

    /// How containers of an image are started; `nil` where it has no shell for a ``Supervisor``.
    func start(of image: String) async throws -> ImageStart? {
        let hasShell: Bool
        if let known = knowledge.shells[image] {
            hasShell = known
        } else {
            hasShell = try await program.look(into: image, for: ["/bin/sh"], with: launcher)?.isEmpty == false
            knowledge.shells[image] = hasShell
        }
        guard hasShell else { return nil }
        let configuration = try await configuration(of: image)
        return ImageStart(entrypoint: configuration.entrypoint, command: configuration.command)
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
