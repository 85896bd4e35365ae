import Runner

/// What changes of files come to where containers take them up: see ``SyncPlan``.
extension Loop {
    /// How long saving must pause before the image is made anew.
    static let quietDelay = Duration.seconds(2)
    /// How long what was saved waits for a container to come up.
    static let patience = Duration.seconds(5)
    /// After how long it is said that a program still runs which holds up what is saved.
    static let slowness = Duration.seconds(5)
    /// How long after a failure a container is tried again.
    static let retryDelay = Duration.milliseconds(300)

    // MARK: - Changes

    /// Takes the changed files of services into containers that run, or into builds.
    mutating func take(up changes: [String: [FileChange]], noticed: ContinuousClock.Instant) -> [Effect] {
        var effects: [Effect] = []
        var causes: [(service: String, cause: WorkPlan.Cause)] = []
        for (name, changes) in changes.sorted(by: { $0.key < $1.key }) {
            if changes.contains(where: \.isBuildFile) { syncs.reconsider(name) }
            let decision = syncs.changed(changes, of: name, isCurrent: plan.isCurrent(name), noticed: noticed)
            if case .built = decision { effects += introduce(name, changes) }
            switch decision {
            case .synced: effects += synced(name)
            case .built(let reason):
                causes.append((name, cause(changes.map(\.path), of: name, noticed: noticed, because: reason)))
            }
        }
        return effects + self.effects(plan.changed(causes))
    }

    /// Says the first time which way the saves of a service go.
    /// - Parameter built: what is built though it could be synced; where there is none, something has arrived.
    private mutating func introduce(_ service: String, _ built: [FileChange]) -> [Effect] {
        guard let takeup = syncs.takeup(of: service) else { return [] }
        let isPlaced = built.allSatisfy { if case .image = $0.place { true } else { false } }
        let report: Report? =
            switch takeup.deafCommand {
            case _ where built.isEmpty: .syncs(service: service, takeup)
            case let command? where isPlaced && !takeup.isPossible && takeup.refusal == nil:
                .buildsOnly(service: service, command: command)
            default: nil
            }
        guard let report, !told.news(["\(service): \(takeup.names)\(takeup.deafCommand ?? "")"]).isEmpty else {
            return []
        }
        return [.say(report)]
    }

    /// What is in no container yet of what was saved before goes into the image too.
    private mutating func cause(
        _ files: [String], of service: String, noticed: ContinuousClock.Instant, because reason: String?
    ) -> WorkPlan.Cause {
        let others = syncs.takeSaves(of: service).filter { !files.contains($0) }
        return WorkPlan.Cause(files: files + others, noticed: noticed, reason: reason)
    }

    /// Files are on their way into the containers of a service; the image is made anew when saving pauses.
    private mutating func synced(_ service: String) -> [Effect] {
        effects(plan.dropQuiet(service)) + send(service)
            + [.wake(.quiet(service, syncs.number), after: Self.quietDelay)] + watchOver(service)
    }

    /// Sends what the containers of a service lack.
    mutating func send(_ service: String) -> [Effect] {
        let requests = syncs.requests(of: service)
        let isNews = !requests.isEmpty && altered.insert(service).inserted
        let slow = requests.filter { $0.program != nil }.map(\.number).unique
        return (isNews ? [.note(service: service, isAltered: true)] : []) + requests.map { .sync($0) }
            + slow.map { .wake(.slow(service, $0), after: Self.slowness) }
    }

    /// What is saved must not wait for ever for a container.
    private func watchOver(_ service: String) -> [Effect] {
        syncs.isStuck(service) ? [.wake(.stuck(service, syncs.number), after: Self.patience)] : []
    }

    // MARK: - Containers

    /// The containers of a workload that run are these now.
    mutating func running(_ workload: Workload, _ containers: [RunningContainer]) -> [Effect] {
        var effects: [Effect] = []
        for service in project.services where service.workloads.contains(workload) {
            let users = containers.filter { project.images.image(meantBy: $0.image) == service.configuration.image }
            effects += follow(syncs.running(users, of: workload, service.name), of: service.name)
            effects += send(service.name) + watchOver(service.name)
        }
        return effects
    }

    /// A container has acknowledged files, or not.
    mutating func sent(
        _ result: Result<SyncReceipt, SyncError>, to container: String, _ service: String
    ) -> [Effect] {
        let failed = (try? result.get())?.failedRun.map { [Effect.say(.runFailed(service: service, $0))] } ?? []
        return follow(syncs.sent(result, to: container, of: service), of: service) + failed
    }

    private mutating func follow(_ consequences: [SyncPlan.Consequence], of service: String) -> [Effect] {
        var effects: [Effect] = []
        for consequence in consequences {
            switch consequence {
            case .arrived(let arrival):
                effects += introduce(service, [])
                effects.append(
                    .say(.synced(service: service, arrival.files, arrival.actions, time - arrival.noticed)))
            case .retry: return effects + [.wake(.retry(service), after: Self.retryDelay)]
            case .fallBack(let files, let noticed, let error):
                if !told.news(["\(service): \(error.news)"]).isEmpty {
                    effects.append(.say(.notSynced(service: service, error)))
                }
                // As after a `kubectl rollout undo`.
                if error.reason.kind == .notRestartable,
                    let service = project.services.first(where: { $0.name == service })
                {
                    deployment.mistrust(service)
                }
                effects += build(files, of: service, noticed: noticed ?? time)
            }
        }
        return effects + send(service)
    }

    private mutating func build(_ files: [String], of service: String, noticed: ContinuousClock.Instant) -> [Effect] {
        effects(plan.changed(service, cause(files, of: service, noticed: noticed, because: nil)))
    }

    // MARK: - Images

    /// A pass has its image. How the containers take up changes may be another way with it.
    mutating func built(_ image: BuiltImage, _ pass: Pass) -> [Effect] {
        let service = pass.request.service
        syncs.built(image.id, service.name, isQuiet: pass.request.cause.isQuiet)
        // As it is in devloop.json now.
        let newest = project.services.first { $0.name == service.name } ?? service
        return pass.request.cause.isQuiet ? [] : learn(newest, image.id)
    }

    /// The image of a service has a digest in the registry, by which containers are known to run it.
    mutating func delivered(_ digest: String?, _ service: String) -> [Effect] {
        syncs.delivered(digest, service)
        return send(service)
    }

    /// Has it found out whether the containers of a service take up changes, where that may be another way by now.
    private mutating func learn(_ service: Project.Service, _ image: String) -> [Effect] {
        let isLookedFor = service.configuration.sync != .off && !service.workloads.isEmpty
        let containers = isLookedFor ? project.containers(of: service) ?? [] : []
        let question =
            containers.isEmpty
            ? nil : TakeupQuestion(service: service.configuration, image: image, containers: containers)
        guard question != questions[service.name] else { return [] }
        if question?.containers != questions[service.name]?.containers { syncs.reconsider(service.name) }
        questions[service.name] = question
        syncs.learned(nil, service.name)
        return question.map { [.learn($0)] } ?? []
    }

    /// The project is another one now, in which containers may start something else.
    mutating func learnAgain() -> [Effect] {
        var effects: [Effect] = []
        for service in project.services {
            // One that is being built is asked about when it has its image.
            if questions[service.name] != nil || syncs.isKnown(service.name), let image = plan.image(of: service.name) {
                effects += learn(service, image)
            }
        }
        return effects
    }

    /// How the containers of a service take up changes.
    mutating func learned(_ takeup: Takeup?, _ question: TakeupQuestion) {
        let name = question.service.name
        guard questions[name] == question else { return }
        syncs.learned(takeup, name)
        if takeup == nil { questions[name] = nil }
    }

    // MARK: - Time

    /// A time has come.
    mutating func woke(_ wake: Wake) -> [Effect] {
        switch wake {
        case .quiet(let service, let number):
            // Another save came, or an image is there, or on its way, that has it all.
            guard number == syncs.number(of: service), syncs.isBehind(service), syncs.isRolledOut(service),
                plan.isCurrent(service)
            else { return [] }
            return effects(plan.changed(service, WorkPlan.Cause(noticed: time, isQuiet: true)))
        case .stuck(let service, let number):
            guard syncs.isStuck(service), number == syncs.number(of: service) else { return [] }
            return build([], of: service, noticed: time)
        case .retry(let service): return send(service)
        case .slow(let service, let number):
            guard let program = syncs.slowProgram(of: service, number) else { return [] }
            return [.say(.stillRuns(service: service, program))]
        case .service(let service): return findAgain(service)
        }
    }
}

extension SyncError {
    /// What of it is told once: what a container can't do with one file, it can't with others.
    fileprivate var news: String {
        if case .impossible(let reason) = self { "\(reason.kind)" } else { description }
    }
}

/// What a time is waited for.
enum Wake: Sendable, Hashable {
    /// To make the image of a service anew, if the change of this number is the last one by then.
    case quiet(String, Int)
    /// To build what no container is there for.
    case stuck(String, Int)
    /// To try the containers of a service again.
    case retry(String)
    /// To say that a program still runs in containers after changes up to this number came there.
    case slow(String, Int)
    /// To look for a Service again.
    case service(Ports.ServiceName)
}

/// What has to be known to tell whether the containers of a service take up changes.
struct TakeupQuestion: Sendable, Equatable {
    var service: Configuration.Service
    /// The id of the image that they run.
    var image: String
    var containers: [ContainerSpecification]
}
