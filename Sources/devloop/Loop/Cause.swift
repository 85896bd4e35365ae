extension WorkPlan {
    /// Why a pass runs.
    struct Cause: Sendable, Equatable {
        /// The files that changed; with ``bases`` empty at the start.
        var files: [String] = []
        /// The services whose images its own is built on and that are others now.
        var bases: [String] = []
        /// When the first of the changes was noticed.
        var noticed: ContinuousClock.Instant
        /// Whether the user was told: a pass that is tried again is not news.
        var isTold = false
        /// Whether only the image is to be made anew, and delivered, for what starts a container later: those that run
        /// have its files already.
        var isQuiet = false
        /// Why the files can't be brought into the containers, where there is something to say.
        var reason: String?

        /// What changed, in words; none at the start.
        var changes: [String] { files + bases }

        /// What both are for.
        func merged(with other: Cause) -> Cause {
            Cause(
                files: files + other.files.filter { !files.contains($0) },
                bases: bases + other.bases.filter { !bases.contains($0) },
                noticed: min(noticed, other.noticed), isTold: isTold && other.isTold,
                isQuiet: isQuiet && other.isQuiet, reason: reason ?? other.reason)
        }
    }

    /// How often the builds of a service were stopped in a row by what changed meanwhile.
    ///
    /// After ``limit`` of them a build is let finish, and so are those after it, until a pass ends with nothing newer to do.
    /// Otherwise a file that changes more often than a build takes would keep every build from its end.
    struct Unrest: Sendable, Equatable {
        /// How many builds may be stopped in a row.
        static let limit = 3

        private var stops = 0
        /// How often each file changed during passes.
        private var changes: [String: Int] = [:]
        private var told: Set<String> = []

        /// Whether builds are let finish.
        var isRestless: Bool { stops >= Self.limit }

        /// Files changed during a pass.
        mutating func count(_ files: [String]) {
            for file in files { changes[file, default: 0] += 1 }
        }

        /// A pass ended.
        /// - Parameters:
        ///   - isStopped: whether its build was stopped.
        ///   - isLast: whether nothing newer is to be done.
        mutating func passed(isStopped: Bool, isLast: Bool) {
            if isStopped { stops += 1 }
            guard isLast else { return }
            stops = 0
            changes = [:]
        }

        /// The file that changed most, the first time that it is asked for.
        mutating func fileToTell() -> String? {
            let most = changes.max { ($0.value, $1.key) < ($1.value, $0.key) }
            return most.flatMap { told.insert($0.key).inserted ? $0.key : nil }
        }
    }
}
