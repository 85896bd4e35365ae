import Runner
import TestSupport
import Testing

@testable import devloop

/// Random days in the life of a `dev`: saves, outages, reloads, stops and retries in any order. Whatever comes: no two
/// passes of a service at once, nothing is live that isn't, nothing is told twice, and in the end what was saved last runs.
struct LoopDayTests {
    @Test(arguments: 0..<20) func noDayLosesAnEdit(_ part: UInt64) throws {
        for seed in part * 100..<(part + 1) * 100 {
            var day = try Day(seed: seed)
            try day.run()
            #expect(day.problems.isEmpty, "seed \(seed)")
        }
    }

    /// What comes from different places may come in any order.
    @Test func theOrderOfFactsFromDifferentPlacesMattersToNobody() throws {
        let project = try LoopFixture.project(manifests: 1)
        let facts: [[Fact]] = [
            [LoopFixture.saved("web")],
            [.ended(LoopFixture.live("api"), service: "api", .init())],
            [.retryDue(.apply)],
            [LoopFixture.saved(manifests: ["k8s/a.yaml"])],
            [.applied(.success(ApplyReport()), .init())],
        ]
        for order in permutations(Array(facts.indices)) {
            var loop = Loop(try LoopFixture.project().project, jobs: 4)
            var (running, said, adopted): (Set<String>, [String], Int) = ([], [], 0)
            var pending = loop.begin()
            pending += loop.handle(.surveyed(problems: [], .init()), at: LoopFixture.start)
            func drain(_ effects: [Effect]) {
                var waiting = effects
                while !waiting.isEmpty {
                    switch waiting.removeFirst() {
                    case .start(let request):
                        #expect(running.insert(request.service.name).inserted, "\(order)")
                    case .survey:
                        waiting = loop.handle(.surveyed(problems: [], .init()), at: LoopFixture.start) + waiting
                    case .readConfiguration: waiting = loop.handle(.configuration(nil), at: LoopFixture.start) + waiting
                    case .load: waiting += loop.handle(.loaded(.success(project)), at: LoopFixture.start)
                    case .adopt: adopted += 1
                    case .say(let report): said.append(report.text)
                    default: break
                    }
                }
            }
            drain(pending)
            for fact in order.flatMap({ facts[$0] }) {
                if case .ended(_, let service, _) = fact { running.remove(service) }
                drain(loop.handle(fact, at: LoopFixture.start))
            }
            // What still runs comes to its end.
            for _ in 1...3 {
                for service in running.sorted() {
                    running.remove(service)
                    drain(
                        loop.handle(.ended(LoopFixture.live(service), service: service, .init()), at: LoopFixture.start)
                    )
                }
            }
            #expect(running.isEmpty && adopted == 1, "\(order)")
            // Its build was stopped for the save, or it followed.
            #expect(said.contains("✓ web live in 0.0 s") && said.contains("✓ api live in 0.0 s"), "\(order)")
        }
    }

    private func permutations(_ items: [Int]) -> [[Int]] {
        guard items.count > 1 else { return [items] }
        return items.flatMap { first in permutations(items.filter { $0 != first }).map { [first] + $0 } }
    }
}

private struct Day {
    private struct Run {
        var stage = WorkPlan.Stage.build
        /// What was saved when it began.
        var content: Int
        var isStopped = false
    }

    private(set) var problems: [String] = []

    private var random: SeededGenerator
    private var loop: Loop
    private static let all = ["a", "b", "c"]

    /// What is on the disk.
    private var saved: [String: Int] = ["a": 0, "b": 0, "c": 0]
    private var services = all
    private var manifests = 0

    /// What the driver does.
    private var runs: [String: Run] = [:]
    /// The project's services and manifests when each load began.
    private var loads: [(services: [String], manifests: Int)] = []
    private var applies = 0
    private var timers: [Outages.Step] = []
    private var adopted: (services: [String], manifests: Int) = (all, 0)

    private var live: [String: Int] = [:]
    private var outages: [Outages.Step: String] = [:]
    private var isCalm = false

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        loop = Loop(try LoopFixture.project(Self.all).project, jobs: Int.random(in: 1...3, using: &random))
    }

    mutating func run() throws {
        try perform(loop.begin())
        for _ in 0..<120 { try act() }
        // Everything works from now on, and nobody saves any more: what failed for its own sake is mended.
        isCalm = true
        try save(manifests: true)
        for _ in 0..<400 where !isIdle { try step() }
        if !isIdle { problems.append("it comes to no end") }
        for service in services where live[service] != saved[service] {
            problems.append("\(service) runs \(live[service] ?? -1) instead of \(saved[service] ?? -1)")
        }
        if adopted.manifests != manifests || adopted.services != services { problems.append("an old project runs") }
    }

    private var isIdle: Bool { runs.isEmpty && loads.isEmpty && applies == 0 && timers.isEmpty }

    private mutating func chance(_ outOf: Int) -> Bool { Int.random(in: 0..<outOf, using: &random) == 0 }

    private mutating func act() throws {
        if chance(3) { try save(manifests: chance(4)) } else { try step() }
    }

    private mutating func save(manifests changesManifests: Bool) throws {
        var impact = WatchedPaths.Impact()
        if changesManifests {
            manifests += 1
            impact.manifests = ["k8s/a.yaml"]
            impact.filters = true
            if chance(3) {
                services = chance(2) ? Self.all : Array(Self.all.prefix(Int.random(in: 1...2, using: &random)))
                impact.configuration = true
            }
        }
        for service in services where isCalm || chance(2) {
            saved[service, default: 0] += 1
            impact.services[service] = ["\(saved[service] ?? 0)"]
        }
        if impact != .init() { try handle(.changes(impact, noticed: LoopFixture.start)) }
    }

    private mutating func handle(_ fact: Fact) throws { try perform(loop.handle(fact, at: LoopFixture.start)) }

    private mutating func perform(_ effects: [Effect]) throws {
        for effect in effects {
            switch effect {
            case .survey: try handle(.surveyed(problems: [], .init()))
            case .readConfiguration:
                try handle(.configuration(try LoopFixture.project(services).project.configuration))
            case .load: loads.append((services, manifests))
            case .adopt:
                adopted = loading
                for service in Self.all where !adopted.services.contains(service) {
                    outages[.pass(of: service)] = nil
                }
            case .start(let request):
                let service = request.service.name
                if runs[service] != nil { problems.append("two passes of \(service)") }
                runs[service] = Run(content: saved[service] ?? 0)
            case .stop(let service):
                // As PassControl decides it.
                if runs[service]?.stage.canBeStopped == true { runs[service]?.isStopped = true }
            case .apply, .applyAgain: applies += 1
            case .retryLater(let step):
                if timers.contains(step) { problems.append("two retries of \(step)") }
                timers.append(step)
            case .say(.live(let summary)): live[summary.service] = ending
            case .say(.outage(let error)):
                let reason = error.details.joined()
                if outages.filter({ $0.key != failing }).values.contains(reason) || outages[failing ?? .load] == reason
                {
                    problems.append("an outage is told twice: \(reason)")
                }
            case .say, .awaitReady: break
            }
        }
    }

    /// What a pass that ends holds, the project that was read, and the step that fails, while the loop is told of it.
    private var ending = 0
    private var loading: (services: [String], manifests: Int) = (all, 0)
    private var failing: Outages.Step?

    private mutating func outage(_ step: Outages.Step) -> TargetError {
        failing = step
        return TargetError(.unavailable, "away", details: ["reason \(Int.random(in: 0...1, using: &random))"])
    }

    /// What runs goes on.
    private mutating func step() throws {
        var choices: [Int] = []
        if !runs.isEmpty { choices += [0, 0, 0] }
        if !loads.isEmpty { choices.append(1) }
        if applies > 0 { choices.append(2) }
        if !timers.isEmpty { choices.append(3) }
        switch choices.randomElement(using: &random) {
        case 0:
            guard let service = runs.keys.sorted().randomElement(using: &random), var run = runs[service] else {
                return
            }
            if run.isStopped { return try end(service, .stopped) }
            if !isCalm, chance(8) {
                if chance(2) { return try end(service, .failed(TargetError("it fails"))) }
                let error = outage(.pass(of: service))
                try end(service, .failed(error))
                outages[.pass(of: service)] = error.details.joined()
                return
            }
            guard let next = WorkPlan.Stage(rawValue: run.stage.rawValue + 1) else {
                ending = run.content
                return try end(service, LoopFixture.live(service))
            }
            if run.stage == .build { try handle(.built("\(service) \(run.content)", service: service)) }
            run = runs[service] ?? run
            run.stage = next
            runs[service] = run
            try handle(.entered(next, service: service))
        case 1:
            loading = loads.removeFirst()
            if !isCalm, chance(4) {
                let error = chance(2) ? TargetError(.configuration, "half saved") : outage(.load)
                try handle(.loaded(.failure(error)))
                // What changed meanwhile is read at once, whatever came of this.
                let isOutdated = !loads.isEmpty
                if error.severity == .unavailable, !isOutdated { outages[.load] = error.details.joined() }
                if error.severity == .configuration, !isOutdated { outages[.load] = nil }
            } else {
                outages[.load] = nil
                try handle(.loaded(.success(try LoopFixture.project(loading.services, manifests: loading.manifests))))
            }
        case 2:
            applies -= 1
            if !isCalm, chance(4) {
                let error = outage(.apply)
                try handle(.applied(.failure(error), .init(isIncomplete: true)))
                outages[.apply] = error.details.joined()
            } else {
                outages[.apply] = nil
                try handle(.applied(.success(ApplyReport()), .init()))
            }
        case 3:
            let step = timers.remove(at: Int.random(in: timers.indices, using: &random))
            try handle(.retryDue(step))
        default: break
        }
        failing = nil
    }

    private mutating func end(_ service: String, _ outcome: Pass.Outcome) throws {
        runs[service] = nil
        switch outcome {
        case .failed(let error) where error.severity == .unavailable: break
        case .stopped, .misbuilt: break
        default: outages[.pass(of: service)] = nil
        }
        try handle(.ended(outcome, service: service, .init()))
    }
}
