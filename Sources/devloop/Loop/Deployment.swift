import Runner

/// What has been delivered and applied, and what follows from it for the objects of the manifests. A pure value: it says
/// what the target is to be asked, and takes what it answered.
struct Deployment: Sendable {
    /// The project that runs.
    private(set) var project: Project
    /// Whether an apply starts the containers itself.
    private let startsContainersInApply: Bool
    private var queue: ObjectQueue
    private var asked: [Int: Asked] = [:]
    private var lastCall = 0

    /// What each service's image was delivered as last.
    private(set) var delivered: DeliveredImages
    /// The image that each service is known to run.
    private var live: [String: BuiltImage] = [:]
    /// What was applied, and of which services' images: what the object says of each.
    private var applied: [KubernetesObject.Identity: [String: Carried]] = [:]
    /// What an apply was begun of, and not let go of since.
    private var touched: Set<KubernetesObject.Identity> = []
    /// The workloads that an apply created and no rollout knows of, and what they were created from.
    private var created: [Workload: DeliveredImages] = [:]
    private var unapplied = UnappliedObjects()

    private var applies: [Int: Everything] = [:]
    /// How many applies of everything were begun, and which of them is the latest that came to its end.
    private var (begun, complete) = (0, 0)
    private var rollouts: [String: RolloutState] = [:]
    /// The workloads that are being brought back.
    private var restores: Set<Workload> = []

    private var told = Once<String>()
    private var untold: [String] = []

    /// - Parameter startsContainersInApply: whether the target does that, see ``Target``.
    init(_ project: Project, startsContainersInApply: Bool) {
        self.project = project
        self.startsContainersInApply = startsContainersInApply
        queue = ObjectQueue(sharesCalls: !startsContainersInApply)
        delivered = DeliveredImages(names: project.images)
    }

    // MARK: - The project

    /// Another project counts from now on. Services that are gone from it are forgotten, also those whose image is another
    /// one now.
    mutating func adopt(_ project: Project) {
        self.project = project
        let images = Set(project.services.map(\.configuration.image))
        for image in delivered.images where !images.contains(image) { delivered[image] = nil }
        delivered.names = project.images
        let names = Set(project.services.map(\.name))
        live = live.filter { names.contains($0.key) }
    }

    /// What the manifests hold now.
    private var manifested: Set<KubernetesObject.Identity> { Set(project.objects.map(\.identity)) }

    /// The services that an object can't be started without and that have no image yet.
    private func missingImages(_ object: KubernetesObject) -> Set<String> {
        project.services(of: object).filter { name in
            project.services.first { $0.name == name }.map { delivered[$0.configuration.image] == nil } ?? true
        }
    }

    // MARK: - What runs

    /// What an applied object says of a service's image.
    private struct Carried: Sendable, Hashable {
        /// Its name there; `nil` where there is none but the image itself.
        var reference: String?
        /// How its containers are started, where the object says so.
        var start: ImageStart?
    }

    /// What of services an object is applied with.
    private func carried(
        by object: KubernetesObject, of project: Project, _ images: DeliveredImages
    ) -> [String: Carried] {
        var carried: [String: Carried] = [:]
        for name in project.services(of: object) {
            let image = project.services.first { $0.name == name }.flatMap { images[$0.configuration.image] }
            let reference = image.flatMap { $0.reference == $0.built.id ? nil : $0.reference }
            carried[name] = Carried(reference: reference, start: image?.built.start)
        }
        return carried
    }

    /// What a service is known to run, if that is this image: as the last rollout left it.
    func known(_ image: BuiltImage, of service: Project.Service) -> DeliveredImage? {
        live[service.name] == image ? delivered[service.configuration.image] : nil
    }

    /// Whether nothing of a service was touched yet, so that what an earlier run left may run its image.
    func isUntouched(_ service: Project.Service) -> Bool { delivered[service.configuration.image] == nil }

    /// A service runs this image now.
    mutating func setLive(_ image: BuiltImage, of service: String) { live[service] = image }

    /// What starts a container of a service later starts it from this image. What runs is not touched.
    mutating func prepare(_ image: DeliveredImage, of service: String) {
        delivered[image.built.reference] = image
        live[service] = nil
    }

    /// Somebody has changed what an image's containers are started from: the next rollout of it applies that again.
    mutating func mistrust(_ service: Project.Service) {
        for workload in service.workloads { applied[.init(workload)] = nil }
    }

    // MARK: - Applying everything

    /// Applies everything whose images are there: at the start what needs none, after a change of the manifests again what
    /// was applied before. Rollouts that begin from now on wait for the part of it that their workloads may need, which
    /// waits for no container.
    mutating func applyAll() -> [Action] {
        begun += 1
        applies[begun] = Everything()
        return [ask(.leftovers(besides: manifested), .leftovers(of: begun))]
    }

    /// Applies what could not be applied last.
    mutating func applyAgain() -> [Action] {
        // The one that is on its way says itself what came of it.
        if complete < begun { return applies[begun] == nil ? applyAll() : [] }
        let objects = unapplied.identities
        guard !objects.isEmpty else { return [.applied(.success(ApplyReport()))] }
        return request(.apply, of: objects, for: .again)
    }

    private mutating func lost(_ found: Set<KubernetesObject.Identity>, by number: Int) -> [Action] {
        let left = found.union(touched).subtracting(manifested)
        return left.isEmpty ? applyFoundation(of: number) : request(.letGo, of: left, for: .everything(number))
    }

    private mutating func applyFoundation(of number: Int) -> [Action] {
        let objects = project.objects.filter { $0.workload == nil }.map(\.identity)
        return request(.apply, of: Set(objects), for: .everything(number))
    }

    /// What is no workload is applied, or could not be: the workloads are applied all the same.
    private mutating func founded(_ number: Int, _ result: Result<ApplyReport, any Error>) -> [Action] {
        let all = project.objects.filter { $0.workload != nil && missingImages($0).isEmpty }.map(\.identity)
        let parts = startsContainersInApply ? all.map { [$0] } : all.isEmpty ? [] : [all]
        applies[number]?.isFounded = true
        applies[number]?.result = result
        applies[number]?.calls = parts.count
        for part in parts {
            queue.add(.init(kind: .apply, objects: Set(part), owner: .everything(number)))
        }
        var actions = parts.isEmpty ? finish(number) : []
        for service in rollouts.keys.sorted() where (rollouts[service]?.foundation).map({ $0 <= number }) == true {
            actions += apply(service)
        }
        // What they want goes into one call.
        return actions + start()
    }

    private mutating func finish(_ number: Int) -> [Action] {
        guard let result = applies.removeValue(forKey: number)?.result else { return [] }
        if case .success = result { complete = max(complete, number) }
        return [.applied(result)]
    }

    // MARK: - Rolling out

    /// Starts containers of a service's image: applies what was not applied before, restarts what was.
    /// - Parameter isRunning: whether the containers are known to run it already.
    mutating func rollOut(_ image: DeliveredImage, of service: Project.Service, isRunning: Bool) -> [Action] {
        rollouts[service.name] = RolloutState(
            service: service, image: image, isRunning: isRunning,
            foundation: applies[begun]?.isFounded == false ? begun : nil)
        return rollouts[service.name]?.foundation == nil ? apply(service.name) + start() : []
    }

    private mutating func apply(_ service: String) -> [Action] {
        guard let rollout = rollouts[service] else { return [] }
        rollouts[service]?.foundation = nil
        delivered[rollout.service.configuration.image] = rollout.image
        live[service] = nil
        for object in project.objects
        where project.services(of: object).contains(service)
            && applied[object.identity] != carried(by: object, of: project, delivered)
        {
            let missing = missingImages(object)
            if missing.isEmpty {
                rollouts[service]?.applying.insert(object.identity)
            } else {
                rollouts[service]?.missing.formUnion(missing)
                if let workload = object.workload { rollouts[service]?.pending.insert(workload) }
            }
        }
        guard let objects = rollouts[service]?.applying, !objects.isEmpty else { return goOn(service) }
        queue.add(.init(kind: .apply, objects: objects, owner: .rollout(of: service)))
        return []
    }

    private mutating func applied(
        _ object: KubernetesObject.Identity, by service: String, _ result: Result<ApplyReport, any Error>
    ) -> [Action] {
        guard var rollout = rollouts[service], rollout.applying.remove(object) != nil else { return [] }
        switch result {
        case .failure(let error): rollout.failures.append(error)
        case .success(let report):
            if let failure = report.failures.first(where: { $0.object == object }) {
                // What is there goes on as it is otherwise, with the new image.
                if failure.passes { rollout.failures.append(failure.error) }
            } else if let workload = object.workload {
                let isFresh = takeCreated(workload, from: rollout.image)
                if applied[object] == nil || !manifested.contains(object) {
                    // It is gone from the manifests meanwhile.
                    rollout.pending.insert(workload)
                } else if isFresh || report.renewed.contains(workload)
                    || rollout.isRunning && report.changed.contains(workload)
                {
                    rollout.started.append(workload)
                } else if !rollout.isRunning {
                    rollout.outdated.append(workload)
                }
            }
        }
        rollouts[service] = rollout
        return goOn(service)
    }

    /// Restarts what runs another image, when all is applied, and ends the rollout when all is restarted.
    private mutating func goOn(_ service: String) -> [Action] {
        guard var rollout = rollouts[service], rollout.applying.isEmpty else { return [] }
        if !rollout.isRestarting, rollout.failures.isEmpty {
            rollout.isRestarting = true
            // What the manifests have lost meanwhile is not restarted, and what is new in them is another pass's.
            let named = Set(project.services.first { $0.name == service }?.workloads ?? [])
            let rest =
                rollout.isRunning
                ? [] : rollout.service.workloads.filter { named.contains($0) && !rollout.isSettled($0) }
            for workload in rollout.outdated + rest.filter({ !takeCreated($0, from: rollout.image) }) {
                guard rollout.restarting.insert(workload).inserted else { continue }
                queue.add(
                    .init(kind: .restart(workload), objects: [.init(workload)], owner: .rollout(of: service)))
            }
            rollout.started += rollout.outdated + rest
        }
        rollouts[service] = rollout
        guard rollout.restarting.isEmpty else { return start() }
        rollouts[service] = nil
        return [.rolledOut(service: service, rollout.result)]
    }

    private mutating func restarted(
        _ workload: Workload, by service: String, _ result: Result<ApplyReport, any Error>
    ) -> [Action] {
        if case .failure(let error as TargetError) = result, error.severity == .missing {
            rollouts[service]?.restoring.insert(workload)
            return restore(workload, after: error)
        }
        if case .failure(let error) = result { rollouts[service]?.failures.append(error) }
        rollouts[service]?.restarting.remove(workload)
        return goOn(service)
    }

    /// Whether an apply has created the workload from this image since a rollout asked last: one that was tried again may
    /// have come first.
    private mutating func takeCreated(_ workload: Workload, from image: DeliveredImage) -> Bool {
        created.removeValue(forKey: workload)?[image.built.reference]?.built == image.built
    }

    // MARK: - What somebody has deleted

    /// Brings back a workload that was found deleted, with what it may need; then everything is applied, since others may
    /// be gone as well.
    /// - Parameter error: how it was found.
    mutating func restore(_ workload: Workload, after error: TargetError) -> [Action] {
        guard manifested.contains(.init(workload)) else { return restored(workload, .failure(error)) }
        guard restores.insert(workload).inserted else { return [] }
        let objects = project.objects.filter { $0.workload == nil }.map(\.identity) + [.init(workload)]
        return request(.apply, of: Set(objects), for: .restore(workload))
    }

    private mutating func restored(_ workload: Workload, _ report: Result<ApplyReport, any Error>) -> [Action] {
        restores.remove(workload)
        var result = report.map { _ in }
        if case .success(let report) = report {
            if let failure = report.failures.first(where: { $0.object == .init(workload) }) {
                result = .failure(failure.error)
            }
            created[workload] = nil
        }
        var actions: [Action] = []
        for service in rollouts.keys.sorted() where rollouts[service]?.restoring.remove(workload) != nil {
            rollouts[service]?.restarting.remove(workload)
            if case .failure(let error) = result { rollouts[service]?.failures.append(error) }
            actions += goOn(service)
        }
        actions.append(.restored(workload, result))
        if case .success = result { actions += applyAll() }
        return actions
    }

    // MARK: - Asking the target

    private mutating func ask(_ call: Call, _ purpose: Asked) -> Action {
        lastCall += 1
        asked[lastCall] = purpose
        return .ask(call, id: lastCall)
    }

    private mutating func request(
        _ kind: ObjectQueue.Request.Kind, of objects: Set<KubernetesObject.Identity>,
        for owner: ObjectQueue.Request.Owner
    ) -> [Action] {
        queue.add(.init(kind: kind, objects: objects, owner: owner))
        return start()
    }

    /// Begins what can begin. Objects are taken as the manifests have them now, which may be newer than when they were
    /// asked for, so that an older state never follows a newer one.
    private mutating func start() -> [Action] {
        var actions: [Action] = []
        for requests in queue.next() {
            let identities = requests.reduce(into: Set()) { $0.formUnion($1.objects) }
            switch requests[0].kind {
            case .apply:
                unapplied.keep(only: manifested)
                let objects = project.objects.filter {
                    identities.contains($0.identity) && missingImages($0).isEmpty
                }
                guard !objects.isEmpty else {
                    actions += ended(requests, .success(ApplyReport()))
                    continue
                }
                touched.formUnion(objects.map(\.identity))
                actions.append(
                    ask(.apply(objects, images: delivered), .apply(of: requests, objects, delivered, project)))
            case .letGo:
                // They may have come back meanwhile.
                let gone = identities.subtracting(manifested)
                guard !gone.isEmpty else {
                    actions += ended(requests, .success(ApplyReport()))
                    continue
                }
                actions.append(ask(.letGo(gone), .end(of: requests, gone)))
            case .restart(let workload):
                actions.append(ask(.restart(workload, images: delivered), .restart(of: requests)))
            }
        }
        return actions
    }

    /// The target has answered.
    mutating func answered(_ id: Int, _ result: Result<Answer, any Error>) -> [Action] {
        switch (asked.removeValue(forKey: id), result) {
        case (.leftovers(let number)?, .success(.leftovers(let found))): return lost(found, by: number)
        case (.leftovers(let number)?, .failure(let error)): return founded(number, .failure(error))
        case (.end(let requests, let gone)?, .success(.letGo(let lines))):
            untold += lines
            for object in gone { applied[object] = nil }
            touched.subtract(gone)
            return ended(requests, .success(ApplyReport()))
        case (.apply(let requests, let objects, let images, let project)?, .success(.applied(let report))):
            return applied(requests, objects, images, project, report)
        case (.files(let requests, var report)?, _):
            if case .success(.located(let files)) = result {
                for (object, file) in files { unapplied.locate(object, in: file) }
                for index in report.failures.indices {
                    report.failures[index].file = files[report.failures[index].object]
                }
            }
            return conclude(requests, .success(report)) + start()
        case (.restart(let requests)?, .success): return ended(requests, .success(ApplyReport()))
        case (.end(let requests, _)?, .failure(let error)), (.apply(let requests, _, _, _)?, .failure(let error)),
            (.restart(let requests)?, .failure(let error)):
            return ended(requests, .failure(error))
        // Nobody answers what was not asked.
        case (.leftovers?, .success), (.end?, .success), (.apply?, .success), (nil, _): return []
        }
    }

    /// Takes what came of an apply.
    private mutating func applied(
        _ requests: [ObjectQueue.Request], _ objects: [KubernetesObject], _ images: DeliveredImages,
        _ project: Project, _ report: ApplyReport
    ) -> [Action] {
        for workload in report.created { created[workload] = images }
        for object in objects { applied[object.identity] = carried(by: object, of: project, images) }
        for failure in report.failures { applied[failure.object] = nil }
        let recovered = unapplied.note(objects, failures: report.failures)
        unapplied.keep(only: manifested)
        untold += recovered.map { "\($0) is applied now" }
        tell(report.notices)
        untold += report.news
        // It takes a while to find their files; what is told names three.
        let lost = unapplied.untold.prefix(3).filter { $0.file == nil }.map(\.object)
        guard !lost.isEmpty else { return ended(requests, .success(report)) }
        queue.ended(requests)
        return [ask(.locate(lost), .files(of: requests, report))] + start()
    }

    private mutating func ended(
        _ requests: [ObjectQueue.Request], _ result: Result<ApplyReport, any Error>
    ) -> [Action] {
        queue.ended(requests)
        return conclude(requests, result) + start()
    }

    /// Tells each who wanted it what came of it.
    private mutating func conclude(
        _ requests: [ObjectQueue.Request], _ result: Result<ApplyReport, any Error>
    ) -> [Action] {
        var actions: [Action] = []
        for request in requests {
            // What a rollout applies may have been applied with others' objects. All else hears of everything: on Docker an
            // apply of a config map replaces the containers that read it.
            let own = if case .rollout = request.owner { result.map { $0.only(of: request.objects) } } else { result }
            switch (request.owner, request.kind) {
            case (.everything(let number), .letGo):
                if case .failure = own {
                    actions += founded(number, own)
                } else {
                    actions += applyFoundation(of: number)
                }
            case (.everything(let number), _):
                guard applies[number]?.isFounded == true else {
                    actions += founded(number, own)
                    continue
                }
                applies[number]?.add(own)
                if applies[number]?.calls == 0 { actions += finish(number) }
            case (.again, _): actions.append(.applied(own))
            case (.rollout(let service), .restart(let workload)): actions += restarted(workload, by: service, own)
            case (.rollout(let service), _):
                for object in request.objects.sorted(by: { $0.description < $1.description }) {
                    actions += applied(object, by: service, own)
                }
            case (.restore(let workload), _): actions += restored(workload, own)
            }
        }
        return actions
    }

    // MARK: - What is left to say

    /// Takes what the user should know, each thing once for the life of a `dev`.
    mutating func tell(_ notices: [String]) { untold += told.news(notices) }

    /// What is left to say and to do after a step.
    mutating func aftermath() -> Aftermath {
        defer { untold = [] }
        return Aftermath(
            notices: untold, failures: ApplyFailure.errors(of: unapplied.takeUntold()),
            hasFailures: !unapplied.identities.isEmpty, passing: ApplyFailure.errors(of: unapplied.passing).first,
            isIncomplete: complete < begun)
    }

    /// What of a service's manifests is not applied.
    func reminders(of service: String) -> [String] {
        let objects = project.objects.filter { project.services(of: $0).contains(service) }
        return unapplied.reminders(of: Set(objects.map(\.identity)))
    }
}
