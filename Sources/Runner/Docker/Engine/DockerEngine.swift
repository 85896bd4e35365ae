import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The engine that the `docker` command talks to, whichever context or host that is.
///
/// At a socket of this machine it is asked directly. To any other (`ssh://`, `tcp://`) a `docker system dial-stdio` for
/// each request carries the same bytes, with docker's own logins and certificates.
final class DockerEngine: EngineAsking {
    private let launcher: any CommandRunning
    let onRequest: @Sendable (String) -> Void
    /// As docker writes it; `nil` until it was asked for it.
    private let host = Mutex<String?>(nil)
    private let turns = Turns<String>()

    /// - Parameter onRequest: told of each request just before it is sent (for `--verbose`); of one that a program carries,
    ///   that is told.
    init(launcher: any CommandRunning, onRequest: @escaping @Sendable (String) -> Void = { _ in }) {
        self.launcher = launcher
        self.onRequest = onRequest
    }

    func ask(
        _ request: EngineRequest, onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    ) async throws -> EngineAnswer {
        try Task.checkCancellation()
        let host = try await findHost()
        guard let socket = Self.socket(of: host) else { return try await dial(host, request, onPiece) }
        onRequest("\(request)")
        let response = try await HTTPExchange(request.http, to: .socket(socket), onPiece: onPiece).run()
        return EngineAnswer(response, host: host)
    }

    /// Where it is, as docker writes it; `nil` until it was asked.
    var knownHost: String? { host.withLock { $0 } }

    /// Asks docker, once.
    func findHost() async throws -> String {
        if let known = host.withLock({ $0 }) { return known }
        return try await turns.withTurn("host") { [self] in
            if let known = host.withLock({ $0 }) { return known }
            let output = try await launcher.runTool(DockerCommand.host)
            // What is wrong with the context, docker says as it is to carry something.
            guard output.termination.isSuccess else { return "" }
            host.withLock { $0 = output.text }
            return output.text
        }
    }

    static func socket(of host: String) -> String? {
        let mark = "unix://"
        guard host.hasPrefix("\(mark)/") else { return nil }
        let path = host.dropFirst(mark.count)
        return path.utf8.count <= LocalSocket.pathLimit ? String(path) : nil
    }

    /// The program ends with the connection, from whichever side that is closed.
    private func dial(
        _ host: String, _ request: EngineRequest, _ onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    ) async throws -> EngineAnswer {
        guard let (ours, theirs) = LocalSocket.pair() else {
            throw TargetError("no socket could be made", details: [String(cString: strerror(errno))])
        }
        async let carrier = carry(theirs, purpose: "\(request)")
        let response = try await HTTPExchange(request.http, to: .connected(ours), onPiece: onPiece).run()
        let said = response.ending == .cut ? try await carrier.errorText : ""
        return EngineAnswer(response, host: host, said: said)
    }

    private func carry(_ socket: Int32, purpose: String) async throws -> CommandOutput {
        defer { _ = Glue.close(socket) }
        return try await launcher.runTool(DockerCommand.dial(socket, purpose: purpose))
    }
}
