/// The regular expressions that moby makes of patterns, as a program that runs in time linear in the path.
///
/// Such an expression is a row of steps, so that a state is a place in the row and the whole machine is one flag a
/// place; or a few rows, where the pattern holds a `|`.
struct GlobProgram: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        case one(ScalarSet)
        case many(ScalarSet)
        case maybe(ScalarSet)
        /// `(.*/)?`: either nothing, or what the next step, always ``insideFolders``, takes.
        case optionalFolders
        /// `.*/`
        case insideFolders
        case assertion(Assertion)
    }

    enum Assertion: Sendable, Hashable {
        case start, end, wordBoundary, noWordBoundary

        func holds(between previous: UInt32?, and next: UInt32?) -> Bool {
            switch self {
            case .start: previous == nil
            case .end: next == nil
            case .wordBoundary: Self.isWord(previous) != Self.isWord(next)
            case .noWordBoundary: Self.isWord(previous) == Self.isWord(next)
            }
        }

        private static func isWord(_ scalar: UInt32?) -> Bool {
            guard let scalar else { return false }
            return ScalarSet.word.contains(scalar)
        }
    }

    private let rows: [Row]

    init(expression: [UInt32]) throws(GlobSyntaxError) {
        var parser = GlobExpressionParser(expression)
        rows = try parser.parse().map(Row.init)
    }

    func matches(_ path: ArraySlice<UInt8>) -> Bool {
        rows.contains { $0.matches(path) }
    }

    /// Whether some text that begins with `beginning` could match.
    func canMatch(startingWith beginning: ArraySlice<UInt8>) -> Bool {
        rows.contains { $0.run(on: beginning).isAlive }
    }
}

/// One alternative of an expression.
private struct Row: Sendable, Hashable {
    private let steps: [GlobProgram.Step]
    /// The ASCII literals that every match ends with: most paths are turned down by these alone.
    private let ending: [UInt8]
    /// The longest row of ASCII literals elsewhere in every match: it turns down most of the rest.
    private let needle: [UInt8]

    /// What has no anchor may begin or end anywhere.
    init(_ parsed: [GlobProgram.Step]) {
        var steps = parsed
        if steps.first != .assertion(.start) { steps.insert(.many(.all), at: 0) }
        if steps.last != .assertion(.end) { steps.append(.many(.all)) }
        self.steps = steps
        ending = Self.literalEnding(of: steps)
        needle = ending.isEmpty ? Self.longestLiteral(of: steps) : []
    }

    func matches(_ path: ArraySlice<UInt8>) -> Bool {
        path.hasSuffix(ending) && path.contains(text: needle) && run(on: path).isMatch
    }

    private static func longestLiteral(of steps: [GlobProgram.Step]) -> [UInt8] {
        var longest: [UInt8] = []
        var current: [UInt8] = []
        for step in steps {
            if case .one(.scalar(let scalar)) = step, scalar < 0x80 {
                current.append(UInt8(scalar))
            } else {
                current = []
            }
            if current.count > longest.count { longest = current }
        }
        return longest
    }

    private static func literalEnding(of steps: [GlobProgram.Step]) -> [UInt8] {
        var ending: [UInt8] = []
        for step in steps.reversed() {
            if case .assertion(.end) = step { continue }
            guard case .one(.scalar(let scalar)) = step, scalar < 0x80 else { break }
            ending.append(UInt8(scalar))
        }
        return ending.reversed()
    }

    func run(on text: ArraySlice<UInt8>) -> (isMatch: Bool, isAlive: Bool) {
        text.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: Bool.self, capacity: 2 * (steps.count + 1)) { flags in
                run(on: bytes, flags: flags)
            }
        }
    }

    private func run(
        on bytes: UnsafeBufferPointer<UInt8>, flags: UnsafeMutableBufferPointer<Bool>
    ) -> (isMatch: Bool, isAlive: Bool) {
        let width = steps.count + 1
        flags.initialize(repeating: false)
        var current = UnsafeMutableBufferPointer(rebasing: flags[..<width])
        var following = UnsafeMutableBufferPointer(rebasing: flags[width...])
        current[0] = true
        var previous: UInt32?
        var index = 0
        while true {
            let isAtEnd = index == bytes.count
            let scalar = isAtEnd ? nil : Utf8Scalars.next(bytes, &index)
            followFreeSteps(current, previous: previous, next: scalar)
            guard let scalar else { return (current[steps.count], true) }
            following.update(repeating: false)
            guard advance(current, into: following, over: scalar) else { return (false, false) }
            swap(&current, &following)
            previous = scalar
        }
    }

    /// Marks every place that is reached without taking a scalar. Steps only lead forward: one sweep is enough.
    private func followFreeSteps(_ flags: UnsafeMutableBufferPointer<Bool>, previous: UInt32?, next: UInt32?) {
        for index in steps.indices where flags[index] {
            switch steps[index] {
            case .one, .insideFolders: break
            case .many, .maybe: flags[index + 1] = true
            case .optionalFolders:
                flags[index + 1] = true
                flags[index + 2] = true
            case .assertion(let assertion):
                if assertion.holds(between: previous, and: next) { flags[index + 1] = true }
            }
        }
    }

    private func advance(
        _ current: UnsafeMutableBufferPointer<Bool>, into following: UnsafeMutableBufferPointer<Bool>,
        over scalar: UInt32
    ) -> Bool {
        var isAlive = false
        for index in steps.indices where current[index] {
            switch steps[index] {
            case .one(let set), .maybe(let set):
                guard set.contains(scalar) else { continue }
                following[index + 1] = true
            case .many(let set):
                guard set.contains(scalar) else { continue }
                following[index] = true
            case .insideFolders:
                guard scalar != UInt32(Ascii.newline) else { continue }
                following[index] = true
                if scalar == UInt32(Ascii.slash) { following[index + 1] = true }
            case .optionalFolders, .assertion:
                continue
            }
            isAlive = true
        }
        return isAlive
    }
}
