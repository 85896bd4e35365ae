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

    private enum Event: Sendable {
        /// Without an image the build failed.
        case built(String, BuiltImage?)
        /// It was built on something else than these services' images.
        case misbuilt(String, on: [String])
        case ended(String, isSuccess: Bool)
    }

    /// Builds the images side by side, and goes on with the others where one fails. What a named one is built on is
    /// built before it, named or not; of the others nothing is pushed or printed as a result.
    func run(in context: CommandContext) async throws -> ExitCode {
        let configuration = try context.loader.configuration()
        var services = try configuration.services(named: names)
        let named = Set(services.map(\.name))
        try await context.builder.prepare()
        let dependencies = ImageDependencies(
            configuration, environment: context.environment,
            builder: try await context.builder.kind())
        try dependencies.checkOrder(configuration)
        let needed = dependencies.closure(of: services.map(\.name)).subtracting(named)
        services += configuration.services.filter { needed.contains($0.name) }
        let byName = Dictionary(services.map { ($0.name, $0) }) { first, _ in first }
        context.terminal.setServices(services.map(\.name))

        return try await withThrowingTaskGroup(of: Event.self) { group in
            var plan = WorkPlan(jobs: context.jobs)
            var actions = plan.build(on: dependencies.bases)
            actions += plan.changed(services.map { ($0.name, .init(noticed: .now)) })
            var isSuccess = true
            repeat {
                for action in actions {
                    switch action {
                    case .start(let name, _):
                        guard let service = byName[name] else { continue }
                        var request = service.buildRequest
                        request.otherNames = dependencies.names[name] ?? []
                        let bases = dependencies.images(under: name, in: configuration, image: plan.image)
                        request.bases = bases.values.flatMap(\.self)
                        group.addTask { [request] in
                            do {
                                return .built(name, try await build(service, request, context))
                            } catch let error as MovedBases {
                                return .misbuilt(name, on: error.bases(among: bases))
                            }
                        }
                    case .hold(let name, let base):
                        context.terminal.say(.imageLacksBase(service: name, base: base))
                    case .rebuild(let base, let service):
                        context.terminal.say(.rebuilt(base: base, for: service))
                    case .giveUp(let name, let base):
                        isSuccess = false
                        context.terminal.say(.givenUp(service: name, base: base))
                    // Nothing changes here.
                    case .stop, .letFinish: continue
                    }
                }
                switch try await group.next() {
                case .built(let name, let image?):
                    actions = plan.built(image.id, name)
                    guard named.contains(name), let service = byName[name] else {
                        actions += plan.ended(name)
                        continue
                    }
                    group.addTask {
                        .ended(name, isSuccess: try await finish(image, service, configuration, context))
                    }
                case .misbuilt(let name, let bases):
                    actions = plan.moved(bases, under: name)
                    actions += plan.ended(name)
                case .built(let name, nil):
                    isSuccess = false
                    actions = plan.ended(name)
                case .ended(let name, let pushed):
                    isSuccess = isSuccess && pushed
                    actions = plan.ended(name)
                case nil: return isSuccess ? .success : .failure
                }
            } while true
        }
    }

    /// - Returns: the image; none where the build failed, which was told.
    private func build(
        _ service: Configuration.Service, _ request: BuildRequest, _ context: CommandContext
    ) async throws -> BuiltImage? {
        let terminal = context.terminal
        let start = ContinuousClock.Instant.now
        do {
            let image = try await context.builder.build(request) { line in
                if terminal.verbosity == .verbose { terminal.log(service: service.name, line: line) }
            }
            terminal.say(.imageBuilt(service: service.name, ContinuousClock.Instant.now - start))
            return image
        } catch let error as TargetError where error.severity == .failed {
            terminal.say(.imageFailed(service: service.name, error))
            return nil
        }
    }

    /// Pushes the image, where that is asked for, and prints what came out.
    private func finish(
        _ image: BuiltImage, _ service: Configuration.Service, _ configuration: Configuration,
        _ context: CommandContext
    ) async throws -> Bool {
        let terminal = context.terminal
        guard push else {
            terminal.say(.result("\(service.image.tagged) \(image.id)"))
            return true
        }
        do {
            let reference = try KubernetesTarget.pushReference(service.image, registry: configuration.registry)
            let digest = try await context.builder.push(
                image, as: reference, onRetry: { terminal.say(.passNotice(service: service.name, $0)) })
            terminal.say(.result("\(reference.tagged)@\(digest)"))
            return true
        } catch let error as TargetError where error.severity == .failed {
            terminal.say(.imageFailed(service: service.name, error))
            return false
        }
    }
}
