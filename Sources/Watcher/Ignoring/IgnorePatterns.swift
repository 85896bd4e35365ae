/// The rules of a `.dockerignore` file, as Docker applies them.
///
/// Source of the rules: `github.com/moby/patternmatcher` and its `ignorefile` reader, walked the way BuildKit walks a
/// context (each path is matched with what its parent folder matched). The legacy builder uses the same rules but
/// never looks below an excluded folder unless an exception spells that folder out, so that it may leave out a file
/// that these rules include; devloop follows BuildKit, because a needless build is better than a missed one.
package struct IgnorePatterns: Sendable, Hashable {
    let patterns: [IgnorePattern]
    let hasExceptions: Bool

    /// No pattern: nothing is excluded.
    package static let none = IgnorePatterns(checked: [])

    /// Reads the contents of an ignore file.
    ///
    /// A leading byte order mark, empty lines and lines that begin with `#` are skipped; the others are trimmed and
    /// cleaned (`/a/./b/` is `a/b`).
    /// - Throws: ``UnknownIgnorePattern`` for the first pattern that is not in the plain language of ``GlobSyntax``. No
    ///   file may be left out then: what the pattern means may be that one counts.
    package init(parsing contents: [UInt8]) throws(UnknownIgnorePattern) {
        var contents = contents[...]
        if contents.starts(with: [0xEF, 0xBB, 0xBF]) {
            contents = contents.dropFirst(3)
        }
        var patterns: [IgnorePattern] = []
        var number = 0
        for var line in contents.split(separator: Ascii.newline, omittingEmptySubsequences: false) {
            number += 1
            if line.last == Ascii.carriageReturn { line = line.dropLast() }
            guard let pattern = Self.normalize(line: line) else { continue }
            do {
                if let parsed = try IgnorePattern(pattern) { patterns.append(parsed) }
            } catch {
                throw UnknownIgnorePattern(pattern: String(decoding: line, as: UTF8.self), line: number)
            }
        }
        self.init(checked: patterns)
    }

    /// Reads the contents of an ignore file that is already text.
    package init(parsing contents: String) throws(UnknownIgnorePattern) {
        try self.init(parsing: Array(contents.utf8))
    }

    /// Takes patterns that do not come from a file: `#` does not begin a comment, and the rest is as in a file.
    /// - Throws: ``UnknownIgnorePattern``, without a line.
    package init(patterns: [String]) throws(UnknownIgnorePattern) {
        var parsed: [IgnorePattern] = []
        for text in patterns {
            do {
                guard let pattern = Self.normalize(pattern: Array(text.utf8)[...]) else { continue }
                if let pattern = try IgnorePattern(pattern) { parsed.append(pattern) }
            } catch {
                throw UnknownIgnorePattern(pattern: text, line: nil)
            }
        }
        self.init(checked: parsed)
    }

    private init(checked patterns: [IgnorePattern]) {
        self.patterns = patterns
        hasExceptions = patterns.contains { $0.isException }
    }

    /// Whether the file or folder at `path`, relative to the context and separated by `/`, is left out.
    package func excludes(_ path: String) -> Bool {
        judge(Array(path.utf8)).isExcluded
    }

    /// Whether nothing below the folder at `path` can count, so that it need not be entered.
    package func canSkip(directory path: String) -> Bool {
        let path = Array(path.utf8)
        return canSkip(directory: path[...], judged: judge(path))
    }

    private static func normalize(line: ArraySlice<UInt8>) -> [UInt8]? {
        line.first == Ascii.hash ? nil : normalize(pattern: line)
    }

    private static func normalize(pattern: ArraySlice<UInt8>) -> [UInt8]? {
        var pattern = pattern.trimmingWhitespace()
        guard let first = pattern.first else { return nil }
        let isException = first == Ascii.exclamation
        if isException {
            pattern = pattern.dropFirst().trimmingWhitespace()
        }
        var cleaned: [UInt8] = []
        if !pattern.isEmpty {
            cleaned = PathBytes.clean(pattern)
            if cleaned.count > 1, cleaned[0] == Ascii.slash { cleaned.removeFirst() }
        }
        return isException ? [Ascii.exclamation] + cleaned : cleaned
    }
}

/// A pattern that devloop does not understand; Docker may.
package struct UnknownIgnorePattern: Error, Sendable, Hashable {
    /// The pattern as it was written.
    package let pattern: String
    /// Its line in the file, counted from 1; nil if it is not from a file.
    package let line: Int?
}

extension IgnorePatterns {
    /// What the patterns say about one path, and what its children must know of it.
    struct Judgement: Sendable {
        var isExcluded = false
        /// For each pattern whether it matched this path or a folder above it; empty above the first level.
        var matched: [Bool] = []
    }

    /// Judges a path whose parent folder was judged before.
    ///
    /// A pattern that was passed over at the parent (an exception where nothing was excluded yet, or the reverse)
    /// counts as not matched there. That is moby's `MatchesUsingParentResults`, and it differs from matching every
    /// parent anew: `a/b` followed by `!a` excludes `a/b`.
    func judge(_ path: ArraySlice<UInt8>, parent: Judgement) -> Judgement {
        var judgement = Judgement(isExcluded: false, matched: Array(repeating: false, count: patterns.count))
        for (index, pattern) in patterns.enumerated() {
            var isMatch = !parent.matched.isEmpty && parent.matched[index]
            if !isMatch {
                guard pattern.isException == judgement.isExcluded else { continue }
                isMatch = pattern.matches(path)
            }
            judgement.matched[index] = isMatch
            if isMatch { judgement.isExcluded = !pattern.isException }
        }
        return judgement
    }

    /// The short form of ``judge(_:parent:)`` for a path whose children are not to be judged.
    func excludes(_ path: ArraySlice<UInt8>, parent: Judgement) -> Bool {
        var isExcluded = false
        for index in patterns.indices {
            if !parent.matched.isEmpty, parent.matched[index] {
                isExcluded = !patterns[index].isException
            } else if patterns[index].isException == isExcluded, patterns[index].matches(path) {
                isExcluded.toggle()
            }
        }
        return isExcluded
    }

    /// Judges a path and each folder above it.
    func judge(_ path: [UInt8]) -> Judgement {
        var judgement = Judgement()
        for index in path.indices where path[index] == Ascii.slash {
            judgement = judge(path[..<index], parent: judgement)
        }
        return judge(path[...], parent: judgement)
    }

    /// Whether an excluded folder can be skipped: no exception that has not spoken yet can match anything below it.
    func canSkip(directory path: ArraySlice<UInt8>, judged judgement: Judgement) -> Bool {
        guard judgement.isExcluded else { return false }
        guard hasExceptions else { return true }
        return !patterns.indices.contains { index in
            patterns[index].isException && !judgement.matched[index] && patterns[index].canMatchBelow(path)
        }
    }
}
