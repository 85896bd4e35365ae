import Testing

@testable import Runner

/// The words of runtimes and registries that the cluster of the recordings has not got.
struct PullFailureTests {
    @Test(arguments: [
        (
            #"failed to pull and unpack image "docker.io/library/nosuch:latest": failed to resolve reference "docker.io/library/nosuch:latest": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"#,
            PullFailure.Kind.name
        ),
        (
            "Error response from daemon: pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
            .name
        ),
        (
            #"rpc error: code = Unknown desc = Error response from daemon: manifest for redis:nosuch not found: manifest unknown: manifest unknown"#,
            .tag
        ),
        (
            "initializing source docker://registry.example/a:b: reading manifest b in registry.example/a: manifest unknown",
            .tag
        ),
        (
            "reading manifest b in registry.example/a: name unknown: repository name not known to registry", .name
        ),
        (
            #"failed to pull and unpack image "ghcr.io/a/b:c": failed to resolve reference "ghcr.io/a/b:c": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aa%2Fb%3Apull&service=ghcr.io: 403 Forbidden"#,
            .credentials
        ),
        (
            #"Error response from daemon: Head "https://registry.example/v2/a/manifests/b": no basic auth credentials"#,
            .credentials
        ),
        (
            #"failed to do request: Head "https://registry.example:5000/v2/a/manifests/b": http: server gave HTTP response to HTTPS client"#,
            .plainHTTP
        ),
        (
            #"Get "https://registry.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority"#,
            .certificate
        ),
        (
            "unexpected status from HEAD request: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit",
            .tooManyPulls
        ),
        (
            #"Get "https://registry.example/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"#,
            .unreachable
        ),
        (#"Get "http://registry:5000/v2/": dial tcp: lookup registry on 10.96.0.10:53: no such host"#, .unreachable),
        ("no match for platform in manifest: not found", .platform),
        ("failed to extract layer: write /usr/lib/x: no space left on device", .diskFull),
        ("something that nobody has seen yet", .other),
    ]) func itsKindIsTold(_ message: String, _ kind: PullFailure.Kind) throws {
        let failure = try #require(PullFailure(message, image: "registry.example/a:b"))
        #expect(failure.kind == kind)
        #expect(!failure.problem(state: "ErrImagePull", container: "app").advice.isEmpty)
    }

    @Test func aBackOffWithoutAReasonTellsNothing() {
        #expect(PullFailure(#"Back-off pulling image "registry.example/a:b""#, image: "registry.example/a:b") == nil)
        #expect(PullFailure("", image: "registry.example/a:b") == nil)
    }

    @Test(arguments: ["", "x", "rpc error: code = ", #"failed to resolve reference ""#, "ErrImagePull: ", "ö\": é"])
    func wordsThatBreakOffAreTakenAsTheyAre(_ message: String) {
        let failure = PullFailure(message, image: "a")
        #expect(failure?.cause.isEmpty != true)
    }

    @Test func eachKindSaysSomethingElse() throws {
        var failure = try #require(PullFailure("x", image: "registry.example/a:b"))
        var summaries: Set<String> = []
        for kind in PullFailure.Kind.allCases {
            failure.kind = kind
            summaries.insert(failure.problem(state: "ErrImagePull", container: "app").summary)
        }
        #expect(summaries.count == PullFailure.Kind.allCases.count)
    }

    @Test(arguments: [
        (
            "HTTP/1.1 404 Not Found\r\nX: y\r\n\r\n"
                + #"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}"#,
            RegistryAnswer.noSuchName
        ),
        ("HTTP/1.0 200 OK\r\n\r\n" + #"{"name":"a","tags":["ok","v2"]}"#, .tags(["ok", "v2"])),
        ("HTTP/1.0 200 OK\r\n\r\n" + #"{"name":"a","tags":null}"#, .tags([])),
        ("HTTP/1.0 401 Unauthorized\r\n\r\n" + #"{"errors":[{"code":"UNAUTHORIZED"}]}"#, nil),
        ("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.", nil), ("", nil),
        ("SSH-2.0-OpenSSH\r\n\r\n{}", nil),
    ]) func whatARegistryAnswersIsRead(_ response: String, _ answer: RegistryAnswer?) {
        #expect(RegistryAnswer(Array(response.utf8)) == answer)
    }

    @Test(arguments: ["nginx", "registry.example/a:b", "localhost:1/a"])
    func aRegistryThatCannotBeAskedGivesNoAnswer(_ image: String) async throws {
        let reference = try #require(ImageReference(image))
        #expect(await RegistryAnswer.ask(about: reference) == nil)
    }
}
