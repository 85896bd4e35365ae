#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// What came of an ``HTTPExchange``.
struct HTTPResponse: Sendable, Hashable {
    enum Ending: Sendable, Hashable {
        /// All of it was read.
        case complete
        /// Nobody listens at the socket; for this reason.
        case refused(String)
        /// The connection has ended before the response did.
        case cut
        /// The server said nothing for too long.
        case silent
        /// This is no response.
        case malformed(String)
    }

    var head: HTTPHead?
    /// What of the body was not handed over: its beginning.
    var body: [UInt8] = []
    var ending: Ending
}

/// One GET over a socket of this machine, on a connection and a thread of its own: what comes is handed over as it comes,
/// and a handler that blocks makes the server wait. Nothing is dropped.
final class HTTPExchange: Sendable {
    private enum State {
        case created
        case open(Int32)
        case ended
    }

    /// Bytes of a body that nobody wants handed over which are kept: more than any message has.
    static let bodyLimit = 64 << 20

    private let socket: String
    private let request: [UInt8]
    private let patience: Duration?
    private let onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    private let state = Mutex(State.created)

    /// - Parameters:
    ///   - socket: the socket's path.
    ///   - target: the path with its query.
    ///   - patience: how long the server may say nothing; `nil` is for ever.
    ///   - onPiece: is handed the body of a success, on a thread that may be held up; where `nil`, and of any other
    ///     response, it is returned.
    init(
        socket: String, target: String, patience: Duration?, onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    ) {
        self.socket = socket
        request = Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        self.patience = patience
        self.onPiece = onPiece
    }

    /// Asks, and reads the response to its end.
    /// - Throws: `CancellationError`, once the connection is closed.
    func run() async throws -> HTTPResponse {
        let response = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                PosixThread.detach { continuation.resume(returning: self.exchange()) }
            }
        } onCancel: {
            stop()
        }
        try Task.checkCancellation()
        return response
    }

    /// The thread that reads comes back at once, and closes the connection.
    private func stop() {
        state.withLock { state in
            if case .open(let descriptor) = state { shutdown(descriptor, Int32(SHUT_RDWR)) }
            state = .ended
        }
    }

    private func exchange() -> HTTPResponse {
        let (descriptor, reason) = LocalSocket.connect(to: socket, patience: patience)
        guard descriptor >= 0 else { return HTTPResponse(ending: .refused(reason)) }
        defer { _ = Glue.close(descriptor) }
        let isWanted = state.withLock { state in
            guard case .created = state else { return false }
            state = .open(descriptor)
            return true
        }
        // A number that is closed may be somebody else's a moment later.
        defer { state.withLock { $0 = .ended } }
        guard isWanted, LocalSocket.send(request, to: descriptor) else { return HTTPResponse(ending: .cut) }
        return read(descriptor)
    }

    private func read(_ descriptor: Int32) -> HTTPResponse {
        var parser = HTTPResponseParser()
        var body: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 << 10, alignment: 1)
        defer { buffer.deallocate() }
        while !parser.isComplete {
            let count = Glue.read(descriptor, buffer)
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN { return HTTPResponse(head: parser.head, body: body, ending: .silent) }
            guard count > 0 else {
                return HTTPResponse(head: parser.head, body: body, ending: parser.finish() ? .complete : .cut)
            }
            do throws(HTTPSyntaxError) {
                try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]), &parser, &body)
            } catch {
                return HTTPResponse(head: parser.head, body: body, ending: .malformed(error.message))
            }
        }
        return HTTPResponse(head: parser.head, body: body, ending: .complete)
    }

    private func take(
        _ piece: UnsafeRawBufferPointer, _ parser: inout HTTPResponseParser, _ body: inout [UInt8]
    ) throws(HTTPSyntaxError) {
        // The head may end in this piece: whom the body is for is known by then.
        var parts: [UnsafeRawBufferPointer] = []
        try parser.take(piece) { parts.append($0) }
        for part in parts {
            if let onPiece, parser.head?.isSuccess == true {
                onPiece(part)
            } else if body.count < Self.bodyLimit {
                body += part
            }
        }
    }
}

/// Stream sockets of this machine.
enum LocalSocket {
    /// Bytes that a socket's path may have, without the zero at its end: of the systems that there are, the least.
    static let pathLimit = 103

    #if canImport(Darwin)
        private static let stream = SOCK_STREAM
        private static let sendFlags: Int32 = 0
    #else
        private static let stream = Int32(SOCK_STREAM.rawValue)
        private static let sendFlags = Int32(MSG_NOSIGNAL)
    #endif

    /// Connects; blocks for as long as the server has too much to do.
    /// - Returns: a descriptor that no child inherits, or -1 and why there is none.
    static func connect(to path: String, patience: Duration?) -> (descriptor: Int32, reason: String) {
        guard path.utf8.count <= pathLimit else { return (-1, "the path of the socket is too long") }
        let descriptor = Descriptors.closedOnExec { socket(AF_UNIX, stream, 0) }
        guard descriptor >= 0 else { return (-1, String(cString: strerror(errno))) }
        #if canImport(Darwin)
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
        #endif
        if let patience {
            var time = timeval()
            time.tv_sec = numericCast(patience.components.seconds)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glue.connect(descriptor, $0, size) }
        }
        guard status == 0 else {
            let reason = String(cString: strerror(errno))
            _ = Glue.close(descriptor)
            return (-1, reason)
        }
        return (descriptor, "")
    }

    /// - Returns: whether all of it was sent.
    static func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glue.send(descriptor, $0, sendFlags) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
