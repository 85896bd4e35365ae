/// Follows the state of a project's containers and says whose logs to read. Pure: what the engine tells in, actions out.
struct ContainerTracker: Sendable {
    /// What a reader of its log has to know of a container.
    struct State: Sendable, Hashable {
        var starts = 1
        var isRunning = true
        var isGone = false
    }

    enum Action: Sendable {
        /// A container runs whose log nobody reads yet.
        /// - Parameters:
        ///   - isOld: whether it ran before anybody looked.
        ///   - since: when the engine was asked first what there is.
        case follow(FollowedContainer, isOld: Bool, since: EngineTime?)
        /// The state of a container whose log is read.
        case update(String, State)
        /// A container of a pod was started again whose network the others share.
        case rejoin(instance: String, Workload)
        /// A container has ended.
        case tell(DockerEvent, EndCause)
        /// The containers of a workload that run are these now.
        case running(Workload, [RunningContainer])
    }

    /// Whether the log of a workload is read.
    private let isFollowed: @Sendable (Workload) -> Bool
    /// Those whose logs are read.
    private var known: [String: State] = [:]
    private var time: EngineTime?
    /// Those that run, but for those that run to their end before the others.
    private var running: [String: RunningContainer] = [:]
    /// What ends them, where that is not their program.
    private var causes: [String: EndCause] = [:]

    init(isFollowed: @escaping @Sendable (Workload) -> Bool) { self.isFollowed = isFollowed }

    /// Takes the containers that there are, after each beginning of the events; newest first.
    mutating func listed(_ containers: [ListedContainer], at now: EngineTime) -> [Action] {
        let isFirst = time == nil
        time = now
        var actions: [Action] = []
        // What happened to them while nobody listened.
        for id in known.keys.sorted() {
            guard let container = containers.first(where: { $0.id == id }) else {
                actions += update(id) { $0.isGone = true }
                known[id] = nil
                continue
            }
            if !container.isUp { actions += update(id) { $0.isRunning = false } }
        }
        for container in containers.filter(\.isUp).reversed().map(FollowedContainer.init) {
            actions += known[container.id] == nil ? follow(container, isOld: isFirst) : startAgain(container.id)
        }
        let up = containers.filter { $0.isUp && $0.role != "init" }.map { FollowedContainer($0).running }
        return actions + change(to: Dictionary(up.map { ($0.id, $0) }) { first, _ in first })
    }

    /// - Returns: what runs now of the workloads of which something else runs than before.
    private mutating func change(to now: [String: RunningContainer]) -> [Action] {
        let before = running
        running = now
        let ids = Set(before.keys).union(now.keys).filter { before[$0] != now[$0] }
        let workloads = Set(ids.compactMap { (now[$0] ?? before[$0])?.workload })
        return workloads.sorted { $0.description < $1.description }.map { workload in
            .running(workload, now.values.filter { $0.workload == workload }.sorted { $0.id < $1.id })
        }
    }

    private mutating func runs(_ container: FollowedContainer, _ isRunning: Bool) -> [Action] {
        guard !container.isInit else { return [] }
        var now = running
        now[container.id] = isRunning ? container.running : nil
        return change(to: now)
    }

    /// Takes an event.
    mutating func handle(_ event: DockerEvent) -> [Action] {
        let container = event.container
        switch event.action {
        case .kill:
            if event.isLast { causes[container.id] = .somebody }
            return []
        case .oom:
            causes[container.id] = .outOfMemory
            return []
        case .start:
            causes[container.id] = nil
            let running = runs(container, true)
            guard known[container.id] != nil else { return follow(container, isOld: false) + running }
            let rejoins = container.ownedInstance.map { [Action.rejoin(instance: $0, container.workload)] } ?? []
            return startAgain(container.id) + rejoins + running
        case .die:
            return update(container.id) { $0.isRunning = false } + runs(container, false)
                + [.tell(event, cause(of: event))]
        case .destroy:
            defer { known[container.id] = nil }
            causes[container.id] = nil
            return update(container.id) { $0.isGone = true } + runs(container, false)
        }
    }

    private func cause(of event: DockerEvent) -> EndCause {
        switch causes[event.container.id] {
        // It was another process than its first one.
        case .outOfMemory? where event.exitCode != 128 + 9: .itself
        case let cause: cause ?? .itself
        }
    }

    private mutating func follow(_ container: FollowedContainer, isOld: Bool) -> [Action] {
        guard isFollowed(container.workload) else { return [] }
        known[container.id] = State()
        return [.follow(container, isOld: isOld, since: time)]
    }

    private mutating func startAgain(_ id: String) -> [Action] {
        update(id) {
            $0.starts += 1
            $0.isRunning = true
        }
    }

    private mutating func update(_ id: String, _ change: (inout State) -> Void) -> [Action] {
        guard var state = known[id] else { return [] }
        change(&state)
        known[id] = state
        return [.update(id, state)]
    }
}
