import Synchronization

/// The containers that devloop itself ends: their ends are no news, and they are removed in the background.
final class Retirements: Sendable {
    private struct State {
        /// The containers, and the instances of pods, that devloop itself ends.
        var retired: Set<String> = []
        /// Those of them whose end a new pod waits for, with the seconds that they have for it.
        var awaited: [String: Int] = [:]
        /// Those of them that are being removed.
        var removing: Set<String> = []
        var removals: [Int: Task<Void, Never>] = [:]
        var removalCount = 0
    }

    private let state = Mutex(State())
    private let pods: DockerPodRunner

    init(pods: DockerPodRunner) { self.pods = pods }

    /// Whether devloop ends a container, by its id or by its pod's instance.
    func contains(_ id: String) -> Bool { state.withLock { $0.retired.contains(id) } }

    /// What devloop itself has to do with the end of a container.
    func retirement(of container: FollowedContainer) -> ContainerRetirement {
        state.withLock { state in
            if let grace = state.awaited[container.id] { return .awaited(grace: grace) }
            return state.retired.contains(container.id) || state.retired.contains(container.instance)
                ? .inBackground : .none
        }
    }

    /// The end of a pod's containers is devloop's doing.
    func insert(instance: String) { state.withLock { _ = $0.retired.insert(instance) } }

    /// The end of these containers is devloop's doing.
    /// - Parameter grace: the seconds that they have for it, where a new pod waits for it.
    func insert(_ containers: [ListedContainer], awaitedFor grace: Int? = nil) {
        state.withLock { state in
            for container in containers {
                state.retired.insert(container.id)
                if let grace { state.awaited[container.id] = grace }
            }
        }
    }

    /// These containers go on.
    func remove(_ containers: [ListedContainer]) {
        state.withLock { state in
            for container in containers {
                state.retired.remove(container.id)
                state.awaited[container.id] = nil
            }
        }
    }

    /// Stops containers and removes them in the background.
    func retire(_ containers: [ListedContainer]) {
        insert(containers)
        state.withLock { state in
            let fresh = containers.filter { state.removing.insert($0.id).inserted }
            guard !fresh.isEmpty else { return }
            state.removalCount += 1
            let number = state.removalCount
            state.removals[number] = Task {
                await pods.remove(fresh)
                self.state.withLock { state in
                    state.removals[number] = nil
                    state.removing.subtract(fresh.map(\.id))
                }
            }
        }
    }

    /// Returns when everything is removed that was being removed.
    func finish() async {
        for removal in state.withLock({ Array($0.removals.values) }) { await removal.value }
    }

    /// Removes nothing more.
    func cancel() {
        for removal in state.withLock({ Array($0.removals.values) }) { removal.cancel() }
    }
}
