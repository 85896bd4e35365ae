import Synchronization

/// Reads the logs of a set of workloads: one watch of the pods of a namespace tells which containers there are, and
/// each container that has started gets a ``PodLogReader`` from its first line.
struct PodLogFollower: Sendable {
    let kubectl: Kubectl
    let launcher: any CommandRunning
    /// The workload of ours that a pod belongs to.
    let owner: @Sendable (KubernetesPod) -> Workload?
    var selection = LogSelection()
    let onEvent: @Sendable (LogEvent) -> Void
    /// Is told each state of a pod of ours.
    var onPod: @Sendable (PodEvent, Workload) -> Void = { _, _ in }

    private enum Input: Sendable {
        case event(PodEvent)
        case watchEnded(String?)
    }

    /// Follows until the task is cancelled. A watch that ends, as the server ends each after some minutes, is begun
    /// again; that the server cannot be reached is told once.
    func run(namespace: String) async throws {
        let old = try await startedContainers(namespace: namespace)
        let (inputs, inbox) = AsyncStream.makeStream(of: Input.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watch(namespace: namespace, inbox: inbox) }
            var tracker = PodTracker()
            var states: [PodTracker.Key: Latest<PodTracker.State>] = [:]
            for await input in inputs {
                guard case .event(let event) = input else {
                    if case .watchEnded(let reason?) = input {
                        onEvent(.notice(workload: nil, text: "the pods cannot be followed: \(reason); trying again"))
                    }
                    continue
                }
                guard let workload = owner(event.pod) else { continue }
                onPod(event, workload)
                for action in tracker.handle(event, workload: workload) {
                    switch action {
                    case .follow(let key, let workload, let label, let state):
                        guard selection.isShown(workload) else { continue }
                        let latest = Latest(state)
                        states[key] = latest
                        let reader = reader(
                            key, workload, label: label, oldOptions: old.contains(key) ? selection.options : nil)
                        group.addTask { try await reader.run(state: latest) }
                    case .update(let key, let state):
                        states[key]?.set(state)
                        if state.isGone { states[key] = nil }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Reads what is there of the containers that have started, one after the other.
    func readOnce(namespace: String) async throws {
        let output = try await launcher.runTool(kubectl.pods(namespace: namespace))
        guard output.termination.isSuccess else {
            throw KubectlFailure.error("the pods could not be listed", output, context: kubectl.context)
        }
        for pod in KubernetesPod.list(output.standardOutput) {
            guard let workload = owner(pod), selection.isShown(workload) else { continue }
            for container in pod.containers where container.hasStarted {
                let reader = reader(
                    PodTracker.Key(pod, container), workload, label: pod.label(of: container),
                    oldOptions: selection.options)
                try await reader.readOnce()
            }
        }
    }

    private func reader(
        _ key: PodTracker.Key, _ workload: Workload, label: String?, oldOptions: [String]?
    ) -> PodLogReader {
        PodLogReader(key, kubectl: kubectl, launcher: launcher, oldOptions: oldOptions) { [onEvent] text in
            onEvent(.line(workload: workload, container: label, text: text))
        } onNotice: { [onEvent] text in
            onEvent(.notice(workload: workload, text: text))
        }
    }

    /// The containers that have run before the watch begins. One whose pod is there but which has not started yet is
    /// none of them: its first line is to be shown. An unreachable server is the watch's to tell.
    private func startedContainers(namespace: String) async throws -> Set<PodTracker.Key> {
        let output = try await launcher.runTool(kubectl.pods(namespace: namespace))
        return Set(
            KubernetesPod.list(output.standardOutput).flatMap { pod in
                pod.containers.filter(\.hasStarted).map { PodTracker.Key(pod, $0) }
            })
    }

    private func watch(namespace: String, inbox: AsyncStream<Input>.Continuation) async throws {
        defer { inbox.finish() }
        var backoff = Backoff()
        var isBroken = false
        while true {
            let decoder = Mutex(PodEventDecoder())
            let tail = OutputTail(limit: 3)
            let events = Atomic(0)
            let output = try await launcher.runTool(
                kubectl.watchPods(namespace: namespace),
                output: .lines { source, line in
                    if source == .standardError { return tail.append(line) }
                    guard let event = decoder.withLock({ $0.append(line) }) else { return }
                    events.add(1, ordering: .relaxed)
                    inbox.yield(.event(event))
                })
            let hasEvents = events.load(ordering: .relaxed) > 0
            if hasEvents { backoff.reset() }
            if hasEvents || output.termination.isSuccess {
                isBroken = false
            } else if !isBroken {
                isBroken = true
                inbox.yield(.watchEnded(tail.lines.last))
            }
            try await backoff.wait()
        }
    }
}
