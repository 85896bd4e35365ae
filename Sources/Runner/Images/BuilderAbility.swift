/// What the client that builds can do: which builder is behind it, and the flags that it has.
package struct BuilderAbility: Sendable, Hashable {
    package var kind: BuilderKind
    /// The flags, without their dashes; none where they are not known.
    package var flags: Set<String> = []

    /// - Parameter flags: without their dashes; none where they are not known.
    package init(_ kind: BuilderKind, flags: Set<String> = []) { (self.kind, self.flags) = (kind, flags) }

    /// Reads it from what `docker build --help` prints. A client lists what the builder that would build has, and leaves out
    /// the rest.
    init(help: String) {
        kind = BuilderKind(help: help)
        for line in help.split(separator: "\n") {
            // `-f, --file string   Name of the Dockerfile`
            guard let first = line.split(separator: " ").first, first.hasPrefix("-") else { continue }
            let words = line.split(separator: " ").prefix(2)
            guard let flag = words.first(where: { $0.hasPrefix("--") }) else { continue }
            flags.insert(String(flag.dropFirst(2).prefix { $0 != "=" && $0 != "," }))
        }
    }

    /// The flags of some options that the client does not have, one for each option. None where nobody can tell.
    package func missing(in options: BuildOptions) -> [BuildOptions.Flag] {
        guard !flags.isEmpty else { return [] }
        var seen: Set<String> = []
        return options.flags.filter { !flags.contains($0.name) && seen.insert($0.option).inserted }
    }

    /// What builds, in words that begin a sentence.
    package var words: String {
        switch kind {
        case .legacy: "the builder here is Docker's old one"
        case .buildKit where flags.contains("build-context"): "the builder here is buildx"
        case .buildKit: "the builder here is BuildKit without buildx"
        case .podman: "the builder here is podman"
        case .unknown: "the builder here is none that devloop knows"
        }
    }

    /// How to get a builder that has a flag.
    /// - Parameter flag: without its dashes.
    package func advice(for flag: String) -> String {
        // https://docs.docker.com/reference/cli/docker/buildx/build/
        let buildx =
            "install buildx: https://docs.docker.com/go/buildx/ (with Docker up to 22 also: docker buildx install)"
        // What the client of Docker 20.10 has by itself.
        let isOld = ["secret", "ssh", "platform"].contains(flag)
        switch kind {
        case .legacy where isOld: return "set DOCKER_BUILDKIT=1, or with Docker 23 and later \(buildx)"
        case .legacy, .buildKit, .unknown: return buildx
        case .podman: return "take it out of devloop.json, or use a newer podman or Docker with buildx"
        }
    }
}
