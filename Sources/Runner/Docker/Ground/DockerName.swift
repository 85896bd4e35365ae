/// Names that Docker takes for what devloop makes.
///
/// Readable, and not unique: a name that is made by joining others can be made in two ways. What it belongs to is in its
/// labels, and where a name is taken, ``distinct(_:for:)`` is the next one to try.
enum DockerName {
    /// What a name of a folder may be at the most: a volume is one.
    private static let limit = 200

    /// `devloop-shop-data`
    static func joined(_ parts: [String]) -> String { shortened(parts.map(nameable).joined(separator: "-")) }

    /// The readable name with what tells its owner from all others.
    /// - Parameter identity: what is the same only for the same thing.
    static func distinct(_ name: String, for identity: [String]) -> String {
        var hash = Fingerprint()
        for part in identity { hash.add(part) }
        return "\(name)-\(hash.text)"
    }

    /// What docker's names may hold (https://docs.docker.com/reference/cli/docker/volume/create/).
    static func nameable(_ text: String) -> String {
        String(
            text.unicodeScalars.map { scalar -> Character in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-": Character(scalar)
                default: "-"
                }
            })
    }

    private static func shortened(_ name: String) -> String {
        name.utf8.count <= limit ? name : distinct(String(name.prefix(limit - 17)), for: [name])
    }
}
