/// The name of an image as Docker and Kubernetes write it: `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`.
///
/// The rules are those of https://github.com/distribution/reference: the part before the first slash is a registry
/// where it holds a dot or a colon or is `localhost`; without one the registry is Docker Hub.
public struct ImageReference: Sendable, Hashable {
    /// The registry's host, with its port; `nil` is Docker Hub.
    public var registry: String?
    /// The path in the registry; Docker Hub's `library/` is left out.
    public var repository: String
    /// The tag, where one is given.
    public var tag: String?
    /// The digest, where one is given: `sha256:…`
    public var digest: String?

    /// Reads a reference; `nil` where the text is none.
    public init?(_ text: String) {
        var rest = text[...]
        if let at = rest.firstIndex(of: "@") {
            digest = String(rest[rest.index(after: at)...])
            rest = rest[..<at]
            guard digest?.contains(":") == true else { return nil }
        }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            let tag = String(rest[rest.index(after: colon)...])
            guard Self.isTag(tag) else { return nil }
            self.tag = tag
            rest = rest[..<colon]
        }
        if let slash = rest.firstIndex(of: "/") {
            let host = rest[..<slash]
            if host.contains(".") || host.contains(":") || host == "localhost" {
                let isHub = ["docker.io", "index.docker.io"].contains(host)
                registry = isHub ? nil : String(host)
                rest = rest[rest.index(after: slash)...]
            }
        }
        if registry == nil, rest.hasPrefix("library/") { rest = rest.dropFirst("library/".count) }
        repository = String(rest)
        let parts = repository.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy(Self.isPathComponent), Self.isHost(registry) else { return nil }
    }

    /// The same image in another registry: `blog/posts` in `localhost:5000` is `localhost:5000/blog/posts`.
    /// - Parameter prefix: a host, or a host and the start of a path.
    public func inRegistry(_ prefix: String) -> ImageReference? {
        let name = registry.map { "\($0)/\(repository)" } ?? repository
        return "\(name)/".hasPrefix("\(prefix)/") ? self : ImageReference("\(prefix)/\(repository):\(tag ?? "latest")")
    }

    /// The reference without tag and digest.
    public var name: String { registry.map { "\($0)/\(repository)" } ?? repository }

    /// The reference with its tag: `latest` where none is given.
    public var tagged: String { "\(name):\(tag ?? "latest")" }

    private static func isTag(_ tag: String) -> Bool {
        guard let first = tag.utf8.first, tag.utf8.count <= 128, first != UInt8(ascii: "."), first != UInt8(ascii: "-")
        else { return false }
        return tag.utf8.allSatisfy { isAlphanumeric($0, upper: true) || "_.-".utf8.contains($0) }
    }

    private static func isPathComponent(_ part: Substring) -> Bool {
        guard let first = part.utf8.first, let last = part.utf8.last, isAlphanumeric(first), isAlphanumeric(last)
        else { return false }
        return part.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }

    private static func isHost(_ host: String?) -> Bool {
        guard let host else { return true }
        return host.utf8.first.map { isAlphanumeric($0, upper: true) || $0 == UInt8(ascii: "[") } == true
            && host.utf8.allSatisfy { isAlphanumeric($0, upper: true) || ".-:[]".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8, upper: Bool = false) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): upper
        default: false
        }
    }
}

extension ImageReference: CustomStringConvertible {
    /// The reference as it is written, without what is implied.
    public var description: String { name + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "") }
}
