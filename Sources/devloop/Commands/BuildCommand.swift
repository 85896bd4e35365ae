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
        let services = try configuration.services(named: names)
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
            let digest = try await context.builder.push(
                image, as: reference, onRetry: { terminal.warning("\(service.name): \($0)") })
            terminal.result("\(reference.tagged)@\(digest)")
            return true
        } catch let error as TargetError where error.severity == .failed {
            terminal.error("\(service.name): \(error.summary)", details: error.details, advice: error.advice)
            return false
        }
    }
}
