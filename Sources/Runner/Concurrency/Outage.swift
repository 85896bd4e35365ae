/// Whether it is news that something can't be followed: it is told once for as long as it lasts. Pure.
///
/// Following begins with a question (a list, the time), and then listens. That the question is answered says that the
/// server is back, but not that it lets somebody listen.
struct Outage: Sendable {
    enum Step: Sendable {
        case asking
        case listening
    }

    private var failing: Step?

    /// A step works.
    mutating func succeeded(_ step: Step) {
        if step == .listening || failing == .asking { failing = nil }
    }

    /// A step failed.
    /// - Returns: whether that is news.
    mutating func failed(_ step: Step) -> Bool {
        defer { failing = step }
        return failing == nil
    }
}
