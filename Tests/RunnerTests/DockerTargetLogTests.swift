import Synchronization
import Testing

@testable import Runner

/// What the Docker target tells of logs and events that end.
@Suite(.timeLimit(.minutes(1)))
struct DockerTargetLogTests: DockerTargetSuite {
    let launcher = RecordingLauncher()

    private static let start = """
        {"Type": "container", "Action": "start", "Actor": {"ID": "c1", "Attributes": \
        {"dev.devloop.workload": "deployment/web", "dev.devloop.pod": "one"}}}

        """
    private static let information = RecordingLauncher.Answer.engine(200, #"{"SystemTime": "2026-01-01T00:00:00.5Z"}"#)

    /// The daemon was away while a container was removed.
    @Test func linesMayBeMissingWhereAContainerIsGoneBeforeItsLogWasRead() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: LogEvent.self)
        launcher.expect("GET /info", Self.information)
        launcher.expect("docker ps")
        launcher.expect("GET /events", .engine(200, Self.start, hangs: true))
        launcher.expect("GET /containers/c1/logs", .isAway(.cut))
        launcher.expect("GET /containers/c1/logs", .engine(404, #"{"message": "No such container: c1"}"#))
        let target = target()
        let follow = Task { [web] in
            try await target.followLogs(of: { [web] }) { if !$0.isAboutWhatRuns { continuation.yield($0) } }
        }
        let text = "lines of its log may be missing: it was removed before the rest could be read"
        #expect(await events.first { _ in true } == .notice(workload: web, text: text))
        follow.cancel()
        await #expect(throws: CancellationError.self) { try await follow.value }
        launcher.verify()
    }

    @Test func eventsThatEndAreToldOnceAndFollowedAgain() async throws {
        let events = Mutex<[LogEvent]>([])
        for _ in 1...3 {
            launcher.expect("GET /info", Self.information)
            launcher.expect("docker ps")
        }
        launcher.expect(
            "GET /events?since=1767225600.500000000&filters=%7B%22type%22",
            .engine(503, #"{"message": "the daemon is restarting"}"#))
        launcher.expect("GET /events", .engine(200, ""))
        launcher.expect("GET /events", .engine(200, Self.start, hangs: true))
        launcher.expect(
            "GET /containers/c1/logs?stdout=true&stderr=true&timestamps=true&follow=true",
            .log("2026-01-01T00:00:01.000000000Z hello", hangs: true))
        let target = target()
        let follow = Task { [web] in
            try await target.followLogs(of: { [web] }) { event in
                if !event.isAboutWhatRuns { events.withLock { $0.append(event) } }
            }
        }
        await launcher.started("GET /containers/c1/logs")
        follow.cancel()
        await #expect(throws: CancellationError.self) { try await follow.value }
        #expect(
            events.withLock { $0 } == [
                .notice(
                    workload: nil,
                    text: "Docker's events cannot be followed: Error response from daemon: the daemon is restarting; "
                        + "trying again"),
                .line(workload: web, container: nil, text: Array("hello".utf8)),
            ])
        launcher.verify()
    }
}
