import Testing

@testable import Runner

/// Probes of containers whose addresses can't be reached from here: tools in their images ask in devloop's place.
@Suite(.timeLimit(.minutes(1))) struct FarProbesTests {
    private let launcher = RecordingLauncher()

    private func ask(_ json: String) async throws -> ProbeAnswer {
        let probe = ContainerProbe(try JSONParser.parse(Array(json.utf8)), .readiness, ports: ["http": 8080])
        let asker = ProbeAsker(engine: launcher) { false }
        // Nobody answers there.
        return try await asker.ask(probe, container: "c1", address: "192.0.2.1")
    }

    private func expectTool(_ exitCode: Int, says text: String = "") {
        launcher.expect("POST /containers/c1/exec", .engine(201, #"{"Id": "e1"}"#))
        launcher.expect("POST /exec/e1/start", .engine(200, LogFrame(2, text).bytes))
        launcher.expect("GET /exec/e1/json", .engine(200, #"{"ExitCode": \#(exitCode)}"#))
    }

    /// What was run, in order.
    private var ran: [[String]] {
        launcher.requests.filter { $0.path.hasSuffix("/exec") }.map {
            ($0.body?["Cmd"]?.array ?? []).compactMap(\.string)
        }
    }

    @Test(
        arguments: [
            ("{tcpSocket: {port: 5432}}", "nc -z -w 1 127.0.0.1 5432"),
            ("{tcpSocket: {port: 'http', host: 'db'}, timeoutSeconds: 3}", "nc -z -w 3 db 8080"),
            (
                "{httpGet: {path: 'healthz', port: 'http'}}",
                "wget -q -O /dev/null -T 1 http://127.0.0.1:8080/healthz"
            ),
            (
                "{httpGet: {scheme: 'HTTPS', port: 443, httpHeaders: [{name: 'Host', value: 'shop'}]}, timeoutSeconds: 2}",
                "wget -q -O /dev/null -T 2 --no-check-certificate --header Host: shop https://127.0.0.1:443/"
            ), ("{exec: {command: ['ready', 'now']}}", "ready now"),
        ])
    func theContainerAsksItself(probe: String, words: String) async throws {
        expectTool(0)
        #expect(try await ask(probe) == .success)
        #expect(ran.map { $0.joined(separator: " ") } == [words])
        launcher.verify()
    }

    @Test func whatAToolGetsIsTheAnswer() async throws {
        expectTool(1, says: "nc: connection refused\n")
        #expect(
            try await ask("{tcpSocket: {port: 80}}") == .failure("nc: connection refused (exit code 1)"))
    }

    @Test(arguments: [126, 127]) func anImageWithoutTheToolIsNotIll(exitCode: Int) async throws {
        for _ in 1...2 { expectTool(exitCode) }
        #expect(try await ask("{httpGet: {port: 80}}") == .impossible("its image has no wget"))
    }

    @Test func aProgramOfTheProbesOwnThatIsMissingIsAFailure() async throws {
        expectTool(127, says: "no such file\n")
        #expect(try await ask("{exec: {command: ['ready']}}") == .failure("no such file (exit code 127)"))
    }

    @Test func aToolThatCantDoItIsAskedAnotherWay() async throws {
        expectTool(1, says: "nc: invalid option -- 'z'\nUsage: nc\n")
        expectTool(0)
        #expect(try await ask("{tcpSocket: {port: 80}}") == .success)
        #expect(ran.last == ["nc", "-w", "1", "127.0.0.1", "80", "-e", "true"])
    }

    @Test func aToolThatCrashesIsAskedAnotherWay() async throws {
        expectTool(139)
        expectTool(1, says: "wget: server returned error: HTTP/1.1 404 Not Found\n")
        #expect(
            try await ask("{httpGet: {port: 80}}")
                == .failure("wget: server returned error: HTTP/1.1 404 Not Found (exit code 1)"))
        #expect(ran.last == ["timeout", "1", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:80/"])
    }
}
