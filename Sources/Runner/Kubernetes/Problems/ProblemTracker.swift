/// Decides what to tell of the workloads' problems, and when: each once for as long as it lasts, and that it is over.
/// Pure: pods, events and times in, actions out.
///
/// Problems are those of a workload: three replicas that lack the same Secret are one message. A new rollout that has
/// the problem of the one before it is worth a word again; pods that were asked to end are not.
struct ProblemTracker {
    typealias Instant = ContinuousClock.Instant

    enum Action: Sendable, Hashable {
        /// - Parameter pod: the pod that has it; `nil` where it keeps pods from being made.
        case tell(PodProblem, Workload, pod: KubernetesPod?)
        /// All that was told of a workload is over; by the names of the states.
        case withdraw(Workload, [String])
    }

    private struct Pod {
        var pod: KubernetesPod
        /// Its place in the order in which pods were first seen.
        var number: Int
        /// The latest of each kind.
        var events: [ClusterEvent] = []
        /// Since when each container runs without a break.
        var runningSince: [String: Instant] = [:]
        /// The run in which each container was ready last.
        var readyRun: [String: Int] = [:]
        /// The deaths that are past: a container that runs for a while again has got over them.
        var overcome: [String: Int] = [:]
    }

    private struct History {
        /// Since when a pod has had a problem, by the pod and the problem's identity.
        var since: [String: Instant] = [:]
        /// The identities that were told, each within its rollout.
        var told: Set<String> = []
        /// The number of the latest pod of which something was told; of pods that could not be made, the next one's.
        var number = 0
        /// Since when nothing has been wrong with pods that are older than that one.
        var calmSince: Instant?
        /// The states that were told, in order, each once.
        var states: [String] = []
        /// How many messages are being put together.
        var pending = 0
        /// Pods that could not be made, since no pod was.
        var refusal: PodProblem?
    }

    /// A container that died counts as well when it has run this long again.
    private static let recovery = Duration.seconds(5)
    /// A container that was ready may fail a probe this long.
    private static let lapse = Duration.milliseconds(1200)
    /// A start may take this long, whatever its probes allow.
    private static let leastStart = Duration.seconds(10)
    /// An event may come before its pod does: the two are watched apart.
    private static let earlyEventLimit = 64

    private var pods: [String: Pod] = [:]
    private var early: [ClusterEvent] = []
    private var histories: [Workload: History] = [:]
    private var owners: [String: Workload] = [:]
    private var podCount = 0
    /// How long the last start of each container of a workload took until it was ready.
    private var starts: [Workload: [String: Duration]] = [:]

    /// When devloop has started the programs of containers again in their place, last, by their ids.
    var restarts: [String: Instant] = [:]

    /// When ``advance(to:)`` has to be called, where nothing else happens before.
    private(set) var nextDeadline: Instant?

    /// How many events are remembered.
    var rememberedEvents: Int { early.count + pods.values.reduce(0) { $0 + $1.events.count } }

    /// Takes what the watch says of a pod of ours.
    mutating func handle(_ event: PodEvent, workload: Workload, now: Instant) -> [Action] {
        let pod = event.pod
        if event.change == .deleted {
            pods[pod.uid] = nil
            owners[pod.uid] = nil
            return advance(to: now)
        }
        let isNew = pods[pod.uid] == nil
        if isNew {
            // A pod was made, so none is refused any more.
            histories[workload]?.refusal = nil
            podCount += 1
            var new = Pod(pod: pod, number: podCount)
            new.events = early.filter { $0.uid == pod.uid }
            early.removeAll { $0.uid == pod.uid }
            // What it went through before anybody looked, and got over, is no news.
            for container in pod.containers where container.isRunning {
                new.overcome[container.name] = container.death?.run
            }
            pods[pod.uid] = new
        }
        owners[pod.uid] = workload
        for container in pod.containers {
            let before = pods[pod.uid]?.pod.containers.first { $0.name == container.name }
            if !container.isRunning {
                pods[pod.uid]?.runningSince[container.name] = nil
            } else if pods[pod.uid]?.runningSince[container.name] == nil || before?.restarts != container.restarts {
                pods[pod.uid]?.runningSince[container.name] = now
            }
            guard container.isRunning, container.isReady else { continue }
            // A probe that fails after it succeeded is another matter than the failure before.
            if before?.isReady == false {
                pods[pod.uid]?.events.removeAll { $0.container == container.name && $0.probe != .liveness }
            }
            if pods[pod.uid]?.readyRun.updateValue(container.restarts, forKey: container.name) != container.restarts,
                !isNew, let start = pods[pod.uid]?.runningSince[container.name]
            {
                starts[workload, default: [:]][container.name] = start.duration(to: now)
            }
        }
        pods[pod.uid]?.pod = pod
        return advance(to: now)
    }

    /// Takes an event of a pod.
    mutating func handle(_ event: ClusterEvent, now: Instant) -> [Action] {
        guard let tracked = pods[event.uid] else {
            if early.count == Self.earlyEventLimit { early.removeFirst() }
            early.append(event)
            return []
        }
        var event = event
        event.run = tracked.pod.containers.first { $0.name == event.container }?.restarts ?? 0
        pods[event.uid]?.events.removeAll {
            $0.reason == event.reason && $0.container == event.container && $0.volume == event.volume
                && $0.probe == event.probe
        }
        pods[event.uid]?.events.removeAll { event.isUpdate(of: $0) }
        pods[event.uid]?.events.append(event)
        return advance(to: now)
    }

    /// Takes an event that says that a pod of a workload could not be made, or, where it is `nil`, that all can.
    mutating func handleRefusal(_ event: ClusterEvent?, workload: Workload, now: Instant) -> [Action] {
        histories[workload, default: History()].refusal = event.map(PodProblem.refused)
        return advance(to: now)
    }

    /// What was to be told of a workload has been: from now on it can be withdrawn.
    mutating func didTell(_ workload: Workload, now: Instant) -> [Action] {
        histories[workload]?.pending -= 1
        return advance(to: now)
    }

    /// Looks at everything again at a time.
    mutating func advance(to now: Instant) -> [Action] {
        nextDeadline = nil
        var actions: [Action] = []
        let workloads = Set(owners.values).union(histories.keys)
        for workload in workloads.sorted(by: { $0.description < $1.description }) {
            actions += advance(workload, to: now)
        }
        return actions
    }

    private mutating func advance(_ workload: Workload, to now: Instant) -> [Action] {
        let all = pods.values.filter { owners[$0.pod.uid] == workload }.sorted { $0.pod.name < $1.pod.name }
        let members = all.filter { !$0.pod.isTerminating }
        var history = histories[workload] ?? History()
        var problems: [(key: String, since: String, problem: PodProblem, member: Pod?)] = []
        for member in members {
            for problem in current(member, workload, now) {
                problems.append(
                    (
                        "\(member.pod.revision) \(problem.identity)", "\(member.pod.uid) \(problem.identity)", problem,
                        member
                    ))
            }
        }
        if let refusal = history.refusal { problems.append((refusal.identity, refusal.identity, refusal, nil)) }
        history.since = history.since.filter { since in problems.contains { $0.since == since.key } }

        var actions: [Action] = []
        for (key, since, problem, member) in problems where !history.told.contains(key) {
            let first = history.since[since] ?? now
            history.since[since] = first
            guard first + problem.patience <= now else {
                wake(at: first + problem.patience)
                continue
            }
            history.told.insert(key)
            history.states.removeAll { $0 == problem.state }
            history.states.append(problem.state)
            history.number = max(history.number, member?.number ?? podCount + 1)
            history.pending += 1
            actions.append(.tell(problem, workload, pod: member?.pod))
        }
        let running = members.filter { !$0.pod.isFinished }
        let isWell =
            problems.isEmpty && history.pending == 0 && !history.told.isEmpty && !running.isEmpty
            && running.allSatisfy(\.pod.isReady)
        if !isWell {
            history.calmSince = nil
        } else if isOver(&history, running, isEnding: members.count < all.count, now) {
            actions.append(.withdraw(workload, history.states))
            history = History()
        }
        histories[workload] = history
        return actions
    }

    /// Whether what was told of a workload, whose pods are all well, is over. Where only pods are left that were well all
    /// the time, the one that wasn't may be about to be replaced by one that has the same problem.
    private mutating func isOver(_ history: inout History, _ running: [Pod], isEnding: Bool, _ now: Instant) -> Bool {
        if running.contains(where: { $0.number >= history.number }) { return true }
        guard !isEnding else {
            history.calmSince = nil
            return false
        }
        let since = history.calmSince ?? now
        history.calmSince = since
        guard since + Self.recovery > now else { return true }
        wake(at: since + Self.recovery)
        return false
    }

    /// The problems that a pod has now. A container that runs again has its death behind it after a while.
    private mutating func current(_ member: Pod, _ workload: Workload, _ now: Instant) -> [PodProblem] {
        var overcome = member.overcome
        var deadline: Instant?
        for container in member.pod.containers {
            guard let death = container.death, let since = member.runningSince[container.name],
                overcome[container.name] != death.run
            else { continue }
            if since + Self.recovery <= now {
                overcome[container.name] = death.run
            } else {
                deadline = min(deadline ?? since + Self.recovery, since + Self.recovery)
            }
        }
        pods[member.pod.uid]?.overcome = overcome
        if let deadline { wake(at: deadline) }
        let starts = starts[workload] ?? [:]
        return PodProblem.all(of: member.pod, events: member.events) { container, probe in
            // What goes as it always does is no news, and no start is as long as the one before to the second.
            let usual = (starts[container.name] ?? .zero) * 1.5
            let start = max(Self.leastStart, container.probes[probe]?.allowance ?? .zero, usual)
            guard member.readyRun[container.name] == container.restarts else { return start }
            return restarts[container.id].map { $0 + start > now } == true ? start : Self.lapse
        } isOver: { container, death in
            overcome[container.name] == death.run
        }
    }

    private mutating func wake(at instant: Instant) {
        nextDeadline = nextDeadline.map { min($0, instant) } ?? instant
    }
}
