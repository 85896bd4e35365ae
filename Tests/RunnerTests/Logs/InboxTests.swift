import Synchronization
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct InboxTests {
    /// Puts numbers on a thread of its own; tells how many it has put by now.
    private func put(_ numbers: Range<Int>, into inbox: Inbox<Int>) -> Latest<Int> {
        let count = Latest(0)
        PosixThread.detach {
            for number in numbers {
                inbox.put(number)
                count.set(number + 1)
            }
        }
        return count
    }

    private func wait(for count: Latest<Int>, _ value: Int) async {
        while true {
            let (now, version) = count.current
            if now >= value { return }
            await count.changed(since: version)
        }
    }

    @Test func whatAThreadPutsComesInOrderAndNothingIsDropped() async {
        let inbox = Inbox<Int>(limit: 3)
        let count = put(0..<200, into: inbox)
        var taken: [Int] = []
        while taken.count < 200, let number = await inbox.next() { taken.append(number) }
        #expect(taken == Array(0..<200))
        await wait(for: count, 200)
        inbox.finish()
        #expect(await inbox.next() == nil)
    }

    @Test func aThreadIsHeldUpWhileItIsFull() async {
        let inbox = Inbox<Int>(limit: 3)
        let count = put(0..<10, into: inbox)
        await wait(for: count, 3)
        #expect(count.current.value == 3)
        #expect(await inbox.next() == 0)
        await wait(for: count, 4)
        inbox.finish()
        // What is put from now on is let go.
        await wait(for: count, 10)
    }

    @Test func aTaskWaitsForRoomToo() async {
        let inbox = Inbox<Int>(limit: 1)
        async let sent: Void = {
            for number in 0..<200 { await inbox.send(number) }
        }()
        var taken: [Int] = []
        while taken.count < 200, let number = await inbox.next() { taken.append(number) }
        #expect(taken == Array(0..<200))
        await sent
    }

    @Test func aTaskThatIsCancelledWaitsForNothing() async {
        let full = Inbox<Int>(limit: 1)
        await full.send(0)
        let sender = Task { await full.send(1) }
        let receiver = Task { await Inbox<Int>().next() }
        sender.cancel()
        receiver.cancel()
        await sender.value
        #expect(await receiver.value == nil)
        #expect(await full.next() == 0)
    }
}

struct OutageTests {
    private enum Step {
        case succeeded(Outage.Step)
        case failed(Outage.Step)
    }

    /// - Returns: at which of the steps something is told.
    private func told(_ steps: [Step]) -> [Int] {
        var outage = Outage()
        return steps.indices.filter { index in
            switch steps[index] {
            case .succeeded(let step): outage.succeeded(step)
            case .failed(let step): return outage.failed(step)
            }
            return false
        }
    }

    @Test func itIsToldOnceForAsLongAsItLasts() {
        #expect(told([.failed(.asking), .failed(.asking), .failed(.asking)]) == [0])
        // The server goes away while somebody listens, and can't be asked either.
        #expect(told([.failed(.listening), .failed(.asking), .failed(.asking)]) == [0])
    }

    @Test func theNextOneIsToldAgain() {
        #expect(told([.failed(.asking), .succeeded(.asking), .failed(.listening)]) == [0, 2])
        #expect(told([.failed(.listening), .failed(.asking), .succeeded(.asking), .failed(.listening)]) == [0, 3])
        #expect(told([.failed(.listening), .succeeded(.listening), .failed(.listening)]) == [0, 2])
    }

    /// A question that is answered doesn't say that somebody may listen.
    @Test func whoMayAskButNotListenIsToldOnce() {
        #expect(
            told([.succeeded(.asking), .failed(.listening), .succeeded(.asking), .failed(.listening)]) == [1])
    }
}
