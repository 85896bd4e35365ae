import Runner

/// Which services' images are built on those of others, as their Dockerfiles say: `FROM`, `COPY --from` and
/// `RUN --mount=from=`. A pure value.
struct ImageDependencies: Sendable, Equatable {
    /// For each service whose image is built on others: which services' these are.
    private(set) var bases: [String: Set<String>] = [:]
    /// The names besides its own that Dockerfiles have for a service's image: the builder must find it by them.
    private(set) var names: [String: [ImageReference]] = [:]
    /// For each service that is built from the very same as one before it: that one, whose image it gets.
    var copies: [String: String] = [:]

    /// None.
    init() {}

    /// Reads the services' Dockerfiles.
    /// - Parameters:
    ///   - environment: where build arguments without a value find theirs.
    ///   - builder: which builder builds.
    init(
        _ configuration: Configuration, environment: [String: String] = ProcessEnvironment.current(),
        builder: BuilderKind
    ) {
        var images: [String: [String]] = [:]
        for service in configuration.services where service.build.isEmpty {
            guard let dockerfile = try? FileSystem.read(service.dockerfile) else { continue }
            let named = BuildInputs.images(
                dockerfile: dockerfile, stage: service.stage, arguments: service.buildArgs, environment: environment,
                skipsUnneededStages: builder.skipsUnneededStages)
            images[service.name] = service.options.contexts.images(insteadOf: named)
        }
        self.init(configuration, images: images)
    }

    /// - Parameter images: the images that each service's Dockerfile names.
    init(_ configuration: Configuration, images: [String: [String]]) {
        let names = configuration.imageNames
        let meant = { (text: String) in
            names.image(meantBy: text).flatMap { image in configuration.services.first { $0.image == image } }
        }
        // A service that is built on an image of its own name has it from elsewhere.
        let elsewhere = Set(
            images.flatMap { name, texts in texts.filter { meant($0)?.name == name } }
                .compactMap { ImageReference($0)?.tagged })
        copies = Self.copies(among: configuration.services)
        for service in configuration.services {
            for text in images[service.name] ?? [] {
                guard let reference = ImageReference(text), !elsewhere.contains(reference.tagged),
                    let base = meant(text)
                else { continue }
                bases[service.name, default: []].insert(base.name)
                let known = [base.image.tagged] + (self.names[base.name] ?? []).map(\.tagged)
                if !known.contains(reference.tagged) { self.names[base.name, default: []].append(reference) }
            }
        }
    }

    /// Which of these services are built from the very same as another one before them, under another name only.
    static func copies(among services: [Configuration.Service]) -> [String: String] {
        var originals: [BuildRequest: String] = [:]
        var copies: [String: String] = [:]
        // What a command does with the name nobody knows.
        for service in services where service.build.isEmpty {
            var request = service.buildRequest
            request.reference = services[0].image
            if let original = originals[request] {
                copies[service.name] = original
            } else {
                originals[request] = service.name
            }
        }
        return copies
    }

    /// The images that a service is built on: for each base, its image by every name that Dockerfiles have for it.
    /// - Parameters:
    ///   - original: the service whose image it gets.
    ///   - image: the id of a service's image.
    func images(
        under service: String, copying original: String? = nil, in configuration: Configuration,
        image: (String) -> String?
    ) -> [String: [BuiltImage]] {
        var images: [String: [BuiltImage]] = [:]
        for base in configuration.services
        where bases[service]?.contains(base.name) == true || base.name == original {
            guard let id = image(base.name) else { continue }
            images[base.name] = ([base.image] + (names[base.name] ?? [])).map { BuiltImage(reference: $0, id: id) }
        }
        return images
    }

    /// The services that others are built on.
    var allBases: Set<String> { bases.values.reduce(into: []) { $0.formUnion($1) } }

    /// The services and those that they are built on, these too.
    func closure(of services: [String]) -> Set<String> {
        var found = Set(services)
        var waiting = services
        while let next = waiting.popLast() { waiting += (bases[next] ?? []).filter { found.insert($0).inserted } }
        return found
    }

    /// Makes sure that there is an order to build in.
    /// - Throws: ``ConfigurationError`` where services are built on each other.
    func checkOrder(_ configuration: Configuration) throws(ConfigurationError) {
        for service in configuration.services {
            guard let circle = path(from: service.name, to: service.name) else { continue }
            throw configuration.error(
                at: service.keyPath,
                "the images are built on each other, so that none can be the first: "
                    + "\(circle.joined(separator: " is built on "))",
                advice: "take one of these images out of the Dockerfile of the one before it")
        }
    }

    /// The services on the way from one to one that it is built on, both included.
    private func path(from start: String, to end: String) -> [String]? {
        var paths = [[start]]
        var seen: Set<String> = []
        while !paths.isEmpty {
            let path = paths.removeFirst()
            for base in (bases[path[path.count - 1]] ?? []).sorted() {
                if base == end { return path + [base] }
                if seen.insert(base).inserted { paths.append(path + [base]) }
            }
        }
        return nil
    }
}

extension [BuildOptions.NamedContext] {
    /// The images that a Dockerfile means where these contexts have some of the names that it has: those of the contexts,
    /// whether or not it names them.
    /// - Parameter names: the images that it names.
    fileprivate func images(insteadOf names: [String]) -> [String] {
        let replaced = Set(map { Self.key($0.name) })
        return names.filter { !replaced.contains(Self.key($0)) }
            + compactMap { if case .image(let image) = $0.source { image.description } else { nil } }
    }

    /// BuildKit compares whole names: https://docs.docker.com/reference/cli/docker/buildx/build/#build-context
    private static func key(_ name: String) -> String { ImageReference(name.lowercased())?.tagged ?? name.lowercased() }
}
