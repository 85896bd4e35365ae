import Runner

/// Something that happened and that the loop has to know.
enum Fact: Sendable {
    // MARK: From the watcher

    /// Files changed that mean something; the first of it was noticed then.
    case changes(WatchedPaths.Impact, noticed: ContinuousClock.Instant)
    /// Something about watching that the user may want to know.
    case watching(String)

    // MARK: From the steps of a pass

    /// Its image is built, or not.
    case built(Result<BuiltImage, any Error>, service: String)
    /// Which of the paths that were searched for are in the image.
    case searched(Result<Set<String>, any Error>, service: String)
    /// Whether the image runs already: as what it was delivered.
    case looked(Result<DeliveredImage?, any Error>, service: String)
    case delivered(Result<DeliveredImage, any Error>, service: String)
    /// What the user should know of containers that run something else on purpose.
    case verified(Result<[String], any Error>, service: String)

    // MARK: From the target

    /// It has answered what it was asked about objects.
    case answered(Int, Result<Deployment.Answer, any Error>)
    /// A workload is up, with what the user should know of what had to be done for it, or it is not.
    case ready(Workload, Result<[String], any Error>, service: String?)

    /// The containers of a workload that run are these now.
    case running(Workload, [RunningContainer])
    /// A container has acknowledged what was sent to it, or not.
    case synced(Result<SyncReceipt, SyncError>, container: String, service: String)
    /// How the containers of a service take up changes; `nil` where it could not be found out.
    case learned(Takeup?, TakeupQuestion)

    /// Where the connections to a pod end is another place now, or none.
    case endpoint(PodEndpoint, isGone: Bool)
    /// Something has happened to a port of this machine.
    case port(PortNews)
    /// Where the connections to a Service go that is in no manifest.
    case foundService(Result<ServicePorts?, any Error>, Ports.ServiceName)

    // MARK: From other effects

    /// Of the images that were to be removed, these are gone.
    case removedImages(Set<String>)
    /// A time has come.
    case woke(Wake)

    /// What is watched from now on is watched, but for these problems; and which images are built on others.
    case surveyed(problems: [String], ImageDependencies)
    /// devloop.json as it is now, whether or not what it names is there; `nil` where it can't be read.
    case configuration(Configuration?)
    /// devloop.json and the manifests were read.
    case loaded(Result<LoadedProject, any Error>)
    /// The time has come to try something again.
    case retryDue(Outages.Step)
}

/// A project as it was read.
struct LoadedProject: Sendable {
    var project: Project
    /// Which of its images are built on others.
    var dependencies: ImageDependencies
}

/// What is left to say and to do after something was applied.
struct Aftermath: Sendable {
    /// What the applies had to say.
    var notices: [String] = []
    /// What could not be applied and was not told yet.
    var failures: [TargetError] = []
    /// Whether there are objects that could not be applied.
    var hasFailures = false
    /// What could not be applied and may work a moment later.
    var passing: TargetError?
    /// Whether the latest apply of everything has come to no end.
    var isIncomplete = false
}
