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
        var events: [ClusterEvent] = []
        /// Since when each container runs without a break.
        var runningSince: [String: Instant] = [:]
        /// The deaths that are past: a container that runs for a while again has got over them.
        var overcome: [String: Int] = [:]
    }

    private struct History {
        /// Since when a problem has been there, by its identity within a rollout.
        var since: [String: Instant] = [:]
        /// The identities that were told.
        var told: Set<String> = []
        /// The states that were told, in order, each once.
        var states: [String] = []
        /// How many messages are being put together.
        var pending = 0
        /// Pods that could not be made, since no pod was.
        var refusal: PodProblem?
    }

    /// A container that died counts as well when it has run this long again.
    private static let recovery = Duration.seconds(5)
    /// An event may come before its pod does: the two are watched apart.
    private static let earlyEventLimit = 64

    private var pods: [String: Pod] = [:]
    private var early: [ClusterEvent] = []
    private var histories: [Workload: History] = [:]
    private var owners: [String: Workload] = [:]

    /// When ``advance(to:)`` has to be called, where nothing else happens before.
    private(set) var nextDeadline: Instant?

    /// Takes what the watch says of a pod of ours.
    mutating func handle(_ event: PodEvent, workload: Workload, now: Instant) -> [Action] {
        let pod = event.pod
        if event.change == .deleted {
            pods[pod.uid] = nil
            owners[pod.uid] = nil
            return advance(to: now)
        }
        if pods[pod.uid] == nil {
            // A pod was made, so none is refused any more.
            histories[workload]?.refusal = nil
            var new = Pod(pod: pod)
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
            // A probe that fails after it succeeded is another matter than the failure before.
            if container.isReady, before?.isReady == false {
                pods[pod.uid]?.events.removeAll { $0.container == container.name && $0.probe != .liveness }
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
        pods[event.uid]?.events.append(event)
        return advance(to: now)
    }

    /// Takes an event that says that a pod of a workload could not be made.
    mutating func handleRefusal(_ event: ClusterEvent, workload: Workload, now: Instant) -> [Action] {
        histories[workload, default: History()].refusal = .refused(event)
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
        let members = pods.values.filter { owners[$0.pod.uid] == workload && !$0.pod.isTerminating }
            .sorted { $0.pod.name < $1.pod.name }
        var history = histories[workload] ?? History()
        var problems: [(key: String, problem: PodProblem, pod: KubernetesPod?)] = []
        for member in members {
            for problem in current(member, now) {
                problems.append(("\(member.pod.revision) \(problem.identity)", problem, member.pod))
            }
        }
        if let refusal = history.refusal { problems.append((refusal.identity, refusal, nil)) }
        history.since = history.since.filter { since in problems.contains { $0.key == since.key } }

        var actions: [Action] = []
        for (key, problem, pod) in problems where !history.told.contains(key) {
            let due = history.since[key, default: now] + problem.patience
            history.since[key] = due - problem.patience
            guard due <= now else {
                wake(at: due)
                continue
            }
            history.told.insert(key)
            history.states.removeAll { $0 == problem.state }
            history.states.append(problem.state)
            history.pending += 1
            actions.append(.tell(problem, workload, pod: pod))
        }
        let running = members.filter { !$0.pod.isFinished }
        if problems.isEmpty, history.pending == 0, !history.told.isEmpty, !running.isEmpty,
            running.allSatisfy(\.pod.isReady)
        {
            actions.append(.withdraw(workload, history.states))
            history = History()
        }
        histories[workload] = history
        return actions
    }

    /// The problems that a pod has now. A container that runs again has its death behind it after a while.
    private mutating func current(_ member: Pod, _ now: Instant) -> [PodProblem] {
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
        return PodProblem.all(of: member.pod, events: member.events) { container, death in
            overcome[container.name] == death.run
        }
    }

    private mutating func wake(at instant: Instant) {
        nextDeadline = nextDeadline.map { min($0, instant) } ?? instant
    }
}
