import Foundation
import Runner
import Testing

/// Runs the field's tools the way a person at a shell would, for tests to look at what devloop did.
enum Shell {
    private static let launcher = SystemLauncher(environment: ProcessInfo.processInfo.environment)

    /// What a tool printed; fails the caller where the tool failed.
    static func run(_ executable: String, _ arguments: String..., environment: [String: String] = [:]) async throws
        -> String
    {
        let output = try await attempt(executable, arguments, environment: environment)
        guard output.termination.isSuccess else {
            throw ShellError(command: "\(executable) \(arguments.joined(separator: " "))", said: output.errorText)
        }
        return output.text
    }

    /// How a tool ended and what it printed; failing is a result.
    static func attempt(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> CommandOutput {
        try await launcher.run(Command(executable, arguments, environment: environment))
    }

    /// Asks again and again until it is so.
    static func until(_ question: () async throws -> Bool) async throws {
        let isSo = try await eventually(within: .seconds(45), question, is: { $0 })
        try #require(isSo)
    }

    /// Asks again and again until the answer is the wanted one, and returns the last answer.
    ///
    /// Each question runs a program or a request, so this is no busy loop; the pause only spares the machine.
    static func eventually<Answer: Sendable>(
        within limit: Duration = .seconds(90), _ question: () async throws -> Answer, is wanted: (Answer) -> Bool
    ) async throws -> Answer {
        let end = ContinuousClock.now + limit
        while true {
            let answer = try await question()
            if wanted(answer) || ContinuousClock.now > end { return answer }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

struct ShellError: Error, CustomStringConvertible {
    var command: String
    var said: String
    var description: String { "\(command): \(said)" }
}
