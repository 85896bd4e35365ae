/// What kubectl wrote to standard error, without what nobody can read: client-go's log lines, the patches and the Go
/// values that the API server repeats, advertisements. Pure.
struct KubectlMessage: Sendable, Hashable {
    /// What is left, line by line, each once.
    let lines: [String]
    /// The same without the words around it that say which call failed: `spec.selector: field is immutable`.
    var reasons: [String] { lines.flatMap(Self.reasons).unique }

    init(_ text: String) {
        var kept: [String] = []
        var isDump = false
        for line in text.split(whereSeparator: \.isNewline) {
            if Self.isNoise(line) { continue }
            // After what is wrong with an object comes what it is and what it was, in Go's words.
            if isDump, let first = line.first, " \t+-}\u{A0}".contains(first) { continue }
            isDump = line.contains(" is invalid: ") || isDump && line.hasPrefix("* ")
            kept.append(Self.withoutLongValues(Self.withoutCall(line)))
        }
        let all = kept.isEmpty ? text.split(whereSeparator: \.isNewline).map(String.init) : kept
        lines = all.unique
    }

    /// As many lines as a message has room for: the one that says what happened, and the last ones.
    func lines(atMost limit: Int) -> [String] {
        guard lines.count > limit else { return lines }
        let starts = ["Unable to connect", "error: ", "Error from server", "The connection to "]
        let head = lines.indices.first { index in starts.contains { lines[index].hasPrefix($0) } } ?? 0
        let tail = lines.count - limit
        return head >= tail ? Array(lines[tail...]) : [lines[head]] + lines[(tail + 1)...]
    }

    private static func isNoise(_ line: Substring) -> Bool {
        isLog(line) || line.allSatisfy(\.isWhitespace) || noise.contains { line.hasPrefix($0) }
    }

    private static let noise = [
        "It looks like you are trying to use a client-go credential plugin",
        "To learn more about this feature, consult the documentation",
        "      https://kubernetes.io/docs/reference/access-authn-authz/authentication",
        "ensure CRDs are installed first", "Warning: ",
        // What a patch that failed was, and what it was for.
        "{\"", "to:", "Resource: \"", "Name: \"", "Object: &{",
    ]

    /// `E1125 18:00:00.000000   12345 memcache.go:265] …`
    private static func isLog(_ line: Substring) -> Bool {
        guard let kind = line.utf8.first, "EWIF".utf8.contains(kind) else { return false }
        let digits = line.utf8.dropFirst().prefix(4)
        return digits.count == 4 && digits.allSatisfy(\.isDigit)
            && line.utf8.dropFirst(5).first == 0x20
    }

    /// The text of several lines that a failed patch or look begins with, and that ends before `for: "STDIN": `.
    private static func withoutCall(_ line: Substring) -> Substring {
        for end in ["error when applying patch:", "error when retrieving current configuration of:"]
        where line.hasSuffix(end) {
            return line.dropLast(end.count)
        }
        for start in ["for: \"STDIN\": ", "from server for: \"STDIN\": "] where line.hasPrefix(start) {
            return line.dropFirst(start.count)
        }
        return line
    }

    // MARK: - Values

    /// `spec.selector: Invalid value: v1.LabelSelector{…}: field is immutable` without a value that is too long to read.
    private static func withoutLongValues(_ line: Substring) -> String {
        let mark = "Invalid value: "
        guard let start = line.end(of: mark) else { return shortened(line) }
        let value = line[start...].prefix(upTo: end(ofValue: line[start...]))
        let rest = line[value.endIndex...].drop { ":; ".contains($0) }
        let reason = withoutLongValues(rest)
        if value.count <= readable { return shortened(line[..<value.endIndex]) + (rest.isEmpty ? "" : ": \(reason)") }
        return shortened(line[..<start].dropLast(mark.count)) + reason
    }

    /// A value of Go or JSON ends at the first colon outside of its brackets and strings.
    private static func end(ofValue text: Substring) -> Substring.Index {
        var depth = 0
        var isQuoted = false
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case "\\" where isQuoted: text.formIndex(after: &index)
            case "\"": isQuoted.toggle()
            case "{", "[", "(": depth += isQuoted ? 0 : 1
            case "}", "]", ")": depth -= isQuoted ? 0 : 1
            case ":" where depth <= 0 && !isQuoted && text[index...].hasPrefix(": "): return index
            default: break
            }
            if index < text.endIndex { text.formIndex(after: &index) }
        }
        return text.endIndex
    }

    private static let readable = 60
    private static let lineLimit = 300

    private static func shortened(_ line: Substring) -> String {
        line.count <= lineLimit ? String(line) : "\(line.prefix(lineLimit))…"
    }

    // MARK: - Reasons

    private static func reasons(_ line: String) -> [String] {
        var text = line[...]
        while let start = text.end(of: "\"STDIN\": ") { text = text[start...] }
        for prefix in ["error: ", "Error from server: ", "error validating data: ", "* "] where text.hasPrefix(prefix) {
            text = text.dropFirst(prefix.count)
        }
        if text.hasPrefix("Error from server ("), let start = text.end(of: "): ") { text = text[start...] }
        if let start = text.end(of: " is invalid: "), text.hasPrefix("The ") { text = text[start...] }
        if let start = text.end(of: " cannot be handled as a "), let colon = text[start...].end(of: ": ") {
            text = text[colon...]
        }
        if let end = text.firstRange(of: "; if you choose to ignore these errors")?.lowerBound { text = text[..<end] }
        if let start = text.end(of: "strict decoding error: ") { return fields(text[start...]) }
        if text.contains(validationError) { return invalidFields(text) }
        return text.isEmpty ? [] : [wrongType(text) ?? unknownKind(text) ?? String(text)]
    }

    /// `unknown field "spec.a", unknown field "spec.b"`
    private static func fields(_ text: Substring) -> [String] {
        text.split(separator: ", ").map { String($0.filter { $0 != "\"" }) }
    }

    private static let validationError = "ValidationError("

    /// What kubectl itself finds in a list of objects, by the schema of the cluster:
    /// `[ValidationError(Deployment.spec): unknown field "replica" in io.k8s.api.apps.v1.DeploymentSpec, …]`
    private static func invalidFields(_ text: Substring) -> [String] {
        text.split(separator: validationError).filter { $0 != "[" }.compactMap { part in
            guard let close = part.firstRange(of: "): ") else { return nil }
            // The first word is the kind.
            let path = part[..<close.lowerBound].drop { $0 != "." }.dropFirst()
            var problem = part[close.upperBound...]
            for end in [", ", "]"] where problem.hasSuffix(end) { problem = problem.dropLast(end.count) }
            for kind in ["unknown field \"", "missing required field \""] where problem.hasPrefix(kind) {
                let field = problem.dropFirst(kind.count).prefix { $0 != "\"" }
                return "\(kind.dropLast())\(path.isEmpty ? "" : "\(path).")\(field)"
            }
            if problem.hasPrefix("invalid type for "), let got = problem.end(of: ": got ") {
                problem = problem[problem.index(got, offsetBy: -4)...]
            }
            return "\(path): \(problem.filter { $0 != "\"" })"
        }
    }

    /// `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`
    private static func wrongType(_ text: Substring) -> String? {
        guard let got = text.end(of: "cannot unmarshal "), let into = text.firstRange(of: " into Go struct field "),
            let type = text.firstRange(of: " of type "), into.upperBound <= type.lowerBound, got <= into.lowerBound,
            let dot = text[into.upperBound..<type.lowerBound].firstIndex(of: ".")
        else { return nil }
        let path = text[text.index(after: dot)..<type.lowerBound]
        return "\(path): a \(text[got..<into.lowerBound]), where \(text[type.upperBound...]) is wanted"
    }

    /// `no matches for kind "Menu" in version "example.com/v1"`
    private static func unknownKind(_ text: Substring) -> String? {
        guard let kind = text.end(of: "no matches for kind \""), let version = text.end(of: "\" in version \"") else {
            return nil
        }
        return "the cluster knows no kind \(text[kind...].prefix { $0 != "\"" }) of "
            + "\(text[version...].prefix { $0 != "\"" })"
    }
}
