import Synchronization

/// A pod of which a container has probes.
struct ProbedPod: Sendable {
    struct Container: Sendable {
        var id: String
        var name: String
        var probes: [ContainerProbe]
    }

    var workload: Workload
    /// The container whose network the others share.
    var owner: String
    var containers: [Container]
    /// Whether what is ended is started again.
    var isRestarted: Bool

    /// - Parameter ids: the pod's containers by their names; `nil` where none of them has a probe.
    init?(_ plan: PodPlan, _ ids: [String: String]) {
        guard let first = plan.containers.first, let owner = ids[first.name] else { return nil }
        workload = plan.workload
        self.owner = owner
        isRestarted = plan.restartPolicy != "no"
        containers = plan.containers.compactMap { container in
            guard !container.probes.isEmpty, let id = ids[container.name] else { return nil }
            return Container(id: id, name: container.name, probes: container.probes)
        }
        if containers.isEmpty { return nil }
    }
}

/// Asks the containers that have probes, for as long as devloop runs, and knows which are ready. One without probes costs
/// nothing here, and is ready.
final class ContainerProbes: Sendable {
    private struct Entry {
        var workload: Workload
        var owner: String
        var name: String
        var isReady = false
        /// Why it is not.
        var trouble: (kind: ContainerProbe.Kind, words: String)?
        /// Whether that was told.
        var isTold = false
        /// Whether somebody has removed it.
        var isGone = false
        /// Changes when it starts or ends.
        let events: Latest<Void>
        let task: Task<Void, Never>
    }

    private struct Shared {
        var entries: [String: Entry] = [:]
        /// How many ends of containers to come are devloop's doing.
        var ends: [String: Int] = [:]
        /// What was told not to be asked.
        var unasked = Once<String>()
    }

    private let asker: ProbeAsker
    private let news: LogNews
    private let restarts: RestartsInPlace
    private let shared = Mutex(Shared())
    /// Changes whenever a container is ready, or is not any more.
    let changes = Latest(())

    init(asker: ProbeAsker, news: LogNews, restarts: RestartsInPlace) {
        self.asker = asker
        self.news = news
        self.restarts = restarts
    }

    /// The pods of a workload are these now; those before are asked no more.
    func watch(_ workload: Workload, _ pods: [ProbedPod]) {
        let wanted = Set(pods.flatMap(\.containers).map(\.id))
        let gone = shared.withLock { shared in
            let gone = shared.entries.filter { $0.value.workload == workload && !wanted.contains($0.key) }
            for id in gone.keys { shared.entries[id] = nil }
            for pod in pods {
                for container in pod.containers where shared.entries[container.id] == nil {
                    let events = Latest(())
                    shared.entries[container.id] = Entry(
                        workload: workload, owner: pod.owner, name: container.name, events: events,
                        task: Task { try? await self.ask(container, of: pod, events) })
                }
            }
            return gone
        }
        for entry in gone.values { entry.task.cancel() }
        if !gone.isEmpty || !wanted.isEmpty { changes.set(()) }
    }

    /// Asks nobody any more.
    func end() {
        let entries = shared.withLock { shared in
            defer { shared.entries = [:] }
            return shared.entries
        }
        for entry in entries.values { entry.task.cancel() }
    }

    /// Whether connections are for a pod, by the container that owns its network.
    func isReady(_ owner: String) -> Bool {
        shared.withLock { shared in shared.entries.values.allSatisfy { $0.owner != owner || $0.isReady } }
    }

    /// Why a workload is not ready: the name of a container, and the probe that it fails; `nil` where all are ready.
    func trouble(of workload: Workload) -> (container: String, kind: ContainerProbe.Kind?, words: String)? {
        shared.withLock { shared in
            let unready = shared.entries.values.filter { $0.workload == workload && !$0.isReady }
            let worst = unready.first { $0.trouble != nil } ?? unready.first
            return worst.map { ($0.name, $0.trouble?.kind, $0.trouble?.words ?? "not asked yet") }
        }
    }

    /// Whether somebody has removed a container of a workload.
    func isGone(_ workload: Workload) -> Bool {
        shared.withLock { shared in shared.entries.values.contains { $0.workload == workload && $0.isGone } }
    }

    /// Returns when all containers of a workload that are asked are ready.
    /// - Parameter patience: how long that may take; without an end where `nil`.
    /// - Throws: ``TargetError`` where somebody has removed one, or the time is over; `CancellationError`.
    func awaitReadiness(of workload: Workload, within patience: Duration? = nil) async throws {
        let deadline = patience.map { ContinuousClock.now + $0 }
        while case let version = changes.current.version, let trouble = trouble(of: workload) {
            guard !isGone(workload) else {
                throw TargetError(.missing, "\(workload) has lost a container: somebody deleted it")
            }
            if let deadline {
                guard deadline > .now else {
                    let probe = trouble.kind.map { "\($0.rawValue.lowercased()) probe" } ?? "probe"
                    throw TargetError(
                        "\(workload) did not become ready: the \(probe) of container \(trouble.container) fails",
                        details: [trouble.words])
                }
                try await changes.changed(since: version, orAfter: deadline - .now)
            } else {
                await changes.changed(since: version)
            }
            try Task.checkCancellation()
        }
    }

    /// Something happened to a container.
    func noted(_ event: DockerEvent) {
        guard event.action != .kill, event.action != .oom else { return }
        let events = shared.withLock { shared -> Latest<Void>? in
            if event.action != .start { shared.entries[event.container.id]?.isReady = false }
            return shared.entries[event.container.id]?.events
        }
        guard let events else { return }
        events.set(())
        changes.set(())
    }

    /// Whether an end of a container that has come is devloop's doing; each is asked for once.
    func takesEnd(of id: String) -> Bool {
        shared.withLock { shared in
            guard let count = shared.ends[id], count > 0 else { return false }
            shared.ends[id] = count > 1 ? count - 1 : nil
            return true
        }
    }

    // MARK: - One container

    /// A run of a container, as the engine tells it.
    private struct Run {
        var start: String
        var age: Duration
        var address: String
    }

    private enum Look {
        case gone
        case down
        case runs(Run)
    }

    private func look(at container: ProbedPod.Container, of pod: ProbedPod) async throws -> Look {
        let owner = try await asker.engine.tryAsk(.inspect(pod.owner))
        let own = container.id == pod.owner ? owner : try await asker.engine.tryAsk(.inspect(container.id))
        if own.status == 404 { return .gone }
        guard own.body[path: ["State", "Running"]]?.bool == true,
            let start = own.body[path: ["State", "StartedAt"]]?.string,
            case .address(let address)? = PodEndpoint(owner.body, of: pod.workload)?.place
        else { return .down }
        let age = EngineTime(start).map { Duration.seconds(max(0, LogTime.now - $0.seconds)) } ?? .zero
        return .runs(Run(start: start, age: age, address: address))
    }

    private static let pause = Duration.seconds(1)

    /// Asks until the container is gone, or the task is cancelled.
    private func ask(_ container: ProbedPod.Container, of pod: ProbedPod, _ events: Latest<Void>) async throws {
        var start: String?
        while true {
            let version = events.current.version
            switch try await look(at: container, of: pod) {
            case .gone:
                update(container.id) { ($0.isReady, $0.isGone) = (false, true) }
                return changes.set(())
            case .down:
                update(container.id) { $0.isReady = false }
                try await events.changed(since: version, orAfter: Self.pause)
            case .runs(let run):
                // One that devloop finds running has had its time; one that it saw start has not.
                let age = start == nil || start == run.start ? run.age : .zero
                start = run.start
                try await ask(container, of: pod, run, since: .now - age, events, version)
            }
        }
    }

    /// Asks one run of a container, until that has ended.
    private func ask(
        _ container: ProbedPod.Container, of pod: ProbedPod, _ run: Run, since begin: ContinuousClock.Instant,
        _ events: Latest<Void>, _ version: Int
    ) async throws {
        var version = version
        var state = ProbeState(container.probes)
        _ = try await take(state.begin(), state, container, pod)
        while true {
            let now = ContinuousClock.now
            var isWell = true
            func noteRestart() { state.restart = restarts.all[container.id].map { begin.duration(to: $0) } }
            if let (probe, due) = state.next, begin + due <= now {
                let answer = try await asker.ask(probe, container: container.id, address: run.address)
                try Task.checkCancellation()
                if case .impossible(let reason) = answer { tellUnasked(probe, reason, container, pod) }
                if case .failure = answer { isWell = false }
                // Where it has ended meanwhile, that is no answer.
                if events.current.version == version {
                    noteRestart()
                    let at = ContinuousClock.now - begin
                    let events = state.take(answer, to: probe.kind, at: at)
                    if try await take(events, state, container, pod) { return }
                }
            } else {
                noteRestart()
                let due = [state.next?.at, state.troubleDue].compactMap { $0 }.min()
                if let due {
                    try await events.changed(since: version, orAfter: max(.zero, begin + due - now))
                } else {
                    await events.changed(since: version)
                }
                try Task.checkCancellation()
                _ = try await take(state.advance(to: .now - begin), state, container, pod)
            }
            guard !isWell || events.current.version != version else { continue }
            version = events.current.version
            guard case .runs(let now) = try await look(at: container, of: pod), now.start == run.start else { return }
            update(container.id) { $0.isReady = state.isReady }
        }
    }

    /// - Returns: whether this run of the container was ended.
    private func take(
        _ events: [ProbeState.Event], _ state: ProbeState, _ container: ProbedPod.Container, _ pod: ProbedPod
    ) async throws -> Bool {
        update(container.id) { entry in
            entry.isReady = state.isReady
            entry.trouble = state.trouble
        }
        let name = container.name
        for event in events {
            switch event {
            case .ready:
                let wasTold = shared.withLock { shared in
                    defer { shared.entries[container.id]?.isTold = false }
                    return shared.entries[container.id]?.isTold == true
                }
                if wasTold { tell(.recovered(workload: pod.workload, from: ["Unhealthy"]), of: pod) }
            case .unready: break
            case .troubled(let kind, let words):
                update(container.id) { $0.isTold = true }
                tell(
                    .problem(
                        workload: pod.workload,
                        WorkloadProblem(
                            state: "Unhealthy",
                            summary: "container \(name) is not ready: its \(kind.rawValue.lowercased()) probe fails",
                            cause: words,
                            advice: "no forwarded port leads to it until the probe succeeds: "
                                + "is its port, path or command right?")), of: pod)
            case .kill(let kind, let words):
                let next = pod.isRestarted ? "restarted" : "stopped"
                tell(
                    .notice(
                        workload: pod.workload,
                        text: "container \(name): \(kind.rawValue.lowercased()) probe failed: \(words), \(next)"),
                    of: pod)
                shared.withLock { $0.ends[container.id, default: 0] += 1 }
                let answer = try await asker.engine.tryAsk(.end(container.id, isRestarted: pod.isRestarted))
                // It has ended by itself meanwhile, or is gone.
                if !answer.isSuccess { _ = takesEnd(of: container.id) }
                return true
            }
        }
        return false
    }

    private func update(_ id: String, _ change: (inout Entry) -> Void) {
        let hasChanged = shared.withLock { shared in
            guard var entry = shared.entries[id] else { return false }
            let before = (entry.isReady, entry.trouble?.words)
            change(&entry)
            shared.entries[id] = entry
            return before != (entry.isReady, entry.trouble?.words)
        }
        if hasChanged { changes.set(()) }
    }

    private func tellUnasked(
        _ probe: ContainerProbe, _ reason: String, _ container: ProbedPod.Container, _ pod: ProbedPod
    ) {
        let kind = probe.kind.rawValue.lowercased()
        let text = "the \(kind) probe of container \(container.name) is not run on Docker: \(reason)"
        let isNews = shared.withLock { !$0.unasked.news(["\(pod.workload): \(text)"]).isEmpty }
        if isNews { tell(.notice(workload: pod.workload, text: text), of: pod) }
    }

    private func tell(_ event: LogEvent, of pod: ProbedPod) { news.tell(event, pod.workload) }
}
