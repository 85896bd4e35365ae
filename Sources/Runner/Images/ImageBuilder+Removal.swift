extension ImageBuilder {
    /// Removes those of these images that nobody has a name for and that no container was made from: docker refuses the
    /// others.
    /// - Parameter images: that devloop built; several of one id where it has several names.
    /// - Returns: the ids of those that are gone, whoever removed them.
    /// - Throws: ``TargetError`` where docker can't be asked, or `CancellationError`.
    package func remove(_ images: [BuiltImage]) async throws -> Set<String> {
        let repositories = Dictionary(grouping: images, by: \.id).mapValues { Set($0.map(\.reference.repository)) }
        guard !images.isEmpty else { return [] }
        let ids = repositories.keys.sorted()
        let format = "--format={{.Id}} {{len .RepoTags}}{{range .RepoDigests}} {{.}}{{end}}"
        let listing = try await run(["image", "inspect", format] + ids)
        // Only of what is missing it complains.
        let missing = Set(ids.filter { listing.errorText.contains($0) })
        let unused = listing.text.split(separator: "\n").flatMap { line -> [String] in
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 2, words[1] == "0" else { return [] }
            let (id, digests) = (Self.id(words[0]), words.dropFirst(2))
            // A push leaves the registry's name for it. Under that of another repository somebody has got it there.
            let areOurs = digests.allSatisfy { digest in
                repositories[id]?.contains { ImageReference(digest)?.repository.hasPathSuffix($0) == true } == true
            }
            return areOurs ? digests.isEmpty ? [id] : Array(digests) : []
        }
        if listing.text.isEmpty, missing.isEmpty { throw failure("image inspect failed", listing) }
        guard !unused.isEmpty else { return missing }
        let removal = try await run(["image", "rm"] + unused)
        let removed = removal.text.split(separator: "\n").map { line in
            Self.id(line.hasPrefix("Deleted: ") ? line.dropFirst("Deleted: ".count) : line)
        }
        return missing.union(removed).intersection(ids)
    }
}

extension String {
    /// Whether it is this path, or ends with it after a slash.
    fileprivate func hasPathSuffix(_ path: String) -> Bool { self == path || hasSuffix("/\(path)") }
}
