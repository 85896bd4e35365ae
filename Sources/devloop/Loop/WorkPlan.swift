/// Decides which service runs a pass when, so that no edit is lost and no more than a number of images are built at
/// once. Pure: events in, actions out.
///
/// A change that comes while its service builds stops that build, since its result would be out of date; one that
/// comes while the pass waits for the new containers ends that wait. In between, where stopping half-way would leave
/// the service in a state of its own, the pass goes on and another one follows it.
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

    /// Why a pass runs.
    struct Cause: Sendable, Equatable {
        /// The files that changed; empty at the start.
        var files: [String] = []
        /// When the first of the changes was noticed.
        var noticed: ContinuousClock.Instant

        fileprivate mutating func merge(_ other: Cause) {
            files += other.files.filter { !files.contains($0) }
            noticed = min(noticed, other.noticed)
        }
    }

    enum Action: Equatable {
        /// Begin a pass.
        case start(String, Cause)
        /// End the pass of this service, if its stage can be stopped.
        case stop(String)
    }

    private struct Activity {
        /// The pass that runs.
        var running: (cause: Cause, stage: Stage)?
        /// What another pass has to cover.
        var waiting: Cause?
        var isStopping = false
    }

    private let jobs: Int
    private var activities: [String: Activity] = [:]
    /// Services whose next pass waits for a build slot, in order.
    private var queue: [String] = []

    /// - Parameter jobs: how many images may be built at once.
    init(jobs: Int) { self.jobs = max(1, jobs) }

    /// Whether nothing runs and nothing waits.
    var isIdle: Bool { queue.isEmpty && activities.values.allSatisfy { $0.running == nil && $0.waiting == nil } }

    /// Inputs of a service changed, or it has to be built for the first time.
    mutating func changed(_ service: String, _ cause: Cause) -> [Action] {
        var activity = activities[service] ?? Activity()
        if activity.waiting == nil { activity.waiting = cause } else { activity.waiting?.merge(cause) }
        var actions: [Action] = []
        if let running = activity.running {
            if running.stage.canBeStopped, !activity.isStopping {
                activity.isStopping = true
                actions.append(.stop(service))
            }
        } else if !queue.contains(service) {
            queue.append(service)
        }
        activities[service] = activity
        return actions + startNext()
    }

    /// The pass of a service went on to a stage.
    mutating func entered(_ stage: Stage, _ service: String) -> [Action] {
        guard var activity = activities[service], let running = activity.running else { return [] }
        activity.running = (running.cause, stage)
        var actions: [Action] = []
        // The request to stop the build came too late for it, or the change came in a stage that can't be stopped.
        if stage == .ready, activity.waiting != nil {
            activity.isStopping = true
            actions.append(.stop(service))
        }
        activities[service] = activity
        return actions + startNext()
    }

    /// The pass of a service ended, one way or another.
    mutating func ended(_ service: String) -> [Action] {
        guard var activity = activities[service], let running = activity.running else { return [] }
        // What a stopped build was for is still to be done.
        if running.stage == .build, activity.isStopping, activity.waiting != nil {
            activity.waiting?.merge(running.cause)
        }
        activity.running = nil
        activity.isStopping = false
        activities[service] = activity
        if activity.waiting != nil { queue.append(service) }
        return startNext()
    }

    /// A service is gone from the configuration.
    mutating func removed(_ service: String) -> [Action] {
        queue.removeAll { $0 == service }
        activities[service]?.waiting = nil
        return activities[service]?.running == nil ? [] : [.stop(service)]
    }

    private mutating func startNext() -> [Action] {
        var actions: [Action] = []
        var building = activities.values.count { $0.running?.stage == .build }
        while building < jobs, !queue.isEmpty {
            let service = queue.removeFirst()
            guard let cause = activities[service]?.waiting else { continue }
            activities[service]?.waiting = nil
            activities[service]?.running = (cause, .build)
            actions.append(.start(service, cause))
            building += 1
        }
        return actions
    }
}
