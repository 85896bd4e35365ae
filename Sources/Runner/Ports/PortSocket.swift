#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// TCP sockets of this machine that never block.
enum PortSocket {
    #if canImport(Glibc)
        private static let stream = Int32(SOCK_STREAM.rawValue)
        private static let tcp = Int32(IPPROTO_TCP)
        private static let ipv6 = Int32(IPPROTO_IPV6)
    #else
        private static let stream = SOCK_STREAM
        private static let tcp = Int32(IPPROTO_TCP)
        private static let ipv6 = Int32(IPPROTO_IPV6)
    #endif

    /// What comes of reading or writing.
    enum Outcome: Equatable {
        case bytes(Int)
        /// Not now.
        case wait
        /// Of reading: the other side sends nothing more.
        case end
        /// The connection is gone.
        case broken
    }

    /// Listens on a loopback address.
    /// - Returns: a descriptor, or the reason as `errno` has it.
    static func listen(on port: Int, isIPv6: Bool) -> (descriptor: Int32, reason: Int32) {
        let descriptor = Descriptors.closedOnExec { socket(isIPv6 ? AF_INET6 : AF_INET, stream, 0) }
        guard descriptor >= 0 else { return (-1, errno) }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR)
        if isIPv6 { set(descriptor, ipv6, IPV6_V6ONLY) }
        let isBound = withAddress(isIPv6 ? "::1" : "127.0.0.1", port) { bind(descriptor, $0, $1) == 0 } ?? false
        guard isBound, Glue.listen(descriptor) == 0 else {
            let reason = errno
            _ = Glue.close(descriptor)
            return (-1, reason)
        }
        neverBlocks(descriptor)
        return (descriptor, 0)
    }

    /// The next connection of a listener; -1 and `errno` where there is none.
    static func accept(from listener: Int32) -> Int32 {
        let descriptor = Descriptors.closedOnExec { Glue.accept(listener) }
        if descriptor >= 0 { prepare(descriptor) }
        return descriptor
    }

    /// Begins to connect. Whether it comes to that, ``failure(of:)`` says once the socket can be written to.
    /// - Returns: -1 where that is not even begun.
    static func connect(to host: String, _ port: Int) -> Int32 {
        let descriptor = Descriptors.closedOnExec { socket(host.contains(":") ? AF_INET6 : AF_INET, stream, 0) }
        guard descriptor >= 0 else { return -1 }
        prepare(descriptor)
        let isBegun = withAddress(host, port) { Glue.connect(descriptor, $0, $1) == 0 || errno == EINPROGRESS } ?? false
        if isBegun { return descriptor }
        _ = Glue.close(descriptor)
        return -1
    }

    /// Why a socket does not work, as `errno` has it; 0 where it does.
    static func failure(of descriptor: Int32) -> Int32 {
        var reason: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &reason, &size) == 0 ? reason : errno
    }

    static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        while true {
            let count = Glue.read(descriptor, buffer)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wait
            default: return .broken
            }
        }
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Outcome {
        while true {
            let count = LocalSocket.sendSome(bytes, to: descriptor)
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wait
            default: return .broken
            }
        }
    }

    /// Tells the other side that nothing more is sent.
    static func endSending(_ descriptor: Int32) { _ = Glue.shutdownSending(descriptor) }

    /// Closes so that the other side sees a reset, and not an end.
    static func reset(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        _ = Glue.close(descriptor)
    }

    /// Makes reads and writes return at once.
    static func neverBlocks(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    private static func prepare(_ descriptor: Int32) {
        neverBlocks(descriptor)
        // What was small when it was sent is small here, and must not wait for more.
        set(descriptor, tcp, TCP_NODELAY)
        LocalSocket.neverRaisesPipeSignal(descriptor)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var yes: Int32 = 1
        setsockopt(descriptor, level, option, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func withAddress<Result>(
        _ host: String, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result? {
        func pass<Address>(_ address: inout Address) -> Result {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<Address>.size))
                }
            }
        }
        if host.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = in_port_t(truncatingIfNeeded: port).bigEndian
            guard inet_pton(AF_INET6, host, &address.sin6_addr) == 1 else { return nil }
            return pass(&address)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
        return pass(&address)
    }
}

extension Glue {
    fileprivate static func listen(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.listen(descriptor, 511)
        #elseif canImport(Musl)
            Musl.listen(descriptor, 511)
        #else
            Darwin.listen(descriptor, 511)
        #endif
    }

    fileprivate static func accept(_ descriptor: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.accept(descriptor, nil, nil)
        #elseif canImport(Musl)
            Musl.accept(descriptor, nil, nil)
        #else
            Darwin.accept(descriptor, nil, nil)
        #endif
    }

    fileprivate static func shutdownSending(_ descriptor: Int32) -> Int32 {
        #if canImport(Darwin)
            shutdown(descriptor, SHUT_WR)
        #else
            shutdown(descriptor, Int32(SHUT_WR))
        #endif
    }
}
