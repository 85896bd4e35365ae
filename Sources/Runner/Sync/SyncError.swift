/// Why files did not arrive in a container.
package enum SyncError: Error, Sendable, Hashable {
    /// The container, or the way to it, is gone: the channel is closed, and whoever knows of containers decides.
    case lost(SyncReason)
    /// This container can't be synced, whatever is sent.
    case impossible(SyncReason)
    /// What was sent is not there as it should be. Some of it may be. The channel is as usable as before.
    case failed(SyncReason)

    package var reason: SyncReason {
        switch self {
        case .lost(let reason), .impossible(let reason), .failed(let reason): reason
        }
    }
}

extension SyncError: CustomStringConvertible {
    package var description: String { reason.words }
}

/// A reason as programs tell it apart, and in few words for a user.
package struct SyncReason: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case noShell
        /// `tar`, `dd`, `cksum` or another tool is not in the container, or too old.
        case noTool
        case readOnly
        /// The container's user may not write there.
        case noPermission
        case diskFull
        /// The cluster does not let this user run commands in containers.
        case refused
        /// docker or kubectl is missing.
        case noProgram
        /// The container has ended, is paused, or was never there.
        case containerGone
        case connectionLost
        /// Nothing came, and nothing was taken, for too long.
        case silent
        /// Our own side closed the channel.
        case closed
        /// A file went on changing while it was read.
        case changing
        /// Something in the container wrote the file again.
        case altered
        /// The container's program is not under a ``Supervisor``.
        case notRestartable
        /// The container's user may not signal its first process.
        case notSignalled
        /// A folder with what others put there is where a file is to be.
        case occupied
        /// The source can't be read, or is nothing that can be sent.
        case source
        case other
    }

    package var kind: Kind
    package var words: String

    package init(_ kind: Kind, _ words: String) {
        self.kind = kind
        self.words = words
    }
}

extension SyncError {
    static let closed = SyncError.lost(SyncReason(.closed, "the channel was closed"))

    /// What the container's tar or rm said about what is not as it should be there. In order: a full disk makes tar say
    /// more than that.
    init(said lines: [String], about path: String) {
        let text = lines.joined(separator: "\n").lowercased()
        func says(_ marks: String...) -> Bool { marks.contains { text.contains($0) } }
        if says("no space left", "quota exceeded") {
            self = .failed(SyncReason(.diskFull, "the container's disk is full"))
        } else if says("read-only file system") {
            self = .impossible(SyncReason(.readOnly, "the container's file system is read-only at \(path)"))
        } else if says("permission denied", "operation not permitted") {
            self = .impossible(SyncReason(.noPermission, "the container's user may not write \(path)"))
        } else {
            let first = lines.first { !$0.isEmpty }.map { ": \($0.prefix(200))" } ?? ""
            self = .failed(SyncReason(.other, "\(path) could not be written\(first)"))
        }
    }

    /// What docker or kubectl said as the channel ended, and with which status.
    /// - Parameter noise: what came out of the shell's output that was not its own.
    init(ended output: CommandOutput, noise: [String] = []) {
        let message = KubectlMessage((noise + [output.errorText]).joined(separator: "\n"))
        let text = message.lines.joined(separator: "\n")
        let last = String((message.lines.last ?? "\(output.termination)").prefix(200))
        func says(_ marks: String...) -> Bool { marks.contains { text.contains($0) } }
        let isShellMissing =
            says("exec: \"sh\"", "executable file not found", "exec: \"/bin/sh\"")
            || says("no such file or directory") && says("OCI runtime exec failed", "failed to exec in container")
        if isShellMissing {
            self = .impossible(SyncReason(.noShell, "the container has no shell"))
        } else if says("(Forbidden)") {
            self = .impossible(SyncReason(.refused, "the cluster refuses to run commands in containers: \(last)"))
        } else if output.termination == .exited(127), says("not found on PATH") {
            self = .impossible(SyncReason(.noProgram, last))
        } else if says(
            "(NotFound)", "is not running", "No such container", "container not found", "is paused",
            "completed pod", "not found in pod", "is restarting", "is not valid for pod", "No such exec")
        {
            self = .lost(SyncReason(.containerGone, "the container is gone: \(last)"))
        } else {
            self = .lost(SyncReason(.connectionLost, "the connection to the container was lost: \(last)"))
        }
    }
}
