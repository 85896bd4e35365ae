/// Where a Docker Engine is, as docker writes it: `unix:///var/run/docker.sock`, `tcp://build:2376`, `ssh://me@build`.
struct EngineHost: Sendable, Hashable {
    let text: String

    /// Whether it runs on this very Linux, so that containers' addresses can be reached from here.
    var reachesContainers: Bool {
        #if os(Linux)
            return text.hasPrefix("unix://") && !["desktop", "/run/user/"].contains { text.contains($0) }
        #else
            return false
        #endif
    }

    /// The machine that it runs on, where that is another one, as ssh takes it. Of an engine in a virtual machine of this
    /// one, the published ports are this machine's.
    var otherMachine: String? {
        guard let scheme = ["ssh://", "tcp://"].first(where: text.hasPrefix) else { return nil }
        let place = text.dropFirst(scheme.count).prefix { $0 != "/" }
        let (user, host) =
            place.lastIndex(of: "@").map { (place[...$0], place[place.index(after: $0)...]) } ?? ("", place)
        // An IPv6 address has brackets where a port may follow.
        let name =
            host.first == "["
            ? host.dropFirst().prefix { $0 != "]" } : host.prefix { $0 != ":" }
        let isHere = name.isEmpty || name == "localhost" || name == "::1" || name.hasPrefix("127.")
        return isHere ? nil : "\(user)\(name)"
    }

    /// How a port that it publishes comes to this machine.
    private static func bringing(from machine: String) -> String {
        "ssh -L PORT:127.0.0.1:PORT \(machine) brings one here"
    }

    /// What is to be known of the ports that it publishes, where they are not this machine's.
    var portNotice: String? {
        otherMachine.map { "published ports are 127.0.0.1's of \($0), where Docker runs: \(Self.bringing(from: $0))" }
    }

    /// What helps where no port can be forwarded.
    var portAdvice: String {
        "give a Service the type NodePort: its port is published on "
            + (otherMachine.map { "127.0.0.1 of \($0), and \(Self.bringing(from: $0))" } ?? "this machine")
    }
}
