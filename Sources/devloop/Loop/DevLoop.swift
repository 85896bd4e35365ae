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
    /// Whether the builder builds only the stages that an image needs.
    let builderSkipsStages: Bool

    private enum Event: Sendable {
        case changes(ChangeBatch)
        case watching(WatchNotice)
        case entered(WorkPlan.Stage, service: String)
        case ended(Pass.Outcome, service: String, WorkPlan.Cause)
        case retry(service: String, WorkPlan.Cause)
        case loaded(Result<Project, any Error>, WatchedPaths.Impact)
        case applied(Result<ApplyReport, any Error>)
        case ready(Result<[Workload], any Error>)
    }

    /// How long after a failure for want of Docker or the cluster a pass is tried again.
    private static let retryDelay = Duration.seconds(2)

    /// Runs until the task is cancelled; returns after all children have ended.
    /// - Parameter watcher: watches the project's paths, and has its baseline already: what is saved from then on is
    ///   built.
    func run(_ project: Project, watcher: TreeWatcher) async {
        let current = CurrentProject(project)
        let deployment = Deployment(project: current, target: target)
        let (events, inbox) = AsyncStream.makeStream(of: Event.self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await batch in watcher.batches { inbox.yield(.changes(batch)) } }
            group.addTask { for await notice in watcher.notices { inbox.yield(.watching(notice)) } }
            group.addTask { await followLogs(current) }
            await deployment.begin {
                let result = await Self.result { try await deployment.applyAll() }
                inbox.yield(.applied(result))
            }
            // A Dockerfile may have been saved between its being read and the baseline.
            let paths = await watch(project.configuration, watcher)
            var state = State(plan: WorkPlan(jobs: jobs), paths: paths)
            let start = WorkPlan.Cause(noticed: .now)
            terminal.status("building \(project.services.map(\.name).joined(separator: ", "))")
            for service in project.services {
                let actions = state.plan.changed(service.name, start)
                perform(actions, &state, in: &group, current, deployment, inbox)
            }
            for await event in events {
                await handle(event, &state, in: &group, current, deployment, inbox, watcher)
            }
            group.cancelAll()
            await deployment.cancelFirstApply()
        }
    }

    private struct State {
        var plan: WorkPlan
        var paths: WatchedPaths
        var controls: [String: PassControl] = [:]
        /// What is being loaded again, and what came meanwhile.
        var isLoading = false
        var pending: WatchedPaths.Impact?
        /// The failures that were told and still last, by service.
        var unavailable: [String: TargetError] = [:]
    }

    private func handle(
        _ event: Event, _ state: inout State, in group: inout TaskGroup<Void>, _ current: CurrentProject,
        _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation, _ watcher: TreeWatcher
    ) async {
        var actions: [WorkPlan.Action] = []
        switch event {
        case .changes(let batch):
            let impact = state.paths.impact(of: batch)
            // Before a build begins: what is saved after it took its files has to count by then.
            if impact.filters { state.paths = await watch(current.value.configuration, watcher) }
            for (service, files) in impact.services.sorted(by: { $0.key < $1.key }) {
                actions += state.plan.changed(service, .init(files: files, noticed: batch.firstNoticed))
            }
            if impact.configuration || !impact.manifests.isEmpty {
                load(impact, &state, in: &group, inbox)
            }
        case .watching(let notice): terminal.warning("\(notice.rootID): \(notice.message)")
        case .entered(let stage, let service): actions = state.plan.entered(stage, service)
        case .ended(let outcome, let service, let cause):
            state.controls[service] = nil
            await report(outcome, service, cause, &state, in: &group, deployment, inbox)
            actions = state.plan.ended(service)
        case .retry(let service, let cause): actions = state.plan.changed(service, cause)
        case .loaded(.success(let project), let impact):
            actions = await adopt(project, impact, &state, in: &group, current, deployment, inbox, watcher)
            finishLoading(&state, in: &group, inbox)
        case .loaded(.failure(let error), let impact):
            let files = (impact.configuration ? ["devloop.json"] : []) + impact.manifests
            terminal.show(error, prefix: "the change of \(files.joined(separator: ", ")) is left aside")
            finishLoading(&state, in: &group, inbox)
        case .applied(let result): await reportApply(result, in: &group, deployment, inbox)
        case .ready(.success(let workloads)):
            terminal.status(workloads.map(\.description).joined(separator: ", ") + " ready", mark: .success)
        case .ready(.failure(let error)): terminal.show(error)
        }
        perform(actions, &state, in: &group, current, deployment, inbox)
    }

    private func perform(
        _ actions: [WorkPlan.Action], _ state: inout State, in group: inout TaskGroup<Void>, _ current: CurrentProject,
        _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation
    ) {
        for action in actions {
            switch action {
            case .stop(let service): state.controls[service]?.stop()
            case .start(let name, let cause):
                guard let service = current.value.services.first(where: { $0.name == name }) else {
                    inbox.yield(.ended(.stopped, service: name, cause))
                    continue
                }
                if let file = cause.files.first {
                    let others = cause.files.count > 1 ? " and \(cause.files.count - 1) more" : ""
                    terminal.status("\(name): \(file)\(others) changed, building")
                }
                let control = PassControl { inbox.yield(.entered($0, service: name)) }
                state.controls[name] = control
                let pass = Pass(
                    service: service, cause: cause, builder: builder, target: target, deployment: deployment,
                    control: control,
                    onBuildLine: { [terminal] line in
                        if terminal.verbosity == .verbose { terminal.log(service: name, line: line) }
                    })
                group.addTask { inbox.yield(.ended(await pass.run(), service: name, cause)) }
            }
        }
    }

    // MARK: - What is told

    private func report(
        _ outcome: Pass.Outcome, _ service: String, _ cause: WorkPlan.Cause, _ state: inout State,
        in group: inout TaskGroup<Void>, _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation
    ) async {
        for notice in await deployment.takeNotices() { terminal.status(notice) }
        if case .failed(var error) = outcome, error.severity == .unavailable {
            error.advice = [error.advice, "devloop goes on trying"].compactMap { $0 }.joined(separator: "; ")
            // It is told once, and tried again until it is back: the edit must not be lost.
            if state.unavailable.updateValue(error, forKey: service)?.summary != error.summary {
                terminal.error(error.about(service))
            }
            group.addTask {
                guard (try? await Task.sleep(for: Self.retryDelay)) != nil else { return }
                inbox.yield(.retry(service: service, cause))
            }
            return
        }
        state.unavailable[service] = nil
        switch outcome {
        case .live(let summary): terminal.status(summary)
        case .waiting(let summary, let others):
            terminal.status("\(summary.text); it starts together with \(others.joined(separator: ", "))")
        case .failed(var error):
            error.advice = error.advice ?? "fix it and save: the next save tries again"
            terminal.error(error.about(service))
        case .stopped: break
        }
    }

    private func reportApply(
        _ result: Result<ApplyReport, any Error>, in group: inout TaskGroup<Void>, _ deployment: Deployment,
        _ inbox: AsyncStream<Event>.Continuation
    ) async {
        for notice in await deployment.takeNotices() { terminal.status(notice) }
        switch result {
        case .failure(let error): terminal.show(error, prefix: "the manifests could not be applied")
        case .success(let report):
            let workloads = report.created.union(report.changed).sorted { $0.description < $1.description }
            guard !workloads.isEmpty else { return }
            group.addTask {
                let result = await Self.result {
                    try await deployment.awaitReady(workloads)
                    return workloads
                }
                inbox.yield(.ready(result))
            }
        }
    }

    private func followLogs(_ current: CurrentProject) async {
        let selection = LogSelection { [logs] in current.value.shows($0, logs) }
        await LogPrinter(project: current, terminal: terminal).follow(
            target, of: { current.value.workloads }, selection)
    }

    // MARK: - Changes of what is watched, of devloop.json and the manifests

    /// Watches what counts now. What changes from the return of this on is noticed.
    private func watch(_ configuration: Configuration, _ watcher: TreeWatcher) async -> WatchedPaths {
        let paths = WatchedPaths(configuration, builderSkipsStages: builderSkipsStages)
        for problem in paths.problems { terminal.warning(problem) }
        await watcher.update(roots: paths.roots)
        return paths
    }

    private func load(
        _ impact: WatchedPaths.Impact, _ state: inout State, in group: inout TaskGroup<Void>,
        _ inbox: AsyncStream<Event>.Continuation
    ) {
        guard !state.isLoading else {
            var pending = state.pending ?? WatchedPaths.Impact()
            pending.manifests += impact.manifests
            pending.configuration = pending.configuration || impact.configuration
            state.pending = pending
            return
        }
        state.isLoading = true
        group.addTask { [loader] in inbox.yield(.loaded(await Self.result { try await loader.load() }, impact)) }
    }

    private func finishLoading(
        _ state: inout State, in group: inout TaskGroup<Void>, _ inbox: AsyncStream<Event>.Continuation
    ) {
        state.isLoading = false
        guard let pending = state.pending else { return }
        state.pending = nil
        load(pending, &state, in: &group, inbox)
    }

    private func adopt(
        _ project: Project, _ impact: WatchedPaths.Impact, _ state: inout State, in group: inout TaskGroup<Void>,
        _ current: CurrentProject, _ deployment: Deployment, _ inbox: AsyncStream<Event>.Continuation,
        _ watcher: TreeWatcher
    ) async -> [WorkPlan.Action] {
        let before = current.value
        let fixed = project.configuration.settingsThatNeedARestart(comparedWith: before.configuration)
        if !fixed.isEmpty {
            terminal.warning(
                "devloop.json: \(fixed.joined(separator: ", ")) changed; that takes effect when devloop starts again")
        }
        current.value = project
        await deployment.forgetRemovedServices()
        if impact.configuration {
            state.paths = await watch(project.configuration, watcher)
            terminal.setServices(project.services.map(\.name))
        }
        var actions: [WorkPlan.Action] = []
        for service in before.services where !project.services.contains(where: { $0.name == service.name }) {
            actions += state.plan.removed(service.name)
        }
        for service in project.services {
            let old = before.services.first { $0.name == service.name }
            if old?.configuration.buildRequest != service.configuration.buildRequest
                || old?.workloads != service.workloads
            {
                actions += state.plan.changed(service.name, .init(files: ["devloop.json"], noticed: .now))
            }
        }
        if before.objects != project.objects {
            terminal.status("applying the manifests again")
            group.addTask { inbox.yield(.applied(await Self.result { try await deployment.applyAll() })) }
        }
        return actions
    }

    private static func result<Success: Sendable>(
        _ body: @Sendable () async throws -> Success
    ) async -> Result<Success, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}

extension Configuration {
    /// The keys that another value was given for and that are settled when devloop starts.
    fileprivate func settingsThatNeedARestart(comparedWith other: Configuration) -> [String] {
        [
            ("name", name != other.name), ("target", target != other.target),
            ("kubeContext", kubeContext != other.kubeContext), ("namespace", namespace != other.namespace),
            ("registry", registry != other.registry), ("watch", watch != other.watch),
        ].filter(\.1).map(\.0)
    }
}

extension TargetError {
    /// The failure with the service that it is about in front.
    fileprivate func about(_ service: String) -> TargetError {
        var copy = self
        copy.summary = "\(service): \(summary)"
        return copy
    }
}
