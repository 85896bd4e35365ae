import Runner

/// Reads devloop.json and the manifests and joins them.
struct ProjectLoader: Sendable {
    let file: String
    let options: CommonOptions
    let reader: ManifestReader
    /// Where values from outside of the manifests are looked for.
    let environment: [String: String]
    /// The registries that the target has chosen, once it is prepared.
    var registries: [String] = []

    /// Reads both.
    /// - Parameters:
    ///   - namespace: where objects are that name none.
    ///   - builder: what builds.
    /// - Throws: ``ConfigurationError``, `TargetError` or `CancellationError`.
    func load(namespace: String, builder: BuilderAbility) async throws -> LoadedProject {
        let configuration = try configuration()
        let manifests = try await reader.read(configuration.manifests)
        let parts = try parts(configuration, manifests: manifests, builder: builder.kind)
        try checkBuilds(parts, by: builder)
        try configuration.checkPushes()
        return LoadedProject(
            project: try await project(of: parts, in: namespace), dependencies: parts.dependencies)
    }

    /// What a project that is started is joined from.
    /// - Throws: ``ConfigurationError`` where a value is missing.
    func parts(
        _ configuration: Configuration, manifests: [JSONValue], builder: BuilderKind
    ) throws(ConfigurationError) -> ProjectParts {
        var parts = ProjectParts(configuration, manifests: manifests, builder: builder)
        parts.outside = try OutsideObjects(configuration, environment: environment)
        return parts
    }

    /// Makes sure that all of it can be built.
    /// - Throws: ``ConfigurationError`` where services are built on each other, or something that a build needs is missing.
    func checkBuilds(_ parts: ProjectParts, by builder: BuilderAbility) throws(ConfigurationError) {
        try parts.checkBuilds()
        try BuildRequirements(ability: builder, environment: environment).check(
            parts.configuration.services, of: parts.configuration)
    }

    /// Joins them.
    /// - Throws: ``ConfigurationError`` where they don't fit together.
    func project(of parts: ProjectParts, in namespace: String) async throws -> Project {
        if let double = parts.doubles(in: namespace).first {
            var place = "it is there twice"
            if double.isInManifests {
                let file = await file(of: double.object, in: parts.configuration)
                place = "the manifests hold it too\(file.map { " (\($0))" } ?? "")"
            }
            throw parts.configuration.error(
                at: double.keyPath, "\(double.object) in namespace \(double.object.namespace): \(place)",
                advice: "take one of them out")
        }
        return try parts.project(in: namespace)
    }

    /// Reads devloop.json.
    /// - Parameter isComplete: whether what it names has to be there.
    func configuration(isComplete: Bool = true) throws(ConfigurationError) -> Configuration {
        var configuration = try Configuration.load(path: file, checksPaths: isComplete).applying(options)
        configuration.chosenRegistries = registries
        try configuration.checkImages()
        return configuration
    }

    /// The file of the manifests that an object is in, as one would name it in the project's folder; the folder where
    /// that has a kustomization, and `nil` where it can't be found.
    func file(of object: KubernetesObject.Identity, in configuration: Configuration) async -> String? {
        for path in configuration.manifests where await reader.holds(object, in: path) {
            var place = path
            for name in FileSystem.names(in: path).sorted() where ManifestPaths.isManifest(name) {
                guard await reader.holds(object, in: "\(path)/\(name)") else { continue }
                place = "\(path)/\(name)"
                break
            }
            return configuration.relative(place)
        }
        return nil
    }
}

extension ManifestReader {
    fileprivate func holds(_ object: KubernetesObject.Identity, in path: String) async -> Bool {
        ((try? await read([path])) ?? []).contains {
            KubernetesObject($0, namespace: object.namespace)?.identity == object
        }
    }
}
