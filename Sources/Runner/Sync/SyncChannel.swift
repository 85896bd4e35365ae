import Synchronization

/// A way into a running container: files that are sent arrive there, and are acknowledged.
///
/// One program (`kubectl exec`, `docker exec`) stays open with a shell in the container, from the first send on, so that a
/// save starts nothing on this machine. What the container's own `cksum` says of a file after it was written has to be
/// what was read here: only then a send has succeeded.
///
/// Sends come one after another. A send that fails with ``SyncError/lost(_:)``, or whose task is cancelled, closes the
/// channel.
package final class SyncChannel: Sendable {
    private enum State {
        case unopened
        case open(SyncLink)
        case closed
    }

    /// Makes the link that the first send needs.
    typealias Opening = @Sendable (_ patience: Duration) async throws(SyncError) -> SyncLink

    private let opening: Opening
    private let patience: Duration
    private let willRestart: @Sendable () -> Void
    private let state = Mutex(State.unopened)

    /// - Parameters:
    ///   - command: runs ``SyncScript/loop`` in the container.
    ///   - patience: how long nothing may come and nothing be taken before the container is given up.
    ///   - willRestart: called each time before the container's program is started again.
    package convenience init(
        command: Command, launcher: any CommandRunning, patience: Duration = .seconds(30),
        willRestart: @escaping @Sendable () -> Void = {}
    ) {
        self.init(patience: patience, willRestart: willRestart) { patience throws(SyncError) in
            try SyncLink.start(command, launcher: launcher, patience: patience)
        }
    }

    init(patience: Duration, willRestart: @escaping @Sendable () -> Void = {}, opening: @escaping Opening) {
        self.opening = opening
        self.patience = patience
        self.willRestart = willRestart
    }

    deinit { close() }

    /// Puts files, folders and links into the container, and removes others.
    ///
    /// Nothing is removed that isn't named: a folder with others' files stays, and where such a folder is to become a file
    /// the send fails. A link in the container is replaced, never followed.
    /// - Parameters:
    ///   - actions: what is done when all of it is there.
    ///   - container: the container's name in its pod, for that.
    /// - Returns: what the container has acknowledged. That a source has vanished, or is no file, is not an error, nor is
    ///   that a program failed.
    package func send(
        _ entries: [SyncEntry], then actions: [ContainerAction] = [], in container: String = ""
    ) async throws(SyncError) -> SyncReceipt {
        if Task.isCancelled {
            close()
            throw .closed
        }
        let (link, isNew) = try await open()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { [willRestart] continuation in
                PosixThread.detach {
                    continuation.resume(
                        returning: Result { () throws(SyncDelivery.Stop) in
                            var delivery = SyncDelivery(link: link, willRestart: willRestart)
                            return try delivery.run(entries, then: actions, in: container, greets: isNew)
                        })
                }
            }
        } onCancel: {
            close()
        }
        switch result {
        case .success(let receipt): return receipt
        case .failure(.error(let error)): throw error
        case .failure(.interrupted(let error)):
            // Without an answer to its end, nobody knows where the shell is.
            close()
            throw error
        case .failure(.silent):
            close()
            throw .lost(SyncReason(.silent, "nothing came from the container for \(patience.components.seconds) s"))
        case .failure(.ended(let noise)):
            let wasClosed = state.withLock { if case .closed = $0 { true } else { false } }
            if wasClosed { throw .closed }
            let ending = await link.ending()
            close()
            throw SyncError(ended: ending, noise: noise)
        }
    }

    /// Ends the channel, and a send that is under way.
    package func close() {
        let link = state.withLock { state in
            defer { state = .closed }
            return if case .open(let link) = state { link } else { nil as SyncLink? }
        }
        link?.close()
    }

    private func open() async throws(SyncError) -> (SyncLink, isNew: Bool) {
        switch state.withLock({ $0 }) {
        case .closed: throw .closed
        case .open(let link): return (link, isNew: false)
        case .unopened: break
        }
        let link = try await opening(patience)
        // It may have been closed meanwhile.
        let isWanted = state.withLock { state in
            guard case .unopened = state else { return false }
            state = .open(link)
            return true
        }
        guard isWanted else {
            link.close()
            throw .closed
        }
        return (link, isNew: true)
    }
}

extension SyncChannel {
    /// A channel into a container of plain Docker, as the container's own user. An engine at a socket of this machine is
    /// asked itself: a `docker exec` for each channel takes tens of megabytes.
    package static func docker(
        container id: String, launcher: any CommandRunning, patience: Duration = .seconds(30)
    ) -> SyncChannel {
        docker(container: id, engine: DockerEngine(launcher: launcher), launcher: launcher, patience: patience)
    }

    static func docker(
        container id: String, engine: DockerEngine, launcher: any CommandRunning, patience: Duration = .seconds(30),
        willRestart: @escaping @Sendable () -> Void = {}
    ) -> SyncChannel {
        SyncChannel(patience: patience, willRestart: willRestart) { patience throws(SyncError) in
            if let link = try await engine.openShell(in: id, patience: patience) { return link }
            return try SyncLink.start(DockerCommand.sync(id), launcher: launcher, patience: patience)
        }
    }

    /// A channel into a container of a pod.
    package static func kubernetes(
        context: String, namespace: String, pod: String, container: String, launcher: any CommandRunning
    ) -> SyncChannel {
        let kubectl = Kubectl(context: context, namespace: namespace)
        return SyncChannel(
            command: kubectl.sync(pod: pod, container: container, namespace: namespace), launcher: launcher)
    }
}
