/// Which paths count where only some do: those that one of these patterns names, and all that is below them.
///
/// The language is that of `COPY` sources, Go's `filepath.Match` for each part of a path: `*` is any text, `?` any
/// character. A class may match a `/` there, and an escape means different things to different builders: from the part
/// on that holds one, everything counts.
public struct IncludePatterns: Sendable, Hashable {
    private let patterns: [[Part]]

    /// - Parameter patterns: paths relative to the root, without a `/` at either end, `.` or `..`; the empty one is the
    ///   root itself, and includes everything.
    public init(_ patterns: [String]) {
        self.patterns = patterns.map { pattern in
            Array(pattern.utf8).split(separator: Ascii.slash)
                .prefix { !$0.contains(Ascii.leftBracket) && !$0.contains(Ascii.backslash) }
                .map(Part.init)
        }
    }

    private enum Part: Sendable, Hashable {
        case name([UInt8])
        case wildcard([UInt32])

        init(_ text: ArraySlice<UInt8>) {
            let isWildcard = text.contains(Ascii.star) || text.contains(Ascii.question)
            self = isWildcard ? .wildcard(Utf8Scalars.decode(text)) : .name(Array(text))
        }

        func matches(_ name: ArraySlice<UInt8>) -> Bool {
            switch self {
            case .name(let text): name.elementsEqual(text)
            case .wildcard(let pattern): Self.matches(Utf8Scalars.decode(name), pattern)
            }
        }

        /// Gives the last star one more character whenever what follows it does not fit.
        private static func matches(_ name: [UInt32], _ pattern: [UInt32]) -> Bool {
            let (star, question) = (UInt32(Ascii.star), UInt32(Ascii.question))
            var (index, position) = (0, 0)
            var retry: (index: Int, position: Int)?
            while index < name.count {
                if position < pattern.count, pattern[position] == star {
                    position += 1
                    retry = (index, position)
                } else if position < pattern.count, pattern[position] == question || pattern[position] == name[index] {
                    index += 1
                    position += 1
                } else if let last = retry {
                    retry = (last.index + 1, last.position)
                    (index, position) = (last.index + 1, last.position)
                } else {
                    return false
                }
            }
            return pattern[position...].allSatisfy { $0 == star }
        }
    }
}

extension IncludePatterns {
    /// What the patterns say about one path, and what its children must know of it.
    struct Judgement: Sendable {
        /// Whether a pattern names this path or a folder above it.
        fileprivate(set) var isInside = false
        /// Whether the path is a folder on the way to what a pattern spells out: it counts because it could become a
        /// symbolic link, which builders follow there. (They don't follow those that a wildcard meets on its way.)
        fileprivate(set) var isOnTheWay = false
        fileprivate var depth = 0
        /// The patterns that name something below this path.
        fileprivate var open: [Int] = []

        var counts: Bool { isInside || isOnTheWay }
        /// Whether nothing below the path counts.
        var isOutside: Bool { !isInside && open.isEmpty }
    }

    /// The judgement of the root.
    var rootJudgement: Judgement {
        let isInside = patterns.contains { $0.isEmpty }
        return Judgement(isInside: isInside, isOnTheWay: true, depth: 0, open: isInside ? [] : Array(patterns.indices))
    }

    /// Judges a path whose parent folder was judged before.
    func judge(_ path: ArraySlice<UInt8>, parent: Judgement) -> Judgement {
        if parent.isInside { return Judgement(isInside: true) }
        if parent.open.isEmpty { return Judgement() }
        let name = path.suffix(from: path.lastIndex(of: Ascii.slash).map { $0 + 1 } ?? path.startIndex)
        var judgement = Judgement(depth: parent.depth + 1)
        for index in parent.open where patterns[index][parent.depth].matches(name) {
            let pattern = patterns[index]
            if pattern.count == judgement.depth { return Judgement(isInside: true) }
            judgement.open.append(index)
            judgement.isOnTheWay =
                judgement.isOnTheWay
                || pattern[..<judgement.depth].allSatisfy { if case .name = $0 { true } else { false } }
        }
        return judgement
    }
}
