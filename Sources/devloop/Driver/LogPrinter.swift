import Runner
import Synchronization

/// Brings the logs of a target to the terminal, each line behind the name of its service.
struct LogPrinter: Sendable {
    let project: CurrentProject
    let terminal: Terminal
    /// Is told which containers of a workload run.
    var onRunning: @Sendable (Workload, [RunningContainer]) -> Void = { _, _ in }
    /// How long after a failure the logs are followed again.
    var retryDelay = Self.retryDelay

    static let retryDelay = Duration.seconds(2)

    /// Follows until the task is cancelled. A failure is told, once for as long as it lasts, and it is tried again.
    func follow(
        _ target: any Target, of workloads: @escaping @Sendable () -> Set<Workload>, _ selection: LogSelection
    ) async {
        await follow { try await print(target, of: workloads, selection, onEvent: $0) }
    }

    /// The same with what is done at each attempt, which tells when there is something to print.
    func follow(_ attempt: (_ onEvent: @escaping @Sendable () -> Void) async throws -> Void) async {
        var told = Once<String>()
        while !Task.isCancelled {
            let hasEvents = Atomic(false)
            do {
                try await attempt { hasEvents.store(true, ordering: .relaxed) }
            } catch {
                let summary = (error as? TargetError)?.summary ?? "\(error)"
                if hasEvents.load(ordering: .relaxed) { told.forget() }
                for _ in told.news(lasting: [summary]) { terminal.say(.logsLost(error)) }
            }
            try? await Task.sleep(for: retryDelay)
        }
    }

    /// Reads once, to the end where the selection doesn't follow.
    /// - Parameter onEvent: is told that there is something to print.
    func print(
        _ target: any Target, of workloads: @escaping @Sendable () -> Set<Workload>, _ selection: LogSelection,
        onEvent: @escaping @Sendable () -> Void = {}
    ) async throws {
        // Blocks where it is handed a line, and nowhere else.
        try await target.followLogs(of: workloads, selection) { [terminal, project, onRunning] event in
            // At once, however slow the terminal is.
            if case .running(let workload, let containers) = event { return onRunning(workload, containers) }
            onEvent()
            switch event {
            case .line(let workload, let container, let text):
                let label = project.value.label(of: workload)
                terminal.log(service: container.map { "\(label)/\($0)" } ?? label, line: text)
            case .notice(let workload, let text):
                terminal.say(.container(of: workload.map(project.value.label), text))
            case .problem(let workload, let problem):
                terminal.say(.problem(problem, of: project.value.label(of: workload)))
            case .lastLines(let workload, let problem):
                terminal.say(.lastLines(problem, of: project.value.label(of: workload)))
            case .recovered(let workload, let states):
                terminal.say(.recovered(project.value.label(of: workload), from: states))
            case .completed(_, let text): terminal.say(.completed(text))
            case .running: break
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
