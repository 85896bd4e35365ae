import Runner

/// `devloop down`
struct DownCommand: Subcommand {
    static let name = "down"
    static let summary = "delete what runs"
    static let details = """
        Delete everything that is in the manifests, and the Secrets and ConfigMaps of
        devloop.json that devloop has created; on Docker, what devloop started for this
        project (of this devloop.json), and nothing else. What is gone already is no
        error. What holds data is named and stays, unless --data is given: volumes on
        Docker; on a cluster claims, also those of StatefulSets, PersistentVolumes,
        Namespaces and CustomResourceDefinitions.
        """
    static let options: [Option<DownCommand>] = [
        Option("data", "delete what holds data, too") { $0.scope = .everything }
    ]
    static let synonyms = ["delete": name, "destroy": name, "stop": name]

    /// Whether what holds data goes too.
    var scope = DeletionScope.allButData

    /// Deletes everything in the manifests, or, on Docker, what devloop started.
    func run(in context: CommandContext) async throws -> ExitCode {
        let configuration = try context.loader.configuration()
        let target = context.target(for: configuration)
        async let prepared: Void = target.prepare()
        // The services don't matter here: manifests that use none of their images are deleted too.
        async let manifests =
            configuration.target == .docker
            ? [] : context.loader.reader.read(configuration.manifests)
        let all = try await manifests
        try await prepared
        let namespace = try target.namespace
        context.terminal.say(.deleting(configuration.name))
        context.farewell.leaves("not everything was deleted", deletedBy: context.downCommand(scope))
        let outside = OutsideObjects(namesIn: configuration).objects(in: namespace)
        let objects = outside + all.compactMap { KubernetesObject($0, namespace: namespace) }
        let lines = try await context.delete(objects, scope, from: target, isResult: true)
        if lines.isEmpty { context.terminal.say(.nothingThere(configuration.name)) }
        return .success
    }
}
