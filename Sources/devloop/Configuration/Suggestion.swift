/// The right word for a misspelt one.
enum Suggestion {
    /// The candidate that is nearest to the word; `nil` where none is near enough to be meant.
    ///
    /// Capital letters don't count as a difference. A word may differ in a third of its letters, one at the least; of
    /// two that are as near the first is taken.
    static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
        let typed = word.lowercased()
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let right = candidate.lowercased()
            let limit = min(best.map { $0.distance - 1 } ?? .max, max(1, max(typed.count, right.count) / 3))
            let distance = distance(from: Array(typed.unicodeScalars), to: Array(right.unicodeScalars))
            if distance <= limit { best = (candidate, distance) }
        }
        return best?.candidate
    }

    /// How many letters must be inserted, deleted, replaced or swapped with their neighbour.
    ///
    /// The optimal string alignment distance: https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance
    static func distance(from first: [Unicode.Scalar], to second: [Unicode.Scalar]) -> Int {
        guard !first.isEmpty, !second.isEmpty else { return max(first.count, second.count) }
        var beforePrevious: [Int] = []
        var previous = Array(0...second.count)
        for row in 1...first.count {
            var current = [row]
            for column in 1...second.count {
                let replaced = previous[column - 1] + (first[row - 1] == second[column - 1] ? 0 : 1)
                var best = min(previous[column] + 1, current[column - 1] + 1, replaced)
                if row > 1, column > 1, first[row - 1] == second[column - 2], first[row - 2] == second[column - 1] {
                    best = min(best, beforePrevious[column - 2] + 1)
                }
                current.append(best)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[second.count]
    }
}
