import Foundation
import Synchronization

/// A server on a free port of 127.0.0.1, a thread for each connection.
package final class TCPServer: Sendable {
    package let port: Int
    private let listener: Int32
    private let count = Mutex(0)

    /// - Parameter serve: is handed each connection, and whether it is the first, second, …; it is closed after it.
    package init(port: Int = 0, _ serve: @escaping @Sendable (TCPConnection, Int) -> Void) throws {
        let listener = TCP.socket()
        guard TCP.bind(listener, port), listen(listener, 511) == 0 else { throw POSIXError(.EADDRINUSE) }
        self.listener = listener
        self.port = TCP.port(of: listener)
        Thread.detachNewThread { [weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                guard let number = self?.next() else {
                    close(client)
                    return
                }
                Thread.detachNewThread {
                    let connection = TCPConnection(client)
                    serve(connection, number)
                    connection.close()
                }
            }
        }
    }

    deinit { stop() }

    /// How many connections there were.
    package var connections: Int { count.withLock { $0 } }

    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }

    /// Answers each request with its body, and closes.
    package static func http(_ body: String) throws -> TCPServer {
        try TCPServer { connection, _ in
            guard connection.readRequest() != nil else { return }
            connection.answer(body)
        }
    }
}

/// One end of a connection; calls block, for twenty seconds at the most where nothing else is said.
package final class TCPConnection: Sendable {
    private let descriptor: Int32
    private let isOpen = Atomic(true)

    package init(_ descriptor: Int32, patience: Int = 20) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// - Returns: `nil` where nobody listens.
    package static func to(_ port: Int, isIPv6: Bool = false, patience: Int = 20) -> TCPConnection? {
        let descriptor = isIPv6 ? TCP.socket(AF_INET6) : TCP.socket()
        guard isIPv6 ? TCP.connect6(descriptor, port) : TCP.connect(descriptor, port) else {
            Foundation.close(descriptor)
            return nil
        }
        return TCPConnection(descriptor, patience: patience)
    }

    deinit { close() }

    /// - Returns: whether all of it could be sent.
    @discardableResult
    package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// - Returns: what comes next; empty at the end, `nil` where the connection was reset or nothing came.
    package func read(atMost limit: Int = 64 << 10) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &buffer, limit, 0)
        return count < 0 ? nil : Array(buffer[..<count])
    }

    /// - Returns: everything up to the end; `nil` where the connection was reset or nothing came.
    package func readToEnd() -> String? {
        var all: [UInt8] = []
        while true {
            guard let piece = read() else { return nil }
            if piece.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += piece
        }
    }

    /// - Returns: the head of a request; `nil` where none comes.
    package func readRequest() -> String? {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard let piece = read(atMost: 1), !piece.isEmpty else { return nil }
            head += piece
        }
        return String(decoding: head, as: UTF8.self)
    }

    /// - Returns: the body of an answer that says how long it is; `nil` where none comes, or not all of it.
    package func readAnswer() -> String? {
        guard let head = readRequest(),
            let line = head.split(separator: "\r\n").first(where: { $0.lowercased().hasPrefix("content-length:") }),
            let length = Int(line.split(separator: " ").last ?? "")
        else { return nil }
        var body: [UInt8] = []
        while body.count < length {
            guard let piece = read(atMost: length - body.count), !piece.isEmpty else { return nil }
            body += piece
        }
        return String(decoding: body, as: UTF8.self)
    }

    package func answer(_ body: String) {
        send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    package func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    package func close() {
        if isOpen.exchange(false, ordering: .relaxed) { Foundation.close(descriptor) }
    }
}

package enum TCP {
    /// The body of what a port answers to a request; `nil` where there is none.
    package static func get(_ port: Int, method: String = "GET") async -> String? {
        await blocking {
            guard let connection = TCPConnection.to(port),
                connection.send("\(method) / HTTP/1.1\r\nHost: localhost\r\n\r\n"), let answer = connection.readToEnd(),
                let end = answer.range(of: "\r\n\r\n")
            else { return nil }
            return String(answer[end.upperBound...])
        }
    }

    /// Runs what blocks on a thread of its own.
    package static func blocking<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }

    /// A port that nobody listens on.
    package static func freePort() -> Int {
        let descriptor = socket()
        defer { close(descriptor) }
        _ = bind(descriptor, 0)
        return port(of: descriptor)
    }

    package static func socket(_ family: Int32 = AF_INET) -> Int32 {
        #if canImport(Glibc)
            let descriptor = Foundation.socket(family, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = Foundation.socket(family, SOCK_STREAM, 0)
        #endif
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    package static func bind(_ descriptor: Int32, _ port: Int) -> Bool {
        withAddress(port) { Foundation.bind(descriptor, $0, $1) == 0 }
    }

    static func connect(_ descriptor: Int32, _ port: Int) -> Bool {
        withAddress(port) { Foundation.connect(descriptor, $0, $1) == 0 }
    }

    static func connect6(_ descriptor: Int32, _ port: Int) -> Bool {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = in_port_t(port).bigEndian
        address.sin6_addr = in6addr_loopback
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
            }
        }
    }

    package static func port(of descriptor: Int32) -> Int {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
