/// A path of a host, and who answers there: what a rule of an Ingress says, with its backend looked up. A pure value.
struct IngressRoute: Sendable, Hashable {
    enum PathKind: Sendable, Hashable {
        case exact
        /// Whole elements: `/foo` is `/foo` and `/foo/bar`, and not `/foobar`.
        case elements
        /// Any path that begins so.
        case beginning
        /// A regular expression that a path begins with, in whatever case.
        case pattern
    }

    enum Destination: Sendable, Hashable {
        /// `web.default.svc.cluster.local:3000`
        case address(String)
        /// Why nobody is there.
        case nobody(String)
    }

    var object: KubernetesObject.Identity
    /// Empty for all that no other route names.
    var host: String
    var path: String
    var kind: PathKind
    /// What the manifest calls the backend: `web`
    var backend: String
    var destination: Destination
    var options = IngressOptions()

    /// Where several match: what nginx looks at first.
    static func comesBefore(_ first: IngressRoute, _ second: IngressRoute) -> Bool {
        let lengths = (first.path.utf8.count, second.path.utf8.count)
        if lengths.0 != lengths.1 { return lengths.0 > lengths.1 }
        return (first.path, first.location) < (second.path, second.location)
    }

    /// What follows `location` in nginx's configuration. An exact path comes before all patterns there, and `/` after them.
    var location: String {
        switch kind {
        case .exact: "= \(ProxyConfiguration.quoted(path))"
        case _ where kind != .pattern && path == "/": "/"
        case .elements, .beginning: "~ \(ProxyConfiguration.quoted(pattern))"
        case .pattern: "~* \(ProxyConfiguration.quoted(pattern))"
        }
    }

    /// The regular expression of its path.
    var pattern: String {
        switch kind {
        case .exact: "^\(Self.escaped(path))$"
        case .elements:
            path == "/" ? "^/" : "^\(Self.escaped(path.hasSuffix("/") ? String(path.dropLast()) : path))(?:/|$)"
        case .beginning: "^\(Self.escaped(path))"
        case .pattern: path.hasPrefix("^") ? path : "^\(path)"
        }
    }

    /// A rewriting replaces the whole path, by what its pattern has found.
    var rewriteTarget: String? { options.rewriteTarget }

    /// Lines of its location.
    var settings: [String] {
        var lines = bodySetting
        if let seconds = options.readTimeout { lines.append("proxy_read_timeout \(seconds)s;") }
        if let seconds = options.sendTimeout { lines.append("proxy_send_timeout \(seconds)s;") }
        return lines
    }

    /// Whoever passes a request on has to take as much of it.
    var bodySetting: [String] { options.bodySize.map { ["client_max_body_size \($0);"] } ?? [] }

    /// A text that a regular expression finds as it is.
    static func escaped(_ text: String) -> String {
        String(
            text.unicodeScalars.flatMap { scalar -> [Character] in
                let isPlain = !scalar.isASCII || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                return isPlain || "/-_~ ".unicodeScalars.contains(scalar)
                    ? [Character(scalar)] : ["\\", Character(scalar)]
            })
    }
}

/// What the annotations of an Ingress say that ingress-nginx reads
/// (https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/).
struct IngressOptions: Sendable, Hashable {
    static let prefix = "nginx.ingress.kubernetes.io/"

    var usesPatterns = false
    var rewriteTarget: String?
    var bodySize: String?
    /// Seconds.
    var readTimeout: Int?
    var sendTimeout: Int?

    init() {}

    /// Reads annotations.
    /// - Parameter unknown: those that are read and not done.
    init(_ annotations: [String: String], unknown: inout [String]) {
        for (key, value) in annotations.sorted(by: { $0.key < $1.key }) where key.hasPrefix(Self.prefix) {
            var isKnown = true
            switch key.dropFirst(Self.prefix.count) {
            case "use-regex": usesPatterns = value == "true"
            case "rewrite-target":
                isKnown = value.isEmpty || Self.isTarget(value)
                rewriteTarget = isKnown && !value.isEmpty ? value : nil
            case "proxy-body-size":
                isKnown = Self.isSize(value)
                bodySize = isKnown ? value : nil
            case "proxy-read-timeout": (readTimeout, isKnown) = Self.seconds(value)
            case "proxy-send-timeout": (sendTimeout, isKnown) = Self.seconds(value)
            case "backend-protocol": isKnown = ["HTTP", "AUTO_HTTP"].contains(value.uppercased())
            // There is no TLS.
            case "ssl-redirect", "force-ssl-redirect": break
            default: isKnown = false
            }
            if !isKnown { unknown.append(key) }
        }
    }

    /// Whether nginx knows every variable in it: one that it does not know, it refuses with the whole configuration.
    private static func isTarget(_ text: String) -> Bool {
        let known = ["request_uri", "uri", "args", "host", "http_host", "scheme", "is_args", "query_string"]
        return text.split(separator: "$", omittingEmptySubsequences: false).dropFirst().allSatisfy { rest in
            if let first = rest.utf8.first, first.isDigit { return true }
            return known.contains(String(rest.prefix { $0.isLetter || $0 == "_" }))
        } && !text.utf8.contains { $0 < 0x20 }
    }

    private static func isSize(_ text: String) -> Bool {
        let digits = text.utf8.prefix { $0.isDigit }
        let unit = text.dropFirst(digits.count)
        return (1...12).contains(digits.count) && ["", "k", "K", "m", "M", "g", "G"].contains(unit)
    }

    private static func seconds(_ text: String) -> (Int?, Bool) {
        let number = Int(text.hasSuffix("s") ? String(text.dropLast()) : text)
        guard let number, (1...2_000_000).contains(number) else { return (nil, false) }
        return (number, true)
    }
}
