import Runner

/// What a container starts.
struct StartCommand: Sendable, Hashable {
    /// What the manifest's container says about it; `nil` and empty are the same there.
    struct Container: Sendable, Hashable {
        var command: [String]?
        var args: [String]?
        var workingDirectory: String?
        var environment: [String: String] = [:]
    }

    /// The program and its arguments.
    var arguments: [String]
    /// Where it starts, absolute.
    var workingDirectory: String
    /// The variables of the image and the manifest.
    var environment: [String: String]

    init(arguments: [String], workingDirectory: String = "/", environment: [String: String] = [:]) {
        self.arguments = arguments
        self.workingDirectory = PathName.absolute(workingDirectory, in: "/")
        self.environment = environment
    }

    /// Joins the two as the kubelet does: the manifest's `command` replaces the entrypoint and drops the image's
    /// command, its `args` replace the image's command.
    init(image: ImageConfiguration, manifest container: Container = Container()) {
        func given(_ words: [String]?) -> [String]? {
            guard let words, !words.isEmpty else { return nil }
            return words.map { Self.expand($0, container.environment) }
        }
        let command = given(container.command)
        let rest = given(container.args) ?? (command == nil ? image.command : [])
        let directory = [container.workingDirectory, image.workingDirectory].compactMap { $0 }.first { !$0.isEmpty }
        self.init(
            arguments: (command ?? image.entrypoint) + rest, workingDirectory: directory ?? "/",
            environment: image.environment.merging(container.environment) { $1 })
    }

    /// Replaces `$(NAME)` as Kubernetes does: of the manifest's variables only, `$$` is a dollar, and what isn't known
    /// stays as it is written.
    private static func expand(_ word: String, _ variables: [String: String]) -> String {
        var result = ""
        var rest = word[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...].dropFirst()
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.first == "(", let close = rest.firstIndex(of: ")") {
                let name = rest[rest.index(after: rest.startIndex)..<close]
                result += variables[String(name)] ?? "$(\(name))"
                rest = rest[close...].dropFirst()
            } else {
                result += "$"
            }
        }
        return result + rest
    }
}
