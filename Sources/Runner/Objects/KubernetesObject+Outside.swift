/// Secrets and ConfigMaps that are in no manifest.
extension KubernetesObject {
    /// The label of what devloop has created in a cluster: its value is the project's name.
    package static let projectLabel = "dev.devloop/project"

    /// The same without what it holds: its kind, name, namespace and labels.
    var withoutData: KubernetesObject {
        var copy = self
        for key in ["data", "stringData", "binaryData", "type"] { copy.json[key] = nil }
        return copy
    }

    /// The texts that it holds, by their keys, as it is written: not those that are in Base64.
    var texts: [String: String] { json[identity.kind == "Secret" ? "stringData" : "data"]?.stringMembers ?? [:] }

    /// The keys whose values the cluster has not, or has others of.
    /// - Parameter found: the object as the cluster has it.
    func keys(differingIn found: JSONValue) -> [String] {
        let data = found["data"]?.stringMembers ?? [:]
        return texts.filter { key, text in
            let bytes = identity.kind == "Secret" ? data[key].flatMap(Base64.decode) : data[key].map { Array($0.utf8) }
            return bytes != Array(text.utf8)
        }.keys.sorted()
    }

    /// Whether the cluster's object was created for the same project.
    func isOurs(_ found: JSONValue) -> Bool {
        let path = ["metadata", "labels", Self.projectLabel]
        return json[path: path] != nil && json[path: path] == found[path: path]
    }
}

/// What can be written into devloop.json for a Secret or a ConfigMap that nothing holds.
enum OutsideAdvice {
    /// `"secrets": { "jwt-secret": { "JWT_KEY": null } } in devloop.json makes it, …`
    /// - Parameter keys: those that are needed, where they are known.
    static func line(kind: String, name: String, keys: [String]) -> String {
        let section = kind == "Secret" ? "secrets" : "configMaps"
        guard !keys.isEmpty else {
            return "\"\(section)\": { \"\(name)\": \".env\" } in devloop.json makes it of a file of KEY=VALUE lines"
        }
        let values = keys.map { "\"\($0)\": null" }.joined(separator: ", ")
        return
            "\"\(section)\": { \"\(name)\": { \(values) } } in devloop.json makes it, with null of the environment's "
            + "variable"
    }
}

extension String {
    /// The text without secrets that it may repeat.
    func withoutSecrets(_ secrets: [String]) -> String {
        // The longest first: one may be a part of another. What docker and kubectl name they quote as Go and JSON do.
        let parts = Set(
            secrets.flatMap { secret in
                secret.split(separator: "\n") + [JSONValue.string(secret).description.dropFirst().dropLast()]
            }.filter { !$0.isEmpty })
        return parts.sorted { $0.utf8.count > $1.utf8.count }.reduce(self) { $0.replacing($1, with: "…") }
    }
}
