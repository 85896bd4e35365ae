import Runner

/// One pass of one service, as far as it got: a list of steps, which the ``Loop`` takes one after the other. A value.
struct Pass: Sendable {
    /// What is done in a pass.
    enum Step: Sendable, Hashable {
        case build
        /// See whether the image has what was removed from containers.
        case search
        /// See whether this very image runs already.
        case look
        case deliver
        /// Apply and restart what runs the image.
        case rollOut
        /// Wait until the workloads are up.
        case ready
        /// Compare what they run with what was built.
        case verify

        /// The stage that it belongs to, which says whether a newer change may end it.
        var stage: WorkPlan.Stage {
            switch self {
            case .build, .search, .look: .build
            case .deliver: .deliver
            case .rollOut: .restart
            case .ready, .verify: .ready
            }
        }
    }

    /// How a pass ended.
    enum Outcome: Sendable {
        /// New containers run the new image, or are known to run it already, or nothing but other images needs it.
        case live(PassSummary)
        /// The image is there for what starts a container later.
        case prepared(PassSummary)
        /// The image is built and delivered, but nothing can start before other services have images too.
        case waiting(PassSummary, for: [String])
        /// A step failed.
        case failed(TargetError)
        /// It was built on something else than these services' images, whose names mean others now, or none.
        case misbuilt(on: [String])
        /// A newer change came first, or its service is gone from the project.
        case stopped
    }

    let request: PassRequest
    /// What is left to do, in order; the first is on its way.
    var steps: [Step]
    /// The images that were being removed when it began; while passes run, no removal begins.
    var doubtful: Set<String> = []
    /// Whether it was asked to end.
    var isStopping = false
    var image: BuiltImage?
    var delivered: DeliveredImage?
    /// Whether the containers are known to run the image already.
    var isRunning = false
    /// What was started.
    var workloads: [Workload] = []
    /// Those of them that are not up yet.
    var awaited: Set<Workload> = []
    /// Those that were found deleted.
    var comebacks = Comebacks()
    var failure: (any Error)?

    /// What was done so far, and how long it took.
    private(set) var stages: [PassSummary.Stage] = []
    private var last: ContinuousClock.Instant

    init(_ request: PassRequest, at now: ContinuousClock.Instant) {
        self.request = request
        steps =
            request.service.isOnlyBuilt
            ? [.build]
            : request.cause.isQuiet
                ? [.build, .search, .deliver] : [.build, .look, .deliver, .rollOut, .ready, .verify]
        last = now
        // It was noticed, or a base was built; at the start there is nothing of that.
        if let name = request.cause.files.isEmpty ? request.cause.bases.first : "detect" {
            stages.append(.init(name: name, duration: now - request.cause.noticed))
        }
    }

    /// A stage came to its end.
    mutating func finish(_ name: String, at now: ContinuousClock.Instant) {
        stages.append(.init(name: name, duration: now - last))
        last = now
    }

    /// How it ends when a step fails.
    func outcome(of error: any Error) -> Outcome {
        switch error {
        case let error as TargetError: .failed(error)
        case let error as MovedBases: .misbuilt(on: error.bases(among: request.bases))
        default: .stopped
        }
    }

    /// What is told of it, when it ends now.
    func summary(_ outcome: String, at now: ContinuousClock.Instant, reminders: [String]) -> PassSummary {
        PassSummary(
            service: request.service.name, outcome: outcome, total: now - request.cause.noticed, stages: stages,
            changes: request.cause.changes, reminders: reminders)
    }
}

/// Workloads that were found deleted while they were waited for: each is brought back once. A pure value.
struct Comebacks: Sendable {
    private var all: Set<Workload> = []
    /// Those that are on their way back.
    private(set) var going: Set<Workload> = []

    /// Whether a workload is to be brought back, which begins with that.
    mutating func begin(_ workload: Workload) -> Bool {
        guard all.insert(workload).inserted else { return false }
        going.insert(workload)
        return true
    }

    /// Whether a workload that is back, or can't be brought back, is one of these.
    mutating func end(_ workload: Workload) -> Bool { going.remove(workload) != nil }

    /// The wait for a workload is over.
    mutating func forget(_ workload: Workload) { all.remove(workload) }
}

/// What a pass is to do.
struct PassRequest: Sendable {
    var service: Project.Service
    /// The names besides its own that the image is built under.
    var otherNames: [ImageReference]
    /// The images of the services that it is built on.
    var bases: [String: [BuiltImage]]
    /// The one of them that its image is.
    var original: String?
    /// The id of the image that was built last.
    var lastImage: String?
    var cause: WorkPlan.Cause

    /// What docker is asked to build.
    var build: BuildRequest {
        var request = service.configuration.buildRequest(named: otherNames, on: bases, copying: original)
        request.destination = service.destination
        request.isSupervised = service.configuration.onSync.contains(where: \.restarts)
        request.givesWay = cause.isQuiet
        return request
    }
}

extension MovedBases {
    /// The services whose images these are.
    func bases(among bases: [String: [BuiltImage]]) -> [String] {
        bases.filter { $0.value.contains { names.contains($0.reference) } }.keys.sorted()
    }
}

extension Configuration.Service {
    /// What docker is asked to build.
    var buildRequest: BuildRequest {
        var request = BuildRequest(
            reference: image, context: context, dockerfile: dockerfile, stage: stage,
            arguments: buildArgs.map { .init(name: $0.name, value: $0.value) }, options: options)
        request.command = build
        return request
    }

    /// The same where other Dockerfiles build on it, or it builds on others' images.
    /// - Parameters:
    ///   - others: the names besides its own that the image is built under.
    ///   - bases: the images of the services that it is built on.
    ///   - original: the one of them that its image is.
    func buildRequest(
        named others: [ImageReference], on bases: [String: [BuiltImage]], copying original: String?
    ) -> BuildRequest {
        var request = buildRequest
        request.otherNames = others
        request.original = original.flatMap { bases[$0]?.first }
        request.bases = request.original.map { [$0] } ?? bases.values.flatMap(\.self)
        return request
    }
}
