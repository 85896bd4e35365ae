extension Terminal {
    /// Says it.
    func say(_ report: Report) {
        switch report.message {
        case .detail(let text): if verbosity == .verbose { status(text, mark: .note) }
        case .status(let text, let mark): status(text, mark: mark)
        case .warning(let text): warning(text)
        case .success(let text): success(text)
        case .failure(let error, let prefix): show(error, prefix: prefix)
        case .problem(let summary, let cause, let heading, let lines, let advice):
            // The cluster's words are prose; lines of a log are not.
            let width = columns(.error).map { $0 - Self.barWidth }
            let details = cause.split(whereSeparator: \.isNewline).flatMap { $0.wrapped(inside: width) }
            error(summary, details: details + (heading.map { [$0] } ?? []) + lines.map { "  \($0)" }, advice: advice)
        case .result(let text): result(text)
        }
    }

    /// What stands before a detail.
    private static let barWidth = 4
}
