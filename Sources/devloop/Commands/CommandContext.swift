import Runner
import Synchronization

/// What every command works with.
struct CommandContext: Sendable {
    let environment: [String: String]
    let options: CommonOptions
    let terminal: Terminal
    let farewell: Farewell
    let launcher: any CommandRunning
    let scratch: ScratchFolder

    /// Reads devloop.json and joins it with the manifests.
    var loader: ProjectLoader {
        ProjectLoader(
            file: options.file ?? Configuration.defaultFile, options: options,
            reader: ManifestReader(launcher: launcher), environment: environment)
    }

    /// What builds the images of a configuration.
    func builder(for configuration: Configuration) -> ImageBuilder {
        ImageBuilder(launcher: launcher, scratch: scratch, program: configuration.builder.program)
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
                usesMinikubeDocker: usesMinikubeDocker, launcher: launcher,
                builder: builder(for: configuration), scratch: scratch,
                permission: { if let permission { try await permission.check($0) } }, onRead: terminal.read)
        }
    }

    /// The registries that the target of a configuration would choose, as far as it can be asked; none where images are pushed
    /// as the file says.
    func registries(for configuration: Configuration) async throws -> [String] {
        guard configuration.target == .kubernetes, configuration.registry == nil else { return [] }
        let registry = try await LocalRegistry.find(
            context: configuration.kubeContext, usesMinikubeDocker: usesMinikubeDocker, launcher: launcher)
        return registry.map { [$0.host] } ?? []
    }

    private var usesMinikubeDocker: Bool { environment["MINIKUBE_ACTIVE_DOCKERD"] != nil }

    /// What tells a project's builds from those of others, and from those by another program, which has images and a cache of
    /// its own.
    private func builds(of configuration: Configuration) -> String {
        "\(FileSystem.place(of: configuration.path)) \(configuration.builder.rawValue)"
    }

    /// What was built for a project.
    func images(of configuration: Configuration) -> BuiltImages {
        BuiltImages(project: builds(of: configuration), folder: StateFolder.path(environment: environment))
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
    func downCommand(_ scope: DeletionScope = .allButData) -> Command {
        options.downCommand(program: CommandLine.arguments.first ?? "devloop", scope)
    }

    /// Deletes what of a project is there, and says what is gone, what stays and what is waited for.
    /// - Parameter isResult: whether that is what the command was asked for.
    /// - Returns: the line of each thing that was there.
    func delete(
        _ objects: [KubernetesObject], _ scope: DeletionScope, from target: any Target, isResult: Bool
    ) async throws -> [String] {
        let hasKept = Atomic(false)
        let lines = try await target.delete(objects, scope) { [terminal] event in
            switch event {
            case .deleted(let line): terminal.say(.deleted(line, isResult: isResult))
            case .kept(let line):
                terminal.say(.deleted(line, isResult: isResult))
                hasKept.store(true, ordering: .relaxed)
            case .waiting(let line): terminal.say(.stillThere(line))
            }
        }
        if hasKept.load(ordering: .relaxed) { terminal.say(.dataStays(removedBy: downCommand(.everything))) }
        return lines
    }

    /// What the services of a configuration were built with.
    func secrets(of configuration: Configuration) -> BuiltSecrets {
        BuiltSecrets(project: builds(of: configuration), environment: environment)
    }

    /// How many images are built at once.
    var jobs: Int { options.jobs ?? FileSystem.processorCount }
}

extension CommonOptions {
    /// `devloop down` with the flags that say what is deleted, and where.
    func downCommand(program: String, _ scope: DeletionScope = .allButData) -> Command {
        let flags = [
            ("-f", file), ("--target", settings["target"]), ("--context", settings["kubeContext"]),
            ("-n", settings["namespace"]),
        ]
        let values = flags.flatMap { flag, value in value.map { [flag, $0] } ?? [] }
        let data = scope == .everything ? ["--data"] : []
        return Command(program, ["down"] + data + values + (isClusterAllowed ? ["--yes"] : []))
    }
}
