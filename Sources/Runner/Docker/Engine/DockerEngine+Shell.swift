#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension DockerEngine {
    /// Runs the shell of a ``SyncChannel`` in a container, as the container's own user.
    /// - Returns: `nil` where the engine is not at a socket of this machine: `docker exec` finds its way to it.
    func openShell(in container: String, patience: Duration) async throws(SyncError) -> SyncLink? {
        do {
            let host = try await findHost()
            guard let socket = Self.socket(of: host) else { return nil }
            let made = try await ask(.exec(["sh", "-c", SyncScript.loop], in: container), onPiece: nil)
            guard made.isSuccess, let id = made.body["Id"]?.string else { throw Self.error(made) }
            onRequest("\(EngineRequest.startExec(id))")
            let (descriptor, answer) = await Self.start(id, at: socket, host: host, patience: patience)
            guard descriptor >= 0 else { throw Self.error(answer) }
            return SyncLink(descriptor, .frames(LogStreams()), patience: patience, carrier: carrier(id))
        } catch let error as SyncError {
            throw error
        } catch let error as TargetError {
            throw .impossible(SyncReason(.noProgram, error.summary))
        } catch {
            throw .closed
        }
    }

    private func carrier(_ exec: String) -> SyncLink.Carrier {
        SyncLink.Carrier(ending: { [self] in
            let status = (try? await tryAsk(.inspectExec(exec)))?.body["ExitCode"]?.integer
            return CommandOutput(termination: .exited(Int32(clamping: status ?? 1)))
        })
    }

    private static func error(_ answer: EngineAnswer) -> SyncError {
        let words = Array((answer.failure ?? answer.message).utf8)
        return SyncError(ended: CommandOutput(termination: .exited(1), standardError: words))
    }

    /// - Returns: the connection, which is the program's from now on; or -1 and why there is none.
    private static func start(
        _ id: String, at socket: String, host: String, patience: Duration
    ) async -> (Int32, EngineAnswer) {
        await withCheckedContinuation { continuation in
            PosixThread.detach {
                let (descriptor, response) = connect(to: socket, .startExec(id), patience)
                continuation.resume(returning: (descriptor, EngineAnswer(response, host: host)))
            }
        }
    }

    private static func connect(
        to socket: String, _ request: EngineRequest, _ patience: Duration
    ) -> (Int32, HTTPResponse) {
        let (descriptor, reason) = LocalSocket.connect(to: socket)
        guard descriptor >= 0 else { return (-1, HTTPResponse(ending: .refused(reason))) }
        LocalSocket.limitWaiting(descriptor, to: patience)
        var http = request.http
        http.upgrade = "tcp"
        _ = LocalSocket.send(http.bytes, to: descriptor)
        // One byte at a time: what comes behind the head is the program's.
        var head: [UInt8] = []
        var byte: [UInt8] = [0]
        while head.count < HTTPResponseParser.headLimit, !head.suffix(4).elementsEqual("\r\n\r\n".utf8),
            Glue.read(descriptor, &byte) == 1
        { head += byte }
        let words = String(decoding: head.prefix { $0 != 0x0D }, as: UTF8.self).split(separator: " ")
        if words.count > 1, ["101", "200"].contains(words[1]) { return (descriptor, HTTPResponse(ending: .complete)) }
        let body = Glue.readToEnd(descriptor, limit: 4096) ?? []
        _ = Glue.close(descriptor)
        guard words.count > 1, let status = Int(words[1]) else { return (-1, HTTPResponse(ending: .cut)) }
        return (-1, HTTPResponse(head: HTTPHead(status: status, headers: [:]), body: body, ending: .complete))
    }
}
