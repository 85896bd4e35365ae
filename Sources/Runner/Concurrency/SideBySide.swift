/// Works on things side by side, so many at once. Where one fails, the others are worked on all the same.
/// - Returns: what came of each, in no order.
func sideBySide<Thing: Sendable, Outcome: Sendable>(
    _ things: [Thing], atOnce limit: Int, _ body: @escaping @Sendable (Thing) async -> Outcome
) async -> [Outcome] {
    var waiting = things[...]
    return await withTaskGroup(of: Outcome.self) { group in
        func startNext() {
            guard let thing = waiting.popFirst() else { return }
            group.addTask { await body(thing) }
        }
        for _ in things.prefix(limit) { startNext() }
        var outcomes: [Outcome] = []
        for await outcome in group {
            outcomes.append(outcome)
            startNext()
        }
        return outcomes
    }
}
