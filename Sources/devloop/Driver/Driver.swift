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
    private static let retryDelay = Duration.seconds(2)

    private enum Event: Sendable {
        case changes(ChangeBatch)
        case fact(Fact)
    }

    /// Runs until the task is cancelled; returns after everything that it began has ended.
    /// - Parameter watcher: watches the project's paths, and has its baseline already: what is saved from then on is
    ///   built.
    /// - Returns: the project as it was at the end.
    func run(_ project: Project, watcher: TreeWatcher) async -> Project {
        let current = CurrentProject(project)
        let (events, inbox) = AsyncStream.makeStream(of: Event.self)
        let tell = { @Sendable (fact: Fact) -> Void in inbox.yield(.fact(fact)) }
        let deployment = Deployment(
            project: current, target: target,
            file: { [loader] in await loader.file(of: $0, in: current.value.configuration) },
            onLoss: { tell(.lost) })
        await withDiscardingTaskGroup { group in
            var loop = Loop(project, jobs: jobs)
            var controls: [String: PassControl] = [:]
            /// What the watcher's changes mean.
            var paths: WatchedPaths?

            /// - Returns: what came of it, where nothing else may come before it.
            func perform(_ effect: Effect) async -> Fact? {
                switch effect {
                case .say(let report): terminal.say(report)
                case .survey(let watched, let built):
                    let surveyed = WatchedPaths(watched, builder: builderKind)
                    paths = surveyed
                    await watcher.update(roots: surveyed.roots)
                    return .surveyed(
                        problems: surveyed.problems, ImageDependencies(built, builder: builderKind))
                case .readConfiguration: return .configuration(try? loader.configuration(isComplete: false))
                case .adopt(let project):
                    current.value = project
                    await deployment.forgetRemovedServices()
                    terminal.setServices(project.services.map(\.name))
                case .stop(let service): controls[service]?.stop()
                case .start(let request):
                    let service = request.service.name
                    let control = PassControl { tell(.entered($0, service: service)) }
                    controls[service] = control
                    let pass = Pass(
                        request: request, builder: builder, target: target, deployment: deployment, control: control,
                        onBuildLine: { [terminal] line in
                            if terminal.verbosity == .verbose { terminal.log(service: service, line: line) }
                        },
                        onBuilt: { tell(.built($0, service: service)) },
                        onNotice: { [terminal] in terminal.say(.passNotice(service: service, $0)) })
                    group.addTask {
                        let outcome = await pass.run()
                        tell(.ended(outcome, service: service, await deployment.aftermath()))
                    }
                case .apply:
                    // From now on each pass waits for what it may need of this.
                    let apply = await deployment.begin()
                    group.addTask {
                        let result = await Self.result { try await deployment.finish(apply) }
                        tell(.applied(result, await deployment.aftermath()))
                    }
                case .applyAgain:
                    group.addTask {
                        let result = await Self.result { try await deployment.applyAgain() }
                        tell(.applied(result, await deployment.aftermath()))
                    }
                case .awaitReady(let workload):
                    group.addTask {
                        tell(.ready(workload, await Self.result { try await deployment.awaitReady([workload]) }))
                    }
                case .load:
                    group.addTask {
                        tell(
                            .loaded(
                                await Self.result {
                                    try await loader.load(namespace: target.namespace, builder: builderKind)
                                }))
                    }
                case .retryLater(let step):
                    group.addTask {
                        guard (try? await Task.sleep(for: Self.retryDelay)) != nil else { return }
                        tell(.retryDue(step))
                    }
                }
                return nil
            }

            func perform(_ effects: [Effect]) async {
                for effect in effects {
                    guard let fact = await perform(effect) else { continue }
                    await perform(loop.handle(fact, at: .now))
                }
            }

            group.addTask { for await batch in watcher.batches { inbox.yield(.changes(batch)) } }
            group.addTask {
                for await notice in watcher.notices { tell(.watching("\(notice.rootID): \(notice.message)")) }
            }
            group.addTask { await followLogs(current) }
            await perform(loop.begin())
            for await event in events {
                let fact: Fact
                switch event {
                case .changes(let batch):
                    guard let impact = paths?.impact(of: batch) else { continue }
                    fact = .changes(impact, noticed: batch.firstNoticed)
                case .fact(let other): fact = other
                }
                if case .ended(_, let service, _) = fact { controls[service] = nil }
                await perform(loop.handle(fact, at: .now))
            }
            group.cancelAll()
        }
        return current.value
    }

    private func followLogs(_ current: CurrentProject) async {
        let selection = LogSelection { [logs] in current.value.shows($0, logs) }
        await LogPrinter(project: current, terminal: terminal)
            .follow(target, of: { current.value.workloads }, selection)
    }

    private static func result<Success: Sendable>(
        _ body: @Sendable () async throws -> Success
    ) async -> Result<Success, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
