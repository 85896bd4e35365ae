import Runner
import TestSupport
import Testing

@testable import devloop

struct ObjectQueueTests {
    private typealias Request = ObjectQueue.Request

    private func request(
        _ objects: String..., kind: Request.Kind = .apply, owner: Request.Owner = .again
    ) -> Request {
        Request(kind: kind, objects: Set(objects.map { .init(kind: "Deployment", name: $0) }), owner: owner)
    }

    private func names(_ calls: [[Request]]) -> [[String]] {
        calls.map { $0.flatMap { $0.objects.map(\.name).sorted() } }
    }

    @Test func noTwoHoldOneObjectAndDifferentObjectsDoNotWait() {
        var queue = ObjectQueue(sharesCalls: true)
        queue.add(request("a", "b"))
        queue.add(request("a"))
        queue.add(request("c"))
        #expect(names(queue.next()) == [["a", "b"], ["c"]])
        #expect(queue.next() == [])
        queue.ended([request("a", "b")])
        #expect(names(queue.next()) == [["a"]])
    }

    @Test func nobodyOvertakesOneWhoWaitsForTheSameObject() {
        var queue = ObjectQueue(sharesCalls: true)
        queue.add(request("a"))
        _ = queue.next()
        queue.add(request("a", "b"))
        queue.add(request("b", owner: .everything(1)))
        #expect(queue.next() == [])
        queue.ended([request("a")])
        #expect(names(queue.next()) == [["a", "b"]])
    }

    @Test func rolloutsShareCallsWhereTheTargetTakesManyObjectsAtOnce() {
        for sharesCalls in [true, false] {
            var queue = ObjectQueue(sharesCalls: sharesCalls)
            var begun: [[String]] = []
            for name in ["a", "b", "c", "d"] {
                queue.add(request(name, owner: .rollout(of: name)))
                begun += names(queue.next())
            }
            #expect(begun == (sharesCalls ? [["a"], ["b"]] : [["a"], ["b"], ["c"], ["d"]]))
            guard sharesCalls else { continue }
            queue.ended([request("a", owner: .rollout(of: "a"))])
            #expect(names(queue.next()) == [["c", "d"]])
        }
    }

    /// Random days: whatever is asked for and comes to its end, in whatever order.
    @Test(arguments: 0..<200) func everythingBeginsOnceInOrderAndNeverTwoAtOneObject(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = ObjectQueue(sharesCalls: Bool.random(using: &random))
        var (waiting, running): ([Request], [[Request]]) = ([], [])
        for number in 0..<200 {
            if Bool.random(using: &random) {
                let objects = ["a", "b", "c", "d", "e"].filter { _ in Int.random(in: 0...2, using: &random) == 0 }
                let identities = Set(objects.map { KubernetesObject.Identity(kind: "Deployment", name: $0) })
                let workload = Workload(kind: .deployment, name: objects.first ?? "f")
                let added: Request =
                    switch Int.random(in: 0...2, using: &random) {
                    case 0: .init(kind: .apply, objects: identities, owner: .everything(number))
                    case 1: .init(kind: .restart(workload), objects: identities, owner: .rollout(of: "\(number)"))
                    default: .init(kind: .apply, objects: identities, owner: .rollout(of: "\(number)"))
                    }
                queue.add(added)
                waiting.append(added)
            } else if let ended = running.indices.randomElement(using: &random) {
                queue.ended(running.remove(at: ended))
            }
            running += begin(&queue, &waiting)
            let held = running.flatMap(\.self).flatMap(\.objects)
            #expect(Set(held).count == held.count)
        }
        while !running.isEmpty {
            queue.ended(running.removeLast())
            running += begin(&queue, &waiting)
        }
        #expect(waiting.isEmpty)
    }

    private func begin(_ queue: inout ObjectQueue, _ waiting: inout [Request]) -> [[Request]] {
        let begun = queue.next()
        for request in begun.flatMap(\.self) {
            let index = waiting.firstIndex(of: request)
            // Who came before it and wants one of its objects has begun.
            #expect(waiting.prefix(index ?? 0).allSatisfy { $0.objects.isDisjoint(with: request.objects) })
            if let index { waiting.remove(at: index) }
        }
        return begun
    }
}
