/// The modules of a project that a script imports, and those that these import: what `node --watch`, tsx, ts-node-dev, bun
/// and deno watch. A program that is started, or a file that is read, is none of them.
struct ImportWalk {
    /// Absolute paths in the container, the script's own first.
    private(set) var files: Set<String> = []

    /// Files that are looked into at most.
    private static let limit = 2000

    /// Follows the imports of a script; `nil` where its text is not known, or where imports go by names of which nobody knows
    /// what they stand for.
    /// - Parameter aliases: the names of the project for its own files.
    init?(from script: String, aliases: [ImportAlias] = [], text: (String) -> String?) {
        guard text(script) != nil else { return nil }
        var waiting = [script]
        while let path = waiting.popLast(), files.count < Self.limit {
            guard files.insert(path).inserted, let content = text(path) else { continue }
            let folder = PathName.directory(of: path)
            for specifier in Self.specifiers(in: content) {
                let isRelative = specifier.hasPrefix("./") || specifier.hasPrefix("../")
                let targets =
                    isRelative
                    ? [PathName.absolute(specifier, in: folder)] : aliases.flatMap { $0.targets(of: specifier) }
                let found = targets.lazy.flatMap(Self.candidates).first { text($0) != nil }
                if let found { waiting.append(found) }
                if found == nil, !isRelative, ImportAlias.isMeant(specifier) { return nil }
            }
        }
    }

    /// The words behind `require(`, `import(`, `import` and `from`.
    static func specifiers(in text: String) -> [String] {
        var found: [String] = []
        let bytes = Array(text.utf8)
        for (index, quote) in bytes.enumerated() where quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            guard isImport(bytes[..<index]), let end = bytes[(index + 1)...].firstIndex(of: quote) else { continue }
            found.append(String(decoding: bytes[(index + 1)..<end], as: UTF8.self))
        }
        return found
    }

    private static func isImport(_ before: ArraySlice<UInt8>) -> Bool {
        var rest = trimmed(before)
        if rest.last == UInt8(ascii: "(") {
            rest = trimmed(rest.dropLast())
            return ["require", "import"].contains { ends(rest, with: $0) }
        }
        return ["import", "from"].contains { ends(rest, with: $0) }
    }

    /// Whether a word is the last one.
    private static func ends(_ text: ArraySlice<UInt8>, with word: String) -> Bool {
        guard text.suffix(word.utf8.count).elementsEqual(word.utf8) else { return false }
        let before = text.dropLast(word.utf8.count).last
        return before.map {
            !($0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "$")
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
                || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0)
        } ?? true
    }

    private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let last = text.last, [0x20, 0x09, 0x0A, 0x0D].contains(last) { text.removeLast() }
        return text
    }

    /// The files that a path may mean (https://nodejs.org/api/modules.html#all-together). In TypeScript `a.js` is what
    /// `a.ts` is made to (https://www.typescriptlang.org/docs/handbook/modules/reference.html#file-extension-substitution).
    private static func candidates(for path: String) -> [String] {
        let extensions = ["js", "mjs", "cjs", "ts", "tsx", "mts", "cts", "jsx", "json"]
        let made = ["js": ["ts", "tsx"], "jsx": ["tsx"], "mjs": ["mts"], "cjs": ["cts"]]
        let own = ContainerPath.fileExtension(path)
        return [path] + (made[own] ?? []).map { path.dropLast(own.count) + $0 } + extensions.map { "\(path).\($0)" }
            + extensions.map { "\(path)/index.\($0)" }
    }
}
