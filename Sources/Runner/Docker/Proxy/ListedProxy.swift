/// The container of an nginx of the project, as `docker ps` lists it beside those of workloads.
struct ListedProxy: Sendable, Hashable {
    /// What it has in the place of `main` and `init`.
    static let role = "proxy"

    var id: String
    var place: String
    var state: String
    var key: ProxyPlan.Key
    var specification: String
    /// The port of this machine that it has.
    var port: Int?
    /// The names of the networks that it is on.
    var networks: [String]

    var isUp: Bool { state == "running" || state == "restarting" }

    /// The lines of ``DockerCommand/list(workload:)``, newest first; all others are left out.
    static func read(_ output: CommandOutput) -> [ListedProxy] {
        let format = ListedContainer.format
        func column(_ text: String) -> Int { format.firstIndex(of: text) ?? 0 }
        func label(_ name: String) -> Int { column("{{.Label \"\(name)\"}}") }
        let (role, container, namespace) = (
            label(DockerLabel.role), label(DockerLabel.container), label(DockerLabel.namespace)
        )
        let (specification, ports) = (label(DockerLabel.specification), label(DockerLabel.ports))
        let (id, state, networks) = (column("{{.ID}}"), column("{{.State}}"), column("{{.Networks}}"))
        let place = column(DockerLabel.template(DockerLabel.place))
        return DockerLabel.rows(output, columns: format.count).compactMap { fields in
            guard fields[role] == Self.role,
                let key = ProxyPlan.Key(label: fields[container], namespace: fields[namespace])
            else { return nil }
            let port = DockerLabel.values(in: fields[ports]).first.flatMap { Int($0.drop { $0 != "=" }.dropFirst()) }
            return ListedProxy(
                id: fields[id], place: DockerLabel.value(fields[place]), state: fields[state], key: key,
                specification: fields[specification], port: port,
                networks: fields[networks].split(separator: ",").map(String.init))
        }
    }
}

extension DockerPodRunner {
    /// The containers of all projects of the name, and the nginxes of this one; newest first.
    func listEverything() async throws -> (containers: [ListedContainer], proxies: [ListedProxy]) {
        let output = try await run(commands.list(), "the containers could not be listed")
        let proxies = ListedProxy.read(output).filter {
            commands.project.owner(project: commands.project.name, place: $0.place) == .this
        }
        return (commands.allContainers(in: output), proxies)
    }
}
