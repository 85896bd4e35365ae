extension Configuration {
    /// The configuration with what stands on the command line: a flag beats the file. The flags' values were checked
    /// by the file's rules when the command line was read.
    func applying(_ options: CommonOptions) -> Configuration {
        var result = self
        var reader = ConfigurationReader(origin: origin, directory: directory)
        for key in Self.keys {
            let (name, shape) = (key.description.name, key.description.shape)
            guard let word = options.settings[name] else { continue }
            _ = key.read(shape.json(of: word), name, &reader, &result)
        }
        return result
    }

    /// The services of these names; all where there are none.
    /// - Throws: ``UsageError`` for a name that no service has.
    func services(named names: [String]) throws(UsageError) -> [Service] {
        guard !names.isEmpty else { return services }
        var result: [Service] = []
        for name in names {
            guard let service = services.first(where: { $0.name == name }) else {
                let known = services.map(\.name)
                let nearest = Suggestion.nearest(to: name, in: known).map { "did you mean \($0)? " } ?? ""
                let list = known.joined(separator: ", ")
                throw .invalid("there is no service \(ValueRule.quoted(name)): \(nearest)the services are \(list)")
            }
            result.append(service)
        }
        return result
    }
}
