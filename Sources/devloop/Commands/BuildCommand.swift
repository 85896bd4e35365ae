import Runner

/// `devloop build`
struct BuildCommand: Sendable {
    let context: CommandContext
    /// The services to build; all where there are none.
    let names: [String]
    /// Whether each image is pushed.
    let push: Bool

    /// Builds the images side by side, and goes on with the others where one fails.
    /// - Returns: whether all succeeded.
    func run() async throws -> Bool {
        let configuration = try context.loader.configuration()
        let services = try chosen(of: configuration)
        context.terminal.setServices(services.map(\.name))
        try await context.builder.prepare()
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            var waiting = services[...]
            var isSuccess = true
            for service in waiting.prefix(context.jobs) {
                group.addTask { try await build(service, configuration) }
            }
            waiting = waiting.dropFirst(context.jobs)
            while let result = try await group.next() {
                isSuccess = isSuccess && result
                if let service = waiting.popFirst() {
                    group.addTask { try await build(service, configuration) }
                }
            }
            return isSuccess
        }
    }

    private func chosen(of configuration: Configuration) throws -> [Configuration.Service] {
        guard !names.isEmpty else { return configuration.services }
        return try names.map { name in
            if let service = configuration.services.first(where: { $0.name == name }) { return service }
            let known = configuration.services.map(\.name)
            let nearest = Suggestion.nearest(to: name, in: known).map { "did you mean \($0)? " } ?? ""
            throw UsageError.invalid(
                "there is no service \(ValueRule.quoted(name)): \(nearest)the services are \(known.joined(separator: ", "))"
            )
        }
    }

    private func build(_ service: Configuration.Service, _ configuration: Configuration) async throws -> Bool {
        let terminal = context.terminal
        let start = ContinuousClock.Instant.now
        do {
            let image = try await context.builder.build(service.buildRequest) { line in
                if terminal.verbosity == .verbose { terminal.log(service: service.name, line: line) }
            }
            terminal.status("\(service.name) built in \((ContinuousClock.Instant.now - start).text)", mark: .success)
            guard push else {
                terminal.result("\(service.image.tagged) \(image.id)")
                return true
            }
            let reference = try KubernetesTarget.pushReference(service.image, registry: configuration.registry)
            let digest = try await context.builder.push(image, as: reference)
            terminal.result("\(reference.tagged)@\(digest)")
            return true
        } catch let error as TargetError where error.severity == .failed {
            terminal.error("\(service.name): \(error.summary)", details: error.details, advice: error.advice)
            return false
        }
    }
}
