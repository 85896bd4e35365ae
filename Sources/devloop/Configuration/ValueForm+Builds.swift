import Runner

extension ValueForm where Value == [BuildOptions.Secret] {
    /// The secrets of a build, by their ids. What could be a secret itself is in no message.
    static var buildSecrets: Self {
        .map(
            keys: .buildID, values: .nullable(.oneOf([.text(.path), .section([variableKey])])), called: "secrets",
            isHidden: true
        ) { value, id, path, reader in
            reader.secretSource(value, of: id, at: path).map { BuildOptions.Secret(id: id, source: $0) }
        }
    }

    private static var variableKey: KeyDescription {
        KeyDescription(
            name: "env", shape: .text(.variable), fallback: .required, cost: .build,
            documentation: "the variable that holds it")
    }
}

extension ConfigurationReader {
    fileprivate mutating func secretSource(
        _ value: JSONValue, of id: String, at path: String
    ) -> BuildOptions.Secret.Source? {
        switch value {
        case .null:
            guard let problem = ValueRule.variable.problem(with: id) else { return .variable(id) }
            report(path, "\(problem); { \"env\": \"NAME\" } takes another one")
        case .string:
            return text(value, at: path, .path).map { .file(require(home($0), as: .secret, at: path)) }
        case .object(let object) where object.members.map(\.key) == ["env"]:
            return text(object["env"] ?? .null, at: "\(path).env", .variable).map { .variable($0) }
        default:
            reportHidden(
                value, at: path,
                expected: "the path of a file, { \"env\": \"NAME\" }, or null for the environment's variable \(id)")
        }
        return nil
    }

    /// A path that may begin with `~/`: what is of the user and not of the project is mostly there.
    fileprivate func home(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = ProcessEnvironment.current()["HOME"] else { return path }
        return "\(home)/\(path.dropFirst(2))"
    }
}

extension ValueForm where Value == BuildOptions.SSH {
    /// An agent or a key.
    static var ssh: Self {
        ValueForm(.text(.ssh)) { value, path, reader in
            guard let text = reader.text(value, at: path, .ssh) else { return nil }
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count > 1 else { return BuildOptions.SSH(id: parts[0]) }
            return BuildOptions.SSH(
                id: parts[0], path: reader.require(reader.home(parts[1]), as: .key, at: path))
        }
    }
}

extension ValueForm where Value == [BuildOptions.NamedContext] {
    /// Further contexts, by their names.
    static var namedContexts: Self {
        .map(keys: .contextName, values: .text(.path), called: "contexts") { value, name, path, reader in
            reader.contextSource(value, at: path).map { BuildOptions.NamedContext(name: name, source: $0) }
        }
    }
}

extension ConfigurationReader {
    fileprivate mutating func contextSource(
        _ value: JSONValue, at path: String
    ) -> BuildOptions.NamedContext.Source? {
        let scheme = BuildOptions.NamedContext.imageScheme
        guard value.string?.hasPrefix(scheme) == true else {
            return text(value, at: path, .path).map { .folder(require($0, as: .context, at: path)) }
        }
        return text(value, at: path, .contextImage).flatMap { ImageReference(String($0.dropFirst(scheme.count))) }
            .map { .image($0) }
    }
}

extension ValueForm where Value == [BuildOptions.Label] {
    /// Labels of an image.
    static var imageLabels: Self {
        .map(keys: .imageLabel, values: .anyText, called: "labels") { value, name, path, reader in
            guard case .string(let text) = value, !text.utf8.contains(0) else {
                reader.report(value, at: path, expected: "a string")
                return nil
            }
            return BuildOptions.Label(name: name, value: text)
        }
    }
}
