/// Where the connections of one port go, and which are held. Pure: what happens in, what is to be done out.
///
/// A connection is the plan's concern until the first bytes have come back on it: until then it can go elsewhere without
/// that its client sees anything of it. Times are counted from any moment on.
struct PortPlan: Sendable {
    enum Action: Sendable, Hashable {
        case connect(Int, PortBackend)
        /// Give up what was begun: what it went to is gone.
        case abandon(Int)
        /// It was held for long enough.
        case close(Int)
        /// Make the way there now: somebody is likely to need it.
        case prepare(PortBackend)
    }

    /// What is known of somewhere to go.
    private struct Health {
        /// Whether something has come back from it, or a connection has lasted for a while.
        var isProven = false
        /// The connection that tries it while others wait: where nobody listens yet, one failure is enough.
        var scout: Int?
        var isProvenAt: Duration?
        var pausedUntil: Duration?
        var backoff = PortPlan.backoff
    }

    private struct Held {
        var since: Duration
        var backend: PortBackend?
        var connectedAt: Duration?
    }

    /// How long a connection is held.
    let patience: Duration
    /// How long after its last use a port is likely to be used again.
    static let memory = Duration.seconds(300)
    /// How long a connection must have lasted without an answer for others to be let through.
    static let probation = Duration.milliseconds(250)
    private static let shortPause = Duration.milliseconds(50)
    private static let backoff = Backoff(first: .milliseconds(100), limit: .seconds(1))

    private var ready: [PortBackend] = []
    private var coming: [PortBackend] = []
    private var health: [PortBackend: Health] = [:]
    private var held: [Int: Held] = [:]
    private var turn = 0
    private var lastUse: Duration?

    init(patience: Duration = .seconds(30)) { self.patience = patience }

    /// Whether something is there that takes connections.
    var isServed: Bool { !ready.isEmpty }

    /// Whether somewhere to go is, or may become, one that takes connections.
    func knows(_ backend: PortBackend) -> Bool { ready.contains(backend) || coming.contains(backend) }

    /// When ``woke(at:)`` is due.
    var deadline: Duration? {
        let ends = held.values.filter { $0.connectedAt == nil }.map { $0.since + patience }
        let isWaiting = held.values.contains { $0.backend == nil }
        let pauses = isWaiting ? ready.compactMap { health[$0]?.pausedUntil } : []
        let proofs = isWaiting ? ready.compactMap { health[$0]?.isProvenAt } : []
        return (ends + pauses + proofs).min()
    }

    // MARK: - What happens

    /// There is somewhere else to go now.
    mutating func changed(ready: [PortBackend], coming: [PortBackend], at now: Duration) -> [Action] {
        guard ready != self.ready || coming != self.coming else { return [] }
        let isUsed = !held.isEmpty || lastUse.map { now - $0 < Self.memory } ?? false
        let fresh = (ready + coming).filter { !knows($0) }
        // What was not ready is it now.
        for backend in ready where !self.ready.contains(backend) { health[backend] = nil }
        (self.ready, self.coming) = (ready, coming)
        for backend in health.keys where !ready.contains(backend) { health[backend] = nil }
        var actions: [Action] = isUsed ? fresh.map { .prepare($0) } : []
        for (client, entry) in held.sorted(by: { $0.key < $1.key }) {
            guard let backend = entry.backend, !ready.contains(backend) else { continue }
            // A pod that ends may still answer what it was asked.
            if case .pod = backend.place, entry.connectedAt != nil { continue }
            held[client]?.backend = nil
            held[client]?.connectedAt = nil
            actions.append(.abandon(client))
        }
        return actions + assign(at: now)
    }

    mutating func accepted(_ client: Int, at now: Duration) -> [Action] {
        lastUse = now
        held[client] = Held(since: now)
        return assign(at: now)
    }

    /// What it was to be connected to has accepted it.
    mutating func connected(_ client: Int, at now: Duration) {
        guard let backend = held[client]?.backend else { return }
        held[client]?.connectedAt = now
        if health[backend]?.scout == client { health[backend]?.isProvenAt = now + Self.probation }
    }

    /// It could not be connected, or nobody took what was sent.
    mutating func failed(_ client: Int, at now: Duration) -> [Action] {
        guard var entry = held[client] else { return [] }
        // Another one that tries it finds out for itself.
        if let backend = entry.backend, var state = health[backend], state.scout == nil || state.scout == client {
            (state.isProven, state.isProvenAt, state.scout) = (false, nil, nil)
            // At an address a refusal costs nothing; through a tunnel it costs the tunnel.
            let isCheap = if case .address = backend.place { true } else { false }
            let pause = isCheap ? Self.shortPause : state.backoff.step()
            if state.pausedUntil.map({ $0 <= now }) ?? true { state.pausedUntil = now + pause }
            health[backend] = state
        }
        // Its time begins anew where it was with somebody for long.
        if let time = entry.connectedAt, now - time > .seconds(5) { entry.since = now }
        (entry.backend, entry.connectedAt) = (nil, nil)
        held[client] = entry
        return assign(at: now)
    }

    /// Something has come back, or too much was sent for it to be sent again.
    mutating func settled(_ client: Int, at now: Duration) -> [Action] {
        guard let backend = held.removeValue(forKey: client)?.backend else { return [] }
        prove(backend)
        return assign(at: now)
    }

    /// Its client is gone.
    mutating func vanished(_ client: Int, at now: Duration) -> [Action] {
        guard let entry = held.removeValue(forKey: client) else { return [] }
        if let backend = entry.backend, health[backend]?.scout == client {
            health[backend] = Health(backoff: health[backend]?.backoff ?? Self.backoff)
        }
        return assign(at: now)
    }

    /// The time of ``deadline`` has come.
    mutating func woke(at now: Duration) -> [Action] {
        var actions: [Action] = []
        for (client, entry) in held.sorted(by: { $0.key < $1.key })
        where entry.connectedAt == nil && entry.since + patience <= now {
            actions += [.close(client)] + vanished(client, at: now)
        }
        for backend in ready {
            if let time = health[backend]?.isProvenAt, time <= now { prove(backend) }
            if let time = health[backend]?.pausedUntil, time <= now { health[backend]?.pausedUntil = nil }
        }
        return actions + assign(at: now)
    }

    // MARK: - Where they go

    private mutating func prove(_ backend: PortBackend) {
        if health[backend] != nil { health[backend] = Health(isProven: true) }
    }

    /// Sends those that wait to where they can go, the first first.
    private mutating func assign(at now: Duration) -> [Action] {
        var actions: [Action] = []
        for client in held.filter({ $0.value.backend == nil }).keys.sorted() {
            guard let backend = next(at: now) else { break }
            held[client]?.backend = backend
            if health[backend]?.isProven != true { health[backend, default: Health()].scout = client }
            actions.append(.connect(client, backend))
        }
        return actions
    }

    /// In turn, those that are open to another connection.
    private mutating func next(at now: Duration) -> PortBackend? {
        let open = ready.filter { backend in
            guard let state = health[backend] else { return true }
            return state.isProven || state.scout == nil && state.pausedUntil.map { $0 <= now } ?? true
        }
        guard !open.isEmpty else { return nil }
        turn += 1
        return open[turn % open.count]
    }
}
