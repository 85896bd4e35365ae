import Runner

/// What the builds of a configuration's services ask for beyond a Dockerfile.
extension Configuration {
    /// What the build of a service itself pushes its image as; `nil` where the image stays on this machine until devloop
    /// brings it to where it is needed.
    func destination(of service: Service) -> ImageReference? {
        guard service.pushes, target == .kubernetes else { return nil }
        guard let registry else { return service.image.registry == nil ? nil : service.image }
        return service.image.inRegistry(registry)
    }

    /// Refuses builds that can't do what they are asked for, with what flags say too.
    /// - Throws: ``ConfigurationError``.
    func checkBuilds() throws(ConfigurationError) {
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
