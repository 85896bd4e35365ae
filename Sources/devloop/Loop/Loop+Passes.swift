import Runner

/// Passes of services, and what is applied and awaited without one.
extension Loop {
    /// So many files are no edit by hand.
    private static let manyFiles = 20
    /// What is written after that is another thing.
    private static let burstPause = Duration.seconds(1)

    /// What the decisions of the plan come to.
    mutating func effects(_ actions: [WorkPlan.Action]) -> [Effect] {
        var effects: [Effect] = []
        for action in actions {
            switch action {
            case .stop(let service): effects += stop(service)
            case .hold(let service, let base): effects.append(.say(.held(service: service, base: base)))
            case .rebuild(let base, let service): effects.append(.say(.rebuilt(base: base, for: service)))
            case .giveUp(let service, let base): effects.append(.say(.givenUp(service: service, base: base)))
            case .letFinish(let service, let file): effects.append(.say(.restless(service: service, file: file)))
            case .start(let name, let cause):
                guard let service = project.services.first(where: { $0.name == name }) else {
                    // It is gone meanwhile.
                    effects += self.effects(plan.ended(name))
                    continue
                }
                if !cause.changes.isEmpty, !cause.isTold, !cause.isQuiet, !isMoreOfTheSame(cause, name) {
                    effects.append(.say(.changed(service: name, cause.changes, because: cause.reason)))
                }
                syncs.begin(name)
                let original = plan.original(of: name)
                let request = PassRequest(
                    service: service, otherNames: dependencies.names[name] ?? [],
                    bases: dependencies.images(
                        under: name, copying: original, in: project.configuration, image: plan.image),
                    original: original, lastImage: plan.image(of: name), cause: cause)
                var pass = Pass(request, at: time)
                pass.doubtful = removing
                passes[name] = pass
                effects += perform(.build, pass)
            }
        }
        return effects
    }

    /// Whether a change goes on with one that was told: a `git checkout` of many files takes a while, and the build that
    /// began with the first of them is begun again with the others.
    private mutating func isMoreOfTheSame(_ cause: WorkPlan.Cause, _ service: String) -> Bool {
        guard cause.changes.count >= Self.manyFiles else {
            bursts[service] = nil
            return false
        }
        defer { bursts[service] = time }
        return bursts[service].map { $0.duration(to: time) < Self.burstPause } ?? false
    }

    /// Ends a pass, if its stage can be stopped; otherwise it goes on.
    private mutating func stop(_ service: String) -> [Effect] {
        guard passes[service]?.steps.first?.stage.canBeStopped == true else { return [] }
        passes[service]?.isStopping = true
        var effects: [Effect] = [.stop(service)]
        // What is brought back comes back all the same; nobody waits for it any more.
        for workload in passes[service]?.comebacks.going ?? [] {
            effects += came(workload, .failure(CancellationError()), service)
        }
        return effects
    }

    // MARK: - The steps of a pass

    /// Goes on to the next step.
    /// - Parameter stage: of the step that is done.
    private mutating func next(_ service: String, from stage: WorkPlan.Stage) -> [Effect] {
        // Whether it comes to its end before it goes on is decided here.
        guard passes[service]?.isStopping == false else { return end(service, .stopped) }
        passes[service]?.steps.removeFirst()
        guard let pass = passes[service], let step = pass.steps.first else {
            return passes[service]?.request.cause.isQuiet == true ? prepared(service) : live(service, "live in")
        }
        let entered = step.stage == stage ? [] : effects(plan.entered(step.stage, service))
        return perform(step, pass) + entered
    }

    private mutating func perform(_ step: Pass.Step, _ pass: Pass) -> [Effect] {
        let service = pass.request.service
        switch (step, pass.image, pass.delivered) {
        case (.build, _, _): return [.build(pass.request.build, service: service.name)]
        case (.search, let image?, _):
            let paths = Set(syncs.removals(of: service.name).keys)
            if paths.isEmpty { return next(service.name, from: .build) }
            return [.search(image, for: paths, service: service.name)]
        case (.look, _?, _) where syncs.needsNewContainers(service.name): return next(service.name, from: .build)
        case (.look, let image?, _):
            let known = deployment.known(image, of: service)
            // What an earlier run has written into the containers is nobody's to know.
            guard known != nil || deployment.isUntouched(service) && !altered.contains(service.name) else {
                return next(service.name, from: .build)
            }
            let look = Look(image: image, known: known, names: project.images, workloads: service.workloads)
            return [.look(look, service: service.name)]
        case (.deliver, let image?, _): return [.deliver(image, service: service.name)]
        case (.rollOut, _, let delivered?):
            return effects(deployment.rollOut(delivered, of: service, isRunning: pass.isRunning))
        case (.ready, _, _):
            passes[service.name]?.awaited = Set(pass.workloads)
            return pass.workloads.map { .awaitReady($0, service: service.name) }
        case (.verify, _, let delivered?):
            return [.verify(delivered, among: project.images, in: pass.workloads, service: service.name)]
        // The steps before have brought none.
        case (.search, nil, _), (.look, nil, _), (.deliver, nil, _), (.rollOut, _, nil), (.verify, _, nil):
            return end(service.name, .stopped)
        }
    }

    mutating func built(_ result: Result<BuiltImage, any Error>, _ service: String) -> [Effect] {
        guard let pass = passes[service] else { return [] }
        switch result {
        case .failure(let error): return end(service, pass.outcome(of: error))
        case .success(let image) where pass.doubtful.contains(image.id):
            // An older state came back, and its image may go with the name that it just got.
            var cause = pass.request.cause
            cause.isTold = true
            return effects(plan.changed(service, cause)) + end(service, .stopped)
        case .success(let image):
            passes[service]?.image = image
            images.add(image)
            passes[service]?.finish("build", at: time)
            let effects = effects(plan.built(image.id, service)) + built(image, pass)
            guard pass.request.service.isOnlyBuilt, passes[service]?.isStopping == false else {
                return effects + next(service, from: .build)
            }
            return effects + live(service, image.id == pass.request.lastImage ? "unchanged, checked in" : "built in")
        }
    }

    /// What was removed from containers and is in the image all the same needs containers that are new.
    mutating func searched(_ result: Result<Set<String>, any Error>, _ service: String) -> [Effect] {
        guard let pass = passes[service] else { return [] }
        switch result {
        case .failure(let error): return end(service, pass.outcome(of: error))
        case .success(let found):
            guard !pass.isStopping else { return end(service, .stopped) }
            let uncovered = syncs.removals(of: service).filter { found.contains($0.key) }.sorted { $0.key < $1.key }
            // A file tells more than its folder.
            guard let last = uncovered.last else {
                syncs.proved(service)
                return next(service, from: .build)
            }
            let cause = WorkPlan.Cause(
                files: uncovered.map(\.value).unique, noticed: time,
                reason: "\(last.value) is gone, and the image has another \(last.key)")
            return effects(plan.changed(service, cause)) + end(service, .stopped)
        }
    }

    mutating func looked(_ result: Result<DeliveredImage?, any Error>, _ service: String) -> [Effect] {
        guard let pass = passes[service] else { return [] }
        switch result {
        case .failure(let error): return end(service, pass.outcome(of: error))
        case .success(let running?):
            guard !pass.isStopping else { return end(service, .stopped) }
            let effects = delivered(running.digest, service)
            if let image = pass.image, deployment.known(image, of: pass.request.service) != nil {
                return effects + live(service, "unchanged, checked in")
            }
            passes[service]?.delivered = running
            passes[service]?.isRunning = true
            passes[service]?.steps.removeAll { $0 == .deliver }
            return effects + next(service, from: .build)
        case .success(nil): return next(service, from: .build)
        }
    }

    mutating func delivered(_ result: Result<DeliveredImage, any Error>, _ service: String) -> [Effect] {
        guard let pass = passes[service] else { return [] }
        switch result {
        case .failure(let error): return end(service, pass.outcome(of: error))
        case .success(let image):
            passes[service]?.delivered = image
            let effects = delivered(image.digest, service)
            // Where containers start from the image as it was built, there is no such stage.
            if image.reference != pass.image?.id {
                passes[service]?.finish(image.wasPushed ? "push" : "load", at: time)
            }
            return effects + next(service, from: .deliver)
        }
    }

    private mutating func rolledOut(
        _ result: Result<Deployment.Rollout, any Error>, _ service: String
    ) -> [Effect] {
        guard let pass = passes[service] else { return [] }
        switch result {
        case .failure(let error): return end(service, pass.outcome(of: error))
        case .success(.waiting(let services)):
            let reminders = deployment.reminders(of: service)
            return end(service, .waiting(pass.summary("built in", at: time, reminders: reminders), for: services))
        case .success(.running):
            let isRun = !pass.request.service.workloads.isEmpty
            return live(service, isRun ? "runs this image already, checked in" : "delivered in")
        case .success(.started(let workloads)):
            passes[service]?.workloads = workloads
            syncs.rolledOut(service)
            passes[service]?.finish("restart", at: time)
            let note = altered.remove(service).map { [Effect.note(service: $0, isAltered: false)] } ?? []
            return note + send(service) + next(service, from: .restart)
        }
    }

    mutating func verified(_ result: Result<[String], any Error>, _ service: String) -> [Effect] {
        guard let pass = passes[service] else { return [] }
        switch result {
        case .failure(let error): return end(service, pass.outcome(of: error))
        case .success(let notices):
            deployment.tell(notices)
            passes[service]?.finish("ready", at: time)
            return next(service, from: .ready)
        }
    }

    // MARK: - Waiting for workloads

    mutating func ready(
        _ workload: Workload, _ result: Result<[String], any Error>, _ service: String?
    ) -> [Effect] {
        if case .success(let notices) = result { deployment.tell(notices) }
        if case .failure(let error as TargetError) = result, error.severity == .missing,
            bringsBack(workload, service)
        {
            return effects(deployment.restore(workload, after: error))
        }
        guard let service else {
            // Another wait for it has found that, and its end answers for both.
            return comebacks.going.contains(workload) ? [] : tellReady(workload, result.map { _ in })
        }
        return came(workload, result.map { _ in }, service)
    }

    private mutating func bringsBack(_ workload: Workload, _ service: String?) -> Bool {
        guard let service else { return project.workloads.contains(workload) && comebacks.begin(workload) }
        guard let pass = passes[service], !pass.isStopping, pass.failure == nil else { return false }
        return passes[service]?.comebacks.begin(workload) == true
    }

    private mutating func tellReady(_ workload: Workload, _ result: Result<Void, any Error>) -> [Effect] {
        comebacks.forget(workload)
        // The manifests may have lost it meanwhile.
        guard project.workloads.contains(workload) else { return [] }
        switch result {
        case .success: return [.say(.ready(workload))]
        case .failure(let error): return [.say(.notReady(error))]
        }
    }

    /// A workload that a pass waits for is up, or failed: then the others are waited for no more.
    private mutating func came(
        _ workload: Workload, _ result: Result<Void, any Error>, _ service: String
    ) -> [Effect] {
        guard var pass = passes[service], pass.awaited.remove(workload) != nil else { return [] }
        var effects: [Effect] = []
        if case .failure(let error) = result, pass.failure == nil {
            pass.failure = error
            if !pass.awaited.isEmpty { effects.append(.stop(service)) }
        }
        passes[service] = pass
        guard pass.awaited.isEmpty else { return effects }
        if pass.isStopping { return effects + end(service, .stopped) }
        if let failure = pass.failure { return effects + end(service, pass.outcome(of: failure)) }
        return effects + next(service, from: .ready)
    }

    /// A workload that was found deleted is back, or can't be brought back.
    private mutating func restored(_ workload: Workload, _ result: Result<Void, any Error>) -> [Effect] {
        var effects: [Effect] = []
        for service in passes.keys.sorted() where passes[service]?.comebacks.end(workload) == true {
            switch result {
            case .success where passes[service]?.isStopping == false && passes[service]?.failure == nil:
                effects.append(.awaitReady(workload, service: service))
            case .success: effects += came(workload, .failure(CancellationError()), service)
            case .failure: effects += came(workload, result, service)
            }
        }
        guard comebacks.end(workload) else { return effects }
        switch result {
        case .success: return effects + [.awaitReady(workload, service: nil)]
        case .failure: return effects + tellReady(workload, result)
        }
    }

    // MARK: - The end of a pass

    /// The image is where whatever starts a container later finds it.
    private mutating func prepared(_ service: String) -> [Effect] {
        guard let pass = passes[service] else { return [] }
        if let image = pass.delivered { deployment.prepare(image, of: service) }
        return end(service, .prepared(pass.summary("image is up to date after", at: time, reminders: [])))
            + removeImages()
    }

    private mutating func live(_ service: String, _ outcome: String) -> [Effect] {
        guard let pass = passes[service] else { return [] }
        if let image = pass.image, !pass.request.service.isOnlyBuilt { deployment.setLive(image, of: service) }
        syncs.rolledOut(service)
        let reminders = deployment.reminders(of: service)
        return send(service) + end(service, .live(pass.summary(outcome, at: time, reminders: reminders)))
            + removeImages()
    }

    /// Has those removed that are superseded; not while something is built, as that may begin with what they hold.
    private mutating func removeImages() -> [Effect] {
        guard plan.isIdle, removing.isEmpty else { return [] }
        // Where later ones could not be delivered, an older one is what containers are started from.
        let delivered = Set(deployment.delivered.images.compactMap { deployment.delivered[$0]?.built.id })
        let superseded = images.superseded(by: project.configuration.keptImages).filter {
            !delivered.contains($0.id)
        }
        guard !superseded.isEmpty else { return [] }
        removing = Set(superseded.map(\.id))
        return [.removeImages(superseded)]
    }

    private mutating func end(_ service: String, _ outcome: Pass.Outcome) -> [Effect] {
        guard let pass = passes.removeValue(forKey: service) else { return [] }
        // What comes of a service that is gone from the project is nobody's concern any more.
        let isGone = !project.services.contains { $0.name == service }
        let outcome = isGone ? .stopped : outcome
        let aftermath = deployment.aftermath()
        var effects = tell(aftermath, except: outcome)
        let report: Report? =
            switch outcome {
            case .live(let summary): .live(summary)
            case .prepared(let summary): .prepared(summary)
            case .waiting(let summary, let others): .waiting(summary, for: others)
            case .failed(let error): .failed(service: service, error)
            // The one that follows it tells whether an outage is over.
            case .misbuilt, .stopped: nil
            }
        if case .failed(let error) = outcome, error.severity == .unavailable {
            effects += retryLater(.pass(of: service), error, about: service, cause: pass.request.cause)
        } else if let report {
            outages.ended(.pass(of: service))
            effects.append(.say(report))
        }
        // Each save tries again what could not be applied.
        if aftermath.hasFailures { effects += self.effects(deployment.applyAgain()) }
        if case .misbuilt(let bases) = outcome { effects += self.effects(plan.moved(bases, under: service)) }
        return effects + self.effects(plan.ended(service))
    }

    // MARK: - What is applied

    /// Applies everything; passes that begin from now on wait for what they may need of it.
    mutating func applyAll() -> [Effect] { effects(deployment.applyAll()) }

    /// What the decisions of the deployment come to.
    mutating func effects(_ actions: [Deployment.Action]) -> [Effect] {
        var effects: [Effect] = []
        for action in actions {
            switch action {
            case .ask(let call, let id): effects.append(.ask(call, id: id))
            case .applied(let result): effects += applied(result)
            case .rolledOut(let service, let result): effects += rolledOut(result, service)
            case .restored(let workload, let result): effects += restored(workload, result)
            }
        }
        return effects
    }

    private mutating func applied(_ result: Result<ApplyReport, any Error>) -> [Effect] {
        let aftermath = deployment.aftermath()
        var effects = tell(aftermath)
        if case .failure(let error as TargetError) = result, error.severity == .unavailable {
            return effects + retryLater(.apply, error, about: "manifests")
        }
        if let error = aftermath.passing {
            effects += retryLater(.apply, error)
        } else if !aftermath.isIncomplete {
            outages.ended(.apply)
        }
        switch result {
        case .failure(let error): effects.append(.say(.applyFailed(error)))
        case .success(let report):
            effects += report.created.union(report.changed).sorted { $0.description < $1.description }
                .map { .awaitReady($0, service: nil) }
        }
        return effects
    }

    /// What the applies had to say, but for what the end of a pass says itself.
    private func tell(_ aftermath: Aftermath, except outcome: Pass.Outcome = .stopped) -> [Effect] {
        let failures = aftermath.failures.filter { failure in
            if case .failed(let error) = outcome { error.summary != failure.summary } else { true }
        }
        return aftermath.notices.map { .say(.notice($0)) } + failures.map { .say(.notApplied($0)) }
    }
}
