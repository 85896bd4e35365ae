/// Follows the pods of a namespace: a list of them, and a watch from there on, which goes on where it ended.
struct PodWatch: Sendable {
    enum News: Sendable {
        /// The pods that are there, before what changes.
        case listed([KubernetesPod])
        case event(PodEvent)
        /// They can't be followed: why. Told once for as long as that lasts.
        case failed(String)
    }

    let namespace: String
    let cluster: any ClusterReading

    /// Follows until the task is cancelled.
    func run(_ inputs: Inbox<News>) async throws {
        let watch = ClusterWatch(cluster: cluster, list: .pods(namespace: namespace))
        var backoff = Backoff()
        var outage = Outage()
        var version: String?
        while true {
            if version == nil {
                let answer = try await cluster.read(.pods(namespace: namespace))
                if let json = answer.json {
                    outage.succeeded(.asking)
                    version = json.resourceVersion
                    await inputs.send(.listed(KubernetesPod.list(json)))
                } else if outage.failed(.asking) {
                    let reason = reason(answer.failure)
                    await inputs.send(.failed("the pods cannot be followed: \(reason); trying again"))
                }
            }
            if let from = version {
                let end = try await watch.run(from: from) { change, object in
                    if let pod = KubernetesPod(object) { inputs.put(.event(PodEvent(change: change, pod: pod))) }
                }
                version = end.failure == nil ? end.version : nil
                if end.failure == nil || end.hasBegun {
                    outage.succeeded(.listening)
                    if end.hasEvents { backoff.reset() }
                } else if !end.isExpired, outage.failed(.listening) {
                    await inputs.send(.failed(notice(end)))
                }
            }
            try await backoff.wait()
        }
    }

    private func notice(_ end: ClusterWatch.End) -> String {
        let isRefused = cluster.error("", ClusterAnswer(failure: end.failure)).severity != .unavailable
        return isRefused
            ? "the pods cannot be watched: \(reason(end.failure)); looking at them every two seconds instead"
            : "the pods cannot be followed: \(reason(end.failure)); trying again"
    }

    private func reason(_ failure: ReadFailure?) -> String {
        KubectlMessage(failure?.said ?? "the answer is no JSON").lines.last ?? "kubectl says nothing"
    }
}
