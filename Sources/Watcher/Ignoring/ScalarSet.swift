/// What one place of a pattern accepts.
enum ScalarSet: Sendable, Hashable {
    case scalar(UInt32)
    /// `[^/]`, what `*` and `?` are made of.
    case notSlash
    /// `.`: Go's dot takes everything but a newline.
    case notNewline
    case members(ScalarClass)
    case all

    func contains(_ scalar: UInt32) -> Bool {
        switch self {
        case .scalar(let only): scalar == only
        case .notSlash: scalar != UInt32(Ascii.slash)
        case .notNewline: scalar != UInt32(Ascii.newline)
        case .members(let members): members.contains(scalar)
        case .all: true
        }
    }

    static let word = ScalarClass(ranges: ScalarClass.named["word"] ?? [])
}

/// A character class.
struct ScalarClass: Sendable, Hashable {
    var ranges: [ClosedRange<UInt32>] = []
    /// Unicode's general categories by their letter (`\pL`), and whether what is not in it is meant (`\PL`).
    var categories: [Category] = []
    var isInverted = false

    struct Category: Sendable, Hashable {
        let letter: Character
        let isInverted: Bool
    }

    func contains(_ scalar: UInt32) -> Bool {
        let isMember =
            ranges.contains { $0.contains(scalar) }
            || categories.contains { Self.letter(of: scalar) == $0.letter ? !$0.isInverted : $0.isInverted }
        return isMember != isInverted
    }

    /// Adds ranges, or everything outside them.
    mutating func insert(_ added: [ClosedRange<UInt32>], inverted: Bool) {
        guard inverted else { return ranges += added }
        var next: UInt32 = 0
        for range in added.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { ranges.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        ranges.append(next...0x10FFFF)
    }

    /// The classes that have names: `[:alpha:]` in brackets, `\d`, `\s` and `\w` by their letter.
    static let named: [String: [ClosedRange<UInt32>]] = [
        "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A], "alpha": [0x41...0x5A, 0x61...0x7A], "ascii": [0...0x7F],
        "blank": [0x09...0x09, 0x20...0x20], "cntrl": [0...0x1F, 0x7F...0x7F], "digit": [0x30...0x39],
        "graph": [0x21...0x7E], "lower": [0x61...0x7A], "print": [0x20...0x7E],
        "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E], "space": [0x09...0x0D, 0x20...0x20],
        "upper": [0x41...0x5A], "word": [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A],
        "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
        "d": [0x30...0x39], "s": [0x09...0x0A, 0x0C...0x0D, 0x20...0x20],
        "w": [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A],
    ]

    private static func letter(of scalar: UInt32) -> Character? {
        switch Unicode.Scalar(scalar)?.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: "L"
        case .nonspacingMark, .spacingMark, .enclosingMark: "M"
        case .decimalNumber, .letterNumber, .otherNumber: "N"
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            "P"
        case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: "S"
        case .spaceSeparator, .lineSeparator, .paragraphSeparator: "Z"
        case .control, .format, .privateUse, .surrogate: "C"
        case .unassigned, nil: nil
        @unknown default: nil
        }
    }
}
