/// A request to the Docker Engine's API (https://docs.docker.com/reference/api/engine/), sent over the connection that
/// the `docker` command itself uses, whichever context or host that is.
///
/// For what must stand in nobody's list of processes and in no list of commands: here a value of a Secret is part of
/// what is sent, never an argument or a variable. No version is named, so that the engine takes its own newest one.
struct EngineRequest: Sendable, Hashable {
    var method: String
    /// With its query.
    var path: String
    var body: JSONValue?

    /// The command that sends it.
    var command: Command {
        let content = body.map { Array($0.description.utf8) } ?? []
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(content.count)\r\n\r\n"
        return Command(
            "docker", ["system", "dial-stdio"], input: Array(head.utf8) + content + Self.end,
            purpose: "\(method) \(path)")
    }

    /// The engine takes the end of its input for a client that went away, and gives up what it does. So another request
    /// follows at once, longer than what is read ahead, and it is that one's answer after which the connection is closed.
    private static let end = Array(
        ("HEAD /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\nX-Padding: "
            + String(repeating: "-", count: 8192) + "\r\n\r\n").utf8)
}

/// What the engine answered to an ``EngineRequest``.
struct EngineAnswer: Sendable, Hashable {
    /// HTTP's status.
    var status: Int
    /// With their names in lower case.
    var headers: [String: String]
    /// `null` where there is none.
    var body: JSONValue

    /// Reads the first answer of what was printed; `nil` where there is none.
    init?(_ output: [UInt8]) {
        let lines = output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            String(decoding: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0, as: UTF8.self)
        }
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/"), let status = Int(words[1]),
            let end = lines.firstIndex(of: "")
        else { return nil }
        self.status = status
        headers = [:]
        for line in lines[1..<end] {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        // The body is one line, between others where it comes in chunks.
        let rest = lines[end...].prefix { !$0.hasPrefix("HTTP/") }
        body = rest.first { $0.hasPrefix("{") }.flatMap { try? JSONParser.parse(Array($0.utf8)) } ?? .null
    }

    /// Whether the engine did what it was asked.
    var isSuccess: Bool { (200..<300).contains(status) }

    /// The engine's own words about what it could not do.
    var message: String { body["message"]?.string ?? "the engine answered with status \(status)" }
}

extension CommandRunning {
    /// Asks the engine.
    /// - Throws: ``TargetError`` where no answer came. An answer that says no is none.
    func ask(_ request: EngineRequest, _ failure: String) async throws -> EngineAnswer {
        let output = try await runTool(request.command)
        if let answer = EngineAnswer(output.standardOutput) { return answer }
        throw DockerFailure.error(
            failure, said: output.errorText.split(separator: "\n").map(String.init), termination: output.termination)
    }
}
