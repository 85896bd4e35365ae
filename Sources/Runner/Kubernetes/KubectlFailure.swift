/// What kubectl's own error messages mean.
enum KubectlFailure {
    /// The error for a kubectl command that failed: severity `unavailable` where the API server can't be reached or is
    /// not itself for now, or where kubectl was ended by somebody else; `missing` where what it was about is gone.
    /// - Parameter context: the context that kubectl was called with, for the message.
    static func error(_ summary: String, _ output: CommandOutput, context: String) -> TargetError {
        let text = output.errorText
        let lines = text.split(separator: "\n").map(String.init)
        if case .signalled = output.termination { return TargetError(.unavailable, summary, details: lines) }
        // A webhook that can't be reached is told in the same words, but it is not the cluster that is away.
        if !text.contains("failed calling webhook"), unreachable.contains(where: text.contains) {
            return TargetError(
                .unavailable, "the cluster of context \(context) cannot be reached", details: lines.suffix(2))
        }
        if let namespace = missingNamespace(text) {
            return TargetError(
                .unavailable, "there is no namespace \(namespace) in context \(context)", details: lines.suffix(2),
                advice: "create it: kubectl --context=\(context) create namespace \(namespace)")
        }
        if text.contains("because it is being terminated") {
            return TargetError(.unavailable, "\(summary): its namespace is being deleted", details: lines.suffix(2))
        }
        let isMissing = text.contains("(NotFound)") || text.contains("object has been deleted")
        return TargetError(isMissing ? .missing : .failed, summary, details: lines)
    }

    private static let unreachable = [
        "Unable to connect to the server", "The connection to the server", "connection refused",
        "connection reset by peer", "i/o timeout", "TLS handshake timeout", "no route to host",
        "network is unreachable", "no such host", "unexpected EOF", ": EOF", "http2: client connection",
        "http2: server sent GOAWAY", "currently unable to handle the request", "etcdserver: ",
        "context deadline exceeded", "Client.Timeout", "request timed out", "apiserver is shutting down",
        "an error on the server", "broken pipe", "TLS: ", "watch closed before",
    ]

    /// `Error from server (NotFound): namespaces "shop" not found`
    private static func missingNamespace(_ text: String) -> String? {
        let start = "namespaces \""
        guard text.contains("\" not found"), let found = text.firstRange(start) else { return nil }
        return String(text[found.upperBound...].prefix { $0 != "\"" })
    }
}

extension String {
    fileprivate func firstRange(_ text: String) -> Range<Index>? {
        indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}
