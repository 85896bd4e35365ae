import Runner

/// What every command works with.
struct CommandContext: Sendable {
    let environment: [String: String]
    let options: CommonOptions
    let terminal: Terminal
    let farewell: Farewell
    let launcher: any CommandRunning
    let builder: ImageBuilder
    let scratch: ScratchFolder

    /// Reads devloop.json and joins it with the manifests.
    var loader: ProjectLoader {
        ProjectLoader(
            file: options.file ?? Configuration.defaultFile, options: options,
            reader: ManifestReader(launcher: launcher), environment: environment)
    }

    /// Where the services of a configuration run.
    /// - Parameter isChanged: whether the command changes something there, so that a cluster needs permission.
    func target(for configuration: Configuration, isChanged: Bool = true) -> any Target {
        let permission = isChanged ? permission(for: configuration) : nil
        return switch configuration.target {
        case .docker:
            DockerTarget(
                project: configuration.name, place: FileSystem.place(of: configuration.path),
                namespace: configuration.namespace ?? "default",
                hash: KeyedHash(key: MachineKey.key(environment: environment)), launcher: launcher,
                proxy: proxySettings(configuration), onRequest: terminal.read)
        case .kubernetes:
            KubernetesTarget(
                context: configuration.kubeContext, namespace: configuration.namespace,
                registry: configuration.registry,
                usesMinikubeDocker: environment["MINIKUBE_ACTIVE_DOCKERD"] != nil, launcher: launcher,
                builder: builder, scratch: scratch,
                permission: { if let permission { try await permission.check($0) } }, onRead: terminal.read)
        }
    }

    private func proxySettings(_ configuration: Configuration) -> ProxySettings {
        let image = environment[ProxySettings.imageVariable] ?? ""
        return ProxySettings(
            image: image.isEmpty ? ProxySettings.defaultImage : image, port: configuration.ingress.port)
    }

    /// Whether a cluster may be changed for a configuration.
    private func permission(for configuration: Configuration) -> ClusterPermission {
        let canAsk = StandardInput.isTerminal && StandardStream.error.isTerminal
        return ClusterPermission(
            project: configuration.path, allowedContexts: configuration.allowedContexts,
            isGiven: options.isClusterAllowed, answers: ClusterAnswers(environment: environment),
            ask: canAsk ? terminal.ask : nil, warn: { terminal.say(.warning($0)) })
    }

    /// The command that deletes what this one started: the same program with the same flags.
    var downCommand: Command { options.downCommand(program: CommandLine.arguments.first ?? "devloop") }

    /// How many images are built at once.
    var jobs: Int { options.jobs ?? FileSystem.processorCount }
}

extension CommonOptions {
    /// `devloop down` with the flags that say what is deleted, and where.
    func downCommand(program: String) -> Command {
        let flags = [
            ("-f", file), ("--target", settings["target"]), ("--context", settings["kubeContext"]),
            ("-n", settings["namespace"]),
        ]
        let values = flags.flatMap { flag, value in value.map { [flag, $0] } ?? [] }
        return Command(program, ["down"] + values + (isClusterAllowed ? ["--yes"] : []))
    }
}
