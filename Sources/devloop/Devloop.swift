import Runner
import Synchronization

/// The program: reads the command line, runs the command, and turns what comes of it into an exit status.
@main
enum Devloop {
    /// The version that `--version` prints.
    static let version = "0.1.0"

    static func main() {
        ParentBound.becomeCommand(CommandLine.unsafeArgv, count: CommandLine.argc)
        StandardStream.openMissing()
        Signals.block()
        let invocation: Invocation
        do {
            invocation = try Invocation.parse(Array(CommandLine.arguments.dropFirst()))
        } catch {
            exit(.usage) { $0.error(error) }
        }
        switch invocation {
        case .version: exit(.success) { $0.text(Help.version(version)) }
        case .help(let command): exit(.success) { $0.text(Help.text(for: command)) }
        case .run(let command, let options): run(command, options)
        }
    }

    /// Runs a command so that the first signal ends it in order, and another one, later, at once.
    private static func run(_ command: any Subcommand, _ options: CommonOptions) -> Never {
        let environment = ProcessEnvironment.current()
        let ending = Ending()
        let terminal = Terminal.standard(color: options.color, verbosity: options.verbosity, environment: environment) {
            ending.request()
        }
        let launcher = SystemLauncher(
            environment: environment, grace: .milliseconds(1500), binder: ParentBound.ownProgram,
            onStart: { terminal.command($0) })
        let farewell = Farewell()
        let execution = Execution(
            environment: environment, options: options, terminal: terminal, farewell: farewell, launcher: launcher,
            command: command)
        let task = Task { await execution.run() }
        ending.cancels(task)
        Task {
            let code = await task.value
            guard !ending.isForced else { return }
            terminal.finish()
            Signals.exitAtOnce(code == .interrupted ? command.statusWhenInterrupted : code)
        }
        Signals.handle { _ in
            switch ending.request() {
            case .first: terminal.stopWaiting()
            case .same: break
            case .forced:
                launcher.killAll()
                terminal.say(.warning(farewell.text))
                terminal.finish(atMost: .milliseconds(200))
                Signals.exitAtOnce(.interrupted)
            }
        }
    }

    private static func exit(_ code: ExitCode, _ say: (Terminal) -> Void) -> Never {
        let terminal = Terminal.standard(environment: ProcessEnvironment.current(), onHangUp: {})
        say(terminal)
        terminal.finish()
        Signals.exitAtOnce(code)
    }
}

/// One run of a command.
///
/// A type of its own: as a closure in a function that never returns it makes the optimizer of Swift 6.3 crash.
private struct Execution: Sendable {
    let environment: [String: String]
    let options: CommonOptions
    let terminal: Terminal
    let farewell: Farewell
    let launcher: SystemLauncher
    let command: any Subcommand

    /// Runs the command to its end, and shows what ends it too early. No program outlives it.
    func run() async -> ExitCode {
        let code = await result()
        // The task of the command may be cancelled by now.
        await Task { await launcher.stopAll() }.value
        return code
    }

    private func result() async -> ExitCode {
        do {
            let scratch = try ScratchFolder()
            defer { scratch.remove() }
            let context = CommandContext(
                environment: environment, options: options, terminal: terminal, farewell: farewell,
                launcher: launcher, scratch: scratch)
            return try await command.run(in: context)
        } catch let error as UsageError {
            terminal.error(error)
            return .usage
        } catch {
            terminal.say(.ends(error))
            return ExitCode(error)
        }
    }
}
