/// What a network of a project is for.
enum NetworkScope: Sendable, Hashable {
    /// The pods of one namespace, by all of their names.
    case namespace(String)
    /// The pods of all namespaces, by the names that say which: `db.other` is called from anywhere, `db` is not.
    case all

    /// Its label; no namespace is called like the second.
    var label: String {
        switch self {
        case .namespace(let name): name
        case .all: "*"
        }
    }
}

/// A network as `docker network ls` lists it.
struct ListedNetwork: Sendable, Hashable {
    var id: String
    var name: String
    /// As docker prints it, which can be compared as text.
    var created: String
    var project: String
    var place: String
    var scope: String

    /// For `--format`.
    static let format =
        ["{{.ID}}", "{{.Name}}", "{{.CreatedAt}}"]
        + [DockerLabel.project, DockerLabel.place, DockerLabel.namespace].map(DockerLabel.template)

    /// The lines of ``DockerCommand/networks()``.
    static func read(_ output: CommandOutput) -> [ListedNetwork] {
        DockerLabel.rows(output, columns: format.count).map { fields in
            ListedNetwork(
                id: fields[0], name: fields[1], created: fields[2], project: DockerLabel.value(fields[3]),
                place: DockerLabel.value(fields[4]), scope: DockerLabel.value(fields[5]))
        }
    }

    /// Whether it stays where only one can: what somebody has found and uses is never the younger one.
    func isOlder(than other: ListedNetwork) -> Bool { (created, id) < (other.created, other.id) }
}

/// The networks of a project among those of a Docker, and what has to be done for each to be there once. A pure value.
///
/// Docker takes two networks of one name if they are made at once, and refuses afterwards to use either by its name:
/// as a container keeps a name and no id, all but one of such have to go. Which one stays is the same for everybody who
/// looks.
struct ProjectNetworks: Sendable {
    /// Something to be done.
    enum Step: Sendable, Hashable {
        case make(name: String, NetworkScope)
        /// By its id.
        case remove(String)
    }

    let project: ProjectIdentity
    /// The namespace whose network has the shortest name.
    let namespace: String
    let listed: [ListedNetwork]

    /// The network for a scope.
    subscript(_ scope: NetworkScope) -> ListedNetwork? { all(scope).first }

    /// Those of a pod.
    /// - Throws: ``TargetError`` where nobody asked for them.
    func pod(in namespace: String) throws -> PodNetworks {
        guard let own = self[.namespace(namespace)] else {
            throw TargetError(.missing, "the network of namespace \(namespace) is gone")
        }
        return PodNetworks(own: own, all: self[.all])
    }

    /// All networks of the project, those of an earlier devloop too.
    var ours: [ListedNetwork] {
        listed.filter { project.owner(project: $0.project, place: $0.place) != .other }
    }

    /// What has to be done next for the scopes to have their networks; nothing where they have.
    func steps(for scopes: Set<NetworkScope>) -> [Step] {
        let doubled = scopes.union([.all]).flatMap { scope in
            all(scope).filter { network in network != self[scope] || isSecond(network) }
        }
        if !doubled.isEmpty { return doubled.map(\.id).sorted().map { .remove($0) } }
        return scopes.filter { self[$0] == nil }.map { .make(name: name(for: $0), $0) }
            .sorted { "\($0)" < "\($1)" }
    }

    private func all(_ scope: NetworkScope) -> [ListedNetwork] {
        listed.filter {
            project.owner(project: $0.project, place: $0.place) == .this && $0.scope == scope.label
        }.sorted { $0.isOlder(than: $1) }
    }

    /// Whether another one has the same name and stays: of two devloops that meet, one gives way.
    private func isSecond(_ network: ListedNetwork) -> Bool {
        listed.contains { other in
            other.name == network.name && other.id != network.id
                && (other.isOlder(than: network) || other.project.isEmpty)
        }
    }

    private func name(for scope: NetworkScope) -> String {
        let readable =
            switch scope {
            case .namespace(namespace): DockerName.joined(["devloop", project.name])
            case .namespace(let other): DockerName.joined(["devloop", project.name, other])
            // Docker looks a name up in networks in the order of their names: this one comes last.
            case .all: "devloop_" + DockerName.joined([project.name])
            }
        guard listed.contains(where: { $0.name == readable }) else { return readable }
        return DockerName.distinct(readable, for: [project.name, project.place, scope.label])
    }
}

/// The networks that a pod is on.
struct PodNetworks: Sendable, Hashable {
    /// Its namespace's.
    var own: ListedNetwork
    /// That of all namespaces, where there are several.
    var all: ListedNetwork?
}
