import Runner

extension Terminal {
    /// Something that keeps a service from running: what, in the cluster's words why, what to do.
    func problem(_ problem: WorkloadProblem, of service: String) {
        // The cluster's words are prose; lines of a log are not.
        let width = columns(.error).map { $0 - Self.barWidth }
        var details = problem.cause.split(whereSeparator: \.isNewline).flatMap { $0.wrapped(inside: width) }
        if !problem.lastLines.isEmpty {
            details.append(Self.heading(of: problem.lastLines))
            details += problem.lastLines.map { "  \($0)" }
        }
        error(
            "\(service): \(problem.state): \(problem.summary)", details: details,
            advice: problem.advice)
    }

    /// The last lines of a container whose death was told without them.
    func lastLines(_ problem: WorkloadProblem, of service: String) {
        error(
            "\(service): \(problem.summary); \(Self.heading(of: problem.lastLines))",
            details: problem.lastLines.map { "  \($0)" })
    }

    private static func heading(of lines: [String]) -> String {
        lines.count == 1 ? "its last line:" : "its last \(lines.count) lines:"
    }

    /// The problems of a service that were told are over.
    func recovery(of service: String, from states: [String]) {
        success("\(service) is well again (\(states.joined(separator: ", ")))")
    }

    /// What stands before a detail.
    private static let barWidth = 4
}
