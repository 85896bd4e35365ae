/// A pattern with wildcards, as a program that runs in time linear in the path.
///
/// It is a row of steps, so that a state is a place in the row and the whole machine is one flag for each place.
struct Glob: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        case one(ScalarSet)
        case many(ScalarSet)
        /// Nothing, or any folders with the slash after the last: what the next step, always ``insideFolders``, takes.
        case folders
        case insideFolders
    }

    /// What one place of a pattern accepts.
    enum ScalarSet: Sendable, Hashable {
        case scalar(UInt32)
        case ranges([ClosedRange<UInt32>])
        /// Whatever a file's name may hold.
        case inName
        /// Whatever a path may hold but a newline: Go's dot does not take one.
        case inPath

        func contains(_ scalar: UInt32) -> Bool {
            switch self {
            case .scalar(let only): scalar == only
            case .ranges(let ranges): ranges.contains { $0.contains(scalar) }
            case .inName: scalar != UInt32(Ascii.slash)
            case .inPath: scalar != UInt32(Ascii.newline)
            }
        }
    }

    private let steps: [Step]
    /// The ASCII literals that every match ends with: most paths are turned down by these alone.
    private let ending: [UInt8]
    /// The longest row of ASCII literals elsewhere in every match: it turns down most of the rest.
    private let needle: [UInt8]

    init(_ steps: [Step]) {
        self.steps = steps
        let literals = steps.map { step -> UInt8? in
            guard case .one(.scalar(let scalar)) = step, scalar < 0x80 else { return nil }
            return UInt8(scalar)
        }
        let rows = literals.split(separator: nil, omittingEmptySubsequences: false).map { $0.compactMap(\.self) }
        ending = rows.last ?? []
        needle = ending.isEmpty ? rows.max { $0.count < $1.count } ?? [] : []
    }

    func matches(_ path: ArraySlice<UInt8>) -> Bool {
        path.hasSuffix(ending) && path.contains(text: needle) && run(on: path).isMatch
    }

    /// Whether some text that begins with `beginning` could match.
    func canMatch(startingWith beginning: ArraySlice<UInt8>) -> Bool {
        run(on: beginning).isAlive
    }

    private func run(on text: ArraySlice<UInt8>) -> (isMatch: Bool, isAlive: Bool) {
        text.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: Bool.self, capacity: 2 * (steps.count + 1)) { flags in
                run(on: bytes, flags: flags)
            }
        }
    }

    private func run(
        on bytes: UnsafeBufferPointer<UInt8>, flags: UnsafeMutableBufferPointer<Bool>
    ) -> (isMatch: Bool, isAlive: Bool) {
        flags.initialize(repeating: false)
        var current = UnsafeMutableBufferPointer(rebasing: flags[...steps.count])
        var following = UnsafeMutableBufferPointer(rebasing: flags[(steps.count + 1)...])
        current[0] = true
        var index = 0
        while index < bytes.count {
            let scalar = Utf8Scalars.next(bytes, &index)
            following.update(repeating: false)
            guard advance(current, into: following, over: scalar) else { return (false, false) }
            swap(&current, &following)
        }
        // No scalar is left: only what takes none is passed.
        _ = advance(current, into: following, over: nil)
        return (current[steps.count], true)
    }

    /// Marks the places that are reached over a scalar, and in `current` those that are reached without one. Steps only
    /// lead forward: one sweep is enough.
    /// - Returns: whether any place is reached over the scalar.
    private func advance(
        _ current: UnsafeMutableBufferPointer<Bool>, into following: UnsafeMutableBufferPointer<Bool>,
        over scalar: UInt32?
    ) -> Bool {
        var isAlive = false
        func reach(_ place: Int) {
            following[place] = true
            isAlive = true
        }
        for place in steps.indices where current[place] {
            switch steps[place] {
            case .one(let set):
                if let scalar, set.contains(scalar) { reach(place + 1) }
            case .many(let set):
                current[place + 1] = true
                if let scalar, set.contains(scalar) { reach(place) }
            case .folders:
                current[place + 1] = true
                current[place + 2] = true
            case .insideFolders:
                guard let scalar, ScalarSet.inPath.contains(scalar) else { continue }
                reach(place)
                if scalar == UInt32(Ascii.slash) { reach(place + 1) }
            }
        }
        return isAlive
    }
}
