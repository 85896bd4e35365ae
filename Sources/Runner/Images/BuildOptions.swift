/// How an image is built, beside what it is built from: what `docker build` has flags for, whichever builder is behind it.
///
/// Nothing secret is in here: of a secret there is where it is found, and the client of the builder reads it there.
package struct BuildOptions: Sendable, Hashable {
    /// What a `RUN --mount=type=secret,id=…` finds, and no layer holds.
    package struct Secret: Sendable, Hashable {
        /// Where its value is.
        package enum Source: Sendable, Hashable {
            /// In a file: its absolute path.
            case file(String)
            /// In a variable of the environment.
            case variable(String)
        }

        package var id: String
        package var source: Source

        package init(id: String, source: Source) { (self.id, self.source) = (id, source) }

        /// The absolute path of the file that it is in.
        package var file: String? { if case .file(let path) = source { path } else { nil } }
    }

    /// What a `RUN --mount=type=ssh,id=…` is let use.
    package struct SSH: Sendable, Hashable {
        package var id: String
        /// The absolute path of a key or of an agent's socket; the agent of the environment where `nil`.
        package var path: String?

        package init(id: String, path: String? = nil) { (self.id, self.path) = (id, path) }
    }

    /// Another context, or an image, that the Dockerfile names as it names an image.
    package struct NamedContext: Sendable, Hashable {
        package enum Source: Sendable, Hashable {
            /// A folder: its absolute path.
            case folder(String)
            case image(ImageReference)
        }

        package var name: String
        package var source: Source

        package init(name: String, source: Source) { (self.name, self.source) = (name, source) }
    }

    /// A label of the image.
    package struct Label: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(name: String, value: String) { (self.name, self.value) = (name, value) }
    }

    /// `OS/ARCH[/VARIANT]`; the engine's own where `nil`.
    package var platform: String?
    package var secrets: [Secret] = []
    package var ssh: [SSH] = []
    /// Images, or `type=…,KEY=VALUE`, whose layers are used.
    package var cacheFrom: [String] = []
    /// `type=…,KEY=VALUE`: where the cache is written.
    package var cacheTo: [String] = []
    /// The network of `RUN` instructions.
    package var network: String?
    /// `NAME:ADDRESS`
    package var addHosts: [String] = []
    package var contexts: [NamedContext] = []
    /// The stages that are built without the cache.
    package var noCacheFilter: [String] = []
    package var labels: [Label] = []
    /// Flags that nothing else here stands for, as they are.
    package var extraArguments: [String] = []

    package init() {}

    /// A flag of the builder's client.
    package struct Flag: Sendable, Hashable {
        /// `secret`, without the dashes.
        package var name: String
        package var value: String
        /// The property that it is from.
        package var option: String

        var argument: String { "--\(name)=\(value)" }
    }

    /// The flags that say all this, but for ``extraArguments``.
    package var flags: [Flag] {
        func flags(_ name: String, _ option: String, _ values: [String]) -> [Flag] {
            values.map { Flag(name: name, value: $0, option: option) }
        }
        return flags("platform", "platform", platform.map { [$0] } ?? [])
            + flags("secret", "secrets", secrets.map(\.value))
            + flags("ssh", "ssh", ssh.map { $0.id + ($0.path.map { "=\($0)" } ?? "") })
            + flags("cache-from", "cacheFrom", cacheFrom)
            + flags("cache-to", "cacheTo", cacheTo)
            + flags("network", "network", network.map { [$0] } ?? [])
            + flags("add-host", "addHosts", addHosts)
            + flags("build-context", "buildContexts", contexts.map(\.value))
            + flags("no-cache-filter", "noCacheFilter", noCacheFilter)
            + flags("label", "labels", labels.map { "\($0.name)=\($0.value)" })
    }

    /// As the command line has it.
    var arguments: [String] { flags.map(\.argument) + extraArguments }
}

extension BuildOptions.Secret {
    fileprivate var value: String {
        switch source {
        case .file(let path): "id=\(id),\(CommaSeparated.field("src=\(path)"))"
        case .variable(let name): "id=\(id),env=\(name)"
        }
    }
}

extension BuildOptions.NamedContext {
    fileprivate var value: String {
        switch source {
        case .folder(let path): "\(name)=\(path)"
        case .image(let image): "\(name)=docker-image://\(image)"
        }
    }
}

/// Lists as the flags have them: comma-separated values (RFC 4180), which Go's `encoding/csv` reads.
private enum CommaSeparated {
    static func field(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
