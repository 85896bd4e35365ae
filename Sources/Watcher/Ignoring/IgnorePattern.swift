/// One line of an ignore file.
struct IgnorePattern: Sendable, Hashable {
    /// How the pattern is compared. moby compares patterns without wildcards as bytes and everything else as text,
    /// which shows where names are not UTF-8 or where the pattern holds a `^`.
    enum Matcher: Sendable, Hashable {
        case exact([UInt8])
        /// `text**`
        case prefix([UInt8])
        /// `**text`
        case suffix([UInt8])
        case glob(GlobProgram)
        /// Well formed, but no expression can be made of it. Docker fails only when it comes to use such a pattern;
        /// until then it matches nothing.
        case unusable
    }

    /// A leading `!`: what matches is included after all.
    let isException: Bool
    /// The pattern itself, cleaned and without the `!`.
    let text: [UInt8]
    private let matcher: Matcher

    /// Takes a pattern as the reader of ignore files leaves it; nil for an empty one.
    init?(_ written: [UInt8]) throws(GlobSyntaxError) {
        let trimmed = written[...].trimmingWhitespace()
        if trimmed.isEmpty { return nil }
        var pattern = PathBytes.clean(trimmed)
        isException = pattern[0] == Ascii.exclamation
        if isException {
            pattern.removeFirst()
            if pattern.isEmpty { throw GlobSyntaxError() }
        }
        try PathMatchSyntax.check(pattern)
        text = pattern
        matcher = Self.compile(pattern)
    }

    /// Whether Docker fails when it comes to use this pattern.
    var isUnusable: Bool { matcher == .unusable }

    func matches(_ path: ArraySlice<UInt8>) -> Bool {
        switch matcher {
        case .exact(let text): path.elementsEqual(text)
        case .prefix(let prefix): path.starts(with: prefix)
        case .suffix(let suffix):
            path.hasSuffix(suffix) || (suffix.first == Ascii.slash && path.elementsEqual(suffix.dropFirst()))
        case .glob(let program): program.matches(path)
        case .unusable: false
        }
    }

    /// Whether some path below the folder at `path` could match.
    func canMatchBelow(_ path: ArraySlice<UInt8>) -> Bool {
        let folder = path + [Ascii.slash]
        switch matcher {
        case .exact(let text): return text.starts(with: folder)
        case .prefix(let prefix): return prefix.starts(with: folder) || folder.starts(with: prefix)
        case .suffix, .unusable: return true
        case .glob(let program): return program.canMatch(startingWith: folder)
        }
    }

    /// Translates a pattern into the regular expression that moby makes of it, quirks included: a wildcard inside a
    /// character class is expanded there too, and `^`, `|`, `{` and `}` are not escaped. (moby means to escape the last
    /// three; its table has no room for them.)
    private static func compile(_ pattern: [UInt8]) -> Matcher {
        enum Kind { case exact, prefix, suffix, expression }
        var scalars = Utf8Scalars.decode(pattern[...])
        if scalars.first == 0xFEFF { scalars.removeFirst() }
        var expression: [UInt32] = []
        var kind = Kind.exact
        var index = 0
        var isFirst = true

        func emit(_ text: StaticString) {
            text.withUTF8Buffer { expression.append(contentsOf: $0.map(UInt32.init)) }
        }
        func next(is byte: UInt8) -> Bool { index < scalars.count && scalars[index] == UInt32(byte) }

        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            switch UInt8(exactly: scalar) ?? 0 {
            case Ascii.star where next(is: Ascii.star):
                index += 1
                if next(is: Ascii.slash) { index += 1 }
                if index < scalars.count {
                    emit("(.*/)?")
                    kind = .expression
                } else if kind == .exact {
                    kind = .prefix
                } else {
                    emit(".*")
                    kind = .expression
                }
                if isFirst { kind = .suffix }
            case Ascii.star:
                emit("[^/]*")
                kind = .expression
            case Ascii.question:
                emit("[^/]")
                kind = .expression
            case let byte where ".+()$".utf8.contains(byte):
                expression += [UInt32(Ascii.backslash), scalar]
            case Ascii.backslash where index < scalars.count:
                expression += [scalar, scalars[index]]
                index += 1
                kind = .expression
            case Ascii.leftBracket, Ascii.rightBracket:
                expression.append(scalar)
                kind = .expression
            default:
                expression.append(scalar)
            }
            isFirst = false
        }
        switch kind {
        case .exact: return .exact(pattern)
        case .prefix: return .prefix(pattern.dropLast(2))
        case .suffix: return .suffix(Array(pattern.dropFirst(2)))
        case .expression:
            emit("$")
            return (try? GlobProgram(expression: expression)).map(Matcher.glob) ?? .unusable
        }
    }
}
