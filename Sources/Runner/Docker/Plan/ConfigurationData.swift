/// What ConfigMaps and Secrets hold.
struct ConfigurationData: Sendable {
    /// One of either kind.
    struct Key: Sendable, Hashable {
        var kind: String
        var name: String
        var namespace: String
    }

    /// The namespace of objects that name none.
    let namespace: String
    private var entries: [Key: [String: [UInt8]]] = [:]

    init(namespace: String = "") { self.namespace = namespace }

    /// Remembers the values of a ConfigMap or Secret; nothing happens for other kinds.
    /// - Throws: ``TargetError`` where `data` of a Secret is not Base64.
    mutating func add(_ object: KubernetesObject) throws {
        guard ["ConfigMap", "Secret"].contains(object.identity.kind) else { return }
        var values: [String: [UInt8]] = [:]
        let isSecret = object.identity.kind == "Secret"
        for (key, value) in object.json["data"]?.stringMembers ?? [:] {
            values[key] = isSecret ? try Self.decode(value, key: key, of: object) : Array(value.utf8)
        }
        for (key, value) in object.json["binaryData"]?.stringMembers ?? [:] {
            values[key] = try Self.decode(value, key: key, of: object)
        }
        for (key, value) in object.json["stringData"]?.stringMembers ?? [:] { values[key] = Array(value.utf8) }
        let key = Key(kind: object.identity.kind, name: object.identity.name, namespace: object.identity.namespace)
        entries[key] = values
    }

    /// Forgets the values of a ConfigMap or Secret.
    mutating func remove(_ object: KubernetesObject) {
        entries[Key(kind: object.identity.kind, name: object.identity.name, namespace: object.identity.namespace)] = nil
    }

    /// The values of one.
    /// - Parameter names: the keys that are needed, where not all are.
    /// - Returns: `nil` where it is missing and may be.
    /// - Throws: ``TargetError`` where it is missing and must not be.
    func values(
        _ key: Key, isOptional: Bool, for user: String, names: [String] = []
    ) throws -> [String: [UInt8]]? {
        if let values = entries[key] { return values }
        if isOptional { return nil }
        throw TargetError(
            .configuration, "\(user) needs the \(key.kind) \(key.name), which no manifest holds",
            advice: "add it to the manifests, or mark the reference as optional; "
                + OutsideAdvice.line(
                    kind: key.kind, name: key.namespace == namespace ? key.name : "\(key.namespace)/\(key.name)",
                    keys: names))
    }

    /// One value.
    /// - Returns: `nil` where it is missing and may be.
    /// - Throws: ``TargetError`` where it is missing and must not be.
    /// - Parameter names: all keys that are needed of it.
    func value(
        _ key: Key, _ name: String, isOptional: Bool, for user: String, names: [String] = []
    ) throws -> [UInt8]? {
        let values = try values(key, isOptional: isOptional, for: user, names: names.isEmpty ? [name] : names)
        if let value = values?[name] { return value }
        if isOptional { return nil }
        throw TargetError(
            .configuration, "\(user) needs the key \(name) of the \(key.kind) \(key.name), which does not have it")
    }

    private static func decode(_ text: String, key: String, of object: KubernetesObject) throws -> [UInt8] {
        guard let bytes = Base64.decode(text) else {
            throw TargetError(.configuration, "the value of \(key) in \(object.identity) is not Base64")
        }
        return bytes
    }
}

/// RFC 4648, section 4.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8: UInt32] = Dictionary(
        uniqueKeysWithValues: alphabet.enumerated().map { ($0.element, UInt32($0.offset)) })

    /// The bytes that a text stands for; `nil` where it is none. Line ends are skipped, as Go's decoder does.
    static func decode(_ text: String) -> [UInt8]? {
        let digits = text.utf8.filter { $0 != 0x0A && $0 != 0x0D }
        guard digits.count % 4 == 0 else { return nil }
        let padding = digits.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for digit in digits.dropLast(padding) {
            guard let value = values[digit] else { return nil }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }
}
