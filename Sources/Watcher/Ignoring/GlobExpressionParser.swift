/// Reads the part of Go's regular expressions that a pattern can turn into: literals, escapes, classes, `[^/]*`,
/// `.*`, `(.*/)?`, `|` and `{2,3}`. Source: Go's `regexp/syntax`.
struct GlobExpressionParser {
    private var rest: ArraySlice<UInt32>
    private var steps: [GlobProgram.Step] = []
    /// Whether the last step may be repeated: there is one, and it is not a repetition already.
    private var isRepeatable = false

    init(_ expression: [UInt32]) {
        rest = expression[...]
    }

    /// The alternatives of the whole expression.
    mutating func parse() throws(GlobSyntaxError) -> [[GlobProgram.Step]] {
        var rows: [[GlobProgram.Step]] = []
        steps = [.assertion(.start)]
        isRepeatable = true
        while let scalar = rest.first {
            let isRepetition = try parseRepetition()
            if isRepetition {
                isRepeatable = false
            } else if take("|") {
                rows.append(steps)
                steps = []
                isRepeatable = false
            } else {
                isRepeatable = try parseStep(scalar)
            }
        }
        return rows + [steps]
    }

    /// Reads one step; true if it may be repeated.
    private mutating func parseStep(_ scalar: UInt32) throws(GlobSyntaxError) -> Bool {
        if take("(.*/)?") {
            steps += [.optionalFolders, .insideFolders]
            return false
        } else if take(".*") {
            steps.append(.many(.notNewline))
            return false
        } else if take("[^/]*") {
            steps.append(.many(.notSlash))
            return false
        } else if take("[^/]") {
            steps.append(.one(.notSlash))
        } else if take("^") {
            steps.append(.assertion(.start))
        } else if take("$") {
            steps.append(.assertion(.end))
        } else if take("[") {
            let members = try parseClass()
            if take("*") {
                steps.append(.many(.members(members)))
                return false
            }
            steps.append(.one(.members(members)))
        } else if take("\\") {
            let escaped = try parseEscape()
            steps += escaped
            return !escaped.isEmpty || isRepeatable
        } else {
            rest.removeFirst()
            steps.append(.one(.scalar(scalar)))
        }
        return true
    }

    /// Reads `{2}`, `{2,}` or `{2,3}` and repeats the last step; false if something else follows, a lone `{` included.
    private mutating func parseRepetition() throws(GlobSyntaxError) -> Bool {
        let saved = rest
        guard take("{"), let least = takeNumber() else {
            rest = saved
            return false
        }
        var most: Int? = least
        if take(",") {
            most = nil
            if rest.first != 0x7D {
                guard let number = takeNumber() else {
                    rest = saved
                    return false
                }
                most = number
            }
        }
        guard take("}") else {
            rest = saved
            return false
        }
        guard least <= 1000, (most ?? 0) <= 1000, least <= most ?? least, isRepeatable, let step = steps.popLast()
        else {
            throw GlobSyntaxError()
        }
        if case .one(let set) = step {
            steps += Array(repeating: step, count: least)
            steps += most.map { Array(repeating: .maybe(set), count: $0 - least) } ?? [.many(set)]
        } else if least > 0 {
            steps.append(step)
        }
        return true
    }

    private mutating func takeNumber() -> Int? {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        // Go does not take a number with a leading zero for one.
        if digits.isEmpty || digits.count > 1 && digits.first == 0x30 { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.count > 8 ? 1001 : digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private mutating func take(_ text: String) -> Bool {
        guard rest.starts(with: text.unicodeScalars.lazy.map(\.value)) else { return false }
        rest = rest.dropFirst(text.unicodeScalars.count)
        return true
    }

    /// What follows a backslash outside a class.
    private mutating func parseEscape() throws(GlobSyntaxError) -> [GlobProgram.Step] {
        if take("A") { return [.assertion(.start)] }
        if take("z") { return [.assertion(.end)] }
        if take("b") { return [.assertion(.wordBoundary)] }
        if take("B") { return [.assertion(.noWordBoundary)] }
        if take("Q") {
            var literals: [GlobProgram.Step] = []
            while !rest.isEmpty, !take("\\E") { literals.append(.one(.scalar(rest.removeFirst()))) }
            return literals
        }
        var members = ScalarClass()
        if try parseNamedEscape(into: &members) { return [.one(.members(members))] }
        return [.one(.scalar(try parseEscapedScalar()))]
    }

    /// `\d`, `\S`, `\pL` and their like; false if something else follows the backslash.
    private mutating func parseNamedEscape(into members: inout ScalarClass) throws(GlobSyntaxError) -> Bool {
        for name in ["d", "s", "w"] {
            for (spelling, inverted) in [(name, false), (name.uppercased(), true)] where take(spelling) {
                members.insert(ScalarClass.named[name] ?? [], inverted: inverted)
                return true
            }
        }
        for (spelling, inverted) in [("p", false), ("P", true)] where take(spelling) {
            for letter in "CLMNPSZ" where take(String(letter)) {
                members.categories.append(.init(letter: letter, isInverted: inverted))
                return true
            }
            throw GlobSyntaxError()
        }
        return false
    }

    private mutating func parseEscapedScalar() throws(GlobSyntaxError) -> UInt32 {
        guard let scalar = rest.popFirst(), scalar < 0x80 else { throw GlobSyntaxError() }
        let character = Character(Unicode.Scalar(UInt8(scalar)))
        switch character {
        case "0"..."7":
            // One digit alone is a reference to a group, which Go does not have.
            var value = scalar - 0x30
            if value != 0, !(0x30...0x37).contains(rest.first ?? 0) { throw GlobSyntaxError() }
            for _ in 0..<2 {
                guard let digit = rest.first, (0x30...0x37).contains(digit) else { break }
                rest.removeFirst()
                value = value * 8 + digit - 0x30
            }
            return value
        case "x":
            var value: UInt32 = 0
            for _ in 0..<2 {
                guard let digit = rest.popFirst().flatMap(Unicode.Scalar.init).flatMap({ Character($0).hexDigitValue })
                else { throw GlobSyntaxError() }
                value = value * 16 + UInt32(digit)
            }
            return value
        case "a": return 0x07
        case "f": return 0x0C
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "v": return 0x0B
        default:
            if character.isLetter || character.isNumber { throw GlobSyntaxError() }
            return scalar
        }
    }

    private mutating func parseClass() throws(GlobSyntaxError) -> ScalarClass {
        var members = ScalarClass()
        members.isInverted = take("^")
        var isFirst = true
        while isFirst || !take("]") {
            isFirst = false
            if try parseNamedClass(into: &members) { continue }
            let low = try parseMember(into: &members)
            guard let low else { continue }
            var high = low
            if rest.count >= 2, rest.first == 0x2D, rest[rest.startIndex + 1] != 0x5D {
                rest.removeFirst()
                high = try parseScalar()
            }
            guard low <= high else { throw GlobSyntaxError() }
            members.ranges.append(low...high)
        }
        return members
    }

    /// `[:alpha:]` or `[:^alpha:]`; false if no such name is closed further on.
    private mutating func parseNamedClass(into members: inout ScalarClass) throws(GlobSyntaxError) -> Bool {
        guard rest.starts(with: [0x5B, 0x3A]) else { return false }
        var name = rest.dropFirst(2)
        var end = name.startIndex
        while end < name.endIndex, !name[end...].starts(with: [0x3A, 0x5D]) { end += 1 }
        guard end < name.endIndex else { return false }
        rest = name[(end + 2)...]
        name = name[..<end]
        let isInverted = name.first == 0x5E
        if isInverted { name.removeFirst() }
        let text = String(String.UnicodeScalarView(name.compactMap(Unicode.Scalar.init)))
        guard text.count > 1, let ranges = ScalarClass.named[text] else { throw GlobSyntaxError() }
        members.insert(ranges, inverted: isInverted)
        return true
    }

    /// A scalar that may begin a range, or nil after an escape that names a class of its own.
    private mutating func parseMember(into members: inout ScalarClass) throws(GlobSyntaxError) -> UInt32? {
        if rest.first == UInt32(Ascii.backslash) {
            let saved = rest
            rest.removeFirst()
            if try parseNamedEscape(into: &members) { return nil }
            rest = saved
        }
        return try parseScalar()
    }

    private mutating func parseScalar() throws(GlobSyntaxError) -> UInt32 {
        guard let scalar = rest.popFirst() else { throw GlobSyntaxError() }
        return scalar == UInt32(Ascii.backslash) ? try parseEscapedScalar() : scalar
    }
}
