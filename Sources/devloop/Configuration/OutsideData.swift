import Runner

/// A Secret or a ConfigMap that is in no manifest: what `"secrets"` and `"configMaps"` say of one.
struct OutsideData: Sendable, Hashable {
    enum Kind: String, Sendable {
        case secret = "Secret"
        case configMap = "ConfigMap"

        /// The key of `devloop.json`.
        var key: String { self == .secret ? "secrets" : "configMaps" }
    }

    /// One of its values.
    struct Value: Sendable, Hashable {
        var key: String
        /// `nil` takes the environment's variable of that name.
        var text: String?
    }

    enum Source: Sendable, Hashable {
        case values([Value])
        /// The absolute path of a file of variables.
        case file(String)
    }

    var kind: Kind
    var name: String
    /// `nil` is the project's.
    var namespace: String?
    var source: Source

    /// Where it stands in the file.
    var keyPath: String { "\(kind.key).\(namespace.map { "\($0)/" } ?? "")\(name)" }

    /// The file that its values are from.
    var file: String? { if case .file(let path) = source { path } else { nil } }
}

extension ValueForm where Value == [OutsideData] {
    /// Secrets or ConfigMaps by their names. What stands in them is in no message.
    static func outsideData(_ kind: OutsideData.Kind) -> Self {
        let values = ValueShape.map(keys: .dataKey, values: .nullable(.anyText), called: "values")
        let one = ValueShape.oneOf([values, .text(.path)])
        return .map(
            keys: .outsideName, values: one, called: "\(kind.rawValue)s", isHidden: true
        ) { value, key, path, reader in
            let parts = key.split(separator: "/").map(String.init)
            guard let name = parts.last, let source = reader.outsideSource(value, at: path) else { return nil }
            return OutsideData(kind: kind, name: name, namespace: parts.count > 1 ? parts[0] : nil, source: source)
        }
    }
}

extension ConfigurationReader {
    fileprivate mutating func outsideSource(_ value: JSONValue, at path: String) -> OutsideData.Source? {
        if value.string != nil {
            guard let file = text(value, at: path, .path) else { return nil }
            return .file(PathName.absolute(file, in: directory))
        }
        guard let object = value.object else {
            reportHidden(value, at: path, expected: "an object of values, or the path of a file of KEY=VALUE lines")
            return nil
        }
        var values: [OutsideData.Value] = []
        for member in object.members {
            let child = "\(path).\(member.key)"
            if let problem = ValueRule.dataKey.problem(with: member.key) { report(child, problem) }
            switch member.value {
            case .null: values.append(.init(key: member.key, text: nil))
            case .string(let text): values.append(.init(key: member.key, text: text))
            case .number, .bool:
                reportHidden(member.value, at: child, expected: "a string", advice: "; write it in quotes")
            default:
                reportHidden(member.value, at: child, expected: "a string, or null for the environment's value")
            }
        }
        return .values(values)
    }

    /// Notes that something else was expected, without the value: it may be secret.
    mutating func reportHidden(
        _ value: JSONValue, at path: String, expected: String, advice: String = ""
    ) {
        // A flag is none.
        let found = value.bool.map { "\($0)" } ?? value.kindInWords
        report(path, "expected \(expected), found \(found)\(advice)")
    }
}
