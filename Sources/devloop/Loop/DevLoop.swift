import Runner
import Watcher

/// The loop of `devloop dev`: one task group, whose children report events, and one switch that handles them.
struct DevLoop: Sendable {
    let loader: ProjectLoader
    let target: any Target
    let builder: ImageBuilder
    let terminal: Terminal
    /// Whose logs are shown.
    let logs: LogFilter
    /// How many images may be built at once.
    let jobs: Int
    /// Which builder builds.
    let builderKind: BuilderKind

    private enum Event: Sendable {
        case changes(ChangeBatch)
        case watching(WatchNotice)
        case entered(WorkPlan.Stage, service: String)
        case built(String, service: String)
        case ended(Pass.Outcome, service: String, WorkPlan.Cause)
        case retry(Outages.Step)
        case loaded(Result<Project, any Error>)
        case lost
        case applied(Result<ApplyReport, any Error>)
        case ready(Workload, Result<Void, any Error>)
    }

    /// How long after a failure for want of Docker or the cluster a step is tried again.
    private static let retryDelay = Duration.seconds(2)

    /// Runs until the task is cancelled; returns after all children have ended.
    /// - Parameter watcher: watches the project's paths, and has its baseline already: what is saved from then on is
    ///   built.
    /// - Returns: the project as it was at the end.
    func run(_ project: Project, watcher: TreeWatcher) async -> Project {
        let current = CurrentProject(project)
        let (events, inbox) = AsyncStream.makeStream(of: Event.self)
        let deployment = Deployment(
            project: current, target: target,
            file: { [loader] in await loader.file(of: $0, in: current.value.configuration) },
            onLoss: { inbox.yield(.lost) })
        await withDiscardingTaskGroup { group in
            group.addTask { for await batch in watcher.batches { inbox.yield(.changes(batch)) } }
            group.addTask { for await notice in watcher.notices { inbox.yield(.watching(notice)) } }
            group.addTask { await followLogs(current) }
            await apply(in: &group, deployment, inbox)
            // A Dockerfile may have been saved between its being read and the baseline.
            let paths = await watch(project.configuration, watcher)
            var state = State(
                plan: WorkPlan(jobs: jobs), watched: project.configuration, paths: paths)
            _ = followDependencies(&state, current, noticed: .now)
            let start = WorkPlan.Cause(noticed: .now)
            for notice in project.notices { terminal.warning(notice) }
            terminal.status("building \(project.services.map(\.name).joined(separator: ", "))")
            let actions = state.plan.changed(project.services.map { ($0.name, start) })
            perform(actions, &state, in: &group, current, deployment, inbox)
            for await event in events {
                await handle(event, &state, in: &group, current, deployment, inbox, watcher)
            }
            group.cancelAll()
        }
        return current.value
    }

    private struct State {
        var plan: WorkPlan
        var controls: [String: PassControl] = [:]
        /// The configuration whose paths are watched: the newest one that could be read.
        var watched: Configuration
        var paths: WatchedPaths
        /// Which images are built on others.
        var dependencies = ImageDependencies()
        /// Services that were not watched for a while, so that edits of them may have gone by.
        var unwatched: Set<String> = []
        /// Of devloop.json and the manifests, what changed since they could be read last.
        var unread: [String] = []
        var isLoading = false
        /// Whether something changed while they are being read.
        var loadsAgain = false
        var outages = Outages()
    }

    private func handle(
        _ event: Event, _ state: inout State, in group: inout DiscardingTaskGroup, _ current: CurrentProject,
        _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation, _ watcher: TreeWatcher
    ) async {
        var actions: [WorkPlan.Action] = []
        switch event {
        case .changes(let batch):
            let impact = state.paths.impact(of: batch)
            // Before a build begins: what is saved after it took its files has to count by then.
            if impact.filters {
                state.paths = await watch(state.watched, watcher)
                actions += followDependencies(&state, current, noticed: batch.firstNoticed)
                // What was left aside may be right with what the Dockerfiles say now.
                if !state.unread.isEmpty { await load([], &state, in: &group, current, inbox, watcher) }
            }
            actions += state.plan.changed(
                impact.services.sorted { $0.key < $1.key }.map {
                    ($0.key, .init(files: $0.value, noticed: batch.firstNoticed))
                })
            let files = (impact.configuration ? [ProjectChange.configurationFile] : []) + impact.manifests
            if !files.isEmpty { await load(files, &state, in: &group, current, inbox, watcher) }
        case .watching(let notice): terminal.warning("\(notice.rootID): \(notice.message)")
        case .entered(let stage, let service): actions = state.plan.entered(stage, service)
        case .built(let image, let service): actions = state.plan.built(image, service)
        case .ended(let outcome, let service, let cause):
            state.controls[service] = nil
            await report(outcome, service, cause, &state, in: &group, deployment, inbox)
            // Each save tries again what could not be applied.
            if await deployment.hasFailures { applyAgain(in: &group, deployment, inbox) }
            if case .misbuilt(let bases) = outcome { actions += state.plan.moved(bases, under: service) }
            actions += state.plan.ended(service)
        case .retry(let step):
            let (isDue, cause) = state.outages.retry(step)
            guard isDue else { break }
            switch step {
            case .pass(let service):
                // A pass that runs by now answers for it.
                guard state.controls[service] == nil, let cause else { break }
                actions = state.plan.changed(service, cause)
            case .apply: applyAgain(in: &group, deployment, inbox)
            case .load: await load([], &state, in: &group, current, inbox, watcher)
            }
        case .loaded(let result):
            state.isLoading = false
            let isOutdated = state.loadsAgain
            // What could be read counts, however soon it changes again; what can't may be half saved.
            if case .success = result {
                actions = await finishLoading(result, &state, in: &group, current, deployment, inbox)
            } else if !isOutdated {
                actions = await finishLoading(result, &state, in: &group, current, deployment, inbox)
            }
            if isOutdated { await load([], &state, in: &group, current, inbox, watcher) }
        case .lost: await apply(in: &group, deployment, inbox)
        case .applied(let result): await reportApply(result, &state, in: &group, deployment, inbox)
        case .ready(let workload, .success): terminal.status("\(workload) ready", mark: .success)
        case .ready(_, .failure(let error)): terminal.show(error)
        }
        perform(actions, &state, in: &group, current, deployment, inbox)
    }

    private func perform(
        _ actions: [WorkPlan.Action], _ state: inout State, in group: inout DiscardingTaskGroup,
        _ current: CurrentProject,
        _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation
    ) {
        for action in actions {
            switch action {
            case .stop(let service): state.controls[service]?.stop()
            case .hold(let service, let base):
                terminal.warning("\(service) waits for \(base), whose image it is built on and whose build failed")
            case .rebuild(let base, let service):
                terminal.warning(Self.rebuildNotice(base: base, service: service))
            case .giveUp(let service, let base):
                terminal.error(
                    "\(service): not built, since the name of the image of \(base) is given to other images again and again",
                    advice: "does another checkout or tool build an image of this name? Give one of them another name")
            case .letFinish(let service, let file):
                terminal.warning(
                    "\(service): \(file) changes faster than \(service) is built; from now on each build is let "
                        + "finish. If the file needs none, leave it out with \"ignore\" in devloop.json, or in "
                        + ".dockerignore")
            case .start(let name, let cause):
                guard let service = current.value.services.first(where: { $0.name == name }) else {
                    inbox.yield(.ended(.stopped, service: name, cause))
                    continue
                }
                if let file = cause.changes.first, !cause.isTold {
                    let others = cause.changes.count > 1 ? " and \(cause.changes.count - 1) more" : ""
                    terminal.status("\(name): \(file)\(others) changed, building")
                }
                let control = PassControl { inbox.yield(.entered($0, service: name)) }
                state.controls[name] = control
                let pass = Pass(
                    service: service, otherNames: state.dependencies.names[name] ?? [],
                    bases: state.dependencies.images(
                        under: name, in: current.value.configuration, image: state.plan.image),
                    lastImage: state.plan.image(of: name), cause: cause, builder: builder, target: target,
                    deployment: deployment,
                    control: control,
                    onBuildLine: { [terminal] line in
                        if terminal.verbosity == .verbose { terminal.log(service: name, line: line) }
                    },
                    onBuilt: { inbox.yield(.built($0, service: name)) },
                    onNotice: { [terminal] in terminal.warning("\(name): \($0)") })
                group.addTask { inbox.yield(.ended(await pass.run(), service: name, cause)) }
            }
        }
    }

    // MARK: - What is told

    private func report(
        _ outcome: Pass.Outcome, _ service: String, _ cause: WorkPlan.Cause, _ state: inout State,
        in group: inout DiscardingTaskGroup, _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation
    ) async {
        await tell(deployment, except: outcome)
        if case .failed(let error) = outcome, error.severity == .unavailable {
            retryLater(.pass(of: service), error, about: service, cause: cause, &state, in: &group, inbox)
            return
        }
        state.outages.ended(.pass(of: service))
        switch outcome {
        case .live(let summary): terminal.status(summary)
        case .waiting(let summary, let others):
            terminal.status("\(summary.text); it starts together with \(others.joined(separator: ", "))")
        case .failed(var error):
            error.advice = error.advice ?? Self.advice
            terminal.error(error.about(service))
        case .misbuilt, .stopped: break
        }
    }

    static func rebuildNotice(base: String, service: String) -> String {
        "\(base): the name of its image means another one now, or none: something else built or removed it; building it "
            + "again for \(service)"
    }

    /// What the applies had to say, but for what the end of a pass says itself.
    private func tell(_ deployment: Deployment, except outcome: Pass.Outcome = .stopped) async {
        for notice in await deployment.takeNotices() { terminal.status(notice) }
        for var failure in await deployment.takeFailures() {
            if case .failed(let error) = outcome, error.summary == failure.summary { continue }
            failure.advice = failure.advice ?? Self.advice
            terminal.error(failure)
        }
    }

    private static let advice = "fix it and save: the next save tries again"

    /// Tells once that a step failed, and has it tried again until it works: no edit must be lost.
    private func retryLater(
        _ step: Outages.Step, _ failure: TargetError, about subject: String? = nil, cause: WorkPlan.Cause? = nil,
        _ state: inout State,
        in group: inout DiscardingTaskGroup, _ inbox: AsyncStream<Event>.Continuation
    ) {
        var error = subject.map(failure.about) ?? failure
        error.advice = [error.advice, "devloop goes on trying"].compactMap { $0 }.joined(separator: "; ")
        let response = state.outages.failed(step, failure.reason, cause: cause)
        if response.isNews { terminal.error(error) }
        guard response.needsRetry else { return }
        group.addTask {
            guard (try? await Task.sleep(for: Self.retryDelay)) != nil else { return }
            inbox.yield(.retry(step))
        }
    }

    private func reportApply(
        _ result: Result<ApplyReport, any Error>, _ state: inout State, in group: inout DiscardingTaskGroup,
        _ deployment: Deployment,
        _ inbox: AsyncStream<Event>.Continuation
    ) async {
        await tell(deployment)
        if case .failure(let error as TargetError) = result, error.severity == .unavailable {
            retryLater(.apply, error, about: "manifests", &state, in: &group, inbox)
            return
        }
        if let error = await deployment.passingFailure {
            retryLater(.apply, error, &state, in: &group, inbox)
        } else if await !deployment.isIncomplete {
            state.outages.ended(.apply)
        }
        switch result {
        case .failure(let error): terminal.show(error, prefix: "the manifests could not be applied")
        case .success(let report):
            for workload in report.created.union(report.changed).sorted(by: { $0.description < $1.description }) {
                group.addTask {
                    inbox.yield(.ready(workload, await Self.result { try await deployment.awaitReady([workload]) }))
                }
            }
        }
    }

    private func followLogs(_ current: CurrentProject) async {
        let selection = LogSelection { [logs] in current.value.shows($0, logs) }
        await LogPrinter(project: current, terminal: terminal)
            .follow(target, of: { current.value.workloads }, selection)
    }

    // MARK: - Changes of what is watched, of devloop.json and the manifests

    /// Watches what counts now. What changes from the return of this on is noticed.
    private func watch(_ configuration: Configuration, _ watcher: TreeWatcher) async -> WatchedPaths {
        let paths = WatchedPaths(configuration, builder: builderKind)
        for problem in paths.problems { terminal.warning(problem) }
        await watcher.update(roots: paths.roots)
        return paths
    }

    /// Which images of a configuration are built on others now.
    private func dependencies(of configuration: Configuration) -> ImageDependencies {
        ImageDependencies(configuration, builder: builderKind)
    }

    /// Takes up what the Dockerfiles and devloop.json say now of images that are built on others. What builds on each
    /// other is told, and left aside.
    private func followDependencies(
        _ state: inout State, _ current: CurrentProject, noticed: ContinuousClock.Instant
    ) -> [WorkPlan.Action] {
        // Of what is loaded: nobody would build a base that is not.
        let configuration = current.value.configuration
        let (old, new) = (state.dependencies, dependencies(of: configuration))
        guard new != old else { return [] }
        do {
            try new.checkOrder(configuration)
        } catch {
            terminal.show(error, prefix: "what the Dockerfiles build on is left aside")
            return []
        }
        state.dependencies = new
        var actions: [WorkPlan.Action] = []
        // Those that are named otherwise now first: what builds on them finds them by that name.
        for (service, names) in new.names.sorted(by: { $0.key < $1.key })
        where names != old.names[service] && state.plan.hasBegun(service) {
            let users = new.bases.filter { $0.value.contains(service) }.keys.sorted()
            actions += state.plan.changed(
                service, .init(files: ["a Dockerfile of \(users.joined(separator: ", "))"], noticed: noticed))
        }
        return actions + state.plan.build(on: new.bases)
    }

    /// Reads devloop.json and the manifests again. What devloop.json names is watched before it is read.
    private func load(
        _ files: [String], _ state: inout State, in group: inout DiscardingTaskGroup, _ current: CurrentProject,
        _ inbox: AsyncStream<Event>.Continuation, _ watcher: TreeWatcher
    ) async {
        state.unread += files.filter { !state.unread.contains($0) }
        state.loadsAgain = state.isLoading
        guard !state.isLoading else { return }
        state.isLoading = true
        if let configuration = try? loader.configuration(isComplete: false), configuration != state.watched {
            for service in current.value.services
            where !configuration.services.contains(where: { $0.buildRequest == service.configuration.buildRequest }) {
                state.unwatched.insert(service.name)
            }
            state.watched = configuration
            state.paths = await watch(configuration, watcher)
        }
        group.addTask {
            inbox.yield(
                .loaded(
                    await Self.result {
                        try await loader.load(namespace: target.namespace, builder: builderKind)
                    }))
        }
    }

    private func finishLoading(
        _ result: Result<Project, any Error>, _ state: inout State, in group: inout DiscardingTaskGroup,
        _ current: CurrentProject, _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation
    ) async -> [WorkPlan.Action] {
        if case .failure(let error as TargetError) = result, error.severity == .unavailable {
            retryLater(.load, error, &state, in: &group, inbox)
            return []
        }
        state.outages.ended(.load)
        switch result {
        case .success(let project):
            defer { state.unread = [] }
            return await adopt(project, &state, in: &group, current, deployment, inbox)
        case .failure(let error):
            terminal.show(error, prefix: "the change of \(state.unread.joined(separator: ", ")) is left aside")
            return []
        }
    }

    private func adopt(
        _ project: Project, _ state: inout State, in group: inout DiscardingTaskGroup, _ current: CurrentProject,
        _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation
    ) async -> [WorkPlan.Action] {
        let before = current.value
        let change = ProjectChange(from: before, to: project, files: state.unread, unwatched: state.unwatched)
        if !change.settingsThatNeedARestart.isEmpty {
            terminal.warning(
                "devloop.json: \(change.settingsThatNeedARestart.joined(separator: ", ")) changed; that takes effect "
                    + "when devloop starts again")
        }
        current.value = project
        await deployment.forgetRemovedServices()
        terminal.setServices(project.services.map(\.name))
        for notice in project.notices where !before.notices.contains(notice) { terminal.warning(notice) }
        var actions = change.removed.flatMap { state.plan.removed($0) }
        actions += followDependencies(&state, current, noticed: .now)
        actions += state.plan.changed(
            project.services.compactMap { service in
                change.changed[service.name].map { (service.name, .init(files: $0, noticed: .now)) }
            })
        state.unwatched = []
        if change.appliesManifests {
            terminal.status("applying the manifests again")
            await apply(in: &group, deployment, inbox)
        }
        return actions
    }

    private func apply(
        in group: inout DiscardingTaskGroup, _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation
    ) async {
        // From now on each pass waits for what it may need of this.
        let apply = await deployment.begin()
        group.addTask { inbox.yield(.applied(await Self.result { try await deployment.finish(apply) })) }
    }

    private func applyAgain(
        in group: inout DiscardingTaskGroup, _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation
    ) {
        group.addTask { inbox.yield(.applied(await Self.result { try await deployment.applyAgain() })) }
    }

    private static func result<Success: Sendable>(
        _ body: @Sendable () async throws -> Success
    ) async -> Result<Success, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}

extension TargetError {
    /// Why it failed, without what failed: the tool's words where there are any.
    fileprivate var reason: String { details.isEmpty ? summary : details.joined(separator: "\n") }

    /// The failure with the service that it is about in front.
    fileprivate func about(_ service: String) -> TargetError {
        var copy = self
        copy.summary = "\(service): \(summary)"
        return copy
    }
}
