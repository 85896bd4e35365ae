#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Who listens on a port of this machine.
enum PortHolder {
    /// As ``name(of:)``; who waits holds up no other task.
    static func find(_ port: Int) async -> String {
        await withCheckedContinuation { continuation in
            PosixThread.detach { continuation.resume(returning: name(of: port)) }
        }
    }

    /// `node (process 4711)`, or words for somebody that can't be told.
    static func name(of port: Int) -> String {
        let sockets = Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap { listeners(on: port, in: content(of: $0)) })
        guard !sockets.isEmpty else { return "another program" }
        for process in Glue.names(in: "/proc").filter({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) {
            let folder = "/proc/\(process)/fd"
            let holds = Glue.names(in: folder).contains { entry in
                link(at: "\(folder)/\(entry)").map { sockets.contains($0) } ?? false
            }
            if holds { return "\(content(of: "/proc/\(process)/comm").first ?? "a program") (process \(process))" }
        }
        return "a program of another user"
    }

    /// The listening sockets at a port, as the links of descriptors name them: `socket:[81734]`.
    /// - Parameter lines: of `/proc/net/tcp` (https://docs.kernel.org/networking/proc_net_tcp.html).
    static func listeners(on port: Int, in lines: [String]) -> [String] {
        lines.compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A",
                fields[1].split(separator: ":").last.flatMap({ Int($0, radix: 16) }) == port
            else { return nil }
            return "socket:[\(fields[9])]"
        }
    }

    private static func content(of path: String) -> [String] {
        let file = Descriptors.closedOnExec { open(path, O_RDONLY) }
        guard file >= 0 else { return [] }
        defer { _ = Glue.close(file) }
        let bytes = Glue.readToEnd(file) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static func link(at path: String) -> String? {
        var target = [CChar](repeating: 0, count: 64)
        let count = readlink(path, &target, target.count)
        guard count > 0 else { return nil }
        return String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
