import Synchronization
import TestSupport
import Testing

@testable import Runner

/// A relay with one port, and tunnels that a test opens and ends.
final class RelayRig: Sendable {
    /// Tunnels to where a test says.
    final class Tunnels: TunnelOpening {
        struct Opened: Tunnel {
            let backend: PortBackend
            let onNews: @Sendable (TunnelNews) -> Void
            let onClose: @Sendable () -> Void
            func close() { onClose() }
        }

        let opened = Latest<[Opened]>([])
        let closed = Latest(0)
        private let atOpening: @Sendable (Opened, Int) -> Void

        /// - Parameter atOpening: is handed each tunnel that is opened, and whether it is the first, second, …
        init(_ atOpening: @escaping @Sendable (Opened, Int) -> Void) { self.atOpening = atOpening }

        func open(_ backend: PortBackend, onNews: @escaping @Sendable (TunnelNews) -> Void) -> any Tunnel {
            let tunnel = Opened(backend: backend, onNews: onNews) { [closed] in closed.set(closed.current.value + 1) }
            opened.set(opened.current.value + [tunnel])
            atOpening(tunnel, opened.current.value.count)
            return tunnel
        }
    }

    let port: Int
    let relay: PortRelay
    let tunnels: Tunnels
    let news = Latest<[PortNews]>([])

    init(
        port: Int = TCP.freePort(), timing: RelayTiming = RelayTiming(),
        tunnels: @escaping @Sendable (Tunnels.Opened, Int) -> Void = { _, _ in Issue.record("nobody expected a tunnel")
        }
    ) {
        self.port = port
        let (opener, news) = (Tunnels(tunnels), news)
        self.tunnels = opener
        relay = PortRelay(tunnels: opener, timing: timing) { new in news.set(news.current.value + [new]) }
    }

    /// Has connections go to these ports of 127.0.0.1.
    func serve(_ ports: Int...) async {
        relay.set([
            ForwardedPort(
                port: port,
                ready: ports.map { PortBackend(id: "\($0)", place: .address("127.0.0.1"), port: $0) })
        ])
        _ = await told { $0 == .listening(self.port) }
    }

    /// Has connections go through a tunnel to a pod.
    func serve(pods: String..., coming: [String] = []) async {
        func backend(_ name: String) -> PortBackend {
            PortBackend(id: name, place: .pod(name, namespace: "default"), port: 80)
        }
        relay.set([ForwardedPort(port: port, ready: pods.map(backend), coming: coming.map(backend))])
        _ = await told { $0 == .listening(self.port) }
    }

    /// Waits for news.
    func told(_ isMeant: (PortNews) -> Bool) async -> PortNews? {
        while !Task.isCancelled {
            let (all, version) = news.current
            if let found = all.first(where: isMeant) { return found }
            await news.changed(since: version)
        }
        return nil
    }
}
