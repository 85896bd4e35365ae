import Synchronization

/// The containers whose programs were asked to start again in their place, by their ids: that one is not ready for the
/// time of a start is no failure.
final class RestartsInPlace: Sendable {
    /// Since it was asked, the longest start is over.
    private static let memory = Duration.seconds(3600)

    private let instants = Mutex<[String: ContinuousClock.Instant]>([:])

    /// The program of a container is about to be started again.
    func note(_ container: String, at now: ContinuousClock.Instant = .now) {
        instants.withLock { instants in
            instants = instants.filter { $0.value + Self.memory > now }
            instants[container] = now
        }
    }

    /// When that was last.
    var all: [String: ContinuousClock.Instant] { instants.withLock { $0 } }
}
