import Testing

@testable import Runner

struct BackoffTests {
    @Test func eachPauseIsTwiceTheOneBeforeUpToTheLimit() {
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(1))
        #expect((0..<6).map { _ in backoff.step() } == [100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
    }

    @Test func aSuccessBeginsAnew() {
        var backoff = Backoff(first: .milliseconds(10), limit: .seconds(1))
        _ = backoff.step()
        _ = backoff.step()
        backoff.reset()
        #expect(backoff.step() == .milliseconds(10))
    }

    @Test(.timeLimit(.minutes(1))) func cancellingEndsThePause() async {
        let task = Task {
            var backoff = Backoff(first: .seconds(3600))
            try await backoff.wait()
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
