import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where the names of hosts lead, as this machine's programs find it.
enum HostNames {
    /// How long names are looked up: a machine that is offline may wait for long.
    private static let limit = Duration.seconds(1)

    /// Whether a name leads to this machine. What takes long does not.
    static func leadsHere(_ host: String) async -> Bool {
        // Browsers know these by themselves (RFC 6761), curl and glibc too.
        if host == "localhost" || host.hasSuffix(".localhost") { return true }
        let (answers, continuation) = AsyncStream.makeStream(of: Bool.self)
        // Nobody waits for the thread where the time is over.
        PosixThread.detach { continuation.yield(isLocal(host)) }
        let timer = Task {
            try await Task.sleep(for: limit)
            continuation.yield(false)
        }
        defer { timer.cancel() }
        for await answer in answers { return answer }
        return false
    }

    /// Blocks.
    private static func isLocal(_ host: String) -> Bool {
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, nil, &list) == 0 else { return false }
        defer { freeaddrinfo(list) }
        var next = list
        while let address = next?.pointee {
            next = address.ai_next
            guard let bytes = address.ai_addr else { continue }
            if address.ai_family == AF_INET {
                let number = bytes.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr }
                if UInt32(bigEndian: number) >> 24 == 127 { return true }
            } else if address.ai_family == AF_INET6 {
                let number = bytes.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { $0.pointee.sin6_addr }
                if withUnsafeBytes(of: number, { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }) { return true }
            }
        }
        return false
    }
}
