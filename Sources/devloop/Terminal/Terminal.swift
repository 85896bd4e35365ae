import Runner
import Synchronization

/// The only writer to the screen. Its calls may come from any thread; lines never mix.
///
/// Logs, what happens and results go to standard output; warnings, errors and the commands of `--verbose` to standard
/// error. Only ``log(service:line:)`` and ``log(service:lines:)`` hold their caller up while the screen is slow.
final class Terminal: Sendable {
    /// How much is printed.
    let verbosity: Verbosity
    private let sink: any OutputSink
    private let renderer: Mutex<LineRenderer>
    /// How many characters a line of a stream holds, asked anew for each message; `nil` where it is no screen.
    let columns: @Sendable (StandardStream) -> Int?

    /// A terminal that writes to a sink.
    init(
        appearance: Appearance, verbosity: Verbosity = .normal, sink: any OutputSink,
        columns: @escaping @Sendable (StandardStream) -> Int? = { _ in nil }
    ) {
        self.verbosity = verbosity
        self.columns = columns
        self.sink = sink
        renderer = Mutex(LineRenderer(appearance: appearance))
    }

    /// The program's own terminal.
    /// - Parameter onHangUp: told once, on a thread that does nothing else, that nobody reads standard output any
    ///   more. SIGPIPE must be ignored.
    static func standard(
        color: ColorChoice = .auto, verbosity: Verbosity = .normal, environment: [String: String],
        onHangUp: @escaping @Sendable () -> Void
    ) -> Terminal {
        let appearance = Appearance.detect(
            color: color, environment: environment, outputIsTerminal: StandardStream.output.isTerminal,
            errorIsTerminal: StandardStream.error.isTerminal)
        return Terminal(
            appearance: appearance, verbosity: verbosity, sink: OutputQueue(onHangUp: onHangUp), columns: { $0.columns }
        )
    }

    /// Names the services: their order gives them their colors, the longest name the width of the first column.
    func setServices(_ names: [String]) {
        renderer.withLock { $0 = LineRenderer(appearance: $0.appearance, services: names) }
    }

    // MARK: - Standard output

    /// A line of a service's log, without its newline. Blocks while the screen is slow, so it is for threads that read.
    @available(*, noasync, message: "blocks while the screen is slow")
    func log(service: String, line: [UInt8]) {
        log(service: service, lines: CollectionOfOne(line))
    }

    /// Lines of a service's log that came at once; they stay together. Blocks while the screen is slow.
    @available(*, noasync, message: "blocks while the screen is slow")
    func log(service: String, lines: some Collection<[UInt8]>) {
        sink.write(current.log(service: service, lines: lines), to: .output, waits: true)
    }

    /// What happens; `--quiet` leaves it out.
    func status(_ text: String, mark: LineRenderer.Mark = .note) {
        guard verbosity != .quiet else { return }
        let renderer = current
        write(
            renderer.message(mark, text, colors: renderer.appearance.outputColors, columns: columns(.output)),
            to: .output)
    }

    /// What the command was asked for: a digest, a list. It is printed in any case, with no mark, for other programs.
    func result(_ text: String) { write(current.plain(text), to: .output) }

    /// Text of devloop's own that has its newlines: help, the version.
    func text(_ text: String, to stream: StandardStream = .output) { write(Array(text.utf8), to: stream) }

    // MARK: - Standard error

    /// Something that the user should know and that stops nothing.
    func warning(_ text: String) {
        let renderer = current
        write(
            renderer.message(.warning, text, colors: renderer.appearance.errorColors, columns: columns(.error)),
            to: .error)
    }

    /// Something that was not as it should be is over.
    func success(_ text: String) {
        let renderer = current
        write(
            renderer.message(.success, text, colors: renderer.appearance.errorColors, columns: columns(.error)),
            to: .error)
    }

    /// Something that failed.
    /// - Parameters:
    ///   - summary: the stage and the thing: `posts: the build failed`.
    ///   - details: what the tool said.
    ///   - advice: what to do next.
    func error(_ summary: String, details: [String] = [], advice: String? = nil) {
        write(current.failure(summary, details: details, advice: advice, columns: columns(.error)), to: .error)
    }

    /// Something that failed at the target.
    func error(_ error: TargetError) { self.error(error.summary, details: error.details, advice: error.advice) }

    /// What is wrong with the configuration: a line each, in the form that editors jump to.
    func error(_ error: ConfigurationError) {
        let advice = error.advice?.split(separator: "\n").map { "  \($0)" } ?? []
        write((error.lines + advice).flatMap(current.plain), to: .error)
    }

    /// What is wrong with the command line: one line, or the help.
    func error(_ error: UsageError) {
        switch error {
        case .empty: text(error.description, to: .error)
        case .invalid: write(current.plain(error.description), to: .error)
        }
    }

    /// Asks a question whose answer is yes or no, the last line on the line of the answer.
    /// - Returns: whether the answer is `y` or `yes`.
    /// - Throws: `CancellationError`.
    @Sendable func ask(_ lines: [String]) async throws -> Bool {
        write(Array(lines.flatMap(current.plain).dropLast()), to: .error)
        let answer = try await StandardInput.line()
        return ["y", "yes"].contains(answer?.lowercased())
    }

    /// A command that is about to run, shown with `--verbose`.
    func command(_ command: Command) {
        guard verbosity == .verbose else { return }
        write(current.command(command.description), to: .error)
    }

    /// With `--verbose`, what a cluster or the Docker Engine is asked.
    func read(_ query: String) {
        guard verbosity == .verbose else { return }
        write(current.command(query), to: .error)
    }

    // MARK: - The end

    /// Lets threads that wait for a slow screen go on, so that a paused terminal can't keep the program from ending.
    /// What they say is still written if it can be.
    func stopWaiting() { sink.stopWaiting() }

    /// Blocks until everything is on the screen, a second at the most. The last call before the program exits.
    func finish(atMost limit: Duration = .seconds(1)) {
        sink.stopWaiting()
        _ = sink.flush(atMost: limit)
    }

    private var current: LineRenderer { renderer.withLock { $0 } }

    private func write(_ bytes: [UInt8], to stream: StandardStream) { sink.write(bytes, to: stream, waits: false) }
}
