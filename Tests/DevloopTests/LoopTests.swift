import Runner
import Testing

@testable import devloop

@Suite struct LoopTests {
    private var rig: LoopRig
    private let loaded: LoadedProject

    init() throws {
        loaded = try LoopFixture.project()
        rig = LoopRig(loaded)
    }

    private mutating func handle(_ facts: Fact...) -> [String] { facts.flatMap { rig.handle($0) } }

    /// Begins, with both services live.
    private mutating func becomeLive() {
        rig.created = ["web", "api"]
        _ = rig.begin()
        _ = handle(.surveyed(problems: [], .init()))
        _ = rig.finishCalls()
        for service in ["web", "api"] { _ = rig.finish(service) }
        for service in ["web", "api"] { rig.images[service] = "sha256:\(service)-2" }
        rig.created = []
    }

    private let live = "✓ web live in 0.0 s · detect 0.0 · build 0.0 · push 0.0 · restart 0.0 · ready 0.0 (index.js)"
    private var apiLive: String { live.replacing("web", with: "api") }

    // MARK: Passes

    @Test mutating func everythingIsAppliedWatchedAndBuiltAtTheStart() {
        rig.created = ["web", "api"]
        #expect(rig.begin() == ["apply", "survey"])
        #expect(
            handle(.surveyed(problems: ["web: no"], .init())) == [
                "say ! web: no", "say building web, api", "build web", "build api",
            ])
        #expect(rig.answer("build web") == ["look web"])
        #expect(rig.answer("look web") == ["deliver web"])
        // It may need what is no workload.
        #expect(rig.answer("deliver web") == [])
        #expect(rig.finishCalls() == ["await deployment/web for web"])
        #expect(rig.answer("await deployment/web for web") == ["verify web"])
        #expect(
            rig.answer("verify web") == [
                "say ✓ web live in 0.0 s · build 0.0 · push 0.0 · restart 0.0 · ready 0.0"
            ])
    }

    @Test mutating func eachStageTakesItsTime() {
        becomeLive()
        rig.time = LoopFixture.start + .milliseconds(80)
        _ = handle(LoopFixture.saved("web"))
        for (step, time) in [
            ("build web", 680), ("deliver web", 780), ("restart deployment/web", 880),
            ("await deployment/web for web", 1800),
        ] {
            rig.time = LoopFixture.start + .milliseconds(time)
            _ = rig.answer(step)
        }
        rig.time = LoopFixture.start + .milliseconds(1900)
        #expect(
            rig.answer("verify web") == [
                "say ✓ web live in 1.9 s · detect 0.1 · build 0.6 · push 0.1 · restart 0.1 · ready 1.0 (index.js)"
            ])
    }

    @Test mutating func anImageThatRunsIsNotDeliveredAgainAndOneThatDoesNotAnyMoreIs() {
        becomeLive()
        _ = handle(LoopFixture.saved("web"))
        _ = rig.finish("web")
        _ = handle(LoopFixture.saved("web"))
        #expect(rig.answer("build web") == ["look web"])
        let image = rig.loop.deployment.delivered.image(meantBy: "shop/web")
        #expect(
            handle(.looked(.success(image), service: "web")) == [
                "say ✓ web unchanged, checked in 0.0 s · detect 0.0 · build 0.0 (index.js)"
            ])
        // Somebody put another image there.
        _ = handle(LoopFixture.saved("web"))
        _ = rig.answer("build web")
        #expect(handle(.looked(.success(nil), service: "web")) == ["deliver web"])
    }

    @Test mutating func whatAnEarlierRunLeftRunningIsNotRestarted() throws {
        _ = rig.begin()
        _ = handle(.surveyed(problems: [], .init()))
        _ = rig.finishCalls()
        _ = rig.answer("build web")
        let reference = try #require(ImageReference("shop/web"))
        let image = DeliveredImage(built: .init(reference: reference, id: "sha256:web"), reference: "shop/web:latest")
        #expect(handle(.looked(.success(image), service: "web")) == ["apply web"])
        #expect(
            rig.answer("apply web") == ["say ✓ web runs this image already, checked in 0.0 s · build 0.0"])
    }

    /// It takes its time, in which the build begins with the first of the files.
    @Test mutating func aSwitchOfABranchIsSaidOnce() {
        func switched(_ count: Int) -> Fact {
            let files = (1...count).map { FileChange("f\($0)") }
            return .changes(.init(services: ["web": files]), noticed: LoopFixture.start)
        }
        becomeLive()
        #expect(handle(switched(30)) == ["say web: f1 and 29 more changed, building", "build web"])
        rig.time += .milliseconds(100)
        #expect(handle(switched(40)) == ["stop web"])
        #expect(rig.fail("web", CancellationError()) == ["build web"])
        rig.time += .seconds(2)
        #expect(handle(switched(40)) == ["stop web"])
        #expect(
            rig.fail("web", CancellationError()) == ["say web: f1 and 39 more changed, building", "build web"])
    }

    @Test mutating func aSaveStopsABuildAndAWaitAndNothingInBetween() {
        becomeLive()
        _ = handle(LoopFixture.saved("web"))
        #expect(handle(LoopFixture.saved("web")) == ["stop web"])
        #expect(rig.fail("web", CancellationError()) == ["say web: index.js changed, building", "build web"])
        _ = rig.answer("build web")
        for step in ["deliver web", "restart deployment/web"] {
            #expect(handle(LoopFixture.saved("web")) == [])
            _ = rig.answer(step)
        }
        // There it is newer than what is waited for.
        #expect(rig.running == ["await deployment/web for web"])
        #expect(rig.fail("web", CancellationError()) == ["say web: index.js changed, building", "build web"])
    }

    @Test mutating func aBuildThatEndsAsItIsStoppedIsNotDelivered() {
        becomeLive()
        _ = handle(LoopFixture.saved("web"))
        _ = handle(LoopFixture.saved("web"))
        #expect(rig.answer("build web") == ["say web: index.js changed, building", "build web"])
    }

    @Test mutating func whatSaysWhichFilesCountIsLookedAtBeforeABuildBegins() {
        becomeLive()
        #expect(handle(LoopFixture.saved("web", filters: true)) == ["survey"])
        #expect(
            handle(.surveyed(problems: ["x"], .init())) == [
                "say ! x", "say web: index.js changed, building", "build web",
            ])
        // A problem is told for as long as it lasts.
        _ = handle(LoopFixture.saved("web", filters: true))
        #expect(!handle(.surveyed(problems: ["x"], .init())).contains("say ! x"))
        _ = handle(LoopFixture.saved("web", filters: true))
        _ = handle(.surveyed(problems: [], .init()))
        _ = handle(LoopFixture.saved("web", filters: true))
        #expect(handle(.surveyed(problems: ["x"], .init())).contains("say ! x"))
    }

    // MARK: Waiting for workloads

    @Test mutating func whoWaitsForSeveralWorkloadsHearsOfTheFirstThatFails() throws {
        rig = LoopRig(try twoWorkloads())
        rig.created = ["a", "b"]
        _ = rig.begin()
        _ = handle(.surveyed(problems: [], .init()))
        _ = rig.finishCalls()
        for step in ["build web", "look web", "deliver web"] { _ = rig.answer(step) }
        _ = rig.finishCalls()
        #expect(rig.answer("await deployment/a for web", with: TargetError("a fails")) == ["stop web"])
        #expect(
            rig.answer("await deployment/b for web", with: CancellationError()) == [
                "say ✗ web: a fails | fix it and save: the next save tries again"
            ])
    }

    private func twoWorkloads() throws -> LoadedProject {
        let configuration = try Fixture.configuration(
            #"{ "manifests": ["k8s"], "services": [{ "image": "shop/web", "context": "web" }] }"#)
        let objects = ["a", "b"].map { Fixture.object("Deployment", $0, images: ["shop/web"]) }
        return LoadedProject(
            project: try Project(configuration: configuration, objects: objects), dependencies: .init())
    }

    @Test mutating func aWorkloadThatIsDeletedWhileItIsWaitedForComesBackOnce() {
        becomeLive()
        _ = handle(LoopFixture.saved("web"))
        for step in ["build web", "deliver web", "restart deployment/web"] { _ = rig.answer(step) }
        let gone = TargetError(.missing, "deployment/web is gone")
        #expect(rig.answer("await deployment/web for web", with: gone) == ["apply version-0 web"])
        #expect(rig.answer("apply version-0 web") == ["await deployment/web for web", "apply"])
        #expect(
            rig.answer("await deployment/web for web", with: gone) == [
                "say ✗ web: deployment/web is gone | fix it and save: the next save tries again"
            ])
    }

    @Test mutating func aSaveWhileAWorkloadIsBroughtBackIsBuiltAtOnce() {
        becomeLive()
        _ = handle(LoopFixture.saved("web"))
        for step in ["build web", "deliver web", "restart deployment/web"] { _ = rig.answer(step) }
        _ = rig.answer("await deployment/web for web", with: TargetError(.missing, "deployment/web is gone"))
        #expect(handle(LoopFixture.saved("web")) == ["stop web", "say web: index.js changed, building", "build web"])
        // It comes back all the same.
        #expect(rig.answer("apply version-0 web") == ["apply"])
    }

    @Test mutating func aWorkloadThatNoPassWaitsForComesBackToo() {
        becomeLive()
        rig.changed = ["web"]
        _ = rig.handle(LoopFixture.saved(manifests: ["k8s/a.yaml"]), .surveyed(problems: [], .init()))
        _ = rig.handle(.configuration(nil))
        _ = rig.handle(.loaded(.success(loaded)))
        _ = rig.loop.applyAll()
        let web = Workload(kind: .deployment, name: "web")
        let gone = TargetError(.missing, "deployment/web is gone")
        #expect(handle(.ready(web, .failure(gone), service: nil)) == ["apply version-0 web"])
        #expect(rig.answer("apply version-0 web") == ["await deployment/web", "apply"])
        #expect(rig.answer("await deployment/web", with: gone) == ["say ✗ deployment/web is gone"])
    }

    @Test mutating func twoWaitsForOneWorkloadBringItBackOnceAndTellOnce() {
        becomeLive()
        let web = Workload(kind: .deployment, name: "web")
        let gone = TargetError(.missing, "deployment/web is gone")
        #expect(handle(.ready(web, .failure(gone), service: nil)) == ["apply version-0 web"])
        #expect(handle(.ready(web, .failure(gone), service: nil)) == [])
        #expect(rig.answer("apply version-0 web") == ["await deployment/web", "apply"])
        #expect(rig.answer("await deployment/web") == ["say ✓ deployment/web ready"])
    }

    /// On Docker an apply of a config map replaces the containers that read it.
    @Test mutating func aWorkloadThatAnApplyOfSomethingElseChangedIsWaitedFor() throws {
        becomeLive()
        _ = reload(try LoopFixture.project(manifests: 1))
        for call in ["apply", "let go of version-0"] { _ = rig.answer(call) }
        guard case .ask(.apply, let id)? = rig.pending.last else {
            Issue.record("\(rig.running)")
            return
        }
        let web = Workload(kind: .deployment, name: "web")
        _ = handle(.answered(id, .success(.applied(ApplyReport(changed: [web])))))
        #expect(rig.answer("apply api web") == ["await deployment/web"])
    }

    // MARK: Outages

    @Test mutating func anOutageIsToldOnceForAllAndEachPassIsTriedAgainUntilItIsOver() {
        becomeLive()
        _ = handle(LoopFixture.saved("web", "api"))
        #expect(
            rig.fail("web", LoopFixture.away) == [
                "say ✗ web: docker build failed | Cannot connect to the Docker daemon | devloop goes on trying",
                "retry pass(of: \"web\")",
            ])
        #expect(rig.fail("api", LoopFixture.away) == ["retry pass(of: \"api\")"])
        #expect(handle(.retryDue(.pass(of: "web"))) == ["build web"])
        #expect(rig.fail("web", LoopFixture.away) == ["retry pass(of: \"web\")"])
        #expect(handle(.retryDue(.pass(of: "web"))) == ["build web"])
        #expect(rig.finish("web") == ["say \(live)"])
        #expect(handle(.retryDue(.pass(of: "api"))) == ["build api"])
        #expect(rig.finish("api") == ["say \(apiLive)"])
        #expect(handle(.retryDue(.pass(of: "api"))) == [])
        // The next one is news.
        _ = handle(LoopFixture.saved("web"))
        #expect(rig.fail("web", LoopFixture.away).count == 2)
    }

    @Test mutating func aPassThatIsStoppedForASaveEndsNoOutage() {
        becomeLive()
        _ = handle(LoopFixture.saved("web"))
        _ = rig.fail("web", LoopFixture.away)
        #expect(handle(LoopFixture.saved("web")).last == "build web")
        #expect(handle(LoopFixture.saved("web")) == ["stop web"])
        #expect(rig.fail("web", CancellationError()).last == "build web")
        #expect(rig.fail("web", LoopFixture.away) == [])
        #expect(handle(.retryDue(.pass(of: "web"))) == ["build web"])
    }

    @Test mutating func aSaveDuringAnOutageNeedsNoRetry() {
        becomeLive()
        _ = handle(LoopFixture.saved("web"))
        _ = rig.fail("web", LoopFixture.away)
        #expect(handle(LoopFixture.saved("web")) == ["say web: index.js changed, building", "build web"])
        #expect(handle(.retryDue(.pass(of: "web"))) == [])
        #expect(rig.finish("web") == ["say \(live)"])
        #expect(handle(.retryDue(.pass(of: "web"))) == [])
    }

    @Test mutating func anApplyIsTriedAgainUntilTheLatestOfThemIsComplete() throws {
        becomeLive()
        let told = "say ✗ manifests: docker build failed | Cannot connect to the Docker daemon | devloop goes on trying"
        _ = reload(try LoopFixture.project(manifests: 1))
        _ = rig.failCall(LoopFixture.away)
        // The part that waits for no container fails; the other is tried all the same.
        #expect(rig.running == ["apply api web"])
        #expect(rig.answer("apply api web") == [told, "retry apply"])
        // One of one service works; the latest of everything is still to come.
        _ = handle(LoopFixture.saved("web"))
        #expect(rig.finish("web") == ["say \(live)"])
        #expect(handle(.retryDue(.apply)) == ["apply"])
        #expect(rig.finishCalls() == [])
        #expect(handle(.retryDue(.apply)) == [])
    }

    @Test mutating func whatMayPassIsTriedAgainByItselfAndWhatNotWithTheNextPass() throws {
        becomeLive()
        let version = KubernetesObject.Identity(kind: "ConfigMap", name: "version-1")
        rig.refused = [ApplyFailure(version, passes: true, reasons: ["no such kind yet"])]
        _ = reload(try LoopFixture.project(manifests: 1))
        #expect(
            rig.finishCalls() == [
                "say ✗ ConfigMap version-1: no such kind yet | devloop goes on trying", "retry apply",
            ])
        rig.refused = [ApplyFailure(version, reasons: ["immutable"])]
        #expect(handle(.retryDue(.apply)) == ["apply version-1"])
        #expect(
            rig.finishCalls() == ["say ✗ ConfigMap version-1: immutable | fix it and save: the next save tries again"])
        rig.refused = []
        rig.notices = ["a"]
        _ = handle(LoopFixture.saved("web"))
        #expect(rig.finish("web") == ["say \(live)", "say ConfigMap version-1 is applied now", "say a"])
    }

    @Test mutating func aFailureThatEndsThePassIsNotToldOfTheApplyAsWell() {
        rig.refused = [
            ApplyFailure(.init(kind: "Deployment", name: "web"), reasons: ["immutable"], advice: "delete it")
        ]
        _ = rig.begin()
        _ = handle(.surveyed(problems: [], .init()))
        _ = rig.finishCalls()
        for step in ["build web", "look web", "deliver web", "apply web", "locate web"] { _ = rig.answer(step) }
        let said = rig.answer("restart deployment/web", with: TargetError(.missing, "gone")) + rig.finishCalls()
        #expect(said.filter { $0.contains("immutable") } == ["say ✗ web: Deployment web: immutable | delete it"])
    }

    // MARK: devloop.json and the manifests

    private mutating func reload(_ loaded: LoadedProject) -> [String] {
        _ = handle(LoopFixture.saved(manifests: ["k8s/a.yaml"]))
        _ = handle(.surveyed(problems: [], .init()))
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
        rig.changed = ["web"]
        #expect(rig.finishCalls() == ["await deployment/web"])
        #expect(rig.answer("await deployment/web") == ["say ✓ deployment/web ready"])
    }

    @Test mutating func whatDevloopJSONNamesIsWatchedBeforeItIsRead() throws {
        becomeLive()
        let more = try LoopFixture.project(["web", "api", "new"])
        #expect(handle(.changes(.init(configuration: true), noticed: LoopFixture.start)) == ["read devloop.json"])
        #expect(handle(.configuration(more.project.configuration)) == ["survey", "load"])
        #expect(
            handle(.loaded(.success(more))) == [
                "adopt web api new", "say applying the manifests again", "apply",
                "say new: devloop.json changed, building", "build new",
            ])
    }

    @Test mutating func aServiceThatIsGoneIsStoppedAndNeverBuiltAgain() throws {
        becomeLive()
        _ = handle(LoopFixture.saved("api"))
        let less = try LoopFixture.project(["web"])
        #expect(
            reload(less) == ["adopt web", "say applying the manifests again", "apply", "stop api"])
        #expect(rig.fail("api", CancellationError()) == [])
        #expect(handle(.retryDue(.pass(of: "api"))) == [])
        let api = Workload(kind: .deployment, name: "api")
        #expect(handle(.ready(api, .failure(LoopFixture.away), service: nil)) == [])
    }

    @Test mutating func anOutageOfAServiceThatIsGoneIsForgotten() throws {
        becomeLive()
        _ = handle(LoopFixture.saved("api"))
        _ = rig.fail("api", LoopFixture.away)
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
                "read devloop.json", "say web: index.js changed, building", "build web",
            ])
    }

    // MARK: Images on images

    @Test mutating func aDockerfileThatBeginsToBuildOnAnotherImageWaitsForIt() throws {
        becomeLive()
        let based = try LoopFixture.project(bases: ["api": ["web"]])
        _ = handle(LoopFixture.saved("web", "api", filters: true))
        #expect(
            handle(.surveyed(problems: [], based.dependencies)) == [
                "say web: index.js changed, building", "build web",
            ])
        #expect(
            rig.answer("build web") == ["say api: index.js and 1 more changed, building", "build api", "deliver web"])
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
        rig = LoopRig(based)
        _ = rig.begin()
        _ = handle(.surveyed(problems: [], based.dependencies))
        _ = rig.finishCalls()
        _ = rig.finish("web")
        _ = rig.finish("api")
        _ = handle(LoopFixture.saved("api"))
        let moved = MovedBases(names: [try #require(ImageReference("shop/web"))])
        let said = rig.fail("api", moved)
        #expect(said.first?.hasPrefix("say ! web: the name of its image means another one now") == true)
        #expect(said.dropFirst() == ["build web"])
        #expect(rig.answer("build web").contains("build api"))
    }

    // MARK: What is told

    /// A day from the first build to a lost registry, line for line.
    @Test mutating func aDayIsToldLineForLine() throws {
        let registry = TargetError(
            .unavailable, "docker push of localhost:5000/shop/web:latest failed (exit status 1)",
            details: ["dial tcp: connection refused"], advice: "is the registry up?")
        let version = KubernetesObject.Identity(kind: "ConfigMap", name: "version-1")
        (rig.created, rig.notices) = (["web", "api"], ["web-np: http://127.0.0.1:31000"])
        var said = rig.begin()
        said += handle(
            .surveyed(problems: ["api: the ignore patterns cannot be used, so they leave out no file: a"], .init()))
        said += rig.finishCalls()
        said += rig.finish("web")
        said += rig.fail(
            "api", TargetError("docker build of shop/api failed (exit status 1)", details: ["no such file"]))
        rig.images["web"] = "sha256:2"
        rig.time += .milliseconds(80)
        said += handle(
            .changes(
                .init(services: ["web": [FileChange("index.js"), FileChange("lib.js")]]), noticed: LoopFixture.start))
        rig.time += .milliseconds(620)
        _ = rig.answer("build web")
        said += rig.fail("web", registry)
        said += handle(.retryDue(.pass(of: "web")))
        _ = rig.answer("build web")
        said += rig.fail("web", registry)
        (rig.created, rig.changed) = ([], ["web"])
        rig.refused = [ApplyFailure(version, reasons: ["port 0"])]
        said += reload(try LoopFixture.project(manifests: 1))
        said += rig.finishCalls()
        said += rig.answer("await deployment/web")
        said += handle(.retryDue(.pass(of: "web")))
        rig.time += .milliseconds(1200)
        said += rig.finish("web")
        said += handle(.watching("context of web: too many changes at once"))
        rig.changed = ["web"]
        rig.refused = []
        said += reload(try LoopFixture.project(manifests: 2))
        said += rig.finishCalls()
        said += rig.answer(
            "await deployment/web", with: TargetError("deployment/web did not become ready", details: ["exit 1"]))
        #expect(
            said.filter { $0.hasPrefix("say") }.map { String($0.dropFirst(4)) } == [
                "! api: the ignore patterns cannot be used, so they leave out no file: a",
                "building web, api",
                "web-np: http://127.0.0.1:31000",
                "✓ web live in 0.0 s · build 0.0 · push 0.0 · restart 0.0 · ready 0.0",
                "✗ api: docker build of shop/api failed (exit status 1) | no such file | fix it and save: the next save "
                    + "tries again",
                "web: index.js and 1 more changed, building",
                "✗ web: docker push of localhost:5000/shop/web:latest failed (exit status 1) | dial tcp: connection "
                    + "refused | is the registry up?; devloop goes on trying",
                "applying the manifests again",
                "✗ ConfigMap version-1: port 0 | fix it and save: the next save tries again",
                "✓ deployment/web ready",
                "✓ web live in 1.9 s · detect 0.7 · build 1.2 · push 0.0 · restart 0.0 · ready 0.0 (index.js and 1 "
                    + "more)",
                "! context of web: too many changes at once",
                "applying the manifests again",
                "✗ deployment/web did not become ready | exit 1",
            ])
    }
}
