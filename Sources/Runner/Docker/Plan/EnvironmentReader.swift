/// Reads the environment of a container: `envFrom`, then `env`, with references to earlier variables resolved.
struct EnvironmentReader {
    let configuration: ConfigurationData
    let namespace: String
    /// What `fieldRef` can name: `metadata.name` and the like.
    let fields: [String: String]
    /// Who needs it, for messages: `deployment/posts-depl, container posts`
    let user: String

    private(set) var variables: [ContainerPlan.Variable] = []
    /// The names of those that hold the value of a Secret, or a part of one.
    private var secretNames: Set<String> = []
    /// References that Docker has no answer to: `status.podIP`
    private(set) var unknownReferences: [String] = []
    private var index: [String: Int] = [:]
    /// The keys that the container needs of each ConfigMap and Secret.
    private var needed: [ConfigurationData.Key: [String]] = [:]

    init(configuration: ConfigurationData, namespace: String, fields: [String: String], user: String) {
        self.configuration = configuration
        self.namespace = namespace
        self.fields = fields
        self.user = user
    }

    /// - Throws: ``TargetError`` where a ConfigMap, a Secret or a key is missing and not optional.
    mutating func read(_ container: JSONValue) throws {
        for (field, kind) in Self.keyReferences {
            for variable in container["env"]?.array ?? [] {
                guard let reference = variable["valueFrom"]?[field], let name = reference["key"]?.string else {
                    continue
                }
                needed[key(kind, reference), default: []].append(name)
            }
        }
        for source in container["envFrom"]?.array ?? [] { try readAll(of: source) }
        for variable in container["env"]?.array ?? [] {
            guard let name = variable["name"]?.string else { continue }
            if let reference = variable["valueFrom"] {
                let isSecret = reference["secretKeyRef"] != nil
                if let value = try value(of: reference) { set(name, value, isSecret: isSecret) }
            } else {
                let text = variable["value"]?.string ?? ""
                set(name, expand(text), isSecret: namesSecret(text))
            }
        }
    }

    /// Resolves `$(NAME)`; `$$` stands for a dollar sign, and an unknown name stays as it is written
    /// (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
    func expand(_ text: String) -> String { expansion(of: text).text }

    /// Whether ``expand(_:)`` puts the value of a Secret into a text.
    func namesSecret(_ text: String) -> Bool { !secretNames.isDisjoint(with: expansion(of: text).names) }

    /// The values of Secrets among the variables.
    var secrets: [String] { variables.filter { secretNames.contains($0.name) }.map(\.value) }

    private func expansion(of text: String) -> (text: String, names: Set<String>) {
        var result = ""
        var names: Set<String> = []
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            switch rest.first {
            case "$":
                result += "$"
                rest = rest.dropFirst()
            case "(":
                guard let end = rest.firstIndex(of: ")") else {
                    result += "$"
                    continue
                }
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                result += index[name].map { variables[$0].value } ?? "$(\(name))"
                names.insert(name)
                rest = rest[rest.index(after: end)...]
            default: result += "$"
            }
        }
        return (result + rest, names)
    }

    private mutating func set(_ name: String, _ value: String, isSecret: Bool) {
        // Neither docker nor the system can carry these.
        guard !name.isEmpty, !name.utf8.contains(where: { $0 == UInt8(ascii: "=") || $0 == 0 }) else { return }
        if isSecret { secretNames.insert(name) } else { secretNames.remove(name) }
        if let known = index[name] {
            variables[known].value = value
        } else {
            index[name] = variables.count
            variables.append(.init(name: name, value: value))
        }
    }

    private mutating func readAll(of source: JSONValue) throws {
        let prefix = source["prefix"]?.string ?? ""
        for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
            guard let reference = source[field] else { continue }
            let values = try configuration.values(
                key(kind, reference), isOptional: reference["optional"]?.bool ?? false, for: user)
            for (name, value) in (values ?? [:]).sorted(by: { $0.key < $1.key }) {
                set(prefix + name, String(decoding: value, as: UTF8.self), isSecret: kind == "Secret")
            }
        }
    }

    private mutating func value(of reference: JSONValue) throws -> String? {
        for (field, kind) in Self.keyReferences {
            guard let reference = reference[field] else { continue }
            let value = try configuration.value(
                key(kind, reference), reference["key"]?.string ?? "",
                isOptional: reference["optional"]?.bool ?? false, for: user,
                names: (needed[key(kind, reference)] ?? []).unique)
            return value.map { String(decoding: $0, as: UTF8.self) }
        }
        let path =
            reference[path: ["fieldRef", "fieldPath"]]?.string
            ?? reference[path: ["resourceFieldRef", "resource"]]?
            .string
        if let path, let value = fields[path] { return value }
        unknownReferences.append(path ?? reference.object?.keys.first ?? "valueFrom")
        return nil
    }

    private static let keyReferences = [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")]

    private func key(_ kind: String, _ reference: JSONValue) -> ConfigurationData.Key {
        .init(kind: kind, name: reference["name"]?.string ?? "", namespace: namespace)
    }
}
