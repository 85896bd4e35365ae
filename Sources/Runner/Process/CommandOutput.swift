/// How a program ended. A non-zero status is a result, not an error.
package enum Termination: Sendable, Hashable {
    /// It returned or called `exit` with this status.
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)

    /// Whether it exited with 0.
    package var isSuccess: Bool { self == .exited(0) }
}

extension Termination: CustomStringConvertible {
    /// `exit status 1` or `signal 9`.
    package var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "signal \(signal)"
        }
    }
}

/// How a program ended, and what it printed where that was collected.
package struct CommandOutput: Sendable, Hashable {
    /// How it ended.
    package var termination: Termination
    /// All of its standard output; empty where the lines were streamed.
    package var standardOutput: [UInt8]
    /// All of its standard error; empty where the lines were streamed.
    package var standardError: [UInt8]

    /// A result, for instance a fake's.
    package init(termination: Termination, standardOutput: [UInt8] = [], standardError: [UInt8] = []) {
        self.termination = termination
        self.standardOutput = standardOutput
        self.standardError = standardError
    }

    /// Standard output as text: invalid UTF-8 is replaced, white space around it removed.
    package var text: String { Self.trimmed(standardOutput) }
    /// Standard error as text: invalid UTF-8 is replaced, white space around it removed.
    package var errorText: String { Self.trimmed(standardError) }

    private static func trimmed(_ bytes: [UInt8]) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
        guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}

/// Which of a program's two streams a line came from.
package enum OutputSource: Sendable, Hashable {
    /// Standard output.
    case standardOutput
    /// Standard error.
    case standardError
}

/// What happens to what a program prints.
package enum OutputHandling: Sendable {
    /// Everything is kept in memory and returned.
    case collected
    /// Each line (without its newline) is handed over as it comes, on a thread of the program's own, in order; nothing
    /// is kept. A handler that blocks makes the program wait: no line is dropped.
    case lines(@Sendable (OutputSource, [UInt8]) -> Void)
    /// The same with the bytes as they are read, to be used until the handler returns.
    case pieces(@Sendable (OutputSource, UnsafeRawBufferPointer) -> Void)

    /// Whether it is handed over as it comes.
    var isStreamed: Bool {
        if case .collected = self { false } else { true }
    }
}

/// Why a program could not be started.
package enum LaunchError: Error, Hashable {
    /// No program of that name on `PATH`, or none at that path.
    case notFound(String)
    /// It is there and could not be started; the second value is the system's reason.
    case failed(String, String)
}

extension LaunchError: CustomStringConvertible {
    /// The reason in words.
    package var description: String {
        switch self {
        case .notFound(let name): "\(name) was not found on PATH"
        case .failed(let name, let reason): "\(name) could not be started: \(reason)"
        }
    }
}

/// Runs commands. The real one is ``SystemLauncher``; tests bring fakes that record.
package protocol CommandRunning: Sendable {
    /// Runs a command to its end.
    ///
    /// Cancelling the task stops the program and everything it started, and returns after its end.
    /// - Throws: ``LaunchError``, or `CancellationError` once a cancelled program has ended. A failing exit status is
    ///   not an error.
    func run(_ command: Command, output: OutputHandling) async throws -> CommandOutput
}

extension CommandRunning {
    /// Runs a command to its end and returns all that it printed.
    package func run(_ command: Command) async throws -> CommandOutput {
        try await run(command, output: .collected)
    }
}
