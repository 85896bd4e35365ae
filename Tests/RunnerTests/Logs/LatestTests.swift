import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct LatestTests {
    @Test func aChangeSinceTheVersionIsSeenAtOnce() async {
        let latest = Latest(1)
        let version = latest.current.version
        latest.set(2)
        await latest.changed(since: version)
        #expect(latest.current.value == 2)
    }

    @Test func aCancelledTaskDoesNotWait() async {
        let latest = Latest(1)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await latest.changed(since: latest.current.version)
        }
        await task.value
    }

    /// Cancellation and the start of the wait race: neither order may lose the wake-up.
    @Test func cancellingAnyTimeEndsTheWait() async {
        for _ in 0..<2000 {
            let latest = Latest(1)
            let task = Task { await latest.changed(since: latest.current.version) }
            task.cancel()
            await task.value
        }
    }

    /// Values may be skipped; the last never is.
    @Test func theLastValueIsAlwaysSeen() async {
        let latest = Latest(0)
        let last = 20_000
        async let seen: Int = {
            while true {
                let (value, version) = latest.current
                if value == last { return value }
                await latest.changed(since: version)
            }
        }()
        await Task { for value in 1...last { latest.set(value) } }.value
        #expect(await seen == last)
    }

    @Test func aWaitThatWasCancelledDoesNotDisturbTheNext() async {
        let latest = Latest(0)
        let first = Task { await latest.changed(since: 0) }
        first.cancel()
        await first.value
        let second = Task { await latest.changed(since: 0) }
        latest.set(1)
        await second.value
        #expect(latest.current.version == 1)
    }

    @Test func allWhoWaitAreWoken() async {
        let latest = Latest(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 { group.addTask { await latest.changed(since: 0) } }
            // One that gives up disturbs no other.
            let impatient = Task { await latest.changed(since: 0) }
            impatient.cancel()
            await impatient.value
            latest.set(1)
        }
        #expect(latest.current.version == 1)
    }
}
