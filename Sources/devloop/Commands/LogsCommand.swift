import Runner

/// `devloop logs`
struct LogsCommand: Sendable {
    let context: CommandContext
    /// The services whose logs are shown; all where there are none.
    let names: [String]
    /// How far back the logs of what runs already are shown; the last lines where `nil`.
    let since: Duration?
    /// Whether it goes on until the task is cancelled.
    let follows: Bool

    /// Shows the logs. While it follows, a target that can't be reached is told once and tried again.
    /// - Throws: what keeps it from starting, and, where it doesn't follow, that the target can't be reached.
    func run() async throws {
        let configuration = try context.loader.configuration()
        let services = try configuration.services(named: names).map(\.name)
        context.terminal.setServices(services)
        let target = context.target(for: configuration, isChanged: false)
        let manifests = try await context.loader.reader.read(configuration.manifests)
        try await prepare(target)
        let project = try Project(
            configuration: configuration, manifests: manifests, namespace: try target.namespace,
            bases: ImageDependencies(configuration, builder: .unknown).allBases)
        context.terminal.status("logs of \(configuration.name) on \(target.summary)")

        let filter = names.isEmpty ? LogFilter.all : .only(services)
        let workloads = project.workloads.filter { project.shows($0, filter) }
        let printer = LogPrinter(project: CurrentProject(project), terminal: context.terminal)
        let selection = LogSelection(since: since, follows: follows)
        guard follows else { return try await printer.print(target, of: { workloads }, selection) }
        await printer.follow(target, of: { workloads }, selection)
        throw CancellationError()
    }

    private func prepare(_ target: any Target) async throws {
        var isTold = false
        while true {
            do {
                return try await target.prepare()
            } catch let error as TargetError where error.severity == .unavailable && follows {
                if !isTold { context.terminal.show(error, prefix: "trying again until it is there") }
                isTold = true
                try await Task.sleep(for: LogPrinter.retryDelay)
            }
        }
    }
}
