import Runner

/// Which secrets each service was built with last, as hashes that tell nobody anything without this machine's key. It
/// outlives a run.
///
/// To a builder's cache a secret is nothing: a `RUN` that was given another one is not run again
/// (https://docs.docker.com/build/cache/invalidation/#build-secrets). So that an old secret is not used silently, what is
/// built with another one than the last time is built without the cache.
struct BuiltSecrets: Sendable {
    private let folder: String?
    private let project: String
    private let environment: [String: String]

    /// - Parameters:
    ///   - project: the place of devloop.json.
    ///   - environment: where the state folder is named, and secrets are looked for.
    init(project: String, environment: [String: String]) {
        (self.project, self.environment) = (project, environment)
        folder = StateFolder.path(environment: environment).map { "\($0)/secrets" }
    }

    /// Builds an image, and notes what with.
    /// - Parameters:
    ///   - service: the service's name.
    ///   - onNews: is called where the secrets are others than those of the last build.
    /// - Throws: what ``ImageBuilder/build(_:onLine:)`` throws.
    func build(
        _ request: BuildRequest, of service: String, with builder: ImageBuilder, onNews: () -> Void,
        onLine: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> BuiltImage {
        guard !request.options.secrets.isEmpty, request.original == nil, let path = path(of: service) else {
            return try await builder.build(request, onLine: onLine)
        }
        let hash = hash(of: request.options.secrets)
        let last = (try? FileSystem.read(path)).map { String(decoding: $0, as: UTF8.self) }
        var request = request
        request.ignoresCache = last != nil && last != hash
        if request.ignoresCache { onNews() }
        let image = try await builder.build(request, onLine: onLine)
        if last != hash { try? FileSystem.write(Array(hash.utf8), to: path) }
        return image
    }

    private func path(of service: String) -> String? {
        var fingerprint = Fingerprint()
        fingerprint.add(project)
        fingerprint.add(service)
        return folder.map { "\($0)/\(fingerprint.text)" }
    }

    private func hash(of secrets: [BuildOptions.Secret]) -> String {
        let hash = KeyedHash(key: MachineKey.key(environment: environment))
        return secrets.map { secret in
            let value: [UInt8] =
                switch secret.source {
                case .file(let path): (try? FileSystem.read(path)) ?? []
                case .variable(let name): Array((environment[name] ?? "").utf8)
                }
            return "\(secret.id) \(hash.hash(value))"
        }.joined(separator: "\n")
    }
}
