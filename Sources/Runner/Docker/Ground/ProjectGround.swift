import Synchronization

/// What the pods of a project stand on: its networks, and the volumes of its claims. They are looked up each time they
/// are needed, by their labels: somebody may have deleted them, and names can be anybody's.
struct ProjectGround: Sendable {
    let commands: DockerCommand
    let launcher: any CommandRunning
    private let turns: Turns<ProjectIdentity>
    private let adopted: SharedAdoptions

    init(commands: DockerCommand, launcher: any CommandRunning) {
        self.commands = commands
        self.launcher = launcher
        turns = Turns()
        adopted = SharedAdoptions()
    }

    /// Where docker goes on saying something else after this many tries, it is told.
    private static let rounds = 8

    /// Looks for the networks of namespaces, and for one of all of them where there are several, and makes those that
    /// are not there.
    /// - Returns: the networks, and whether one had to be made.
    func networks(for namespaces: Set<String>) async throws -> (networks: ProjectNetworks, wereMissing: Bool) {
        guard !namespaces.isEmpty else {
            return (ProjectNetworks(project: commands.project, namespace: commands.namespace, listed: []), false)
        }
        var scopes = Set(namespaces.map { NetworkScope.namespace($0) })
        if namespaces.count > 1 { scopes.insert(.all) }
        let wanted = scopes
        return try await turns.withTurn(commands.project) {
            var wereMissing = false
            for _ in 1...Self.rounds {
                let networks = try await self.listNetworks()
                let steps = networks.steps(for: wanted)
                if steps.isEmpty { return (networks, wereMissing) }
                wereMissing = true
                for step in steps { try await self.take(step) }
            }
            throw TargetError(
                "the networks of \(self.commands.project.name) could not be settled",
                advice: "does something else remove or make them at the same time? Try: docker network ls")
        }
    }

    /// Every network of this Docker.
    func listNetworks() async throws -> ProjectNetworks {
        let output = try await run(DockerCommand.networks, "the networks could not be listed")
        return ProjectNetworks(
            project: commands.project, namespace: commands.namespace, listed: ListedNetwork.read(output))
    }

    /// Every volume of this Docker.
    func listVolumes() async throws -> [ListedVolume] {
        ListedVolume.read(try await run(DockerCommand.volumes, "the volumes could not be listed"))
    }

    /// The names of the volumes for claims; those that are not there are made.
    /// - Parameter containers: the containers of all projects of the name.
    func volumes(
        _ wanted: [PersistentVolume], containers: [ListedContainer]
    ) async throws -> (names: [PersistentVolume: String], notices: [DockerNotice]) {
        guard !wanted.isEmpty else { return ([:], []) }
        return try await turns.withTurn(commands.project) {
            var names: [PersistentVolume: String] = [:]
            var notices: [DockerNotice] = []
            for _ in 1...Self.rounds {
                let volumes = ProjectVolumes(
                    project: self.commands.project, listed: try await self.listVolumes(), containers: containers)
                var isComplete = true
                for volume in wanted where names[volume] == nil {
                    switch volumes.answer(for: volume, adopted: self.adopted.all) {
                    case .found(let name):
                        self.adopted.add(name, volume)
                        names[volume] = name
                    case .missing(let name, let notice):
                        // Docker takes a name that is there already for done: the next look tells whose it is.
                        try await self.run(
                            self.commands.makeVolume(name, for: volume), "the volume \(name) could not be made")
                        notices += notice.map { [$0] } ?? []
                        isComplete = false
                    }
                }
                if isComplete { return (names, notices) }
            }
            throw TargetError(
                "the volumes of \(self.commands.project.name) could not be made",
                advice: "does something else remove them at the same time? Try: docker volume ls")
        }
    }

    private func take(_ step: ProjectNetworks.Step) async throws {
        switch step {
        case .make(let name, let scope):
            let output = try await launcher.runTool(commands.createNetwork(name, for: scope))
            // Another devloop may have been quicker: the next look tells.
            guard output.termination.isSuccess || output.errorText.contains("already exists") else {
                throw DockerFailure.error("the network \(name) could not be made", said: [output.errorText])
            }
        case .remove(let id):
            let attached = try await launcher.runTool(DockerCommand.containers(onNetwork: id))
            for container in attached.text.split(separator: "\n") {
                _ = try await launcher.runTool(DockerCommand.disconnect(String(container), from: id, force: true))
            }
            let output = try await launcher.runTool(DockerCommand.removeNetworks([id]))
            guard output.termination.isSuccess || output.errorText.contains("not found") else {
                throw DockerFailure.error(
                    "a second network of the same name could not be removed", said: [output.errorText])
            }
        }
    }

    @discardableResult
    private func run(_ command: Command, _ failure: String) async throws -> CommandOutput {
        let output = try await launcher.runTool(command)
        guard output.termination.isSuccess else { throw DockerFailure.error(failure, said: [output.errorText]) }
        return output
    }
}

/// What the volumes of an earlier devloop are used for in this run: none for two claims.
private final class SharedAdoptions: Sendable {
    private let volumes = Mutex<[String: PersistentVolume]>([:])

    var all: [String: PersistentVolume] { volumes.withLock { $0 } }
    func add(_ name: String, _ volume: PersistentVolume) { volumes.withLock { $0[name] = volume } }
}
