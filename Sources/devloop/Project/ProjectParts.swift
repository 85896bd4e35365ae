import Runner

/// What a project is joined from, all of it read: devloop.json, the manifests, and which images are built on others.
struct ProjectParts: Sendable {
    let configuration: Configuration
    let manifests: [JSONValue]
    let dependencies: ImageDependencies

    /// Reads the services' Dockerfiles for which images are built on others.
    /// - Parameter builder: which builder builds.
    init(_ configuration: Configuration, manifests: [JSONValue], builder: BuilderKind) {
        (self.configuration, self.manifests) = (configuration, manifests)
        dependencies = ImageDependencies(configuration, builder: builder)
    }

    /// Makes sure that there is an order to build in; who builds nothing needs none.
    /// - Throws: ``ConfigurationError`` where services are built on each other.
    func checkOrder() throws(ConfigurationError) { try dependencies.checkOrder(configuration) }

    /// Joins them.
    /// - Parameter namespace: where objects are that name none.
    /// - Throws: ``ConfigurationError`` where they don't fit together.
    func project(in namespace: String) throws(ConfigurationError) -> Project {
        try Project(
            configuration: configuration, manifests: manifests, namespace: namespace, bases: dependencies.allBases)
    }
}
