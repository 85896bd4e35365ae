/// The tunnels: opened when they are needed first, looked at where nothing comes out, closed when they are not needed.
extension RelayLoop {
    /// The tunnel to somewhere, which may yet have to open.
    func tunnel(to backend: PortBackend) -> RelayTunnel {
        if let tunnel = current[backend].flatMap({ tunnels[$0] }) { return tunnel }
        lastNumber += 1
        let (number, send) = (lastNumber, send)
        let handle = opener.open(backend) { send(.tunnel(number, $0)) }
        let tunnel = RelayTunnel(number: number, backend: backend, handle: handle, at: now, timing: timing)
        tunnels[number] = tunnel
        current[backend] = number
        return tunnel
    }

    func tunnel(_ tunnel: RelayTunnel, says news: TunnelNews) {
        switch news {
        case .open(let port):
            tunnel.port = port
            tunnel.openingDeadline = nil
            tunnel.idleSince = now
            let waiting = tunnel.waiting
            tunnel.waiting = []
            for connection in waiting.compactMap({ connections[$0] }) where connection.tunnel === tunnel {
                tunnel.users += 1
                dial(connection, "127.0.0.1", port)
            }
        case .refused:
            // kubectl does not say which. Where several have no answer yet, it may be any of them; somebody may have
            // acted on what the others have sent.
            let users = connections.values.filter { $0.tunnel === tunnel && $0.backend >= 0 && !$0.isSettled }
            for connection in users where users.count == 1 || connection.up.sent == 0 || connection.isRepeatable {
                connection.isRefused = true
                if case .judged = connection.stage { decide(connection) }
            }
        case .ended(let said):
            for port in ports.values where port.plan.knows(tunnel.backend) { port.said = said }
            forget(tunnel)
            for connection in Array(connections.values) where connection.tunnel === tunnel {
                switch connection.stage {
                case .judged: decide(connection)
                case .connecting where connection.backend < 0: failed(connection)
                // Those see it for themselves.
                default: break
                }
            }
        }
    }

    /// Takes a connection out of the tunnel that it went through.
    func leaveTunnel(_ connection: RelayConnection) {
        guard let tunnel = connection.tunnel else { return }
        connection.tunnel = nil
        if tunnel.waiting.contains(connection.id) {
            tunnel.waiting.removeAll { $0 == connection.id }
        } else {
            tunnel.users -= 1
        }
        guard tunnel.isUnused, !tunnel.isOver else { return }
        tunnel.idleSince = now
        tunnel.suspectAt = nil
        if !isKnown(tunnel.backend) || tunnel.isRetired { close(tunnel) }
    }

    /// Ends a tunnel.
    func close(_ tunnel: RelayTunnel) {
        forget(tunnel)
        tunnel.handle.close()
    }

    private func forget(_ tunnel: RelayTunnel) {
        tunnels[tunnel.number] = nil
        tunnel.isOver = true
        if current[tunnel.backend] == tunnel.number { current[tunnel.backend] = nil }
        endProbe(tunnel)
    }

    // MARK: - Tunnels that hang

    /// Nothing has come back yet of what a connection has sent through its tunnel.
    func suspect(_ connection: RelayConnection) {
        guard let tunnel = connection.tunnel, !tunnel.isOver, !tunnel.isRetired, tunnel.suspectAt == nil,
            tunnel.probe < 0
        else { return }
        tunnel.suspectAt = now + tunnel.silence
    }

    /// Something has come out of a connection's tunnel.
    func heard(_ connection: RelayConnection) {
        guard let tunnel = connection.tunnel else { return }
        tunnel.suspectAt = nil
        tunnel.silence = timing.silence
        endProbe(tunnel)
    }

    func timeHasCome(for tunnel: RelayTunnel) {
        if let time = tunnel.openingDeadline, time <= now {
            tunnel.openingDeadline = nil
            tunnel.handle.close()
            return self.tunnel(tunnel, says: .ended("kubectl port-forward has said nothing for some seconds"))
        }
        if let time = tunnel.probeDeadline, time <= now { return replace(tunnel) }
        if let time = tunnel.suspectAt, time <= now {
            tunnel.suspectAt = nil
            let isAwaited = connections.values.contains { $0.tunnel === tunnel && $0.stage == .opening }
            guard isAwaited, let port = tunnel.port else { return }
            tunnel.probe = PortSocket.connect(to: "127.0.0.1", port)
            tunnel.isProbeSent = false
            if tunnel.probe >= 0 { tunnel.probeDeadline = now + timing.probing }
        }
        if tunnel.isUnused, tunnel.port != nil, tunnel.idleSince + timing.idling <= now { close(tunnel) }
    }

    func probeSays(_ tunnel: RelayTunnel, isReadable: Bool) {
        guard tunnel.isProbeSent else {
            PortSocket.endSending(tunnel.probe)
            tunnel.isProbeSent = true
            return
        }
        guard isReadable else { return }
        endProbe(tunnel)
        // It is the server that takes its time. While somebody waits for it, the tunnel is looked at less and less often.
        tunnel.silence = min(tunnel.silence * 2, .seconds(10))
        let isAwaited = connections.values.contains {
            $0.tunnel === tunnel && $0.stage == .opening && $0.up.sent > 0
        }
        if isAwaited { tunnel.suspectAt = now + tunnel.silence }
    }

    private func endProbe(_ tunnel: RelayTunnel) {
        guard tunnel.probe >= 0 else { return }
        PortSocket.reset(tunnel.probe)
        (tunnel.probe, tunnel.probeDeadline, tunnel.isProbeSent) = (-1, nil, false)
    }

    /// Puts another tunnel into the place of one that seems to hang. What nobody can have acted on goes through that; all
    /// else stays: the server may be slow, or have no room for the probe, and whoever is connected is not to be cut off.
    private func replace(_ tunnel: RelayTunnel) {
        endProbe(tunnel)
        tunnel.isRetired = true
        tunnel.suspectAt = nil
        if current[tunnel.backend] == tunnel.number { current[tunnel.backend] = nil }
        for connection in connections.values.filter({ $0.tunnel === tunnel && !$0.isSettled })
        where connection.up.sent == 0 || connection.isRepeatable {
            failed(connection)
        }
        if tunnel.isUnused, !tunnel.isOver { close(tunnel) }
    }
}
