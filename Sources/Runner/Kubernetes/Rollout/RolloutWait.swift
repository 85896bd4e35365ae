/// Waits until a workload is ready, and replaces those of its pods that would never be.
struct RolloutWait: Sendable {
    let workload: Workload
    let cluster: any ClusterReading
    let kubectl: Kubectl
    let launcher: any CommandRunning
    /// The workload's pods that are not to end.
    let pods: @Sendable () async throws -> [KubernetesPod]
    /// Where nothing can be watched: how long after one look the next one is.
    var pause = Duration.seconds(1)
    /// The pods of older templates that were there at the first look. What replaces one may be of an older template
    /// again, and is left alone.
    private var old: Set<String>?
    private var notices: [String] = []

    init(
        _ workload: Workload, cluster: any ClusterReading, kubectl: Kubectl, launcher: any CommandRunning,
        pods: @escaping @Sendable () async throws -> [KubernetesPod]
    ) {
        self.workload = workload
        self.cluster = cluster
        self.kubectl = kubectl
        self.launcher = launcher
        self.pods = pods
    }

    /// Returns when it is ready.
    /// - Returns: what the user should know of what was done for it.
    /// - Throws: ``TargetError`` where it can't become ready, or where it is gone; `CancellationError`.
    mutating func run() async throws -> [String] {
        if [.replicaSet, .replicationController].contains(workload.kind) {
            try await look()
            return notices
        }
        while true {
            let status = isSet ? try await replaceNeglected().0 : try await status()
            if status.isOnDelete {
                try await look()
                return notices
            }
            if try isReady(status) { return notices }
            if let next = try await decision(after: status), try isReady(next) { return notices }
        }
    }

    private var isSet: Bool { [.statefulSet, .daemonSet].contains(workload.kind) }

    /// - Throws: ``TargetError`` where it can't become ready.
    private func isReady(_ status: RolloutStatus) throws -> Bool {
        switch status.progress {
        case .pending: return false
        case .ready: return true
        case .overdue:
            throw TargetError(
                "\(workload) did not become ready: ProgressDeadlineExceeded",
                details: ["error: \(workload.kind.rawValue) \"\(workload.name)\" exceeded its progress deadline"])
        }
    }

    /// Watches the workload until what it says is more than that it is not ready yet.
    /// - Returns: what it says then; `nil` where it is to be looked at again: it was deleted, the watch has ended, or it
    ///   is time to look for pods that nobody replaces.
    private func decision(after status: RolloutStatus) async throws -> RolloutStatus? {
        let watch = ClusterWatch(cluster: cluster, list: .only(workload))
        let decision = Latest<RolloutStatus?>(nil)
        let begin = decision.current.version
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [workload, pause] in
                let end = try await watch.run(from: status.version) { change, json in
                    let next = RolloutStatus(json, kind: workload.kind)
                    if change == .deleted { decision.set(nil) } else if next.progress != .pending { decision.set(next) }
                }
                if end.failure != nil { try await Task.sleep(for: pause) }
            }
            group.addTask { await decision.changed(since: begin) }
            if isSet { group.addTask { try await Task.sleep(for: .seconds(3)) } }
            try await group.next()
            group.cancelAll()
        }
        return decision.current.value
    }

    /// Looks again and again until all pods are there.
    private mutating func look() async throws {
        while true {
            let (status, pods) = try await replaceNeglected()
            if status.isReady(pods), !pods.contains(where: { old?.contains($0.uid) == true }) { return }
            try await Task.sleep(for: pause)
        }
    }

    /// Deletes the pods of older templates that nobody else replaces.
    /// - Returns: how the workload was, and its pods, but those that were deleted.
    @discardableResult
    private mutating func replaceNeglected() async throws -> (RolloutStatus, [KubernetesPod]) {
        let status = try await observed()
        let current = try await pods()
        if old == nil, status.isObserved { old = Set(current.filter(status.isOutdated).map(\.uid)) }
        let neglected = current.filter { old?.contains($0.uid) == true && status.neglect(of: $0) != nil }
        guard let first = neglected.first, let reason = status.neglect(of: first) else { return (status, current) }
        let names = neglected.map(\.name)
        let output = try await launcher.runTool(kubectl.deletePods(names, namespace: workload.namespace))
        let list = names.joined(separator: " ")
        guard output.termination.isSuccess || output.errorText.contains("(NotFound)") else {
            var error = KubectlFailure.error(
                "\(workload) stays as it is: \(reason)", output, context: kubectl.context)
            error.advice =
                "delete what is left of the old ones: kubectl --context=\(kubectl.context) "
                + "--namespace=\(first.namespace) delete pod \(list)"
            throw error
        }
        notices.append("\(workload): \(reason), so devloop deletes it after a save")
        return (status, current.filter { !names.contains($0.name) })
    }

    /// The workload, once its controller has seen the newest template: that takes it a moment.
    private func observed() async throws -> RolloutStatus {
        var backoff = Backoff(limit: .milliseconds(400))
        for _ in 0..<5 {
            let status = try await status()
            if status.isObserved { return status }
            try await backoff.wait()
        }
        return try await status()
    }

    private func status() async throws -> RolloutStatus {
        let answer = try await cluster.read(.workload(workload))
        guard let json = answer.json else { throw cluster.error("\(workload) did not become ready", answer) }
        return RolloutStatus(json, kind: workload.kind)
    }
}
