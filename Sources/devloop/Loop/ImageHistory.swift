import Runner

/// The images that devloop has built for a project, and which of them are superseded. Pure.
struct ImageHistory: Sendable, Equatable {
    /// Of each name the ids of what was built for it, the newest first.
    private(set) var ids: [String: [String]] = [:]

    init() {}

    /// An image was built, or found to be up to date.
    mutating func add(_ image: BuiltImage) {
        let name = image.reference.tagged
        ids[name, default: []].removeAll { $0 == image.id }
        ids[name, default: []].insert(image.id, at: 0)
    }

    /// These are not there any more.
    mutating func remove(_ gone: Set<String>) {
        ids = ids.mapValues { $0.filter { !gone.contains($0) } }.filter { !$0.value.isEmpty }
    }

    /// What is neither of the newest of its name, nor of those of another, under each of its names.
    func superseded(by kept: KeptImages) -> [BuiltImage] {
        guard case .newest(let count) = kept else { return [] }
        let newest = Set(ids.values.flatMap { $0.prefix(count) })
        return ids.sorted { $0.key < $1.key }.flatMap { name, ids in
            ids.filter { !newest.contains($0) }.sorted().compactMap { id in
                ImageReference(name).map { BuiltImage(reference: $0, id: id) }
            }
        }
    }
}

extension ImageHistory {
    /// Reads what ``text`` wrote; what is no line of it is left out.
    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, words[1].hasPrefix("sha256:") else { continue }
            ids[String(words[0]), default: []].append(String(words[1]))
        }
    }

    /// A line for each image.
    var text: String {
        ids.sorted { $0.key < $1.key }.flatMap { name, ids in ids.map { "\(name) \($0)\n" } }.joined()
    }
}
