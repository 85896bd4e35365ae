import Runner
import Synchronization
import Testing

@testable import devloop

/// Facts go in and effects come out; what is said is compared as it is shown.
struct LoopFixture {
    static let start = ContinuousClock.now

    private static let known = Mutex<[String: LoadedProject]>([:])

    /// A project of services with a Deployment each.
    static func project(
        _ services: [String] = ["web", "api"], manifests version: Int = 0, bases: [String: Set<String>] = [:],
        sync: Bool = false
    ) throws -> LoadedProject {
        // Random days ask for the same ones ten thousand times.
        let key = "\(services) \(version) \(bases.sorted { $0.key < $1.key }) \(sync)"
        if let project = known.withLock({ $0[key] }) { return project }
        let project = try readProject(services, manifests: version, bases: bases, sync: sync)
        known.withLock { $0[key] = project }
        return project
    }

    private static func readProject(
        _ services: [String], manifests version: Int, bases: [String: Set<String>], sync: Bool
    ) throws -> LoadedProject {
        let list = services.map { #"{ "image": "shop/\#($0)", "context": "\#($0)", "sync": \#(sync) }"# }
            .joined(separator: ", ")
        let configuration = try Fixture.configuration(
            #"{ "manifests": ["k8s"], "registry": "localhost:5000", "services": [\#(list)] }"#)
        var objects = services.map { Fixture.object("Deployment", $0, images: ["shop/\($0)"]) }
        objects.append(Fixture.object("ConfigMap", "version-\(version)"))
        let images = bases.mapValues { bases in bases.sorted().map { "shop/\($0)" } }
        let dependencies = ImageDependencies(configuration, images: images)
        return LoadedProject(
            project: try Project(configuration: configuration, objects: objects, bases: dependencies.allBases),
            dependencies: dependencies)
    }

    static let away = TargetError(.unavailable, "docker build failed", details: ["Cannot connect to the Docker daemon"])

    static func saved(_ services: String..., manifests: [String] = [], filters: Bool = false) -> Fact {
        let files = Dictionary(uniqueKeysWithValues: services.map { ($0, [FileChange("index.js")]) })
        return .changes(
            .init(services: files, manifests: manifests, filters: filters || !manifests.isEmpty), noticed: start)
    }
}

/// Plays the driver of a loop: keeps what is on its way, and brings it to its end when it is told to.
struct LoopRig {
    var loop: Loop
    /// The services' steps, the target's calls and the waits that have come to no end, in their order.
    private(set) var pending: [Effect] = []
    /// What an apply creates and what it changes, by name; all others are there and as they should be.
    var created: Set<String> = []
    var changed: Set<String> = []
    /// What an apply has to say, what it can't apply, and what the workloads that are waited for say.
    var notices: [String] = []
    var refused: [ApplyFailure] = []
    var images: [String: String] = [:]
    /// What images have at the paths of files that are gone.
    var uncovered: Set<String> = []
    var time = LoopFixture.start

    init(_ loaded: LoadedProject, jobs: Int = 4) {
        loop = Loop(loaded.project, jobs: jobs, at: LoopFixture.start)
    }

    mutating func begin() -> [String] { take(loop.begin()) }

    /// - Returns: what follows, in words.
    mutating func handle(_ facts: Fact...) -> [String] { facts.flatMap { take(loop.handle($0, at: time)) } }

    private mutating func take(_ effects: [Effect]) -> [String] {
        pending += effects.filter(\.isAwaited)
        return effects.map(\.inWords)
    }

    /// What is on its way, in words.
    var running: [String] { pending.map(\.inWords) }

    /// Brings one step or call to its end.
    mutating func answer(_ words: String, with error: (any Error)? = nil) -> [String] {
        guard let index = pending.firstIndex(where: { $0.inWords == words }) else { return ["\(words) is not there"] }
        return take(loop.handle(fact(pending.remove(at: index), error), at: time))
    }

    /// Brings the pass of a service to its end, and all that is asked of the target.
    /// - Returns: what follows but for the steps themselves.
    mutating func finish(_ service: String) -> [String] { play { $0.service == service || $0.isCall } }

    /// The step that a pass is at fails.
    mutating func fail(_ service: String, _ error: any Error) -> [String] {
        guard let step = pending.first(where: { $0.service == service }) else { return ["\(service) has no step"] }
        return answer(step.inWords, with: error)
    }

    /// Brings all that is asked of the target to its end.
    mutating func finishCalls() -> [String] { play(\.isCall) }

    /// The next call to the target fails.
    mutating func failCall(_ error: any Error) -> [String] {
        guard let call = pending.first(where: \.isCall) else { return ["there is no call"] }
        return answer(call.inWords, with: error)
    }

    private mutating func play(_ isPlayed: (Effect) -> Bool) -> [String] {
        var told: [String] = []
        var ended: Set<String> = []
        while let index = pending.firstIndex(where: { isPlayed($0) && !ended.contains($0.service ?? "") }) {
            let effects = loop.handle(fact(pending.remove(at: index), nil), at: time)
            // One that begins now is another pass.
            for case .build(_, let service) in effects { ended.insert(service) }
            let words = take(effects)
            told += zip(effects, words).filter { !isPlayed($0.0) || $0.0.isBuild }.map(\.1)
        }
        return told
    }

    private func fact(_ effect: Effect, _ error: (any Error)?) -> Fact {
        func result<Value>(_ value: Value) -> Result<Value, any Error> { error.map { .failure($0) } ?? .success(value) }
        switch effect {
        case .build(let request, let service):
            let id = images[service] ?? "sha256:\(service)"
            return .built(result(BuiltImage(reference: request.reference, id: id)), service: service)
        case .search(_, let paths, let service):
            return .searched(result(paths.intersection(uncovered)), service: service)
        case .look(_, let service): return .looked(result(nil), service: service)
        case .deliver(let image, let service):
            return .delivered(
                result(DeliveredImage(built: image, reference: image.reference.tagged, digest: "sha256:d")),
                service: service)
        case .verify(_, _, _, let service): return .verified(result([]), service: service)
        case .awaitReady(let workload, let service): return .ready(workload, result([]), service: service)
        case .ask(let call, let id): return .answered(id, result(answer(call)))
        default: return .watching("\(effect.inWords) is not awaited")
        }
    }

    private func answer(_ call: Deployment.Call) -> Deployment.Answer {
        switch call {
        case .leftovers: .leftovers([])
        case .letGo: .letGo([])
        case .restart: .restarted
        case .locate: .located([:])
        case .apply(let objects, _):
            .applied(
                ApplyReport(
                    created: Set(objects.compactMap(\.workload).filter { created.contains($0.name) }),
                    changed: Set(objects.compactMap(\.workload).filter { changed.contains($0.name) }),
                    notices: notices, failures: refused.filter { objects.map(\.identity).contains($0.object) }))
        }
    }
}

extension Effect {
    /// The service whose pass it belongs to.
    var service: String? {
        switch self {
        case .build(_, let service), .search(_, _, let service), .look(_, let service), .deliver(_, let service),
            .verify(_, _, _, let service):
            service
        case .awaitReady(_, let service): service
        default: nil
        }
    }

    var isCall: Bool {
        if case .ask = self { true } else { false }
    }

    var isBuild: Bool {
        if case .build = self { true } else { false }
    }

    /// Whether a fact is to come of it at some time.
    var isAwaited: Bool {
        switch self {
        case .build, .search, .look, .deliver, .verify, .awaitReady, .ask: true
        default: false
        }
    }

    /// In a word or two: `build web`, `say posts: index.js changed, building`
    var inWords: String {
        switch self {
        case .survey: "survey"
        case .readConfiguration: "read devloop.json"
        case .load: "load"
        case .adopt(let project): "adopt \(project.services.map(\.name).joined(separator: " "))"
        case .build(_, let service): "build \(service)"
        case .search(_, let paths, let service): "search \(service) for \(paths.sorted().joined(separator: " "))"
        case .look(_, let service): "look \(service)"
        case .deliver(_, let service): "deliver \(service)"
        case .verify(_, _, _, let service): "verify \(service)"
        case .stop(let service): "stop \(service)"
        case .ask(let call, _): call.inWords
        case .awaitReady(let workload, let service): "await \(workload)" + (service.map { " for \($0)" } ?? "")
        case .sync(let request):
            "sync \(request.container.id) \(request.changes.map(\.path).joined(separator: " "))"
                + request.actions.map { ", \($0.words.future)" }.joined()
        case .note(let service, let isAltered): "note \(service)\(isAltered ? "" : " as it was")"
        case .learn(let question): "learn \(question.service.name)"
        case .wake(let wake, _): "wake \(wake)"
        case .forward(let ports): "forward \(ports.map { "\($0.port)" }.joined(separator: " "))"
        case .findService(let service): "find service/\(service.name)"
        case .removeImages(let images): "remove \(images.map(\.id).joined(separator: " "))"
        case .retryLater(let step): "retry \(step)"
        case .say(let report): "say \(report.text)"
        }
    }
}

extension Deployment.Call {
    var inWords: String {
        switch self {
        case .leftovers: "apply"
        case .letGo(let objects): "let go of \(objects.map(\.name).sorted().joined(separator: " "))"
        case .apply(let objects, _): "apply \(objects.map(\.identity.name).sorted().joined(separator: " "))"
        case .restart(let workload, _): "restart \(workload)"
        case .locate(let objects): "locate \(objects.map(\.name).joined(separator: " "))"
        }
    }
}

extension Report {
    /// As it is shown, in one line.
    var text: String {
        switch message {
        case .detail(let text): "(\(text))"
        case .status(let text, let mark): "\(mark == .success ? "✓ " : "")\(text)"
        case .warning(let text): "! \(text)"
        case .success(let text): "✓ \(text)"
        case .result(let text): text
        case .problem(let text, _, _, _, _): "✗ \(text)"
        case .failure(let error as TargetError, let prefix):
            "✗ "
                + ([prefix, error.summary].compactMap { $0 } + error.details + [error.advice].compactMap { $0 })
                .joined(separator: " | ")
        case .failure(let error, let prefix): "✗ \(prefix ?? "") | \(error)"
        }
    }
}

extension FileChange {
    /// A file of which nothing says where it is in the image.
    init(_ path: String) { self.init(path: path, place: .nowhere) }
}

extension WatchedPaths.Impact {
    /// The changed files of each service.
    var paths: [String: [String]] { services.mapValues { $0.map(\.path) } }
}
