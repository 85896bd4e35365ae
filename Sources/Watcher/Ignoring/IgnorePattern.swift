/// One line of an ignore file.
struct IgnorePattern: Sendable, Hashable {
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
        text = pattern
        matcher = Matcher(try GlobSyntax.parse(pattern), of: pattern)
    }

    func matches(_ path: ArraySlice<UInt8>) -> Bool {
        switch matcher {
        case .exact: path.elementsEqual(text)
        case .prefix(let prefix): path.starts(with: prefix)
        case .suffix(let suffix):
            path.hasSuffix(suffix) || (suffix.first == Ascii.slash && path.elementsEqual(suffix.dropFirst()))
        case .glob(let glob): glob.matches(path)
        }
    }

    /// Whether some path below the folder at `path` could match.
    func canMatchBelow(_ path: ArraySlice<UInt8>) -> Bool {
        let folder = path + [Ascii.slash]
        switch matcher {
        case .exact: return text.starts(with: folder)
        case .prefix(let prefix): return prefix.starts(with: folder) || folder.starts(with: prefix)
        case .suffix: return true
        case .glob(let glob): return glob.canMatch(startingWith: folder)
        }
    }
}

/// How a pattern is compared with a path, chosen as moby chooses: it takes `**text` for the end of a path wherever that
/// begins, but the `**` of `**text*` for whole folders.
private enum Matcher: Sendable, Hashable {
    case exact
    /// `text**`
    case prefix([UInt8])
    /// `**text`
    case suffix([UInt8])
    case glob(Glob)

    init(_ tokens: [GlobSyntax.Token], of text: [UInt8]) {
        let wildcards = tokens.filter(\.isWildcard)
        if wildcards.isEmpty {
            self = .exact
        } else if wildcards == [.stars], tokens.first == .stars {
            self = .suffix(Array(text.dropFirst(2)))
        } else if wildcards == [.stars], tokens.last == .stars {
            self = .prefix(text.dropLast(2))
        } else {
            self = .glob(Glob(tokens.indices.flatMap { Self.steps(for: tokens[$0], isLast: $0 == tokens.count - 1) }))
        }
    }

    private static func steps(for token: GlobSyntax.Token, isLast: Bool) -> [Glob.Step] {
        switch token {
        case .scalar(let scalar): [.one(.scalar(scalar))]
        case .members(let ranges): [.one(.ranges(ranges))]
        case .question: [.one(.inName)]
        case .star: [.many(.inName)]
        case .stars: isLast ? [.many(.inPath)] : [.folders, .insideFolders]
        }
    }
}
