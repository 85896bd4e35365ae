/// Which files of its context a Dockerfile can pick up.
///
/// Decided from the Dockerfile's text and the build arguments, without Docker. Two things can't be seen there. A base
/// image that is not a stage of the file may have `ONBUILD` instructions, which copy anything (one whose name says
/// `onbuild` is taken to). And it may set a variable of an `ARG`'s name, which the legacy builder prefers to the `ARG`.
///
/// The legacy builder builds the stages that the wanted one doesn't need as well, and fails where what they copy is
/// missing: with it, they count too.
enum BuildInputs: Equatable {
    /// All files may count, and why: the Dockerfile copies the whole context, or can't be judged.
    case everything(String)
    /// Only these count, with all that is below them: paths relative to the context in the language of
    /// `COPY` sources, each once, sorted.
    case sources([String])

    /// Judges a Dockerfile.
    /// - Parameters:
    ///   - dockerfile: its contents.
    ///   - stage: the stage to build; the last where `nil`.
    ///   - arguments: the build arguments.
    ///   - environment: where the arguments without a value find theirs.
    ///   - skipsUnneededStages: whether the builder builds only the stages that the wanted one needs.
    init(
        dockerfile: [UInt8], stage: String? = nil, arguments: [Configuration.BuildArgument] = [],
        environment: [String: String] = [:], skipsUnneededStages: Bool
    ) {
        self.init(
            DockerfileStages.read(dockerfile, arguments: arguments, environment: environment), stage: stage,
            skipsUnneededStages: skipsUnneededStages)
    }

    /// Judges a Dockerfile that was read.
    init(
        _ stages: Result<DockerfileStages, UndecidedDockerfile>, stage: String?, skipsUnneededStages: Bool
    ) {
        do {
            let stages = try stages.get()
            try stages.checkSyntax()
            let wanted = try stages.wanted(stage)
            let built = skipsUnneededStages ? try stages.needed(by: wanted) : stages.all(upTo: wanted)
            var sources: Set<String> = []
            for index in built { sources.formUnion(try stages.all[index].get().sources) }
            self = sources.contains("") ? .everything("the whole context is copied") : .sources(sources.sorted())
        } catch {
            self = .everything(error.reason)
        }
    }

    /// The images, not stages of its own, that the stages which are built begin with, copy from or mount, as far as
    /// these can be known: as they are written, with the variables of `FROM` replaced.
    ///
    /// Takes the same as ``init(dockerfile:stage:arguments:environment:skipsUnneededStages:)``. What is malformed or can't
    /// be judged only makes stages count that may not be needed.
    static func images(
        dockerfile: [UInt8], stage: String? = nil, arguments: [Configuration.BuildArgument] = [],
        environment: [String: String] = [:], skipsUnneededStages: Bool
    ) -> [String] {
        guard let stages = try? DockerfileStages(dockerfile, arguments: arguments, environment: environment),
            let wanted = try? stages.wanted(stage)
        else { return [] }
        let all = stages.all(upTo: wanted)
        let built = skipsUnneededStages ? (try? stages.needed(by: wanted)) ?? all : all
        let names = Set(stages.all.compactMap(\.name) + stages.all.indices.map(String.init) + ["scratch"])
        return built.sorted().flatMap { stages.all[$0].images }.filter { !names.contains($0.lowercased()) }
    }
}
