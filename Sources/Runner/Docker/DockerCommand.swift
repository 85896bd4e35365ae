/// docker's commands for one project as values.
struct DockerCommand: Sendable, Hashable {
    let project: String

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

    /// The containers that share the network of a pod's first one.
    func joined(instance: String) -> Command {
        let labels = ["\(DockerLabel.instance)=\(instance)", "\(DockerLabel.network)=joined"]
        return Command(
            "docker", ["ps", "--quiet", "--no-trunc", projectFilter] + labels.map { "--filter=label=\($0)" })
    }

    static func restart(_ ids: [String]) -> Command { Command("docker", ["restart"] + ids) }

    func volumes() -> Command { Command("docker", ["volume", "ls", "--quiet", projectFilter]) }

    func removeVolumes(_ names: [String]) -> Command { Command("docker", ["volume", "rm", "--force"] + names) }

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

    fileprivate var label: String {
        switch self {
        case .owner: "owner"
        case .anonymous: ""
        case .joining: "joined"
        }
    }
}

extension DockerCommand {
    /// Makes a container without starting it and prints its id.
    func create(
        _ container: ContainerPlan, of pod: PodPlan, instance: String, name: String, network place: ContainerNetwork,
        isInit: Bool = false
    ) -> Command {
        var arguments = ["create", "--name=\(name)", "--pull=\(container.pull)"]
        let labels = [
            (DockerLabel.project, project), (DockerLabel.workload, pod.workload.description),
            (DockerLabel.namespace, pod.workload.namespace ?? ""), (DockerLabel.container, container.name),
            (DockerLabel.pod, pod.containers.count > 1 || isInit ? "several" : "one"), (DockerLabel.instance, instance),
            (DockerLabel.specification, pod.fingerprint), (DockerLabel.image, container.image),
            (DockerLabel.builtImage, container.builtImage ?? ""), (DockerLabel.role, isInit ? "init" : "main"),
            (DockerLabel.network, place.label),
            (DockerLabel.restart, isInit ? "no" : pod.restartPolicy),
            (
                DockerLabel.volumes,
                pod.ephemeralVolumes.map { ephemeralVolume($0, instance: instance) }.joined(separator: ",")
            ),
            (
                DockerLabel.ports,
                pod.ports.filter { !$0.purpose.isEmpty }.map { "\($0.purpose)=\($0.hostPort)" }.joined(separator: ",")
            ),
        ]
        arguments += labels.map { "--label=\($0)=\($1)" }
        arguments += networkOptions(place, pod)
        arguments.append("--restart=\(isInit ? "no" : pod.restartPolicy)")
        arguments += Self.processOptions(container)
        arguments += container.mounts.map { mountOption($0, instance: instance) }
        arguments.append("--stop-timeout=\(pod.gracePeriod)")

        var environment: [String: String] = [:]
        for variable in container.environment {
            // docker takes the value of such a variable from its own environment: line ends survive, and secrets are
            // in no list of processes. Those that would change what docker itself does are told on the command line.
            if Self.concernsDocker(variable.name) {
                arguments.append("--env=\(variable.name)=\(variable.value)")
            } else {
                arguments.append("--env=\(variable.name)")
                environment[variable.name] = variable.value
            }
        }
        if let program = container.command.first { arguments.append("--entrypoint=\(program)") }
        arguments.append(container.builtImage ?? container.image)
        return Command(
            "docker", arguments + container.command.dropFirst() + container.arguments, environment: environment)
    }

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

    private func networkOptions(_ place: ContainerNetwork, _ pod: PodPlan) -> [String] {
        if case .joining(let owner) = place { return ["--network=container:\(owner)"] }
        let hosts = pod.hostAliases.map { "--add-host=\($0.name):\($0.address)" }
        if pod.usesHostNetwork { return ["--network=host"] + hosts }
        let options = ["--network=\(network)", "--hostname=\(pod.hostname)"] + hosts
        guard place == .owner else { return options }
        return options + pod.aliases.map { "--network-alias=\($0)" }
            + pod.ports.map { "--publish=\($0.address):\($0.hostPort):\($0.containerPort)/\($0.networkProtocol)" }
    }

    private static func processOptions(_ container: ContainerPlan) -> [String] {
        var options: [String] = []
        if let folder = container.workingDirectory { options.append("--workdir=\(folder)") }
        if let user = container.user { options.append("--user=\(user)") }
        options += container.groups.map { "--group-add=\($0)" }
        if container.isPrivileged { options.append("--privileged") }
        if container.keepsPrivileges { options.append("--security-opt=no-new-privileges") }
        options += container.addedCapabilities.map { "--cap-add=\($0)" }
        options += container.droppedCapabilities.map { "--cap-drop=\($0)" }
        if container.hasReadOnlyRoot { options.append("--read-only") }
        if let memory = container.memory { options.append("--memory=\(memory)") }
        if let processors = container.processors { options.append("--cpus=\(processors)") }
        if container.hasTerminal { options.append("--tty") }
        if container.hasInput { options.append("--interactive") }
        return options
    }

    private func mountOption(_ mount: ContainerPlan.Mount, instance: String) -> String {
        let target = "\"target=\(mount.path)\"" + (mount.isReadOnly ? ",readonly" : "")
        let label = "volume-label=\(DockerLabel.project)=\(project)"
        switch mount.source {
        case .host(let path):
            // Unlike `--mount`, this makes the folder where there is none, which most types of hostPath want.
            return "--volume=\(path):\(mount.path)" + (mount.isReadOnly ? ":ro" : "")
        case .persistent(let name):
            return "--mount=type=volume,source=\(name),\(target),volume-nocopy,\(label)"
        case .ephemeral(let name, let tmpfsSize):
            var option = "--mount=type=volume,source=\(ephemeralVolume(name, instance: instance)),\(target)"
            option += ",volume-nocopy,\(label),volume-label=\(DockerLabel.instance)=\(instance)"
            guard let tmpfsSize else { return option }
            let size = tmpfsSize.isEmpty ? "" : ",volume-opt=o=size=\(tmpfsSize)"
            return option + ",volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs" + size
        }
    }

    /// The variables that docker, its helpers and the loader read themselves.
    private static func concernsDocker(_ name: String) -> Bool {
        let upper = name.uppercased()
        return ["PATH", "HOME", "TMPDIR", "BUILDKIT_PROGRESS", "GODEBUG", "SSL_CERT_FILE", "SSL_CERT_DIR"].contains(
            upper)
            || ["DOCKER_", "LD_", "DYLD_", "XDG_", "OTEL_", "SSH_"].contains { upper.hasPrefix($0) }
            || upper.hasSuffix("_PROXY")
    }
}
