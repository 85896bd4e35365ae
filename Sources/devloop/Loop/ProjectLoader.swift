import Runner

/// Reads devloop.json and the manifests and joins them.
struct ProjectLoader: Sendable {
    let file: String
    let options: CommonOptions
    let reader: ManifestReader

    /// Reads both.
    /// - Throws: ``ConfigurationError``, `TargetError` or `CancellationError`.
    func load() async throws -> Project {
        try await join(try configuration())
    }

    /// Reads devloop.json.
    /// - Parameter isComplete: whether what it names has to be there.
    func configuration(isComplete: Bool = true) throws(ConfigurationError) -> Configuration {
        try Configuration.load(path: file, checksPaths: isComplete).applying(options)
    }

    /// Reads the manifests of a configuration.
    func join(_ configuration: Configuration) async throws -> Project {
        try Project(configuration: configuration, objects: try await reader.read(configuration.manifests))
    }
}
