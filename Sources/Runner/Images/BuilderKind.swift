/// Which builder is behind `docker build`. They differ in what they take from a context.
package enum BuilderKind: Sendable, Hashable, CaseIterable {
    /// The one that docker had first, and has where BuildKit or its client, buildx, is missing.
    case legacy
    /// BuildKit.
    case buildKit
    /// Podman, which Linux distributions offer under docker's name.
    case podman
    /// Not known (yet): only what holds for all of them can be relied on.
    case unknown

    /// Whether a build can be told to give way to all else on the machine.
    package var canGiveWay: Bool { self == .legacy || self == .podman }

    /// Reads it from what `docker build --help` prints: the flags of the builder that would build. The client decides
    /// by its version, `DOCKER_BUILDKIT`, its plugins and what the daemon prefers, and shows accordingly.
    init(help: String) {
        if help.contains("podman") || help.contains("buildah") {
            self = .podman
        } else if help.contains("docker buildx build ") {
            self = .buildKit
        } else if help.contains("docker build [OPTIONS]") {
            self = help.contains("--secret ") ? .buildKit : .legacy
        } else {
            self = .unknown
        }
    }

    /// Whether a build leaves out the stages that the wanted one doesn't need; the legacy builder builds all up to the
    /// wanted one. `false` is always the cautious answer.
    package var skipsUnneededStages: Bool { self == .buildKit }

    /// Where it looks for what to leave out of a context: the first file that is there counts, alone.
    /// - Parameters:
    ///   - dockerfile: the path of the Dockerfile.
    ///   - context: the path of the context.
    package func ignoreFiles(dockerfile: String, context: String) -> [String] {
        switch self {
        case .legacy: ["\(context)/.dockerignore"]
        case .buildKit: ["\(dockerfile).dockerignore", "\(context)/.dockerignore"]
        // https://github.com/containers/buildah/blob/main/pkg/parse/parse.go, ContainerIgnoreFile
        case .podman:
            ["\(dockerfile).dockerignore", "\(dockerfile).containerignore", "\(context)/.containerignore"]
                + ["\(context)/.dockerignore"]
        case .unknown: BuilderKind.podman.ignoreFiles(dockerfile: dockerfile, context: context)
        }
    }

    /// Which of those files counts.
    /// - Parameter isThere: whether a file exists.
    /// - Returns: `nil` where none does, or where the builders differ and it is not known which builds: then every file
    ///   counts.
    package func ignoreFile(dockerfile: String, context: String, _ isThere: (String) -> Bool) -> String? {
        func first(_ kind: BuilderKind) -> String? {
            kind.ignoreFiles(dockerfile: dockerfile, context: context).first(where: isThere)
        }
        guard self == .unknown else { return first(self) }
        let answers = Set([BuilderKind.legacy, .buildKit, .podman].map(first))
        return answers.count == 1 ? answers.first ?? nil : nil
    }
}
