/// Which cluster is meant, and how images come there: settled once, whatever another window does to the current context.
struct KubernetesCluster: Sendable {
    let kubectl: Kubectl
    let identity: ClusterIdentity
    private(set) var delivery: ImageDelivery

    /// Reads kubectl's configuration; the cluster itself is not asked.
    /// - Parameters:
    ///   - context: a context of the kubeconfig; the current one where `nil`.
    ///   - namespace: where objects go that name none; the context's where `nil`.
    ///   - registry: where images are pushed.
    ///   - usesMinikubeDocker: whether this shell's docker is minikube's.
    /// - Throws: ``TargetError`` of severity `configuration`; of `unavailable` where kubectl is missing.
    init(
        context requestedContext: String?, namespace requestedNamespace: String?, registry: String?,
        usesMinikubeDocker: Bool, launcher: any CommandRunning
    ) async throws {
        let output = try await launcher.runTool(Kubectl.configuration)
        guard output.termination.isSuccess, let view = try? JSONParser.parse(output.standardOutput) else {
            throw TargetError(.configuration, "kubectl cannot read its configuration", details: [output.errorText])
        }
        let contexts = view["contexts"]?.array ?? []
        let names = contexts.compactMap { $0["name"]?.string }
        let current = view["current-context"]?.string ?? ""
        let name = requestedContext ?? current
        guard !name.isEmpty else {
            throw TargetError(
                .configuration, "kubectl has no current context", details: Self.listing(names),
                advice: "choose one with --context or \"kubeContext\", or run without a cluster: --target docker")
        }
        guard let entry = contexts.first(where: { $0["name"]?.string == name })?["context"] else {
            throw TargetError(
                .configuration, "there is no context \(name) in kubectl's configuration", details: Self.listing(names),
                advice: "choose one with --context or \"kubeContext\"")
        }
        let clusterName = entry["cluster"]?.string
        let server = (view["clusters"]?.array ?? []).first { $0["name"]?.string == clusterName }
        identity = ClusterIdentity(
            context: name, server: server?[path: ["cluster", "server"]]?.string ?? "no server",
            namespace: requestedNamespace ?? entry["namespace"]?.string ?? "default")
        kubectl = Kubectl(context: name, namespace: identity.namespace)
        delivery = ImageDelivery(
            context: name, isMinikubes: Self.isMinikubes(entry), registry: registry,
            usesMinikubeDocker: usesMinikubeDocker)
    }

    /// The same with the registry that the cluster names, where it names one.
    func delivering(over registry: LocalRegistry?) -> KubernetesCluster {
        var cluster = self
        if let registry { cluster.delivery = .local(registry) }
        return cluster
    }

    /// Whether minikube made a context: it says so in an extension of it.
    private static func isMinikubes(_ context: JSONValue) -> Bool {
        (context["extensions"]?.array ?? []).contains {
            $0[path: ["extension", "provider"]]?.string == "minikube.sigs.k8s.io"
        }
    }

    private static func listing(_ contexts: [String]) -> [String] {
        [contexts.isEmpty ? "there are no contexts" : "the contexts are: \(contexts.joined(separator: ", "))"]
    }
}
