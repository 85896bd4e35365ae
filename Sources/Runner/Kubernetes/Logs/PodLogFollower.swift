import Synchronization

/// Reads the logs of a set of workloads: a ``PodWatch`` tells which containers there are, and each container that has
/// started gets a ``PodLogReader`` from its first line.
struct PodLogFollower: Sendable {
    let cluster: any ClusterReading
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

    /// Follows until the task is cancelled. A watch that ends, as the server ends each after some minutes, is begun
    /// again; that the server cannot be reached is told once.
    func run(namespace: String) async throws {
        let inputs = Inbox<PodWatch.News>()
        let hasToldOfRefusal = Atomic(false)
        try await withThrowingDiscardingTaskGroup { group in
            defer { inputs.finish() }
            group.addTask {
                defer { inputs.finish() }
                try await PodWatch(namespace: namespace, cluster: cluster).run(inputs)
            }
            var tracker = PodTracker()
            var states: [PodTracker.Key: Latest<PodTracker.State>] = [:]
            // Of our pods, what was told last.
            var known: [String: KubernetesPod] = [:]
            // Of each workload, the containers that were told to run.
            var running: [Workload: [RunningContainer]] = [:]
            // Of every pod, what was told of where its connections end.
            var endpoints: [String: PodEndpoint] = [:]
            // The containers that have run before anybody looked. One whose pod is there but which has not started yet
            // is none of them: its first line is to be shown.
            var old: Set<PodTracker.Key>?

            func tellEndpoint(_ pod: KubernetesPod, isGone: Bool) {
                guard let interest = selection.endpoints else { return }
                let endpoint = pod.endpoint
                let before = endpoints[pod.uid]
                endpoints[pod.uid] = isGone ? nil : endpoint
                if isGone ? before != nil : before != endpoint { interest.onChange(endpoint, isGone) }
            }

            func handle(_ event: PodEvent) async {
                tellEndpoint(event.pod, isGone: event.change == .deleted)
                guard let workload = owner(event.pod) else { return }
                known[event.pod.uid] = event.change == .deleted ? nil : event.pod
                let now = known.values.filter { $0.workload == workload }.sorted { $0.name < $1.name }
                    .flatMap { $0.running(workload) }
                if running.updateValue(now, forKey: workload) != now {
                    onEvent(.running(workload: workload, now))
                }
                await onPod(event, workload)
                for action in tracker.handle(event, workload: workload) {
                    switch action {
                    case .follow(let key, let workload, let label, let state):
                        guard selection.isShown(workload) else { continue }
                        let latest = Latest(state)
                        states[key] = latest
                        let isOld = old?.contains(key) ?? false
                        let reader = reader(
                            key, workload, label: label, oldStart: isOld ? selection.start : nil
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
                    for (uid, endpoint) in endpoints where !there.contains(uid) {
                        endpoints[uid] = nil
                        selection.endpoints?.onChange(endpoint, true)
                    }
                    for pod in known.values.filter({ !there.contains($0.uid) }).sorted(by: { $0.name < $1.name }) {
                        await handle(PodEvent(change: .deleted, pod: pod))
                    }
                    old =
                        old
                        ?? Set(
                            pods.flatMap { pod in
                                pod.containers.filter(\.hasStarted).map { PodTracker.Key(pod, $0) }
                            })
                    for pod in pods { await handle(PodEvent(change: .added, pod: pod)) }
                case .event(let event): await handle(event)
                case .failed(let text): onEvent(.notice(workload: nil, text: text))
                }
            }
        }
    }

    /// Reads what is there of the containers that have started, one after the other.
    func readOnce(namespace: String) async throws {
        let answer = try await cluster.read(.pods(namespace: namespace))
        guard let json = answer.json else { throw cluster.error("the pods could not be listed", answer) }
        for pod in KubernetesPod.list(json) {
            guard let workload = owner(pod), selection.isShown(workload) else { continue }
            for container in pod.containers where container.hasStarted {
                let reader = reader(
                    PodTracker.Key(pod, container), workload, label: pod.label(of: container),
                    oldStart: selection.start)
                try await reader.readOnce()
            }
        }
    }

    /// - Parameter unreadable: what can't be read for this reason; `nil` where that is known already.
    private func reader(
        _ key: PodTracker.Key, _ workload: Workload, label: String?, oldStart: LogStart?,
        unreadable: @escaping @Sendable (_ reason: String) -> String? = { _ in nil }
    ) -> PodLogReader {
        PodLogReader(key, cluster: cluster, launcher: launcher, oldStart: oldStart, silence: silence) {
            [onEvent] text in
            onEvent(.line(workload: workload, container: label, text: text))
        } onNotice: { [onEvent] text in
            onEvent(.notice(workload: workload, text: text))
        } onFailure: { [onEvent] reason in
            guard let name = unreadable(reason) else { return }
            onEvent(.notice(workload: workload, text: "\(name) cannot be read: \(reason); trying again"))
        }
    }
}
