import Foundation
import Synchronization

/// Stands between a client and a server on this machine, and breaks what goes through it when a test says so.
final class FaultyProxy: Sendable {
    /// The server behind it.
    enum Server: Sendable {
        case socket(String)
        case port(Int)
    }

    /// What it does with connections.
    enum Mode: Sendable, Equatable {
        /// Hands everything on.
        case passing
        /// Nobody listens, and what was open is cut.
        case refusing
        /// Answers each connection with these bytes and closes it.
        case answering(String)
        /// Takes connections and hands nothing on for so long.
        case delaying(milliseconds: Int)
    }

    private struct State {
        var mode = Mode.passing
        var listener: Int32 = -1
        var open: Set<Int32> = []
    }

    let port: Int
    private let server: Server
    private let state = Mutex(State())

    init(to server: Server) throws {
        self.server = server
        let (listener, port) = try Self.listen(on: 0)
        self.port = port
        state.withLock { $0.listener = listener }
        accept(on: listener)
    }

    deinit { stop() }

    func stop() { set(.refusing) }

    /// Breaks or mends it. Connections that are open are cut, so that the next one meets the new mode.
    func set(_ mode: Mode) {
        let listener = state.withLock { state -> Int32? in
            state.mode = mode
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
            if mode == .refusing {
                if state.listener >= 0 {
                    shutdown(state.listener, Int32(SHUT_RDWR))
                    close(state.listener)
                }
                state.listener = -1
                return nil
            }
            guard state.listener < 0, let (listener, _) = try? Self.listen(on: port) else { return nil }
            state.listener = listener
            return listener
        }
        if let listener { accept(on: listener) }
    }

    #if canImport(Darwin)
        private static let stream = SOCK_STREAM
        private static let noSignal: Int32 = 0
    #else
        private static let stream = Int32(SOCK_STREAM.rawValue)
        private static let noSignal = Int32(MSG_NOSIGNAL)
    #endif

    /// A socket that no program that is started here inherits.
    private static func socket(family: Int32) -> Int32 {
        let descriptor = Foundation.socket(family, stream, 0)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    private static func listen(on port: Int) throws -> (descriptor: Int32, port: Int) {
        let descriptor = Self.socket(family: AF_INET)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = Self.address(port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
        }
        guard isBound, Foundation.listen(descriptor, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
        var bound = sockaddr_in()
        var length = size
        withUnsafeMutablePointer(to: &bound) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
        }
        return (descriptor, Int(UInt16(bigEndian: bound.sin_port)))
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return address
    }

    private func accept(on listener: Int32) {
        Thread.detachNewThread { [weak self] in
            while true {
                let client = Foundation.accept(listener, nil, nil)
                guard client >= 0 else { return }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                guard let self else {
                    close(client)
                    return
                }
                Thread.detachNewThread { self.serve(client) }
            }
        }
    }

    private func serve(_ client: Int32) {
        defer { close(client) }
        let mode = state.withLock { state in
            state.open.insert(client)
            return state.mode
        }
        defer { state.withLock { _ = $0.open.remove(client) } }
        switch mode {
        case .refusing: return
        case .answering(let text):
            var request = [UInt8](repeating: 0, count: 64 << 10)
            _ = recv(client, &request, request.count, 0)
            _ = text.withCString { send(client, $0, strlen($0), Self.noSignal) }
        case .delaying(let milliseconds):
            // The fault itself.
            usleep(UInt32(milliseconds) * 1000)
            relay(client)
        case .passing: relay(client)
        }
    }

    private func relay(_ client: Int32) {
        guard let backend = connect() else { return }
        state.withLock { _ = $0.open.insert(backend) }
        let group = DispatchGroup()
        group.enter()
        Thread.detachNewThread {
            Self.copy(from: backend, to: client)
            group.leave()
        }
        Self.copy(from: client, to: backend)
        group.wait()
        state.withLock { _ = $0.open.remove(backend) }
        close(backend)
    }

    private static func copy(from source: Int32, to target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            var sent = 0
            while sent < count {
                let written = buffer[sent..<count].withUnsafeBytes {
                    send(target, $0.baseAddress, $0.count, Self.noSignal)
                }
                guard written > 0 else { break }
                sent += written
            }
            guard sent == count else { break }
        }
        shutdown(target, Int32(SHUT_WR))
        shutdown(source, Int32(SHUT_RD))
    }

    private func connect() -> Int32? {
        switch server {
        case .port(let port):
            let descriptor = Self.socket(family: AF_INET)
            var address = Self.address(port)
            let isConnected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if isConnected { return descriptor }
            close(descriptor)
            return nil
        case .socket(let path):
            let descriptor = Self.socket(family: AF_UNIX)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix(107)) }
            let isConnected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                }
            }
            if isConnected { return descriptor }
            close(descriptor)
            return nil
        }
    }
}
