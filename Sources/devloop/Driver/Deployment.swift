import Runner

/// What has been delivered and applied so far, and the steps that depend on it. One for the life of a `dev`.
actor Deployment {
    private let current: CurrentProject
    private let target: any Target
    private let locks = ObjectLocks()

    /// What each service's image was delivered as last.
    private var delivered: DeliveredImages
    /// The image id that each service is known to run.
    private var live: [String: String] = [:]
    private var applied: Set<KubernetesObject.Identity> = []
    /// What an apply was begun of, and not let go of since.
    private var touched: Set<KubernetesObject.Identity> = []
    /// The workloads that an apply created and no pass knows of, and what they were created from.
    private var created: [Workload: DeliveredImages] = [:]
    private var unapplied = UnappliedObjects()
    /// How many applies of everything were begun, and which of them is the latest that came to its end.
    private var (begun, complete) = (0, 0)
    private let file: @Sendable (KubernetesObject.Identity) async -> String?
    /// How many calls of passes to apply something are on their way, and who waits for the next one.
    private var calls = 0
    private var applicants: [Applicant] = []
    private var told: Set<String> = []
    private var untold: [String] = []
    /// The latest apply of what is no workload and needs no image; passes wait for it.
    private var foundation: Task<ApplyReport, any Error>?
    private let onLoss: @Sendable () -> Void

    /// - Parameters:
    ///   - file: where an object is in the manifests, for the message that it could not be applied.
    ///   - onLoss: told when a workload was found deleted and is back: others may be gone as well.
    init(
        project: CurrentProject, target: any Target,
        file: @escaping @Sendable (KubernetesObject.Identity) async -> String? = { _ in nil },
        onLoss: @escaping @Sendable () -> Void = {}
    ) {
        current = project
        delivered = DeliveredImages(names: project.value.images)
        self.file = file
        self.target = target
        self.onLoss = onLoss
    }

    /// What a rollout did.
    enum Rollout: Sendable, Equatable {
        /// New containers were started.
        case started([Workload])
        /// The containers run this image already.
        case running
        /// Nothing can be started before these services have images too.
        case waiting(for: [String])
    }

    /// An apply of everything that was begun.
    struct Apply: Sendable {
        fileprivate let number: Int
        /// Of what is no workload and needs no image.
        fileprivate let foundation: Task<ApplyReport, any Error>
    }

    /// Begins to apply everything; passes that get as far wait for the part of it that their workloads may need, which
    /// waits for no container.
    func begin() -> Apply {
        begun += 1
        let foundation = Task { try await applyFoundation() }
        self.foundation = foundation
        return Apply(number: begun, foundation: foundation)
    }

    /// Applies the rest of everything whose images are there: at the start what needs none, after a change of the
    /// manifests again what was applied before.
    func finish(_ apply: Apply) async throws -> ApplyReport {
        let foundation = await withTaskCancellationHandler {
            await apply.foundation.result
        } onCancel: {
            apply.foundation.cancel()
        }
        try Task.checkCancellation()
        return try await applyWorkloads(after: foundation, apply.number).get()
    }

    /// Applies everything whose images are there.
    func applyAll() async throws -> ApplyReport { try await finish(begin()) }

    /// Forgets services that are gone from the project, also those whose image is another one now.
    func forgetRemovedServices() {
        let images = Set(current.value.services.map(\.configuration.image))
        for image in delivered.images where !images.contains(image) { delivered[image] = nil }
        delivered.names = current.value.images
        let names = Set(current.value.services.map(\.name))
        live = live.filter { names.contains($0.key) }
    }

    /// What the manifests hold now.
    private var manifested: Set<KubernetesObject.Identity> { Set(current.value.objects.map(\.identity)) }

    /// Whether a service has an image to start from.
    private func isDelivered(_ name: String, _ project: Project) -> Bool {
        project.services.first { $0.name == name }.map { delivered[$0.configuration.image] != nil } ?? false
    }

    private func hasImages(_ object: KubernetesObject, _ project: Project) -> Bool {
        project.services(of: object).allSatisfy { isDelivered($0, project) }
    }

    /// Whether a service runs this image: as the last rollout left it, and as it is when one looks.
    func isLive(_ image: BuiltImage, of service: Project.Service) async throws -> Bool {
        guard live[service.name] == image.id, let image = delivered[service.configuration.image] else { return false }
        for workload in service.workloads {
            guard try await target.runs(image, among: current.value.images, in: workload) else { return false }
        }
        return true
    }

    /// A service runs this image now.
    func setLive(_ image: BuiltImage, of service: String) { live[service] = image.id }

    /// What the service's workloads run already, where all run exactly this image and none was touched by this `dev`
    /// yet.
    func running(_ image: BuiltImage, of service: Project.Service) async throws -> DeliveredImage? {
        guard delivered[service.configuration.image] == nil else { return nil }
        var result: DeliveredImage?
        for workload in service.workloads {
            guard let found = try await target.delivered(image, among: current.value.images, runningIn: workload) else {
                return nil
            }
            result = found
        }
        return result
    }

    /// Starts containers of the image: applies what was not applied before, restarts what was.
    func rollOut(_ image: DeliveredImage, of service: Project.Service, isRunning: Bool) async throws -> Rollout {
        _ = await foundation?.result
        try Task.checkCancellation()
        delivered[service.configuration.image] = image
        live[service.name] = nil
        var started: [Workload] = []
        var waiting: Set<String> = []
        var pending: Set<Workload> = []
        let project = current.value
        let objects = project.objects.filter { project.services(of: $0).contains(service.name) }
        for object in objects where !applied.contains(object.identity) {
            let missing = project.services(of: object).filter { !isDelivered($0, project) }
            guard missing.isEmpty else {
                waiting.formUnion(missing)
                if let workload = object.workload { pending.insert(workload) }
                continue
            }
            let report = try await applyTogether(object.identity)
            if let failure = report.failures.first(where: { $0.object == object.identity }) {
                if failure.passes { throw failure.error }
                // What is there goes on as it is, with the new image.
                continue
            }
            guard let workload = object.workload else { continue }
            let isFresh = takeCreated(workload, from: image, of: service)
            if !applied.contains(object.identity) {
                // It is gone from the manifests meanwhile.
                pending.insert(workload)
            } else if isFresh || report.created.contains(workload) {
                started.append(workload)
            } else if !isRunning {
                try await restart(workload)
                started.append(workload)
            } else if report.changed.contains(workload) {
                started.append(workload)
            }
        }
        let left = service.workloads.filter { !isRunning && !started.contains($0) && !pending.contains($0) }
        try await restart(left.filter { !takeCreated($0, from: image, of: service) })
        started += left
        if started.isEmpty { return waiting.isEmpty ? .running : .waiting(for: waiting.sorted()) }
        return .started(started)
    }

    /// Returns when the workloads are up; none of them waits for another.
    func awaitReady(_ workloads: [Workload]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for workload in workloads { group.addTask { try await self.awaitReady(workload) } }
            for try await _ in group {}
        }
    }

    private func awaitReady(_ workload: Workload) async throws {
        do {
            tell(try await target.waitUntilReady(workload))
        } catch let error as TargetError where error.severity == .missing {
            try await restore(workload, after: error)
            tell(try await target.waitUntilReady(workload))
        }
    }

    /// Brings back a workload that somebody has deleted, with what it may need.
    private func restore(_ workload: Workload, after error: TargetError) async throws {
        let objects = current.value.objects
        let own = objects.filter { $0.workload == workload }.map(\.identity)
        guard !own.isEmpty else { throw error }
        let report = try await apply(Set(objects.filter { $0.workload == nil }.map(\.identity) + own))
        created[workload] = nil
        if let failure = report.failures.first(where: { own.contains($0.object) }) { throw failure.error }
        onLoss()
    }

    /// Compares what the workloads run with the image; takes note of what is worth telling.
    /// - Throws: ``TargetError`` where one runs another image.
    func verify(_ image: DeliveredImage, runsIn workloads: [Workload]) async throws {
        let names = current.value.images
        for workload in workloads { tell(try await target.verify(image, among: names, runsIn: workload)) }
    }

    /// Lets go of what the manifests have lost, and applies what is no workload: config maps, services, namespaces.
    private func applyFoundation() async throws -> ApplyReport {
        try await letGo()
        return try await apply(Set(current.value.objects.filter { $0.workload == nil }.map(\.identity)))
    }

    private func letGo() async throws {
        let left = try await target.leftovers(besides: manifested).union(touched).subtracting(manifested)
        guard !left.isEmpty else { return }
        try await locks.withLocks(on: left) { try await self.letGoNow(of: left) }
    }

    private func letGoNow(of objects: Set<KubernetesObject.Identity>) async throws {
        // They may have come back meanwhile.
        let gone = objects.subtracting(manifested)
        guard !gone.isEmpty else { return }
        untold += try await target.letGo(of: gone)
        applied.subtract(gone)
        touched.subtract(gone)
    }

    /// Applies the workloads, so that none waits for the containers of another.
    private func applyWorkloads(
        after foundation: Result<ApplyReport, any Error>, _ number: Int
    ) async -> Result<ApplyReport, any Error> {
        let project = current.value
        // The others' own passes apply them, and must not find them locked.
        let all = project.objects.filter { $0.workload != nil && hasImages($0, project) }.map(\.identity)
        let parts = target.startsContainersInApply ? all.map { [$0] } : [all]
        return await withTaskGroup(of: Result<ApplyReport, any Error>.self) { group in
            for part in parts {
                group.addTask { await Result { try await self.apply(Set(part)) } }
            }
            var report = foundation
            for await part in group { report = Self.both(report, part) }
            if case .success = report { complete = max(complete, number) }
            return report
        }
    }

    private static func both(
        _ first: Result<ApplyReport, any Error>, _ second: Result<ApplyReport, any Error>
    ) -> Result<ApplyReport, any Error> {
        switch (first, second) {
        case (.success(let first), .success(let second)): return .success(first.adding(second))
        case (.failure(let first as TargetError), .failure(let second as TargetError)):
            // Of two the one that is tried again.
            var (error, other) = second.severity == .unavailable ? (second, first) : (first, second)
            if other.summary == error.summary { other.summary = "" }
            error.details += ([other.summary] + other.details).filter { !$0.isEmpty && !error.details.contains($0) }
            return .failure(error)
        case (.failure, _): return first
        case (_, .failure): return second
        }
    }

    /// Whether the latest apply of everything has come to no end.
    var isIncomplete: Bool { complete < begun }

    /// Applies what could not be applied last.
    func applyAgain() async throws -> ApplyReport {
        isIncomplete ? try await applyAll() : try await apply(unapplied.identities)
    }

    /// Whether there are objects that could not be applied.
    var hasFailures: Bool { !unapplied.identities.isEmpty }

    /// What could not be applied and takes the user's doing, each once for as long as it lasts.
    func takeFailures() -> [TargetError] { ApplyFailure.errors(of: unapplied.takeUntold()) }

    /// What could not be applied and may work a moment later.
    var passingFailure: TargetError? { ApplyFailure.errors(of: unapplied.passing).first }

    /// What is left to say and to do after a step.
    func aftermath() -> Aftermath {
        Aftermath(
            notices: takeNotices(), failures: takeFailures(), hasFailures: hasFailures, passing: passingFailure,
            isIncomplete: isIncomplete)
    }

    /// What of a service's manifests is not applied.
    func reminders(of service: String) -> [String] {
        let project = current.value
        return unapplied.reminders(
            of: Set(project.objects.filter { project.services(of: $0).contains(service) }.map(\.identity)))
    }

    /// What the applies since the last call had to say, each thing once for the life of a `dev`.
    func takeNotices() -> [String] {
        defer { untold = [] }
        return untold
    }

    private func apply(_ identities: Set<KubernetesObject.Identity>) async throws -> ApplyReport {
        let report = try await locks.withLocks(on: identities) { try await self.applyNewest(identities) }
        // It takes a while to find their files; what is told names three.
        for failure in unapplied.untold.prefix(3) where failure.file == nil {
            unapplied.locate(failure.object, in: await file(failure.object))
        }
        return report
    }

    // MARK: - Applies of several passes in one

    /// Who wants an object applied and waits for the next call.
    private struct Applicant {
        var object: KubernetesObject.Identity
        var continuation: CheckedContinuation<Turn, Never>
    }

    private enum Turn: Sendable {
        /// Make the call, for these others too.
        case call([KubernetesObject.Identity: CheckedContinuation<Turn, Never>])
        /// Somebody made it.
        case made(Result<ApplyReport, any Error>)
    }

    /// How many calls there are at once: one that takes long holds up nobody.
    private static let callsAtOnce = 2

    /// Applies an object for a pass. What others want applied while calls are on their way goes into the next one
    /// together: kubectl takes nearly as long for one object as for forty.
    private func applyTogether(_ object: KubernetesObject.Identity) async throws -> ApplyReport {
        // There each call starts containers, and takes as long as they do.
        guard !target.startsContainersInApply else { return try await apply([object]) }
        var others: [KubernetesObject.Identity: CheckedContinuation<Turn, Never>] = [:]
        if calls < Self.callsAtOnce {
            calls += 1
        } else {
            switch await withCheckedContinuation({ applicants.append(Applicant(object: object, continuation: $0)) }) {
            case .made(let result): return try result.get().only(of: object)
            case .call(let rest): others = rest
            }
        }
        let all = Set(others.keys).union([object])
        let result = await Result { try await self.apply(all) }
        for other in others.values { other.resume(returning: .made(result)) }
        callNext()
        return try result.get().only(of: object)
    }

    /// Whoever came first makes the next call.
    private func callNext() {
        guard let first = applicants.first else {
            calls -= 1
            return
        }
        // One object may be wanted twice: the second is applied by the call after it.
        var others: [KubernetesObject.Identity: CheckedContinuation<Turn, Never>] = [:]
        var later: [Applicant] = []
        for applicant in applicants.dropFirst() {
            if applicant.object == first.object || others[applicant.object] != nil {
                later.append(applicant)
            } else {
                others[applicant.object] = applicant.continuation
            }
        }
        applicants = later
        first.continuation.resume(returning: .call(others))
    }

    /// Applies the objects as the manifests have them now, which may be newer than when the caller began to wait for
    /// its turn, so that an older state never follows a newer one. Those whose images are not all there are left out.
    private func applyNewest(_ identities: Set<KubernetesObject.Identity>) async throws -> ApplyReport {
        let project = current.value
        let objects = project.objects.filter {
            identities.contains($0.identity) && hasImages($0, project)
        }
        unapplied.keep(only: Set(project.objects.map(\.identity)))
        guard !objects.isEmpty else { return ApplyReport() }
        touched.formUnion(objects.map(\.identity))
        let images = delivered
        let report = try await target.apply(objects, images: images)
        for workload in report.created { created[workload] = images }
        applied.formUnion(objects.map(\.identity))
        applied.subtract(report.failures.map(\.object))
        let recovered = unapplied.note(objects, failures: report.failures)
        unapplied.keep(only: manifested)
        untold += recovered.map { "\($0) is applied now" }
        tell(report.notices)
        return report
    }

    private func tell(_ notices: [String]) { untold += notices.filter { told.insert($0).inserted } }

    /// Whether an apply has created the workload from this image since a pass asked last: one that was tried again may
    /// have come first.
    private func takeCreated(_ workload: Workload, from image: DeliveredImage, of service: Project.Service) -> Bool {
        created.removeValue(forKey: workload)?[service.configuration.image]?.built == image.built
    }

    /// How many workloads are restarted at once.
    private static let restartsAtOnce = 8

    /// Restarts workloads side by side. Where one fails, the others are restarted all the same.
    private func restart(_ workloads: [Workload]) async throws {
        var waiting = workloads[...]
        let failure = await withTaskGroup(of: (any Error)?.self) { group in
            func startNext() {
                guard let workload = waiting.popFirst() else { return }
                group.addTask {
                    do {
                        try await self.restart(workload)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            for _ in 0..<Self.restartsAtOnce { startNext() }
            var first: (any Error)?
            for await failure in group {
                first = first ?? failure
                startNext()
            }
            return first
        }
        if let failure { throw failure }
    }

    private func restart(_ workload: Workload) async throws {
        let identities = current.value.objects.filter { $0.workload == workload }.map(\.identity)
        do {
            try await locks.withLocks(on: Set(identities)) { try await self.restartNow(workload) }
        } catch let error as TargetError where error.severity == .missing {
            try await restore(workload, after: error)
        }
    }

    private func restartNow(_ workload: Workload) async throws {
        try await target.restart(workload, images: delivered)
    }
}

extension ApplyReport {
    /// What of it is about one object.
    fileprivate func only(of object: KubernetesObject.Identity) -> ApplyReport {
        ApplyReport(
            created: created.filter { $0 == object.workload }, changed: changed.filter { $0 == object.workload },
            failures: failures.filter { $0.object == object })
    }
}
