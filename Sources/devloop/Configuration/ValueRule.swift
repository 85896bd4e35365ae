import Runner

/// What a value of `devloop.json` or of a flag must be like.
///
/// All of these values reach a command line of docker or kubectl or a message, so none of them may be empty, begin
/// with `-` or hold control characters.
struct ValueRule: Sendable {
    /// What is expected, in words that follow "expected": `a registry as HOST[:PORT][/PATH]`.
    let expectation: String
    /// Says what else is wrong with a value that is neither empty nor an option nor unprintable. An empty text says
    /// no more than the expectation.
    private let refusal: @Sendable (String) -> String?
    /// Whether it is an option.
    private var isOption = false

    init(_ expectation: String, refusal: @escaping @Sendable (String) -> String? = { _ in nil }) {
        self.expectation = expectation
        self.refusal = refusal
    }

    /// A rule for what is an option of a command line itself.
    static func option(_ expectation: String, refusal: @escaping @Sendable (String) -> String?) -> ValueRule {
        var rule = ValueRule(expectation, refusal: refusal)
        rule.isOption = true
        return rule
    }

    private init(_ expectation: String, accepts: @escaping @Sendable (String) -> Bool) {
        self.init(expectation) { accepts($0) ? nil : "" }
    }

    /// What is wrong with a value, for a message; `nil` where nothing is.
    func problem(with value: String) -> String? {
        let found = "expected \(expectation), found \(Self.quoted(value))"
        if value.isEmpty { return "expected \(expectation), found an empty string" }
        if value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "\(found), which holds a control character"
        }
        if value.utf8.first == UInt8(ascii: "-"), !isOption { return "\(found), which would be read as an option" }
        return refusal(value).map { $0.isEmpty ? found : "\(found): \($0)" }
    }

    /// The value as a message shows it: quoted, its control characters escaped, its end cut off where it is long.
    static func quoted(_ value: String) -> String {
        JSONValue.string(value.count > 60 ? "\(value.prefix(57))..." : value).description
    }
}

extension ValueRule {
    /// The project's name: a Docker label's value, and the start of names that Docker gives.
    static let projectName = ValueRule("a name of at most 63 lower-case letters, digits and -") {
        isName($0, limit: 63) { isLowerCaseOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// A service's name.
    static let serviceName = ValueRule("a name of at most 63 letters, digits, ., _ and -") {
        isName($0, limit: 63) { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    /// An image that devloop builds.
    static let image = ValueRule("an image as NAME[:TAG]") { text in
        guard let image = ImageReference(text) else {
            let isLowerCaseOne = ImageReference(text.lowercased()) != nil
            return isLowerCaseOne ? "names of images are lower case" : ""
        }
        return image.digest == nil ? nil : "an image that is built has no digest yet"
    }

    /// A registry, or a place in one.
    static let registry = ValueRule("a registry as HOST[:PORT][/PATH]") { text in
        for scheme in ["http://", "https://"] where text.lowercased().hasPrefix(scheme) {
            return "leave \(scheme) out"
        }
        if text.hasSuffix("/") { return "leave the / at the end out" }
        guard let image = ImageReference("\(text)/image") else { return "" }
        let isPlain = image.name == "\(text)/image" || image.registry == nil && text.hasPrefix("docker.io")
        return isPlain && image.tag == nil && image.digest == nil ? nil : ""
    }

    /// A kubectl context: clouds put `/`, `:`, `@` and `_` into theirs.
    static let kubeContext = ValueRule("the name of a kubectl context")

    /// A namespace: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
    static let namespace = ValueRule("a namespace of at most 63 lower-case letters, digits and -") {
        isName($0, limit: 63) { isLowerCaseOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// A stage of a Dockerfile, by its name or its number.
    static let stage = ValueRule("the name of a stage in the Dockerfile") {
        isName($0, limit: 128, endsInLetterOrDigit: false) { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    /// The name of an `ARG`.
    static let buildArgument = ValueRule("the name of a build argument") { text in
        text.utf8.contains(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: " ") }) ? "" : nil
    }

    /// A workload.
    static let workload = ValueRule("a workload as KIND/NAME") { text in
        guard Workload.Name(text) == nil else { return nil }
        guard text.contains("/") else { return "deployment/\(text), for instance" }
        return "the kinds are \(inWords(Workload.Kind.allCases.map(\.rawValue)))"
    }

    /// A port of this machine and a container's.
    static let portMapping = ValueRule("two ports as \"8080:80\" or \"8080:http\", this machine's first") { text in
        PortMapping(text) != nil
    }

    /// What a port leads to.
    static let forwardDestination = ValueRule("what a port leads to, as KIND/NAME:PORT") { text in
        guard ForwardDestination(text) == nil else { return nil }
        if !text.contains("/") { return "service/\(text), for instance" }
        return text.contains(":")
            ? "the kinds are service, deployment, statefulset, daemonset and pod" : "the port is missing"
    }

    /// A Secret or a ConfigMap: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#names
    static let outsideName = ValueRule("a name, or NAMESPACE/NAME, of lower-case letters, digits, - and .") { text in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, parts.count == 1 || namespace.problem(with: parts[0]) == nil else { return "" }
        let isAllowed = { (byte: UInt8) in isLowerCaseOrDigit(byte) || "-.".utf8.contains(byte) }
        return isName(parts[parts.count - 1], limit: 253, of: isAllowed) && text == text.lowercased() ? nil : ""
    }

    /// A key in a Secret or a ConfigMap.
    static let dataKey = ValueRule("a key of at most 253 letters, digits, -, _ and .") { text in
        let isRight =
            text.utf8.count <= 253 && text.utf8.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
        return isRight && text != "." && !text.hasPrefix("..") ? nil : ""
    }

    /// A path. It is made absolute, so it could not become an option; it is refused all the same where it looks like
    /// one, for that is seldom meant.
    static let path = ValueRule("a path") { text in
        text.contains("://") ? "files are watched, so a URL can't be used" : nil
    }

    /// A folder or file of a container.
    static let containerPath = ValueRule("an absolute path in the container") { text in
        text.hasPrefix("/") ? nil : "it begins with /"
    }

    /// A signal that a program may have a use for, by its name.
    static let signal = ValueRule("a signal's name: HUP, for instance") { text in
        let isKnown = Supervisor.signals.contains(text.hasPrefix("SIG") ? String(text.dropFirst(3)) : text)
        return isKnown
            ? nil : "the signals are \(inWords(Supervisor.signals))"
    }

    /// A pattern of `.dockerignore`'s language.
    static let ignorePattern = ValueRule("a pattern, as in .dockerignore")

    /// A pattern of that language, of files that count: its exceptions are files that don't.
    static let inputPattern = ValueRule("a pattern, as in .dockerignore, relative to the context") { text in
        if text.hasPrefix("..") || text.hasPrefix("!..") { return "only files of the context can be named" }
        return ["/", ".", "!"].contains(text) ? "leave \"inputs\" out for all of the context" : nil
    }

    /// `a, b and c`
    static func inWords(_ names: [String]) -> String {
        "\(names.dropLast().joined(separator: ", ")) and \(names[names.count - 1])"
    }

    static func isName(
        _ text: String, limit: Int, endsInLetterOrDigit: Bool = true, of isAllowed: (UInt8) -> Bool
    ) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= limit else { return false }
        return isLetterOrDigit(first) && (!endsInLetterOrDigit || isLetterOrDigit(last))
            && text.utf8.allSatisfy(isAllowed)
    }

    private static func isLowerCaseOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isLowerCaseOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
