import Runner
import Testing

@testable import devloop

/// Facts go in and effects come out; what is said is compared as it is shown.
struct LoopFixture {
    static let start = ContinuousClock.now

    /// A project of services with a Deployment each.
    static func project(
        _ services: [String] = ["web", "api"], manifests version: Int = 0, bases: [String: Set<String>] = [:]
    ) throws -> LoadedProject {
        let list = services.map { #"{ "image": "shop/\#($0)", "context": "\#($0)" }"# }.joined(separator: ", ")
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

    static func live(_ service: String) -> Pass.Outcome {
        .live(PassSummary(service: service, total: .zero, stages: []))
    }

    static func saved(_ services: String..., manifests: [String] = [], filters: Bool = false) -> Fact {
        let files = Dictionary(uniqueKeysWithValues: services.map { ($0, ["index.js"]) })
        return .changes(
            .init(services: files, manifests: manifests, filters: filters || !manifests.isEmpty), noticed: start)
    }
}

extension Effect {
    /// In a word or two: `start web`, `say posts: index.js changed, building`
    var inWords: String {
        switch self {
        case .survey: "survey"
        case .readConfiguration: "read devloop.json"
        case .load: "load"
        case .adopt(let project): "adopt \(project.services.map(\.name).joined(separator: " "))"
        case .start(let request): "start \(request.service.name)"
        case .stop(let service): "stop \(service)"
        case .apply: "apply"
        case .applyAgain: "apply again"
        case .awaitReady(let workload): "await \(workload)"
        case .retryLater(let step): "retry \(step)"
        case .say(let report): "say \(report.text)"
        }
    }
}

extension Report {
    /// As it is shown, in one line.
    var text: String {
        switch message {
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

@Suite struct LoopTests {
    private var loop: Loop
    private let loaded: LoadedProject

    init() throws {
        loaded = try LoopFixture.project()
        loop = Loop(loaded.project, jobs: 4)
    }

    private mutating func handle(_ facts: Fact...) -> [String] {
        facts.flatMap { loop.handle($0, at: LoopFixture.start).map(\.inWords) }
    }

    private func ended(_ service: String, _ outcome: Pass.Outcome? = nil, _ aftermath: Aftermath = .init()) -> Fact {
        .ended(outcome ?? LoopFixture.live(service), service: service, aftermath)
    }

    /// Begins, with both services live.
    private mutating func becomeLive() {
        _ = handle(.surveyed(problems: [], .init()))
        for service in ["web", "api"] {
            _ = handle(.built("sha256:\(service)", service: service), ended(service))
        }
        _ = handle(.applied(.success(ApplyReport()), .init()))
    }

    @Test mutating func everythingIsAppliedWatchedAndBuiltAtTheStart() {
        #expect(loop.begin().map(\.inWords) == ["apply", "survey"])
        #expect(
            handle(.surveyed(problems: ["web: no"], .init())) == [
                "say ! web: no", "say building web, api", "start web", "start api",
            ])
        #expect(handle(ended("web")) == ["say ✓ web live in 0.0 s"])
    }

    @Test mutating func whatSaysWhichFilesCountIsLookedAtBeforeABuildBegins() {
        becomeLive()
        #expect(handle(LoopFixture.saved("web", filters: true)) == ["survey"])
        #expect(
            handle(.surveyed(problems: ["x"], .init())) == [
                "say ! x", "say web: index.js changed, building", "start web",
            ])
        // A problem is told for as long as it lasts.
        _ = handle(LoopFixture.saved("web", filters: true))
        #expect(!handle(.surveyed(problems: ["x"], .init())).contains("say ! x"))
    }

    // MARK: Outages

    @Test mutating func anOutageIsToldOnceForAllAndEachPassIsTriedAgainUntilItIsOver() {
        becomeLive()
        _ = handle(LoopFixture.saved("web", "api"))
        #expect(
            handle(ended("web", .failed(LoopFixture.away))) == [
                "say ✗ web: docker build failed | Cannot connect to the Docker daemon | devloop goes on trying",
                "retry pass(of: \"web\")",
            ])
        #expect(handle(ended("api", .failed(LoopFixture.away))) == ["retry pass(of: \"api\")"])
        #expect(handle(.retryDue(.pass(of: "web"))) == ["start web"])
        #expect(handle(ended("web", .failed(LoopFixture.away))) == ["retry pass(of: \"web\")"])
        #expect(handle(.retryDue(.pass(of: "web")), ended("web")) == ["start web", "say ✓ web live in 0.0 s"])
        #expect(handle(.retryDue(.pass(of: "api")), ended("api")) == ["start api", "say ✓ api live in 0.0 s"])
        #expect(handle(.retryDue(.pass(of: "api"))) == [])
        // The next one is news.
        _ = handle(LoopFixture.saved("web"))
        #expect(handle(ended("web", .failed(LoopFixture.away))).count == 2)
    }

    @Test mutating func aPassThatIsStoppedForASaveEndsNoOutage() {
        becomeLive()
        _ = handle(LoopFixture.saved("web"), ended("web", .failed(LoopFixture.away)))
        #expect(handle(LoopFixture.saved("web")).last == "start web")
        #expect(handle(LoopFixture.saved("web")) == ["stop web"])
        #expect(handle(ended("web", .stopped)).last == "start web")
        #expect(handle(ended("web", .failed(LoopFixture.away))) == [])
        #expect(handle(.retryDue(.pass(of: "web"))) == ["start web"])
    }

    @Test mutating func aSaveDuringAnOutageNeedsNoRetry() {
        becomeLive()
        _ = handle(LoopFixture.saved("web"), ended("web", .failed(LoopFixture.away)))
        #expect(handle(LoopFixture.saved("web")) == ["say web: index.js changed, building", "start web"])
        #expect(handle(.retryDue(.pass(of: "web"))) == [])
        #expect(handle(ended("web"), .retryDue(.pass(of: "web"))) == ["say ✓ web live in 0.0 s"])
    }

    @Test mutating func anApplyIsTriedAgainUntilTheLatestOfThemIsComplete() {
        becomeLive()
        let failed = Result<ApplyReport, any Error>.failure(LoopFixture.away)
        #expect(
            handle(.applied(failed, .init(isIncomplete: true))) == [
                "say ✗ manifests: docker build failed | Cannot connect to the Docker daemon | devloop goes on trying",
                "retry apply",
            ])
        // One of one service works; the latest of everything is still to come.
        #expect(handle(.applied(.success(ApplyReport()), .init(isIncomplete: true))) == [])
        #expect(handle(.retryDue(.apply)) == ["apply again"])
        #expect(handle(.applied(.success(ApplyReport()), .init()), .retryDue(.apply)) == [])
    }

    @Test mutating func whatMayPassIsTriedAgainByItselfAndWhatNotWithTheNextPass() {
        becomeLive()
        let passing = TargetError(.unavailable, "Widget w: no such kind yet")
        #expect(
            handle(.applied(.success(ApplyReport()), .init(hasFailures: true, passing: passing))) == [
                "say ✗ Widget w: no such kind yet | devloop goes on trying", "retry apply",
            ])
        let refused = TargetError("Deployment web: immutable")
        _ = handle(LoopFixture.saved("web"))
        #expect(
            handle(ended("web", nil, .init(notices: ["a"], failures: [refused], hasFailures: true))) == [
                "say a", "say ✗ Deployment web: immutable | fix it and save: the next save tries again",
                "say ✓ web live in 0.0 s", "apply again",
            ])
    }

    @Test mutating func aFailureThatEndsThePassIsNotToldOfTheApplyAsWell() {
        becomeLive()
        _ = handle(LoopFixture.saved("web"))
        let error = TargetError("Deployment web: immutable", advice: "delete it")
        #expect(
            handle(ended("web", .failed(error), .init(failures: [error]))) == [
                "say ✗ web: Deployment web: immutable | delete it"
            ])
    }

    // MARK: devloop.json and the manifests

    private mutating func reload(_ loaded: LoadedProject, manifests: [String] = ["k8s/a.yaml"]) -> [String] {
        _ = handle(LoopFixture.saved(manifests: manifests))
        _ = handle(.surveyed(problems: [], loop.project.services.isEmpty ? .init() : .init()))
        _ = handle(.configuration(loaded.project.configuration))
        return handle(.loaded(.success(loaded)))
    }

    @Test mutating func aChangedManifestIsAppliedAndRestartsNothing() throws {
        becomeLive()
        #expect(handle(LoopFixture.saved(manifests: ["k8s/a.yaml"])) == ["survey"])
        #expect(handle(.surveyed(problems: [], .init())) == ["read devloop.json"])
        #expect(handle(.configuration(loaded.project.configuration)) == ["load"])
        #expect(
            handle(.loaded(.success(try LoopFixture.project(manifests: 1)))) == [
                "adopt web api", "say applying the manifests again", "apply",
            ])
        let web = Workload(kind: .deployment, name: "web")
        #expect(handle(.applied(.success(ApplyReport(changed: [web])), .init())) == ["await deployment/web"])
        #expect(handle(.ready(web, .success(()))) == ["say ✓ deployment/web ready"])
    }

    @Test mutating func whatDevloopJSONNamesIsWatchedBeforeItIsRead() throws {
        becomeLive()
        let more = try LoopFixture.project(["web", "api", "new"])
        #expect(handle(.changes(.init(configuration: true), noticed: LoopFixture.start)) == ["read devloop.json"])
        #expect(handle(.configuration(more.project.configuration)) == ["survey", "load"])
        #expect(
            handle(.loaded(.success(more))) == [
                "adopt web api new", "say applying the manifests again", "apply",
                "say new: devloop.json changed, building", "start new",
            ])
    }

    @Test mutating func aServiceThatIsGoneIsStoppedAndNeverBuiltAgain() throws {
        becomeLive()
        _ = handle(LoopFixture.saved("api"))
        let less = try LoopFixture.project(["web"])
        #expect(
            reload(less) == ["adopt web", "say applying the manifests again", "apply", "stop api"])
        #expect(handle(ended("api", .stopped)) == [])
        #expect(handle(.retryDue(.pass(of: "api"))) == [])
        #expect(handle(.ready(Workload(kind: .deployment, name: "api"), .failure(LoopFixture.away))) == [])
    }

    @Test mutating func anOutageOfAServiceThatIsGoneIsForgotten() throws {
        becomeLive()
        _ = handle(LoopFixture.saved("api"), ended("api", .failed(LoopFixture.away)))
        _ = reload(try LoopFixture.project(["web"]))
        #expect(handle(.retryDue(.pass(of: "api"))) == [])
    }

    @Test mutating func whatChangesWhileItIsReadIsReadAgainAndOnlyTheLastFailureCounts() throws {
        becomeLive()
        _ = handle(LoopFixture.saved(manifests: ["k8s/a.yaml"]), .surveyed(problems: [], .init()))
        _ = handle(.configuration(nil))
        #expect(
            handle(LoopFixture.saved(manifests: ["k8s/b.yaml"]), .surveyed(problems: [], .init())) == ["survey"])
        let half = TargetError(.configuration, "k8s/b.yaml: half saved")
        #expect(handle(.loaded(.failure(half))) == ["read devloop.json"])
        #expect(handle(.configuration(nil)) == ["load"])
        #expect(
            handle(.loaded(.failure(half))) == [
                "say ✗ the change of k8s/a.yaml, k8s/b.yaml is left aside | k8s/b.yaml: half saved"
            ])
    }

    @Test mutating func aManifestThatNeverRestsIsTakenUpAllTheSame() throws {
        becomeLive()
        _ = handle(LoopFixture.saved(manifests: ["k8s/a.yaml"]), .surveyed(problems: [], .init()), .configuration(nil))
        for version in 1...3 {
            _ = handle(LoopFixture.saved(manifests: ["k8s/a.yaml"]), .surveyed(problems: [], .init()))
            #expect(
                handle(.loaded(.success(try LoopFixture.project(manifests: version)))) == [
                    "adopt web api", "say applying the manifests again", "apply", "read devloop.json",
                ])
            _ = handle(.configuration(nil))
        }
    }

    @Test mutating func whatWasLeftAsideIsReadAgainWhenADockerfileSaysSomethingElse() throws {
        becomeLive()
        _ = handle(LoopFixture.saved(manifests: ["k8s/a.yaml"]), .surveyed(problems: [], .init()), .configuration(nil))
        _ = handle(.loaded(.failure(TargetError(.configuration, "no manifest uses base"))))
        _ = handle(LoopFixture.saved("web", filters: true))
        #expect(
            handle(.surveyed(problems: [], .init())) == [
                "read devloop.json", "say web: index.js changed, building", "start web",
            ])
    }

    // MARK: Images on images

    @Test mutating func aDockerfileThatBeginsToBuildOnAnotherImageWaitsForIt() throws {
        becomeLive()
        let based = try LoopFixture.project(bases: ["api": ["web"]])
        _ = handle(LoopFixture.saved("web", "api", filters: true))
        #expect(
            handle(.surveyed(problems: [], based.dependencies)) == [
                "say web: index.js changed, building", "start web",
            ])
        #expect(
            handle(.built("sha256:2", service: "web")) == [
                "say api: index.js and 1 more changed, building", "start api",
            ])
    }

    @Test mutating func aCircleIsToldOnceAndLeftAside() throws {
        becomeLive()
        let circle = try LoopFixture.project(bases: ["api": ["web"], "web": ["api"]]).dependencies
        var said: [String] = []
        for _ in 1...2 {
            _ = handle(LoopFixture.saved("web", filters: true))
            said += handle(.surveyed(problems: [], circle)).filter { $0.contains("is left aside") }
        }
        #expect(said.count == 1)
    }

    @Test mutating func whatWasBuiltOnSomethingElseIsBuiltAgainAfterItsBase() throws {
        let based = try LoopFixture.project(bases: ["api": ["web"]])
        loop = Loop(based.project, jobs: 4)
        _ = handle(.surveyed(problems: [], based.dependencies))
        _ = handle(.built("sha256:1", service: "web"), ended("web"), .built("sha256:2", service: "api"), ended("api"))
        _ = handle(LoopFixture.saved("api"))
        let said = handle(ended("api", .misbuilt(on: ["web"])))
        #expect(said.first?.hasPrefix("say ! web: the name of its image means another one now") == true)
        #expect(said.dropFirst() == ["start web"])
        #expect(handle(.built("sha256:1", service: "web")) == ["start api"])
    }

    // MARK: What is told

    /// A day from the first build to a lost registry, line for line.
    @Test mutating func aDayIsToldLineForLine() throws {
        let registry = TargetError(
            .unavailable, "docker push of localhost:5000/shop/web:latest failed (exit status 1)",
            details: ["dial tcp: connection refused"], advice: "is the registry up?")
        let summary = PassSummary(
            service: "web", total: .milliseconds(1900),
            stages: [
                .init(name: "detect", duration: .milliseconds(80)), .init(name: "build", duration: .milliseconds(600)),
            ],
            changes: ["index.js", "lib.js"], reminders: ["the manifest of Service web is not applied: port 0"])
        let web = Workload(kind: .deployment, name: "web")
        let facts: [Fact] = [
            .surveyed(problems: ["api: the ignore patterns cannot be used, so they leave out no file: a"], .init()),
            .applied(.success(ApplyReport(created: [web])), .init(notices: ["web-np: http://127.0.0.1:31000"])),
            .ready(web, .success(())),
            .built("sha256:1", service: "web"),
            ended("web", .waiting(summary, for: ["api"])),
            ended(
                "api",
                .failed(TargetError("docker build of shop/api failed (exit status 1)", details: ["no such file"]))),
            .changes(.init(services: ["web": ["index.js", "lib.js"]]), noticed: LoopFixture.start),
            ended("web", .failed(registry)),
            .retryDue(.pass(of: "web")),
            ended("web", .failed(registry)),
            .retryDue(.pass(of: "web")),
            ended("web", .live(summary), .init(failures: [TargetError("Service web (k8s/web.yaml): port 0")])),
            .watching("context of web: too many changes at once"),
            .ready(web, .failure(TargetError("deployment/web did not become ready", details: ["exit 1"]))),
        ]
        let said = facts.flatMap { loop.handle($0, at: LoopFixture.start) }.compactMap { effect in
            if case .say(let report) = effect { report.text } else { nil }
        }
        #expect(
            said == [
                "! api: the ignore patterns cannot be used, so they leave out no file: a",
                "building web, api",
                "web-np: http://127.0.0.1:31000",
                "✓ deployment/web ready",
                "web live in 1.9 s · detect 0.1 · build 0.6 (index.js and 1 more); the manifest of Service web is not "
                    + "applied: port 0; it starts together with api",
                "✗ api: docker build of shop/api failed (exit status 1) | no such file | fix it and save: the next save "
                    + "tries again",
                "web: index.js and 1 more changed, building",
                "✗ web: docker push of localhost:5000/shop/web:latest failed (exit status 1) | dial tcp: connection "
                    + "refused | is the registry up?; devloop goes on trying",
                "✗ Service web (k8s/web.yaml): port 0 | fix it and save: the next save tries again",
                "✓ web live in 1.9 s · detect 0.1 · build 0.6 (index.js and 1 more); the manifest of Service web is not "
                    + "applied: port 0",
                "! context of web: too many changes at once",
                "✗ deployment/web did not become ready | exit 1",
            ])
    }
}
