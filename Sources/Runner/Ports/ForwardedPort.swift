/// Where connections of a port of this machine may go: a port of a pod, or of a container.
package struct PortBackend: Sendable, Hashable {
    /// How it is reached.
    package enum Place: Sendable, Hashable {
        /// A pod, through a ``PodTunnel``.
        case pod(String, namespace: String)
        /// An address that connects directly. What is connected to it ends with it.
        case address(String)
    }

    /// Tells the pod or container from every other one, also from the one that had its name before.
    package var id: String
    package var place: Place
    package var port: Int

    package init(id: String, place: Place, port: Int) {
        (self.id, self.place, self.port) = (id, place, port)
    }
}

/// A port of this machine that devloop listens on, and where its connections go.
package struct ForwardedPort: Sendable, Hashable {
    package var port: Int
    /// Those that take connections now; connections are spread over them. While there is none, they are held.
    package var ready: [PortBackend]
    /// Those that may soon.
    package var coming: [PortBackend]

    package init(port: Int, ready: [PortBackend] = [], coming: [PortBackend] = []) {
        (self.port, self.ready, self.coming) = (port, ready, coming)
    }
}

/// What happens to ports of this machine.
package enum PortNews: Sendable, Hashable {
    /// It is listened on from now on.
    case listening(Int)
    /// It is another program's; told once, and tried again until it is free.
    case taken(Int, by: String)
    /// It can't be listened on: why. Told once, and tried again.
    case denied(Int, String)
    /// A connection was held for as long as one is, and closed; told once until another one is answered. Whether somebody
    /// was ready and refused it, and what the way there had to say.
    case unanswered(Int, isRefused: Bool, said: String?)
}
