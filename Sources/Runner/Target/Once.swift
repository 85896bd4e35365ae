/// What was told, so that it is told once. A pure value.
package struct Once<News: Hashable & Sendable>: Sendable {
    private var told: Set<News> = []

    package init() {}

    /// Takes what there is to tell.
    /// - Returns: what of it was not told yet.
    package mutating func news(_ all: [News]) -> [News] { all.filter { told.insert($0).inserted } }

    /// Takes all that is so now: what was told and is over is news when it comes again.
    /// - Returns: what of it was not told yet.
    package mutating func news(lasting all: [News]) -> [News] {
        told.formIntersection(all)
        return news(all)
    }
}
