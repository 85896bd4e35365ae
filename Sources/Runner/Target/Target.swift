/// An image as it came out of a build.
package struct BuiltImage: Sendable, Hashable {
    /// The name that the manifests know it by.
    package var reference: ImageReference
    /// The image id: `sha256:…`. Two builds with one id are the same image.
    package var id: String
    /// How its containers are started, where they are to run under a ``Supervisor`` and can.
    package var start: ImageStart?
    /// Where its own build has pushed it, if it did.
    package var pushed: PushedImage?

    package init(reference: ImageReference, id: String, start: ImageStart? = nil, pushed: PushedImage? = nil) {
        self.reference = reference
        self.id = id
        self.start = start
        self.pushed = pushed
    }
}

/// An image in a registry.
package struct PushedImage: Sendable, Hashable {
    /// The name that it was pushed as.
    package var reference: ImageReference
    /// What the registry knows it by: `sha256:…`
    package var digest: String

    package init(reference: ImageReference, digest: String) {
        self.reference = reference
        self.digest = digest
    }
}

/// A built image where the target's containers can be started from it.
package struct DeliveredImage: Sendable, Hashable {
    /// What was built.
    package var built: BuiltImage
    /// The reference that the applied manifests carry.
    package var reference: String
    /// The digest in the registry, where it was pushed: `sha256:…`
    package var digest: String?

    package init(built: BuiltImage, reference: String, digest: String? = nil) {
        self.built = built
        self.reference = reference
        self.digest = digest
    }

    /// What a build itself has pushed is where it belongs; `nil` for any other image.
    init?(pushedByItsBuild image: BuiltImage) {
        guard let pushed = image.pushed else { return nil }
        self.init(built: image, reference: pushed.reference.tagged, digest: pushed.digest)
    }

    /// Whether it came over a registry, so that a node has to pull it.
    package var wasPushed: Bool { digest != nil }
}

/// What an apply did.
package struct ApplyReport: Sendable, Hashable {
    /// The workloads that are new: their containers start from the images that were handed over.
    package var created: Set<Workload>
    /// The workloads that were there and are another way now.
    package var changed: Set<Workload>
    /// Those of them whose containers are replaced by that, so that new ones start from the images that were handed over.
    package var renewed: Set<Workload>
    /// What the user should know, each told once in a session: fields that can't be honoured, URLs.
    package var notices: [String]
    /// What the user should know now, whatever was told before.
    package var news: [String]
    /// What of the objects could not be applied; all others are.
    package var failures: [ApplyFailure]

    package init(
        created: Set<Workload> = [], changed: Set<Workload> = [], renewed: Set<Workload> = [], notices: [String] = [],
        news: [String] = [], failures: [ApplyFailure] = []
    ) {
        self.created = created
        self.changed = changed
        self.renewed = renewed
        self.notices = notices
        self.news = news
        self.failures = failures
    }

    /// What both did.
    package func adding(_ other: ApplyReport) -> ApplyReport {
        ApplyReport(
            created: created.union(other.created), changed: changed.union(other.changed),
            renewed: renewed.union(other.renewed), notices: notices + other.notices, news: news + other.news,
            failures: failures + other.failures)
    }
}

/// What comes out of following the logs.
package enum LogEvent: Sendable, Hashable {
    /// One line of a container, without its newline.
    case line(workload: Workload, container: String?, text: [UInt8])
    /// Something that happened to a container: it exited, it was restarted, the log could not be read.
    case notice(workload: Workload?, text: String)
    /// Something keeps a workload from running; told once for as long as it lasts.
    case problem(workload: Workload, WorkloadProblem)
    /// The last lines of a container whose death was told without them, because they came late.
    case lastLines(workload: Workload, WorkloadProblem)
    /// The problems of a workload that were told are over; by the names of their states.
    case recovered(workload: Workload, from: [String])
    /// A workload that runs to its end has come there: in words.
    case completed(workload: Workload, text: String)
    /// The containers of a workload that run are these now.
    case running(workload: Workload, [RunningContainer])
}

/// How much of a project is deleted.
package enum DeletionScope: Sendable, Hashable {
    /// What holds data stays, and whatever else would be gone with it: volumes and claims; in a cluster namespaces and the
    /// definitions of kinds, too.
    case allButData
    case everything
}

/// What comes of deleting.
package enum DeletionEvent: Sendable, Hashable {
    /// Something is deleted, or is not for a reason that the line gives: the tool's line for it.
    case deleted(String)
    /// Something stays, as ``DeletionScope/allButData`` wants it: a line that names it.
    case kept(String)
    /// Something takes long: what, and what it waits for.
    case waiting(String)
}

/// Which part of the logs is read.
package struct LogSelection: Sendable {
    /// Of a container that ran before anybody looked, the lines of this time; `nil` shows the last ten for orientation.
    /// One that starts later is shown from its first line.
    package var since: Duration?
    /// Whether what comes later is read too; otherwise reading ends with what is there.
    package var follows: Bool
    /// Whether the log of a workload is shown. What happens to its containers is told in any case.
    package var isShown: @Sendable (Workload) -> Bool
    /// What else is wanted to be known of the pods.
    package var endpoints: EndpointInterest?

    package init(
        since: Duration? = nil, follows: Bool = true, isShown: @escaping @Sendable (Workload) -> Bool = { _ in true },
        endpoints: EndpointInterest? = nil
    ) {
        self.since = since
        self.follows = follows
        self.isShown = isShown
        self.endpoints = endpoints
    }

    /// Where the log of a container that ran before is begun.
    var start: LogStart { since.map { .ago($0) } ?? .lastLines(10) }
}

/// Where the reading of a log begins.
enum LogStart: Sendable, Hashable {
    case beginning
    /// With the lines of this time (RFC 3339), or a little before.
    case time(String)
    /// With what is so old.
    case ago(Duration)
    case lastLines(Int)
}

/// A stage of the loop that failed, in the words that the user needs.
package struct TargetError: Error, Hashable {
    /// How bad it is.
    package enum Severity: Sendable {
        /// The step failed; the loop goes on.
        case failed
        /// The step failed, because what it was about is not there any more.
        case missing
        /// The outside program or its server is missing or cannot be reached: the loop tries again by itself.
        case unavailable
        /// The configuration is wrong: a context that does not exist, a manifest that can't be read.
        case configuration
    }

    /// How bad it is.
    package var severity: Severity
    /// What could not be done, to what: `deployment/posts-depl did not become ready`.
    package var summary: String
    /// What the tool said, line by line.
    package var details: [String]
    /// What to do next, where there is something to say.
    package var advice: String?

    package init(_ severity: Severity, _ summary: String, details: [String] = [], advice: String? = nil) {
        self.severity = severity
        self.summary = summary
        self.details = details
        self.advice = advice
    }

    package init(_ summary: String, details: [String] = [], advice: String? = nil) {
        self.init(.failed, summary, details: details, advice: advice)
    }
}

/// Where the services run: a Kubernetes cluster or plain Docker.
///
/// All calls may run at once for different workloads; for one workload they come one after the other. Every call ends
/// its child processes when its task is cancelled. All throw ``TargetError``, or `CancellationError` when cancelled.
package protocol Target: Sendable {
    /// One line for the start: what and where this is.
    var summary: String { get }

    /// Whether an apply starts the containers itself, which may take as long as the pull of an image, instead of asking a
    /// cluster to: then workloads are applied one by one, side by side.
    var startsContainersInApply: Bool { get }

    /// Checks that the target can be used, and settles what has to be known once (the current context, say).
    func prepare() async throws

    /// The namespace of objects that name none; known once ``prepare()`` has returned.
    var namespace: String { get throws }

    /// Brings an image to where the containers are started: pushes or loads it. May have nothing to do.
    /// - Parameter onNotice: is told what the user should know before it has ended.
    func deliver(_ image: BuiltImage, onNotice: @escaping @Sendable (String) -> Void) async throws -> DeliveredImage

    /// The registries that the target has chosen by itself, by the names that images have there: `HOST[:PORT]`. Known once it
    /// is prepared.
    var registries: [String] { get }

    /// Creates or updates objects. What fails for an object's own sake is in the report, and the others are applied.
    /// Calls add up: a workload that is applied later finds the services, config maps and
    /// secrets of the calls before it.
    /// - Parameter images: what every image that devloop builds is delivered as, as far as it is built by now.
    func apply(_ objects: [KubernetesObject], images: DeliveredImages) async throws -> ApplyReport

    /// What of the project is there, or was applied, and is none of these objects: the manifests have lost it. What
    /// can't be told from somebody else's is left out.
    func leftovers(besides objects: Set<KubernetesObject.Identity>) async throws -> Set<KubernetesObject.Identity>

    /// Lets go of objects that are in no manifest any more, so that none of them stands in the way of what has its place
    /// now. Data stays.
    /// - Returns: what became of them, for the user.
    func letGo(of objects: Set<KubernetesObject.Identity>) async throws -> [String]

    /// What the image was delivered as by an earlier run, where all containers of the workload that use it run exactly
    /// this image now; `nil` where they don't, or where that can't be told.
    /// - Parameter names: the images that devloop builds.
    func delivered(
        _ image: BuiltImage, among names: ImageNames, runningIn workload: Workload
    ) async throws -> DeliveredImage?

    /// Whether the workload runs the image that was delivered for it, looked at now: somebody may have deleted it, or put
    /// another image there. One of which nothing is to run, at zero replicas, does.
    /// - Parameter names: the images that devloop builds.
    func runs(_ image: DeliveredImage, among names: ImageNames, in workload: Workload) async throws -> Bool

    /// Replaces the workload's containers by new ones, of these images where they use them.
    func restart(_ workload: Workload, images: DeliveredImages) async throws

    /// Returns when the workload's containers are up after the last apply or restart.
    /// - Returns: what the user should know of what had to be done for it.
    @discardableResult
    func waitUntilReady(_ workload: Workload) async throws -> [String]

    /// Compares what the workload's containers run, once they are up, with the image that was built for them.
    /// - Parameter names: the images that devloop builds.
    /// - Returns: what the user should know of containers that use another build of the image on purpose.
    /// - Throws: ``TargetError`` where one runs another image: which, and why that is.
    func verify(_ image: DeliveredImage, among names: ImageNames, runsIn workload: Workload) async throws -> [String]

    /// Hands over every line of the workloads' containers from now on, those of containers that start later from
    /// their first line, until the task is cancelled or, where the selection doesn't follow, everything is read. The
    /// set of workloads is asked for again whenever a container appears. The handler blocks where the terminal is slow.
    func followLogs(
        of workloads: @escaping @Sendable () -> Set<Workload>, _ selection: LogSelection,
        onEvent: @escaping @Sendable (LogEvent) -> Void
    ) async throws

    /// A way to write files into a container that runs; nothing is started before the first file is sent.
    func channel(to container: RunningContainer) throws -> SyncChannel

    /// Forwards ports of this machine to pods or containers.
    /// - Parameter onNews: is told what happens, from any thread, and must not block.
    /// - Throws: ``TargetError`` where they can't be reached from here.
    func relay(onNews: @escaping @Sendable (PortNews) -> Void) throws -> PortRelay

    /// Where the connections to a Service go that is in no manifest; `nil` where there is none.
    func servicePorts(_ name: String, namespace: String) async throws -> ServicePorts?

    /// Other namespaces may have to be followed now.
    func followsOthers()

    /// Deletes the objects, the workloads' containers with them. What is gone already is not an error.
    /// - Parameter onEvent: is told what is gone as it goes, what stays, and what keeps the rest.
    /// - Returns: the line of each thing that was deleted, or was there and stays.
    func delete(
        _ objects: [KubernetesObject], _ scope: DeletionScope, onEvent: @escaping @Sendable (DeletionEvent) -> Void
    ) async throws -> [String]
}

extension Target {
    /// Nothing of it is followed by namespace.
    package func followsOthers() {}

    /// It has chosen none.
    package var registries: [String] { [] }

    /// A cluster is asked to.
    package var startsContainersInApply: Bool { false }

    /// Deletes the objects, and tells what is gone at the end only.
    package func delete(_ objects: [KubernetesObject], _ scope: DeletionScope) async throws -> [String] {
        try await delete(objects, scope) { _ in }
    }

    /// Follows all of the logs.
    package func followLogs(
        of workloads: @escaping @Sendable () -> Set<Workload>, onEvent: @escaping @Sendable (LogEvent) -> Void
    ) async throws {
        try await followLogs(of: workloads, LogSelection(), onEvent: onEvent)
    }
}
