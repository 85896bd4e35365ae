import Synchronization

/// Reads the logs of a set of workloads: one watch of the pods of a namespace tells which containers there are, and
/// each container that has started gets a `kubectl logs --follow` from its first line.
///
/// A line is shown once, in its container's order. Where a reader ends before its container does, it begins again at
/// the last line's time; after a crash the end of the dead container's log is read before the new one's.
struct PodLogFollower: Sendable {
    let kubectl: Kubectl
    let launcher: any CommandRunning
    /// The workload of ours that a pod belongs to.
    let owner: @Sendable (KubernetesPod) -> Workload?
    let onEvent: @Sendable (LogEvent) -> Void

    private enum Input: Sendable {
        case event(PodEvent)
        case watchEnded(String?)
    }

    private enum ReadResult {
        case ended
        case failed
        case podIsGone
    }

    /// Lines that a container wrote before devloop came, shown for orientation.
    private static let linesOfOldContainers = 10

    /// Follows until the task is cancelled. A watch that ends, as the server ends each after some minutes, is begun
    /// again; that the server cannot be reached is told once.
    func run(namespace: String) async throws {
        let old = try await runningPods(namespace: namespace)
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
                for action in tracker.handle(event, workload: workload) {
                    switch action {
                    case .follow(let key, let workload, let label, let state):
                        let latest = Latest(state)
                        states[key] = latest
                        let options = old.contains(key.uid) ? ["--tail=\(Self.linesOfOldContainers)"] : []
                        group.addTask {
                            try await follow(key, firstOptions: options, state: latest) { text in
                                onEvent(.line(workload: workload, container: label, text: text))
                            }
                        }
                    case .update(let key, let state):
                        states[key]?.set(state)
                        if state.isOver { states[key] = nil }
                    case .notice(let workload, let text):
                        onEvent(.notice(workload: workload, text: text))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// The pods that are there before the watch begins. An unreachable server is the watch's to tell.
    private func runningPods(namespace: String) async throws -> Set<String> {
        let output = try await launcher.runTool(kubectl.pods(namespace: namespace))
        let items = (try? JSONParser.parse(output.standardOutput))?["items"]?.array ?? []
        return Set(items.compactMap { $0[path: ["metadata", "uid"]]?.string })
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
            if output.termination.isSuccess || events.load(ordering: .relaxed) > 0 {
                isBroken = false
                backoff.reset()
            } else if !isBroken {
                isBroken = true
                inbox.yield(.watchEnded(tail.lines.last))
            }
            try await backoff.wait()
        }
    }

    private func follow(
        _ key: PodTracker.Key, firstOptions: [String], state: Latest<PodTracker.State>,
        onLine: @escaping @Sendable ([UInt8]) -> Void
    ) async throws {
        let cursor = Mutex(LogCursor())
        let read = { @Sendable (options: [String]) async throws -> ReadResult in
            let said = OutputTail(limit: 1)
            let resume = cursor.withLock {
                $0.beginAgain()
                return $0.resumeFrom
            }
            let output = try await launcher.runTool(
                kubectl.logs(
                    pod: key.pod, container: key.container, namespace: key.namespace,
                    options: options + (resume.map { ["--since-time=\($0)"] } ?? firstOptions)),
                output: .lines { source, line in
                    if source == .standardError { return said.append(line) }
                    // What a kubelet says in place of a log that it has deleted by now.
                    if line.starts(with: "unable to retrieve container logs for ".utf8) { return }
                    if let text = cursor.withLock({ $0.accept(line) }) { onLine(text) }
                })
            if output.termination.isSuccess { return .ended }
            return said.lines.contains { $0.contains("(NotFound)") } ? .podIsGone : .failed
        }
        var backoff = Backoff()
        var restarts = state.current.value.restarts
        while true {
            var (now, version) = state.current
            if now.restarts > restarts {
                restarts = now.restarts
                _ = try await read(["--previous"])
            }
            let result = try await read(now.isOver ? [] : ["--follow"])
            if result == .ended { backoff.reset() }
            if now.isOver || result == .podIsGone { return }
            // The end of the container is known here a moment later than its log ends; where it isn't, the reader died.
            try await withThrowingTaskGroup(of: Void.self) { group in
                let version = version
                group.addTask { await state.changed(since: version) }
                group.addTask { [backoff] in
                    var backoff = backoff
                    try await backoff.wait()
                }
                try await group.next()
                group.cancelAll()
            }
            (now, version) = state.current
            if !now.isRunning && !now.isOver { await state.changed(since: version) }
            try Task.checkCancellation()
        }
    }
}
