import Runner

/// The clusters that the user has allowed, each for one project: kept outside of the project, so that a checkout by
/// somebody else has none of them.
///
/// A file for each answer, in the ``StateFolder``. An answer counts for exactly this project, context,
/// server and namespace: where one of them changes, it has to be asked again.
struct ClusterAnswers: Sendable {
    /// The folder; `nil` where there is no home.
    let folder: String?

    init(environment: [String: String]) {
        folder = StateFolder.path(environment: environment).map { "\($0)/allowed-clusters" }
    }

    /// Whether the user has allowed it.
    func isAllowed(_ cluster: ClusterIdentity, for project: String) -> Bool {
        guard let path = path(cluster, project), let kept = try? FileSystem.read(path) else { return false }
        return kept == Self.text(cluster, project)
    }

    /// Keeps that the user has allowed it.
    func keep(_ cluster: ClusterIdentity, for project: String) throws(FileSystem.ReadError) {
        guard let path = path(cluster, project) else {
            throw FileSystem.ReadError(isMissing: true, reason: "neither XDG_STATE_HOME nor HOME is set")
        }
        try FileSystem.write(Self.text(cluster, project), to: path)
    }

    private func path(_ cluster: ClusterIdentity, _ project: String) -> String? {
        guard let folder else { return nil }
        var fingerprint = Fingerprint()
        for part in [project, cluster.context, cluster.server, cluster.namespace] { fingerprint.add(part) }
        return "\(folder)/\(fingerprint.text).json"
    }

    /// What the file holds; compared whole, so that two answers never stand for each other.
    private static func text(_ cluster: ClusterIdentity, _ project: String) -> [UInt8] {
        let json: JSONValue = [
            "project": .string(project), "context": .string(cluster.context), "server": .string(cluster.server),
            "namespace": .string(cluster.namespace),
        ]
        return Array("\(json)\n".utf8)
    }
}
