import Synchronization

/// Asks the Docker Engine. The real one is ``DockerEngine``; tests bring fakes that record.
protocol EngineAsking: Sendable {
    /// Asks, and reads the answer to its end.
    /// - Parameter onPiece: is handed the body of a success as it comes, on a thread of its own, and may block: nothing is
    ///   dropped. Where `nil`, it is returned.
    /// - Throws: ``TargetError`` where docker is missing; `CancellationError`, once the connection is closed. That the
    ///   engine says no, or can't be reached, is an answer.
    func ask(
        _ request: EngineRequest, onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    ) async throws -> EngineAnswer
}

extension EngineAsking {
    /// Asks for something without which it does not go on.
    /// - Throws: ``TargetError`` where no answer came. An answer that says no is none.
    func ask(_ request: EngineRequest, _ failure: String) async throws -> EngineAnswer {
        let answer = try await ask(request, onPiece: nil)
        guard let said = answer.failure, answer.status == nil || answer.isSuccess else { return answer }
        throw DockerFailure.error(failure, said: said.split(separator: "\n").map(String.init))
    }

    /// The same as the first for somebody who goes on trying: where docker is missing, that is an answer too.
    /// - Throws: `CancellationError`.
    func tryAsk(
        _ request: EngineRequest, onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil
    ) async throws -> EngineAnswer {
        do {
            return try await ask(request, onPiece: onPiece)
        } catch let error as TargetError {
            return EngineAnswer(failure: error.summary)
        }
    }

    /// Reads a container's log.
    /// - Parameter onLine: is handed each line, after its time, on a thread of its own, and may block. What the engine says
    ///   itself, in place of a line, has no time.
    /// - Throws: `CancellationError`.
    func readLog(
        of id: String, follows: Bool, from start: EngineLogStart,
        onLine: @escaping @Sendable (OutputSource, [UInt8]) -> Void
    ) async throws -> EngineAnswer {
        let streams = Mutex(LogStreams())
        var answer = try await tryAsk(.log(of: id, follows: follows, from: start)) { piece in
            for line in streams.withLock({ $0.take(piece) }) { onLine(line.source, line.text) }
        }
        // What is not whole where the connection broke comes again, whole.
        guard answer.failure == nil else { return answer }
        let rest = streams.withLock { $0.finish() }
        if !rest.isEmpty { await PosixThread.run { for line in rest { onLine(line.source, line.text) } } }
        answer.failure = streams.withLock { $0.failure }
        return answer
    }
}
