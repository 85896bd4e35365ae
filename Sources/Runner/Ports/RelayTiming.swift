/// How long a relay waits for what.
struct RelayTiming: Sendable {
    /// For somewhere to go.
    var holding = Duration.seconds(30)
    /// For a container's address to answer.
    var connecting = Duration.seconds(2)
    /// For a tunnel to say where it is.
    var opening = Duration.seconds(8)
    /// For the first bytes to come back through a tunnel, before the tunnel is looked at.
    var silence = Duration.milliseconds(1500)
    /// For an empty connection to come to its end through a tunnel. Of containerd it takes a second: see `RelayTunnel`.
    var probing = Duration.milliseconds(2500)
    /// For a tunnel to say why a connection was closed.
    var verdict = Duration.milliseconds(100)
    /// For another use of a tunnel.
    var idling = Duration.seconds(300)
    /// For a port to become free.
    var taking = Duration.seconds(2)
}
