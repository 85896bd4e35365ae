import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `kubectl proxy` on a socket in a folder that nobody else can enter: one process through which all is read.
///
/// It starts when it is needed first, and again when it has ended, when kubectl's configuration has changed, which it read
/// at its start, and when the login that it knows is no longer taken. It ends with the launcher that started it.
final class KubectlProxy: Sendable {
    /// One process, from its start to its end.
    final class Run: Sendable {
        enum State: Sendable {
            case starting
            case serving
            case ended(ReadFailure)
        }

        let socket: String
        fileprivate let configuration: [Kubeconfig.Stamp?]
        fileprivate let state = Latest(State.starting)
        fileprivate let task = Mutex<Task<Void, Never>?>(nil)

        fileprivate init(socket: String, configuration: [Kubeconfig.Stamp?]) {
            self.socket = socket
            self.configuration = configuration
        }

        fileprivate var hasEnded: Bool { if case .ended = state.current.value { true } else { false } }
    }

    private let kubectl: Kubectl
    private let launcher: any CommandRunning
    private let scratch: ScratchFolder
    private let configuration: @Sendable () -> [Kubeconfig.Stamp?]
    private let current = Mutex<Run?>(nil)

    /// - Parameters:
    ///   - scratch: where its socket is.
    ///   - configuration: what kubectl's configuration is now.
    init(
        kubectl: Kubectl, launcher: any CommandRunning, scratch: ScratchFolder,
        configuration: @escaping @Sendable () -> [Kubeconfig.Stamp?] = { Kubeconfig.stamps() }
    ) {
        self.kubectl = kubectl
        self.launcher = launcher
        self.scratch = scratch
        self.configuration = configuration
    }

    deinit { current.withLock { $0 }?.task.withLock { $0 }?.cancel() }

    /// The process that listens by now.
    /// - Throws: ``ReadFailure`` where it does not; `CancellationError`.
    func serving() async throws -> Run {
        let run = latest()
        while true {
            let (state, version) = run.state.current
            switch state {
            case .serving: return run
            case .ended(let failure): throw failure
            case .starting: await run.state.changed(since: version)
            }
            try Task.checkCancellation()
        }
    }

    /// Ends a process: the next question starts another. What is read through it is cut, and read again by whoever reads.
    func replace(_ run: Run) {
        current.withLock { if $0 === run { $0 = nil } }
        run.task.withLock { $0 }?.cancel()
    }

    private func latest() -> Run {
        let configuration = configuration()
        let (run, old) = current.withLock { current -> (Run, Run?) in
            let old = current
            if let old, !old.hasEnded, old.configuration == configuration { return (old, nil) }
            let new = Run(socket: scratch.newPath(), configuration: configuration)
            current = new
            start(new)
            return (new, old)
        }
        old?.task.withLock { $0 }?.cancel()
        return run
    }

    private func start(_ run: Run) {
        let (launcher, scratch, command) = (launcher, scratch, kubectl.proxy(socket: run.socket))
        let task = Task {
            run.state.set(.ended(await Self.serve(run, command, launcher)))
            scratch.remove(run.socket)
        }
        run.task.withLock { $0 = task }
    }

    /// - Returns: why it has ended.
    private static func serve(_ run: Run, _ command: Command, _ launcher: any CommandRunning) async -> ReadFailure {
        let said = OutputTail(limit: 6)
        do {
            let output = try await launcher.runTool(
                command,
                output: .lines { source, line in
                    if source == .standardError { return said.append(line) }
                    if line.starts(with: "Starting to serve on ".utf8) { run.state.set(.serving) }
                })
            let isOutage = if case .signalled = output.termination { true } else { false }
            let text = said.lines.joined(separator: "\n")
            return ReadFailure(text.isEmpty ? "kubectl proxy: \(output.termination)" : text, isOutage: isOutage)
        } catch let error as TargetError {
            return ReadFailure(error.summary, isOutage: true, advice: error.advice)
        } catch {
            return ReadFailure("kubectl proxy was replaced", isOutage: true)
        }
    }
}
