/// Reads what a cluster says. The real one is ``ProxiedCluster``; tests bring fakes that record.
protocol ClusterReading: Sendable {
    /// The context that is read.
    var context: String { get }

    /// Asks, and reads the answer to its end.
    /// - Parameter onPiece: is handed what comes as it comes, on a thread of its own, and may block: nothing is dropped.
    ///   Where `nil`, all of it is returned.
    /// - Throws: `CancellationError`, once reading has ended. That something can't be read is an answer too.
    func read(
        _ query: ClusterQuery, onPiece: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    ) async throws -> ClusterAnswer
}

/// What a cluster answered, or why it did not.
struct ClusterAnswer: Sendable, Hashable {
    /// The answer, where it was not handed over.
    var body: [UInt8] = []
    /// Why it is not there, or not to its end.
    var failure: ReadFailure?
    /// Whether it has begun, however it has ended.
    var hasBegun = true

    var isSuccess: Bool { failure == nil }

    /// The answer as JSON; `nil` where there is none.
    var json: JSONValue? { isSuccess ? try? JSONParser.parse(body) : nil }
}

extension ClusterReading {
    /// Asks, and returns all of the answer.
    func read(_ query: ClusterQuery) async throws -> ClusterAnswer { try await read(query, onPiece: nil) }

    /// The error for what could not be read, with kubectl's words.
    func error(_ summary: String, _ answer: ClusterAnswer) -> TargetError {
        KubectlFailure.error(summary, answer.failure ?? ReadFailure("the answer is no JSON"), context: context)
    }
}
