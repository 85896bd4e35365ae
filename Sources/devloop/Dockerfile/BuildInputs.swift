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
        let given = Self.given(arguments, environment)
        do {
            let sources = try Self.sources(
                of: try DockerfileParser(dockerfile), stage: stage, given: given,
                skipsUnneededStages: skipsUnneededStages)
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
        let given = given(arguments, environment)
        guard let file = try? DockerfileParser(dockerfile), let stages = try? readStages(of: file, given: given),
            let wanted = try? indices(of: stage, in: stages)
        else { return [] }
        let all = Set(stages.indices.prefix { $0 <= wanted.max() ?? 0 })
        let built = skipsUnneededStages ? (try? needed(by: wanted, in: stages)) ?? all : all
        let names = Set(stages.compactMap(\.name) + stages.indices.map(String.init) + ["scratch"])
        return built.sorted().flatMap { stages[$0].images }.filter { !names.contains($0.lowercased()) }
    }

    private static func given(
        _ arguments: [Configuration.BuildArgument], _ environment: [String: String]
    ) -> [String: String] {
        var given: [String: String] = [:]
        for argument in arguments { given[argument.name] = argument.value ?? environment[argument.name] }
        return given
    }

    private static func sources(
        of file: DockerfileParser, stage: String?, given: [String: String], skipsUnneededStages: Bool
    ) throws(UndecidedDockerfile) -> Set<String> {
        if given["BUILDKIT_SYNTAX"] != nil || !isKnown(syntax: file.syntax) {
            throw UndecidedDockerfile("an unknown syntax")
        }
        let stages = try readStages(of: file, given: given)
        let wanted = try indices(of: stage, in: stages)
        let built =
            skipsUnneededStages
            ? try needed(by: wanted, in: stages) : Set(stages.indices.prefix { $0 <= wanted.max() ?? 0 })
        var sources: Set<String> = []
        for index in built { sources.formUnion(try stages[index].get().sources) }
        return sources
    }

    /// The stages that these need, and themselves.
    private static func needed(by wanted: [Int], in stages: [Stage]) throws(UndecidedDockerfile) -> Set<Int> {
        var waiting = wanted
        var seen = Set(wanted)
        while let index = waiting.popLast() {
            let stage = try stages[index].get()
            let needed = stages.indices.filter { other in
                stage.mayNeedAny || stage.needs.contains(String(other))
                    || stages[other].name.map(stage.needs.contains) ?? false
            }
            waiting += needed.filter { seen.insert($0).inserted }
        }
        return seen
    }

    /// A stage as far as it can be judged: what is malformed in one that isn't needed doesn't matter.
    private struct Stage {
        var name: String?
        var result: Result<BuildStage, UndecidedDockerfile>
        /// What it begins with, copies from and mounts, where that is known: images, or stages.
        var images: [String] = []

        func get() throws(UndecidedDockerfile) -> BuildStage { try result.get() }

        mutating func update(_ body: (inout BuildStage) throws(UndecidedDockerfile) -> Void) {
            guard case .success(var stage) = result else { return }
            do {
                try body(&stage)
                result = .success(stage)
            } catch {
                result = .failure(error)
            }
        }
    }

    private static func readStages(
        of file: DockerfileParser, given: [String: String]
    ) throws(UndecidedDockerfile) -> [Stage] {
        var globals = BuildVariables(escape: file.escape, given: given)
        var stages: [Stage] = []
        for instruction in file.instructions {
            if instruction.keyword == "from" {
                let earlier = stages.compactMap { try? $0.get() }
                let stage = Result { () throws(UndecidedDockerfile) in
                    try BuildStage(instruction, globals: globals, earlier: earlier)
                }
                stages.append(
                    Stage(
                        name: BuildStage.name(in: instruction), result: stage,
                        images: BuildStage.images(in: instruction, globals: globals)))
            } else if let last = stages.indices.last {
                stages[last].images += BuildStage.images(in: instruction, globals: globals)
                stages[last].update { (stage) throws(UndecidedDockerfile) in try stage.add(instruction) }
            } else {
                guard instruction.keyword == "arg" else { throw UndecidedDockerfile("no FROM at the beginning") }
                try globals.declareArguments(instruction.arguments)
            }
        }
        return stages
    }

    private static func indices(of stage: String?, in stages: [Stage]) throws(UndecidedDockerfile) -> [Int] {
        guard let last = stages.indices.last else { throw UndecidedDockerfile("no stage") }
        guard let stage else { return [last] }
        let found = stages.indices.filter { stages[$0].name == stage.lowercased() || String($0) == stage }
        if found.isEmpty { throw UndecidedDockerfile("the stage does not exist") }
        return found
    }

    /// Whether a frontend is Docker's own, of whatever version.
    private static func isKnown(syntax: String?) -> Bool {
        guard let syntax else { return true }
        let name = syntax.prefix { $0 != " " && $0 != ":" && $0 != "@" }
        return ["docker/dockerfile", "docker.io/docker/dockerfile", "docker/dockerfile-upstream"].contains(name)
    }
}
