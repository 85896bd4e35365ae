import Runner

/// Something that the loop wants done. What comes of it is a ``Fact``.
enum Effect: Sendable {
    /// Look at the files that say which others count and which images are built on others, and watch what counts from
    /// now on: before the next effect, and before any other fact.
    /// - Parameters:
    ///   - watched: the newest configuration that could be read.
    ///   - built: the configuration of the project that runs.
    case survey(watched: Configuration, built: Configuration)
    /// Read devloop.json for what it names: before any other fact.
    case readConfiguration
    /// Read devloop.json and the manifests.
    case load
    /// This project counts from now on.
    case adopt(Project)
    /// Begin a pass.
    case start(PassRequest)
    /// End the pass of a service, if its stage can be stopped.
    case stop(String)
    /// Apply everything; passes that begin from now on wait for what they may need of it.
    case apply
    /// Apply what could not be applied last.
    case applyAgain
    /// Wait until a workload is up.
    case awaitReady(Workload)
    /// Call for something that failed after a while.
    case retryLater(Outages.Step)
    /// Say something.
    case say(Report)
}

/// What a pass is to do.
struct PassRequest: Sendable {
    var service: Project.Service
    /// The names besides its own that the image is built under.
    var otherNames: [ImageReference]
    /// The images of the services that it is built on.
    var bases: [String: [BuiltImage]]
    /// The id of the image that was built last.
    var lastImage: String?
    var cause: WorkPlan.Cause
}
