import Foundation
import Synchronization
import Testing

@testable import Runner

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
                let isWritten = Atomic(false)
                group.addTask {
                    isWritten.store(true, ordering: .releasing)
                    _ = try await project.shell("deployment/app", "echo yes >/www/ready")
                }
                try await target.waitUntilReady(app)
                let hasWaited = isWritten.load(ordering: .acquiring)
                #expect(hasWaited)
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

    /// As where the engine is on another machine: Debian's busybox asks, or none.
    @Test func toolsInTheImageAskWhereItsAddressCantBeReached() async throws {
        let base = try await Docker.base()
        let server = "busybox mkdir /www; echo yes >/www/ready; exec busybox httpd -f -p 80 -h /www"
        let bare = try await TinyImage.build("devloop-test/probed", Self.server)
        let asker = ProbeAsker(engine: DockerEngine(launcher: Docker.launcher)) { false }
        func ask(_ question: JSONValue, _ container: String) async throws -> ProbeAnswer {
            let probe = ContainerProbe(
                .object(
                    JSONObject((question.object?.members ?? []).map { ($0.key, $0.value) } + [("timeoutSeconds", 10)])),
                .readiness, ports: [:])
            return try await asker.ask(probe, container: container, address: "192.0.2.1")
        }
        let tooled = try await Docker.run("run", "--detach", "--rm", base, "busybox", "sh", "-c", server)
        let toolless = try await Docker.run("run", "--detach", "--rm", bare.id)
        let result: Result<Void, any Error>
        do {
            let found = try await Shell.eventually {
                try await ask(["httpGet": ["port": 80, "path": "/ready"]], tooled)
            } is: {
                $0 == .success
            }
            #expect(found == .success)
            guard case .failure(let words) = try await ask(["httpGet": ["port": 80, "path": "/none"]], tooled) else {
                throw Docker.Failure(text: "what is not there is found")
            }
            #expect(words.contains("404"))
            #expect(try await ask(["tcpSocket": ["port": 80]], tooled) == .success)
            guard case .failure(let refused) = try await ask(["tcpSocket": ["port": 81]], tooled) else {
                throw Docker.Failure(text: "nobody listens there")
            }
            #expect(refused.contains("refused"))
            for (question, tool) in [(["httpGet": ["port": 80]], "wget"), (["tcpSocket": ["port": 80]], "nc")]
                as [(JSONValue, String)]
            {
                #expect(try await ask(question, toolless) == .impossible("its image has no \(tool)"))
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await Docker.run("rm", "--force", tooled, toolless)
        try result.get()
    }
}
