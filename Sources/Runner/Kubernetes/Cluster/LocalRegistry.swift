/// The registry that a cluster for development names as its own
/// (https://github.com/kubernetes/enhancements/tree/master/keps/sig-cluster-lifecycle/generic/1755-communicating-a-local-registry):
/// the ConfigMap `local-registry-hosting` in `kube-public`, as ctlptl, k3d, minikube's addon and kind's guide make it.
package struct LocalRegistry: Sendable, Hashable {
    /// `HOST[:PORT]` for this machine.
    package var host: String
    /// The same for the container runtime of the nodes, where that is another one.
    package var hostForNodes: String?

    package init(host: String, hostForNodes: String? = nil) { (self.host, self.hostForNodes) = (host, hostForNodes) }

    /// Asks a cluster for it.
    /// - Parameter isWanted: whether it would be used.
    /// - Returns: `nil` where the cluster names none, or may not be asked.
    static func find(
        _ kubectl: Kubectl, with launcher: any CommandRunning, isWanted: Bool
    ) async throws -> LocalRegistry? {
        guard isWanted else { return nil }
        let answer = try await launcher.runTool(kubectl.localRegistry())
        guard answer.termination.isSuccess, let map = try? JSONParser.parse(answer.standardOutput),
            let text = map[path: ["data", "localRegistryHosting.v1"]]?.string
        else { return nil }
        // A document of YAML in a string: kubectl reads it as a patch of a ConfigMap's data.
        let reading = try await launcher.runTool(Kubectl.readData(text))
        guard reading.termination.isSuccess, let json = try? JSONParser.parse(reading.standardOutput) else {
            return nil
        }
        return LocalRegistry(json["data"] ?? .null)
    }

    /// Asks the cluster of a context for it.
    /// - Parameter context: of the kubeconfig; the current one where `nil`.
    /// - Returns: `nil` also where there is no such cluster: who only builds needs none.
    /// - Throws: `CancellationError`.
    package static func find(
        context: String?, usesMinikubeDocker: Bool, launcher: any CommandRunning
    ) async throws -> LocalRegistry? {
        do {
            let cluster = try await KubernetesCluster(
                context: context, namespace: nil, registry: nil, usesMinikubeDocker: usesMinikubeDocker,
                launcher: launcher)
            return try await find(
                cluster.kubectl, with: launcher, isWanted: cluster.delivery.givesWayToLocalRegistry)
        } catch is TargetError {
            return nil
        }
    }

    private init?(_ data: JSONValue) {
        func name(_ key: String) -> String? {
            // What no image can be in names no registry: one with a scheme, for example.
            data[key]?.string.flatMap { ImageReference("\($0)/image")?.registry == $0 ? $0 : nil }
        }
        guard let host = name("host") else { return nil }
        self.host = host
        hostForNodes = name("hostFromContainerRuntime").flatMap { $0 == host ? nil : $0 }
    }
}
