/// What a watch says of one pod.
struct PodEvent: Sendable, Hashable {
    var change: ClusterWatch.Change
    var pod: KubernetesPod
}

/// Follows the state of pods and says whose logs to read. Pure: events in, actions out.
struct PodTracker {
    /// One container of one pod.
    struct Key: Sendable, Hashable {
        var uid: String
        var pod: String
        var namespace: String
        var container: String
        var node: String

        init(_ pod: KubernetesPod, _ container: KubernetesPod.Container) {
            (uid, self.pod, namespace, self.container) = (pod.uid, pod.name, pod.namespace, container.name)
            node = pod.node
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
    }

    private var known: [Key: State] = [:]

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
                actions.append(.follow(key, workload, label: pod.label(of: container), state))
            } else if let before = known[key], before != state {
                known[key] = isGone ? nil : state
                actions.append(.update(key, state))
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
            (state.isRunning, state.isOver, state.isGone) = (false, true, true)
            return .update(key, state)
        }
    }
}
