/// A program that builds images, keeps them and pushes them: `docker`, and what is called as it is. What differs from
/// docker's way to be called is what a type says here, in a file of its own.
package protocol ImageProgram: Sendable {
    /// What it is called as.
    var name: String { get }

    /// Makes sure that it is there, and that what does its work answers.
    /// - Throws: ``TargetError`` of severity `unavailable`.
    func check(_ launcher: any CommandRunning) async throws

    /// What its builds can do.
    func ability(_ launcher: any CommandRunning) async throws -> BuilderAbility

    /// The command for what one would type after its name.
    func command(_ arguments: [String]) -> Command

    /// Flags of a build that say where its image goes; none where it simply stays.
    /// - Parameters:
    ///   - pushed: the images that builds have pushed, by their ids.
    ///   - metadataFile: where a build that pushes writes the digest.
    func outputFlags(_ request: BuildRequest, pushed: (String) -> PushedImage?, metadataFile: String) -> [String]

    /// Whether a build pushes the image itself where the request says as what.
    var pushesItsBuilds: Bool { get }

    /// Flags for talking to the registry of an image.
    func registryFlags(_ reference: ImageReference) -> [String]

    /// Flags for a push that writes the digest to a file; none where it says the digest itself, or knows it afterwards.
    func digestFlags(_ file: String) -> [String]

    /// Whether the digests that it tells of an image that it has pushed are the registry's.
    var knowsItsPushes: Bool { get }

    /// Whether it says with a line that a push is not going well, and that it tries again by itself.
    func triesAgain(_ line: String) -> Bool

    /// Whether it says that it has no such image.
    func hasNone(_ text: String) -> Bool

    /// The error for one of its commands that failed.
    func error(_ summary: String, said lines: [String], termination: Termination) -> TargetError

    /// How it is told of a registry without TLS.
    var plainRegistryAdvice: String { get }

    /// Which of some absolute paths are in an image; `nil` where it can't be asked.
    func look(
        into image: String, for paths: Set<String>, with launcher: any CommandRunning
    ) async throws -> Set<String>?
}

/// The programs by the names that `devloop.json` has for them.
package enum ImageProgramName: String, Sendable, CaseIterable {
    case docker
    case podman
    case nerdctl
    case buildx

    /// What is called.
    package var program: any ImageProgram {
        switch self {
        case .docker: DockerProgram()
        case .podman: PodmanProgram()
        case .nerdctl: NerdctlProgram()
        case .buildx: DockerProgram(usesBuildx: true)
        }
    }
}

extension ImageProgram {
    func command(_ arguments: [String]) -> Command { Command(name, arguments) }

    func outputFlags(
        _ request: BuildRequest, pushed: (String) -> PushedImage?, metadataFile: String
    ) -> [String] { [] }

    var pushesItsBuilds: Bool { false }

    func registryFlags(_ reference: ImageReference) -> [String] { [] }

    func digestFlags(_ file: String) -> [String] { [] }

    func triesAgain(_ line: String) -> Bool { false }

    var knowsItsPushes: Bool { true }

    func look(
        into image: String, for paths: Set<String>, with launcher: any CommandRunning
    ) async throws -> Set<String>? { nil }

    func error(_ summary: String, said lines: [String], termination: Termination) -> TargetError {
        plainError(summary, said: lines, termination: termination)
    }

    func plainError(_ summary: String, said lines: [String], termination: Termination) -> TargetError {
        if case .signalled = termination { return TargetError(.unavailable, summary, details: lines) }
        // Only the last line: what a build's own commands print may say anything.
        if lines.last?.contains("no space left on device") == true {
            return TargetError(.unavailable, summary, details: lines.suffix(5), advice: "the disk is full")
        }
        return TargetError(summary, details: lines)
    }
}
