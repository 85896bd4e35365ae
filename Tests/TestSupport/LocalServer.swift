import Foundation
import Synchronization

/// A server at a socket of this machine that answers each request as a test says, and records it.
package final class LocalServer: Sendable {
    package struct Answer: Sendable {
        package var bytes: [UInt8]
        /// Whether the connection stays open after them, until the client closes it.
        package var staysOpen: Bool

        package init(bytes: [UInt8], staysOpen: Bool = false) {
            (self.bytes, self.staysOpen) = (bytes, staysOpen)
        }

        package static func response(_ status: Int, _ body: String, type: String = "application/json") -> Answer {
            Answer(
                bytes: Array(
                    "HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                        .utf8))
        }
    }

    package let path: String
    private let listener: Int32
    private let answer: @Sendable (String) -> Answer
    private let state = Mutex<(requests: [String], sent: Int)>(([], 0))
    /// Tells of each connection that is over.
    package let closings: AsyncStream<Void>
    private let closed: AsyncStream<Void>.Continuation

    package init(at path: String, _ answer: @escaping @Sendable (_ target: String) -> Answer) throws {
        self.path = path
        self.answer = answer
        (closings, closed) = AsyncStream.makeStream()
        listener = socket(AF_UNIX, Self.stream, 0)
        _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix(103)) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, listen(listener, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
        let queue = listener
        Thread.detachNewThread { [weak self] in
            while true {
                let client = accept(queue, nil, nil)
                guard client >= 0 else { return }
                guard let self else { return _ = close(client) }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                Thread.detachNewThread { self.serve(client) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(Self.both))
        close(listener)
    }

    /// The paths that were asked for.
    package var requests: [String] { state.withLock { $0.requests } }
    /// How many bytes the clients have taken.
    package var sent: Int { state.withLock { $0.sent } }

    private func serve(_ client: Int32) {
        defer {
            close(client)
            closed.yield()
        }
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !request.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            request += buffer[..<count]
        }
        let words = String(decoding: request, as: UTF8.self).split(separator: " ")
        let target = words.count > 1 ? String(words[1]) : ""
        state.withLock { $0.requests.append(target) }
        let answer = answer(target)
        var rest = answer.bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(client, $0.baseAddress, min($0.count, 4096), Self.noSignal) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
            state.withLock { $0.sent += count }
        }
        if answer.staysOpen { _ = recv(client, &buffer, buffer.count, 0) }
    }

    #if canImport(Darwin)
        private static let stream = SOCK_STREAM
        private static let both = SHUT_RDWR
        private static let noSignal: Int32 = 0
    #else
        private static let stream = Int32(SOCK_STREAM.rawValue)
        private static let both = SHUT_RDWR
        private static let noSignal = Int32(MSG_NOSIGNAL)
    #endif
}
