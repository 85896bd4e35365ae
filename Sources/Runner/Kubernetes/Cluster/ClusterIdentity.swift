/// Which cluster a command is for, and where in it.
package struct ClusterIdentity: Sendable, Hashable {
    /// The name of the context in kubectl's configuration.
    package var context: String
    /// The server's address: `https://127.0.0.1:6443`
    package var server: String
    /// The namespace of objects that name none.
    package var namespace: String

    package init(context: String, server: String, namespace: String) {
        self.context = context
        self.server = server
        self.namespace = namespace
    }

    /// Whether it is known to be a cluster for development on this machine: its context has the name that a tool for such
    /// clusters gives, and its server is at an address that is not public.
    ///
    /// The address alone says too little, since tunnels to other clusters begin at this machine as well.
    package var isKnownLocal: Bool { LocalCluster(context: context) != nil && hasLocalServer }

    /// This machine's own addresses and the private ones: RFC 1918, RFC 4193 (https://www.rfc-editor.org/rfc/rfc1918).
    var hasLocalServer: Bool {
        guard let host = Self.host(of: server) else { return false }
        if ["localhost", "0.0.0.0", "::1", "kubernetes.docker.internal", "host.docker.internal"].contains(host) {
            return true
        }
        if host.contains(":") { return host.hasPrefix("fc") || host.hasPrefix("fd") }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, let first = parts[0], let second = parts[1], !parts.contains(nil) else {
            return host.hasSuffix(".localhost") || host.hasSuffix(".orb.local")
        }
        switch first {
        case 127, 10: return true
        case 172: return (16...31).contains(second)
        case 192: return second == 168
        default: return false
        }
    }

    /// `https://user@[::1]:6443/path` has the host `::1`.
    static func host(of server: String) -> String? {
        guard let scheme = server.firstRange(of: "://") else { return nil }
        let authority = server[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        if place.hasPrefix("[") { return String(place.dropFirst().prefix { $0 != "]" }).lowercased() }
        return String(place.prefix { $0 != ":" }).lowercased()
    }
}
