/// What a watch says of one pod.
struct PodEvent: Sendable, Hashable {
    enum Change: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }

    var change: Change
    var pod: KubernetesPod
}

/// Puts the lines of `kubectl get --watch --output-watch-events -o json` together to events. kubectl prints one on a
/// line, or indents it, and then only a document's last line is a bare brace.
struct PodEventDecoder {
    private var document: [UInt8] = []

    /// Takes the next line; returns the event that it ends.
    mutating func append(_ line: [UInt8]) -> PodEvent? {
        let isWhole = document.isEmpty && line.count > 1 && line.last == UInt8(ascii: "}")
        document += line
        document.append(0x0A)
        guard isWhole || line == [UInt8(ascii: "}")] else { return nil }
        defer { document.removeAll() }
        guard let json = try? JSONParser.parse(document), let object = json["object"], let pod = KubernetesPod(object),
            let change = json["type"]?.string.flatMap(PodEvent.Change.init)
        else { return nil }
        return PodEvent(change: change, pod: pod)
    }
}

/// Follows the state of pods and says whose logs to read and what to tell of them. Pure: events in, actions out.
struct PodTracker {
    /// One container of one pod.
    struct Key: Sendable, Hashable {
        var uid: String
        var pod: String
        var namespace: String
        var container: String

        init(_ pod: KubernetesPod, _ container: KubernetesPod.Container) {
            (uid, self.pod, namespace, self.container) = (pod.uid, pod.name, pod.namespace, container.name)
        }
    }

    /// What a reader of its log has to know of a container.
    struct State: Sendable, Hashable {
        var restarts: Int
        var isRunning: Bool
        /// No line will come any more.
        var isOver: Bool
        /// The pod was deleted: its name means nothing any more, or another pod.
        var isGone = false
    }

    enum Action: Sendable, Hashable {
        /// A container has started whose log nobody reads yet.
        case follow(Key, Workload, label: String?, State)
        /// The state of a container whose log is read.
        case update(Key, State)
        case notice(Workload, String)
    }

    private var known: [Key: State] = [:]
    private var told: [Key: String] = [:]

    /// Takes an event of a pod that belongs to a workload of ours.
    mutating func handle(_ event: PodEvent, workload: Workload) -> [Action] {
        let pod = event.pod
        let isGone = event.change == .deleted
        var actions = endPredecessors(of: pod)
        for container in pod.containers {
            let key = Key(pod, container)
            let state = State(
                restarts: container.restarts, isRunning: container.isRunning && !isGone,
                isOver: isGone || pod.isFinished || (pod.isTerminating && !container.isRunning),
                isGone: isGone)
            if known[key] == nil, container.hasStarted, !isGone {
                known[key] = state
                // A single container needs no name beside its workload's.
                let label = pod.containers.count == 1 ? nil : container.name
                actions.append(.follow(key, workload, label: label, state))
            } else if let before = known[key], before != state {
                known[key] = isGone ? nil : state
                actions.append(.update(key, state))
            }
            if let notice = notice(container, pod: pod, key: key, isGone: isGone) {
                actions.append(.notice(workload, notice))
            }
        }
        return actions
    }

    /// A pod of a StatefulSet, or one that was replaced, has the name of the one before it, whose deletion nobody told
    /// if the watch was broken at that moment.
    private mutating func endPredecessors(of pod: KubernetesPod) -> [Action] {
        let keys = known.keys.filter { $0.pod == pod.name && $0.namespace == pod.namespace && $0.uid != pod.uid }
        return keys.sorted { $0.container < $1.container }.compactMap { key in
            guard var state = known.removeValue(forKey: key) else { return nil }
            told[key] = nil
            (state.isRunning, state.isOver, state.isGone) = (false, true, true)
            return .update(key, state)
        }
    }

    /// A state that somebody has to do something about, told once for as long as it lasts.
    private mutating func notice(
        _ container: KubernetesPod.Container, pod: KubernetesPod, key: Key, isGone: Bool
    ) -> String? {
        guard !isGone, !pod.isTerminating else {
            told[key] = nil
            return nil
        }
        let problem = PodProblem.describe(container, of: pod)
        defer { told[key] = problem?.identity }
        guard let problem, told[key] != problem.identity else { return nil }
        return problem.text
    }
}

/// A state of a container that keeps its pod from becoming ready, in words.
struct PodProblem: Sendable, Hashable {
    /// Stays the same while the problem is the same.
    var identity: String
    /// State, reason and what to do.
    var text: String

    /// The problem that a container has; `nil` for one that is well or on its way.
    static func describe(_ container: KubernetesPod.Container, of pod: KubernetesPod) -> PodProblem? {
        if let message = pod.unschedulable, container.name == pod.containers.first?.name {
            return PodProblem(identity: "Unschedulable", text: "pod \(pod.name) finds no node: \(message)")
        }
        guard let (reason, message) = container.waiting else { return nil }
        switch reason {
        case "ContainerCreating", "PodInitializing", "": return nil
        case "ErrImagePull", "ImagePullBackOff":
            // The two alternate for as long as the pull fails.
            guard reason == "ErrImagePull" || message.isEmpty == false else { return nil }
            return PodProblem(
                identity: "pull", text: "the image \(container.image) cannot be pulled (\(reason)): \(message)")
        case "CrashLoopBackOff":
            return PodProblem(
                identity: "crash \(container.restarts)",
                text: "container \(container.name) keeps crashing (\(container.lastEnd ?? "no exit code"), restarted "
                    + "\(container.restarts) times): its last lines are above")
        case "CreateContainerConfigError":
            return PodProblem(
                identity: reason,
                text:
                    "container \(container.name) cannot be created, something that it refers to is missing: \(message)")
        default:
            return PodProblem(identity: reason, text: "container \(container.name): \(reason): \(message)")
        }
    }
}
