import Runner

/// Why a `devloop.json` can't be used: everything that is wrong with it, in the order of the file.
struct ConfigurationError: Error, Equatable {
    /// One thing that is wrong.
    struct Problem: Sendable, Equatable {
        /// Where; `nil` where it is about the whole file.
        var position: TextPosition?
        /// The key, with the way to it: `services[0].image`. Empty for the document.
        var keyPath: String
        /// What was expected and what was found.
        var message: String
    }

    /// The file as the user named it.
    var file: String
    /// What is wrong; never empty.
    var problems: [Problem]
    /// What to do next, where there is something to say. May have several lines.
    var advice: String?

    /// `FILE:LINE:COLUMN: KEY.PATH: MESSAGE` for each problem, the form that editors jump to.
    var lines: [String] {
        problems.map { problem in
            let place = problem.position.map { "\(file):\($0)" } ?? file
            return [place, problem.keyPath, problem.message].filter { !$0.isEmpty }.joined(separator: ": ")
        }
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// The problems, a line each, and the advice.
    var description: String { (lines + (advice.map { [$0] } ?? [])).joined(separator: "\n") }
}
