/// What came of an ``EngineRequest``.
struct EngineAnswer: Sendable, Hashable {
    /// HTTP's status; `nil` where no answer came.
    var status: Int?
    /// With their names in lower case.
    var headers: [String: String] = [:]
    /// `null` where there is none, and where it was handed over.
    var body = JSONValue.null
    /// Why the engine did not do what it was asked, or could not be asked, or did not answer to the end: in the words in
    /// which docker says it.
    var failure: String?

    /// - Parameters:
    ///   - host: where the engine is, as docker writes it.
    ///   - said: what the program said through which it was asked.
    init(_ response: HTTPResponse, host: String, said: String = "") {
        status = response.head?.status
        headers = response.head?.headers ?? [:]
        body = (try? JSONParser.parse(response.body)) ?? .null
        switch response.ending {
        case .complete: failure = isSuccess ? nil : "Error response from daemon: \(message)"
        case _ where !said.isEmpty: failure = said
        case .refused(let reason) where reason.lowercased() == "permission denied":
            failure = "permission denied while trying to connect to the Docker daemon socket at \(host)"
        case .refused:
            failure = "Cannot connect to the Docker daemon at \(host). Is the docker daemon running?"
        case .malformed(let reason): failure = "error during connect: the server sent \(reason)"
        case .cut, .silent: failure = (status == nil ? "error during connect: " : "") + "unexpected EOF"
        }
    }

    init(failure: String) { self.failure = failure }

    /// Whether the engine did what it was asked; not, whether it said so to the end.
    var isSuccess: Bool { status.map { (200..<300).contains($0) } ?? false }

    /// The engine's own words about what it could not do.
    var message: String { body["message"]?.string ?? "the engine answered with status \(status ?? 0)" }
}
