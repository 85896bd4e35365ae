/// What kubectl's own error messages mean.
enum KubectlFailure {
    /// The error for a kubectl command that failed: severity `unavailable` where the API server can't be reached, is not
    /// itself for now or wants a new login, or where kubectl was ended by somebody else or could not be started;
    /// `missing` where what it was about is gone.
    /// - Parameter context: the context that kubectl was called with, for the message.
    static func error(_ summary: String, _ output: CommandOutput, context: String) -> TargetError {
        error(summary, ReadFailure(output), context: context)
    }

    /// The same for what could not be read.
    static func error(_ summary: String, _ failure: ReadFailure, context: String) -> TargetError {
        if let advice = failure.advice { return TargetError(.unavailable, failure.said, advice: advice) }
        let message = KubectlMessage(failure.said)
        if let error = outage(summary, failure, context: context) ?? namespaceError(summary, message, context: context)
        {
            return error
        }
        if contains(message, passing) { return TargetError(.unavailable, summary, details: message.lines) }
        let isMissing = contains(message, ["(NotFound)", "object has been deleted"])
        return TargetError(isMissing ? .missing : .failed, summary, details: message.lines)
    }

    /// The error where kubectl got no answer that is about what it asked for, whatever that was; `nil` where it did.
    static func outage(_ summary: String, _ output: CommandOutput, context: String) -> TargetError? {
        outage(summary, ReadFailure(output), context: context)
    }

    private static func outage(_ summary: String, _ failure: ReadFailure, context: String) -> TargetError? {
        let message = KubectlMessage(failure.said)
        if failure.isOutage { return TargetError(.unavailable, summary, details: message.lines) }
        if contains(message, login) { return loginError(message, context: context) }
        // A webhook that can't be reached is told in the same words, but it is not the cluster that is away.
        guard !contains(message, [webhook]), contains(message, unreachable) else { return nil }
        return TargetError(
            .unavailable, "the cluster of context \(context) cannot be reached", details: message.lines(atMost: 3))
    }

    /// The error where the namespace is not there, or not for long.
    static func namespaceError(_ summary: String?, _ message: KubectlMessage, context: String) -> TargetError? {
        if let namespace = message.lines.lazy.compactMap(missingNamespace).first {
            return TargetError(
                .unavailable, "there is no namespace \(namespace) in context \(context)",
                details: message.lines(atMost: 2),
                advice: "create it: kubectl --context=\(context) create namespace \(namespace)")
        }
        guard contains(message, ["because it is being terminated"]) else { return nil }
        return TargetError(
            .unavailable, (summary.map { "\($0): " } ?? "") + "its namespace is being deleted",
            details: message.lines(atMost: 2))
    }

    /// Whether what was refused may be accepted a moment later, with nobody's doing.
    static func passes(_ message: KubectlMessage) -> Bool { contains(message, passing) }

    private static func contains(_ message: KubectlMessage, _ marks: [String]) -> Bool {
        message.lines.contains { line in !isAboutNode(line) && marks.contains { line.contains($0) } }
    }

    /// What the server says of a node that it could not ask is no word about the way to the server:
    /// `Error from server: Get "https://10.0.0.5:10250/containerLogs/…": remote error: tls: internal error`
    private static func isAboutNode(_ line: String) -> Bool {
        line.hasPrefix("Error from server") && line.contains(":10250/")
    }

    private static let unreachable =
        NetworkWords.all + [
            "Unable to connect to the server", "The connection to the server", ": EOF", "http2: client connection",
            "http2: server sent GOAWAY", "currently unable to handle the request", "etcdserver: ", "Client.Timeout",
            "request timed out", "apiserver is shutting down", "an error on the server", "TLS: ", "watch closed before",
        ]

    private static let webhook = "failed calling webhook"
    private static let passing = [
        webhook, "the object has been modified", "object is being deleted", "(AlreadyExists)", "(TooManyRequests)",
        "(ServerTimeout)", "error looking up service account", "status unknown for quota",
    ]

    /// `Error from server (NotFound): namespaces "shop" not found`
    private static func missingNamespace(_ line: String) -> String? {
        guard line.contains("\" not found"), let start = line.end(of: "namespaces \"") else { return nil }
        return String(line[start...].prefix { $0 != "\"" })
    }

    // MARK: - Logging in

    private static let login = [
        "getting credentials: ", "(Unauthorized)", "error: Unauthorized", "must be logged in to the server",
        "asked for the client to provide credentials", "no Auth Provider found", "remote error: tls: ",
    ]

    /// Whether the login that kubectl knows is not taken, or can't be had.
    static func wantsLogin(_ failure: ReadFailure) -> Bool { contains(KubectlMessage(failure.said), login) }

    private static func loginError(_ message: KubectlMessage, context: String) -> TargetError {
        let missing = message.lines.lazy.compactMap { line -> Substring? in
            guard line.hasSuffix(" not found"), let start = line.end(of: "exec: executable ") else { return nil }
            return line[start...].dropLast(" not found".count)
        }.first
        let advice =
            missing.map {
                "install \($0), which kubectl's configuration names to log in with, or put its folder on PATH"
            }
            ?? "log in to it again, as you do for kubectl: kubectl --context=\(context) get pods shows whether it works"
        return TargetError(
            .unavailable, "the cluster of context \(context) cannot be reached: the login to it does not work",
            details: message.lines(atMost: 6), advice: advice)
    }
}

extension TargetError {
    /// Whether kubectl said that the user has no right to do this.
    var isForbidden: Bool { details.contains { $0.contains("(Forbidden)") } }
}
