import Runner

/// What the builds of a configuration's services ask for beyond a Dockerfile.
extension Configuration {
    /// What the build of a service itself pushes its image as; `nil` where the image stays on this machine until devloop
    /// brings it to where it is needed.
    func destination(of service: Service) -> ImageReference? {
        let pushes = service.build.isEmpty ? builder.program.pushesItsBuilds : service.pushes
        guard pushes, target == .kubernetes else { return nil }
        guard let registry = pushRegistry else {
            // Only who says so pushes to where an image's name leads: on a local cluster nobody else does.
            return service.pushes && service.image.registry != nil ? service.image : nil
        }
        return service.image.inRegistry(registry)
    }

    /// Refuses a builder whose images can't run where they are to run, with what flags say too.
    /// - Throws: ``ConfigurationError``.
    func checkBuilder() throws(ConfigurationError) {
        guard target == .docker, ![.docker, .buildx].contains(builder) else { return }
        throw error(
            at: "builder", "on Docker only images run that docker has, and what \(builder.rawValue) builds it has not",
            advice: "leave \"builder\" out, or run on a cluster, over a registry: --target kubernetes --registry R")
    }

    /// Refuses pushes that have nowhere to go, with what flags say too.
    /// - Throws: ``ConfigurationError``.
    func checkPushes() throws(ConfigurationError) {
        for service in services where service.pushes && target == .kubernetes && destination(of: service) == nil {
            throw error(
                at: "\(service.keyPath).pushes", "there is no registry that \(service.image) could be pushed to",
                advice: "say where images go with \"registry\" or --registry, or leave \"pushes\" out")
        }
    }
}

extension Configuration.Service {
    /// The patterns that leave out what is not among its inputs.
    var patternsOfOthers: [String] {
        inputs.isEmpty ? [] : ["**"] + inputs.map { $0.hasPrefix("!") ? String($0.dropFirst()) : "!\($0)" }
    }
}
