import Foundation
import Runner
import Testing

/// Probes of containers on a real Docker Engine.
@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(1)))
struct DockerProbesTests {
    /// Answers at port 80 with what is in /www, which is empty at first.
    private static let server = "CMD [\"sh\", \"-c\", \"busybox mkdir /www; exec busybox httpd -f -p 80 -h /www\"]"

    private func probe(_ question: JSONValue, _ more: [(String, JSONValue)] = []) -> JSONValue {
        .object(JSONObject((question.object?.members ?? []).map { ($0.key, $0.value) } + [("periodSeconds", 1)] + more))
    }

    @Test(
        arguments: [
            ["httpGet": ["port": 80, "path": "/ready"]],
            ["exec": ["command": ["busybox", "test", "-e", "/www/ready"]]],
        ] as [JSONValue])
    func readyIsWhatTheProbeSaysAndConnectionsFollow(question: JSONValue) async throws {
        let image = try await TinyImage.build("devloop-test/probed", Self.server)
        try await DockerProject.run { project in
            let target = project.target
            let images: DeliveredImages = [try await target.deliver(image)]
            let app = try #require(Workload("deployment/app"))
            let object = deployment(
                "app", image: "devloop-test/probed",
                container: [("readinessProbe", probe(question, [("failureThreshold", 1)]))])
            let endpoints = LogCollector()
            let log = LogCollector()
            let interest = EndpointInterest(namespaces: { [] }) { endpoint, isGone in
                let text = isGone ? "gone" : endpoint.isReady ? "ready" : "not ready"
                endpoints.add(.notice(workload: nil, text: text))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await target.followLogs(of: { [app] }, LogSelection(endpoints: interest), onEvent: log.add)
                }
                _ = try await target.apply(objects(object), images: images)
                await endpoints.wait { $0.contains(.notice(workload: nil, text: "not ready")) }
                group.addTask {
                    try await Task.sleep(for: .milliseconds(700))
                    _ = try await project.shell("deployment/app", "echo yes >/www/ready")
                }
                try await target.waitUntilReady(app)
                await endpoints.wait { $0.last == .notice(workload: nil, text: "ready") }
                _ = try await project.shell("deployment/app", "busybox rm /www/ready")
                await log.wait { $0.contains { if case .problem = $0 { true } else { false } } }
                await endpoints.wait { $0.last == .notice(workload: nil, text: "not ready") }
                _ = try await project.shell("deployment/app", "echo yes >/www/ready")
                await log.wait { $0.contains { if case .recovered = $0 { true } else { false } } }
                group.cancelAll()
                try? await group.waitForAll()
            }
        }
    }

    @Test func whatFailsItsLivenessProbeIsRestartedAndThatIsTold() async throws {
        let image = try await TinyImage.build("devloop-test/probed", Self.server)
        try await DockerProject.run { project in
            let target = project.target
            let app = try #require(Workload("deployment/app"))
            let object = deployment(
                "app", image: "devloop-test/probed",
                container: [
                    ("livenessProbe", probe(["tcpSocket": ["port": 80]], [("failureThreshold", 2)])),
                    // The second run of it listens.
                    (
                        "command",
                        [
                            "sh", "-c",
                            "[ -e /ran ] && { echo second; exec busybox httpd -f -p 80; }; echo >/ran; trap exit TERM; while :; do busybox sleep 0.1; done",
                        ]
                    ),
                ])
            let log = LogCollector()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [app] }, onEvent: log.add) }
                _ = try await target.apply(objects(object), images: [try await target.deliver(image)])
                await log.wait { LogCollector.lines($0).contains("second") }
                group.cancelAll()
                try? await group.waitForAll()
            }
            #expect(
                log.notices == [
                    "container main: liveness probe failed: TCP connection to port 80: connection refused, restarted"
                ])
        }
    }
}
