#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a ``PortRelay`` does on its thread: waits for what happens, and does what follows from it.
///
/// `poll` is asked about every descriptor each time: of 400 that costs some twenty microseconds, and none that has
/// nothing to say is looked at otherwise.
final class RelayLoop {
    private enum Source {
        case wake
        case listener(RelayPort, Int32)
        case client(RelayConnection)
        /// With the number of its dial: what it is connected to may be another by then, and have the same descriptor.
        case backend(RelayConnection, dial: Int)
        case probe(RelayTunnel)
    }

    let opener: any TunnelOpening
    let timing: RelayTiming
    let onNews: @Sendable (PortNews) -> Void
    let send: @Sendable (RelayMessage) -> Void
    private let wake: Int32
    private let receive: () -> [RelayMessage]

    var now = RelayLoop.time
    var ports: [Int: RelayPort] = [:]
    var connections: [Int: RelayConnection] = [:]
    var tunnels: [Int: RelayTunnel] = [:]
    /// The tunnel that new connections take.
    var current: [PortBackend: Int] = [:]
    /// Where bytes are on their way from one socket to the other.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
    var lastNumber = 0
    /// How many connections there may be: each takes two descriptors, and programs have to be started too.
    private let connectionLimit = max(32, (Descriptors.raisedLimit - 256) / 2)
    private var isEnding = false
    private var polls: [pollfd] = []
    private var sources: [Source] = []

    init(
        wake: Int32, opener: any TunnelOpening, timing: RelayTiming, onNews: @escaping @Sendable (PortNews) -> Void,
        send: @escaping @Sendable (RelayMessage) -> Void, receive: @escaping () -> [RelayMessage]
    ) {
        (self.wake, self.opener, self.timing, self.onNews) = (wake, opener, timing, onNews)
        (self.send, self.receive) = (send, receive)
    }

    deinit { buffer.deallocate() }

    private static var time: Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    func run() {
        handleMessages()
        while !isEnding {
            gather()
            let status = poll(&polls, nfds_t(polls.count), timeout)
            now = Self.time
            if status > 0 { handle() }
            handleTimes()
        }
        for connection in Array(connections.values) { drop(connection, resets: true) }
        for port in ports.values { port.close() }
        for tunnel in Array(tunnels.values) { close(tunnel) }
    }

    // MARK: - Waiting

    private func gather() {
        polls.removeAll(keepingCapacity: true)
        sources.removeAll(keepingCapacity: true)
        add(.wake, wake, POLLIN)
        // What can't be let in waits in the kernel.
        for port in ports.values where port.pausedUntil == nil && connections.count < connectionLimit {
            for listener in port.listeners { add(.listener(port, listener), listener, POLLIN) }
        }
        for connection in connections.values {
            let fromClient = connection.readsClient ? POLLIN : 0
            let toClient = connection.down.isEmpty ? 0 : POLLOUT
            // One that is gone while it is held is noticed though nothing is wanted of it.
            if !connection.isSettled || fromClient | toClient != 0 {
                add(.client(connection), connection.client, fromClient | toClient)
            }
            guard connection.backend >= 0 else { continue }
            switch connection.stage {
            case .held, .judged: break
            case .connecting: add(.backend(connection, dial: connection.dials), connection.backend, POLLOUT)
            case .opening, .settled:
                let wanted =
                    (!connection.down.hasEnded && connection.down.isEmpty ? POLLIN : 0)
                    | (connection.up.isEmpty || connection.up.isShut ? 0 : POLLOUT)
                if wanted != 0 { add(.backend(connection, dial: connection.dials), connection.backend, wanted) }
            }
        }
        for tunnel in tunnels.values where tunnel.probe >= 0 {
            add(.probe(tunnel), tunnel.probe, tunnel.isProbeSent ? POLLIN : POLLOUT)
        }
    }

    private func add(_ source: Source, _ descriptor: Int32, _ events: Int32) {
        polls.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
        sources.append(source)
    }

    /// For `poll`: milliseconds, -1 for ever.
    private var timeout: Int32 {
        guard let deadline else { return -1 }
        let left = max(deadline - now, .zero).components
        return Int32(clamping: left.seconds * 1000 + (left.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    private var deadline: Duration? {
        var first: Duration?
        func take(_ time: Duration?) {
            if let time, first.map({ time < $0 }) ?? true { first = time }
        }
        for port in ports.values {
            take(port.plan.deadline)
            take(port.retryAt)
            take(port.pausedUntil)
        }
        for connection in connections.values where !connection.isSettled {
            take(connection.connectDeadline)
            if case .judged(let time) = connection.stage { take(time) }
        }
        for tunnel in tunnels.values { take(tunnel.deadline(timing)) }
        return first
    }

    // MARK: - What happened

    private func handle() {
        for (index, source) in sources.enumerated() {
            let events = Int32(polls[index].revents)
            guard events != 0 else { continue }
            let isReadable = events & (POLLIN | POLLHUP | POLLERR) != 0
            let isWritable = events & (POLLOUT | POLLHUP | POLLERR) != 0
            switch source {
            case .wake:
                while case .bytes = PortSocket.read(wake, into: buffer) {}
                handleMessages()
            case .listener(let port, let listener):
                guard ports[port.number] === port, port.listeners.contains(listener) else { continue }
                accept(from: listener, of: port)
            case .client(let connection):
                // What was done for another one may have ended it.
                guard connections[connection.id] === connection else { continue }
                if !connection.isSettled, events & (POLLHUP | POLLERR) != 0,
                    PortSocket.failure(of: connection.client) != 0
                {
                    drop(connection, resets: true)
                    continue
                }
                if isWritable, !connection.down.isEmpty { flushDown(connection) }
                if isReadable, connections[connection.id] === connection { readClient(connection) }
            case .backend(let connection, let dial):
                guard connections[connection.id] === connection, connection.backend >= 0, connection.dials == dial
                else {
                    continue
                }
                if connection.stage == .connecting {
                    connected(connection)
                } else {
                    if isWritable, !connection.up.isEmpty { flushUp(connection) }
                    if isReadable, connections[connection.id] === connection { readBackend(connection) }
                }
            case .probe(let tunnel):
                guard tunnels[tunnel.number] === tunnel, tunnel.probe == polls[index].fd else { continue }
                probeSays(tunnel, isReadable: isReadable)
            }
        }
    }

    private func handleMessages() {
        for message in receive() {
            switch message {
            case .ports(let ports): set(ports)
            case .tunnel(let number, let news): tunnels[number].map { tunnel($0, says: news) }
            case .holder(let number, let name):
                // It may be free by now.
                if let port = ports[number], port.isToldTaken { onNews(.taken(number, by: name)) }
            case .end: isEnding = true
            }
        }
    }

    private func handleTimes() {
        for port in Array(ports.values) {
            if let time = port.retryAt, time <= now { open(port) }
            if let time = port.pausedUntil, time <= now { port.pausedUntil = nil }
            if let time = port.plan.deadline, time <= now { perform(port.plan.woke(at: now), on: port) }
        }
        for connection in Array(connections.values) where !connection.isSettled {
            if let time = connection.connectDeadline, time <= now { failed(connection) }
            if case .judged(let time) = connection.stage, time <= now { decide(connection) }
        }
        for tunnel in Array(tunnels.values) {
            if let time = tunnel.deadline(timing), time <= now { timeHasCome(for: tunnel) }
        }
    }

    // MARK: - Ports

    private func set(_ new: [ForwardedPort]) {
        let numbers = Set(new.map(\.port))
        for (number, port) in ports where !numbers.contains(number) {
            ports[number] = nil
            port.close()
            for connection in Array(connections.values) where connection.port == number && !connection.isSettled {
                drop(connection, resets: false)
            }
        }
        for forwarded in new {
            let port =
                ports[forwarded.port] ?? RelayPort(number: forwarded.port, plan: PortPlan(patience: timing.holding))
            if ports.updateValue(port, forKey: forwarded.port) == nil { open(port) }
            perform(port.plan.changed(ready: forwarded.ready, coming: forwarded.coming, at: now), on: port)
        }
        // What is connected to an address that is gone hears no more of it.
        for connection in Array(connections.values) where connection.isSettled {
            if let place = connection.place, case .address = place.place, !isKnown(place) {
                drop(connection, resets: true)
            }
        }
        for tunnel in Array(tunnels.values) where tunnel.isUnused && !isKnown(tunnel.backend) { close(tunnel) }
    }

    func isKnown(_ backend: PortBackend) -> Bool { ports.values.contains { $0.plan.knows(backend) } }

    private func open(_ port: RelayPort) {
        port.retryAt = nil
        guard let reason = port.listen() else {
            port.isToldTaken = false
            return onNews(.listening(port.number))
        }
        port.retryAt = now + timing.taking
        guard !port.isToldTaken else { return }
        port.isToldTaken = true
        let (number, send) = (port.number, send)
        guard reason == EADDRINUSE else { return onNews(.denied(number, String(cString: strerror(reason)))) }
        // Who that is takes a look at every process.
        PosixThread.detach { send(.holder(number, PortHolder.name(of: number))) }
    }

    private func accept(from listener: Int32, of port: RelayPort) {
        for _ in 0..<64 where connections.count < connectionLimit {
            let client = PortSocket.accept(from: listener)
            guard client >= 0 else {
                // For want of descriptors it would be asked again and again.
                if errno == EMFILE || errno == ENFILE { port.pausedUntil = now + .milliseconds(100) }
                return
            }
            lastNumber += 1
            connections[lastNumber] = RelayConnection(id: lastNumber, port: port.number, client: client)
            perform(port.plan.accepted(lastNumber, at: now), on: port)
        }
    }

    /// Does what the plan of a port wants done.
    func perform(_ actions: [PortPlan.Action], on port: RelayPort) {
        for action in actions {
            switch action {
            case .connect(let id, let backend): if let connection = connections[id] { connect(connection, to: backend) }
            case .abandon(let id): if let connection = connections[id] { abandon(connection) }
            case .prepare(let backend):
                if case .pod = backend.place { _ = tunnel(to: backend) }
            case .close(let id):
                guard let connection = connections[id] else { continue }
                drop(connection, resets: false)
                if !port.isToldUnanswered {
                    onNews(.unanswered(port.number, isRefused: port.plan.isServed, said: port.said))
                }
                port.isToldUnanswered = true
            }
        }
    }
}

/// A port that is listened on. Lives on the relay's thread.
final class RelayPort {
    let number: Int
    var plan: PortPlan
    private(set) var listeners: [Int32] = []
    /// When it is tried again to listen.
    var retryAt: Duration?
    /// Until when nobody is let in.
    var pausedUntil: Duration?
    var isToldTaken = false
    var isToldUnanswered = false
    /// The last that the way there had to say.
    var said: String?

    init(number: Int, plan: PortPlan) { (self.number, self.plan) = (number, plan) }

    /// Listens on both loopback addresses; a machine without IPv6 has one.
    /// - Returns: why that can't be, as `errno` has it; `nil` where it can.
    func listen() -> Int32? {
        close()
        for isIPv6 in [false, true] {
            let (descriptor, reason) = PortSocket.listen(on: number, isIPv6: isIPv6)
            if descriptor >= 0 {
                listeners.append(descriptor)
            } else if !isIPv6 || ![EADDRNOTAVAIL, EAFNOSUPPORT].contains(reason) {
                close()
                return reason
            }
        }
        return nil
    }

    func close() {
        for listener in listeners { _ = Glue.close(listener) }
        listeners = []
    }
}
