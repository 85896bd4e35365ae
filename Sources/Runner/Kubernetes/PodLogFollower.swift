import Synchronization

/// Reads the logs of a set of workloads: one watch of the pods of a namespace tells which containers there are, and
/// each container that has started gets a ``PodLogReader`` from its first line.
struct PodLogFollower: Sendable {
    let kubectl: Kubectl
    let launcher: any CommandRunning
    /// The workload of ours that a pod belongs to.
    let owner: @Sendable (KubernetesPod) -> Workload?
    var selection = LogSelection()
    /// How long the reader of a pod that is gone may be silent.
    var silence = Duration.seconds(2)
    /// May block where it is handed a line.
    let onEvent: @Sendable (LogEvent) -> Void
    /// Is told each state of a pod of ours.
    var onPod: @Sendable (PodEvent, Workload) async -> Void = { _, _ in }

    private enum Input: Sendable {
        /// The pods that are there, before each watch.
        case listed([KubernetesPod])
        case event(PodEvent)
        case failed(String)
    }

    /// Follows until the task is cancelled. A watch that ends, as the server ends each after some minutes, is begun
    /// again; that the server cannot be reached is told once.
    func run(namespace: String) async throws {
        let inputs = Inbox<Input>()
        let hasToldOfRefusal = Atomic(false)
        try await withThrowingDiscardingTaskGroup { group in
            defer { inputs.finish() }
            group.addTask {
                defer { inputs.finish() }
                try await watch(namespace: namespace, inputs)
            }
            var tracker = PodTracker()
            var states: [PodTracker.Key: Latest<PodTracker.State>] = [:]
            // Of our pods, what was told last.
            var known: [String: KubernetesPod] = [:]
            // The containers that have run before anybody looked. One whose pod is there but which has not started yet
            // is none of them: its first line is to be shown.
            var old: Set<PodTracker.Key>?

            func handle(_ event: PodEvent) async {
                guard let workload = owner(event.pod) else { return }
                known[event.pod.uid] = event.change == .deleted ? nil : event.pod
                await onPod(event, workload)
                for action in tracker.handle(event, workload: workload) {
                    switch action {
                    case .follow(let key, let workload, let label, let state):
                        guard selection.isShown(workload) else { continue }
                        let latest = Latest(state)
                        states[key] = latest
                        let isOld = old?.contains(key) ?? false
                        let reader = reader(
                            key, workload, label: label, oldOptions: isOld ? selection.options : nil
                        ) { reason in
                            guard reason.contains("(Forbidden)") else { return "the log of \(key.pod)" }
                            // The next pod's log is as forbidden.
                            let isNews = !hasToldOfRefusal.exchange(true, ordering: .relaxed)
                            return isNews ? "the logs in namespace \(namespace)" : nil
                        }
                        group.addTask { try await reader.run(state: latest) }
                    case .update(let key, let state):
                        states[key]?.set(state)
                        if state.isGone { states[key] = nil }
                    }
                }
            }

            while let input = await inputs.next() {
                switch input {
                case .listed(let pods):
                    let there = Set(pods.map(\.uid))
                    // They were deleted while nobody watched.
                    for pod in known.values.filter({ !there.contains($0.uid) }).sorted(by: { $0.name < $1.name }) {
                        await handle(PodEvent(change: .deleted, pod: pod))
                    }
                    old =
                        old
                        ?? Set(
                            pods.flatMap { pod in
                                pod.containers.filter(\.hasStarted).map { PodTracker.Key(pod, $0) }
                            })
                case .event(let event): await handle(event)
                case .failed(let text): onEvent(.notice(workload: nil, text: text))
                }
            }
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

    /// - Parameter unreadable: what can't be read for this reason; `nil` where that is known already.
    private func reader(
        _ key: PodTracker.Key, _ workload: Workload, label: String?, oldOptions: [String]?,
        unreadable: @escaping @Sendable (_ reason: String) -> String? = { _ in nil }
    ) -> PodLogReader {
        PodLogReader(key, kubectl: kubectl, launcher: launcher, oldOptions: oldOptions, silence: silence) {
            [onEvent] text in
            onEvent(.line(workload: workload, container: label, text: text))
        } onNotice: { [onEvent] text in
            onEvent(.notice(workload: workload, text: text))
        } onFailure: { [onEvent] reason in
            guard let name = unreadable(reason) else { return }
            onEvent(.notice(workload: workload, text: "\(name) cannot be read: \(reason); trying again"))
        }
    }

    private func watch(namespace: String, _ inputs: Inbox<Input>) async throws {
        var backoff = Backoff()
        var outage = Outage()
        while true {
            let list = try await launcher.tryTool(kubectl.pods(namespace: namespace))
            if list.termination.isSuccess {
                outage.succeeded(.asking)
                await inputs.send(.listed(KubernetesPod.list(list.standardOutput)))
                let (output, hasEvents) = try await watchOnce(namespace: namespace, inputs)
                let failure = KubectlFailure.error("", output, context: kubectl.context)
                // It begins with a list too, and may be refused after that.
                let isRefused = !output.termination.isSuccess && failure.severity != .unavailable
                if output.termination.isSuccess || (hasEvents && !isRefused) {
                    outage.succeeded(.listening)
                    if hasEvents { backoff.reset() }
                } else if outage.failed(.listening) {
                    let reason = failure.details.last ?? "kubectl ended with \(output.termination)"
                    await inputs.send(
                        .failed(
                            hasEvents
                                ? "the pods cannot be watched: \(reason); looking at them every two seconds instead"
                                : "the pods cannot be followed: \(reason); trying again"))
                }
            } else if outage.failed(.asking) {
                let reason = list.errorText.split(separator: "\n").last.map(String.init)
                await inputs.send(
                    .failed(
                        "the pods cannot be followed: \(reason ?? "kubectl ended with \(list.termination)"); trying again"
                    ))
            }
            try await backoff.wait()
        }
    }

    /// - Returns: how the watch ended, and whether it told anything.
    private func watchOnce(namespace: String, _ inputs: Inbox<Input>) async throws -> (CommandOutput, Bool) {
        let decoder = Mutex(PodEventDecoder())
        let tail = OutputTail(limit: 3)
        let hasEvents = Atomic(false)
        var output = try await launcher.tryTool(
            kubectl.watchPods(namespace: namespace),
            output: .lines { source, line in
                if source == .standardError { return tail.append(line) }
                guard let event = decoder.withLock({ $0.append(line) }) else { return }
                hasEvents.store(true, ordering: .relaxed)
                inputs.put(.event(event))
            })
        if output.standardError.isEmpty { output.standardError = Array(tail.lines.joined(separator: "\n").utf8) }
        return (output, hasEvents.load(ordering: .relaxed))
    }
}
