import Runner

/// `devloop build`
struct BuildCommand: ServiceSubcommand {
    static let name = "build"
    static let summary = "build the images, all or the named services'"
    static let details = """
        Build the images of all services, or of the named ones, side by side.
        """
    static let options: [Option<BuildCommand>] = [
        Option("push", "push each image and print its digest") { $0.push = true }
    ]
    static let synonyms = ["push": "build --push"]

    /// The services to build; all where there are none.
    var names: [String] = []
    /// Whether each image is pushed.
    var push = false

    fileprivate enum Event: Sendable {
        /// Without an image the build failed.
        case built(String, BuiltImage?)
        /// It was built on something else than these services' images.
        case misbuilt(String, on: [String])
        case ended(String, isSuccess: Bool)
    }

    /// Builds the images side by side, and goes on with the others where one fails. What a named one is built on is
    /// built before it, named or not; of the others nothing is pushed or printed as a result.
    func run(in context: CommandContext) async throws -> ExitCode {
        var found = try context.loader.configuration()
        if push {
            found.chosenRegistries = try await context.registries(for: found)
            try found.checkImages()
            try found.checkPushes()
        }
        let configuration = found
        let builder = context.builder(for: configuration)
        var all = try configuration.services(named: names)
        let named = Set(all.map(\.name))
        async let abilities = builder.ability()
        try await builder.prepare()
        let ability = try await abilities
        var dependencies = ImageDependencies(
            configuration, environment: context.environment, builder: ability.kind)
        try dependencies.checkOrder(configuration)
        let needed = dependencies.closure(of: Array(named)).subtracting(named)
        all += configuration.services.filter { needed.contains($0.name) }
        dependencies.copies = ImageDependencies.copies(among: all)
        try BuildRequirements(ability: ability, environment: context.environment).check(all, of: configuration)
        context.terminal.setServices(all.map(\.name))
        return try await withThrowingTaskGroup(of: Event.self) { [dependencies] group in
            var run = BuildRun(
                command: self, context: context, builder: builder, configuration: configuration,
                dependencies: dependencies, images: context.images(of: configuration), services: all, named: named,
                secrets: context.secrets(of: configuration),
                plan: WorkPlan(jobs: context.jobs))
            run.perform(run.begin(), in: &group)
            while let event = try await group.next() { run.perform(run.take(event, in: &group), in: &group) }
            return run.isSuccess ? .success : .failure
        }
    }

    /// - Returns: the image; none where the build failed, which was told.
    fileprivate func build(
        _ service: Configuration.Service, _ request: BuildRequest, in run: BuildRun
    ) async throws -> BuiltImage? {
        let terminal = run.context.terminal
        let start = ContinuousClock.Instant.now
        do {
            let image = try await run.secrets.build(request, of: service.name, with: run.builder) {
                terminal.say(.secretsChanged(service: service.name))
            } onLine: { line in
                if terminal.verbosity == .verbose { terminal.log(service: service.name, line: line) }
            }
            terminal.say(.imageBuilt(service: service.name, ContinuousClock.Instant.now - start))
            run.images.note { $0.add(image) }
            return image
        } catch let error as TargetError where error.severity == .failed {
            terminal.say(.imageFailed(service: service.name, error))
            return nil
        }
    }

    /// Pushes the image, where that is asked for, and prints what came out.
    fileprivate func finish(
        _ image: BuiltImage, _ service: Configuration.Service, _ configuration: Configuration,
        by builder: ImageBuilder, _ context: CommandContext
    ) async throws -> Bool {
        let terminal = context.terminal
        guard push else {
            terminal.say(.result("\(service.image.tagged) \(image.id)"))
            return true
        }
        if let pushed = image.pushed {
            terminal.say(.result("\(pushed.reference.tagged)@\(pushed.digest)"))
            return true
        }
        do {
            let reference = try KubernetesTarget.pushReference(service.image, registry: configuration.pushRegistry)
            let digest = try await builder.push(
                image, as: reference, onRetry: { terminal.say(.passNotice(service: service.name, $0)) })
            terminal.say(.result("\(reference.tagged)@\(digest)"))
            return true
        } catch let error as TargetError where error.severity == .failed {
            terminal.say(.imageFailed(service: service.name, error))
            return false
        }
    }
}

/// One run of `build`.
private struct BuildRun {
    typealias Group = ThrowingTaskGroup<BuildCommand.Event, any Error>

    let command: BuildCommand
    let context: CommandContext
    let builder: ImageBuilder
    let configuration: Configuration
    let dependencies: ImageDependencies
    let images: BuiltImages
    let services: [Configuration.Service]
    /// Those that were asked for; the others are only built upon.
    let named: Set<String>
    let secrets: BuiltSecrets
    var plan: WorkPlan
    var isSuccess = true

    mutating func begin() -> [WorkPlan.Action] {
        let now = ContinuousClock.Instant.now
        return plan.build(on: dependencies.bases, copies: dependencies.copies)
            + plan.changed(services.map { ($0.name, .init(noticed: now)) })
    }

    mutating func perform(_ actions: [WorkPlan.Action], in group: inout Group) {
        for action in actions {
            switch action {
            case .start(let name, _): start(name, in: &group)
            case .hold(let name, let base): context.terminal.say(.imageLacksBase(service: name, base: base))
            case .rebuild(let base, let service): context.terminal.say(.rebuilt(base: base, for: service))
            case .giveUp(let name, let base):
                isSuccess = false
                context.terminal.say(.givenUp(service: name, base: base))
            // Nothing changes here.
            case .stop, .letFinish: continue
            }
        }
    }

    private func service(_ name: String) -> Configuration.Service? { services.first { $0.name == name } }

    private func start(_ name: String, in group: inout Group) {
        guard let service = service(name) else { return }
        let original = plan.original(of: name)
        let bases = dependencies.images(under: name, copying: original, in: configuration, image: plan.image)
        var request = service.buildRequest(named: dependencies.names[name] ?? [], on: bases, copying: original)
        if command.push, named.contains(name) { request.destination = configuration.destination(of: service) }
        group.addTask { [self, request] in
            do {
                return .built(name, try await command.build(service, request, in: self))
            } catch let error as MovedBases {
                return .misbuilt(name, on: error.bases(among: bases))
            }
        }
    }

    mutating func take(_ event: BuildCommand.Event, in group: inout Group) -> [WorkPlan.Action] {
        switch event {
        case .built(let name, let image?):
            let actions = plan.built(image.id, name)
            guard named.contains(name), let service = service(name) else { return actions + plan.ended(name) }
            group.addTask { [command, context, builder, configuration] in
                .ended(
                    name, isSuccess: try await command.finish(image, service, configuration, by: builder, context))
            }
            return actions
        case .built(let name, nil):
            isSuccess = false
            return plan.ended(name)
        case .misbuilt(let name, let bases):
            let actions = plan.moved(bases, under: name)
            return actions + plan.ended(name)
        case .ended(let name, let isDone):
            isSuccess = isSuccess && isDone
            return plan.ended(name)
        }
    }
}
