import Runner

/// What `devloop dev` knows, and what follows from what happens. A value without processes, clocks or files: facts in,
/// effects out.
struct Loop: Sendable {
    /// The project that runs.
    private(set) var project: Project
    /// Which images are built on others.
    private var dependencies = ImageDependencies()
    /// Those that were left aside, as there is no order to build in.
    private var rejected: ImageDependencies?
    private var plan: WorkPlan
    /// Why the pass of each service runs.
    private var passes: [String: WorkPlan.Cause] = [:]
    private var outages = Outages()
    /// Whether the first passes were begun.
    private var hasBegun = false

    /// The newest configuration that could be read: its paths are watched.
    private var watched: Configuration
    /// Problems of what is watched that were told.
    private var problems: [String] = []
    /// Services that were not watched for a while, so that edits of them may have gone by.
    private var unwatched: Set<String> = []
    /// What changed and is taken up when it is known again which files count.
    private var unsorted: [(impact: WatchedPaths.Impact, noticed: ContinuousClock.Instant)] = []

    /// Of devloop.json and the manifests, what changed since they could be read last.
    private var unread: [String] = []
    private var isLoading = false
    /// Whether something changed while they are being read.
    private var loadsAgain = false

    /// - Parameter jobs: how many images may be built at once.
    init(_ project: Project, jobs: Int) {
        self.project = project
        watched = project.configuration
        plan = WorkPlan(jobs: jobs)
    }

    /// What the loop begins with.
    func begin() -> [Effect] {
        // A Dockerfile may have been saved between its being read and the baseline of what is watched.
        [.apply, .survey(watched: watched, built: project.configuration)]
    }

    /// Takes a fact.
    /// - Parameter now: the time.
    /// - Returns: what is to be done, in this order.
    mutating func handle(_ fact: Fact, at now: ContinuousClock.Instant) -> [Effect] {
        switch fact {
        case .changes(let impact, let noticed):
            guard impact.filters else { return take(up: impact, noticed) }
            // Before a build begins: what is saved after it took its files has to count by then.
            unsorted.append((impact, noticed))
            return [survey]
        case .watching(let text): return [.say(.warning(text))]
        case .surveyed(let problems, let dependencies): return surveyed(problems, dependencies, now)
        case .entered(let stage, let service): return effects(plan.entered(stage, service))
        case .built(let image, let service): return effects(plan.built(image, service))
        case .ended(let outcome, let service, let aftermath): return ended(outcome, service, aftermath)
        case .retryDue(let step): return retry(step)
        case .configuration(let configuration): return read(configuration)
        case .loaded(let result): return loaded(result, now)
        case .lost: return [.apply]
        case .applied(let result, let aftermath): return applied(result, aftermath)
        case .ready(let workload, let result): return ready(workload, result)
        }
    }

    // MARK: - Passes

    /// What the decisions of the plan come to.
    private mutating func effects(_ actions: [WorkPlan.Action]) -> [Effect] {
        var effects: [Effect] = []
        for action in actions {
            switch action {
            case .stop(let service): effects.append(.stop(service))
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
                passes[name] = cause
                if !cause.changes.isEmpty, !cause.isTold {
                    effects.append(.say(.changed(service: name, cause.changes)))
                }
                effects.append(
                    .start(
                        PassRequest(
                            service: service, otherNames: dependencies.names[name] ?? [],
                            bases: dependencies.images(
                                under: name, in: project.configuration, image: plan.image),
                            lastImage: plan.image(of: name), cause: cause)))
            }
        }
        return effects
    }

    private mutating func ended(_ outcome: Pass.Outcome, _ service: String, _ aftermath: Aftermath) -> [Effect] {
        guard let cause = passes.removeValue(forKey: service) else { return [] }
        var effects = tell(aftermath, except: outcome)
        let report: Report? =
            switch outcome {
            case .live(let summary): .live(summary)
            case .waiting(let summary, let others): .waiting(summary, for: others)
            case .failed(let error): .failed(service: service, error)
            // The one that follows it tells whether an outage is over.
            case .misbuilt, .stopped: nil
            }
        if case .failed(let error) = outcome, error.severity == .unavailable {
            effects += retryLater(.pass(of: service), error, about: service, cause: cause)
        } else if let report {
            outages.ended(.pass(of: service))
            effects.append(.say(report))
        }
        // Each save tries again what could not be applied.
        if aftermath.hasFailures { effects.append(.applyAgain) }
        if case .misbuilt(let bases) = outcome { effects += self.effects(plan.moved(bases, under: service)) }
        return effects + self.effects(plan.ended(service))
    }

    // MARK: - What is applied

    private mutating func applied(_ result: Result<ApplyReport, any Error>, _ aftermath: Aftermath) -> [Effect] {
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
                .map { .awaitReady($0) }
        }
        return effects
    }

    private func ready(_ workload: Workload, _ result: Result<Void, any Error>) -> [Effect] {
        // The manifests may have lost it meanwhile.
        guard project.workloads.contains(workload) else { return [] }
        switch result {
        case .success: return [.say(.ready(workload))]
        case .failure(let error): return [.say(.notReady(error))]
        }
    }

    /// What the applies had to say, but for what the end of a pass says itself.
    private func tell(_ aftermath: Aftermath, except outcome: Pass.Outcome = .stopped) -> [Effect] {
        let failures = aftermath.failures.filter { failure in
            if case .failed(let error) = outcome { error.summary != failure.summary } else { true }
        }
        return aftermath.notices.map { .say(.notice($0)) } + failures.map { .say(.notApplied($0)) }
    }

    // MARK: - What fails and is tried again

    /// Tells once that a step failed, and has it tried again until it works: no edit must be lost.
    private mutating func retryLater(
        _ step: Outages.Step, _ error: TargetError, about subject: String? = nil, cause: WorkPlan.Cause? = nil
    ) -> [Effect] {
        let response = outages.failed(step, error.reason, cause: cause)
        return (response.isNews ? [.say(.outage(subject.map(error.about) ?? error))] : [])
            + (response.needsRetry ? [.retryLater(step)] : [])
    }

    private mutating func retry(_ step: Outages.Step) -> [Effect] {
        let (isDue, cause) = outages.retry(step)
        guard isDue else { return [] }
        switch step {
        case .pass(let service):
            // A pass that runs by now answers for it.
            guard passes[service] == nil, let cause else { return [] }
            return effects(plan.changed(service, cause))
        case .apply: return [.applyAgain]
        // As does one that reads by now.
        case .load: return isLoading ? [] : load([])
        }
    }

    // MARK: - What is watched

    private var survey: Effect { .survey(watched: watched, built: project.configuration) }

    private mutating func surveyed(
        _ problems: [String], _ dependencies: ImageDependencies, _ now: ContinuousClock.Instant
    ) -> [Effect] {
        var effects: [Effect] = problems.filter { !self.problems.contains($0) }.map { .say(.warning($0)) }
        self.problems = problems
        effects += follow(dependencies, noticed: unsorted.first?.noticed ?? now)
        if !hasBegun {
            hasBegun = true
            effects += project.notices.map { .say(.warning($0)) }
            effects.append(.say(.building(project.services.map(\.name))))
            effects += self.effects(plan.changed(project.services.map { ($0.name, .init(noticed: now)) }))
        }
        let sorted = unsorted
        unsorted = []
        // What was left aside may be right with what the Dockerfiles say now.
        if !sorted.isEmpty, !unread.isEmpty { effects += load([]) }
        return sorted.reduce(into: effects) { $0 += take(up: $1.impact, $1.noticed) }
    }

    private mutating func take(up impact: WatchedPaths.Impact, _ noticed: ContinuousClock.Instant) -> [Effect] {
        let actions = plan.changed(
            impact.services.sorted { $0.key < $1.key }.map { ($0.key, .init(files: $0.value, noticed: noticed)) })
        let files = (impact.configuration ? [ProjectChange.configurationFile] : []) + impact.manifests
        return effects(actions) + (files.isEmpty ? [] : load(files))
    }

    /// Takes up what the Dockerfiles say now of images that are built on others. What builds on each other is told once,
    /// and left aside.
    private mutating func follow(_ new: ImageDependencies, noticed: ContinuousClock.Instant) -> [Effect] {
        let old = dependencies
        guard new != old else {
            rejected = nil
            return []
        }
        do {
            try new.checkOrder(project.configuration)
        } catch {
            guard new != rejected else { return [] }
            rejected = new
            return [.say(.leftAside(what: "what the Dockerfiles build on", error))]
        }
        (dependencies, rejected) = (new, nil)
        var actions: [WorkPlan.Action] = []
        // Those that are named otherwise now first: what builds on them finds them by that name.
        for (service, names) in new.names.sorted(by: { $0.key < $1.key })
        where names != old.names[service] && plan.hasBegun(service) {
            let users = new.bases.filter { $0.value.contains(service) }.keys.sorted()
            actions += plan.changed(
                service, .init(files: ["a Dockerfile of \(users.joined(separator: ", "))"], noticed: noticed))
        }
        return effects(actions + plan.build(on: new.bases))
    }

    // MARK: - devloop.json and the manifests

    /// Has devloop.json and the manifests read again. What devloop.json names is watched before it is read.
    private mutating func load(_ files: [String]) -> [Effect] {
        unread += files.filter { !unread.contains($0) }
        loadsAgain = isLoading
        guard !isLoading else { return [] }
        isLoading = true
        return [.readConfiguration]
    }

    private mutating func read(_ configuration: Configuration?) -> [Effect] {
        guard let configuration, configuration != watched else { return [.load] }
        for service in project.services
        where !configuration.services.contains(where: { $0.buildRequest == service.configuration.buildRequest }) {
            unwatched.insert(service.name)
        }
        watched = configuration
        return [survey, .load]
    }

    private mutating func loaded(
        _ result: Result<LoadedProject, any Error>, _ now: ContinuousClock.Instant
    ) -> [Effect] {
        let isOutdated = loadsAgain
        (isLoading, loadsAgain) = (false, false)
        var effects: [Effect] = []
        switch result {
        case .success(let loaded):
            outages.ended(.load)
            // What could be read counts, however soon it changes again.
            effects = adopt(loaded, now)
            unread = []
        case .failure where isOutdated: break
        case .failure(let error as TargetError) where error.severity == .unavailable:
            return retryLater(.load, error)
        case .failure(let error):
            outages.ended(.load)
            effects = [.say(.leftAside(what: "the change of \(unread.joined(separator: ", "))", error))]
        }
        return effects + (isOutdated ? load([]) : [])
    }

    private mutating func adopt(_ loaded: LoadedProject, _ now: ContinuousClock.Instant) -> [Effect] {
        let (before, after) = (project, loaded.project)
        let change = ProjectChange(from: before, to: after, files: unread, unwatched: unwatched)
        var effects: [Effect] = []
        if !change.settingsThatNeedARestart.isEmpty {
            effects.append(.say(.needsRestart(change.settingsThatNeedARestart)))
        }
        project = after
        unwatched = []
        effects.append(.adopt(after))
        effects += after.notices.filter { !before.notices.contains($0) }.map { .say(.warning($0)) }
        // Passes that begin now wait for what they may need of it.
        if change.appliesManifests { effects += [.say(.applyingAgain), .apply] }
        for service in change.removed { outages.ended(.pass(of: service)) }
        effects += self.effects(change.removed.flatMap { plan.removed($0) })
        effects += follow(loaded.dependencies, noticed: now)
        return effects
            + self.effects(
                plan.changed(
                    after.services.compactMap { service in
                        change.changed[service.name].map { (service.name, .init(files: $0, noticed: now)) }
                    }))
    }
}

extension TargetError {
    /// Why it failed, without what failed: the tool's words where there are any.
    fileprivate var reason: String { details.isEmpty ? summary : details.joined(separator: "\n") }
}
