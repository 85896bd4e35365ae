/// Why an image could not be pulled, as far as the runtime's words tell.
///
/// Registries and runtimes word it differently; these are the words of containerd 1.6 to 2.0, CRI-O and cri-dockerd, and
/// the error codes of the registry's protocol
/// (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes).
struct PullFailure: Sendable, Hashable {
    enum Kind: String, Sendable, CaseIterable {
        /// The registry has nothing under this name.
        case name
        /// The registry has the name, not the tag.
        case tag
        /// The registry has not got it, and doesn't say which of the two.
        case missing
        case credentials
        /// Nobody answers where the registry should be.
        case unreachable
        /// It was asked with TLS and speaks without.
        case plainHTTP
        case certificate
        case tooManyPulls
        case platform
        case diskFull
        case other
    }

    var kind: Kind
    var image: String
    /// The runtime's words, without the steps that every pull goes through.
    var cause: String

    /// Reads kubelet's message; `nil` where it gives no reason.
    init?(_ message: String, image: String) {
        self.image = image
        cause = Self.withoutSteps(message)
        guard !cause.isEmpty else { return nil }
        let text = cause.lowercased()
        kind = Self.words.first { $0.words.contains { text.contains($0) } }?.kind ?? .other
    }

    /// In this order: what says more comes first.
    private static let words: [(kind: Kind, words: [String])] = [
        (
            .plainHTTP,
            ["server gave http response to https", "does not look like a tls handshake", "wrong version number"]
        ),
        (.certificate, ["x509:", "certificate"]),
        (.tooManyPulls, ["toomanyrequests", "too many requests", "rate limit"]),
        (.name, ["repository does not exist", "name unknown", "name_unknown", "repository name not known"]),
        (
            .credentials,
            [
                "401 unauthorized", "403 forbidden", "unauthorized", "authentication required", "no basic auth",
                "authorization failed", "insufficient_scope", "denied",
            ]
        ),
        (.platform, ["no match for platform", "no matching manifest"]),
        (.diskFull, ["no space left"]),
        (.tag, ["manifest unknown", "manifest_unknown"]),
        (
            .unreachable,
            NetworkWords.all.map { $0.lowercased() } + [
                "timeout", "deadline exceeded", "server misbehaving", ": eof", "502 bad gateway",
                "503 service unavailable", "504 gateway",
            ]
        ),
        (.missing, ["not found", "404"]),
    ]

    /// `failed to pull and unpack image "…": failed to resolve reference "…": ` says nothing that the image's name
    /// doesn't.
    private static func withoutSteps(_ message: String) -> String {
        var rest = message[...]
        while let next = afterStep(rest) { rest = next }
        return String(rest)
    }

    private static func afterStep(_ text: Substring) -> Substring? {
        if text.hasPrefix("ErrImagePull: ") { return text.dropFirst("ErrImagePull: ".count) }
        if text.hasPrefix("rpc error: code = ") { return text.end(of: " desc = ").map { text[$0...] } }
        let steps = [
            "failed to pull and unpack image \"", "failed to resolve reference \"", "Back-off pulling image \"",
        ]
        guard steps.contains(where: text.hasPrefix) else { return nil }
        if let end = text.end(of: "\": ") { return text[end...] }
        // `Back-off pulling image "…"`, and no reason.
        return text.hasPrefix("Back-off") ? "" : nil
    }

    /// The problem that a container has for it.
    func problem(state: String, container: String) -> PodProblem {
        let reference = ImageReference(image)
        let registry = reference?.registry ?? "Docker Hub"
        let repository = reference?.repository ?? image
        let short = reference.map { "\($0.repository):\($0.tag ?? "latest")" } ?? image
        let (summary, advice): (String, String) =
            switch kind {
            case .name: Self.wrongName(registry, repository)
            case .tag: Self.wrongTag(registry, reference, known: [])
            case .missing:
                (
                    "\(registry) has no image \(short)",
                    "correct the image's name or tag in the manifest, or push it there"
                )
            case .credentials:
                (
                    "\(registry) wants credentials for \(repository)",
                    "create a docker-registry Secret and name it in imagePullSecrets; docker login does not reach "
                        + "the cluster"
                )
            case .unreachable:
                (
                    "the node cannot reach \(registry)",
                    "is it running, and reachable under this name from the node? localhost is the node itself there"
                )
            case .plainHTTP:
                (
                    "\(registry) speaks plain HTTP, the node asks with TLS",
                    "tell the node's runtime: containerd's certs.d/\(registry)/hosts.toml with server = "
                        + "\"http://\(registry)\", Docker's insecure-registries"
                )
            case .certificate:
                (
                    "the node does not trust the certificate of \(registry)",
                    "install its authority on the node: containerd's certs.d/\(registry)/hosts.toml, Docker's "
                        + "certs.d/\(registry)/ca.crt"
                )
            case .tooManyPulls:
                (
                    "\(registry) refuses more pulls for now",
                    "log in with imagePullSecrets, use a mirror, or wait: kubelet tries again by itself"
                )
            case .platform:
                (
                    "\(short) is not there for the node's processor",
                    "build it for the node's platform (docker build --platform)"
                )
            case .diskFull: ("the node's disk is full", "remove images there: crictl rmi --prune, docker image prune")
            case .other:
                ("\(short) cannot be pulled from \(registry)", "kubelet tries again by itself until that is mended")
            }
        return PodProblem(
            identity: "pull \(container) \(kind) \(image)", state: state, summary: summary, cause: cause,
            advice: advice, inquiry: kind == .missing ? reference.map { .repository($0) } : nil)
    }

    /// What to say once the registry was asked for the image's tags.
    static func tell(
        _ answer: RegistryAnswer, of reference: ImageReference, problem: PodProblem
    ) -> (summary: String, advice: String) {
        let registry = reference.registry ?? "Docker Hub"
        return switch answer {
        case .noSuchName: wrongName(registry, reference.repository)
        case .tags(let tags): wrongTag(registry, reference, known: tags)
        }
    }

    private static func wrongName(_ registry: String, _ repository: String) -> (String, String) {
        (
            "\(registry) has nothing named \(repository)",
            "correct the image's name in the manifest; if it is private, imagePullSecrets must open it"
        )
    }

    private static func wrongTag(
        _ registry: String, _ reference: ImageReference?, known tags: [String]
    ) -> (String, String) {
        let name = reference?.repository ?? "the image"
        let version = reference?.digest ?? reference?.tag ?? "latest"
        let listed = tags.suffix(8).joined(separator: ", ")
        return (
            "\(registry) has \(name), but no tag \(version)",
            "correct the tag in the manifest, or push it"
                + (tags.isEmpty ? "" : "; there \(tags.count == 1 ? "is" : "are"): \(listed)")
        )
    }
}
