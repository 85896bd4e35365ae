import Synchronization
import TestSupport
import Testing

@testable import Runner

/// Asking the engine, with a docker that leads to a server of the test's.
@Suite(.timeLimit(.minutes(1))) struct DockerEngineTests {
    private static let here = #""context inspect --format={{.Endpoints.docker.Host}}") echo "unix://$here/server";;"#

    /// An engine elsewhere: what carries the request reads its head, and answers.
    private static func elsewhere(_ answer: String) -> String {
        #"""
        "context inspect --format={{.Endpoints.docker.Host}}") echo ssh://there;;
        "system dial-stdio") while read -r line && [ ${#line} -gt 1 ]; do echo "$line" >>"$here/request"; done
        """# + "\n\(answer);;"
    }

    private let request = EngineRequest(path: "/containers/c1/json")

    @Test func anEngineOfThisMachineIsAskedAtItsSocket() async throws {
        let standIn = try StandIn(["docker": Self.here])
        let server = try LocalServer(at: "\(standIn.folder.path)/server") { target in
            target == "/info" ? .response(200, #"{"a": 1}"#) : .response(404, #"{"message": "No such container: c1"}"#)
        }
        let told = Mutex<[String]>([])
        let engine = DockerEngine(launcher: standIn.launcher) { line in told.withLock { $0.append(line) } }
        async let first = engine.ask(.information, onPiece: nil)
        async let second = engine.ask(.information, onPiece: nil)
        #expect(try await [first.body, second.body] == [["a": 1], ["a": 1]])
        let answer = try await engine.ask(request, onPiece: nil)
        #expect(answer.status == 404)
        #expect(answer.message == "No such container: c1")
        #expect(answer.failure == "Error response from daemon: No such container: c1")
        #expect(server.requests == ["/info", "/info", "/containers/c1/json"])
        #expect(told.withLock { $0 } == ["GET /info", "GET /info", "GET /containers/c1/json"])
        // Where the engine is, docker was asked once.
        #expect(standIn.calls.count == 1)
        standIn.verify()
    }

    @Test func whereNobodyListensTheDaemonIsAway() async throws {
        let standIn = try StandIn(["docker": Self.here])
        let engine = DockerEngine(launcher: standIn.launcher)
        let answer = try await engine.tryAsk(.information)
        #expect(
            answer.failure
                == "Cannot connect to the Docker daemon at unix://\(standIn.folder.path)/server. "
                + "Is the docker daemon running?")
        let error = try await targetError { try await engine.ask(.information, "it failed") }
        #expect(error.severity == .unavailable)
    }

    @Test func anEngineElsewhereIsAskedThroughDocker() async throws {
        let standIn = try StandIn([
            "docker": Self.elsewhere(
                #"printf 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'; cat >"$here/rest"; echo over >"$here/end""#)
        ])
        let answer = try await DockerEngine(launcher: standIn.launcher).ask(request, onPiece: nil)
        #expect(answer.failure == nil)
        #expect(standIn.content(of: "request").hasPrefix("GET /containers/c1/json HTTP/1.1\r\n"))
        #expect(standIn.callLines.last == "docker system dial-stdio")
        standIn.verify()
    }

    @Test func whatCarriesARequestEndsWithIt() async throws {
        let standIn = try StandIn([
            "docker": Self.elsewhere(
                #"printf 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n'; exec sleep 1000"#)
        ])
        let engine = DockerEngine(launcher: standIn.launcher)
        let (pieces, continuation) = AsyncStream.makeStream(of: Int.self)
        let task = Task { [request] in try await engine.ask(request) { continuation.yield($0.count) } }
        #expect(await pieces.first { _ in true } == 3)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test(
        arguments: [
            ("echo 'failed to open the raw stream connection: refused' >&2; exit 1", .unavailable),
            ("echo 'no such host' >&2; exit 1", .failed), ("exit 0", .unavailable),
            (#"printf 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}'"#, .unavailable),
        ] as [(String, TargetError.Severity)])
    func whatCannotBeCarriedIsSaidInDockersWords(script: String, severity: TargetError.Severity) async throws {
        let standIn = try StandIn(["docker": Self.elsewhere(script)])
        let engine = DockerEngine(launcher: standIn.launcher)
        let error = try await targetError { try await engine.ask(request, "it failed") }
        #expect(error.severity == severity)
    }

    @Test func withoutDockerThereIsNoEngine() async throws {
        let standIn = try StandIn([:])
        let engine = DockerEngine(launcher: standIn.launcher)
        #expect(try await engine.tryAsk(request).failure == "docker was not found on PATH")
        let error = try await targetError { try await engine.ask(request, "it failed") }
        #expect(error.severity == .unavailable)
        #expect(error.advice?.contains("install Docker") == true)
    }

    @Test func aBodyIsSentAndStandsInNoListOfCommands() {
        let request = EngineRequest(method: "POST", path: "/containers/create?name=n", body: ["Env": ["A=hush"]])
        #expect("\(request)" == "POST /containers/create?name=n")
        #expect(
            String(decoding: request.http.bytes, as: UTF8.self)
                == "POST /containers/create?name=n HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nContent-Length: 18\r\n\r\n{\"Env\":[\"A=hush\"]}")
    }

    @Test(
        arguments: [
            ("2026-01-01T00:00:00Z", "1767225600.000000000"), ("2026-01-01T00:00:00.5Z", "1767225600.500000000"),
            ("2026-01-01T00:00:00.000000001Z", "1767225600.000000001"),
            ("2026-01-01T02:30:00.25+02:30", "1767225600.250000000"),
            ("2025-12-31T19:00:00-05:00", "1767225600.000000000"), ("2026-01-01T00:00:00", nil), ("", nil),
            ("2026-01-01T00:00:00.5", nil), ("2026-01-01 00:00:00Z", nil),
        ] as [(String, String?)])
    func aTimeOfTheEnginesIsReadWhateverItsZone(text: String, expected: String?) {
        #expect(EngineTime(text)?.description == expected)
    }

    @Test(
        arguments: [
            (.beginning, ""), (.time("2026-01-01T00:00:00.5Z"), "&since=1767225600.500000000"),
            (.ago(.seconds(90)), "&since=1767225510.000000000"), (.lastLines(10), "&tail=10"),
        ] as [(LogStart, String)])
    func aLogIsReadFromWhereItIsToBegin(start: LogStart, query: String) {
        let request = EngineRequest.log(of: "c1", follows: false, from: EngineLogStart(start, now: 1_767_225_600))
        #expect(request.path == "/containers/c1/logs?stdout=true&stderr=true&timestamps=true\(query)")
    }

    /// A connection that breaks in the middle of a line, or of a frame: what there is of it comes again, whole.
    @Test(arguments: [LogFrame(1, "2026 whole\n").bytes, LogFrame(1, "2026 whole\n2026 ha").bytes])
    func aLineThatIsCutIsNotShown(sent: [UInt8]) async throws {
        let standIn = try StandIn(["docker": Self.here])
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let body = sent + LogFrame(2, "2026 err").bytes.dropLast(2)
        let chunk = "\(String(body.count, radix: 16))\r\n"
        let server = try LocalServer(at: "\(standIn.folder.path)/server") { _ in
            .init(bytes: Array((head + chunk).utf8) + body + Array("\r\n".utf8))
        }
        let lines = Mutex<[String]>([])
        let engine = DockerEngine(launcher: standIn.launcher)
        let answer = try await engine.readLog(of: "c1", follows: true, from: .beginning) { _, line in
            lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
        #expect(answer.failure == "unexpected EOF")
        #expect(lines.withLock { $0 } == ["2026 whole"])
        #expect(server.requests.count == 1)
    }
}
