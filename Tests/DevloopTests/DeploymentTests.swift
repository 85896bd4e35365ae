import Runner
import Testing

@testable import devloop

/// A deployment, and a target that records what it is asked and answers as it was told.
private struct Rig {
    var deployment: Deployment
    /// The workloads that an apply creates, by name.
    var created: Set<String> = []
    /// Those whose containers it replaces.
    var renewed: Set<String> = []
    /// How often a call fails before it succeeds, and how bad that is.
    var failures: [String: Int] = [:]
    var severity = TargetError.Severity.failed
    /// What an apply can't apply, by name.
    var refused: [String: ApplyFailure] = [:]
    /// What is there of the project, whatever the manifests say.
    var found: Set<KubernetesObject.Identity> = []
    /// The calls that are not answered before ``answer(_:)``.
    var hanging: Set<String> = []
    /// What happens while something is applied.
    var onApply: @Sendable (inout Deployment) -> Void = { _ in }

    private(set) var recorded: [String] = []
    private(set) var applied: [Result<ApplyReport, any Error>] = []
    private(set) var rolledOut: [String: Result<Deployment.Rollout, any Error>] = [:]
    private(set) var restored: [Workload: Result<Void, any Error>] = [:]
    private var held: [String: (Deployment.Call, id: Int)] = [:]

    init(_ project: Project, startsContainersInApply: Bool = false) {
        deployment = Deployment(project, startsContainersInApply: startsContainersInApply)
    }

    mutating func perform(_ actions: [Deployment.Action]) {
        var waiting = actions
        while !waiting.isEmpty {
            switch waiting.removeFirst() {
            case .ask(let call, let id):
                let name = record(call)
                if hanging.contains(name) { held[name] = (call, id) } else { waiting += answer(call, name, id) }
            case .applied(let result): applied.append(result)
            case .rolledOut(let service, let result): rolledOut[service] = result
            case .restored(let workload, let result): restored[workload] = result
            }
        }
    }

    /// Answers what hangs.
    mutating func answer(_ name: String) {
        guard let (call, id) = held.removeValue(forKey: name) else { return }
        perform(answer(call, name, id))
    }

    mutating func applyAll() throws -> ApplyReport {
        perform(deployment.applyAll())
        let result = applied.popLast()
        return try #require(result).get()
    }

    mutating func applyAgain() throws -> ApplyReport {
        perform(deployment.applyAgain())
        let result = applied.popLast()
        return try #require(result).get()
    }

    mutating func rollOut(
        _ image: DeliveredImage, of service: Project.Service, isRunning: Bool = false
    ) throws -> Deployment.Rollout {
        perform(deployment.rollOut(image, of: service, isRunning: isRunning))
        let result = rolledOut.removeValue(forKey: service.name)
        return try #require(result).get()
    }

    private mutating func record(_ call: Deployment.Call) -> String {
        let name: String
        switch call {
        // It changes nothing.
        case .leftovers, .locate: return ""
        case .letGo(let objects): name = "let go of \(objects.map(\.name).sorted().joined(separator: " "))"
        case .apply(let objects, _): name = "apply \(objects.map(\.identity.name).sorted().joined(separator: " "))"
        case .restart(let workload, let images):
            let ids = images.images.compactMap { images[$0]?.built.id }.sorted()
            name = "restart \(workload.name) of \(ids.joined(separator: " "))"
        }
        recorded.append(name)
        return name
    }

    private mutating func answer(_ call: Deployment.Call, _ name: String, _ id: Int) -> [Deployment.Action] {
        if case .apply = call { onApply(&deployment) }
        if let left = failures[name], left > 0 {
            failures[name] = left - 1
            return deployment.answered(id, .failure(TargetError(severity, "\(name) fails")))
        }
        let answer: Deployment.Answer =
            switch call {
            case .leftovers(let objects): .leftovers(found.subtracting(objects))
            case .letGo: .letGo(["gone"])
            case .restart: .restarted
            case .locate(let objects):
                .located(Dictionary(uniqueKeysWithValues: objects.map { ($0, "k8s/\($0.name).yaml") }))
            case .apply(let objects, _):
                .applied(
                    ApplyReport(
                        created: Set(objects.compactMap(\.workload).filter { created.contains($0.name) }),
                        renewed: Set(objects.compactMap(\.workload).filter { renewed.contains($0.name) }),
                        notices: ["notice"], failures: objects.compactMap { refused[$0.identity.name] }))
            }
        return deployment.answered(id, .success(answer))
    }
}

@Suite struct DeploymentTests {
    private func project(_ objects: [KubernetesObject]) throws -> Project {
        try Project(configuration: try Fixture.configuration(Fixture.shop), objects: objects)
    }

    private let separate = [
        Fixture.object("Service", "svc"), Fixture.object("Deployment", "w", images: ["shop/web"]),
        Fixture.object("Deployment", "a", images: ["shop/api:dev"]),
    ]
    private let w = Workload(kind: .deployment, name: "w")

    private func image(_ name: String, _ id: String) throws -> DeliveredImage {
        let reference = try #require(ImageReference(name))
        return DeliveredImage(built: BuiltImage(reference: reference, id: id), reference: reference.tagged)
    }

    /// Objects of others around `w`: a workload that needs no image of devloop's, twice, and what both may need.
    private var withOthers: [KubernetesObject] {
        separate + [
            Fixture.object("Deployment", "db", images: ["db"]), Fixture.object("Pod", "load", images: ["load"]),
        ]
    }

    // MARK: - Applying everything

    @Test func theFirstApplyHoldsOnlyWhatNeedsNoImage() throws {
        var rig = Rig(try project(separate))
        _ = try rig.applyAll()
        #expect(rig.recorded == ["apply svc"])
    }

    @Test func aRolloutWaitsForWhatItsWorkloadMayNeedAndForNoOtherWorkload() throws {
        var rig = Rig(try project(withOthers))
        rig.created = ["w"]
        rig.hanging = ["apply svc", "apply db load"]
        rig.perform(rig.deployment.applyAll())
        let web = rig.deployment.project.services[0]
        rig.perform(rig.deployment.rollOut(try image("shop/web", "1"), of: web, isRunning: false))
        #expect(rig.recorded == ["apply svc"])
        rig.answer("apply svc")
        #expect(rig.recorded == ["apply svc", "apply db load", "apply w"])
        #expect(try rig.rolledOut["web"]?.get() == .started([w]))
    }

    @Test func whereAnApplyStartsContainersNoWorkloadWaitsForAnother() throws {
        var rig = Rig(try project(withOthers), startsContainersInApply: true)
        rig.hanging = ["apply db"]
        rig.perform(rig.deployment.applyAll())
        #expect(Set(rig.recorded) == ["apply svc", "apply db", "apply load"])
        #expect(rig.applied.isEmpty)
        rig.answer("apply db")
        #expect(rig.applied.count == 1)
    }

    @Test func whatFailsInOnePartOfAnApplyKeepsNoOtherFromBeingApplied() throws {
        var rig = Rig(try project(withOthers), startsContainersInApply: true)
        rig.failures = ["apply svc": 1, "apply db": 1]
        let error = #expect(throws: TargetError.self) { try rig.applyAll() }
        #expect(error?.summary == "apply svc fails")
        #expect(error?.details == ["apply db fails"])
        #expect(Set(rig.recorded) == ["apply svc", "apply db", "apply load"])
        // It has come to no end, so all of it is tried again.
        _ = try rig.applyAgain()
        #expect(rig.recorded.count == 6)
        #expect(!rig.deployment.aftermath().isIncomplete)
    }

    // MARK: - Rolling out

    @Test func aWorkloadThatTheApplyCreatesIsNotRestartedAsWell() throws {
        var rig = Rig(try project(separate))
        rig.created = ["w"]
        let web = rig.deployment.project.services[0]
        #expect(try rig.rollOut(try image("shop/web", "1"), of: web) == .started([w]))
        #expect(rig.recorded == ["apply w"])
        _ = try rig.rollOut(try image("shop/web", "2"), of: web)
        #expect(rig.recorded == ["apply w", "restart w of 2"])
    }

    /// The namespace was gone, say, and what failed was tried again.
    @Test func aWorkloadThatAnotherApplyHasCreatedFromTheImageIsNotRestarted() throws {
        var rig = Rig(try project(separate))
        rig.created = ["w"]
        rig.failures = ["apply w": 1]
        let (web, one) = (rig.deployment.project.services[0], try image("shop/web", "1"))
        #expect(throws: TargetError.self) { try rig.rollOut(one, of: web) }
        _ = try rig.applyAll()
        #expect(try rig.rollOut(one, of: web) == .started([w]))
        #expect(rig.recorded == ["apply w", "apply svc", "apply w"])
        // A later pass is one for its own sake.
        _ = try rig.rollOut(one, of: web)
        #expect(rig.recorded.last == "restart w of 1")
    }

    @Test(arguments: [true, false])
    func ofAPassAndAnApplyWhoeverComesFirstCreatesAWorkloadAndTheOtherFindsIt(passIsFirst: Bool) throws {
        var rig = Rig(try project(separate))
        rig.created = ["w"]
        let (web, one) = (rig.deployment.project.services[0], try image("shop/web", "1"))
        let pass = rig.deployment.rollOut(one, of: web, isRunning: false)
        let apply = rig.deployment.applyAll()
        rig.perform(passIsFirst ? pass + apply : apply + pass)
        #expect(try rig.rolledOut["web"]?.get() == .started([w]))
        #expect(!rig.recorded.contains { $0.hasPrefix("restart") })
    }

    @Test func aWorkloadThatWasThereIsAppliedAndRestarted() throws {
        var rig = Rig(try project(separate))
        _ = try rig.rollOut(try image("shop/web", "1"), of: rig.deployment.project.services[0])
        #expect(rig.recorded == ["apply w", "restart w of 1"])
    }

    @Test func aWorkloadWhoseContainersTheApplyReplacesIsNotRestartedAsWell() throws {
        var rig = Rig(try project(separate))
        _ = try rig.applyAll()
        rig.renewed = ["w"]
        let service = try #require(rig.deployment.project.services.first { $0.name == "web" })
        #expect(try rig.rollOut(image("shop/web", "1"), of: service) == .started([w]))
        #expect(rig.recorded == ["apply svc", "apply w"])
    }

    @Test func whatSomebodyHasChangedIsAppliedAgain() throws {
        var rig = Rig(try project(separate))
        _ = try rig.applyAll()
        let service = try #require(rig.deployment.project.services.first { $0.name == "web" })
        _ = try rig.rollOut(image("shop/web", "1"), of: service)
        rig.deployment.mistrust(service)
        _ = try rig.rollOut(image("shop/web", "2"), of: service)
        #expect(rig.recorded == ["apply svc", "apply w", "restart w of 1", "apply w", "restart w of 2"])
    }

    @Test func whatRunsTheImageAlreadyIsAppliedAndNotRestarted() throws {
        var rig = Rig(try project(separate))
        let web = rig.deployment.project.services[0]
        #expect(try rig.rollOut(try image("shop/web", "1"), of: web, isRunning: true) == .running)
        #expect(rig.recorded == ["apply w"])
    }

    @Test func aPodOfTwoServicesStartsWhenBothAreThere() throws {
        var rig = Rig(try project([Fixture.object("Deployment", "both", images: ["shop/web", "shop/api:dev"])]))
        rig.created = ["both"]
        let services = rig.deployment.project.services
        #expect(try rig.rollOut(try image("shop/web", "1"), of: services[0]) == .waiting(for: ["api"]))
        #expect(rig.recorded == [])
        let both = Workload(kind: .deployment, name: "both")
        #expect(try rig.rollOut(try image("shop/api:dev", "2"), of: services[1]) == .started([both]))
        #expect(rig.recorded == ["apply both"])
    }

    @Test(arguments: [false, true]) func whatAPassHasToApplyGoesIntoOneCall(startsContainers: Bool) throws {
        let names = (10..<30).map { "w\($0)" }
        let objects = names.map { Fixture.object("Deployment", $0, images: ["shop/web"]) } + [separate[2]]
        var rig = Rig(try project(objects), startsContainersInApply: startsContainers)
        rig.created = Set(names)
        let web = rig.deployment.project.services[0]
        #expect(try rig.rollOut(try image("shop/web", "1"), of: web) == .started(web.workloads))
        #expect(rig.recorded == ["apply \(names.joined(separator: " "))"])
    }

    @Test func whatTheManifestsLoseWhileARolloutAppliesItIsNotWaitedForAndLetGoOf() throws {
        var rig = Rig(try project(separate + [Fixture.object("Deployment", "x", images: ["shop/web"])]))
        rig.created = ["w", "x"]
        let newer = try project(separate)
        rig.onApply = { $0.adopt(newer) }
        #expect(try rig.rollOut(try image("shop/web", "1"), of: rig.deployment.project.services[0]) == .started([w]))
        _ = try rig.applyAll()
        #expect(rig.recorded.prefix(2) == ["apply w x", "let go of x"])
    }

    @Test func whatTheManifestsLoseWhileARolloutWaitsIsNeitherAppliedNorRestartedByIt() throws {
        var rig = Rig(try project(separate + [Fixture.object("Deployment", "x", images: ["shop/web"])]))
        rig.created = ["w", "x"]
        rig.hanging = ["apply svc"]
        rig.perform(rig.deployment.applyAll())
        let web = rig.deployment.project.services[0]
        rig.perform(rig.deployment.rollOut(try image("shop/web", "1"), of: web, isRunning: false))
        rig.deployment.adopt(try project(separate))
        rig.answer("apply svc")
        #expect(try rig.rolledOut["web"]?.get() == .started([w]))
        #expect(rig.recorded == ["apply svc", "apply w"])
    }

    @Test func whatTheManifestsLoseWhileItWaitsForItsTurnIsNotApplied() throws {
        var rig = Rig(try LoopFixture.project(["a", "b", "c"]).project)
        rig.created = ["a", "b", "c"]
        rig.hanging = ["apply a", "apply b"]
        for service in rig.deployment.project.services {
            rig.perform(rig.deployment.rollOut(try image("shop/\(service.name)", "1"), of: service, isRunning: false))
        }
        rig.deployment.adopt(try LoopFixture.project(["a", "b"]).project)
        rig.answer("apply a")
        rig.answer("apply b")
        #expect(try rig.rolledOut["c"]?.get() == .running)
        #expect(rig.recorded == ["apply a", "apply b"])
    }

    /// A cluster takes nearly as long for one object as for forty.
    @Test func whatManyPassesApplyAtOnceGoesIntoFewCallsAndEachHearsOfItsOwn() throws {
        let names = (0..<40).map { "s\($0)" }
        var rig = Rig(try LoopFixture.project(names).project)
        rig.created = Set(names)
        rig.refused = ["s7": immutable(Fixture.object("Deployment", "s7", images: ["shop/s7"]), passes: true)]
        var begun: [Deployment.Action] = []
        for service in rig.deployment.project.services {
            begun += rig.deployment.rollOut(try image("shop/\(service.name)", "1"), of: service, isRunning: false)
        }
        rig.perform(begun)
        #expect(rig.recorded.count == 3)
        for service in rig.deployment.project.services {
            let rollout = try? rig.rolledOut[service.name]?.get()
            #expect(rollout == (service.name == "s7" ? nil : .started(service.workloads)))
        }
        // Each was applied once.
        let applied = rig.recorded.flatMap { $0.split(separator: " ").dropFirst().map(String.init) }
        #expect(applied.sorted() == names.sorted())
    }

    @Test func anApplyThatHangsHoldsUpNoOtherPass() throws {
        let names = (0..<6).map { "s\($0)" }
        var rig = Rig(try LoopFixture.project(names).project)
        rig.created = Set(names)
        rig.hanging = ["apply s0"]
        for service in rig.deployment.project.services {
            rig.perform(rig.deployment.rollOut(try image("shop/\(service.name)", "1"), of: service, isRunning: false))
        }
        #expect(Set(rig.rolledOut.keys) == Set(names.dropFirst()))
        rig.answer("apply s0")
        #expect(rig.rolledOut.count == 6)
    }

    @Test func workloadsOfOneImageAreRestartedSideBySideAndOneThatFailsHoldsUpNone() throws {
        let names = (0..<20).map { "w\($0)" }
        var rig = Rig(
            try project(names.map { Fixture.object("Deployment", $0, images: ["shop/web"]) } + [separate[2]]))
        let web = rig.deployment.project.services[0]
        _ = try rig.rollOut(try image("shop/web", "1"), of: web, isRunning: true)
        rig.failures = ["restart w3 of 2": 1]
        rig.hanging = Set(names.map { "restart \($0) of 2" })
        rig.perform(rig.deployment.rollOut(try image("shop/web", "2"), of: web, isRunning: false))
        #expect(rig.recorded.dropFirst().count == ObjectQueue.restartsAtOnce)
        for name in names { rig.answer("restart \(name) of 2") }
        for name in names { rig.answer("restart \(name) of 2") }
        let error = #expect(throws: TargetError.self) { try rig.rolledOut["web"]?.get() }
        #expect(error?.summary == "restart w3 of 2 fails")
        #expect(Set(rig.recorded.dropFirst()) == Set(names.map { "restart \($0) of 2" }))
    }

    @Test func anApplyThatFailedIsTriedAgainByTheNextPass() throws {
        var rig = Rig(try project(separate))
        rig.created = ["w"]
        rig.failures = ["apply w": 1]
        let (web, one) = (rig.deployment.project.services[0], try image("shop/web", "1"))
        #expect(throws: TargetError.self) { try rig.rollOut(one, of: web) }
        _ = try rig.rollOut(one, of: web)
        #expect(rig.recorded == ["apply w", "apply w"])
    }

    @Test func anImageIsKnownToRunOnlyAfterItsRolloutAndUntilTheNextOne() throws {
        var rig = Rig(try project(separate))
        let (web, one) = (rig.deployment.project.services[0], try image("shop/web", "1"))
        #expect(rig.deployment.isUntouched(web))
        #expect(rig.deployment.known(one.built, of: web) == nil)
        _ = try rig.rollOut(one, of: web)
        #expect(!rig.deployment.isUntouched(web))
        #expect(rig.deployment.known(one.built, of: web) == nil)
        rig.deployment.setLive(one.built, of: "web")
        #expect(rig.deployment.known(one.built, of: web) == one)
        _ = try rig.rollOut(try image("shop/web", "2"), of: web)
        #expect(rig.deployment.known(one.built, of: web) == nil)
    }

    /// The words of the image, or that its program is to be one that can be started again.
    @Test func anObjectIsAppliedAgainWhereItsContainersAreStartedAnotherWay() throws {
        var rig = Rig(try project(separate))
        let (web, plain) = (rig.deployment.project.services[0], try image("shop/web", "1"))
        var supervised = plain
        supervised.built.start = ImageStart(entrypoint: [], command: ["serve"])
        _ = try rig.rollOut(plain, of: web)
        rig.deployment.setLive(plain.built, of: "web")
        #expect(rig.deployment.known(supervised.built, of: web) == nil)
        for _ in 0..<2 { _ = try rig.rollOut(supervised, of: web) }
        #expect(
            rig.recorded == ["apply w", "restart w of 1", "apply w", "restart w of 1", "restart w of 1"])
    }

    // MARK: - What somebody has deleted

    @Test func aWorkloadThatWasDeletedComesBackWithAllThatBelongsToItAndEverythingIsApplied() throws {
        var rig = Rig(try project(separate))
        (rig.failures, rig.severity) = (["restart w of 2": 1], .missing)
        let web = rig.deployment.project.services[0]
        _ = try rig.rollOut(try image("shop/web", "1"), of: web)
        #expect(try rig.rollOut(try image("shop/web", "2"), of: web) == .started([w]))
        // Others may be gone as well.
        #expect(
            rig.recorded == ["apply w", "restart w of 1", "restart w of 2", "apply svc w", "apply svc", "apply w"])
        #expect(rig.applied.count == 1)
    }

    @Test func aWorkloadThatTwoFindDeletedIsBroughtBackOnce() throws {
        var rig = Rig(try project(separate))
        _ = try rig.rollOut(try image("shop/web", "1"), of: rig.deployment.project.services[0])
        rig.hanging = ["apply svc w"]
        let error = TargetError(.missing, "w is gone")
        for _ in 1...2 { rig.perform(rig.deployment.restore(w, after: error)) }
        rig.answer("apply svc w")
        #expect(rig.recorded == ["apply w", "restart w of 1", "apply svc w", "apply svc", "apply w"])
        #expect(rig.restored[w] != nil)
    }

    @Test func whatIsInNoManifestCannotComeBack() throws {
        var rig = Rig(try project(separate))
        let x = Workload(kind: .deployment, name: "x")
        rig.perform(rig.deployment.restore(x, after: TargetError(.missing, "x is gone")))
        let error = #expect(throws: TargetError.self) { try rig.restored[x]?.get() }
        #expect(error?.summary == "x is gone")
        #expect(rig.recorded == [])
    }

    // MARK: - What is told

    @Test func eachNoticeIsTakenOnce() throws {
        var rig = Rig(try project(separate))
        _ = try rig.applyAll()
        _ = try rig.rollOut(try image("shop/web", "1"), of: rig.deployment.project.services[0])
        for _ in 0..<2 { rig.deployment.tell(["w runs", "a runs"]) }
        #expect(rig.deployment.aftermath().notices == ["notice", "w runs", "a runs"])
        #expect(rig.deployment.aftermath().notices == [])
    }

    // MARK: - Objects that the manifests lose

    @Test func whatTheManifestsLoseIsLetGoOfBeforeAnythingIsApplied() throws {
        var rig = Rig(try project(separate))
        rig.created = ["w"]
        _ = try rig.rollOut(try image("shop/web", "1"), of: rig.deployment.project.services[0])
        _ = rig.deployment.aftermath()
        let renamed = try project(
            [Fixture.object("Service", "svc"), Fixture.object("Deployment", "w2", images: ["shop/web"]), separate[2]])
        rig.deployment.adopt(renamed)
        _ = try rig.applyAll()
        #expect(rig.recorded == ["apply w", "let go of w", "apply svc", "apply w2"])
        #expect(rig.deployment.aftermath().notices == ["gone"])
        rig.deployment.adopt(try project(separate))
        _ = try rig.applyAll()
        rig.deployment.adopt(renamed)
        _ = try rig.applyAll()
        // It is news each time.
        #expect(rig.deployment.aftermath().notices == ["gone", "gone"])
    }

    @Test func whatAnEarlierRunLeftAndNoManifestHoldsIsLetGoOfAtTheStart() throws {
        var rig = Rig(try project(separate))
        rig.found = Set((separate + [Fixture.object("Deployment", "old")]).map(\.identity))
        _ = try rig.applyAll()
        #expect(rig.recorded == ["let go of old", "apply svc"])
    }

    /// Applied without its service, the manifest names an image that nobody delivers.
    @Test func whatIsAServicesAgainIsAppliedWithItsImage() throws {
        var rig = Rig(try LoopFixture.project(["a", "b"]).project)
        rig.created = ["a", "b"]
        let b = rig.deployment.project.services[1]
        _ = try rig.rollOut(try image("shop/b", "1"), of: b)
        let less = try Project(
            configuration: LoopFixture.project(["a"]).project.configuration, objects: rig.deployment.project.objects)
        rig.deployment.adopt(less)
        _ = try rig.applyAll()
        rig.deployment.adopt(try LoopFixture.project(["a", "b"]).project)
        _ = try rig.rollOut(try image("shop/b", "1"), of: b)
        #expect(rig.recorded.last == "apply b")
    }

    @Test func whatIsAServicesAgainBeforeItWasAppliedWithoutIsAppliedWithItsImage() throws {
        var rig = Rig(try LoopFixture.project(["a", "b"]).project)
        rig.created = ["a", "b"]
        let b = rig.deployment.project.services[1]
        _ = try rig.rollOut(try image("shop/b", "1"), of: b)
        rig.hanging = ["apply b"]
        rig.deployment.adopt(
            try Project(
                configuration: LoopFixture.project(["a"]).project.configuration,
                objects: rig.deployment.project.objects))
        rig.perform(rig.deployment.applyAll())
        rig.deployment.adopt(try LoopFixture.project(["a", "b"]).project)
        rig.answer("apply b")
        rig.hanging = []
        _ = try rig.rollOut(try image("shop/b", "1"), of: b)
        #expect(rig.recorded == ["apply b", "apply version-0", "apply b", "apply b"])
    }

    /// A branch is left and come back to.
    @Test func whatComesBackWhileItIsLetGoOfIsAppliedAgain() throws {
        var rig = Rig(try project(separate))
        rig.created = ["w"]
        let web = rig.deployment.project.services[0]
        _ = try rig.rollOut(try image("shop/web", "1"), of: web)
        rig.hanging = ["let go of w"]
        rig.deployment.adopt(
            try project([separate[0], separate[2], Fixture.object("Pod", "p", images: ["shop/web"])]))
        rig.perform(rig.deployment.applyAll())
        rig.deployment.adopt(try project(separate))
        rig.answer("let go of w")
        _ = try rig.rollOut(try image("shop/web", "2"), of: web)
        #expect(rig.recorded.suffix(3) == ["apply svc", "apply w", "restart w of 2"])
    }

    @Test func whatIsNewInTheManifestsIsNotRestartedBeforeItIsApplied() throws {
        var rig = Rig(try project(separate))
        rig.created = ["w", "x"]
        rig.hanging = ["apply w"]
        let web = rig.deployment.project.services[0]
        rig.perform(rig.deployment.rollOut(try image("shop/web", "1"), of: web, isRunning: false))
        rig.deployment.adopt(try project(separate + [Fixture.object("Deployment", "x", images: ["shop/web"])]))
        rig.answer("apply w")
        #expect(try rig.rolledOut["web"]?.get() == .started([w]))
        #expect(rig.recorded == ["apply w"])
    }

    @Test func anApplyOfEverythingThatIsOnItsWayIsNotBegunAgain() throws {
        var rig = Rig(try project(separate))
        rig.hanging = ["apply svc"]
        rig.perform(rig.deployment.applyAll())
        rig.perform(rig.deployment.applyAgain())
        #expect(rig.applied.isEmpty)
        rig.answer("apply svc")
        #expect(rig.applied.count == 1)
        #expect(rig.recorded == ["apply svc"])
    }

    @Test func whatComesBackBeforeItIsLetGoOfStays() throws {
        var rig = Rig(try project(separate))
        rig.created = ["w"]
        rig.hanging = ["restart w of 2"]
        let web = rig.deployment.project.services[0]
        _ = try rig.rollOut(try image("shop/web", "1"), of: web)
        rig.perform(rig.deployment.rollOut(try image("shop/web", "2"), of: web, isRunning: false))
        rig.deployment.adopt(try project([separate[0], separate[2], Fixture.object("Pod", "p", images: ["shop/web"])]))
        rig.perform(rig.deployment.applyAll())
        rig.deployment.adopt(try project(separate))
        rig.answer("restart w of 2")
        #expect(rig.recorded == ["apply w", "restart w of 2", "apply svc", "apply w"])
    }

    // MARK: - Objects that can't be applied

    private func immutable(_ object: KubernetesObject, passes: Bool = false) -> ApplyFailure {
        ApplyFailure(
            object.identity, passes: passes, reasons: ["spec.selector: field is immutable"], advice: "delete it")
    }

    @Test func oneObjectThatIsRefusedKeepsNoOtherFromBeingApplied() throws {
        var rig = Rig(try project(separate))
        rig.created = ["w"]
        rig.refused = ["svc": immutable(separate[0])]
        _ = try rig.applyAll()
        #expect(try rig.rollOut(try image("shop/web", "1"), of: rig.deployment.project.services[0]) == .started([w]))
        let errors = rig.deployment.aftermath().failures
        #expect(errors.map(\.summary) == ["Service svc (k8s/svc.yaml): spec.selector: field is immutable"])
        #expect(errors.first?.advice == "delete it")
        #expect(rig.deployment.aftermath().failures == [])
    }

    @Test func whatIsRefusedIsTriedAgainAndThatItIsAppliedIsTold() throws {
        var rig = Rig(try project(separate))
        rig.refused = ["svc": immutable(separate[0])]
        _ = try rig.applyAll()
        _ = rig.deployment.aftermath()
        _ = try rig.applyAgain()
        #expect(rig.deployment.aftermath().hasFailures)
        rig.refused = [:]
        _ = try rig.applyAgain()
        #expect(rig.recorded == ["apply svc", "apply svc", "apply svc"])
        let aftermath = rig.deployment.aftermath()
        #expect(aftermath.notices == ["Service svc is applied now"])
        #expect(!aftermath.hasFailures)
        // There is nothing left to try.
        _ = try rig.applyAgain()
        #expect(rig.recorded.count == 3)
    }

    @Test func aWorkloadWhoseManifestIsRefusedRunsTheNewImageAndThatIsRecalled() throws {
        var rig = Rig(try project(separate))
        rig.refused = ["w": immutable(separate[1])]
        let web = rig.deployment.project.services[0]
        for id in ["1", "2"] {
            #expect(try rig.rollOut(try image("shop/web", id), of: web) == .started([w]))
            #expect(
                rig.deployment.reminders(of: "web") == [
                    "the manifest of Deployment w is not applied: spec.selector: field is immutable"
                ])
        }
        #expect(rig.deployment.reminders(of: "api") == [])
        #expect(rig.recorded == ["apply w", "restart w of 1", "apply w", "restart w of 2"])
        rig.refused = [:]
        _ = try rig.rollOut(try image("shop/web", "3"), of: web)
        #expect(rig.deployment.reminders(of: "web") == [])
    }

    @Test func aWorkloadThatIsRefusedAndNotThereIsAFailureWithTheReason() throws {
        var rig = Rig(try project(separate))
        (rig.failures, rig.severity) = (["restart w of 1": 1], .missing)
        rig.refused = ["w": immutable(separate[1])]
        let error = #expect(throws: TargetError.self) {
            try rig.rollOut(try image("shop/web", "1"), of: rig.deployment.project.services[0])
        }
        #expect(error?.summary == "Deployment w (k8s/w.yaml): spec.selector: field is immutable")
    }

    @Test func whatMayPassIsNoFailureButTriedAgain() throws {
        var rig = Rig(try project(separate))
        rig.refused = ["w": immutable(separate[1], passes: true)]
        let error = #expect(throws: TargetError.self) {
            try rig.rollOut(try image("shop/web", "1"), of: rig.deployment.project.services[0])
        }
        #expect(error?.severity == .unavailable)
        let aftermath = rig.deployment.aftermath()
        #expect(aftermath.failures == [])
        #expect(aftermath.passing == error)
    }

    @Test func whatTheManifestsLoseIsNoFailureAnyMore() throws {
        var rig = Rig(try project(separate))
        rig.refused = ["svc": immutable(separate[0])]
        _ = try rig.applyAll()
        rig.deployment.adopt(try project(Array(separate.dropFirst())))
        _ = try rig.rollOut(try image("shop/web", "1"), of: rig.deployment.project.services[0])
        #expect(!rig.deployment.aftermath().hasFailures)
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
