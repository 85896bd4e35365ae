/// docker's commands for one project as values.
struct DockerCommand: Sendable, Hashable {
    let project: String
    /// The namespace of objects that name none.
    let namespace: String

    /// The project's network.
    var network: String { "devloop-\(projectInNames)" }
    /// The project's name as docker takes it in names of its own.
    var projectInNames: String { Self.nameable(project) }
    private var projectFilter: String { "--filter=label=\(DockerLabel.project)=\(project)" }

    /// Needs the daemon to answer.
    static let version = Command("docker", ["version", "--format={{.Server.Version}}"])

    func createNetwork() -> Command {
        Command("docker", ["network", "create", "--label=\(DockerLabel.project)=\(project)", network])
    }

    func removeNetwork() -> Command { Command("docker", ["network", "rm", network]) }

    func networks() -> Command {
        Command("docker", ["network", "ls", "--format={{.Name}}", projectFilter])
    }

    /// All containers of the project or of one workload, running or not, newest first.
    func list(workload: Workload? = nil) -> Command {
        let filter = workload.map { ["--filter=label=\(DockerLabel.workload)=\($0)"] } ?? []
        let format = ListedContainer.format.joined(separator: "\t")
        return Command("docker", ["ps", "--all", "--no-trunc", projectFilter] + filter + ["--format=\(format)"])
    }

    /// The containers that ``list(workload:)`` printed, newest first.
    func containers(in output: CommandOutput) -> [ListedContainer] {
        ListedContainer.read(output.standardOutput, namespace: namespace)
    }

    /// The containers that share the network of a pod's first one.
    func joined(instance: String) -> Command {
        let labels = ["\(DockerLabel.instance)=\(instance)", "\(DockerLabel.network)=joined"]
        return Command(
            "docker", ["ps", "--quiet", "--no-trunc", projectFilter] + labels.map { "--filter=label=\($0)" })
    }

    static func restart(_ ids: [String]) -> Command { Command("docker", ["restart"] + ids) }

    func volumes() -> Command { Command("docker", ["volume", "ls", "--quiet", projectFilter]) }

    func removeVolumes(_ names: [String]) -> Command { Command("docker", ["volume", "rm", "--force"] + names) }

    static func pull(_ image: String) -> Command { Command("docker", ["pull", "--quiet", image]) }

    static func start(_ ids: [String]) -> Command { Command("docker", ["start"] + ids) }
    /// Returns with the container's own status once it has ended, and prints what it prints.
    static func runToEnd(_ id: String) -> Command { Command("docker", ["start", "--attach", id]) }
    /// With the grace time that each was created with.
    static func stop(_ ids: [String]) -> Command { Command("docker", ["stop"] + ids) }
    /// Anonymous volumes, which the image declares, go with their container.
    static func remove(_ ids: [String]) -> Command { Command("docker", ["rm", "--force", "--volumes"] + ids) }
    static func inspect(_ ids: [String]) -> Command { Command("docker", ["container", "inspect"] + ids) }
    static func lastLines(of id: String, count: Int) -> Command { Command("docker", ["logs", "--tail=\(count)", id]) }

    func disconnect(_ id: String) -> Command { Command("docker", ["network", "disconnect", network, id]) }
    func connect(_ id: String, aliases: [String]) -> Command {
        Command("docker", ["network", "connect"] + aliases.map { "--alias=\($0)" } + [network, id])
    }

    static func copy(_ files: [ContainerPlan.File], to folder: String, in id: String) -> Command {
        Command("docker", ["cp", "-", "\(id):\(folder)"], input: TarArchive(files).bytes)
    }

    /// The daemon's clock, which may differ from this machine's.
    static let systemTime = Command("docker", ["info", "--format={{.SystemTime}}"])

    /// Starts, ends and removals of the project's containers, those since a time first.
    func events(since: String) -> Command {
        Command(
            "docker",
            [
                "events", "--since=\(since)", "--filter=type=container", "--filter=event=start", "--filter=event=die",
                "--filter=event=destroy",
                "--filter=label=\(DockerLabel.project)=\(project)", "--format={{json .}}",
            ])
    }

    static func logs(of id: String, follows: Bool = true, options: [String]) -> Command {
        Command("docker", ["logs"] + (follows ? ["--follow"] : []) + ["--timestamps"] + options + [id])
    }
}

/// How a container gets its network.
enum ContainerNetwork: Sendable, Hashable {
    /// On the project's network, with the pod's names and ports.
    case owner
    /// On the project's network, without names: before the pod is there.
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
    func ephemeralVolume(_ name: String, instance: String) -> String { "\(network)-\(instance)-\(name)" }

    /// What docker's names may hold (https://docs.docker.com/reference/cli/docker/volume/create/).
    static func nameable(_ text: String) -> String {
        String(
            text.unicodeScalars.map { scalar -> Character in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-": Character(scalar)
                default: "-"
                }
            })
    }
}
