import Runner

/// Reads devloop.json and the manifests and joins them.
struct ProjectLoader: Sendable {
    let file: String
    let options: CommonOptions
    let reader: ManifestReader

    /// Reads both.
    /// - Parameter namespace: where objects are that name none.
    /// - Throws: ``ConfigurationError``, `TargetError` or `CancellationError`.
    func load(namespace: String) async throws -> Project {
        let configuration = try configuration()
        return try Project(
            configuration: configuration, manifests: try await reader.read(configuration.manifests),
            namespace: namespace)
    }

    /// Reads devloop.json.
    /// - Parameter isComplete: whether what it names has to be there.
    func configuration(isComplete: Bool = true) throws(ConfigurationError) -> Configuration {
        let configuration = try Configuration.load(path: file, checksPaths: isComplete).applying(options)
        try configuration.checkImages()
        return configuration
    }
}
