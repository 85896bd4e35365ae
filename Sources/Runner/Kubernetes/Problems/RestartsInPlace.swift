import Synchronization

/// The containers whose programs were asked to start again in their place: that they are not ready for the time of a
/// start is no failure.
final class RestartsInPlace: Sendable {
    /// Since it was asked, the longest start is over.
    private static let memory = Duration.seconds(3600)

    private let instants = Mutex<[ContainerName: ContinuousClock.Instant]>([:])

    /// The program of a container is about to be started again.
    func note(_ container: ContainerName, at now: ContinuousClock.Instant = .now) {
        instants.withLock { instants in
            instants = instants.filter { $0.value + Self.memory > now }
            instants[container] = now
        }
    }

    /// When that was last.
    var all: [ContainerName: ContinuousClock.Instant] { instants.withLock { $0 } }
}

/// A container of a cluster.
struct ContainerName: Sendable, Hashable {
    var namespace: String
    var pod: String
    var container: String
}
