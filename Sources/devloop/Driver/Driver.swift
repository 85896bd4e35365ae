import Runner
import Watcher

/// Carries out what the ``Loop`` wants done, in one task group, and tells it what comes of it.
struct Driver: Sendable {
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

    /// How long after a failure for want of Docker or the cluster a step is tried again.
    fileprivate static let retryDelay = Duration.seconds(2)

    /// Runs until the task is cancelled; returns after everything that it began has ended.
    /// - Parameter watcher: watches the project's paths, and has its baseline already: what is saved from then on is
    ///   built.
    /// - Returns: the project as it was at the end.
    func run(_ project: Project, watcher: TreeWatcher) async -> Project {
        let current = CurrentProject(project)
        let (inputs, inbox) = AsyncStream.makeStream(of: DriverRun.Input.self)
        await withDiscardingTaskGroup { group in
            group.addTask { for await batch in watcher.batches { inbox.yield(.changes(batch)) } }
            group.addTask {
                for await notice in watcher.notices {
                    inbox.yield(.fact(.watching("\(notice.rootID): \(notice.message)")))
                }
            }
            group.addTask { await followLogs(current) }
            var run = DriverRun(driver: self, watcher: watcher, current: current, inbox: inbox)
            await run.begin(in: &group)
            for await input in inputs { await run.take(input, in: &group) }
            group.cancelAll()
        }
        return current.value
    }

    private func followLogs(_ current: CurrentProject) async {
        let selection = LogSelection { [logs] in current.value.shows($0, logs) }
        await LogPrinter(project: current, terminal: terminal)
            .follow(target, of: { current.value.workloads }, selection)
    }
}

/// One run of the loop, with what is there only while it lasts.
private struct DriverRun {
    enum Input: Sendable {
        case changes(ChangeBatch)
        case fact(Fact)
    }

    private let driver: Driver
    private let watcher: TreeWatcher
    private let current: CurrentProject
    private let deployment: Deployment
    private let tell: @Sendable (Fact) -> Void
    private var loop: Loop
    private var controls: [String: PassControl] = [:]
    /// What the watcher's changes mean.
    private var paths: WatchedPaths?

    init(
        driver: Driver, watcher: TreeWatcher, current: CurrentProject, inbox: AsyncStream<Input>.Continuation
    ) {
        (self.driver, self.watcher, self.current) = (driver, watcher, current)
        let tell = { @Sendable (fact: Fact) -> Void in inbox.yield(.fact(fact)) }
        self.tell = tell
        deployment = Deployment(
            project: current, target: driver.target,
            file: { [loader = driver.loader] in await loader.file(of: $0, in: current.value.configuration) },
            onLoss: { tell(.lost) })
        loop = Loop(current.value, jobs: driver.jobs)
    }

    mutating func begin(in group: inout DiscardingTaskGroup) async { await perform(loop.begin(), in: &group) }

    mutating func take(_ input: Input, in group: inout DiscardingTaskGroup) async {
        switch input {
        case .changes(let batch):
            guard let impact = paths?.impact(of: batch) else { return }
            await take(.changes(impact, noticed: batch.firstNoticed), in: &group)
        case .fact(let fact): await take(fact, in: &group)
        }
    }

    private mutating func take(_ fact: Fact, in group: inout DiscardingTaskGroup) async {
        if case .ended(_, let service, _) = fact { controls[service] = nil }
        await perform(loop.handle(fact, at: .now), in: &group)
    }

    private mutating func perform(_ effects: [Effect], in group: inout DiscardingTaskGroup) async {
        for effect in effects {
            // What came of it comes before anything else.
            if let fact = await perform(effect, in: &group) { await take(fact, in: &group) }
        }
    }

    /// - Returns: what came of it, where nothing else may come before that.
    private mutating func perform(_ effect: Effect, in group: inout DiscardingTaskGroup) async -> Fact? {
        let (deployment, target, loader, kind) = (deployment, driver.target, driver.loader, driver.builderKind)
        switch effect {
        case .say(let report): driver.terminal.say(report)
        case .survey(let watched, let built): return await survey(watched, built)
        case .readConfiguration: return .configuration(try? loader.configuration(isComplete: false))
        case .adopt(let project):
            current.value = project
            await deployment.forgetRemovedServices()
            driver.terminal.setServices(project.services.map(\.name))
        case .stop(let service): controls[service]?.stop()
        case .start(let request): start(request, in: &group)
        case .apply:
            // From now on each pass waits for what it may need of this.
            let apply = await deployment.begin()
            run(in: &group) {
                let result = await Result { try await deployment.finish(apply) }
                return .applied(result, await deployment.aftermath())
            }
        case .applyAgain:
            run(in: &group) {
                let result = await Result { try await deployment.applyAgain() }
                return .applied(result, await deployment.aftermath())
            }
        case .awaitReady(let workload):
            run(in: &group) {
                .ready(workload, await Result { try await deployment.awaitReady([workload]) })
            }
        case .load:
            run(in: &group) {
                .loaded(await Result { try await loader.load(namespace: target.namespace, builder: kind) })
            }
        case .retryLater(let step):
            run(in: &group) {
                // At the end nobody listens any more.
                try? await Task.sleep(for: Driver.retryDelay)
                return .retryDue(step)
            }
        }
        return nil
    }

    private func run(in group: inout DiscardingTaskGroup, _ body: @escaping @Sendable () async -> Fact) {
        group.addTask { [tell] in tell(await body()) }
    }

    private mutating func survey(_ watched: Configuration, _ built: Configuration) async -> Fact {
        let surveyed = WatchedPaths(watched, builder: driver.builderKind)
        paths = surveyed
        await watcher.update(roots: surveyed.roots)
        return .surveyed(
            problems: surveyed.problems, ImageDependencies(built, builder: driver.builderKind))
    }

    private mutating func start(_ request: PassRequest, in group: inout DiscardingTaskGroup) {
        let (service, tell, terminal) = (request.service.name, tell, driver.terminal)
        let control = PassControl { tell(.entered($0, service: service)) }
        controls[service] = control
        let pass = Pass(
            request: request, builder: driver.builder, target: driver.target, deployment: deployment, control: control,
            onBuildLine: { if terminal.verbosity == .verbose { terminal.log(service: service, line: $0) } },
            onBuilt: { tell(.built($0, service: service)) },
            onNotice: { terminal.say(.passNotice(service: service, $0)) })
        run(in: &group) { [deployment] in
            let outcome = await pass.run()
            return .ended(outcome, service: service, await deployment.aftermath())
        }
    }
}
