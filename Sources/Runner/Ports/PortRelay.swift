import Synchronization

/// Listens on ports of this machine and carries what comes there to pods or containers and back, all on one thread.
///
/// A port is listened on for as long as it is asked for, whatever becomes of what is behind it. Nothing is awake while
/// nothing happens.
package final class PortRelay: Sendable {
    private struct State {
        var messages: [RelayMessage] = []
        var isRunning = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let ended = Latest(false)
    private let wake = DescriptorPair.pipe()
    private let tunnels: any TunnelOpening
    private let timing: RelayTiming
    private let onNews: @Sendable (PortNews) -> Void

    /// - Parameter onNews: is told what happens, from any thread, and must not block.
    init(
        tunnels: any TunnelOpening, timing: RelayTiming = RelayTiming(), onNews: @escaping @Sendable (PortNews) -> Void
    ) {
        (self.tunnels, self.timing, self.onNews) = (tunnels, timing, onNews)
        PortSocket.neverBlocks(wake.reading)
        PortSocket.neverBlocks(wake.writing)
    }

    deinit { wake.close() }

    /// These are the ports that are listened on from now on, and where their connections go. Connections that there are
    /// live on until they end by themselves.
    package func set(_ ports: [ForwardedPort]) { send(.ports(ports)) }

    /// Closes all ports, connections and tunnels, and returns after that, also where its task is cancelled. The tunnels'
    /// programs end soon after.
    package func close() async {
        let isRunning = state.withLock { state in
            defer { state.isClosed = true }
            return state.isRunning
        }
        guard isRunning else { return }
        send(.end)
        let ended = ended
        await Task {
            while case let (hasEnded, version) = ended.current, !hasEnded { await ended.changed(since: version) }
        }.value
    }

    private func send(_ message: RelayMessage) {
        let starts = state.withLock { state -> Bool in
            if case .end = message {} else if state.isClosed { return false }
            state.messages.append(message)
            guard !state.isRunning, case .ports(let ports) = message, !ports.isEmpty else { return false }
            state.isRunning = true
            return true
        }
        guard !starts else { return PosixThread.detach { self.run() } }
        let byte: [UInt8] = [0]
        // A pipe that is full wakes it as well.
        _ = byte.withUnsafeBytes { Glue.write(wake.writing, $0) }
    }

    private func run() {
        let loop = RelayLoop(
            wake: wake.reading, opener: tunnels, timing: timing, onNews: onNews,
            send: { [weak self] in self?.send($0) },
            receive: {
                self.state.withLock { state in
                    defer { state.messages = [] }
                    return state.messages
                }
            })
        loop.run()
        ended.set(true)
    }
}

/// What the relay's thread is told by others.
enum RelayMessage: Sendable {
    case ports([ForwardedPort])
    case tunnel(Int, TunnelNews)
    /// Who has a port that is taken.
    case holder(Int, String)
    case end
}
