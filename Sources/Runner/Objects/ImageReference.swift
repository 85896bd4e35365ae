/// The name of an image as Docker and Kubernetes write it: `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`.
///
/// The rules are those of https://github.com/distribution/reference: the part before the first slash is a registry
/// where it holds a dot or a colon or is `localhost`; without one the registry is Docker Hub.
package struct ImageReference: Sendable, Hashable {
    /// The registry's host, with its port; `nil` is Docker Hub.
    package var registry: String?
    /// The path in the registry; Docker Hub's `library/` is left out.
    package var repository: String
    /// The tag, where one is given.
    package var tag: String?
    /// The digest, where one is given: `sha256:…`
    package var digest: String?

    /// Reads a reference; `nil` where the text is none.
    package init?(_ text: String) {
        var rest = text[...]
        if let at = rest.firstIndex(of: "@") {
            let digest = rest[rest.index(after: at)...]
            guard Self.isDigest(digest) else { return nil }
            self.digest = String(digest)
            rest = rest[..<at]
        }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            let tag = rest[rest.index(after: colon)...]
            guard Self.isTag(tag) else { return nil }
            self.tag = String(tag)
            rest = rest[..<colon]
        }
        if let slash = rest.firstIndex(of: "/"), Self.looksLikeHost(rest[..<slash]) {
            let host = rest[..<slash]
            guard Self.isHost(host) else { return nil }
            registry = Self.hubHosts.contains(String(host)) ? nil : String(host)
            rest = rest[rest.index(after: slash)...]
        }
        let official = rest.dropFirst("library/".count)
        if registry == nil, rest.hasPrefix("library/"), !official.contains("/") { rest = official }
        repository = String(rest)
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy(Self.isPathComponent), name.utf8.count <= 255 else { return nil }
        guard registry != nil || !Self.isImageID(rest) else { return nil }
    }

    /// The same image in another registry: `blog/posts` in `localhost:5000` is `localhost:5000/blog/posts`. One that is
    /// there already stays as it is.
    /// - Parameter prefix: a host, or a host and the start of a path.
    package func inRegistry(_ prefix: String) -> ImageReference? {
        let hub = Self.hubHosts.first { prefix == $0 || prefix.hasPrefix("\($0)/") }
        let place = hub.map { prefix.dropFirst($0.count + 1) } ?? prefix[...]
        if place.isEmpty ? registry == nil : name.hasPrefix("\(place)/") { return self }
        return ImageReference("\(prefix)/\(repository):\(tag ?? "latest")")
    }

    /// A reference that means one image only, by its id: `shop/web:latest-devloop-0123456789ab`
    func marked(by id: String) -> ImageReference {
        let mark = id.split(separator: ":").last?.prefix(12) ?? ""
        return ImageReference("\(name):\((tag ?? "latest").prefix(100))\(Self.mark)\(mark)") ?? self
    }

    private static let mark = "-devloop-"

    /// The tag, without what ``marked(by:)`` has added.
    var plainTag: Substring? {
        guard let tag, let mark = tag.firstRange(of: Self.mark), tag[mark.upperBound...].utf8.count == 12,
            tag[mark.upperBound...].allSatisfy(\.isHexDigit)
        else { return tag?[...] }
        return tag[..<mark.lowerBound]
    }

    /// The reference without tag and digest.
    package var name: String { registry.map { "\($0)/\(repository)" } ?? repository }

    /// The reference with its tag: `latest` where none is given.
    package var tagged: String { "\(name):\(tag ?? "latest")" }

    private static let hubHosts = ["docker.io", "index.docker.io"]

    private static func looksLikeHost(_ part: Substring) -> Bool {
        part == "localhost" || part.utf8.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }
    }

    private static func isTag(_ tag: Substring) -> Bool {
        guard let first = tag.utf8.first, tag.utf8.count <= 128, first != UInt8(ascii: "."), first != UInt8(ascii: "-")
        else { return false }
        return tag.utf8.allSatisfy { $0.isLetterOrDigit || "_.-".utf8.contains($0) }
    }

    /// `ALGORITHM:HEXADECIMAL`, of SHA-256 exactly 64 digits.
    private static func isDigest(_ digest: Substring) -> Bool {
        let parts = digest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = parts[0].utf8.first, first.isLowercaseLetterOrDigit else { return false }
        return parts[0].utf8.allSatisfy { $0.isLowercaseLetterOrDigit || "+._-".utf8.contains($0) }
            && (parts[0] == "sha256" ? parts[1].utf8.count == 64 : parts[1].utf8.count >= 32)
            && parts[1].utf8.allSatisfy(isHexadecimal)
    }

    /// Letters and digits, with one dot, one or two underscores, or any number of dashes between them.
    private static func isPathComponent(_ part: Substring) -> Bool {
        guard let first = part.utf8.first, let last = part.utf8.last, first.isLowercaseLetterOrDigit,
            last.isLowercaseLetterOrDigit
        else { return false }
        return part.utf8.split(whereSeparator: \.isLowercaseLetterOrDigit).allSatisfy { separator in
            switch Array(separator) {
            case [UInt8(ascii: ".")], [UInt8(ascii: "_")], [UInt8(ascii: "_"), UInt8(ascii: "_")]: true
            default: separator.allSatisfy { $0 == UInt8(ascii: "-") }
            }
        }
    }

    /// A name of labels between dots or an IPv6 address in brackets, and maybe a port.
    private static func isHost(_ text: Substring) -> Bool {
        var host = text
        if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
            let port = host[host.index(after: colon)...]
            guard !port.isEmpty, port.utf8.allSatisfy(\.isDigit) else { return false }
            host = host[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast().utf8
            return !address.isEmpty && address.allSatisfy { isHexadecimal($0) || $0 == UInt8(ascii: ":") }
        }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last else { return false }
            return first.isLetterOrDigit && last.isLetterOrDigit
                && label.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
        }
    }

    /// 64 hexadecimal digits mean an image id to Docker.
    private static func isImageID(_ text: Substring) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy(isHexadecimal)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        byte.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte)
    }
}

extension ImageReference: CustomStringConvertible {
    /// The reference as it is written, without what is implied.
    package var description: String { name + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "") }
}
