import Runner

/// What `devloop dev` knows, and what follows from what happens. A value without processes, clocks or files: facts in,
/// effects out.
struct Loop: Sendable {
    /// What is delivered and applied of the project that runs.
    var deployment: Deployment
    /// Which images are built on others.
    var dependencies = ImageDependencies()
    /// Those that were left aside, as there is no order to build in.
    private var rejected: ImageDependencies?
    var plan: WorkPlan
    /// The pass of each service that has one.
    var passes: [String: Pass] = [:]
    /// The workloads that no pass waits for and that were found deleted.
    var comebacks = Comebacks()
    var outages = Outages()
    /// What is in which container of what changed since the images.
    var syncs = SyncPlan()
    /// The services whose containers hold something else than their image, also from an earlier run.
    var altered: Set<String>
    /// What was built, also by earlier runs, and what of it is being removed.
    var images: ImageHistory
    var removing: Set<String> = []
    /// What was asked last of how the containers of each service take up changes.
    var questions: [String: TakeupQuestion] = [:]
    /// What was told of that.
    var told = Once<String>()
    /// What the ports of this machine lead to, which of them are listened on, and what was told of them.
    var ports: Ports
    var listening: Set<Int> = []
    var reached: Set<Ports.Rule> = []
    var soughtServices: Set<Ports.ServiceName> = []
    /// When many files of a service changed at once, last.
    var bursts: [String: ContinuousClock.Instant] = [:]
    /// When the fact that is being handled came.
    var time: ContinuousClock.Instant
    /// Whether the first passes were begun.
    private var hasBegun = false

    /// The newest configuration that could be read: its paths are watched.
    private var watched: Configuration
    /// What was told of problems of what is watched.
    private var problems = Once<String>()
    /// Services that were not watched for a while, so that edits of them may have gone by.
    private var unwatched: Set<String> = []
    /// What changed and is taken up when it is known again which files count.
    private var unsorted: [(impact: WatchedPaths.Impact, noticed: ContinuousClock.Instant)] = []

    /// Of devloop.json and the manifests, what changed since they could be read last.
    private var unread: [String] = []
    private var isLoading = false
    /// Whether something changed while they are being read.
    private var loadsAgain = false

    /// - Parameters:
    ///   - jobs: how many images may be built at once.
    ///   - startsContainersInApply: whether the target does that, see ``Target``.
    ///   - altered: the services into whose containers an earlier run has written.
    ///   - images: what earlier runs have built.
    ///   - forwarding: which ports are forwarded.
    ///   - now: the time.
    init(
        _ project: Project, jobs: Int, startsContainersInApply: Bool = false, altered: Set<String> = [],
        images: ImageHistory = ImageHistory(), forwarding: Forwarding = .configured, at now: ContinuousClock.Instant
    ) {
        time = now
        ports = Ports(project, forwarding: forwarding)
        self.altered = altered
        self.images = images
        deployment = Deployment(project, startsContainersInApply: startsContainersInApply)
        watched = project.configuration
        plan = WorkPlan(jobs: jobs)
    }

    /// The project that runs.
    var project: Project { deployment.project }

    /// What the loop begins with.
    mutating func begin() -> [Effect] {
        // A Dockerfile may have been saved between its being read and the baseline of what is watched.
        adoptPorts() + applyAll() + [survey]
    }

    /// Takes a fact.
    /// - Parameter now: the time.
    /// - Returns: what is to be done, in this order.
    mutating func handle(_ fact: Fact, at now: ContinuousClock.Instant) -> [Effect] {
        time = now
        switch fact {
        case .changes(let impact, let noticed):
            guard impact.filters else { return take(up: impact, noticed) }
            // Before a build begins: what is saved after it took its files has to count by then.
            unsorted.append((impact, noticed))
            return [survey]
        case .watching(let text): return [.say(.warning(text))]
        case .surveyed(let problems, let dependencies): return surveyed(problems, dependencies)
        case .built(let result, let service): return built(result, service)
        case .removedImages(let gone):
            removing = []
            images.remove(gone)
            return []
        case .searched(let result, let service): return searched(result, service)
        case .looked(let result, let service): return looked(result, service)
        case .delivered(let result, let service): return delivered(result, service)
        case .verified(let result, let service): return verified(result, service)
        case .answered(let id, let result): return effects(deployment.answered(id, result))
        case .ready(let workload, let result, let service): return ready(workload, result, service)
        case .running(let workload, let containers): return running(workload, containers)
        case .synced(let result, let container, let service): return sent(result, to: container, service)
        case .learned(let takeup, let question):
            learned(takeup, question)
            return []
        case .endpoint(let endpoint, let isGone): return changed(endpoint, isGone: isGone)
        case .port(let news): return port(news)
        case .foundService(let result, let service): return found(result, service)
        case .woke(let wake): return woke(wake)
        case .retryDue(let step): return retry(step)
        case .configuration(let configuration): return read(configuration)
        case .loaded(let result): return loaded(result)
        }
    }

    // MARK: - What fails and is tried again

    /// Tells once that a step failed, and has it tried again until it works: no edit must be lost.
    mutating func retryLater(
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
        case .apply: return effects(deployment.applyAgain())
        // As one does that reads by now.
        case .load: return isLoading ? [] : load([])
        }
    }

    // MARK: - What is watched

    private var survey: Effect { .survey(watched: watched, built: project.configuration) }

    private mutating func surveyed(
        _ problems: [String], _ dependencies: ImageDependencies
    ) -> [Effect] {
        var effects: [Effect] = self.problems.news(lasting: problems).map { .say(.warning($0)) }
        effects += follow(dependencies, noticed: unsorted.first?.noticed ?? time)
        if !hasBegun {
            hasBegun = true
            effects += project.notices.map { .say(.warning($0)) }
            effects.append(.say(.building(project.services.map(\.name))))
            effects += self.effects(plan.changed(project.services.map { ($0.name, .init(noticed: time)) }))
        }
        let sorted = unsorted
        unsorted = []
        // What was left aside may be right with what the Dockerfiles say now.
        if !sorted.isEmpty, !unread.isEmpty { effects += load([]) }
        return sorted.reduce(into: effects) { $0 += take(up: $1.impact, $1.noticed) }
    }

    private mutating func take(up impact: WatchedPaths.Impact, _ noticed: ContinuousClock.Instant) -> [Effect] {
        let effects = take(up: impact.services, noticed: noticed)
        let files = (impact.configuration ? [ProjectChange.configurationFile] : []) + impact.manifests
        return effects + (files.isEmpty ? [] : load(files))
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
        return effects(actions + plan.build(on: new.bases, copies: new.copies))
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
        _ result: Result<LoadedProject, any Error>
    ) -> [Effect] {
        let isOutdated = loadsAgain
        (isLoading, loadsAgain) = (false, false)
        var effects: [Effect] = []
        let result = result.flatMap { loaded in
            loaded.project.loss(since: project).map { .failure($0) } ?? .success(loaded)
        }
        switch result {
        case .success(let loaded):
            outages.ended(.load)
            // What could be read counts, however soon it changes again.
            effects = adopt(loaded)
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

    private mutating func adopt(_ loaded: LoadedProject) -> [Effect] {
        let (before, after) = (project, loaded.project)
        let change = ProjectChange(from: before, to: after, files: unread, unwatched: unwatched)
        var effects: [Effect] = []
        if !change.settingsThatNeedARestart.isEmpty {
            effects.append(.say(.needsRestart(change.settingsThatNeedARestart)))
        }
        deployment.adopt(after)
        unwatched = []
        effects.append(.adopt(after))
        effects += adoptPorts()
        effects += after.notices.filter { !before.notices.contains($0) }.map { .say(.warning($0)) }
        // Passes that begin now wait for what they may need of it.
        if change.appliesManifests { effects += [.say(.applyingAgain)] + applyAll() }
        for service in change.removed {
            outages.ended(.pass(of: service))
            syncs.removed(service)
            questions[service] = nil
        }
        effects += learnAgain()
        effects += self.effects(change.removed.flatMap { plan.removed($0) })
        effects += follow(loaded.dependencies, noticed: time)
        return effects
            + self.effects(
                plan.changed(
                    after.services.compactMap { service in
                        change.changed[service.name].map { (service.name, .init(files: $0, noticed: time)) }
                    }))
    }
}

extension TargetError {
    /// Why it failed, without what failed: the tool's words where there are any.
    fileprivate var reason: String { details.isEmpty ? summary : details.joined(separator: "\n") }
}
