import Runner
import Synchronization
import Testing

@testable import devloop

/// A target that records what it was asked and answers as it was told; what it was told nothing about is an error.
private final class FakeTarget: Target {
    private let calls = Mutex<[String]>([])
    private let created: Set<String>
    private let running: Set<String>
    private let failures = Mutex<[String: Int]>([:])
    private let severity: TargetError.Severity
    private let onApply: @Sendable () -> Void
    /// What an apply can't apply, by name.
    private let refused: Mutex<[String: ApplyFailure]>
    private let hanging: Set<String>
    /// What is there of the project, whatever the manifests say.
    private let found: Set<KubernetesObject.Identity>
    let startsContainersInApply: Bool

    /// - Parameters:
    ///   - created: the workloads that an apply creates, by name.
    ///   - running: the workloads that run the asked image already.
    ///   - failures: how often a call fails before it succeeds.
    ///   - severity: how bad that is.
    ///   - refused: what an apply can't apply, by name.
    ///   - onApply: what happens while something is applied.
    ///   - hanging: the calls that don't end before they are cancelled.
    init(
        created: Set<String> = [], running: Set<String> = [], failures: [String: Int] = [:],
        severity: TargetError.Severity = .failed, refused: [String: ApplyFailure] = [:],
        onApply: @escaping @Sendable () -> Void = {}, hanging: Set<String> = [],
        found: Set<KubernetesObject.Identity> = [], startsContainersInApply: Bool = false
    ) {
        self.found = found
        self.refused = Mutex(refused)
        self.hanging = hanging
        self.startsContainersInApply = startsContainersInApply
        self.severity = severity
        self.onApply = onApply
        self.created = created
        self.running = running
        self.failures.withLock { $0 = failures }
    }

    var recorded: [String] { calls.withLock { $0 } }

    private func record(_ call: String, then act: () -> Void = {}) async throws {
        calls.withLock { $0.append(call) }
        act()
        let fails = failures.withLock { failures in
            guard let left = failures[call], left > 0 else { return false }
            failures[call] = left - 1
            return true
        }
        if fails { throw TargetError(severity, "\(call) fails") }
        guard hanging.contains(call) else { return }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        await withTaskCancellationHandler {
            for await _ in stream {}
        } onCancel: {
            continuation.finish()
        }
        throw CancellationError()
    }

    var summary: String { "fake" }
    var namespace: String { "default" }
    func prepare() async throws {}
    func deliver(
        _ image: BuiltImage, onNotice: @escaping @Sendable (String) -> Void
    ) async throws -> DeliveredImage { throw TargetError("not expected") }

    func apply(_ objects: [KubernetesObject], images: DeliveredImages) async throws -> ApplyReport {
        try await record("apply \(objects.map(\.identity.name).sorted().joined(separator: " "))", then: onApply)
        return ApplyReport(
            created: Set(objects.compactMap(\.workload).filter { created.contains($0.name) }), notices: ["notice"],
            failures: refused.withLock { refused in objects.compactMap { refused[$0.identity.name] } })
    }

    func leftovers(
        besides objects: Set<KubernetesObject.Identity>
    ) async throws -> Set<KubernetesObject.Identity> { found.subtracting(objects) }

    func letGo(of objects: Set<KubernetesObject.Identity>) async throws -> [String] {
        try await record("let go of \(objects.map(\.name).sorted().joined(separator: " "))")
        return ["gone"]
    }

    func delivered(
        _ image: BuiltImage, among names: ImageNames, runningIn workload: Workload
    ) async throws -> DeliveredImage? {
        running.contains(workload.name) ? DeliveredImage(built: image, reference: image.reference.tagged) : nil
    }

    func runs(_ image: DeliveredImage, among names: ImageNames, in workload: Workload) async throws -> Bool {
        try await record("look at \(workload.name)")
        return running.contains(workload.name)
    }

    func restart(_ workload: Workload, images: DeliveredImages) async throws {
        try await record(
            "restart \(workload.name) of \(images.images.compactMap { images[$0]?.built.id }.sorted().joined(separator: " "))"
        )
    }

    func waitUntilReady(_ workload: Workload) async throws -> [String] {
        try await record("ready \(workload.name)")
        return []
    }

    /// What was refused is accepted from now on.
    func acceptAll() { refused.withLock { $0 = [:] } }

    func verify(_ image: DeliveredImage, among names: ImageNames, runsIn workload: Workload) async throws -> [String] {
        try await record("verify \(workload.name)")
        return ["\(workload.name) runs"]
    }

    func followLogs(
        of workloads: @escaping @Sendable () -> Set<Workload>, _ selection: LogSelection,
        onEvent: @escaping @Sendable (LogEvent) -> Void
    ) async throws { throw TargetError("not expected") }

    func delete(
        _ objects: [KubernetesObject], onEvent: @escaping @Sendable (DeletionEvent) -> Void
    ) async throws -> [String] { throw TargetError("not expected") }
}

@Suite(.timeLimit(.minutes(1))) struct DeploymentTests {
    private func project(_ objects: [KubernetesObject]) throws -> CurrentProject {
        CurrentProject(try Project(configuration: try Fixture.configuration(Fixture.shop), objects: objects))
    }

    private let separate = [
        Fixture.object("Service", "svc"), Fixture.object("Deployment", "w", images: ["shop/web"]),
        Fixture.object("Deployment", "a", images: ["shop/api:dev"]),
    ]

    private func image(_ name: String, _ id: String) throws -> DeliveredImage {
        let reference = try #require(ImageReference(name))
        return DeliveredImage(built: BuiltImage(reference: reference, id: id), reference: reference.tagged)
    }

    @Test func theFirstApplyHoldsOnlyWhatNeedsNoImage() async throws {
        let target = FakeTarget()
        let deployment = Deployment(project: try project(separate), target: target)
        _ = try await deployment.applyAll()
        #expect(target.recorded == ["apply svc"])
    }

    /// Objects of others around `w`: a workload that needs no image of devloop's, twice, and what both may need.
    private var withOthers: [KubernetesObject] {
        separate + [
            Fixture.object("Deployment", "db", images: ["db"]), Fixture.object("Pod", "load", images: ["load"]),
        ]
    }

    @Test func aRolloutWaitsForWhatItsWorkloadMayNeedAndForNoOtherWorkload() async throws {
        let current = try project(withOthers)
        let (applied, inbox) = AsyncStream.makeStream(of: Void.self)
        let target = FakeTarget(created: ["w"], onApply: { inbox.yield() }, hanging: ["apply db load"])
        let deployment = Deployment(project: current, target: target)
        let begun = await deployment.begin()
        let apply = Task { try await deployment.finish(begun) }
        for await _ in applied.prefix(2) {}
        let rollout = try await deployment.rollOut(
            try image("shop/web", "1"), of: current.value.services[0], isRunning: false)
        #expect(rollout == .started([Workload(kind: .deployment, name: "w")]))
        #expect(target.recorded == ["apply svc", "apply db load", "apply w"])
        apply.cancel()
        _ = await apply.result
    }

    @Test func whereAnApplyStartsContainersNoWorkloadWaitsForAnother() async throws {
        let (applied, inbox) = AsyncStream.makeStream(of: Void.self)
        let target = FakeTarget(
            created: ["load"], onApply: { inbox.yield() }, hanging: ["apply db"], startsContainersInApply: true)
        let deployment = Deployment(project: try project(withOthers), target: target)
        let apply = Task { try await deployment.applyAll() }
        for await _ in applied.prefix(3) {}
        apply.cancel()
        _ = await apply.result
        #expect(Set(target.recorded) == ["apply svc", "apply db", "apply load"])
    }

    @Test func whatFailsInOnePartOfAnApplyKeepsNoOtherFromBeingApplied() async throws {
        let target = FakeTarget(failures: ["apply svc": 1, "apply db": 1], startsContainersInApply: true)
        let deployment = Deployment(project: try project(withOthers), target: target)
        let error = await #expect(throws: TargetError.self) { try await deployment.applyAll() }
        #expect(error?.summary == "apply svc fails")
        #expect(error?.details == ["apply db fails"])
        #expect(Set(target.recorded) == ["apply svc", "apply db", "apply load"])
    }

    @Test func whoWaitsForOneWorkloadHearsOfAnothersFailure() async throws {
        let target = FakeTarget(failures: ["ready a": 1], hanging: ["ready w"])
        let deployment = Deployment(project: try project(separate), target: target)
        let workloads = ["w", "a"].map { Workload(kind: .deployment, name: $0) }
        let error = await #expect(throws: TargetError.self) { try await deployment.awaitReady(workloads) }
        #expect(error?.summary == "ready a fails")
    }

    @Test func aWorkloadThatTheApplyCreatesIsNotRestartedAsWell() async throws {
        let current = try project(separate)
        let target = FakeTarget(created: ["w"])
        let deployment = Deployment(project: current, target: target)
        let web = current.value.services[0]
        let first = try await deployment.rollOut(try image("shop/web", "1"), of: web, isRunning: false)
        #expect(first == .started([Workload(kind: .deployment, name: "w")]))
        let second = try await deployment.rollOut(try image("shop/web", "2"), of: web, isRunning: false)
        #expect(second == .started([Workload(kind: .deployment, name: "w")]))
        #expect(target.recorded == ["apply w", "restart w of 2"])
    }

    /// The namespace was gone, say, and what failed was tried again.
    @Test func aWorkloadThatAnotherApplyHasCreatedFromTheImageIsNotRestarted() async throws {
        let current = try project(separate)
        let target = FakeTarget(created: ["w"], failures: ["apply w": 1])
        let deployment = Deployment(project: current, target: target)
        let web = current.value.services[0]
        let one = try image("shop/web", "1")
        await #expect(throws: TargetError.self) {
            try await deployment.rollOut(one, of: web, isRunning: false)
        }
        _ = try await deployment.applyAll()
        let workload = Workload(kind: .deployment, name: "w")
        #expect(try await deployment.rollOut(one, of: web, isRunning: false) == .started([workload]))
        #expect(target.recorded == ["apply w", "apply svc", "apply w"])
        // A later pass is one for its own sake.
        _ = try await deployment.rollOut(one, of: web, isRunning: false)
        #expect(target.recorded.last == "restart w of 1")
    }

    @Test func whereAnotherApplyIsQuickerAPassFindsWhatItHasCreated() async throws {
        let current = try project(separate)
        let (applied, inbox) = AsyncStream.makeStream(of: Void.self)
        let target = FakeTarget(created: ["w"], onApply: { inbox.yield() })
        let deployment = Deployment(project: current, target: target)
        let web = current.value.services[0]
        let one = try image("shop/web", "1")
        // Both want it at once; whichever comes first, it is created once and not restarted.
        async let pass = deployment.rollOut(one, of: web, isRunning: false)
        for await _ in applied.prefix(1) {}
        _ = try await deployment.applyAll()
        #expect(try await pass == .started([Workload(kind: .deployment, name: "w")]))
        #expect(!target.recorded.contains { $0.hasPrefix("restart") })
    }

    @Test func aWorkloadThatWasThereIsAppliedAndRestarted() async throws {
        let current = try project(separate)
        let target = FakeTarget()
        let deployment = Deployment(project: current, target: target)
        _ = try await deployment.rollOut(try image("shop/web", "1"), of: current.value.services[0], isRunning: false)
        #expect(target.recorded == ["apply w", "restart w of 1"])
    }

    @Test func whatRunsTheImageAlreadyIsAppliedAndNotRestarted() async throws {
        let current = try project(separate)
        let target = FakeTarget(running: ["w"])
        let deployment = Deployment(project: current, target: target)
        let web = current.value.services[0]
        let running = try #require(try await deployment.running(try image("shop/web", "1").built, of: web))
        #expect(try await deployment.rollOut(running, of: web, isRunning: true) == .running)
        #expect(target.recorded == ["apply w"])
    }

    @Test func aPodOfTwoServicesStartsWhenBothAreThere() async throws {
        let current = try project([Fixture.object("Deployment", "both", images: ["shop/web", "shop/api:dev"])])
        let target = FakeTarget(created: ["both"])
        let deployment = Deployment(project: current, target: target)
        let services = current.value.services
        let first = try await deployment.rollOut(try image("shop/web", "1"), of: services[0], isRunning: false)
        #expect(first == .waiting(for: ["api"]))
        #expect(target.recorded == [])
        let second = try await deployment.rollOut(try image("shop/api:dev", "2"), of: services[1], isRunning: false)
        #expect(second == .started([Workload(kind: .deployment, name: "both")]))
        #expect(target.recorded == ["apply both"])
    }

    @Test func whatTheManifestsLoseWhileARolloutRunsIsNotAppliedByIt() async throws {
        let gone = Fixture.object("Deployment", "x", images: ["shop/web"])
        let current = try project(separate + [gone])
        let newer = try project(separate).value
        let target = FakeTarget(created: ["w", "x"], onApply: { current.value = newer })
        let deployment = Deployment(project: current, target: target)
        let web = current.value.services[0]
        let rollout = try await deployment.rollOut(try image("shop/web", "1"), of: web, isRunning: false)
        #expect(rollout == .started([Workload(kind: .deployment, name: "w")]))
        #expect(target.recorded == ["apply w"])
    }

    /// A cluster takes nearly as long for one object as for forty.
    @Test func whatManyPassesApplyAtOnceGoesIntoFewCallsAndEachHearsOfItsOwn() async throws {
        let names = (0..<40).map { "s\($0)" }
        let current = CurrentProject(try LoopFixture.project(names).project)
        let refused = Fixture.object("Deployment", "s7", images: ["shop/s7"])
        let target = FakeTarget(created: Set(names), refused: ["s7": immutable(refused, passes: true)])
        let deployment = Deployment(project: current, target: target)
        let started = await withTaskGroup(of: (String, Int).self) { group in
            for service in current.value.services {
                group.addTask {
                    let rollout = try? await deployment.rollOut(
                        try image("shop/\(service.name)", "1"), of: service, isRunning: false)
                    guard case .started(let workloads) = rollout else { return (service.name, 0) }
                    return (service.name, workloads.map(\.name) == [service.name] ? 1 : -1)
                }
            }
            return await group.reduce(into: [String: Int]()) { $0[$1.0] = $1.1 }
        }
        #expect(started == Dictionary(uniqueKeysWithValues: names.map { ($0, $0 == "s7" ? 0 : 1) }))
        // Each was applied once.
        let applied = target.recorded.flatMap { $0.split(separator: " ").dropFirst().map(String.init) }
        #expect(applied.sorted() == names.sorted())
        #expect(target.recorded.allSatisfy { $0.hasPrefix("apply ") })
    }

    /// While a call hangs, the others' go on; at the end of devloop nobody is left waiting.
    @Test func anApplyThatHangsHoldsUpNoOtherPass() async throws {
        let names = (0..<6).map { "s\($0)" }
        let current = CurrentProject(try LoopFixture.project(names).project)
        let (applied, inbox) = AsyncStream.makeStream(of: Void.self)
        let target = FakeTarget(created: Set(names), onApply: { inbox.yield() }, hanging: ["apply s0"])
        let deployment = Deployment(project: current, target: target)
        func begin(_ service: Project.Service) -> Task<Deployment.Rollout, any Error> {
            Task {
                try await deployment.rollOut(try image("shop/\(service.name)", "1"), of: service, isRunning: false)
            }
        }
        let first = begin(current.value.services[0])
        for await _ in applied.prefix(1) {}
        let others = current.value.services.dropFirst().map(begin)
        for (other, service) in zip(others, current.value.services.dropFirst()) {
            #expect(try await other.value == .started(service.workloads))
        }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
    }

    @Test func workloadsOfOneImageAreRestartedSideBySideAndOneThatFailsHoldsUpNone() async throws {
        let names = (0..<20).map { "w\($0)" }
        let current = try project(
            names.map { Fixture.object("Deployment", $0, images: ["shop/web"]) } + [separate[2]])
        let target = FakeTarget(failures: ["restart w3 of 2": 1])
        let deployment = Deployment(project: current, target: target)
        let web = current.value.services[0]
        _ = try await deployment.rollOut(try image("shop/web", "1"), of: web, isRunning: true)
        await #expect(throws: TargetError.self) {
            try await deployment.rollOut(try image("shop/web", "2"), of: web, isRunning: false)
        }
        #expect(Set(target.recorded.filter { $0.hasPrefix("restart") }) == Set(names.map { "restart \($0) of 2" }))
    }

    @Test func anApplyThatFailedIsTriedAgainByTheNextPass() async throws {
        let current = try project(separate)
        let target = FakeTarget(created: ["w"], failures: ["apply w": 1])
        let deployment = Deployment(project: current, target: target)
        let web = current.value.services[0]
        let one = try image("shop/web", "1")
        await #expect(throws: TargetError.self) { try await deployment.rollOut(one, of: web, isRunning: false) }
        _ = try await deployment.rollOut(one, of: web, isRunning: false)
        #expect(target.recorded == ["apply w", "apply w"])
    }

    @Test func anImageIsLiveOnlyAfterItsRolloutAndUntilTheNextOne() async throws {
        let current = try project(separate)
        let deployment = Deployment(project: current, target: FakeTarget(running: ["w"]))
        let (web, one) = (current.value.services[0], try image("shop/web", "1"))
        #expect(try await !deployment.isLive(one.built, of: web))
        _ = try await deployment.rollOut(one, of: web, isRunning: false)
        #expect(try await !deployment.isLive(one.built, of: web))
        await deployment.setLive(one.built, of: "web")
        #expect(try await deployment.isLive(one.built, of: web))
        _ = try await deployment.rollOut(try image("shop/web", "2"), of: web, isRunning: false)
        #expect(try await !deployment.isLive(one.built, of: web))
    }

    @Test func anImageIsLiveWhileItRunsAndNotBecauseItDid() async throws {
        let current = try project(separate)
        let target = FakeTarget()
        let deployment = Deployment(project: current, target: target)
        let (web, one) = (current.value.services[0], try image("shop/web", "1"))
        _ = try await deployment.rollOut(one, of: web, isRunning: false)
        await deployment.setLive(one.built, of: "web")
        #expect(try await !deployment.isLive(one.built, of: web))
        #expect(target.recorded.last == "look at w")
    }

    @Test func aWorkloadThatWasDeletedComesBackWithAllThatBelongsToIt() async throws {
        let current = try project(separate)
        let target = FakeTarget(failures: ["restart w of 2": 1], severity: .missing)
        let losses = Mutex(0)
        let deployment = Deployment(project: current, target: target, onLoss: { losses.withLock { $0 += 1 } })
        let web = current.value.services[0]
        _ = try await deployment.rollOut(try image("shop/web", "1"), of: web, isRunning: false)
        _ = try await deployment.rollOut(try image("shop/web", "2"), of: web, isRunning: false)
        #expect(target.recorded == ["apply w", "restart w of 1", "restart w of 2", "apply svc w"])
        // What else may be gone is applied by whoever is told.
        #expect(losses.withLock { $0 } == 1)
    }

    @Test func aWorkloadThatIsDeletedWhileItIsWaitedForComesBack() async throws {
        let current = try project(separate)
        let target = FakeTarget(created: ["w"], failures: ["ready w": 1], severity: .missing)
        let deployment = Deployment(project: current, target: target)
        _ = try await deployment.rollOut(try image("shop/web", "1"), of: current.value.services[0], isRunning: false)
        try await deployment.awaitReady([Workload(kind: .deployment, name: "w")])
        #expect(target.recorded == ["apply w", "ready w", "apply svc w", "ready w"])
    }

    @Test func whatIsInNoManifestCannotComeBack() async throws {
        let current = try project(separate)
        let target = FakeTarget(failures: ["ready x": 1], severity: .missing)
        let deployment = Deployment(project: current, target: target)
        await #expect(throws: TargetError.self) {
            try await deployment.awaitReady([Workload(kind: .deployment, name: "x")])
        }
    }

    @Test func whatACheckOfTheImageHasToSayIsToldOnce() async throws {
        let deployment = Deployment(project: try project(separate), target: FakeTarget())
        let workloads = [Workload(kind: .deployment, name: "w"), Workload(kind: .deployment, name: "a")]
        for _ in 0..<2 { try await deployment.verify(try image("shop/web", "1"), runsIn: workloads) }
        #expect(await deployment.takeNotices() == ["w runs", "a runs"])
    }

    @Test func eachNoticeIsTakenOnce() async throws {
        let current = try project(separate)
        let deployment = Deployment(project: current, target: FakeTarget())
        _ = try await deployment.applyAll()
        _ = try await deployment.rollOut(try image("shop/web", "1"), of: current.value.services[0], isRunning: false)
        #expect(await deployment.takeNotices() == ["notice"])
        #expect(await deployment.takeNotices() == [])
    }

    // MARK: - Objects that the manifests lose

    @Test func whatTheManifestsLoseIsLetGoOfBeforeAnythingIsApplied() async throws {
        let current = try project(separate)
        let target = FakeTarget(created: ["w"])
        let deployment = Deployment(project: current, target: target)
        let web = current.value.services[0]
        _ = try await deployment.rollOut(try image("shop/web", "1"), of: web, isRunning: false)
        _ = await deployment.takeNotices()
        let renamed = [
            Fixture.object("Service", "svc"), Fixture.object("Deployment", "w2", images: ["shop/web"]), separate[2],
        ]
        current.value = try project(renamed).value
        _ = try await deployment.applyAll()
        #expect(target.recorded == ["apply w", "let go of w", "apply svc", "apply w2"])
        #expect(await deployment.takeNotices() == ["gone"])
        current.value = try project(separate).value
        _ = try await deployment.applyAll()
        current.value = try project(renamed).value
        _ = try await deployment.applyAll()
        // It is news each time.
        #expect(await deployment.takeNotices() == ["gone", "gone"])
    }

    @Test func whatAnEarlierRunLeftAndNoManifestHoldsIsLetGoOfAtTheStart() async throws {
        let found = Set((separate + [Fixture.object("Deployment", "old")]).map(\.identity))
        let target = FakeTarget(found: found)
        _ = try await Deployment(project: try project(separate), target: target).applyAll()
        #expect(target.recorded == ["let go of old", "apply svc"])
    }

    // MARK: - Objects that can't be applied

    private func immutable(_ object: KubernetesObject, passes: Bool = false) -> ApplyFailure {
        ApplyFailure(
            object.identity, passes: passes, reasons: ["spec.selector: field is immutable"], advice: "delete it")
    }

    @Test func oneObjectThatIsRefusedKeepsNoOtherFromBeingApplied() async throws {
        let current = try project(separate)
        let target = FakeTarget(created: ["w"], refused: ["svc": immutable(separate[0])])
        let deployment = Deployment(project: current, target: target) { "k8s/\($0.name).yaml" }
        _ = try await deployment.applyAll()
        let web = current.value.services[0]
        let rollout = try await deployment.rollOut(try image("shop/web", "1"), of: web, isRunning: false)
        #expect(rollout == .started([Workload(kind: .deployment, name: "w")]))
        let errors = await deployment.takeFailures()
        #expect(errors.map(\.summary) == ["Service svc (k8s/svc.yaml): spec.selector: field is immutable"])
        #expect(errors.first?.advice == "delete it")
        #expect(await deployment.takeFailures() == [])
    }

    @Test func whatIsRefusedIsTriedAgainAndThatItIsAppliedIsTold() async throws {
        let current = try project(separate)
        let target = FakeTarget(refused: ["svc": immutable(separate[0])])
        let deployment = Deployment(project: current, target: target)
        _ = try await deployment.applyAll()
        _ = await deployment.takeNotices()
        _ = try await deployment.applyAgain()
        #expect(await deployment.hasFailures)
        target.acceptAll()
        _ = try await deployment.applyAgain()
        #expect(target.recorded == ["apply svc", "apply svc", "apply svc"])
        #expect(await deployment.takeNotices() == ["Service svc is applied now"])
        #expect(await !deployment.hasFailures)
    }

    @Test func aWorkloadWhoseManifestIsRefusedRunsTheNewImageAndThatIsRecalled() async throws {
        let current = try project(separate)
        let target = FakeTarget(refused: ["w": immutable(separate[1])])
        let deployment = Deployment(project: current, target: target)
        let web = current.value.services[0]
        for id in ["1", "2"] {
            let rollout = try await deployment.rollOut(try image("shop/web", id), of: web, isRunning: false)
            #expect(rollout == .started([Workload(kind: .deployment, name: "w")]))
            #expect(
                await deployment.reminders(of: "web") == [
                    "the manifest of Deployment w is not applied: spec.selector: field is immutable"
                ])
        }
        #expect(await deployment.reminders(of: "api") == [])
        #expect(target.recorded == ["apply w", "restart w of 1", "apply w", "restart w of 2"])
        target.acceptAll()
        _ = try await deployment.rollOut(try image("shop/web", "3"), of: web, isRunning: false)
        #expect(await deployment.reminders(of: "web") == [])
    }

    @Test func aWorkloadThatIsRefusedAndNotThereIsAFailureWithTheReason() async throws {
        let current = try project(separate)
        let target = FakeTarget(
            failures: ["restart w of 1": 1], severity: .missing, refused: ["w": immutable(separate[1])])
        let deployment = Deployment(project: current, target: target)
        let error = await #expect(throws: TargetError.self) {
            try await deployment.rollOut(
                try image("shop/web", "1"), of: current.value.services[0], isRunning: false)
        }
        #expect(error?.summary == "Deployment w: spec.selector: field is immutable")
    }

    @Test func whatMayPassIsNoFailureButTriedAgain() async throws {
        let current = try project(separate)
        let target = FakeTarget(refused: ["w": immutable(separate[1], passes: true)])
        let deployment = Deployment(project: current, target: target)
        let error = await #expect(throws: TargetError.self) {
            try await deployment.rollOut(
                try image("shop/web", "1"), of: current.value.services[0], isRunning: false)
        }
        #expect(error?.severity == .unavailable)
        #expect(await deployment.takeFailures() == [])
        #expect(await deployment.passingFailure == error)
    }

    @Test func whatTheManifestsLoseIsNoFailureAnyMore() async throws {
        let current = try project(separate)
        let target = FakeTarget(refused: ["svc": immutable(separate[0])])
        let deployment = Deployment(project: current, target: target)
        _ = try await deployment.applyAll()
        current.value = try project(Array(separate.dropFirst())).value
        _ = try await deployment.rollOut(
            try image("shop/web", "1"), of: current.value.services[0], isRunning: false)
        #expect(await !deployment.hasFailures)
    }

    @Test func whatFailsForOneReasonIsToldTogether() {
        let failures = ["a", "b", "c", "d", "e"].map {
            ApplyFailure(.init(kind: "Service", name: $0), reasons: ["there is no namespace shop"])
        }
        #expect(
            ApplyFailure.errors(of: failures).map(\.summary) == [
                "Service a, Service b, Service c and 2 more: there is no namespace shop"
            ])
    }
}
