/// docker's commands for one project as values.
struct DockerCommand: Sendable, Hashable {
    let project: ProjectIdentity
    /// The namespace of objects that name none.
    let namespace: String

    /// Of all projects of the name: what others of them have is looked at, too.
    private var nameFilter: String { "--filter=label=\(DockerLabel.project)=\(project.name)" }

    /// Asks the daemon for its version.
    /// - Throws: ``TargetError`` of severity `unavailable` where docker is missing or its daemon does not answer.
    static func checkDaemon(with launcher: any CommandRunning) async throws {
        let output = try await launcher.runTool(Command("docker", ["version", "--format={{.Server.Version}}"]))
        guard output.termination.isSuccess else {
            throw DockerFailure.error(
                "docker does not work", said: output.errorText.split(separator: "\n").map(String.init))
        }
    }

    /// Prints its id.
    func createNetwork(_ name: String, for scope: NetworkScope) -> Command {
        let labels = project.labels + [(DockerLabel.namespace, scope.label)]
        return Command("docker", ["network", "create"] + labels.map { "--label=\($0)=\($1)" } + [name])
    }

    static func removeNetworks(_ ids: [String]) -> Command { Command("docker", ["network", "rm"] + ids) }

    /// All networks, whoever's they are.
    static let networks = Command(
        "docker", ["network", "ls", "--no-trunc", "--format=\(ListedNetwork.format.joined(separator: "\t"))"])

    /// The ids of the containers that run on a network.
    static func containers(onNetwork id: String) -> Command {
        Command(
            "docker", ["network", "inspect", "--format={{range $id, $_ := .Containers}}{{println $id}}{{end}}", id])
    }

    /// All containers of projects of this name or of one workload, running or not, newest first.
    func list(workload: Workload? = nil) -> Command {
        let filter = workload.map { ["--filter=label=\(DockerLabel.workload)=\($0)"] } ?? []
        let format = ListedContainer.format.joined(separator: "\t")
        return Command("docker", ["ps", "--all", "--no-trunc", nameFilter] + filter + ["--format=\(format)"])
    }

    /// The containers that ``list(workload:)`` printed, newest first.
    func allContainers(in output: CommandOutput) -> [ListedContainer] {
        ListedContainer.read(output, namespace: namespace)
    }

    /// Those of them that are this project's.
    func containers(in output: CommandOutput) -> [ListedContainer] {
        allContainers(in: output).filter { isOurs($0.place) }
    }

    /// Whether something with the project's name is this project's: what an earlier devloop made has no place.
    func isOurs(_ place: String) -> Bool { project.owner(project: project.name, place: place) != .other }

    /// The containers that share the network of a pod's first one.
    func joined(instance: String) -> Command {
        let labels = ["\(DockerLabel.instance)=\(instance)", "\(DockerLabel.network)=joined"]
        return Command(
            "docker", ["ps", "--quiet", "--no-trunc", nameFilter] + labels.map { "--filter=label=\($0)" })
    }

    static func restart(_ ids: [String]) -> Command { Command("docker", ["restart"] + ids) }

    /// All volumes, whoever's they are.
    static let volumes = Command(
        "docker", ["volume", "ls", "--format=\(ListedVolume.format.joined(separator: "\t"))"])

    /// Succeeds where a volume of the name is there already, whatever labels that has.
    func makeVolume(_ name: String, for volume: PersistentVolume) -> Command {
        let labels = labels(of: volume).map { "--label=\($0)=\($1)" }
        return Command("docker", ["volume", "create"] + labels + [name])
    }

    static func removeVolumes(_ names: [String]) -> Command { Command("docker", ["volume", "rm", "--force"] + names) }

    static func pull(_ image: String) -> Command { Command("docker", ["pull", "--quiet", image]) }

    static func start(_ ids: [String]) -> Command { Command("docker", ["start"] + ids) }
    /// Returns with the container's own status once it has ended, and prints what it prints.
    static func runToEnd(_ id: String) -> Command { Command("docker", ["start", "--attach", id]) }
    /// Returns once all of them have ended.
    static func wait(_ ids: [String]) -> Command { Command("docker", ["wait"] + ids) }
    /// With the grace time that each was created with.
    static func stop(_ ids: [String]) -> Command { Command("docker", ["stop"] + ids) }
    /// Anonymous volumes, which the image declares, go with their container.
    static func remove(_ ids: [String]) -> Command { Command("docker", ["rm", "--force", "--volumes"] + ids) }
    static func inspect(_ ids: [String]) -> Command { Command("docker", ["container", "inspect"] + ids) }

    static func disconnect(_ id: String, from network: String, force: Bool = false) -> Command {
        Command("docker", ["network", "disconnect"] + (force ? ["--force"] : []) + [network, id])
    }
    static func connect(_ id: String, to network: String, aliases: [String]) -> Command {
        Command("docker", ["network", "connect"] + aliases.map { "--alias=\($0)" } + [network, id])
    }

    static func copy(_ files: [ContainerPlan.File], to folder: String, in id: String) -> Command {
        Command("docker", ["cp", "-", "\(id):\(folder)"], input: TarArchive(files).bytes)
    }

    /// Keeps a shell open in a container, as a ``SyncChannel`` talks to, as the container's own user.
    static func sync(_ id: String) -> Command {
        Command("docker", ["exec", "--interactive", id, "sh", "-c", SyncScript.loop])
    }

    /// Where the engine is that docker talks to: as the current context says, or DOCKER_CONTEXT, or DOCKER_HOST.
    static let host = Command("docker", ["context", "inspect", "--format={{.Endpoints.docker.Host}}"])

    /// Connects a socket to the engine.
    static func dial(_ socket: Int32, purpose: String) -> Command {
        Command("docker", ["system", "dial-stdio"], socket: socket, purpose: purpose)
    }

    /// Starts, ends and removals of the project's containers, those since a time first.
    func events(since time: EngineTime) -> EngineRequest {
        .events(label: "\(DockerLabel.project)=\(project.name)", since: time)
    }
}

/// How a container gets its network.
enum ContainerNetwork: Sendable, Hashable {
    /// On its namespace's network, with the pod's names and ports.
    case owner
    /// On its namespace's network, without names: before the pod is there.
    case anonymous
    /// In the network of the pod's first container, by its name.
    case joining(String)

    var label: String {
        switch self {
        case .owner: "owner"
        case .anonymous: ""
        case .joining: "joined"
        }
    }
}

extension DockerCommand {
    /// The whole name of a volume of the pod.
    func ephemeralVolume(_ volume: EphemeralVolume, instance: String) -> String {
        let name = DockerName.joined(["devloop", project.name, instance, volume.name])
        return volume.part.isEmpty ? name : DockerName.distinct(name, for: [volume.name, volume.part])
    }

    func labels(of volume: PersistentVolume) -> [(name: String, value: String)] {
        project.labels + [
            (DockerLabel.namespace, volume.namespace), (DockerLabel.claim, volume.claim),
            (DockerLabel.part, volume.part),
        ]
    }
}
