import Runner

/// A rollout on its way.
struct RolloutState: Sendable {
    let service: Project.Service
    let image: DeliveredImage
    /// Whether the containers are known to run the image already.
    let isRunning: Bool
    /// The apply of everything whose first part it waits for.
    var foundation: Int?

    /// What is being applied for it.
    var applying: Set<KubernetesObject.Identity> = []
    /// The services without whose images some of its objects can't be applied.
    var missing: Set<String> = []
    /// The workloads that are not started for want of those.
    var pending: Set<Workload> = []
    /// What was applied, and runs what it ran before.
    var outdated: [Workload] = []
    var started: [Workload] = []

    /// Whether all is applied.
    var isRestarting = false
    var restarting: Set<Workload> = []
    /// Those of them that are brought back.
    var restoring: Set<Workload> = []
    var failures: [any Error] = []

    /// Whether nothing is to be done for a workload but what is known.
    func isSettled(_ workload: Workload) -> Bool {
        started.contains(workload) || pending.contains(workload) || outdated.contains(workload)
    }

    /// What came of it.
    var result: Result<Deployment.Rollout, any Error> {
        if let failure = failures.first { return .failure(failure) }
        if !started.isEmpty { return .success(.started(started)) }
        return .success(missing.isEmpty ? .running : .waiting(for: missing.sorted()))
    }
}

extension ApplyReport {
    /// What of it is about these objects.
    func only(of objects: Set<KubernetesObject.Identity>) -> ApplyReport {
        ApplyReport(
            created: created.filter { objects.contains(.init($0)) },
            changed: changed.filter { objects.contains(.init($0)) },
            renewed: renewed.filter { objects.contains(.init($0)) },
            failures: failures.filter { objects.contains($0.object) })
    }

    /// What came of two calls.
    static func both(
        _ first: Result<ApplyReport, any Error>, _ second: Result<ApplyReport, any Error>
    ) -> Result<ApplyReport, any Error> {
        switch (first, second) {
        case (.success(let first), .success(let second)): return .success(first.adding(second))
        case (.failure(let first as TargetError), .failure(let second as TargetError)):
            // Of two the one that is tried again.
            var (error, other) = second.severity == .unavailable ? (second, first) : (first, second)
            if other.summary == error.summary { other.summary = "" }
            error.details += ([other.summary] + other.details).filter { !$0.isEmpty && !error.details.contains($0) }
            return .failure(error)
        case (.failure, _): return first
        case (_, .failure): return second
        }
    }
}
