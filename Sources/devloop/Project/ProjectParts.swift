import Runner

/// What a project is joined from, all of it read: devloop.json, the manifests, and which images are built on others.
struct ProjectParts: Sendable {
    let configuration: Configuration
    let manifests: [JSONValue]
    let dependencies: ImageDependencies
    /// What the project gets from outside of its manifests; who starts nothing needs none of it.
    var outside: OutsideObjects?

    /// Reads the services' Dockerfiles for which images are built on others.
    /// - Parameter builder: which builder builds.
    init(_ configuration: Configuration, manifests: [JSONValue], builder: BuilderKind) {
        (self.configuration, self.manifests) = (configuration, manifests)
        dependencies = ImageDependencies(configuration, builder: builder)
    }

    /// Makes sure that all can be built, and that there is an order to do it in; who builds nothing needs none.
    /// - Throws: ``ConfigurationError``.
    func checkBuilds() throws(ConfigurationError) {
        try configuration.checkBuilder()
        try dependencies.checkOrder(configuration)
    }

    /// What devloop.json holds and the manifests hold too, or devloop.json twice.
    func doubles(in namespace: String) -> [(object: KubernetesObject.Identity, keyPath: String, isInManifests: Bool)] {
        guard let outside else { return [] }
        let manifested = Set(manifests.compactMap { KubernetesObject($0, namespace: namespace)?.identity })
        return outside.objects(in: namespace).map(\.identity).unique.compactMap { object in
            let places = outside.keyPaths(of: object, in: namespace)
            let isInManifests = manifested.contains(object)
            return isInManifests || places.count > 1 ? (object, places[places.count - 1], isInManifests) : nil
        }
    }

    /// Joins them.
    /// - Parameter namespace: where objects are that name none.
    /// - Throws: ``ConfigurationError`` where they don't fit together.
    func project(in namespace: String) throws(ConfigurationError) -> Project {
        try Project(
            configuration: configuration, manifests: manifests, namespace: namespace, bases: dependencies.allBases,
            outside: outside?.objects(in: namespace) ?? [])
    }
}
