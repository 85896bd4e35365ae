/// Watches what the cluster's components warn of in a namespace; where the user may not see events, what the Deployments
/// say of themselves: that their pods are refused.
struct ClusterWarnings: Sendable {
    let namespace: String
    let cluster: any ClusterReading

    /// Watches until the task is cancelled.
    /// - Parameters:
    ///   - onEvent: is handed each warning, on a thread that may be held up.
    ///   - onRefusal: the same with what each Deployment says of its pods; `nil` where they are not refused.
    ///   - onNotice: told once for as long as it lasts that the events can't be read.
    func run(
        onEvent: @escaping @Sendable (ClusterEvent) -> Void,
        onRefusal: @escaping @Sendable (Workload, ClusterEvent?) -> Void, onNotice: (String) -> Void
    ) async throws {
        let warnings = ClusterWatch(cluster: cluster, list: .warnings(namespace: namespace))
        var backoff = Backoff(limit: .seconds(30))
        var hasTold = false
        var version: String?
        while true {
            let end = try await watch(warnings, from: version) { change, json in
                if change != .deleted, let event = ClusterEvent(json) { onEvent(event) }
            }
            version = end.failure == nil ? end.version : nil
            if end.failure == nil || end.hasBegun {
                // The server ends each watch after some minutes.
                backoff.reset()
                hasTold = false
            } else if !end.isExpired, let failure = end.failure {
                let error = KubectlFailure.error("", failure, context: cluster.context)
                // That the cluster can't be reached is told by those who follow the pods.
                if error.severity != .unavailable {
                    if !hasTold {
                        onNotice(
                            "the events of namespace \(namespace) cannot be read, so some failures (of volumes, say) will "
                                + "not be explained: \(error.details.last ?? failure.said)")
                    }
                    hasTold = true
                    try await watchDeployments(onRefusal)
                }
            }
            try await backoff.wait()
        }
    }

    /// Watches what the Deployments say of their pods, until that ends.
    private func watchDeployments(_ onRefusal: @escaping @Sendable (Workload, ClusterEvent?) -> Void) async throws {
        let tell = { @Sendable [namespace] (deployment: JSONValue) in
            guard let name = deployment[path: ["metadata", "name"]]?.string else { return }
            onRefusal(
                Workload(kind: .deployment, name: name, namespace: namespace), ClusterEvent(refusedIn: deployment))
        }
        let watch = ClusterWatch(cluster: cluster, list: .deployments(namespace: namespace))
        guard let list = try await cluster.read(watch.list).json else { return }
        await PosixThread.run { for deployment in list["items"]?.array ?? [] { tell(deployment) } }
        _ = try await watch.run(from: list.resourceVersion) { change, deployment in
            if change != .deleted { tell(deployment) }
        }
    }

    /// Runs a watch until it ends.
    /// - Parameter version: where it begins; `nil` is now.
    private func watch(
        _ watch: ClusterWatch, from version: String?,
        _ onChange: @escaping @Sendable (ClusterWatch.Change, JSONValue) -> Void
    ) async throws -> ClusterWatch.End {
        if let version { return try await watch.run(from: version, onChange: onChange) }
        let answer = try await cluster.read(watch.list.versionOnly)
        guard let json = answer.json else {
            return ClusterWatch.End(
                failure: answer.failure ?? ReadFailure("the answer is no JSON"), hasBegun: false, hasEvents: false)
        }
        return try await watch.run(from: json.resourceVersion, onChange: onChange)
    }
}
