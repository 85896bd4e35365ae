import Runner
import Watcher

/// `devloop dev`
struct DevCommand: Subcommand {
    static let name = "dev"
    static let summary = "run the loop until Ctrl-C"
    static let details = """
        Build what is needed, deliver it, apply the manifests, follow the logs, watch,
        and do it again for what changes. Ctrl-C ends it; the services stay, unless
        --cleanup is given. A second Ctrl-C ends it at once.
        """
    static let options: [Option<DevCommand>] = [
        Option("cleanup", "delete all but data when the loop ends") { $0.cleanup = true },
        Option("logs", takes: "SERVICES", "show the logs of these only: NAME[,NAME]...") { command, value in
            let names = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            command.logs = .only(names)
            return names.contains("") ? "expected names with commas between, found \(ValueRule.quoted(value))" : nil
        },
        Option("forward", "a port for each Service that has none") {
            $0.forwarding = .all
        },
        Option("no-forward", "forward no ports") { $0.forwarding = .none },
        Option("no-logs", "show no logs; what happens to the pods is told") { $0.logs = .none },
    ]
    static let synonyms = ["up": name, "run": name, "start": name, "watch": name]

    /// Whose logs are shown.
    var logs = LogFilter.all
    /// Which ports are forwarded.
    var forwarding = Forwarding.configured
    /// Whether everything is deleted at the end.
    var cleanup = false

    var statusWhenInterrupted: ExitCode { .success }

    /// Runs the loop until the task is cancelled, which is its normal end.
    /// - Throws: what keeps the loop from starting.
    func run(in context: CommandContext) async throws -> ExitCode {
        let (terminal, loader) = (context.terminal, context.loader)
        let configuration = try loader.configuration()
        if case .only(let names) = logs { _ = try configuration.services(named: names) }
        let lock = try ProjectLock(
            project: FileSystem.place(of: configuration.path),
            folder: StateFolder.path(environment: context.environment))
        defer { withExtendedLifetime(lock) {} }
        context.farewell.leaves("nothing was deleted", deletedBy: context.downCommand())
        terminal.setServices(configuration.services.map(\.name))
        let builder = context.builder(for: configuration)
        let target = context.target(for: configuration)
        // Watching begins before anything is read or built: what is saved from now on is noticed.
        let watcher = try TreeWatcher(
            roots: WatchedPaths(configuration, builder: .unknown).roots,
            schedule: PollSchedule(
                pollMilliseconds: configuration.watch.poll.milliseconds,
                settleMilliseconds: configuration.watch.settle.milliseconds))
        try await watcher.start()
        async let prepared: Void = target.prepare()
        async let builderAnswers: Void = builder.prepare()
        async let found = builder.ability()
        async let manifests = loader.reader.read(configuration.manifests)
        let read = try await manifests
        try await builderAnswers
        let ability = try await found
        var parts = try loader.parts(configuration, manifests: read, builder: ability.kind)
        try loader.checkBuilds(parts, by: ability)
        // What is wrong with the file is told before anybody is asked about a cluster, and in whatever namespace.
        _ = try parts.project(in: configuration.namespace ?? "default")
        try await prepared
        var reloader = loader
        reloader.registries = target.registries
        if !target.registries.isEmpty {
            // Images are known by their names there, too.
            var chosen = configuration
            chosen.chosenRegistries = target.registries
            try chosen.checkImages()
            parts = try reloader.parts(chosen, manifests: read, builder: ability.kind)
            try reloader.checkBuilds(parts, by: ability)
        }
        try parts.configuration.checkPushes()
        let project = try await loader.project(of: parts, in: try target.namespace)

        terminal.say(.running(configuration.name, on: target.summary))
        await warnOfSecrets(parts, context)
        try await warnOfPlatforms(configuration, context)
        let driver = Driver(
            loader: reloader, target: target, builder: builder, terminal: terminal, logs: logs,
            jobs: context.jobs, ability: ability,
            altered: AlteredServices(
                project: "\(FileSystem.place(of: configuration.path)) \(target.summary)",
                folder: StateFolder.path(environment: context.environment)),
            images: context.images(of: configuration), secrets: context.secrets(of: configuration),
            forwarding: forwarding)
        let last = await driver.run(project, watcher: watcher)
        await watcher.stop()
        try await end(last, target, context)
        return .success
    }

    /// Values of Secrets must not come into a repository by mistake.
    private func warnOfSecrets(_ parts: ProjectParts, _ context: CommandContext) async {
        let configuration = parts.configuration
        let files = parts.outside?.filesWithSecrets(configurationFile: configuration.path) ?? []
        let buildFiles = configuration.services.flatMap(\.options.secrets).compactMap(\.file)
        let exposed = await GitIgnorance.exposed((files + buildFiles).unique, launcher: context.launcher)
        if let line = GitIgnorance.warning(exposed.map(configuration.relative)) { context.terminal.say(.warning(line)) }
    }

    /// In a cluster there may be nodes of any kind.
    private func warnOfPlatforms(_ configuration: Configuration, _ context: CommandContext) async throws {
        guard configuration.target == .docker, configuration.services.contains(where: { $0.options.platform != nil }),
            let machine = try await context.builder(for: configuration).platform()
        else { return }
        for notice in BuildRequirements.notices(configuration.services, on: machine) {
            context.terminal.say(.warning(notice))
        }
    }

    /// The task is cancelled by now; what is deleted is deleted by another one.
    private func end(_ project: Project, _ target: any Target, _ context: CommandContext) async throws {
        let terminal = context.terminal
        guard cleanup else {
            return terminal.say(.goesOn(removedBy: context.downCommand()))
        }
        terminal.say(.cleaningUp)
        context.farewell.leaves("not everything was deleted", deletedBy: context.downCommand())
        try await Task { [objects = project.objects] in
            _ = try await context.delete(objects, .allButData, from: target, isResult: false)
        }.value
    }
}

extension Duration {
    fileprivate var milliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
