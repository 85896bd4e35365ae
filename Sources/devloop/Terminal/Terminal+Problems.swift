import Runner

extension Terminal {
    /// Something that keeps a service from running: what, in the cluster's words why, what to do.
    func problem(_ problem: WorkloadProblem, of service: String) {
        var details = problem.cause.split(whereSeparator: \.isNewline).flatMap { $0.wrapped(to: Self.proseWidth) }
        if !problem.lastLines.isEmpty {
            details.append(Self.heading(of: problem.lastLines))
            details += problem.lastLines.map { "  \($0)" }
        }
        error(
            "\(service): \(problem.state): \(problem.summary)", details: details,
            advice: problem.advice.wrapped(to: Self.proseWidth).joined(separator: "\n"))
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

    /// What fits into 80 columns beside the bar.
    private static let proseWidth = 76
}

extension StringProtocol {
    /// The text in lines of this many characters at the most, broken at blanks; a word that is longer has its own line.
    func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        for word in split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
