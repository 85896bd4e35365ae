import Runner

/// What builds need of this machine beside files: flags that the builder has, variables, an agent. Asked before anything is
/// built, for what a builder leaves unsaid: BuildKit gives a `RUN` an empty secret, or what it did with an older one, where
/// the variable is not set. A pure value.
struct BuildRequirements {
    let ability: BuilderAbility
    let environment: [String: String]

    /// Makes sure that all is there.
    /// - Throws: ``ConfigurationError`` with all that is missing.
    func check(
        _ services: [Configuration.Service], of configuration: Configuration
    ) throws(ConfigurationError) {
        let missing = services.flatMap(problems)
        guard !missing.isEmpty else { return }
        let problems = missing.map { keyPath, message in
            ConfigurationError.Problem(
                position: configuration.origin.position(of: keyPath), keyPath: keyPath, message: message)
        }
        throw ConfigurationError(file: configuration.origin.file, problems: problems)
    }

    private func problems(of service: Configuration.Service) -> [(keyPath: String, message: String)] {
        let options = service.options
        // A command of the project's own is told of the platform, and does with it what it likes.
        let unknown = (service.build.isEmpty ? ability.missing(in: options) : []).map { flag in
            (
                "\(service.keyPath).\(flag.option)",
                "\(ability.words) and has no --\(flag.name): \(ability.advice(for: flag.name))"
            )
        }
        let variables = options.secrets.compactMap { secret -> (String, String)? in
            guard case .variable(let name) = secret.source, environment[name] == nil else { return nil }
            return (
                "\(service.keyPath).secrets.\(secret.id)",
                "the environment's variable \(name) is not set: export it where devloop is started, or name a file"
            )
        }
        let needsAgent = options.ssh.contains { $0.path == nil } && (environment["SSH_AUTH_SOCK"] ?? "").isEmpty
        let agent =
            needsAgent
            ? [
                (
                    "\(service.keyPath).ssh",
                    "no ssh agent: SSH_AUTH_SOCK is not set: eval \"$(ssh-agent)\" && ssh-add, or name a key: "
                        + "\"default=~/.ssh/id_ed25519\""
                )
            ] : []
        return unknown + variables + agent
    }

    /// What the user should know where containers run on an engine of some platform.
    static func notices(_ services: [Configuration.Service], on machine: ImagePlatform) -> [String] {
        services.compactMap { service in
            guard let platform = service.options.platform.flatMap({ ImagePlatform($0) }), !platform.runs(on: machine)
            else { return nil }
            return
                "\(service.name): Docker here is \(machine), and runs programs for \(platform) with an emulator only; "
                + "without one they end with \"exec format error\": \(platform.emulatorAdvice)"
        }
    }
}
