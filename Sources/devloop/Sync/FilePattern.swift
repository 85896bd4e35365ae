/// A pattern for files as reloaders take them. Each has a dialect of its own, so that there are two questions: whether a
/// file is matched in every dialect, which counts for what is watched, and whether it is in some, which counts for
/// what is ignored.
struct FilePattern: Sendable, Hashable {
    private enum Step: Sendable, Hashable {
        case byte(UInt8)
        case one
        case many(crossesSlashes: Bool)
    }

    /// The pattern with its braces expanded, read strictly; empty where it has what dialects differ in.
    private let strict: [[Step]]
    private let eager: [[Step]]

    init(_ text: String) {
        var body = text[...]
        while let prefix = ["!", "./", "/", "**/"].first(where: body.hasPrefix) { body = body.dropFirst(prefix.count) }
        let alternatives = Self.expandBraces(String(body))
        let literal = text.hasPrefix("./") ? String(text.dropFirst(2)) : text
        strict =
            text.contains { "!()[]\\+@".contains($0) }
            ? [] : (Self.expandBraces(literal) ?? []).flatMap { Self.expandFolders($0[...]) }.map(Self.strictSteps)
        eager = (alternatives ?? ["*"]).map { alternative in
            var rest = alternative[...]
            while let suffix = ["/", "/*", "/**", "/*.*"].first(where: rest.hasSuffix) {
                rest = rest.dropLast(suffix.count)
            }
            return Self.eagerSteps(rest.replacing("**/", with: "**"))
        }
    }

    /// Whether a path relative to where the pattern counts from is matched for sure.
    func surelyMatches(_ path: String) -> Bool {
        let path = Array(path.utf8)
        return strict.contains { Self.match($0, path[...]) }
    }

    /// Whether the path, one of its folders or a row of its parts may be matched.
    func mayMatch(_ path: String) -> Bool {
        let path = Array(path.utf8)
        let slash = UInt8(ascii: "/")
        let starts = [0] + path.indices.filter { path[$0] == slash }.map { $0 + 1 }
        let ends = path.indices.filter { path[$0] == slash } + [path.count]
        for start in starts {
            for end in ends where end > start {
                if eager.contains(where: { Self.match($0, path[start..<end]) }) { return true }
            }
        }
        return false
    }

    private static func strictSteps(_ text: String) -> [Step] {
        var steps: [Step] = []
        var rest = text.utf8[...]
        while let first = rest.first {
            let crosses = rest.starts(with: "**".utf8)
            steps.append(
                first == UInt8(ascii: "*")
                    ? .many(crossesSlashes: crosses) : first == UInt8(ascii: "?") ? .one : .byte(first))
            rest = rest.dropFirst(crosses ? 2 : 1)
        }
        return steps
    }

    private static func eagerSteps(_ text: Substring) -> [Step] {
        // What stands in brackets is a choice: the text in there must not be asked for.
        if text.contains(where: { "[({".contains($0) }) { return [.many(crossesSlashes: true)] }
        return text.utf8.map { byte in
            if "*])}!+@|\\^$".utf8.contains(byte) { return .many(crossesSlashes: true) }
            return byte == UInt8(ascii: "?") ? .one : .byte(byte)
        }
    }

    /// The pattern with and without each `**/`, which also stands for no folder at all.
    private static func expandFolders(_ text: Substring, limit: Int = 3) -> [String] {
        guard limit > 0, let range = text.firstRange(of: "**/") else { return [String(text)] }
        let rests = expandFolders(text[range.upperBound...], limit: limit - 1)
        return rests.flatMap { [text[..<range.lowerBound] + $0, text[..<range.upperBound] + $0] }.map { String($0) }
    }

    /// One pattern for each choice in braces; `nil` where these are nested, open or too many.
    private static func expandBraces(_ text: String) -> [String]? {
        guard let open = text.firstIndex(of: "{") else { return text.contains("}") ? nil : [text] }
        guard let close = text[open...].firstIndex(of: "}") else { return nil }
        let choices = text[text.index(after: open)..<close].split(separator: ",", omittingEmptySubsequences: false)
        guard !choices.contains(where: { $0.contains("{") || $0.contains("..") }) else { return nil }
        guard let rests = expandBraces(String(text[text.index(after: close)...])) else { return nil }
        let all = choices.flatMap { choice in rests.map { text[..<open] + choice + $0 } }
        return all.count <= 64 ? all.map { String($0) } : nil
    }

    /// Keeps the places of the pattern that the text so far can end at: linear in the text, whatever the pattern.
    private static func match(_ steps: [Step], _ text: ArraySlice<UInt8>) -> Bool {
        let slash = UInt8(ascii: "/")
        /// What takes nothing is passed.
        func passing(_ places: inout [Bool]) {
            for place in steps.indices where places[place] {
                if case .many = steps[place] { places[place + 1] = true }
            }
        }
        let none = [Bool](repeating: false, count: steps.count + 1)
        var places = none
        places[0] = true
        passing(&places)
        for byte in text {
            var next = none
            for place in steps.indices where places[place] {
                switch steps[place] {
                case .byte(let wanted): if wanted == byte { next[place + 1] = true }
                case .one: if byte != slash { next[place + 1] = true }
                case .many(let crossesSlashes): if crossesSlashes || byte != slash { next[place] = true }
                }
            }
            guard next.contains(true) else { return false }
            passing(&next)
            places = next
        }
        return places[steps.count]
    }
}
