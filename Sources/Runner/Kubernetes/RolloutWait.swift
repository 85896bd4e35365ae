/// Waits until a workload is ready, and replaces those of its pods that would never be.
struct RolloutWait: Sendable {
    let workload: Workload
    let kubectl: Kubectl
    let launcher: any CommandRunning
    /// The workload's pods that are not to end.
    let pods: @Sendable () async throws -> [KubernetesPod]
    /// Where kubectl can't wait: how long after one look the next one is.
    var pause = Duration.seconds(1)
    /// The pods of older templates that were there at the first look. What replaces one may be of an older template
    /// again, and is left alone.
    private var old: Set<String>?
    private var notices: [String] = []

    init(
        _ workload: Workload, kubectl: Kubectl, launcher: any CommandRunning,
        pods: @escaping @Sendable () async throws -> [KubernetesPod]
    ) {
        self.workload = workload
        self.kubectl = kubectl
        self.launcher = launcher
        self.pods = pods
    }

    /// Returns when it is ready.
    /// - Returns: what the user should know of what was done for it.
    /// - Throws: ``TargetError`` where it can't become ready, or where it is gone; `CancellationError`.
    mutating func run() async throws -> [String] {
        if workload.kind.isReplacedByDeleting && workload.kind != .pod {
            try await look()
            return notices
        }
        let (launcher, command) = (launcher, kubectl.awaitReady(workload))
        while true {
            async let status = launcher.runTool(command)
            if [.statefulSet, .daemonSet].contains(workload.kind) { try await replaceNeglected() }
            let output = try await status
            if output.termination.isSuccess { return notices }
            if output.errorText.contains("rollout status is only available for") {
                try await look()
                return notices
            }
            guard Kubectl.isStillWaiting(output) else { throw error(output) }
        }
    }

    private func error(_ output: CommandOutput) -> TargetError {
        var error = KubectlFailure.error("\(workload) did not become ready", output, context: kubectl.context)
        if output.errorText.contains("exceeded its progress deadline") { error.summary += ": ProgressDeadlineExceeded" }
        return error
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
        let output = try await launcher.runTool(kubectl.get(workload))
        guard output.termination.isSuccess, let json = try? JSONParser.parse(output.standardOutput) else {
            throw error(output)
        }
        return RolloutStatus(json, kind: workload.kind)
    }
}
