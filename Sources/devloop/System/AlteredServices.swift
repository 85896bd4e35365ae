import Runner

/// The services into whose containers something was written since these were started. It outlives a run: to the next one
/// such a container must not count as one that runs its image.
struct AlteredServices: Sendable {
    private let path: String?

    /// - Parameters:
    ///   - project: the place of devloop.json, and where the services run.
    ///   - folder: devloop's state folder; where there is none, nothing is remembered.
    init(project: String, folder: String?) {
        var fingerprint = Fingerprint()
        fingerprint.add(project)
        path = folder.map { "\($0)/synced/\(fingerprint.text)" }
    }

    /// Their names.
    var names: Set<String> {
        guard let path, let bytes = try? FileSystem.read(path) else { return [] }
        return Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
    }

    /// Notes that a service is one of them, or not any more.
    func note(_ service: String, isAltered: Bool) {
        guard let path else { return }
        var names = names
        if isAltered { names.insert(service) } else { names.remove(service) }
        try? FileSystem.write(Array(names.sorted().joined(separator: "\n").utf8), to: path)
    }
}
