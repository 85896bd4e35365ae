import Synchronization

/// Watches trees of files and says what changed in them.
///
/// The truth is found by looking: folders are listed, every entry is stat-ed and compared with what it was. The kernel
/// (inotify, kqueue) only says when and where to look, and a slow audit looks everywhere. It all happens on one thread
/// of the watcher's own.
package final class TreeWatcher: Sendable {
    private enum Phase {
        case idle
        case running(WorkerThread)
        case stopped
    }

    private let control: WatchControl
    private let mailbox = BatchMailbox()
    private let board = NoticeBoard()
    private let roots: [WatchRoot]
    private let schedule: PollSchedule
    private let hints: HintOptions
    private let phase = Mutex(Phase.idle)

    /// Prepares to watch these trees; nothing is looked at before ``start()``.
    /// - Throws: ``WatcherError`` if the system lacks what a watcher needs.
    package convenience init(roots: [WatchRoot], schedule: PollSchedule = PollSchedule()) throws(WatcherError) {
        try self.init(roots: roots, schedule: schedule, hints: HintOptions())
    }

    /// With the kernel's hints as tests and measurements want them.
    package init(roots: [WatchRoot], schedule: PollSchedule, hints: HintOptions) throws(WatcherError) {
        do {
            control = try WatchControl()
        } catch {
            throw WatcherError(reason: error.text)
        }
        self.roots = roots
        self.schedule = schedule
        self.hints = hints
    }

    deinit {
        guard case .running(let thread) = phase.withLock({ $0 }) else { return }
        control.stop()
        thread.detach()
    }

    /// The settled changes, until ``stop()``; for one consumer.
    ///
    /// Nothing is dropped: while the consumer is busy, what changes is gathered into its next batch.
    package var batches: AsyncStream<ChangeBatch> { mailbox.batches }

    /// What the user may want to know about the watching, until ``stop()``; for one consumer.
    package var notices: AsyncStream<WatchNotice> { board.notices }

    /// Begins to watch. The baseline of every root is taken before this returns, so that an edit right after it is
    /// seen. To be called once.
    /// - Throws: ``WatcherError`` if there is no thread to be had.
    package func start() async throws(WatcherError) {
        let failure = phase.withLock { phase -> WatcherError? in
            guard case .idle = phase else { return nil }
            do throws(SystemError) {
                phase = .running(
                    try WorkerThread { [control, mailbox, board, schedule, hints] in
                        WatchLoop(control: control, mailbox: mailbox, board: board, schedule: schedule, hints: hints)
                            .run()
                        control.close()
                        mailbox.close()
                        board.close()
                    })
                return nil
            } catch {
                return WatcherError(reason: error.text)
            }
        }
        if let failure { throw failure }
        await control.watch(roots)
    }

    /// Watches these roots from now on. A root that stays as it is goes on undisturbed; the baseline of a new one is
    /// taken before this returns. Where only the filter differs, the change of the filter itself is no change of files:
    /// what counts anew or no longer is not reported, what was edited meanwhile is.
    package func update(roots: [WatchRoot]) async {
        await control.watch(roots)
    }

    /// Ends the watching and waits for its thread. Changes that have not settled are not reported any more.
    package func stop() async {
        let before = phase.withLock { phase in
            defer { phase = .stopped }
            return phase
        }
        control.stop()
        guard case .running(let thread) = before else {
            control.close()
            mailbox.close()
            board.close()
            return
        }
        await control.watch([])
        // The thread has closed the control, or is about to end: this does not wait.
        thread.join()
    }
}

/// Why watching cannot begin.
package struct WatcherError: Error, Sendable, Hashable {
    /// What the system said.
    package let reason: String
}
