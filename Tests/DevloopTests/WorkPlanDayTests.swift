import TestSupport
import Testing

@testable import devloop

/// Random days: saves, failures and bases that change meet passes that take random steps. Whatever the order: never two
/// passes of one service, never too many builds, none on a base that is missing, failed or about to change (unless that
/// one never rests), and in the end everything runs what was saved last, on the newest bases.
struct WorkPlanDayTests {
    @Test(arguments: 0..<40) func noOrderOfEventsLosesAChange(_ part: UInt64) {
        for seed in part * 100..<(part + 1) * 100 {
            var day = Day(seed: seed)
            day.run()
            #expect(day.problems.isEmpty, "seed \(seed)")
        }
    }
}

private struct Day {
    private struct Run {
        var stage = WorkPlan.Stage.build
        var content: Int
        var bases: [String]
        var isStopped = false
        /// Whether a base changed since it began.
        var isOutdated = false
    }

    private(set) var problems: [String] = []

    private var random: SeededGenerator
    private let jobs: Int
    private let bases: [String: Set<String>]
    private var plan: WorkPlan
    private var saved: [String: Int] = [:]
    /// Of each service's last build: what was in it, and its image.
    private var built: [String: (content: Int, image: String)] = [:]
    private var live: [String: String] = [:]
    /// Those whose last build failed.
    private var broken: Set<String> = []
    /// Those whose last pass failed later on.
    private var unfinished: Set<String> = []
    /// Those whose images' names mean others now.
    private var moved: Set<String> = []
    /// Those whose bases' names are moved again and again.
    private var givenUp: Set<String> = []
    private var runs: [String: Run] = [:]
    private var stops: [String: Int] = [:]

    private static let services = ["a", "b", "c", "d", "e"]

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        jobs = Int.random(in: 1...3, using: &random)
        var bases: [String: Set<String>] = [:]
        // A service is built on some of those before it.
        for (index, service) in Self.services.enumerated() {
            for base in Self.services[..<index] where Int.random(in: 0..<4, using: &random) == 0 {
                bases[service, default: []].insert(base)
            }
        }
        self.bases = bases
        plan = WorkPlan(jobs: jobs)
        _ = plan.build(on: bases)
    }

    mutating func run() {
        save(Self.services.shuffled(using: &random))
        for _ in 0..<150 {
            if chance(8), let base = built.keys.sorted().randomElement(using: &random) { moved.insert(base) }
            if let service = runs.keys.sorted().randomElement(using: &random), !chance(3) {
                step(service, canFail: true)
            } else {
                save(Array(Self.services.shuffled(using: &random).prefix(chance(4) ? 3 : 1)))
            }
        }
        // What failed is mended, and then the passes only come to their ends; one may still be the last that is given up.
        for _ in 1...2 {
            save(broken.union(unfinished).sorted())
            var steps = 0
            while let service = runs.keys.sorted().randomElement(using: &random), steps < 1000 {
                step(service, canFail: false)
                steps += 1
            }
        }
        if !plan.isIdle { problems.append("not everything comes to its end") }
        for service in Self.services where live[service] != newest(service) {
            problems.append("\(service) runs \(live[service] ?? "nothing") instead of \(newest(service))")
        }
    }

    private mutating func chance(_ outOf: Int) -> Bool { Int.random(in: 0..<outOf, using: &random) == 0 }

    /// Saves services at once.
    private mutating func save(_ services: [String]) {
        perform(
            plan.changed(
                services.map { service in
                    saved[service, default: 0] += 1
                    return (service, .init(files: ["\(saved[service] ?? 0)"], noticed: .now))
                }))
    }

    /// The image of what is saved: every second edit doesn't show in it.
    private func image(_ service: String, _ content: Int, on bases: [String]) -> String {
        "\(service)\(content / 2)(\(bases.joined(separator: " ")))"
    }

    private func newest(_ service: String) -> String {
        image(service, saved[service] ?? 0, on: (bases[service] ?? []).sorted().map(newest))
    }

    private func allBases(_ service: String) -> Set<String> {
        (bases[service] ?? []).reduce(into: []) { $0.formUnion(allBases($1).union([$1])) }
    }

    /// Whether what is built of it is not what it will be.
    private func isOutdated(_ service: String) -> Bool {
        built[service]?.content != saved[service]
            || built[service]?.image
                != image(
                    service, saved[service] ?? 0, on: (bases[service] ?? []).sorted().map { built[$0]?.image ?? "" })
    }

    private mutating func perform(_ actions: [WorkPlan.Action]) {
        for action in actions {
            switch action {
            case .start(let service, _):
                if runs[service] != nil { problems.append("two passes of \(service)") }
                for base in allBases(service) {
                    if built[base] == nil || broken.contains(base) {
                        problems.append("\(service) is built without \(base)")
                    } else if isOutdated(base), stops[base] ?? 0 < WorkPlan.Unrest.limit {
                        problems.append("\(service) is built on \(base), which is about to change")
                    }
                }
                runs[service] = Run(
                    content: saved[service] ?? 0,
                    bases: (bases[service] ?? []).sorted().map { built[$0]?.image ?? "" })
            case .stop(let service):
                // In between it goes on.
                if runs[service]?.stage.canBeStopped == true { runs[service]?.isStopped = true }
            case .hold(let service, let base):
                if !broken.contains(base) || !allBases(service).contains(base) {
                    problems.append("\(service) waits for \(base)")
                }
            case .rebuild(let base, let service):
                if !moved.contains(base) { problems.append("\(base) is built again for \(service)") }
                runs[base]?.isOutdated = true
            case .giveUp(let service, let base):
                if !moved.contains(base) { problems.append("\(service) is given up for \(base)") }
                givenUp.insert(service)
            case .letFinish(let service, _):
                if stops[service] ?? 0 < WorkPlan.Unrest.limit { problems.append("\(service) is let finish") }
            }
        }
        if runs.values.count(where: { $0.stage == .build }) > jobs { problems.append("too many builds") }
    }

    private mutating func step(_ service: String, canFail: Bool) {
        guard var run = runs[service] else { return }
        if run.isStopped || canFail && chance(10) { return end(service, run) }
        if run.stage == .build {
            // Somebody else gave the name of a base to another image, or takes it away.
            let lost = (bases[service] ?? []).filter { moved.contains($0) }.sorted()
            if !lost.isEmpty {
                perform(plan.moved(lost, under: service))
                return end(service, run, isMisbuilt: true)
            }
            moved.remove(service)
            let image = image(service, run.content, on: run.bases)
            built[service] = (run.content, image)
            broken.remove(service)
            unfinished.remove(service)
            run.stage = .deliver
            runs[service] = run
            for (other, otherRun) in runs where bases[other]?.contains(service) == true {
                if !otherRun.bases.contains(image) { runs[other]?.isOutdated = true }
            }
            perform(plan.built(image, service))
            perform(plan.entered(.deliver, service))
        } else if let next = WorkPlan.Stage(rawValue: run.stage.rawValue + 1) {
            run.stage = next
            if next == .ready { live[service] = built[service]?.image }
            runs[service] = run
            perform(plan.entered(next, service))
        } else {
            end(service, run)
        }
    }

    private mutating func end(_ service: String, _ run: Run, isMisbuilt: Bool = false) {
        let isTriedAgain = isMisbuilt && givenUp.remove(service) == nil
        let isLast = saved[service] == run.content && !run.isOutdated && !isTriedAgain
        if !run.isStopped, run.stage == .build, isLast { broken.insert(service) }
        if !run.isStopped, run.stage != .ready, !isTriedAgain { unfinished.insert(service) }
        stops[service] = isLast ? 0 : (stops[service] ?? 0) + (run.isStopped ? 1 : 0)
        runs[service] = nil
        perform(plan.ended(service))
    }
}
