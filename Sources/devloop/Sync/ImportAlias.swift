import Runner

/// A name of a project for its own files, by which they are imported: `@/*` for `/app/src/*`. A value.
struct ImportAlias: Sendable, Hashable {
    private var prefix: String
    /// What follows the wildcard; `nil` where there is none.
    private var suffix: String?
    /// Absolute paths, with the wildcard.
    private var places: [String]

    private init(_ pattern: String, _ places: [String], in folder: String) {
        let parts = pattern.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        (prefix, suffix) = (parts[0], parts.count > 1 ? parts[1] : nil)
        self.places = places.map { PathName.absolute($0, in: folder) }
    }

    /// What it makes of the word behind an `import`; nothing where it is not the one that is meant.
    func targets(of specifier: String) -> [String] {
        guard let suffix else { return specifier == prefix ? places : [] }
        guard specifier.hasPrefix(prefix), specifier.hasSuffix(suffix),
            specifier.count >= prefix.count + suffix.count
        else { return [] }
        let middle = specifier.dropFirst(prefix.count).dropLast(suffix.count)
        return places.map { $0.replacing("*", with: middle) }
    }

    /// Whether a word that no alias explains can be nothing else: no package is called like that.
    static func isMeant(_ specifier: String) -> Bool { ["@/", "~", "#"].contains(where: specifier.hasPrefix) }

    /// Those of a folder: of `tsconfig.json` (https://www.typescriptlang.org/tsconfig/#paths), `package.json`
    /// (https://nodejs.org/api/packages.html#subpath-imports) and `deno.json`
    /// (https://docs.deno.com/runtime/fundamentals/modules/).
    /// - Parameter json: a file of the context by its path in the container.
    static func all(in folder: String, json: (String) -> JSONValue?) -> [ImportAlias] {
        var aliases: [ImportAlias] = []
        let options = json("\(folder)/tsconfig.json")?["compilerOptions"]
        let base = options?["baseUrl"]?.string.map { PathName.absolute($0, in: folder) }
        for member in options?["paths"]?.object?.members ?? [] {
            let places = (member.value.array ?? []).compactMap(\.string)
            aliases.append(ImportAlias(member.key, places, in: base ?? folder))
        }
        for member in json("\(folder)/package.json")?["imports"]?.object?.members ?? [] {
            if let place = member.value.string { aliases.append(ImportAlias(member.key, [place], in: folder)) }
        }
        for name in ["deno.json", "deno.jsonc"] {
            for member in json("\(folder)/\(name)")?["imports"]?.object?.members ?? [] {
                guard let place = member.value.string, ["./", "../", "/"].contains(where: place.hasPrefix) else {
                    continue
                }
                let wildcard = member.key.hasSuffix("/") ? "*" : ""
                aliases.append(ImportAlias(member.key + wildcard, [place + wildcard], in: folder))
            }
        }
        if let base { aliases.append(ImportAlias("*", ["*"], in: base)) }
        return aliases
    }
}
