import Runner

/// Something that happened and that the loop has to know.
enum Fact: Sendable {
    // MARK: From the watcher

    /// Files changed that mean something; the first of it was noticed then.
    case changes(WatchedPaths.Impact, noticed: ContinuousClock.Instant)
    /// Something about watching that the user may want to know.
    case watching(String)

    // MARK: From a pass

    /// It went on to a stage.
    case entered(WorkPlan.Stage, service: String)
    /// Its image is there: the id.
    case built(String, service: String)
    /// It ended.
    case ended(Pass.Outcome, service: String, Aftermath)

    // MARK: From other effects

    /// What is watched from now on is watched, but for these problems; and which images are built on others.
    case surveyed(problems: [String], ImageDependencies)
    /// devloop.json as it is now, whether or not what it names is there; `nil` where it can't be read.
    case configuration(Configuration?)
    /// devloop.json and the manifests were read.
    case loaded(Result<LoadedProject, any Error>)
    /// The objects were applied, as far as that went.
    case applied(Result<ApplyReport, any Error>, Aftermath)
    /// A workload that no pass waits for came up, or did not.
    case ready(Workload, Result<Void, any Error>)
    /// A workload was found deleted and is back: others may be gone as well.
    case lost
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
