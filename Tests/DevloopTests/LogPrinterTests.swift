import Runner
import Synchronization
import Testing

@testable import devloop

@Suite(.timeLimit(.minutes(1))) struct LogPrinterTests {
    private final class Sink: OutputSink {
        let text = Mutex("")
        func write(_ bytes: [UInt8], to stream: StandardStream, waits: Bool) {
            text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        func stopWaiting() {}
        func flush(atMost _: Duration) -> Bool { true }
    }

    @Test func thatTheLogsCannotBeFollowedIsToldOnceForAsLongAsItLasts() async throws {
        let away = TargetError(.unavailable, "docker was not found on PATH")
        let other = TargetError(.unavailable, "kubectl was not found on PATH")
        let sink = Sink()
        // How each attempt ends, and whether there was something to print before.
        let ends = [
            (false, away), (false, away), (false, away), (false, other), (false, other), (true, other), (false, other),
        ]
        let objects = [
            Fixture.object("Deployment", "web", images: ["shop/web"]),
            Fixture.object("Deployment", "api", images: ["shop/api:dev"]),
        ]
        let project = try Project(configuration: try Fixture.configuration(Fixture.shop), objects: objects)
        let printer = LogPrinter(
            project: CurrentProject(project), terminal: Terminal(appearance: Appearance(), sink: sink),
            retryDelay: .zero)
        await Task {
            var attempts = 0
            await printer.follow { onEvent in
                guard attempts < ends.count else { return withUnsafeCurrentTask { $0?.cancel() } }
                let (hasLine, error) = ends[attempts]
                attempts += 1
                if hasLine { onEvent() }
                throw error
            }
        }.value
        let told = sink.text.withLock { $0 }.split(separator: "\n").filter { $0.hasPrefix("✗") }
        #expect(
            told
                == [away, other, other].map { "✗ the logs cannot be followed, trying again: \($0.summary)" }.map {
                    Substring($0)
                })
    }
}
