/// A connection of a client, and the one that it goes on to. Lives on the relay's thread.
final class RelayConnection {
    enum Stage: Equatable {
        /// It goes nowhere yet.
        case held
        /// The way to where it goes is being made.
        case connecting
        /// What the client sends is sent on, and kept: nothing has come back yet.
        case opening
        /// Where it went has closed it without a word; it is found out why.
        case judged(until: Duration)
        case settled
    }

    /// What goes in one direction.
    struct Flow {
        /// What was read and is not sent on yet: while there is any, nothing more is read.
        var pending: [UInt8] = []
        var sent = 0
        /// Whether the one who sends sends nothing more.
        var hasEnded = false
        /// Whether that was passed on, or can't be.
        var isShut = false

        var isEmpty: Bool { sent == pending.count }

        mutating func keep(_ bytes: UnsafeRawBufferPointer) { (pending, sent) = (Array(bytes), 0) }

        mutating func clear() { (pending, sent) = ([], 0) }
    }

    /// Bytes of a client's that are kept until something comes back.
    static let openingLimit = 64 << 10

    let id: Int
    let port: Int
    let client: Int32
    var backend: Int32 = -1
    /// How often it was dialled.
    var dials = 0
    var place: PortBackend?
    /// What it goes through, even if that is no more.
    var tunnel: RelayTunnel?
    var stage = Stage.held
    /// From the client. While nothing has come back, all that it has sent.
    var up = Flow()
    /// To the client.
    var down = Flow()
    /// How often it was sent again to whoever may have read it and closed it without an answer.
    var repeats: [PortBackend: Int] = [:]
    /// One that is about to end closes more than one: a process that crashes goes on accepting for a moment.
    static let repeatLimit = 3
    /// Nobody listened where it went, or it does no harm to take it so.
    var isRefused = false
    /// Where it went was cut off, and not closed.
    var wasReset = false
    /// When connecting takes too long.
    var connectDeadline: Duration?

    init(id: Int, port: Int, client: Int32) {
        (self.id, self.port, self.client) = (id, port, client)
    }

    var isSettled: Bool { stage == .settled }

    /// Whether more of the client's bytes are taken now.
    var readsClient: Bool {
        guard !up.hasEnded, !up.isShut else { return false }
        return isSettled ? up.isEmpty : up.pending.count < Self.openingLimit
    }

    /// Whether what the client has sent may be sent again though somebody may have read it: it was nothing, a request
    /// that asks and changes nothing (https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1), or a greeting of TLS.
    var isRepeatable: Bool {
        if up.pending.isEmpty { return true }
        let isTLS = up.pending.starts(with: [0x16, 0x03])
        return isTLS || ["GET ", "HEAD ", "OPTIONS "].contains { up.pending.starts(with: $0.utf8) }
    }

    /// Whether both sides have said all that they had to.
    var isDone: Bool { down.isShut && up.isShut }
}
