/// Which paths count where only some do: those that one of these patterns names, and all that is below them.
///
/// The language is that of `COPY` sources, Go's `filepath.Match` for each part of a path: `*` is any text, `?` any
/// character. A class may match a `/` there, and an escape means different things to different builders: from the part
/// on that holds one, everything counts.
package struct IncludePatterns: Sendable, Hashable {
    private let patterns: [[Part]]

    /// - Parameter patterns: paths relative to the root, without a `/` at either end, `.` or `..`; the empty one is the
    ///   root itself, and includes everything.
    package init(_ patterns: [String]) {
        self.patterns = patterns.map { pattern in
            Array(pattern.utf8).split(separator: Ascii.slash)
                .prefix { !Self.isUndecided($0) }.map(Part.init)
        }
    }

    /// Whether a part of a pattern matches a name; always where that isn't decided.
    package static func mayMatch(_ part: String, _ name: String) -> Bool {
        let part = Array(part.utf8)[...]
        return isUndecided(part) || Part(part).matches(Array(name.utf8)[...])
    }

    private static func isUndecided(_ part: ArraySlice<UInt8>) -> Bool {
        part.contains(Ascii.leftBracket) || part.contains(Ascii.backslash)
    }

    private enum Part: Sendable, Hashable {
        case name([UInt8])
        case wildcard(Glob)

        init(_ text: ArraySlice<UInt8>) {
            let isWildcard = text.contains(Ascii.star) || text.contains(Ascii.question)
            self = isWildcard ? .wildcard(Glob(Utf8Scalars.decode(text).map(Self.step))) : .name(Array(text))
        }

        private static func step(for scalar: UInt32) -> Glob.Step {
            switch UInt8(exactly: scalar) {
            case Ascii.star: .many(.inName)
            case Ascii.question: .one(.inName)
            default: .one(.scalar(scalar))
            }
        }

        func matches(_ name: ArraySlice<UInt8>) -> Bool {
            switch self {
            case .name(let text): name.elementsEqual(text)
            case .wildcard(let glob): glob.matches(name)
            }
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
