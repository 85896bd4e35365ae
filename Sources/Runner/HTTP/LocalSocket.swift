#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

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
    static func connect(to path: String) -> (descriptor: Int32, reason: String) {
        guard path.utf8.count <= pathLimit else { return (-1, "the path of the socket is too long") }
        let descriptor = Descriptors.closedOnExec { socket(AF_UNIX, stream, 0) }
        guard descriptor >= 0 else { return (-1, String(cString: strerror(errno))) }
        neverRaisesPipeSignal(descriptor)
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

    /// Two sockets that are connected, which no child inherits; `nil` and `errno` where there are none.
    static func pair() -> (Int32, Int32)? {
        guard let ends = Descriptors.pairClosedOnExec({ socketpair(AF_UNIX, stream, 0, &$0) }) else { return nil }
        for end in [ends.0, ends.1] { neverRaisesPipeSignal(end) }
        return ends
    }

    /// What is read fails with `EAGAIN` where nothing comes for so long.
    static func limitWaiting(_ descriptor: Int32, to patience: Duration) {
        var time = timeval()
        time.tv_sec = numericCast(patience.components.seconds)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Elsewhere that is said with each message.
    static func neverRaisesPipeSignal(_ descriptor: Int32) {
        #if canImport(Darwin)
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    /// - Returns: how many bytes were sent; -1 and `errno` where none could be.
    static func sendSome(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int {
        Glue.send(descriptor, bytes, sendFlags)
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
