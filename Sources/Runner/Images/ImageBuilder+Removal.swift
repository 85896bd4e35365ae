extension ImageBuilder {
    /// Removes those of these images that nobody has a name for and that no container was made from: docker refuses the
    /// others.
    /// - Parameter ids: of images that devloop built.
    /// - Returns: those of them that are gone, whoever removed them.
    /// - Throws: ``TargetError`` where docker can't be asked, or `CancellationError`.
    package func remove(_ ids: [String]) async throws -> Set<String> {
        guard !ids.isEmpty else { return [] }
        let listing = try await run(["image", "inspect", "--format={{.Id}} {{len .RepoTags}}"] + ids)
        // Only of what is missing it complains.
        let missing = Set(ids.filter { listing.errorText.contains($0) })
        let unnamed = listing.text.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(separator: " ")
            return words.count == 2 && words[1] == "0" ? Self.id(words[0]) : nil
        }
        guard !unnamed.isEmpty else { return missing }
        let removal = try await run(["image", "rm"] + unnamed)
        let removed = removal.text.split(separator: "\n").map { line in
            Self.id(line.hasPrefix("Deleted: ") ? line.dropFirst("Deleted: ".count) : line)
        }
        return missing.union(removed).intersection(ids)
    }

    /// podman names images without their algorithm.
    private static func id(_ text: Substring) -> String { text.hasPrefix("sha256:") ? "\(text)" : "sha256:\(text)" }
}
