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
    /// What builds.
    let ability: BuilderAbility
    /// What is remembered of containers from one run to the next.
    let altered: AlteredServices
    /// What was built, from one run to the next.
    let images: BuiltImages
    /// What images were built with.
    let secrets: BuiltSecrets
    /// Which ports are forwarded.
    var forwarding = Forwarding.configured

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
            group.addTask {
                await followLogs(current) { inbox.yield(.fact($0)) }
            }
            var run = DriverRun(driver: self, watcher: watcher, current: current, inbox: inbox)
            await run.begin(in: &group)
            for await input in inputs { await run.take(input, in: &group) }
            group.cancelAll()
            await run.relay?.close()
            for service in run.outdatedImages { terminal.say(.imageIsBehind(service: service)) }
        }
        return current.value
    }

    private func followLogs(
        _ current: CurrentProject, tell: @escaping @Sendable (Fact) -> Void
    ) async {
        let endpoints = EndpointInterest(namespaces: { current.value.forwardedNamespaces }) {
            tell(.endpoint($0, isGone: $1))
        }
        let selection = LogSelection(isShown: { [logs] in current.value.shows($0, logs) }, endpoints: endpoints)
        await LogPrinter(project: current, terminal: terminal, onRunning: { tell(.running($0, $1)) })
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
    private let tell: @Sendable (Fact) -> Void
    private var loop: Loop
    /// What is being done for the pass of each service.
    private var steps: [String: [Task<Fact, Never>]] = [:]
    private let channels = SyncChannels()
    /// The ports of this machine, once there is one.
    private(set) var relay: PortRelay?
    /// Whether there can be none.
    private var hasNoRelay = false
    /// What the watcher's changes mean.
    private var paths: WatchedPaths?

    init(
        driver: Driver, watcher: TreeWatcher, current: CurrentProject, inbox: AsyncStream<Input>.Continuation
    ) {
        (self.driver, self.watcher, self.current) = (driver, watcher, current)
        tell = { inbox.yield(.fact($0)) }
        loop = Loop(
            current.value, jobs: driver.jobs, startsContainersInApply: driver.target.startsContainersInApply,
            altered: driver.altered.names, images: driver.images.history, forwarding: driver.forwarding, at: .now)
    }

    /// The services whose images lack what was brought into their containers.
    var outdatedImages: [String] { current.value.services.map(\.name).filter(loop.syncs.isBehind) }

    mutating func begin(in group: inout DiscardingTaskGroup) async { await perform(loop.begin(), in: &group) }

    mutating func take(_ input: Input, in group: inout DiscardingTaskGroup) async {
        switch input {
        case .changes(let batch):
            guard let impact = paths?.impact(of: batch) else { return }
            await take(.changes(impact, noticed: batch.firstNoticed), in: &group)
        case .fact(let fact):
            if case .running(let workload, let containers) = fact { channels.keep(containers, of: workload) }
            await take(fact, in: &group)
        }
    }

    private mutating func take(_ fact: Fact, in group: inout DiscardingTaskGroup) async {
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
        let (target, builder, loader, ability) = (driver.target, driver.builder, driver.loader, driver.ability)
        let (terminal, secrets) = (driver.terminal, driver.secrets)
        switch effect {
        case .say(let report): terminal.say(report)
        case .survey(let watched, let built): return await survey(watched, built)
        case .readConfiguration: return .configuration(try? loader.configuration(isComplete: false))
        case .adopt(let project):
            current.value = project
            terminal.setServices(project.services.map(\.name))
            target.followsOthers()
        case .forward(let ports): forward(ports)
        case .findService(let service):
            run(in: &group) {
                let ports = await Result { try await target.servicePorts(service.name, namespace: service.namespace) }
                return .foundService(ports, service)
            }
        case .load:
            run(in: &group) {
                .loaded(await Result { try await loader.load(namespace: target.namespace, builder: ability) })
            }
        case .build(var request, let service):
            steps[service] = []
            request.givesWay = request.givesWay && ability.kind.canGiveWay
            step(of: service, in: &group) { [request, images = driver.images] in
                let image = await Result {
                    let image = try await secrets.build(request, of: service, with: builder) {
                        terminal.say(.secretsChanged(service: service))
                    } onLine: { line in
                        if terminal.verbosity == .verbose { terminal.log(service: service, line: line) }
                    }
                    images.note { $0.add(image) }
                    return image
                }
                return .built(image, service: service)
            }
        case .search(let image, let paths, let service):
            step(of: service, in: &group) {
                .searched(await Result { try await builder.paths(paths, in: image.id) }, service: service)
            }
        case .look(let look, let service):
            step(of: service, in: &group) {
                .looked(await Result { try await target.running(look) }, service: service)
            }
        case .deliver(let image, let service):
            step(of: service, in: &group) {
                let delivered = await Result {
                    try await target.deliver(image) { terminal.say(.passNotice(service: service, $0)) }
                }
                return .delivered(delivered, service: service)
            }
        case .verify(let image, let names, let workloads, let service):
            step(of: service, in: &group) {
                let notices = await Result {
                    var notices: [String] = []
                    for workload in workloads {
                        notices += try await target.verify(image, among: names, runsIn: workload)
                    }
                    return notices
                }
                return .verified(notices, service: service)
            }
        case .stop(let service): for step in steps[service] ?? [] { step.cancel() }
        case .ask(let call, let id):
            run(in: &group) { [current] in
                .answered(id, await Result { try await target.answer(call, loader, current.value.configuration) })
            }
        case .awaitReady(let workload, let service):
            step(of: service, in: &group) {
                .ready(workload, await Result { try await target.waitUntilReady(workload) }, service: service)
            }
        case .sync(let request):
            let service = current.value.services.first { $0.name == request.service }
            guard let context = service?.configuration.context else { return nil }
            run(in: &group) { [channels] in
                let result = await channels.send(
                    request.entries(in: context), then: request.actions, to: request.container
                ) {
                    try target.channel(to: request.container)
                }
                return .synced(result, container: request.container.id, service: request.service)
            }
        case .note(let service, let isAltered): driver.altered.note(service, isAltered: isAltered)
        case .learn(let question):
            let files = paths?.files(of: question.service.name)
            run(in: &group) {
                let image = try? await builder.configuration(of: question.image)
                return .learned(image.map { Takeup(question, image: $0, files: files) }, question)
            }
        case .removeImages(let superseded):
            run(in: &group) { [images = driver.images] in
                // Also where the loop ends meanwhile: it takes a moment.
                let gone = await Task { (try? await builder.remove(superseded)) ?? [] }.value
                images.note { $0.remove(gone) }
                return .removedImages(gone)
            }
        case .wake(let wake, let delay):
            run(in: &group) {
                // At the end nobody listens any more.
                try? await Task.sleep(for: delay)
                return .woke(wake)
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

    private mutating func forward(_ ports: [ForwardedPort]) {
        if relay == nil, !hasNoRelay, !ports.isEmpty {
            do {
                relay = try driver.target.relay { [tell] in tell(.port($0)) }
            } catch {
                hasNoRelay = true
                driver.terminal.say(.notReady(error))
            }
        }
        relay?.set(ports)
    }

    private func run(in group: inout DiscardingTaskGroup, _ body: @escaping @Sendable () async -> Fact) {
        group.addTask { [tell] in tell(await body()) }
    }

    /// Does something for the pass of a service, so that it can be ended.
    private mutating func step(
        of service: String?, in group: inout DiscardingTaskGroup, _ body: @escaping @Sendable () async -> Fact
    ) {
        guard let service else { return run(in: &group, body) }
        let task = Task { await body() }
        steps[service, default: []].append(task)
        run(in: &group) {
            await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }

    private mutating func survey(_ watched: Configuration, _ built: Configuration) async -> Fact {
        let surveyed = WatchedPaths(watched, builder: driver.ability.kind)
        paths = surveyed
        await watcher.update(roots: surveyed.roots)
        return .surveyed(
            problems: surveyed.problems, ImageDependencies(built, builder: driver.ability.kind))
    }
}

extension Target {
    /// What an image was delivered as, where all of the workloads run it; `nil` where one does not.
    fileprivate func running(_ look: Look) async throws -> DeliveredImage? {
        var result = look.known
        for workload in look.workloads {
            if let known = look.known {
                guard try await runs(known, among: look.names, in: workload) else { return nil }
            } else {
                guard let found = try await delivered(look.image, among: look.names, runningIn: workload) else {
                    return nil
                }
                result = found
            }
        }
        return result
    }

    fileprivate func answer(
        _ call: Deployment.Call, _ loader: ProjectLoader, _ configuration: Configuration
    ) async throws -> Deployment.Answer {
        switch call {
        case .leftovers(let objects): return .leftovers(try await leftovers(besides: objects))
        case .letGo(let objects): return .letGo(try await letGo(of: objects))
        case .apply(let objects, let images): return .applied(try await apply(objects, images: images))
        case .restart(let workload, let images):
            try await restart(workload, images: images)
            return .restarted
        case .locate(let objects):
            var files: [KubernetesObject.Identity: String] = [:]
            for object in objects { files[object] = await loader.file(of: object, in: configuration) }
            return .located(files)
        }
    }
}
