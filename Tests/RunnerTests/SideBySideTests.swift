import Synchronization
import Testing

@testable import Runner

@Suite struct SideBySideTests {
    @Test(arguments: [(0, 3), (2, 3), (20, 3), (20, 100)])
    func allIsDoneAndNoMoreThanSoManyAtOnce(count: Int, limit: Int) async {
        let state = Mutex((now: 0, most: 0))
        let outcomes = await sideBySide(Array(0..<count), atOnce: limit) { number in
            state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
            await Task.yield()
            state.withLock { $0.now -= 1 }
            return number
        }
        #expect(outcomes.sorted() == Array(0..<count))
        #expect(state.withLock { $0.most } <= limit)
    }
}
