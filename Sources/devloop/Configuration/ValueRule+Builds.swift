import Runner

/// What the keys that are flags of a build must be.
extension ValueRule {
    /// What an image is made for.
    static let platform = ValueRule("a platform as OS/ARCH[/VARIANT], linux/arm64 for instance") { text in
        guard ImagePlatform(text) == nil else { return nil }
        if text.contains(",") { return "an image in Docker is for one" }
        let parts = text.split(separator: "/").map(String.init)
        let name = parts.count > 1 ? parts[1] : parts.last ?? ""
        if let right = ImagePlatform.architecture(calledAlso: name)
            ?? Suggestion.nearest(to: name, in: ImagePlatform.architectures.sorted())
        {
            return "did you mean linux/\(right)?"
        }
        return "the architectures are \(inWords(ImagePlatform.architectures.sorted()))"
    }

    /// The id of a secret or of an agent.
    static let buildID = ValueRule("an id of letters, digits, ., _ and -") { isID($0) ? nil : "" }

    /// A variable of the environment.
    static let variable = ValueRule("the name of a variable") { text in
        text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") } ? nil : ""
    }

    /// An agent or a key.
    static let ssh = ValueRule("default, or a key or an agent's socket as ID=PATH") { text in
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard isID(parts[0]) else { return "" }
        guard parts.count == 1 else { return parts[1].isEmpty || parts[1].contains(",") ? "" : nil }
        return parts[0] == "default" ? nil : "the path is missing"
    }

    /// The name of a context: what a Dockerfile may have as an image's.
    static let contextName = ValueRule("the name of a context, as a Dockerfile has it") { text in
        ImageReference(text) == nil ? "names in a Dockerfile are lower case, without blanks" : nil
    }

    /// What may be in the place of a context's folder.
    static let contextImage = ValueRule("an image as docker-image://NAME[:TAG]") { text in
        ImageReference(String(text.dropFirst(BuildOptions.NamedContext.imageScheme.count))) == nil ? "" : nil
    }

    /// Where a cache is.
    static let cache = ValueRule("an image, or type=…,KEY=VALUE") { text in
        if text.contains(where: \.isWhitespace) { return "" }
        let secret = text.split(separator: ",").map { $0.prefix { $0 != "=" } }.first(where: isCredential)
        // https://docs.docker.com/build/cache/backends/
        return secret.map { "\($0) is secret, and belongs into the environment, where the builder finds it" }
    }

    /// A network.
    static let network = ValueRule("a network: default, none, host or a name") { text in
        text.contains(where: \.isWhitespace) ? "" : nil
    }

    /// A host that `RUN` instructions know.
    static let host = ValueRule("a host as NAME:ADDRESS") { text in
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty && !text.contains(where: \.isWhitespace)
            ? nil : ""
    }

    /// The name of a label of an image.
    static let imageLabel = ValueRule("the name of a label") { text in
        text.contains { $0 == "=" || $0.isWhitespace } ? "" : nil
    }

    /// A flag that has no key.
    static let extraArgument = ValueRule.option("a flag as --NAME=VALUE") { text in
        guard text.hasPrefix("-"), text != "-", text != "--" else { return "a value stands with its flag, after the =" }
        let flag = String(text.prefix { $0 != "=" })
        if let key = keysOfFlags[flag] { return "that is \"\(key)\"" }
        // Also with the value in the same word: -tNAME.
        if let short = ["-t", "-f", "-q", "-o"].first(where: { flag.hasPrefix($0) && !flag.hasPrefix("--") }) {
            return keysOfFlags[short].map { "that is \"\($0)\"" } ?? reservation
        }
        return reserved.contains(flag) ? reservation : nil
    }

    private static let reservation = "devloop needs the image in Docker, its id, and what the builder says"

    private static let reserved: Set<String> = [
        "--iidfile", "--metadata-file", "--output", "--push", "--load", "--quiet", "--progress", "--call", "--check",
        "--help",
    ]

    private static let keysOfFlags = [
        "--tag": "image", "-t": "image", "--file": "dockerfile", "-f": "dockerfile", "--target": "stage",
        "--build-arg": "buildArgs", "--platform": "platform", "--secret": "secrets", "--ssh": "ssh",
        "--cache-from": "cacheFrom", "--cache-to": "cacheTo", "--network": "network", "--add-host": "addHosts",
        "--build-context": "buildContexts", "--no-cache-filter": "noCacheFilter", "--label": "labels",
    ]

    private static func isID(_ text: String) -> Bool {
        isName(text, limit: 255, endsInLetterOrDigit: false) { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    private static func isCredential(_ key: Substring) -> Bool {
        let key = key.lowercased()
        return key.contains("secret") || key.contains("token") || key.contains("password") || key == "access_key_id"
    }
}

extension BuildOptions.NamedContext {
    /// How a context that is an image is named.
    static let imageScheme = "docker-image://"
}
