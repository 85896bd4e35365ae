extension ImageBuilder {
    /// Removes those of these images that nobody has a name for and that no container was made from: docker refuses the
    /// others.
    /// - Parameter ids: of images that devloop built.
    /// - Returns: those of them that are gone, whoever removed them.
    /// - Throws: ``TargetError`` where docker can't be asked, or `CancellationError`.
    package func remove(_ ids: [String]) async throws -> Set<String> {
        guard !ids.isEmpty else { return [] }
        let listing = try await launcher.runTool(
            Command("docker", ["image", "inspect", "--format={{.Id}} {{len .RepoTags}}"] + ids))
        let missing = Set(ids.filter { listing.errorText.contains("No such image: \($0)") })
        let unnamed = listing.text.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(separator: " ")
            return words.count == 2 && words[1] == "0" ? String(words[0]) : nil
        }
        guard !unnamed.isEmpty else { return missing }
        let removal = try await launcher.runTool(Command("docker", ["image", "rm"] + unnamed))
        let removed = removal.text.split(separator: "\n").filter { $0.hasPrefix("Deleted: ") }.map {
            String($0.dropFirst("Deleted: ".count))
        }
        return missing.union(removed).intersection(ids)
    }
}
