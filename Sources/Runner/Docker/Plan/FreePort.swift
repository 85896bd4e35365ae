#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Looks for ports of this machine that nobody listens on.
enum FreePort {
    /// Where Kubernetes takes the ports of NodePort services from.
    private static let range = 30000..<32768

    /// A port that is free now: the first one from a place that the name decides, so that the same service gets the
    /// same port in most runs.
    /// - Parameter isFree: asked for each candidate.
    static func port(for name: String, isFree: (Int) -> Bool = isFree) -> Int? {
        var hash = Fingerprint()
        hash.add(name)
        let start = Int(hash.value % UInt64(range.count))
        return (0..<range.count).lazy.map { range.lowerBound + (start + $0) % range.count }.first(where: isFree)
    }

    /// Whether a port of 127.0.0.1 can be listened on.
    static func isFree(_ port: Int) -> Bool {
        let descriptor = Descriptors.closedOnExec {
            #if canImport(Glibc)
                socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            #else
                socket(AF_INET, SOCK_STREAM, 0)
            #endif
        }
        guard descriptor >= 0 else { return false }
        defer { _ = Glue.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
