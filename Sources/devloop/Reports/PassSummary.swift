/// The line that ends a pass of a service through the loop: what happened, and where the time went.
///
/// `posts live in 1.9 s · detect 0.1 · build 0.3 · push 0.1 · restart 0.1 · ready 1.3 (index.js)`
struct PassSummary: Sendable, Equatable {
    /// A part of the pass.
    struct Stage: Sendable, Equatable {
        /// Its name, in a word.
        var name: String
        /// How long it took.
        var duration: Duration
    }

    /// The service.
    var service: String
    /// How the pass ended, with the words that lead to its time: `live in`, `unchanged after`.
    var outcome = "live in"
    /// From the save to the end.
    var total: Duration
    /// The stages, in order.
    var stages: [Stage]
    /// The files whose change began the pass, relative to the context; none where it was not a change.
    var changes: [String] = []
    /// What is not as it should be all the same.
    var reminders: [String] = []

    /// The line, without a mark.
    var text: String {
        let stages = stages.map { " · \($0.name) \($0.duration.textWithoutUnit)" }.joined()
        return "\(service) \(outcome) \(total.text)\(stages)\(changesInWords)\(reminders.map { "; \($0)" }.joined())"
    }

    private var changesInWords: String {
        switch changes.count {
        case 0: ""
        case 1: " (\(changes[0]))"
        default: " (\(changes[0]) and \(changes.count - 1) more)"
        }
    }
}
