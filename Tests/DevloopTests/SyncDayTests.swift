import Runner
import TestSupport
import Testing

@testable import devloop

/// Random days with files that are brought into containers: saves of every kind, builds and rollouts, containers that
/// start anew from whatever image the tag means by then, scaling, channels that break. Whatever comes: when all is quiet,
/// every container and the image that the next one starts from hold what is on the disk.
struct SyncDayTests {
    @Test(arguments: 0..<20) func noDayLeavesAContainerStale(_ part: UInt64) throws {
        for seed in part * 100..<(part + 1) * 100 {
            var day = try SyncDay(seed: seed)
            try day.run()
            #expect(day.problems.isEmpty, "seed \(seed)")
        }
    }

    /// Days in which nothing but files that can be synced is saved, and nothing breaks: no container is replaced.
    @Test func withoutFailuresNothingIsRolledOutForWhatCanBeSynced() throws {
        for seed in 0..<200 {
            var day = try SyncDay(seed: UInt64(seed))
            day.isPeaceful = true
            try day.run()
            #expect(day.problems.isEmpty, "seed \(seed)")
            #expect(day.rollouts == ["web": 1, "api": 1], "seed \(seed)")
            #expect(day.syncs > 0, "seed \(seed)")
        }
    }
}

private struct SyncDay {
    typealias Content = [String: Int]

    private struct Pod {
        var container: String
        var image: String
        var content: Content
        var isEnding = false
    }

    private struct Job {
        var effect: Effect
        /// What was on the disk when it began.
        var content: [String: Content]
        var isStopped = false
    }

    private(set) var problems: [String] = []
    private(set) var rollouts: [String: Int] = [:]
    private(set) var syncs = 0
    var isPeaceful = false

    private static let services = ["web", "api"]
    private static let files = ["a.js", "b.js", "c.js", "package.json"]

    private var random: SeededGenerator
    private var loop: Loop
    private var disk: [String: Content] = [:]
    private var images: [String: Content] = [:]
    /// The image that each service's name means where containers are started.
    private var tags: [String: String] = [:]
    private var pods: [String: [Pod]] = [:]
    private var jobs: [Job] = []
    private var wakes: [Wake] = []
    private var retries: [Outages.Step] = []
    /// The services whose containers changed since the loop was told of them.
    private var untold: Set<String> = []
    /// The services whose last pass failed.
    private var failed: Set<String> = []
    private var last = 0
    private var isCalm = false
    /// Whether nodes name images in a way of their own.
    private let isVague: Bool
    /// Whether the base image has a file that the copied one covers.
    private let hasBase: Bool

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        isVague = Int.random(in: 0..<4, using: &random) == 0
        hasBase = Int.random(in: 0..<2, using: &random) == 0
        let jobs = Int.random(in: 1...2, using: &random)
        loop = Loop(try LoopFixture.project(Self.services, sync: true).project, jobs: jobs, at: LoopFixture.start)
        for service in Self.services {
            disk[service] = Dictionary(uniqueKeysWithValues: Self.files.map { ($0, 0) })
        }
    }

    mutating func run() throws {
        try perform(loop.begin())
        if isPeaceful { try rest() }
        for _ in 0..<150 {
            if chance(3) { try save() } else if !isPeaceful, chance(12) { disturb() } else { try step() }
        }
        isCalm = true
        try rest()
        // What failed for its own sake is mended by another save.
        for service in failed.sorted() { try change(service, ["package.json"]) }
        try rest()
        for service in Self.services {
            let expected = copied(disk[service] ?? [:])
            for pod in pods[service] ?? [] where pod.content != expected {
                problems.append("\(pod.container) of \(pod.image) has \(pod.content), not \(expected)")
            }
            let image = tags[service].flatMap { images[$0] }
            if image != expected { problems.append("the image of \(service) has \(image ?? [:]), not \(expected)") }
        }
    }

    /// What an image has that files are copied to.
    private func copied(_ files: Content) -> Content {
        (hasBase && !isPeaceful ? ["b.js": 9] : [:]).merging(files) { $1 }
    }

    private mutating func rest() throws {
        for _ in 0..<2000 where !isIdle { try step() }
        if !isIdle {
            problems.append("it comes to no end: \(jobs.map(\.effect.inWords)) \(wakes) \(retries) \(untold)")
        }
    }

    private var isIdle: Bool { jobs.isEmpty && wakes.isEmpty && untold.isEmpty && retries.isEmpty }

    private mutating func chance(_ outOf: Int) -> Bool { Int.random(in: 0..<outOf, using: &random) == 0 }

    private var breaks: Bool { !isCalm && !isPeaceful }

    // MARK: - What happens outside

    private mutating func save() throws {
        for service in Self.services where chance(2) {
            let files = isPeaceful ? Array(Self.files.prefix(3)) : Self.files
            let chosen = files.filter { $0 == "package.json" ? chance(8) : chance(2) }
            if !chosen.isEmpty { try change(service, chosen) }
        }
    }

    private mutating func change(_ service: String, _ files: [String]) throws {
        let changes = files.map { file in
            let isGone = file != "package.json" && chance(4)
            // Of few contents, so that some come back, and images with them.
            disk[service]?[file] = isGone ? nil : Int.random(in: 0..<3, using: &random)
            let place: CopiedFiles.Place =
                file == "package.json"
                ? .used(by: "RUN npm install") : .image([CopiedFiles.Destination(path: "/app/\(file)")])
            return FileChange(path: file, isGone: isGone, place: place)
        }
        try handle(.changes(.init(services: [service: changes]), noticed: LoopFixture.start))
    }

    /// A container is killed and starts anew, a pod is deleted, a workload is scaled.
    private mutating func disturb() {
        guard let service = Self.services.randomElement(using: &random), let tag = tags[service],
            var pods = pods[service], !pods.isEmpty
        else { return }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: pods[Int.random(in: pods.indices, using: &random)] = pod(of: tag)
        case 1 where pods.count > 1: pods.remove(at: Int.random(in: pods.indices, using: &random))
        default: if pods.count < 3 { pods.append(pod(of: tag)) }
        }
        self.pods[service] = pods
        untold.insert(service)
    }

    private mutating func pod(of image: String) -> Pod {
        last += 1
        return Pod(container: "c\(last)", image: image, content: images[image] ?? [:])
    }

    // MARK: - The driver

    private mutating func handle(_ fact: Fact) throws { try perform(loop.handle(fact, at: LoopFixture.start)) }

    private mutating func perform(_ effects: [Effect]) throws {
        for effect in effects {
            switch effect {
            case .survey: try handle(.surveyed(problems: [], .init()))
            case .stop(let service):
                for index in jobs.indices where jobs[index].effect.service == service { jobs[index].isStopped = true }
            case .wake(let wake, _): wakes.append(wake)
            case .retryLater(let step): retries.append(step)
            case .say(.synced): syncs += 1
            case .say(.failed(let service, _)): failed.insert(service)
            case .say(.live(let summary)), .say(.prepared(let summary)): failed.remove(summary.service)
            case .sync(let request):
                let isTwice = jobs.contains { job in
                    if case .sync(let other) = job.effect { other.container.id == request.container.id } else { false }
                }
                if isTwice { problems.append("two deliveries to \(request.container.id) at once") }
                jobs.append(Job(effect: effect, content: disk))
            case .say, .adopt, .load, .readConfiguration, .note: break
            default: jobs.append(Job(effect: effect, content: disk))
            }
        }
    }

    private mutating func step() throws {
        let count = jobs.count + wakes.count + untold.count + retries.count
        guard count > 0 else { return }
        var index = Int.random(in: 0..<count, using: &random)
        if index < jobs.count { return try end(jobs.remove(at: index)) }
        index -= jobs.count
        if index < wakes.count { return try handle(.woke(wakes.remove(at: index))) }
        index -= wakes.count
        if index < retries.count { return try handle(.retryDue(retries.remove(at: index))) }
        let service = untold.sorted()[index - retries.count]
        untold.remove(service)
        let workload = Workload(kind: .deployment, name: service, namespace: "default")
        let containers = (pods[service] ?? []).map { pod in
            RunningContainer(
                id: pod.container, place: .docker, workload: workload, name: service, image: "shop/\(service)",
                imageID: isVague ? "vague@\(pod.image.hashValue)" : "docker://\(pod.image)")
        }
        try handle(.running(workload, containers))
    }

    /// What somebody reads of files that change meanwhile: each as it was at the beginning, or as it is now.
    private mutating func mixture(_ service: String, since before: Content) -> Content {
        var content: Content = [:]
        for file in Self.files { content[file] = chance(2) ? before[file] : disk[service]?[file] }
        return content
    }

    private mutating func end(_ job: Job) throws {
        switch job.effect {
        case .sync(let request): return try end(request, job)
        case .learn(let question):
            return try handle(.learned(breaks && chance(10) ? nil : Takeup(), question))
        case .removeImages(let superseded):
            let ids = superseded.map(\.id)
            for (service, tag) in tags where ids.contains(tag) {
                problems.append("\(tag) is removed, which \(service) is started from")
            }
            let used = Set(pods.values.joined().map(\.image))
            let gone = Set(ids).subtracting(breaks && chance(4) ? Set(ids) : used)
            for id in gone { images[id] = nil }
            return try handle(.removedImages(gone))
        default: break
        }
        if job.isStopped, chance(2) || !isCalm { return try handle(job.effect.fact(.failure(CancellationError()))) }
        if breaks, chance(12) {
            let error = TargetError(chance(2) ? .failed : .unavailable, "it fails")
            return try handle(job.effect.fact(.failure(error)))
        }
        switch job.effect {
        case .build(let request, let service):
            let content = copied(mixture(service, since: job.content[service] ?? [:]))
            let id = "\(service) \(content.sorted { $0.key < $1.key })"
            images[id] = content
            try handle(.built(.success(BuiltImage(reference: request.reference, id: id)), service: service))
        case .search(let image, let paths, let service):
            let there = Set((images[image.id] ?? [:]).keys.map { "/app/\($0)" })
            try handle(.searched(.success(paths.intersection(there)), service: service))
        case .look(let look, let service):
            let pods = pods[service] ?? []
            let runs = !pods.isEmpty && pods.allSatisfy { $0.image == look.image.id }
            let image = look.known ?? DeliveredImage(built: look.image, reference: look.image.reference.tagged)
            try handle(.looked(.success(runs ? image : nil), service: service))
        case .deliver(let image, let service):
            tags[service] = image.id
            try handle(
                .delivered(.success(DeliveredImage(built: image, reference: image.reference.tagged)), service: service))
        case .verify(let image, _, _, let service):
            // Somebody may have started others meanwhile, from the same name.
            _ = image
            try handle(.verified(.success([]), service: service))
        case .awaitReady(let workload, let service): try handle(.ready(workload, .success([]), service: service))
        case .ask(let call, let id): try handle(.answered(id, .success(answer(call))))
        default: problems.append("\(job.effect.inWords) is not expected")
        }
    }

    private mutating func answer(_ call: Deployment.Call) -> Deployment.Answer {
        switch call {
        case .leftovers: return .leftovers([])
        case .letGo: return .letGo([])
        case .locate: return .located([:])
        case .restart(let workload, _):
            rollOut(workload.name)
            return .restarted
        case .apply(let objects, _):
            var report = ApplyReport()
            for workload in objects.compactMap(\.workload) where pods[workload.name] == nil {
                rollOut(workload.name)
                report.created.insert(workload)
            }
            return .applied(report)
        }
    }

    private mutating func rollOut(_ service: String) {
        guard let tag = tags[service] else { return problems.append("\(service) has no image to start from") }
        rollouts[service, default: 0] += 1
        pods[service] = (pods[service] ?? [pod(of: tag)]).map { _ in pod(of: tag) }
        untold.insert(service)
    }

    private mutating func end(_ request: SyncPlan.Request, _ job: Job) throws {
        let (service, id) = (request.service, request.container.id)
        func finish(_ result: Result<SyncReceipt, SyncError>) throws {
            try handle(.synced(result, container: id, service: service))
        }
        guard let index = pods[service]?.firstIndex(where: { $0.container == id }) else {
            return try finish(.failure(.lost(SyncReason(.containerGone, "it is gone"))))
        }
        let content = mixture(service, since: job.content[service] ?? [:])
        let failure: SyncError? =
            !breaks || !chance(6)
            ? nil
            : [
                SyncError.lost(SyncReason(.connectionLost, "lost")), .failed(SyncReason(.diskFull, "full")),
                .impossible(SyncReason(.readOnly, "read-only")),
            ].randomElement(using: &random)
        for change in request.changes where failure == nil || chance(2) {
            // What has vanished meanwhile is left as it is.
            guard change.isGone || content[change.path] != nil else { continue }
            pods[service]?[index].content[change.path] = change.isGone ? nil : content[change.path]
        }
        try finish(failure.map { .failure($0) } ?? .success(SyncReceipt()))
    }
}
