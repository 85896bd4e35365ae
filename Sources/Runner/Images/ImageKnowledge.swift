import Synchronization

/// What was found out about images. An id means the same image for ever; a name doesn't, and nothing is kept of it.
final class ImageKnowledge: Sendable {
    final class Memory<Value: Sendable>: Sendable {
        private let values = Mutex<[String: Value]>([:])
        /// A day of builds is less than that.
        private static var limit: Int { 1000 }

        subscript(image: String) -> Value? {
            get { values.withLock { $0[image] } }
            set {
                guard image.hasPrefix("sha256:") else { return }
                values.withLock { values in
                    if values.count >= Self.limit { values = [:] }
                    values[image] = newValue
                }
            }
        }
    }

    let configurations = Memory<ImageConfiguration>()
    /// Where builds have pushed them.
    let pushes = Memory<PushedImage>()
    /// Whether there is a `/bin/sh`.
    let shells = Memory<Bool>()
}

extension ImageBuilder {
    /// Looks which of some absolute paths are in an image, in a container of it that is never started: what is not there
    /// could not say so.
    /// - Returns: those that are there; also those of which it isn't told, or which aren't asked for, as they are too many.
    /// - Throws: ``TargetError``, or `CancellationError`.
    package func paths(_ paths: Set<String>, in image: String) async throws -> Set<String> {
        try await program.look(into: image, for: paths, with: launcher) ?? paths
    }
}

extension EngineAsking {
    /// See ``ImageBuilder/paths(_:in:)``.
    func look(into image: String, for paths: Set<String>) async throws -> Set<String> {
        let failure = "a look into \(image) failed"
        // What it makes is removed also where it is cancelled meanwhile.
        let made = try await Task { try await ask(.unstarted(image), failure) }.value
        // One that somebody has removed can't be looked into.
        if made.status == 404 { return paths }
        guard let id = made.body["Id"]?.string else { throw TargetError(failure, details: [made.message]) }
        let result: Result<Set<String>, any Error>
        do { result = .success(try await find(paths, in: id, failure)) } catch { result = .failure(error) }
        _ = await Task { try? await tryAsk(.removal(of: id)) }.value
        return try result.get()
    }

    private func find(_ paths: Set<String>, in container: String, _ failure: String) async throws -> Set<String> {
        var (found, missing) = (Set<String>(), Set<String>())
        for path in paths.sorted() {
            // Nothing is in a folder that isn't there.
            let isInMissing = path.indices.dropFirst().contains {
                path[$0] == "/" && missing.contains(String(path[..<$0]))
            }
            if isInMissing { continue }
            let answer = try await ask(.stat(of: container, path: path), failure)
            if answer.status == 404 { missing.insert(path) } else { found.insert(path) }
        }
        return found
    }
}
