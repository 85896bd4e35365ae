import Runner

/// Everything that the loop has to say. What it looks like is ``Report/message``'s to decide.
enum Report: Sendable {
    // MARK: Passes

    /// The first passes begin.
    case building([String])
    /// A pass begins, since these files changed, or images that its own is built on.
    case changed(service: String, [String])
    /// A pass came to its end.
    case live(PassSummary)
    /// A pass came to its end, but nothing can start before these services have images too.
    case waiting(PassSummary, for: [String])
    /// A step of a pass failed.
    case failed(service: String, TargetError)
    /// A service is built when this base of it is, whose build failed.
    case held(service: String, base: String)
    /// The name of a base means another image than the one that was built, or none.
    case rebuilt(base: String, for: String)
    /// The name of a base is given to other images again and again.
    case givenUp(service: String, base: String)
    /// Builds are let finish though this file goes on changing.
    case restless(service: String, file: String)
    /// What a step of a pass has to say before it ends.
    case passNotice(service: String, String)

    // MARK: The whole

    /// A step failed for want of Docker, the registry or the cluster, and is tried again until it works.
    case outage(TargetError)
    /// What the applies had to say.
    case notice(String)
    /// An object could not be applied.
    case notApplied(TargetError)
    /// No object could be applied.
    case applyFailed(any Error)
    /// The manifests changed.
    case applyingAgain
    /// A workload that a pass did not wait for runs.
    case ready(Workload)
    /// A workload that a pass did not wait for does not run.
    case notReady(any Error)
    /// Something that the user should know of the project, or of how it is watched.
    case warning(String)
    /// These keys of devloop.json changed.
    case needsRestart([String])
    /// A change can't be taken up.
    case leftAside(what: String, any Error)
}
