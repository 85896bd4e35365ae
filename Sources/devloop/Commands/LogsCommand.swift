import Runner

/// `devloop logs`
struct LogsCommand: ServiceSubcommand {
    static let name = "logs"
    static let summary = "show the logs, all or the named services'"
    static let details = """
        Show the logs of all services, or of the named ones, the way dev does, and go on
        until Ctrl-C. Nothing is built, applied or changed. Of what runs already the
        last ten lines of each container come first, or those since a time.
        """
    static let options: [Option<LogsCommand>] = [
        Option("since", takes: "TIME", "begin so long ago: 90s, 10m, 1h30m") { command, value in
            command.since = Duration(words: value)
            guard command.since == nil else { return nil }
            return "expected a duration such as 90s, 10m or 1h30m, found \(ValueRule.quoted(value))"
        },
        Option("no-follow", "end after what is there") { $0.follows = false },
    ]
    static let synonyms = ["log": name, "tail": name, "follow": name]

    /// The services whose logs are shown; all where there are none.
    var names: [String] = []
    /// How far back the logs of what runs already are shown; the last lines where `nil`.
    var since: Duration?
    /// Whether it goes on until the task is cancelled, which then is its normal end.
    var follows = true

    var statusWhenInterrupted: ExitCode { follows ? .success : .interrupted }

    /// Shows the logs. While it follows, a target that can't be reached is told once and tried again.
    /// - Throws: what keeps it from starting, and, where it doesn't follow, that the target can't be reached.
    func run(in context: CommandContext) async throws -> ExitCode {
        let configuration = try context.loader.configuration()
        let services = try configuration.services(named: names).map(\.name)
        context.terminal.setServices(services)
        let target = context.target(for: configuration, isChanged: false)
        let manifests = try await context.loader.reader.read(configuration.manifests)
        try await prepare(target, context.terminal)
        let project = try ProjectParts(configuration, manifests: manifests, builder: .unknown)
            .project(in: try target.namespace)
        context.terminal.say(.logs(of: configuration.name, on: target.summary))

        let filter = names.isEmpty ? LogFilter.all : .only(services)
        let workloads = project.workloads.filter { project.shows($0, filter) }
        let printer = LogPrinter(project: CurrentProject(project), terminal: context.terminal)
        let selection = LogSelection(since: since, follows: follows)
        guard follows else {
            try await printer.print(target, of: { workloads }, selection)
            return .success
        }
        await printer.follow(target, of: { workloads }, selection)
        throw CancellationError()
    }

    private func prepare(_ target: any Target, _ terminal: Terminal) async throws {
        var isTold = false
        while true {
            do {
                return try await target.prepare()
            } catch let error as TargetError where error.severity == .unavailable && follows {
                if !isTold { terminal.say(.notThereYet(error)) }
                isTold = true
                try await Task.sleep(for: LogPrinter.retryDelay)
            }
        }
    }
}
