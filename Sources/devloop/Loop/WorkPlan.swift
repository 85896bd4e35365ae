/// Decides which service runs a pass when, so that no edit is lost, no more than a number of images are built at once,
/// and none is built on another service's image that is not there or about to change. Pure: events in, actions out.
///
/// A change that comes while its service builds stops that build, since its result would be out of date; one that
/// comes while the pass waits for the new containers ends that wait. In between, where stopping half-way would leave
/// the service in a state of its own, the pass goes on and another one follows it. Where builds of a service were stopped a
/// few times in a row, the next ones are let finish, whatever goes on changing: see ``Unrest``.
struct WorkPlan: Sendable {
    /// The stages of a pass, in their order.
    enum Stage: Int, Sendable, CaseIterable, Comparable {
        case build
        case deliver
        case restart
        case ready

        /// Whether a newer change may end it.
        var canBeStopped: Bool { self == .build || self == .ready }

        static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    enum Action: Equatable {
        /// Begin a pass.
        case start(String, Cause)
        /// End the pass of this service, if its stage can be stopped.
        case stop(String)
        /// Say that a service is built when this base of it is, which failed.
        case hold(String, base: String)
        /// Say that a base is built again for a service, since its name means another image now, or none.
        case rebuild(base: String, for: String)
        /// Say that a service is not built, since the name of a base is given to other images again and again.
        case giveUp(String, base: String)
        /// Say that builds are let finish, though this file goes on changing.
        case letFinish(String, file: String)
    }

    /// How far a pass is.
    private enum Progress {
        case building
        /// Its build was asked to end.
        case stopped
        /// Its image is there; it must not be interrupted.
        case going
        /// It waits for containers, until a newer change comes.
        case waiting
        /// It was asked to give that up.
        case givenUp
    }

    private struct Run {
        var cause: Cause
        var progress = Progress.building

        /// Whether it takes the image of the service that has the same.
        var isCopy = false
        /// When it was begun.
        var begun = 0

        var isBuilt: Bool { progress != .building && progress != .stopped }
        /// Whether nothing is to follow what was stopped of it.
        var isDropped = false
    }

    /// What the builds of a service came to.
    private enum Product {
        case none
        /// The id of the image that its name means.
        case image(String)
        /// A build failed since: the image, where there is one, is older than the files.
        case failed(last: String?)
        /// The name means something else since.
        case moved(last: String)

        /// The id of the image that was built last.
        var last: String? {
            switch self {
            case .none: nil
            case .image(let id), .moved(let id): id
            case .failed(let id): id
            }
        }
    }

    private struct Activity {
        /// The pass that runs.
        var run: Run?
        /// What another pass has to cover.
        var waiting: Cause?
        var product = Product.none
        /// The images of the bases when the last build began.
        var bases: [String: String] = [:]
        var unrest = Unrest()
        /// How often in a row it was built on something else than its bases.
        var misses = 0
        /// When its files changed last, also such that it was only sent.
        var changed = 0
        /// When the build of its last image was begun.
        var built = 0
        /// Who was told to wait for it, since it failed.
        var held: Set<String> = []

        var isBuilding: Bool { run?.isBuilt == false }
        /// Whether its image is about to change.
        var isPending: Bool { waiting != nil || isBuilding }
    }

    private let jobs: Int
    /// Counts what happens, so that before and after can be told.
    private var clock = 0
    private var activities: [String: Activity] = [:]
    /// Services whose next pass waits for a build slot or for a base, in order.
    private var queue: [String] = []
    /// For each service, those whose images its own is built on; also the one that has the same image.
    private var bases: [String: Set<String>] = [:]
    /// For each service whose image is another one's, too, which that is.
    private var copies: [String: String] = [:]

    /// - Parameter jobs: how many images may be built at once.
    init(jobs: Int) { self.jobs = max(1, jobs) }

    /// Whether nothing runs and nothing waits.
    var isIdle: Bool { queue.isEmpty && activities.values.allSatisfy { $0.run == nil && $0.waiting == nil } }

    /// The id of the image that a service's last build made.
    func image(of service: String) -> String? { activities[service]?.product.last }

    /// The service whose image the pass of this one takes, since it is built from the very same; `nil` where it has to be
    /// built: the other one may have been sent the files, and have no image with them.
    func original(of service: String) -> String? {
        activities[service]?.run?.isCopy == true ? copies[service] : nil
    }

    /// Whether what a service's containers run differs from its files by nothing but what is synced: it has an image, and
    /// no other that they wait for is being built or about to be. Where others are built on it, they need an image.
    func isCurrent(_ service: String) -> Bool {
        guard let activity = activities[service], case .image = activity.product,
            activity.waiting?.isQuiet ?? true,
            // What has the same image is sent the same files.
            !bases.contains(where: { $0.value.contains(service) && copies[$0.key] != service })
        else { return false }
        guard let run = activity.run, !run.cause.isQuiet else { return true }
        return run.progress == .waiting
    }

    /// Whether a service was built, or is being built.
    func hasBegun(_ service: String) -> Bool {
        guard let activity = activities[service] else { return false }
        if case .none = activity.product { return activity.run != nil }
        return true
    }

    // MARK: - Events

    /// Which services' images each service's image is built on; there are no circles in it.
    /// - Parameter copies: for each service whose image is another one's, too, which that is: it comes after that.
    mutating func build(on bases: [String: Set<String>], copies: [String: String] = [:]) -> [Action] {
        self.bases = bases.merging(copies.mapValues { [$0] }) { $0.union($1) }
        self.copies = copies
        return startNext()
    }

    /// Inputs of a service changed, or it has to be built for the first time.
    mutating func changed(_ service: String, _ cause: Cause) -> [Action] { changed([(service, cause)]) }

    /// Inputs of several services changed at once.
    mutating func changed(_ services: [(service: String, cause: Cause)]) -> [Action] {
        // All are known before one begins: some may be bases of others.
        let actions = services.flatMap { take(up: $0.cause, of: $0.service) }
        return actions + startNext()
    }

    private mutating func take(up cause: Cause, of service: String) -> [Action] {
        var activity = activities[service] ?? Activity()
        let before = activity.waiting
        activity.waiting = before?.merged(with: cause) ?? cause
        clock += 1
        // Whoever has an image made quietly has been sent the files of it.
        if !cause.files.isEmpty || cause.isQuiet && cause.bases.isEmpty { activity.changed = clock }
        if activity.run != nil { activity.unrest.count(cause.files) }
        let isNews = before == nil || before?.files.count != activity.waiting?.files.count
        activities[service] = activity
        guard activity.run == nil else {
            // Containers that come up are not given up for what others start from later.
            return cause.isQuiet && activity.run?.cause.isQuiet == false ? [] : interrupt(service)
        }
        if !queue.contains(service) { queue.append(service) }
        guard isNews, !cause.isTold, let base = allBases(of: service).first(where: isStuck) else { return [] }
        activities[base]?.held.insert(service)
        return [.hold(service, base: base)]
    }

    /// The pass of a service went on to a stage.
    mutating func entered(_ stage: Stage, _ service: String) -> [Action] {
        guard activities[service]?.run != nil else { return [] }
        // A request to stop the stage before came too late for it.
        let progress: Progress =
            switch stage {
            case .build: .building
            case .deliver, .restart: .going
            case .ready: .waiting
            }
        activities[service]?.run?.progress = progress
        let isAwaited = activities[service]?.waiting.map { !$0.isQuiet } ?? false
        let actions = stage == .ready && isAwaited ? interrupt(service) : []
        return actions + startNext()
    }

    /// The pass of a service has its image: what is built on it is built anew where that is another one.
    mutating func built(_ image: String, _ service: String) -> [Action] {
        guard let run = activities[service]?.run else { return [] }
        activities[service]?.run?.progress = .going
        activities[service]?.product = .image(image)
        activities[service]?.built = run.begun
        activities[service]?.misses = 0
        activities[service]?.held = []
        // One that was not built yet waits for it.
        let outdated = bases.filter { dependant, bases in
            bases.contains(service) && hasBegun(dependant) && activities[dependant]?.bases[service] != image
        }
        // Where it is the very same image, what it has that counts for the other one is a cause of that one's own.
        return changed(
            outdated.keys.sorted().map { dependant in
                let isQuiet = copies[dependant] == service
                return (dependant, Cause(bases: [service], noticed: run.cause.noticed, isQuiet: isQuiet))
            })
    }

    /// How often in a row a service may be built on something else than its bases.
    static let missLimit = 3

    /// The build of a service was one on something else: names of these bases were given to other images, or taken away,
    /// by somebody else. They are built again, and it with them; its pass is about to end.
    mutating func moved(_ moved: [String], under service: String) -> [Action] {
        guard var activity = activities[service], let run = activity.run else { return [] }
        activity.misses += 1
        // A base that was built anew meanwhile has another image for this reason.
        let lost = moved.filter { image(of: $0) == activity.bases[$0] }
        guard activity.misses < Self.missLimit || lost.isEmpty else {
            activity.misses = 0
            activities[service] = activity
            return [.giveUp(service, base: lost[0])]
        }
        var again = run.cause
        again.isTold = true
        activity.waiting = activity.waiting?.merged(with: again) ?? again
        activities[service] = activity
        for base in lost {
            if let last = image(of: base) { activities[base]?.product = .moved(last: last) }
        }
        let rebuilt = lost.filter { activities[$0]?.isPending == false }
        let cause = Cause(noticed: run.cause.noticed, isTold: true)
        return rebuilt.map { .rebuild(base: $0, for: service) } + changed(rebuilt.map { ($0, cause) })
    }

    /// The pass of a service ended, one way or another. One that ends before it has its image, with nothing that came
    /// later, failed.
    mutating func ended(_ service: String) -> [Action] {
        guard var activity = activities[service], let run = activity.run else { return [] }
        activity.run = nil
        activity.unrest.passed(isStopped: run.progress == .stopped, isLast: activity.waiting == nil)
        // What a stopped build was for is still to be done.
        if run.progress == .stopped, !run.isDropped {
            activity.waiting = activity.waiting?.merged(with: run.cause)
        }
        let hasFailed = run.progress == .building && activity.waiting == nil
        if hasFailed { activity.product = .failed(last: activity.product.last) }
        activities[service] = activity
        if activity.waiting != nil { queue.append(service) }
        var actions: [Action] = []
        if hasFailed {
            for dependant in queue where allBases(of: dependant).contains(service) {
                guard activities[service]?.held.insert(dependant).inserted == true else { continue }
                actions.append(.hold(dependant, base: service))
            }
        }
        return actions + startNext()
    }

    /// The image that was to be made quietly for a service is outdated before it is there: another request follows.
    mutating func dropQuiet(_ service: String) -> [Action] {
        if activities[service]?.waiting?.isQuiet == true {
            activities[service]?.waiting = nil
            queue.removeAll { $0 == service }
        }
        guard let run = activities[service]?.run, run.cause.isQuiet, run.progress == .building else { return [] }
        activities[service]?.run?.progress = .stopped
        activities[service]?.run?.isDropped = true
        return [.stop(service)]
    }

    /// A service is gone from the configuration.
    mutating func removed(_ service: String) -> [Action] {
        queue.removeAll { $0 == service }
        activities[service]?.waiting = nil
        return activities[service]?.run == nil ? [] : [.stop(service)]
    }

    // MARK: - Decisions

    /// Asks the pass of a service to end for what is newer, unless it was stopped too often, or can't be.
    private mutating func interrupt(_ service: String) -> [Action] {
        guard let activity = activities[service] else { return [] }
        switch activity.run?.progress {
        case .building where activity.unrest.isRestless:
            let file = activities[service]?.unrest.fileToTell()
            return file.map { [.letFinish(service, file: $0)] } ?? []
        case .building: activities[service]?.run?.progress = .stopped
        // It may have no end: it is always given up for what is newer.
        case .waiting: activities[service]?.run?.progress = .givenUp
        case .stopped, .going, .givenUp, nil: return []
        }
        return [.stop(service)]
    }

    private mutating func startNext() -> [Action] {
        var actions: [Action] = []
        var building = activities.values.count(where: \.isBuilding)
        while let service = nextInQueue {
            guard building < jobs else { return actions + makeRoom(for: service) }
            queue.removeAll { $0 == service }
            guard var activity = activities[service], let cause = activity.waiting else { continue }
            activity.waiting = nil
            activity.run = Run(cause: cause, isCopy: canCopy(service), begun: clock)
            activity.bases = [:]
            for base in bases[service] ?? [] { activity.bases[base] = image(of: base) }
            activities[service] = activity
            actions.append(.start(service, cause))
            building += 1
        }
        return actions
    }

    /// The service that is built next: those that somebody waits for first.
    private var nextInQueue: String? {
        queue.first { !isQuiet($0) && canStart($0) } ?? queue.first(where: canStart)
    }

    private func isQuiet(_ service: String) -> Bool { activities[service]?.waiting?.isQuiet == true }

    /// Puts off a build that nobody waits for, where somebody waits for another one.
    private mutating func makeRoom(for service: String) -> [Action] {
        let runs = activities.filter { $0.value.run?.cause.isQuiet == true && $0.value.run?.progress == .building }
        // One place is enough, and may be on its way.
        let isOnItsWay = activities.values.contains { $0.run?.cause.isQuiet == true && $0.run?.progress == .stopped }
        guard !isQuiet(service), !isOnItsWay, let other = runs.keys.min(), var activity = activities[other],
            let cause = activity.run?.cause
        else { return [] }
        activity.run?.progress = .stopped
        activity.waiting = activity.waiting?.merged(with: cause) ?? cause
        activities[other] = activity
        return [.stop(other)]
    }

    /// Whether all that the image is built on is there, and about to stay. A base that never rests is taken as it is.
    private func canStart(_ service: String) -> Bool {
        allBases(of: service).allSatisfy { base in
            guard let activity = activities[base], case .image = activity.product else { return false }
            return !activity.isPending || activity.unrest.isRestless
        }
    }

    /// Whether the image of the service that has the same is what this one would be built to.
    private func canCopy(_ service: String) -> Bool {
        guard let original = copies[service].flatMap({ activities[$0] }) else { return false }
        // One that never rests may be built upon, but what it has is older than what it is built from.
        return !original.isPending && original.built >= activities[service]?.changed ?? 0
    }

    /// Whether a base failed, and nothing is on its way that may mend it.
    private func isStuck(_ base: String) -> Bool {
        guard let activity = activities[base], case .failed = activity.product else { return false }
        return !activity.isPending
    }

    /// The bases of a service, those of its bases too, sorted.
    private func allBases(of service: String) -> [String] {
        var found: Set<String> = []
        var waiting = [service]
        while let next = waiting.popLast() {
            waiting += (bases[next] ?? []).filter { $0 != service && found.insert($0).inserted }
        }
        return found.sorted()
    }
}
