/// What failed for want of Docker, the registry or the cluster. It is told once and tried again until it works: no edit
/// must be lost. Pure.
struct Outages {
    /// What is tried again by itself.
    enum Step: Hashable, Sendable {
        case pass(of: String)
        case apply
        case load
    }

    /// What follows from a failure.
    struct Response: Equatable {
        /// Whether the failure is another one than the last, so that it is told.
        var isNews: Bool
        /// Whether the step has to be called for again after a while.
        var needsRetry: Bool
    }

    private struct Outage {
        var reason: String
        var cause: WorkPlan.Cause?
    }

    /// The failures that were told and still last.
    private var lasting: [Step: Outage] = [:]
    /// The steps whose retry is on its way.
    private var retries: Set<Step> = []

    /// A step failed.
    /// - Parameters:
    ///   - reason: why, in words that all steps have in common: of one outage only the first failure is news.
    ///   - cause: what the pass was for.
    mutating func failed(_ step: Step, _ reason: String, cause: WorkPlan.Cause? = nil) -> Response {
        let last = lasting[step]
        let isTold = lasting.values.contains { $0.reason == reason }
        // A newer pass does the work of the one before it.
        let both = cause.map { cause in last?.cause.map { cause.merged(with: $0) } ?? cause }
        lasting[step] = Outage(reason: reason, cause: both)
        return Response(isNews: !isTold, needsRetry: retries.insert(step).inserted)
    }

    /// A step ended otherwise: it worked, or failed for a reason of its own.
    mutating func ended(_ step: Step) { lasting[step] = nil }

    /// The time for a step's retry has come.
    /// - Returns: whether it is still to be done, and what for.
    mutating func retry(_ step: Step) -> (isDue: Bool, cause: WorkPlan.Cause?) {
        retries.remove(step)
        guard let outage = lasting[step] else { return (false, nil) }
        var cause = outage.cause
        cause?.isTold = true
        return (true, cause)
    }
}
