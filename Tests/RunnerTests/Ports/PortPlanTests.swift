import TestSupport
import Testing

@testable import Runner

struct PortPlanTests {
    private let first = PortBackend(id: "a", place: .pod("a", namespace: "n"), port: 80)
    private let second = PortBackend(id: "b", place: .pod("b", namespace: "n"), port: 80)
    private let address = PortBackend(id: "c", place: .address("10.0.0.1"), port: 80)

    private func plan(_ ready: PortBackend...) -> PortPlan {
        var plan = PortPlan()
        _ = plan.changed(ready: ready, coming: [], at: .zero)
        return plan
    }

    @Test func aConnectionGoesOn() {
        var plan = plan(first)
        #expect(plan.accepted(1, at: .zero) == [.connect(1, first)])
        plan.connected(1, at: .zero)
        #expect(plan.settled(1, at: .zero) == [])
        #expect(plan.deadline == nil)
    }

    @Test func aConnectionIsHeldUntilThereIsSomewhereToGo() {
        var plan = plan()
        #expect(plan.accepted(1, at: .zero) == [])
        #expect(plan.deadline == .seconds(30))
        // One that is not ready yet is prepared, and gets nothing.
        #expect(plan.changed(ready: [], coming: [first], at: .seconds(1)) == [.prepare(first)])
        #expect(plan.changed(ready: [first], coming: [], at: .seconds(2)) == [.connect(1, first)])
    }

    @Test func aConnectionIsHeldForThirtySeconds() {
        var plan = plan()
        _ = plan.accepted(1, at: .zero)
        #expect(plan.woke(at: .milliseconds(29_999)) == [])
        #expect(plan.woke(at: .seconds(30)) == [.close(1)])
        #expect(plan.deadline == nil)
    }

    @Test func whatNobodyTookIsTriedAgainForThirtySeconds() {
        var plan = plan(first)
        var now = Duration.zero
        var actions = plan.accepted(1, at: now)
        var attempts = 0
        while !actions.contains(.close(1)) {
            if actions.contains(.connect(1, first)) {
                attempts += 1
                actions = plan.failed(1, at: now)
                continue
            }
            now = plan.deadline ?? .seconds(99)
            actions = plan.woke(at: now)
        }
        #expect(now == .seconds(30))
        // After 100, 200, 400, 800 ms and then each second.
        #expect((30...36).contains(attempts))
    }

    @Test func connectionsAreSpreadOverThoseThatAnswer() {
        var plan = plan(first, second)
        for client in 1...2 { _ = plan.accepted(client, at: .zero) }
        for client in 1...2 { _ = plan.settled(client, at: .zero) }
        let actions = (3...8).flatMap { plan.accepted($0, at: .zero) }
        let counts = [first, second].map { backend in
            actions.filter { if case .connect(_, backend) = $0 { true } else { false } }.count
        }
        #expect(counts == [3, 3])
    }

    @Test func oneConnectionTriesWhereNothingWasHeardOfYet() {
        var plan = plan(first)
        #expect(plan.accepted(1, at: .zero) == [.connect(1, first)])
        #expect(plan.accepted(2, at: .zero) == [])
        plan.connected(1, at: .zero)
        // It has lasted for a while.
        #expect(plan.deadline == .milliseconds(250))
        #expect(plan.woke(at: .milliseconds(250)) == [.connect(2, first)])
    }

    @Test func whereOneFailsAnotherGoesElsewhere() {
        var plan = plan(first, second)
        guard case .connect(1, let tried)? = plan.accepted(1, at: .zero).first else {
            Issue.record("nothing was tried")
            return
        }
        let other = tried == first ? second : first
        #expect(plan.failed(1, at: .zero) == [.connect(1, other)])
    }

    @Test func aClientThatIsGoneLetsTheNextOneTry() {
        var plan = plan(first)
        _ = plan.accepted(1, at: .zero)
        _ = plan.accepted(2, at: .zero)
        #expect(plan.vanished(1, at: .zero) == [.connect(2, first)])
    }

    @Test func aPodThatEndsMayStillAnswer() {
        var plan = plan(first)
        _ = plan.accepted(1, at: .zero)
        plan.connected(1, at: .zero)
        #expect(plan.changed(ready: [second], coming: [], at: .seconds(1)) == [.prepare(second)])
        // It did not: what was sent goes to the next one.
        #expect(plan.failed(1, at: .seconds(2)) == [.connect(1, second)])
    }

    @Test func aPodThatEndsBeforeTheWayToItIsMadeIsGivenUp() {
        var plan = plan(first)
        _ = plan.accepted(1, at: .zero)
        let actions = plan.changed(ready: [second], coming: [], at: .seconds(1))
        #expect(actions == [.prepare(second), .abandon(1), .connect(1, second)])
    }

    @Test func anAddressThatIsGoneIsGivenUp() {
        var plan = plan(address)
        _ = plan.accepted(1, at: .zero)
        plan.connected(1, at: .zero)
        #expect(plan.changed(ready: [], coming: [], at: .seconds(1)) == [.abandon(1)])
    }

    @Test func aPortThatNobodyUsesPreparesNothing() {
        var plan = plan(first)
        #expect(plan.changed(ready: [second], coming: [], at: .zero) == [])
        _ = plan.accepted(1, at: .zero)
        _ = plan.settled(1, at: .zero)
        #expect(plan.changed(ready: [first], coming: [], at: .seconds(299)) == [.prepare(first)])
        #expect(plan.changed(ready: [second], coming: [], at: .seconds(301)) == [])
    }

    /// In whatever order things happen: nothing goes to what is not ready, nobody has two ways, each is closed or goes
    /// on, and where something answers nobody is held for longer than it takes.
    @Test(arguments: 0..<200)
    func ordersOfEvents(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let backends = (0..<4).map { number in
            let place: PortBackend.Place =
                number % 2 == 0 ? .pod("\(number)", namespace: "n") : .address("10.0.0.\(number)")
            return PortBackend(id: "\(number)", place: place, port: 80)
        }
        var plan = PortPlan()
        var now = Duration.zero
        var ready: [PortBackend] = []
        var clients: Set<Int> = []
        var ways: [Int: PortBackend] = [:]
        var connected: Set<Int> = []
        var since: [Int: Duration] = [:]
        var last = 0
        func take(_ actions: [PortPlan.Action]) {
            for action in actions {
                switch action {
                case .connect(let client, let backend):
                    #expect(clients.contains(client) && ready.contains(backend) && ways[client] == nil)
                    ways[client] = backend
                case .abandon(let client):
                    #expect(ways[client].map(ready.contains) == false)
                    ways[client] = nil
                    connected.remove(client)
                case .close(let client):
                    #expect(now - since[client, default: .zero] >= .seconds(30))
                    #expect(clients.remove(client) != nil && !connected.contains(client))
                    ways[client] = nil
                case .prepare: break
                }
            }
        }
        for _ in 0..<400 {
            now += .milliseconds(Int.random(in: 0...400, using: &random))
            if let deadline = plan.deadline, deadline <= now { take(plan.woke(at: now)) }
            let trying = ways.keys.filter { !connected.contains($0) }.sorted()
            switch Int.random(in: 0..<7, using: &random) {
            case 0:
                ready = backends.filter { _ in Bool.random(using: &random) }
                let coming = backends.filter { !ready.contains($0) && Bool.random(using: &random) }
                take(plan.changed(ready: ready, coming: coming, at: now))
            case 1, 2:
                last += 1
                clients.insert(last)
                since[last] = now
                take(plan.accepted(last, at: now))
            case 3:
                guard let client = trying.randomElement(using: &random) else { continue }
                connected.insert(client)
                plan.connected(client, at: now)
            case 4:
                guard let client = ways.keys.sorted().randomElement(using: &random) else { continue }
                ways[client] = nil
                connected.remove(client)
                take(plan.failed(client, at: now))
            case 5:
                guard let client = connected.sorted().randomElement(using: &random) else { continue }
                (ways[client], clients) = (nil, clients.subtracting([client]))
                connected.remove(client)
                take(plan.settled(client, at: now))
            default:
                guard let client = clients.sorted().randomElement(using: &random) else { continue }
                (ways[client], clients) = (nil, clients.subtracting([client]))
                connected.remove(client)
                take(plan.vanished(client, at: now))
            }
        }
        // From here on everything answers.
        ready = backends
        take(plan.changed(ready: ready, coming: [], at: now))
        let end = now + .seconds(10)
        while !clients.isEmpty, now < end {
            for client in ways.keys.sorted() {
                plan.connected(client, at: now)
                ways[client] = nil
                clients.remove(client)
                take(plan.settled(client, at: now))
            }
            guard ways.isEmpty else { continue }
            guard let deadline = plan.deadline else { break }
            now = max(now, deadline)
            take(plan.woke(at: now))
        }
        #expect(clients == [])
    }
}
