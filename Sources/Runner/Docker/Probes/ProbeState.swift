/// What the probes of one run of a container say of it, as kubelet would have it. Pure: answers in, events out. Times are
/// counted from the start of the container.
struct ProbeState: Sendable {
    enum Event: Sendable, Hashable {
        case ready
        case unready
        /// It has not been ready for so long that it is worth a word: by which probe, and what that got for an answer.
        case troubled(ContainerProbe.Kind, String)
        /// It is to be started anew.
        case kill(ContainerProbe.Kind, String)
    }

    private struct Course {
        let probe: ContainerProbe
        /// When it may be asked first.
        var begin: Duration
        var asked: Duration?
        /// When a failure was counted last.
        var counted: Duration?
        var successes = 0
        var failures = 0
        var said: String?
    }

    /// What comes between two questions to a container that is waited for, where the probe's period is longer: whoever
    /// has saved a file waits for the answer. Failures count once a period all the same.
    private static let hurry = Duration.seconds(1)
    /// A start may take this long, whatever its probes allow, before it is worth a word.
    private static let leastStart = Duration.seconds(10)

    private var courses: [ContainerProbe.Kind: Course]
    private(set) var isStarted = false
    private(set) var isReady = false
    private var wasReady = false
    private var unreadySince: Duration? = .zero
    private var isTroubled = false
    private var isKilled = false
    /// When its program was started again in its place, last.
    var restart: Duration?

    /// A container that has just started.
    init(_ probes: [ContainerProbe]) {
        courses = [:]
        for probe in probes { courses[probe.kind] = Course(probe: probe, begin: probe.initialDelay) }
    }

    /// What it is ready by without any question.
    mutating func begin() -> [Event] { courses[.startup] == nil ? startedUp(at: .zero) : [] }

    /// What to ask next, and when; `nil` where nothing is to be asked any more.
    var next: (probe: ContainerProbe, at: Duration)? {
        guard !isKilled else { return nil }
        let kinds: [ContainerProbe.Kind] = isStarted ? [.liveness, .readiness] : [.startup]
        let asked = kinds.compactMap { courses[$0] }
        return asked.map { ($0.probe, due($0)) }.min { $0.1 < $1.1 }.map { (probe: $0.0, at: $0.1) }
    }

    /// When ``advance(to:)`` is due.
    var troubleDue: Duration? {
        // What devloop finds running may have taken long, and nobody has asked it yet.
        guard let unreadySince, !isTroubled, !isKilled, let course = awaited, course.said != nil else { return nil }
        let start = max(Self.leastStart, course.probe.allowance)
        return wasReady ? max(unreadySince, restart.map { $0 + start } ?? .zero) : unreadySince + start
    }

    /// The probe that it is not ready by, and what that got for an answer; `nil` where it is ready.
    var trouble: (kind: ContainerProbe.Kind, words: String)? {
        guard !isReady, let course = awaited else { return nil }
        return (course.probe.kind, "\(course.probe.words): \(course.said ?? "not asked yet")")
    }

    private var awaited: Course? { isStarted ? courses[.readiness] : courses[.startup] }

    private func due(_ course: Course) -> Duration {
        guard let asked = course.asked else { return course.begin }
        let isAwaited = course.probe.kind != .liveness && !isReady && course.probe.successThreshold == 1
        return asked + (isAwaited ? min(course.probe.period, Self.hurry) : course.probe.period)
    }

    /// Time has passed.
    mutating func advance(to now: Duration) -> [Event] {
        guard let due = troubleDue, due <= now, let trouble else { return [] }
        isTroubled = true
        return [.troubled(trouble.kind, trouble.words)]
    }

    /// Takes what came of a question.
    mutating func take(_ answer: ProbeAnswer, to kind: ContainerProbe.Kind, at now: Duration) -> [Event] {
        guard var course = courses[kind], !isKilled else { return [] }
        course.asked = now
        var events: [Event] = []
        switch answer {
        case .success:
            (course.failures, course.counted) = (0, nil)
            course.successes += 1
            courses[kind] = course
            if kind == .startup, !isStarted {
                events = startedUp(at: now)
            } else if kind == .readiness, !isReady, course.successes >= course.probe.successThreshold {
                events = [becomeReady()]
            }
        case .failure(let words):
            course.said = words
            course.successes = 0
            if course.counted.map({ now - $0 >= course.probe.period }) ?? true {
                course.failures += 1
                course.counted = now
            }
            courses[kind] = course
            guard course.failures >= course.probe.failureThreshold else { break }
            if kind == .readiness, isReady {
                (isReady, unreadySince) = (false, now)
                events = [.unready]
            } else if kind != .readiness {
                isKilled = true
                events = (isReady ? [.unready] : []) + [.kill(kind, "\(course.probe.words): \(words)")]
                isReady = false
            }
        case .impossible:
            // It counts as one that there is not.
            courses[kind] = nil
            if kind == .startup { events = startedUp(at: now) }
            if kind == .readiness, !isReady { events = [becomeReady()] }
        }
        return events + advance(to: now)
    }

    private mutating func startedUp(at now: Duration) -> [Event] {
        isStarted = true
        for kind in [ContainerProbe.Kind.liveness, .readiness] {
            if let delay = courses[kind]?.probe.initialDelay { courses[kind]?.begin = now + delay }
        }
        return courses[.readiness] == nil ? [becomeReady()] : []
    }

    private mutating func becomeReady() -> Event {
        (isReady, wasReady, unreadySince, isTroubled) = (true, true, nil, false)
        return .ready
    }
}
