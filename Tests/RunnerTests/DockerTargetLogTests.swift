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

    /// The daemon was away while a container was removed.
    @Test func linesMayBeMissingWhereAContainerIsGoneBeforeItsLogWasRead() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: LogEvent.self)
        launcher.expect("docker info", .prints("2026-01-01T00:00:00.5Z"))
        launcher.expect("docker ps")
        launcher.expect("docker events", .hangs(printing: Self.start))
        launcher.expect("docker logs --follow --timestamps c1", .fails("error during connect: unexpected EOF"))
        launcher.expect("docker logs", .fails("Error response from daemon: No such container: c1"))
        let target = target()
        let follow = Task { [web] in try await target.followLogs(of: { [web] }) { continuation.yield($0) } }
        let text = "lines of its log may be missing: it was removed before the rest could be read"
        #expect(await events.first { _ in true } == .notice(workload: web, text: text))
        follow.cancel()
        await #expect(throws: CancellationError.self) { try await follow.value }
        launcher.verify()
    }

    @Test func eventsThatEndAreToldOnceAndFollowedAgain() async throws {
        let events = Mutex<[LogEvent]>([])
        for _ in 1...3 {
            launcher.expect("docker info", .prints("2026-01-01T00:00:00.5Z"))
            launcher.expect("docker ps")
        }
        launcher.expect("docker events --since=2026-01-01T00:00:00.5Z", .fails("the daemon is restarting"))
        launcher.expect("docker events", .prints())
        launcher.expect("docker events", .hangs(printing: Self.start))
        launcher.expect(
            "docker logs --follow --timestamps c1", .hangs(printing: "2026-01-01T00:00:01.000000000Z hello"))
        let target = target()
        let follow = Task { [web] in
            try await target.followLogs(of: { [web] }) { event in events.withLock { $0.append(event) } }
        }
        await launcher.started("docker logs")
        follow.cancel()
        await #expect(throws: CancellationError.self) { try await follow.value }
        #expect(
            events.withLock { $0 } == [
                .notice(
                    workload: nil,
                    text: "Docker's events cannot be followed: the daemon is restarting; trying again"),
                .line(workload: web, container: nil, text: Array("hello".utf8)),
            ])
        launcher.verify()
    }
}
