import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs commands as child processes, each in a process group of its own.
///
/// A stop is SIGTERM to the group, the grace time, SIGKILL to the group. When a program ends by itself, what it left
/// running in its group is ended with it.
package final class SystemLauncher: CommandRunning {
    /// What the children's environment starts from; `PATH` in it is where programs are found.
    package let environment: [String: String]

    private let grace: Duration
    private let binder: String?
    private let onStart: (@Sendable (Command) -> Void)?
    private let running = Mutex<[ObjectIdentifier: Child]>([:])
    /// Changes with each program that has ended.
    private let ends = Latest(())

    /// Prepares to run commands.
    /// - Parameters:
    ///   - environment: the children's environment.
    ///   - grace: the time between SIGTERM and SIGKILL.
    ///   - binder: the program through which a child whose output is streamed, and which may run as long as we do, ends
    ///     with us even if we are killed: ``ParentBound/ownProgram``. Others end by themselves.
    ///   - onStart: told of each command just before it runs (for `--verbose`).
    package init(
        environment: [String: String], grace: Duration = .seconds(2), binder: String? = nil,
        onStart: (@Sendable (Command) -> Void)? = nil
    ) {
        self.environment = environment
        self.grace = grace
        self.binder = binder
        self.onStart = onStart
    }

    /// Runs a command to its end, as ``CommandRunning`` says.
    package func run(_ command: Command, output: OutputHandling) async throws -> CommandOutput {
        let path = try locate(command.executable)
        try Task.checkCancellation()
        onStart?(command)
        let variables = environment.merging(command.environment) { $1 }.map { "\($0.key)=\($0.value)" }
        let child = Child(
            path: path, command: command, environment: variables, output: output, grace: grace,
            binder: output.isStreamed ? binder : nil)
        running.withLock { $0[ObjectIdentifier(child)] = child }
        defer {
            running.withLock { $0[ObjectIdentifier(child)] = nil }
            ends.set(())
        }
        let result = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { child.start(reporting: $0) }
        } onCancel: {
            child.stop()
        }
        try Task.checkCancellation()
        return result
    }

    /// Stops every child process in order, those that are meant to run as long as we do, and returns once they have ended.
    package func stopAll() async {
        while true {
            let version = ends.current.version
            let children = running.withLock { Array($0.values) }
            guard !children.isEmpty, !Task.isCancelled else { return }
            for child in children { child.stop() }
            await ends.changed(since: version)
        }
    }

    /// Ends every child process at once with SIGKILL, for a program that must not stay a moment longer.
    package func killAll() {
        for child in running.withLock({ Array($0.values) }) { child.kill() }
    }

    /// The path of a program.
    /// - Throws: ``LaunchError/notFound(_:)``.
    package func locate(_ executable: String) throws -> String {
        let candidates =
            executable.contains("/")
            ? [executable]
            : (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map {
                "\($0)/\(executable)"
            }
        for candidate in candidates where Self.isProgram(candidate) { return candidate }
        throw LaunchError.notFound(executable)
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
