/// What was told, so that it is told once: the one place that decides that. A pure value.
package struct Once<News: Hashable & Sendable>: Sendable {
    private var told: Set<News> = []

    package init() {}

    /// Whether something was not told yet.
    package func isNews(_ item: News) -> Bool { !told.contains(item) }

    /// Takes what there is to tell.
    /// - Returns: what of it was not told yet.
    package mutating func news(_ all: [News]) -> [News] { all.filter { told.insert($0).inserted } }

    /// Takes all that is so now: what was told and is over is news when it comes again.
    /// - Returns: what of it was not told yet.
    package mutating func news(lasting all: [News]) -> [News] {
        forget(allBut: all)
        return news(all)
    }

    /// What is not so any more is news when it comes again.
    package mutating func forget(allBut lasting: [News] = []) { told.formIntersection(lasting) }
}
