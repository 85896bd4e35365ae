import Testing

@testable import Runner

/// The proxy's answers in kubectl's words: on the right what `kubectl get pods` printed of the same (kubectl 1.32).
@Suite struct ReadFailureTests {
    private func reading(_ status: Int, _ body: String, type: String = "application/json") -> ReadFailure? {
        ReadFailure(
            HTTPResponse(
                head: HTTPHead(status: status, headers: ["content-type": type]), body: Array(body.utf8),
                ending: .complete))
    }

    private static func status(_ reason: String, _ message: String) -> String {
        let json: JSONValue = ["kind": "Status", "reason": .string(reason), "message": .string(message)]
        return json.description
    }

    @Test(arguments: [
        (404, status("NotFound", #"pods "a" not found"#), #"Error from server (NotFound): pods "a" not found"#),
        (401, status("Unauthorized", "Unauthorized"), "error: You must be logged in to the server (Unauthorized)"),
        (403, status("Forbidden", "no"), "Error from server (Forbidden): no"),
        (
            500, status("", #"Get "https://10.0.0.5:10250/x": EOF"#),
            #"Error from server: Get "https://10.0.0.5:10250/x": EOF"#
        ),
        (
            404, "404 page not found",
            "Error from server (NotFound): the server could not find the requested resource"
        ),
        (
            503, "upstream",
            "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
        ),
    ])
    func whatTheServerSays(status: Int, body: String, said: String) {
        #expect(reading(status, body) == ReadFailure(said))
    }

    @Test(arguments: [
        (
            "dial tcp 127.0.0.1:1: connect: connection refused\n",
            "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
            TargetError.Severity.unavailable, false
        ),
        (
            "dial tcp: lookup nosuch.invalid on 10.0.0.53:53: no such host\n",
            "Unable to connect to the server: dial tcp: lookup nosuch.invalid on 10.0.0.53:53: no such host",
            .unavailable, false
        ),
        (
            "tls: failed to verify certificate: x509: certificate signed by unknown authority\n",
            "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown "
                + "authority", .unavailable, false
        ),
        (
            "getting credentials: exec: executable nosuch-plugin not found\n\nIt looks like you are trying to use a "
                + "client-go credential plugin that is not installed.\n",
            "Unable to connect to the server: getting credentials: exec: executable nosuch-plugin not found",
            .unavailable, true
        ),
    ])
    func thatTheServerCannotBeAsked(
        text: String, said: String, severity: TargetError.Severity, wantsLogin: Bool
    ) throws {
        let failure = try #require(reading(500, text, type: "text/plain; charset=utf-8"))
        let error = KubectlFailure.error("summary", failure, context: "lab")
        #expect(error.severity == severity)
        #expect(error.details.first == said)
        #expect(KubectlFailure.wantsLogin(failure) == wantsLogin)
    }

    @Test func aConnectionThatEndsEarlyIsAnOutage() throws {
        let head = HTTPHead(status: 200, headers: [:])
        for response in [
            HTTPResponse(head: head, ending: .cut), HTTPResponse(ending: .cut), HTTPResponse(ending: .silent),
        ] {
            let failure = try #require(ReadFailure(response))
            #expect(KubectlFailure.error("", failure, context: "lab").severity == .unavailable)
        }
    }

    @Test func whatWasAskedForIsNoFailure() { #expect(reading(200, "{}") == nil) }
}
