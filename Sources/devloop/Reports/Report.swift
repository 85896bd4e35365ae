import Runner

/// Everything that devloop has to say but for the lines of logs and of `--verbose`. What it looks like is
/// ``Report/message``'s to decide.
enum Report: Sendable {
    // MARK: Commands

    /// The project runs at a target.
    case running(String, on: String)
    /// The logs of a project at a target follow.
    case logs(of: String, on: String)
    /// The loop is over and what it started goes on; with the command that removes it.
    case goesOn(removedBy: Command)
    /// The loop is over, and what it started is deleted.
    case cleaningUp
    /// What of a project runs is deleted.
    case deleting(String)
    /// Nothing of a project was there to delete.
    case nothingThere(String)
    /// Something is deleted, as the tool says it: as the command's result, or on the way.
    case deleted(String, isResult: Bool)
    /// What holds data was left; with the command that deletes it.
    case dataStays(removedBy: Command)
    /// Something takes long to be deleted.
    case stillThere(String)
    /// What a command was asked for: a digest, an id.
    case result(String)
    /// `build` has an image.
    case imageBuilt(service: String, Duration)
    /// `build` has no image, or can't push it.
    case imageFailed(service: String, TargetError)
    /// `build` has no image, for want of the one that it is built on.
    case imageLacksBase(service: String, base: String)
    /// What ends a command.
    case ends(any Error)
    /// A command can't begin yet, and tries again until it can.
    case notThereYet(any Error)

    // MARK: Containers

    /// Something that happened to a container of a service, or to all of them.
    case container(of: String?, String)
    /// Something keeps a service from running.
    case problem(WorkloadProblem, of: String)
    /// The last lines of a container whose death was told without them.
    case lastLines(WorkloadProblem, of: String)
    /// The problems of a service that were told are over.
    case recovered(String, from: [String])
    /// What runs to its end has come there.
    case completed(String)
    /// The logs can't be followed.
    case logsLost(any Error)

    // MARK: Passes

    /// The first passes begin.
    case building([String])
    /// A pass begins, since these files changed, or images that its own is built on.
    /// - Parameter because: why the files can't be brought into the containers.
    case changed(service: String, [String], because: String?)
    /// A pass came to its end.
    case live(PassSummary)
    /// The image of a service is there for what starts a container later.
    case prepared(PassSummary)
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
    /// A service is built without the cache, since its secrets are others than those of the last build.
    case secretsChanged(service: String)
    /// What a step of a pass has to say before it ends.
    case passNotice(service: String, String)

    // MARK: Files in containers

    /// Files are in all containers of a service.
    case synced(service: String, [String], [ContainerAction], Duration)
    /// What was to be done in a container after files arrived failed.
    case runFailed(service: String, FailedRun)
    /// A program that is run in a container after files arrived holds up what is saved.
    case stillRuns(service: String, [String])
    /// Saves of a service are brought into its containers, since these take them up: the first time.
    case syncs(service: String, Takeup)
    /// Saves of a service are built, since its containers don't take them up: the first time.
    case buildsOnly(service: String, command: String)
    /// Files could not be brought into the containers, and are built.
    case notSynced(service: String, SyncError)
    /// The loop is over, and an image lacks what was brought into its containers.
    case imageIsBehind(service: String)

    // MARK: Ports

    /// A service is reached there.
    case reachable(String, String)
    /// A port of this machine is another program's.
    case portTaken(Int, String, by: String)
    /// A port of this machine can't be listened on: why.
    case portDenied(Int, String, String)
    /// A connection was held for as long as one is.
    case portUnanswered(Int, String, isRefused: Bool, said: String?)

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
