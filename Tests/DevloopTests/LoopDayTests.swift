import Runner
import TestSupport
import Testing

@testable import devloop

/// Random days in the life of a `dev`: saves, outages, reloads, stops and retries in any order, and somebody who deletes
/// what runs. Whatever comes: nothing is done twice at once, nothing is live that isn't, nothing is told twice, and in
/// the end what was saved last runs.
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
        for order in permutations(Array(0..<5)) {
            var rig = LoopRig(try LoopFixture.project())
            rig.created = ["web", "api"]
            var said = rig.begin() + rig.handle(.surveyed(problems: [], .init()))
            func reload() throws -> [String] {
                rig.handle(
                    LoopFixture.saved(manifests: ["k8s/a.yaml"]), .surveyed(problems: [], .init()),
                    .configuration(nil), .loaded(.success(try LoopFixture.project(manifests: 1))))
            }
            for fact in order {
                switch fact {
                case 0: said += rig.handle(LoopFixture.saved("web"))
                case 1: said += rig.finish("api")
                case 2: said += rig.handle(.retryDue(.apply))
                case 3: said += try reload()
                default: said += rig.finishCalls()
                }
            }
            // What still runs comes to its end. The build of web was stopped for the save, or it followed.
            for service in ["web", "api", "web"] where rig.running.contains(where: { $0.hasSuffix(service) }) {
                said += rig.finish(service)
            }
            #expect(rig.running.allSatisfy { $0.hasPrefix("await") && !$0.contains(" for ") }, "\(order)")
            #expect(said.filter { $0.hasPrefix("adopt") }.count == 1, "\(order)")
            for service in ["web", "api"] {
                #expect(said.contains { $0.hasPrefix("say ✓ \(service) live in") }, "\(order)")
            }
        }
    }

    private func permutations(_ items: [Int]) -> [[Int]] {
        guard items.count > 1 else { return [items] }
        return items.flatMap { first in permutations(items.filter { $0 != first }).map { [first] + $0 } }
    }
}

/// The world around the loop: files, a builder, and a target with objects in it.
private struct Day {
    /// Something that was begun and has come to no end.
    private struct Job {
        var effect: Effect
        /// What was on the disk when it began.
        var content = 0
        var isStopped = false
    }

    private(set) var problems: [String] = []

    private var random: SeededGenerator
    private var loop: Loop
    private static let all = ["a", "b", "c"]

    // What is on the disk.
    private var saved: [String: Int] = ["a": 0, "b": 0, "c": 0]
    private var services = all
    private var manifests = 0

    // What the driver does.
    private var jobs: [Job] = []
    private var loads: [(services: [String], manifests: Int)] = []
    private var timers: [Outages.Step] = []

    // What the target has: the image that each workload runs, and the other objects.
    private var workloads: [String: String] = [:]
    /// The workloads that Docker was handed and has not let go of: it restarts no other.
    private var planned: Set<String> = []
    private let isDocker: Bool
    private var others: Set<String> = []

    /// The failures that were told and last.
    private var outages: [Outages.Step: String] = [:]
    /// The step that fails while the loop is told of it.
    private var failing: Outages.Step?
    /// The reasons of outages that were told of one fact.
    private var toldNow: Set<String> = []
    /// The services whose passes began with it.
    private var begunNow: Set<String> = []
    private var isCalm = false

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        let jobs = Int.random(in: 1...3, using: &random)
        isDocker = Bool.random(using: &random)
        loop = Loop(
            try LoopFixture.project(Self.all).project, jobs: jobs,
            startsContainersInApply: isDocker, at: LoopFixture.start)
    }

    mutating func run() throws {
        try perform(loop.begin())
        for _ in 0..<200 { try act() }
        // Everything works from now on, and nobody deletes or saves any more: what failed for its own sake is mended.
        isCalm = true
        try save(manifests: true)
        for _ in 0..<1000 where !isIdle { try step() }
        if !isIdle { problems.append("it comes to no end: \(jobs.map(\.effect.inWords)) \(timers)") }
        let wanted = Dictionary(uniqueKeysWithValues: services.map { ($0, "\($0) \(saved[$0] ?? 0)") })
        if workloads != wanted { problems.append("\(workloads) runs instead of \(wanted)") }
        if others != ["version-\(manifests)"] { problems.append("\(others) is there instead of version-\(manifests)") }
    }

    private var isIdle: Bool { jobs.isEmpty && loads.isEmpty && timers.isEmpty }

    private mutating func chance(_ outOf: Int) -> Bool { Int.random(in: 0..<outOf, using: &random) == 0 }

    private mutating func act() throws {
        if chance(5) { return try save(manifests: chance(4)) }
        if chance(60), let lost = workloads.keys.sorted().randomElement(using: &random) { workloads[lost] = nil }
        try step()
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
            impact.services[service] = [FileChange("\(saved[service] ?? 0)")]
        }
        if impact != .init() { try handle(.changes(impact, noticed: LoopFixture.start)) }
    }

    private mutating func handle(_ fact: Fact) throws {
        (toldNow, begunNow) = ([], [])
        try perform(loop.handle(fact, at: LoopFixture.start))
    }

    private mutating func perform(_ effects: [Effect]) throws {
        for effect in effects {
            switch effect {
            case .survey: try handle(.surveyed(problems: [], .init()))
            case .readConfiguration:
                try handle(.configuration(try LoopFixture.project(services).project.configuration))
            case .load: loads.append((services, manifests))
            case .removeImages(let images):
                // Docker keeps what a container was made from.
                try handle(.removedImages(Set(images.map(\.id)).subtracting(workloads.values)))
            case .stop(let service):
                for index in jobs.indices where jobs[index].effect.service == service { jobs[index].isStopped = true }
            case .retryLater(let step):
                if timers.contains(step) { problems.append("two retries of \(step)") }
                timers.append(step)
            case .say(.live(let summary)):
                outages[.pass(of: summary.service)] = nil
                if ran[summary.service] == nil { problems.append("\(summary.service) is live and isn't") }
                ran[summary.service] = nil
            case .say(.failed(let service, _)): outages[.pass(of: service)] = nil
            case .say(.outage(let error)):
                let reason = error.details.joined()
                let others = outages.filter { $0.key != failing }.values
                if others.contains(reason) || failing.map({ outages[$0] == reason }) == true || toldNow.contains(reason)
                {
                    problems.append("an outage is told twice: \(reason)")
                }
                toldNow.insert(reason)
                if error.summary.hasPrefix("manifests") { outages[.apply] = reason }
            case .say: break
            case .adopt(let project):
                let names = Set(project.services.map(\.name))
                for service in Self.all where !names.contains(service) { outages[.pass(of: service)] = nil }
            default: begin(effect)
            }
        }
    }

    private mutating func begin(_ effect: Effect) {
        if let touched = effect.touched {
            for job in jobs where !(job.effect.touched?.isDisjoint(with: touched) ?? true) {
                problems.append("\(job.effect.inWords) and \(effect.inWords) at once")
            }
        }
        if case .build(_, let service) = effect {
            if jobs.contains(where: { $0.effect.service == service }) { problems.append("two passes of \(service)") }
            ran[service] = nil
            begunNow.insert(service)
        }
        jobs.append(Job(effect: effect, content: effect.service.flatMap { saved[$0] } ?? 0))
    }

    /// The services of which the target was seen to run the image of the pass.
    private var ran: [String: String] = [:]

    private mutating func outage(_ step: Outages.Step?) -> TargetError {
        failing = step
        return TargetError(.unavailable, "away", details: ["reason \(Int.random(in: 0...1, using: &random))"])
    }

    /// Something of what was begun goes on.
    private mutating func step() throws {
        defer { failing = nil }
        let count = jobs.count + (loads.isEmpty ? 0 : 1) + timers.count
        guard count > 0 else { return }
        let index = Int.random(in: 0..<count, using: &random)
        if index < jobs.count { return try end(jobs.remove(at: index)) }
        if index - jobs.count < timers.count {
            let step = timers.remove(at: index - jobs.count)
            try handle(.retryDue(step))
            // There may be nothing left to apply.
            if step == .apply { outages[.apply] = nil }
            return
        }
        try endLoad()
    }

    private mutating func endLoad() throws {
        let load = loads.removeFirst()
        guard !isCalm, chance(4) else {
            outages[.load] = nil
            let project = try LoopFixture.project(load.services, manifests: load.manifests)
            return try handle(.loaded(.success(project)))
        }
        let error = chance(2) ? TargetError(.configuration, "half saved") : outage(.load)
        try handle(.loaded(.failure(error)))
        // What changed meanwhile is read at once, whatever came of this.
        guard loads.isEmpty else { return }
        outages[.load] = error.severity == .unavailable ? error.details.joined() : nil
    }

    private mutating func end(_ job: Job) throws {
        if job.isStopped, chance(2) || !isCalm { return try handle(job.effect.fact(.failure(CancellationError()))) }
        guard !isCalm, chance(10) else {
            // An apply that works may end an outage.
            if job.effect.isCall { outages[.apply] = nil }
            return try handle(job.effect.fact(answer(job)))
        }
        guard job.effect.service != nil || job.effect.isCall, chance(2) else {
            return try handle(job.effect.fact(.failure(TargetError("it fails"))))
        }
        let step = job.effect.service.map { Outages.Step.pass(of: $0) }
        let error = outage(step)
        let passes = loop.passes
        try handle(job.effect.fact(.failure(error)))
        // Of a call to the target the loop says itself who failed by it.
        let ended = passes.filter { !$0.value.isStopping && (loop.passes[$0.key] == nil || begunNow.contains($0.key)) }
            .map(\.key)
        for service in ended where loop.project.services.contains(where: { $0.name == service }) {
            outages[.pass(of: service)] = error.details.joined()
        }
    }

    /// What comes of a job that works, in the world as it is now.
    private mutating func answer(_ job: Job) -> Result<Any, any Error> {
        switch job.effect {
        case .build(let request, let service):
            return .success(BuiltImage(reference: request.reference, id: "\(service) \(job.content)"))
        case .look(let look, let service):
            let runs = look.workloads.allSatisfy { workloads[$0.name] == look.image.id }
            if runs { ran[service] = look.image.id }
            return .success(
                (runs ? look.known ?? DeliveredImage(built: look.image, reference: look.image.id) : nil) as Any)
        case .deliver(let image, _): return .success(DeliveredImage(built: image, reference: image.id))
        case .verify(let image, _, let workloads, let service):
            guard workloads.allSatisfy({ self.workloads[$0.name] == image.built.id }) else {
                return .failure(TargetError("\(service) runs another image"))
            }
            ran[service] = image.built.id
            return .success([String]())
        case .awaitReady(let workload, _):
            guard workloads[workload.name] != nil else { return .failure(TargetError(.missing, "it is gone")) }
            return .success([String]())
        case .ask(let call, _): return answer(call)
        default: return .failure(TargetError("\(job.effect.inWords) is not expected"))
        }
    }

    private mutating func answer(_ call: Deployment.Call) -> Result<Any, any Error> {
        switch call {
        case .leftovers(let objects):
            let all = Set(
                workloads.keys.map { KubernetesObject.Identity(kind: "Deployment", name: $0) }
                    + others.map { .init(kind: "ConfigMap", name: $0) })
            return .success(Deployment.Answer.leftovers(all.subtracting(objects)))
        case .letGo(let objects):
            for object in objects {
                workloads[object.name] = nil
                planned.remove(object.name)
                others.remove(object.name)
            }
            return .success(Deployment.Answer.letGo([]))
        case .apply(let objects, let images):
            var report = ApplyReport()
            for object in objects {
                guard let workload = object.workload else {
                    others.insert(object.identity.name)
                    continue
                }
                planned.insert(workload.name)
                guard workloads[workload.name] == nil else { continue }
                workloads[workload.name] = images.image(meantBy: "shop/\(workload.name)")?.built.id
                report.created.insert(workload)
            }
            return .success(Deployment.Answer.applied(report))
        case .restart(let workload, let images):
            if isDocker, !planned.contains(workload.name) {
                return .failure(TargetError(.configuration, "\(workload) is in no manifest"))
            }
            guard workloads[workload.name] != nil else { return .failure(TargetError(.missing, "it is gone")) }
            workloads[workload.name] = images.image(meantBy: "shop/\(workload.name)")?.built.id
            return .success(Deployment.Answer.restarted)
        case .locate: return .success(Deployment.Answer.located([:]))
        }
    }
}

extension Effect {
    /// The objects that it changes.
    fileprivate var touched: Set<KubernetesObject.Identity>? {
        switch self {
        case .ask(.apply(let objects, _), _): Set(objects.map(\.identity))
        case .ask(.letGo(let objects), _): objects
        case .ask(.restart(let workload, _), _): [.init(workload)]
        default: nil
        }
    }

    /// The fact that tells what came of it.
    func fact(_ result: Result<Any, any Error>) -> Fact {
        func typed<Value>() -> Result<Value, any Error> {
            result.flatMap { value in
                (value as? Value).map { .success($0) } ?? .failure(TargetError("\(value) is no \(Value.self)"))
            }
        }
        switch self {
        case .build(_, let service): return .built(typed(), service: service)
        case .search(_, _, let service): return .searched(typed(), service: service)
        case .look(_, let service): return .looked(typed(), service: service)
        case .deliver(_, let service): return .delivered(typed(), service: service)
        case .verify(_, _, _, let service): return .verified(typed(), service: service)
        case .awaitReady(let workload, let service): return .ready(workload, typed(), service: service)
        case .ask(_, let id): return .answered(id, typed())
        default: return .watching("\(inWords) is not awaited")
        }
    }
}
