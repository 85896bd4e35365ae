import Synchronization

/// Follows what goes wrong with the pods of a namespace and tells it: their states come from the watch that the logs
/// need too, what the cluster's components say of them from a watch of the warnings among the events.
final class ProblemFollower: Sendable {
    private enum Input: Sendable {
        case pod(PodEvent, Workload)
        case event(ClusterEvent)
        /// What a Deployment says of its pods: that they are refused, or that they are not.
        case refusal(ClusterEvent?, Workload)
        case told(Workload)
        case time
    }

    private let namespace: String
    private let cluster: any ClusterReading
    private let owner: @Sendable (Workload) -> Workload?
    private let current: CurrentProblems
    private let restarts: RestartsInPlace
    private let onEvent: @Sendable (LogEvent) -> Void
    private let inputs = Inbox<Input>()
    private let pods = Mutex<[String: KubernetesPod]>([:])

    /// What has to be asked before a problem is told may take this long; the problem is told without it then.
    private static let inquiryLimit = Duration.milliseconds(1500)
    /// For this long after that, last lines are still worth being told.
    private static let lateLimit = Duration.seconds(20)

    /// - Parameters:
    ///   - owner: the workload of ours that this one is.
    ///   - current: is kept up to date with what was told and still lasts.
    ///   - restarts: the programs that devloop itself starts again.
    init(
        namespace: String, cluster: any ClusterReading,
        owner: @escaping @Sendable (Workload) -> Workload?, current: CurrentProblems,
        restarts: RestartsInPlace, onEvent: @escaping @Sendable (LogEvent) -> Void
    ) {
        self.namespace = namespace
        self.cluster = cluster
        self.owner = owner
        self.current = current
        self.restarts = restarts
        self.onEvent = onEvent
    }

    /// Takes what the watch says of a pod of ours.
    func handle(_ event: PodEvent, _ workload: Workload) async {
        pods.withLock { $0[event.pod.uid] = event.change == .deleted ? nil : event.pod }
        await inputs.send(.pod(event, workload))
    }

    /// Follows until the task is cancelled.
    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            defer { inputs.finish() }
            group.addTask {
                defer { self.inputs.finish() }
                try await self.watchWarnings()
            }
            var tracker = ProblemTracker()
            var alarm: ContinuousClock.Instant?
            while let input = await inputs.next() {
                let now = ContinuousClock.now
                if let set = alarm, set <= now { alarm = nil }
                for action in take(input, &tracker, now) {
                    switch action {
                    case .tell(let problem, let workload, let pod):
                        group.addTask { await self.tell(problem, workload, pod) }
                    case .withdraw(let workload, let states):
                        current.clear(workload)
                        onEvent(.recovered(workload: workload, from: states))
                    }
                }
                if let deadline = tracker.nextDeadline, alarm.map({ deadline < $0 }) ?? true {
                    alarm = deadline
                    group.addTask {
                        try await Task.sleep(until: deadline, clock: .continuous)
                        await self.inputs.send(.time)
                    }
                }
            }
            try Task.checkCancellation()
        }
    }

    private func take(
        _ input: Input, _ tracker: inout ProblemTracker, _ now: ContinuousClock.Instant
    ) -> [ProblemTracker.Action] {
        tracker.restarts = restarts.all
        switch input {
        case .pod(let event, let workload): return tracker.handle(event, workload: workload, now: now)
        case .told(let workload): return tracker.didTell(workload, now: now)
        case .time: return tracker.advance(to: now)
        case .refusal(let event, let workload): return tracker.handleRefusal(event, workload: workload, now: now)
        case .event(let event):
            if event.kind == "Pod" { return tracker.handle(event, now: now) }
            guard event.reason == "FailedCreate",
                let workload = event.refused(namespace: namespace).lazy.compactMap(owner).first
            else { return [] }
            return tracker.handleRefusal(event, workload: workload, now: now)
        }
    }

    private func watchWarnings() async throws {
        let warnings = ClusterWarnings(namespace: namespace, cluster: cluster)
        try await warnings.run { [inputs] event in
            inputs.put(.event(event))
        } onRefusal: { [inputs, owner] workload, event in
            if let workload = owner(workload) { inputs.put(.refusal(event, workload)) }
        } onNotice: { [onEvent] text in
            onEvent(.notice(workload: nil, text: text))
        }
    }

    // MARK: - Telling

    private func tell(_ problem: PodProblem, _ workload: Workload, _ pod: KubernetesPod?) async {
        let known = pod.map { $0.uid }
        await withTaskGroup(of: WorkloadProblem?.self) { group in
            group.addTask { await self.message(problem, pod: known) }
            group.addTask { await Self.nothing(after: Self.inquiryLimit) }
            let answered = await group.next() ?? nil
            guard !Task.isCancelled else { return }
            let told = answered ?? WorkloadProblem(problem)
            current.add(told, to: workload)
            onEvent(.problem(workload: workload, told))
            await inputs.send(.told(workload))
            if answered == nil, case .lastLines = problem.inquiry {
                group.addTask { await Self.nothing(after: Self.lateLimit) }
                if let late = await group.next() ?? nil, !late.lastLines.isEmpty, !Task.isCancelled {
                    onEvent(.lastLines(workload: workload, late))
                }
            }
            group.cancelAll()
        }
    }

    private static func nothing(after time: Duration) async -> WorkloadProblem? {
        try? await Task.sleep(for: time)
        return nil
    }

    private func message(_ problem: PodProblem, pod uid: String?) async -> WorkloadProblem {
        var message = WorkloadProblem(problem)
        switch problem.inquiry {
        case nil: break
        case .lastLines(let container, let run):
            if let uid { message.lastLines = await lastLines(uid, container, run) }
        case .room(let requests):
            let shortages = await room()?.shortages(for: requests) ?? []
            if !shortages.isEmpty { message.cause += "\n" + shortages.joined(separator: "\n") }
        case .repository(let reference):
            guard let answer = await RegistryAnswer.ask(about: reference) else { break }
            (message.summary, message.advice) = PullFailure.tell(answer, of: reference, problem: problem)
        }
        return message
    }

    /// What a dead run of a container wrote last: the log of the latest run can be read or of the one before, and
    /// kubelet may start another at any moment, so that what was read counts only if none was.
    private func lastLines(_ uid: String, _ container: String, _ run: Int) async -> [String] {
        while let (pod, latest) = latestRun(uid, container), latest == run || latest == run + 1 {
            let isLatest = latest == run
            let lines = await lastLines(of: container, in: pod, isPrevious: !isLatest)
            guard latestRun(uid, container)?.run == latest else { continue }
            // The second run follows at once, a moment before the watch tells. Where there is one, the one before it is
            // the first; the later ones have to wait for ten seconds and more.
            if isLatest, run == 0, let first = await lastLines(of: container, in: pod, isPrevious: true) {
                return first
            }
            return lines ?? []
        }
        return []
    }

    /// - Returns: `nil` where there is no such run, or its log is gone.
    private func lastLines(of container: String, in pod: String, isPrevious: Bool) async -> [String]? {
        let query = ClusterQuery.log(
            pod: pod, container: container, namespace: namespace, isPrevious ? .previous : .latest, from: .lastLines(20)
        )
        guard let answer = try? await cluster.read(query), answer.isSuccess else { return nil }
        let tail = OutputTail(limit: 20)
        var isGone = false
        func take(_ line: [UInt8]) {
            if line.withUnsafeBytes(PodLog.isNotice) { isGone = true }
            tail.append(LogCursor.endOfTime(line[...]).map { Array(line[($0 + 1)...]) } ?? line)
        }
        var splitter = LineSplitter()
        answer.body.withUnsafeBytes { splitter.append($0, onLine: take) }
        splitter.finish(onLine: take)
        return isGone ? nil : tail.lines
    }

    private func latestRun(_ uid: String, _ container: String) -> (pod: String, run: Int)? {
        guard let pod = pods.withLock({ $0[uid] }) else { return nil }
        return pod.containers.first { $0.name == container }.map { (pod.name, $0.restarts) }
    }

    private func room() async -> NodeRoom? {
        async let nodes = try? cluster.read(.nodes)
        async let pods = try? cluster.read(.pods(namespace: nil))
        guard let nodes = await nodes?.json, let pods = await pods?.json else { return nil }
        return NodeRoom(nodes: nodes, pods: KubernetesPod.list(pods))
    }
}

extension WorkloadProblem {
    /// The message of a problem of which nothing had to be asked.
    init(_ problem: PodProblem) {
        self.init(
            state: problem.state, summary: problem.summary, cause: problem.cause, advice: problem.advice)
    }
}

extension ClusterEvent {
    /// The workload whose pods could not be made, the likeliest first. A Deployment's ReplicaSet is named for it and a
    /// hash.
    func refused(namespace: String) -> [Workload] {
        guard let kind = Workload.Kind(restartable: kind) else { return [] }
        let own = Workload(kind: kind, name: name, namespace: namespace)
        guard kind == .replicaSet, let dash = name.lastIndex(of: "-") else { return [own] }
        return [own, Workload(kind: .deployment, name: String(name[..<dash]), namespace: namespace)]
    }
}
