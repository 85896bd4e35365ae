/// A tunnel as the relay knows it. Lives on the relay's thread.
///
/// A tunnel hangs where kubectl does not run on, or its connection to the cluster is dead and nobody has noticed. A
/// server that takes its time, or says nothing before it is asked, looks just the same from here. What tells them apart
/// is a connection of our own through the tunnel on which we say at once that nothing is to come: kubectl passes that
/// on, the pod's end closes what stays silent (containerd a second after one side has ended, as socat did before it),
/// and that comes back, whatever the server does. It is made where nothing has come back for ``RelayTiming/silence`` on
/// a connection that has seen no byte yet, and never for one that is idle later.
final class RelayTunnel {
    let number: Int
    let backend: PortBackend
    let handle: any Tunnel
    /// Where it is, once it is open.
    var port: Int?
    /// The connections that wait for it to be open.
    var waiting: [Int] = []
    /// How many connections go through it.
    var users = 0
    var isOver = false
    /// Whether another one takes its place: it ends with its last connection.
    var isRetired = false
    /// Since when nobody uses it.
    var idleSince: Duration
    /// When it must have said where it is.
    var openingDeadline: Duration?
    /// When it is looked at.
    var suspectAt: Duration?
    /// How long it may be silent the next time.
    var silence: Duration
    /// Our own connection through it, and when that must have come to its end.
    var probe: Int32 = -1
    var probeDeadline: Duration?
    /// Whether it has been said on it that nothing is to come.
    var isProbeSent = false

    init(number: Int, backend: PortBackend, handle: any Tunnel, at now: Duration, timing: RelayTiming) {
        (self.number, self.backend, self.handle) = (number, backend, handle)
        idleSince = now
        openingDeadline = now + timing.opening
        silence = timing.silence
    }

    var isUnused: Bool { users == 0 && waiting.isEmpty }

    /// When something is to be done about it.
    func deadline(_ timing: RelayTiming) -> Duration? {
        [openingDeadline, suspectAt, probeDeadline, isUnused && port != nil ? idleSince + timing.idling : nil]
            .compactMap { $0 }.min()
    }
}
