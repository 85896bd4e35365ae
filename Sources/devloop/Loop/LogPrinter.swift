import Runner

/// Brings the logs of a target to the terminal, each line behind the name of its service.
struct LogPrinter: Sendable {
    let project: CurrentProject
    let terminal: Terminal

    /// How long after a failure the logs are followed again.
    static let retryDelay = Duration.seconds(2)

    /// Follows until the task is cancelled. A failure is told, and it is tried again.
    func follow(
        _ target: any Target, of workloads: @escaping @Sendable () -> Set<Workload>, _ selection: LogSelection
    ) async {
        while !Task.isCancelled {
            do {
                try await print(target, of: workloads, selection)
            } catch {
                terminal.show(error, prefix: "the logs cannot be followed, trying again")
            }
            try? await Task.sleep(for: Self.retryDelay)
        }
    }

    /// Reads once, to the end where the selection doesn't follow.
    func print(
        _ target: any Target, of workloads: @escaping @Sendable () -> Set<Workload>, _ selection: LogSelection
    ) async throws {
        try await target.followLogs(of: workloads, selection) { [terminal, project] event in
            switch event {
            case .line(let workload, let container, let text):
                let label = project.value.label(of: workload)
                terminal.log(service: container.map { "\(label)/\($0)" } ?? label, line: text)
            case .notice(let workload, let text):
                terminal.warning((workload.map { "\(project.value.label(of: $0)): " } ?? "") + text)
            case .problem(let workload, let problem):
                terminal.problem(problem, of: project.value.label(of: workload))
            case .lastLines(let workload, let problem):
                terminal.lastLines(problem, of: project.value.label(of: workload))
            case .recovered(let workload, let states):
                terminal.recovery(of: project.value.label(of: workload), from: states)
            }
        }
    }
}

extension Project {
    /// Whether a workload's logs are among those that a filter shows.
    func shows(_ workload: Workload, _ filter: LogFilter) -> Bool {
        switch filter {
        case .all: true
        case .none: false
        case .only(let names):
            services.contains { service in
                names.contains(service.name) && service.workloads.contains(workload)
            }
        }
    }
}
