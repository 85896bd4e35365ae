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

/// Where a server is reached.
enum HTTPServer: Sendable, Hashable {
    /// At a socket of this machine, by its path.
    case socket(String)
    /// At the other end of this socket, which the exchange closes.
    case connected(Int32)
}

/// One request over a socket of this machine, on a connection and a thread of its own: what comes is handed over as it
/// comes, and a handler that blocks makes the server wait. Nothing is dropped.
final class HTTPExchange: Sendable {
    private enum State {
        case created
        case open(Int32)
        case ended
    }

    /// Bytes of a body that nobody wants handed over which are kept: more than any message has.
    static let bodyLimit = 64 << 20

    private let server: HTTPServer
    private let request: HTTPRequest
    private let patience: Duration?
    private let onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    private let state = Mutex(State.created)

    /// - Parameters:
    ///   - patience: how long the server may say nothing; `nil` is for ever.
    ///   - onPiece: is handed the body of a success, on a thread that may be held up; where `nil`, and of any other
    ///     response, it is returned.
    init(
        _ request: HTTPRequest, to server: HTTPServer, patience: Duration? = nil,
        onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    ) {
        self.server = server
        self.request = request
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
        let (descriptor, reason) =
            switch server {
            case .socket(let path): LocalSocket.connect(to: path)
            case .connected(let descriptor): (descriptor, "")
            }
        guard descriptor >= 0 else { return HTTPResponse(ending: .refused(reason)) }
        defer { _ = Glue.close(descriptor) }
        let isWanted = state.withLock { state in
            guard case .created = state else { return false }
            state = .open(descriptor)
            return true
        }
        // A number that is closed may be somebody else's a moment later.
        defer { state.withLock { $0 = .ended } }
        if let patience { LocalSocket.limitWaiting(descriptor, to: patience) }
        guard isWanted else { return HTTPResponse(ending: .cut) }
        // A server may say no before it has read all of it, and close: what it says counts.
        _ = LocalSocket.send(request.bytes, to: descriptor)
        return read(descriptor)
    }

    private func read(_ descriptor: Int32) -> HTTPResponse {
        var parser = HTTPResponseParser(method: request.method)
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
