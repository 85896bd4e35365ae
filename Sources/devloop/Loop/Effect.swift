import Runner

/// Something that the loop wants done. What comes of it is a ``Fact``.
enum Effect: Sendable {
    // MARK: The project

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

    // MARK: Steps of a pass

    case build(BuildRequest, service: String)
    /// See which of these paths an image has.
    case search(BuiltImage, for: Set<String>, service: String)
    /// See whether workloads run an image.
    case look(Look, service: String)
    case deliver(BuiltImage, service: String)
    /// Compare what workloads run with an image.
    case verify(DeliveredImage, among: ImageNames, in: [Workload], service: String)
    /// End what is done for the pass of a service; each step that it ends is a fact as well.
    case stop(String)

    // MARK: Workloads

    /// Ask the target about objects.
    case ask(Deployment.Call, id: Int)
    /// Wait until a workload is up, for the pass of a service, or for none.
    case awaitReady(Workload, service: String?)

    // MARK: Files in containers

    /// Bring files into a container.
    case sync(SyncPlan.Request)
    /// Keep for the next run that containers of a service hold something else than their image, or not any more.
    case note(service: String, isAltered: Bool)
    /// Find out whether containers take up changes.
    case learn(TakeupQuestion)
    /// Call after a while.
    case wake(Wake, after: Duration)

    // MARK: Ports

    /// Listen on these ports of this machine, and on no others.
    case forward([ForwardedPort])
    /// Find out where the connections to a Service go.
    case findService(Ports.ServiceName)

    // MARK: Others

    /// Remove images that devloop built, where nobody else has a use for them.
    case removeImages([BuiltImage])
    /// Call for something that failed after a while.
    case retryLater(Outages.Step)
    /// Say something.
    case say(Report)
}

/// Whether workloads run an image.
struct Look: Sendable {
    var image: BuiltImage
    /// What it was delivered as by this run; `nil` where an earlier one may have done so.
    var known: DeliveredImage?
    /// The images that devloop builds.
    var names: ImageNames
    var workloads: [Workload]
}
