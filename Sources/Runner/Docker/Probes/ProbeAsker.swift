#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Synchronization

/// Asks the containers of a Docker Engine what their probes want to know.
///
/// Programs run over the engine's API. Connections go to the container's address where that can be reached from here,
/// else `wget` and `nc` make them in the container, where it has these.
struct ProbeAsker: Sendable {
    let engine: any EngineAsking
    /// Whether containers' addresses can be reached from here.
    let isNear: @Sendable () -> Bool

    /// Asks once.
    /// - Parameter address: the address of the container's pod.
    /// - Throws: `CancellationError`.
    func ask(_ probe: ContainerProbe, container: String, address: String) async throws -> ProbeAnswer {
        let said = try await withThrowingTaskGroup(of: ProbeAnswer?.self) { group in
            group.addTask { try await answer(to: probe, container, address) }
            group.addTask {
                try await Task.sleep(for: probe.timeout)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        return said ?? .failure("no answer within \(probe.timeout.components.seconds) s")
    }

    private func answer(to probe: ContainerProbe, _ container: String, _ address: String) async throws -> ProbeAnswer {
        let seconds = probe.timeout.components.seconds
        switch probe.question {
        case .run(let words): return try await run(words, in: container)
        case .connect(let port, let host):
            if isNear() { return await connect(to: host ?? address, port, within: probe.timeout) }
            let (limit, place) = (["-w", "\(seconds)"], [host ?? "127.0.0.1", "\(port)"])
            // Debian's busybox knows no -z.
            return try await run(
                anyOf: [["nc", "-z"] + limit + place, ["nc"] + limit + place + ["-e", "true"]], in: container)
        case .get(let path, let port, false, let host, let headers) where isNear():
            return try await get(path, at: host ?? address, port, headers, within: probe.timeout)
        case .get(let path, let port, let isSecure, let host, let headers):
            let url = "\(isSecure ? "https" : "http")://\(host ?? "127.0.0.1"):\(port)\(path)"
            let options = headers.flatMap { ["--header", "\($0.name): \($0.value)"] }
            let trust = isSecure ? ["--no-check-certificate"] : []
            let (wget, rest) = (["wget", "-q", "-O", "/dev/null"], trust + options + [url])
            // With a time limit of its own, Debian's static busybox crashes.
            let tools = [wget + ["-T", "\(seconds)"] + rest, ["timeout", "\(seconds)"] + wget + rest]
            return try await run(anyOf: tools, in: container)
        case .unasked(let reason): return .impossible(reason)
        }
    }

    /// Runs the first of these tools that the image has, and that can do what it is asked.
    private func run(anyOf tools: [[String]], in container: String) async throws -> ProbeAnswer {
        var first: ProbeAnswer?
        for words in tools {
            let answer = try await run(words, in: container, isTool: true)
            guard case .impossible = answer else { return answer }
            first = first ?? answer
        }
        return first ?? .impossible("there is no tool for it")
    }

    /// - Parameter isTool: whether an image that lacks the program, or has one that can't do this, is no reason to count
    ///   the container as ill.
    private func run(_ words: [String], in container: String, isTool: Bool = false) async throws -> ProbeAnswer {
        let made = try await engine.tryAsk(.probe(words, in: container))
        guard made.isSuccess, let id = made.body["Id"]?.string else {
            return .failure(made.failure ?? made.message)
        }
        let output = Mutex((streams: LogStreams(), lines: [String]()))
        let ran = try await engine.tryAsk(.startExec(id)) { piece in
            output.withLock { output in
                output.lines += output.streams.take(piece).map { String(decoding: $0.text, as: UTF8.self) }
            }
        }
        let said = output.withLock { output in
            output.lines + output.streams.finish().map { String(decoding: $0.text, as: UTF8.self) }
        }
        let status = try await engine.tryAsk(.inspectExec(id)).body["ExitCode"]?.integer
        switch status {
        case 0: return .success
        case 126 where isTool, 127 where isTool: return .impossible("its image has no \(words[0])")
        case 128 + Int(SIGSEGV) where isTool: return .impossible("its image's \(words[0]) crashes")
        case _
        where isTool && said.contains(where: { $0.contains("invalid option") || $0.contains("unrecognized option") }):
            return .impossible("its image's \(words[0]) knows not all of \(words.joined(separator: " "))")
        case nil: return .failure(ran.failure ?? "the program could not be run")
        case let status?:
            let last = said.filter { !$0.isEmpty }.suffix(3).joined(separator: "; ")
            return .failure(last.isEmpty ? "exit code \(status)" : "\(last) (exit code \(status))")
        }
    }

    private func connect(to host: String, _ port: Int, within timeout: Duration) async -> ProbeAnswer {
        switch await Self.connection(to: host, port, within: timeout) {
        case .success(let descriptor):
            _ = Glue.close(descriptor)
            return .success
        case .failure(let refusal): return .failure(refusal.reason)
        }
    }

    private func get(
        _ path: String, at host: String, _ port: Int, _ headers: [ContainerProbe.Header], within timeout: Duration
    ) async throws -> ProbeAnswer {
        switch await Self.connection(to: host, port, within: timeout) {
        case .failure(let refusal): return .failure(refusal.reason)
        case .success(let descriptor):
            var request = HTTPRequest(target: path)
            request.host = "\(host):\(port)"
            request.headers = [("User-Agent", "kube-probe/devloop"), ("Accept", "*/*")]
            for header in headers {
                if header.name.lowercased() == "host" {
                    request.host = header.value
                } else {
                    request.headers.removeAll { $0.name.lowercased() == header.name.lowercased() }
                    request.headers.append((header.name, header.value))
                }
            }
            let response = try await HTTPExchange(
                request, to: .connected(descriptor), patience: timeout, onPiece: { _ in }
            ).run()
            guard let status = response.head?.status else {
                return .failure(
                    response.ending == .silent ? "no answer within \(timeout.components.seconds) s" : "no HTTP response"
                )
            }
            return (200..<400).contains(status) ? .success : .failure("\(status)")
        }
    }

    private struct Refusal: Error {
        var reason: String
    }

    private static func connection(
        to host: String, _ port: Int, within timeout: Duration
    ) async -> Result<Int32, Refusal> {
        await withCheckedContinuation { continuation in
            PosixThread.detach {
                let patience = Int32(clamping: timeout.components.seconds)
                continuation.resume(returning: connection(to: host, port, patience: min(patience, 600)))
            }
        }
    }

    /// Blocks until the connection is there.
    /// - Parameter patience: seconds.
    private static func connection(to host: String, _ port: Int, patience: Int32) -> Result<Int32, Refusal> {
        let descriptor = PortSocket.connect(to: host, port)
        guard descriptor >= 0 else { return .failure(Refusal(reason: "\(host) can't be reached")) }
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let count = poll(&entry, 1, patience * 1000)
        let reason = count > 0 ? PortSocket.failure(of: descriptor) : ETIMEDOUT
        guard reason == 0 else {
            _ = Glue.close(descriptor)
            return .failure(Refusal(reason: String(cString: strerror(reason)).lowercased()))
        }
        // What is read from here on may wait.
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        return .success(descriptor)
    }
}
