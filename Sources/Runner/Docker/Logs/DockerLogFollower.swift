import Synchronization

/// Reads the logs of a project's containers over the engine's API: its events tell of starts and ends, and each container
/// that has started gets a connection that follows its log.
///
/// Nothing is missed between looking and listening: the engine's time is taken, then the list, and the events begin at
/// that time.
struct DockerLogFollower: Sendable {
    let commands: DockerCommand
    let launcher: any CommandRunning
    let engine: any EngineAsking
    let readers: LogReaders
    let selection: LogSelection
    /// Whether a workload is one of those that are asked about.
    let isWanted: @Sendable (Workload) -> Bool
    /// Whether devloop itself ends this container.
    let retirement: @Sendable (FollowedContainer) -> ContainerRetirement
    let probes: ContainerProbes
    /// May block where it is handed a line.
    let onEvent: @Sendable (LogEvent) -> Void
    /// What an event tells of a container that is no workload's.
    let ofOthers: @Sendable ([UInt8]) -> String?

    private enum Input: Sendable {
        /// The containers that there are, after each beginning.
        case listed([ListedContainer], time: EngineTime)
        case event(DockerEvent)
        case failed(String)
        /// Where the connections to containers of a workload end.
        case found([PodEndpoint], Workload, version: Int)
        /// A container is ready, or is not any more.
        case probed
    }

    private typealias State = ContainerTracker.State

    /// Follows until the task is cancelled. That the daemon can't be reached is told once.
    func run() async throws {
        let inputs = Inbox<Input>()
        try await withThrowingDiscardingTaskGroup { group in
            defer { inputs.finish() }
            group.addTask {
                defer { inputs.finish() }
                try await watch(inputs)
            }
            if selection.endpoints != nil {
                group.addTask {
                    var version = probes.changes.current.version
                    while !Task.isCancelled {
                        await probes.changes.changed(since: version)
                        version = probes.changes.current.version
                        await inputs.send(.probed)
                    }
                }
            }
            var tracker = ContainerTracker { [isWanted, selection] in isWanted($0) && selection.isShown($0) }
            var states: [String: Latest<State>] = [:]
            let told = Told()
            var endpoints = ContainerEndpoints()
            while let input = await inputs.next() {
                let actions: [ContainerTracker.Action]
                switch input {
                case .listed(let containers, let now): actions = tracker.listed(containers, at: now)
                case .event(let event):
                    probes.noted(event)
                    actions = tracker.handle(event)
                case .found(let found, let workload, let version):
                    let news = endpoints.found(found, of: workload, version: version, isReady: probes.isReady)
                    for endpoint in news { selection.endpoints?.onChange(endpoint, false) }
                    continue
                case .probed:
                    for endpoint in endpoints.probed(probes.isReady) { selection.endpoints?.onChange(endpoint, false) }
                    continue
                case .failed(let reason):
                    onEvent(.notice(workload: nil, text: "Docker's events cannot be followed: \(reason); trying again"))
                    continue
                }
                for action in actions {
                    switch action {
                    case .follow(let container, let isOld, let time):
                        let state = Latest(State())
                        states[container.id] = state
                        let log = ContainerLog(oldStart: isOld ? EngineLogStart(selection.start) : nil, time: time)
                        group.addTask { try await read(container, log, state) }
                    case .update(let id, let state):
                        states[id]?.set(state)
                        if state.isGone { states[id] = nil }
                    case .running(let workload, let containers):
                        // Nothing is brought into what runs once.
                        guard isWanted(workload), workload.kind != .job else { continue }
                        onEvent(.running(workload: workload, containers))
                        guard let interest = selection.endpoints else { continue }
                        let (gone, version) = endpoints.runs(containers, of: workload)
                        for endpoint in gone { interest.onChange(endpoint, true) }
                        group.addTask {
                            let found = try await look(at: containers, of: workload)
                            await inputs.send(.found(found, workload, version: version))
                        }
                    case .rejoin(let instance, let workload):
                        group.addTask { try await rejoin(instance, workload) }
                    case .tell(let event, let cause):
                        // Its last words come first.
                        group.addTask {
                            await readers.finished(event.container.id)
                            tell(event, cause, told)
                        }
                    }
                }
            }
        }
    }

    private func look(at containers: [RunningContainer], of workload: Workload) async throws -> [PodEndpoint] {
        var endpoints: [PodEndpoint] = []
        for container in containers {
            var backoff = Backoff()
            var answer = try await engine.tryAsk(.inspect(container.id))
            // Nobody asks again before something else starts. One that is gone is an answer.
            while answer.status == nil {
                try await backoff.wait()
                answer = try await engine.tryAsk(.inspect(container.id))
            }
            if let endpoint = PodEndpoint(answer.body, of: workload) { endpoints.append(endpoint) }
        }
        return endpoints
    }

    /// Reads what is there of the containers that run, one after the other.
    func readOnce() async throws {
        let list = try await launcher.runTool(commands.list())
        guard list.termination.isSuccess else {
            throw DockerFailure.error("the containers could not be listed", said: [list.errorText])
        }
        for container in commands.containers(in: list).filter(\.isUp).reversed().map(FollowedContainer.init)
        where isWanted(container.workload) && selection.isShown(container.workload) {
            let log = Mutex(ContainerLog(oldStart: EngineLogStart(selection.start), time: nil))
            let start = log.withLock { $0.begin() }
            _ = try await engine.readLog(of: container.id, follows: false, from: start) { source, line in
                for text in log.withLock({ $0.accept(line, from: source) }) {
                    onEvent(.line(workload: container.workload, container: container.label, text: text))
                }
            }
        }
    }

    /// The network of a pod is its first container's, and new when that starts again: the others have to join it anew.
    private func rejoin(_ instance: String, _ workload: Workload) async throws {
        let output = try await launcher.tryTool(commands.joined(instance: instance))
        let others = output.text.split(separator: "\n").map(String.init)
        guard output.termination.isSuccess, !others.isEmpty else { return }
        onEvent(.notice(workload: workload, text: "its other containers are restarted to share the network again"))
        _ = try await launcher.tryTool(DockerCommand.restart(others))
    }

    private func tell(_ event: DockerEvent, _ cause: EndCause, _ told: Told) {
        let (container, exitCode) = (event.container, event.exitCode ?? 0)
        guard isWanted(container.workload) else { return }
        switch retirement(container) {
        case .none:
            guard let text = container.notice(exitCode: exitCode, cause: cause) else { return }
            // One that is run until it succeeds fails often.
            if container.isInit, !told.isFirst(container.id) { return }
            onEvent(.notice(workload: container.workload, text: text))
        case .inBackground: break
        case .awaited(let grace):
            guard exitCode == 128 + 9, told.isFirst("\(container.workload)/\(container.label ?? "")") else { return }
            onEvent(.notice(workload: container.workload, text: container.ignoresTERM(grace: grace)))
        }
    }

    /// What was told already.
    private final class Told: Sendable {
        private let subjects = Mutex(Once<String>())

        func isFirst(_ subject: String) -> Bool { subjects.withLock { !$0.news([subject]).isEmpty } }
    }

    private func watch(_ inputs: Inbox<Input>) async throws {
        var backoff = Backoff()
        var outage = Outage()
        while true {
            let hasEvents = Atomic(false)
            var step = Outage.Step.asking
            var failure: String?
            switch try await begin(inputs) {
            case .failure(let error): failure = error.reason
            case .success(let time):
                outage.succeeded(.asking)
                step = .listening
                let lines = Mutex(LineSplitter())
                let answer = try await engine.tryAsk(commands.events(since: time)) { piece in
                    for line in lines.withLock({ $0.lines(of: piece) }) {
                        guard let event = DockerEvent(line, namespace: commands.namespace),
                            commands.isOurs(event.container.place)
                        else {
                            if let text = ofOthers(line) { onEvent(.notice(workload: nil, text: text)) }
                            continue
                        }
                        hasEvents.store(true, ordering: .relaxed)
                        inputs.put(.event(event))
                    }
                }
                failure = answer.failure
            }
            if hasEvents.load(ordering: .relaxed) {
                outage.succeeded(.listening)
                backoff.reset()
            }
            if outage.failed(step) { await inputs.send(.failed(failure ?? "the daemon ended them")) }
            try await backoff.wait()
        }
    }

    /// Why following could not begin.
    private struct Refusal: Error {
        var reason: String?
    }

    /// Takes the time and the list.
    /// - Returns: the time.
    private func begin(_ inputs: Inbox<Input>) async throws -> Result<EngineTime, Refusal> {
        let information = try await engine.tryAsk(.information)
        let list = try await launcher.tryTool(commands.list())
        guard information.failure == nil, list.termination.isSuccess,
            let time = information.body["SystemTime"]?.string.flatMap(EngineTime.init)
        else {
            let said = list.errorText.split(separator: "\n").last.map(String.init)
            return .failure(Refusal(reason: said ?? information.failure))
        }
        await inputs.send(.listed(commands.containers(in: list), time: time))
        return .success(time)
    }

    private func read(_ container: FollowedContainer, _ log: ContainerLog, _ state: Latest<State>) async throws {
        let log = Mutex(log)
        var backoff = Backoff()
        var hasTold = false
        // Whether what it wrote may be left unread, since a reader died.
        var isCut = false
        while true {
            let (before, version) = state.current
            let said = OutputTail(limit: 1)
            @Sendable func read(from start: EngineLogStart, follows: Bool) async throws -> EngineAnswer {
                try await engine.readLog(of: container.id, follows: follows, from: start) { source, line in
                    guard LogCursor.endOfTime(line[...]) != nil else { return said.append(line) }
                    for text in log.withLock({ $0.accept(line, from: source) }) {
                        onEvent(.line(workload: container.workload, container: container.label, text: text))
                    }
                }
            }
            let failure: String? = try await readers.read(container.id) {
                let failure = try await read(from: log.withLock { $0.begin() }, follows: true).failure
                if let failure { return failure }
                return try await read(from: log.withLock { $0.beginRest() }, follows: false).failure
            }
            if failure == nil {
                log.withLock { $0.finish() }
                backoff.reset()
            }
            let reasons = said.lines + (failure.map { [$0] } ?? [])
            let isMissing = reasons.contains { $0.contains("No such container") || $0.contains("dead or marked") }
            if !isMissing { isCut = failure != nil && !hasTold }
            if before.isGone || isMissing {
                guard isCut else { return }
                let text = "lines of its log may be missing: it was removed before the rest could be read"
                return onEvent(.notice(workload: container.workload, text: text))
            }
            // An unreachable daemon is the events' to tell.
            if let failure, !hasTold, failure.contains("logging driver") {
                hasTold = true
                onEvent(.notice(workload: container.workload, text: "its log cannot be read: \(failure)"))
            }
            // The log ends a moment before the event of the container's end comes. Where none comes, the reader died.
            try await state.changed(since: version, orAfter: backoff.step())
            while true {
                let (now, version) = state.current
                if now.isRunning || now.isGone { break }
                try Task.checkCancellation()
                await state.changed(since: version)
            }
            try Task.checkCancellation()
        }
    }
}
