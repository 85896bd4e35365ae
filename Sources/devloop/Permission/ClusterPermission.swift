import Runner

/// Whether devloop may change a cluster: a local one always, another one if the user said so.
///
/// A wrong context is how a tool like this one does the most harm, so that a cluster which is not known to be local is
/// asked about once for each project.
struct ClusterPermission: Sendable {
    /// The absolute path of the project's devloop.json.
    let project: String
    /// The contexts that devloop.json allows.
    let allowedContexts: [String]
    /// Whether `--yes` is given.
    let isGiven: Bool
    let answers: ClusterAnswers
    /// Asks the user; `nil` where there is nobody to ask.
    let ask: (@Sendable ([String]) async throws -> Bool)?
    /// Is told what the user should know and what stops nothing.
    let warn: @Sendable (String) -> Void

    /// Returns where the cluster may be changed.
    /// - Throws: ``TargetError`` of severity `configuration` where it may not, or `CancellationError`.
    func check(_ cluster: ClusterIdentity) async throws {
        if cluster.isKnownLocal || isGiven || allowedContexts.contains(cluster.context) { return }
        if answers.isAllowed(cluster, for: project) { return }
        guard let ask else { throw refusal(of: cluster, "and there is no terminal to ask at") }
        let isAllowed = try await ask([
            "This cluster is not known to be a local one:",
            "  context    \(cluster.context)",
            "  server     \(cluster.server)",
            "  namespace  \(cluster.namespace)",
            "Use it for this project, now and from now on? [y/N] ",
        ])
        guard isAllowed else { throw refusal(of: cluster, "and was not allowed") }
        do throws(FileSystem.ReadError) {
            try answers.keep(cluster, for: project)
        } catch {
            warn("the answer could not be kept, so it will be asked for again: \(error.reason)")
        }
    }

    private func refusal(of cluster: ClusterIdentity, _ reason: String) -> TargetError {
        TargetError(
            .configuration,
            "context \(cluster.context) (\(cluster.server), namespace \(cluster.namespace)) is not known to be local, "
                + reason,
            advice: "allow it with --yes, or for good with \"allowedContexts\": "
                + "[\(ValueRule.quoted(cluster.context))] in devloop.json; or choose another one with --context")
    }
}
