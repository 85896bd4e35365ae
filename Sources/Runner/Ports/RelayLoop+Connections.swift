/// One connection, from its being accepted to its end.
extension RelayLoop {
    // MARK: - Where it goes

    func connect(_ connection: RelayConnection, to backend: PortBackend) {
        connection.place = backend
        connection.stage = .connecting
        switch backend.place {
        case .address(let host): dial(connection, host, backend.port)
        case .pod:
            let tunnel = tunnel(to: backend)
            connection.tunnel = tunnel
            guard let port = tunnel.port else { return tunnel.waiting.append(connection.id) }
            tunnel.users += 1
            dial(connection, "127.0.0.1", port)
        }
    }

    func dial(_ connection: RelayConnection, _ host: String, _ port: Int) {
        connection.dials += 1
        connection.backend = PortSocket.connect(to: host, port)
        guard connection.backend >= 0 else { return failed(connection) }
        connection.connectDeadline = now + timing.connecting
    }

    func connected(_ connection: RelayConnection) {
        guard PortSocket.failure(of: connection.backend) == 0 else { return failed(connection) }
        connection.connectDeadline = nil
        connection.stage = .opening
        ports[connection.port]?.plan.connected(connection.id, at: now)
        suspect(connection)
        flushUp(connection)
    }

    /// It could not be connected, or nobody took what was sent.
    func failed(_ connection: RelayConnection) {
        leave(connection)
        guard let port = ports[connection.port] else { return drop(connection, resets: true) }
        perform(port.plan.failed(connection.id, at: now), on: port)
    }

    /// What it went to is gone.
    func abandon(_ connection: RelayConnection) {
        if connection.stage == .opening, connection.up.sent > 0, !connection.isRepeatable {
            return drop(connection, resets: true)
        }
        leave(connection)
    }

    /// Takes it back from where it went, with all that its client has sent.
    private func leave(_ connection: RelayConnection) {
        if connection.backend >= 0 { PortSocket.reset(connection.backend) }
        connection.backend = -1
        connection.connectDeadline = nil
        connection.stage = .held
        connection.place = nil
        connection.isRefused = false
        (connection.up.sent, connection.up.isShut) = (0, false)
        connection.down = .init()
        leaveTunnel(connection)
    }

    /// Ends it. The client sees a reset, or an end.
    func drop(_ connection: RelayConnection, resets: Bool) {
        connections[connection.id] = nil
        for descriptor in [connection.client, connection.backend] where descriptor >= 0 {
            if resets { PortSocket.reset(descriptor) } else { _ = Glue.close(descriptor) }
        }
        leaveTunnel(connection)
        guard !connection.isSettled, let port = ports[connection.port] else { return }
        perform(port.plan.vanished(connection.id, at: now), on: port)
    }

    // MARK: - From the client

    func readClient(_ connection: RelayConnection) {
        guard connection.readsClient else { return }
        guard !connection.isSettled else { return carry(connection, isUp: true) }
        let room = RelayConnection.openingLimit - connection.up.pending.count
        switch PortSocket.read(connection.client, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<room])) {
        case .wait: return
        case .broken: return drop(connection, resets: true)
        case .bytes(let count): connection.up.pending += buffer[..<count]
        case .end:
            connection.up.hasEnded = true
            // Somebody only looked whether anybody listens.
            if connection.up.pending.isEmpty, connection.stage != .opening { return drop(connection, resets: false) }
        }
        if connection.stage == .opening { flushUp(connection) }
    }

    func flushUp(_ connection: RelayConnection) {
        guard !connection.up.isShut else { return }
        if !connection.up.isEmpty {
            let isFirst = connection.up.sent == 0
            let rest = connection.up.pending[connection.up.sent...]
            switch rest.withUnsafeBytes({ PortSocket.write($0, to: connection.backend) }) {
            case .bytes(let count): connection.up.sent += count
            case .wait, .end: return
            case .broken: return endUp(connection)
            }
            if isFirst, !connection.isSettled { suspect(connection) }
        }
        guard connection.up.isEmpty else { return }
        if connection.isSettled {
            connection.up.clear()
        } else if connection.up.pending.count >= RelayConnection.openingLimit {
            // There is no more room to keep what it sends.
            settle(connection)
        }
        passEnd(connection, isUp: true)
    }

    /// Nobody takes what the client sends any more. What there is to be read for it is read all the same.
    private func endUp(_ connection: RelayConnection) {
        if connection.isSettled { connection.up.clear() }
        connection.up.isShut = true
        if connection.isDone { drop(connection, resets: false) }
    }

    // MARK: - To the client

    func readBackend(_ connection: RelayConnection) {
        guard !connection.down.hasEnded, connection.down.isEmpty else { return }
        guard !connection.isSettled else { return carry(connection, isUp: false) }
        switch PortSocket.read(connection.backend, into: buffer) {
        case .wait: return
        case .end: judge(connection, wasReset: false)
        case .broken: judge(connection, wasReset: true)
        case .bytes(let count):
            answered(connection)
            settle(connection)
            if pass(UnsafeRawBufferPointer(rebasing: buffer[..<count]), connection, isUp: false),
                count == buffer.count
            {
                carry(connection, isUp: false)
            }
        }
    }

    func flushDown(_ connection: RelayConnection) {
        let rest = connection.down.pending[connection.down.sent...]
        switch rest.withUnsafeBytes({ PortSocket.write($0, to: connection.client) }) {
        case .bytes(let count): connection.down.sent += count
        case .wait, .end: return
        case .broken: return drop(connection, resets: true)
        }
        guard connection.down.isEmpty else { return }
        connection.down.clear()
        passEnd(connection, isUp: false)
    }

    // MARK: - Both ways

    /// Carries what is there, for a while.
    private func carry(_ connection: RelayConnection, isUp: Bool) {
        for _ in 0..<8 {
            switch PortSocket.read(isUp ? connection.client : connection.backend, into: buffer) {
            case .wait: return
            case .broken: return drop(connection, resets: true)
            case .end:
                if isUp { connection.up.hasEnded = true } else { connection.down.hasEnded = true }
                return passEnd(connection, isUp: isUp)
            case .bytes(let count):
                if !isUp { heard(connection) }
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                // Where there is more, `poll` says so.
                guard pass(bytes, connection, isUp: isUp), count == buffer.count else { return }
            }
        }
    }

    /// Sends on what was read, and keeps what can't be taken now.
    /// - Returns: whether all of it was sent.
    private func pass(_ bytes: UnsafeRawBufferPointer, _ connection: RelayConnection, isUp: Bool) -> Bool {
        var sent = 0
        switch PortSocket.write(bytes, to: isUp ? connection.backend : connection.client) {
        case .bytes(let count): sent = count
        case .wait, .end: break
        case .broken:
            if isUp { endUp(connection) } else { drop(connection, resets: true) }
            return false
        }
        guard sent < bytes.count else { return true }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
        if isUp { connection.up.keep(rest) } else { connection.down.keep(rest) }
        return false
    }

    /// Tells one side that the other has sent everything.
    private func passEnd(_ connection: RelayConnection, isUp: Bool) {
        let flow = isUp ? connection.up : connection.down
        guard flow.hasEnded, flow.isEmpty, !flow.isShut else { return }
        PortSocket.endSending(isUp ? connection.backend : connection.client)
        if isUp { connection.up.isShut = true } else { connection.down.isShut = true }
        if connection.isDone { drop(connection, resets: false) }
    }

    /// From now on nothing that was sent is kept, and it goes nowhere else.
    private func settle(_ connection: RelayConnection) {
        guard !connection.isSettled else { return }
        let rest = Array(connection.up.pending[connection.up.sent...])
        (connection.up.pending, connection.up.sent) = (rest, 0)
        connection.stage = .settled
        guard let port = ports[connection.port] else { return }
        perform(port.plan.settled(connection.id, at: now), on: port)
    }

    /// Something has come back: all is well with where it goes.
    private func answered(_ connection: RelayConnection) {
        heard(connection)
        ports[connection.port]?.isToldUnanswered = false
        ports[connection.port]?.said = nil
    }

    // MARK: - Closed without a word

    /// Where it went has closed it before anything came back. A tunnel may have yet to say why.
    private func judge(_ connection: RelayConnection, wasReset: Bool) {
        connection.wasReset = wasReset
        guard let tunnel = connection.tunnel, !connection.isRefused, !tunnel.isOver else { return decide(connection) }
        connection.stage = .judged(until: now + timing.verdict)
    }

    /// What nobody has read goes elsewhere, or there again; so does once what may be read twice: a container that dies
    /// over a request is not given it for ever. Anything else the client has to know.
    func decide(_ connection: RelayConnection) {
        if connection.isRefused { return failed(connection) }
        let isOver = connection.up.hasEnded && connection.up.pending.isEmpty
        if !isOver, connection.isRepeatable, let place = connection.place,
            connection.repeats[place, default: 0] < RelayConnection.repeatLimit
        {
            connection.repeats[place, default: 0] += 1
            return failed(connection)
        }
        guard !connection.wasReset else { return drop(connection, resets: true) }
        settle(connection)
        connection.down.hasEnded = true
        passEnd(connection, isUp: false)
    }
}
