/// The stages of a Dockerfile.
struct DockerfileStages {
    /// A stage as far as it can be judged: what is malformed in one that isn't needed doesn't matter.
    struct Stage {
        var name: String?
        fileprivate var result: Result<BuildStage, UndecidedDockerfile>
        /// What it begins with, copies from and mounts, where that is known: images, or stages.
        var images: [String] = []

        func get() throws(UndecidedDockerfile) -> BuildStage { try result.get() }

        fileprivate mutating func update(_ body: (inout BuildStage) throws(UndecidedDockerfile) -> Void) {
            guard case .success(var stage) = result else { return }
            do {
                try body(&stage)
                result = .success(stage)
            } catch {
                result = .failure(error)
            }
        }
    }

    private(set) var all: [Stage] = []
    /// The frontend that the file asks for.
    private let syntax: String?
    private let given: [String: String]

    /// - Parameters:
    ///   - dockerfile: its contents.
    ///   - arguments: the build arguments.
    ///   - environment: where the arguments without a value find theirs.
    init(
        _ dockerfile: [UInt8], arguments: [Configuration.BuildArgument], environment: [String: String]
    ) throws(UndecidedDockerfile) {
        var given: [String: String] = [:]
        for argument in arguments { given[argument.name] = argument.value ?? environment[argument.name] }
        let file = try DockerfileParser(dockerfile)
        (syntax, self.given) = (file.syntax, given)
        var globals = BuildVariables(escape: file.escape, given: given)
        for instruction in file.instructions {
            if instruction.keyword == "from" {
                let earlier = all.compactMap { try? $0.get() }
                let stage = Result { () throws(UndecidedDockerfile) in
                    try BuildStage(instruction, globals: globals, earlier: earlier)
                }
                all.append(
                    Stage(
                        name: BuildStage.name(in: instruction), result: stage,
                        images: BuildStage.images(in: instruction, globals: globals)))
            } else if let last = all.indices.last {
                all[last].images += BuildStage.images(in: instruction, globals: globals)
                all[last].update { (stage) throws(UndecidedDockerfile) in try stage.add(instruction) }
            } else {
                guard instruction.keyword == "arg" else { throw UndecidedDockerfile("no FROM at the beginning") }
                try globals.declareArguments(instruction.arguments)
            }
        }
    }

    /// The same, with why there are none as a value.
    static func read(
        _ dockerfile: [UInt8], arguments: [Configuration.BuildArgument], environment: [String: String]
    ) -> Result<DockerfileStages, UndecidedDockerfile> {
        Result { () throws(UndecidedDockerfile) in
            try DockerfileStages(dockerfile, arguments: arguments, environment: environment)
        }
    }

    /// Makes sure that the frontend which reads the file is one whose rules are known.
    func checkSyntax() throws(UndecidedDockerfile) {
        if given["BUILDKIT_SYNTAX"] != nil || !Self.isKnown(syntax: syntax) {
            throw UndecidedDockerfile("an unknown syntax")
        }
    }

    /// Whether a frontend is Docker's own, of whatever version.
    private static func isKnown(syntax: String?) -> Bool {
        guard let syntax else { return true }
        let name = syntax.prefix { $0 != " " && $0 != ":" && $0 != "@" }
        return ["docker/dockerfile", "docker.io/docker/dockerfile", "docker/dockerfile-upstream"].contains(name)
    }

    /// The stage to build; several where they share the name.
    func wanted(_ stage: String?) throws(UndecidedDockerfile) -> [Int] {
        guard let last = all.indices.last else { throw UndecidedDockerfile("no stage") }
        guard let stage else { return [last] }
        let found = all.indices.filter { all[$0].name == stage.lowercased() || String($0) == stage }
        if found.isEmpty { throw UndecidedDockerfile("the stage does not exist") }
        return found
    }

    /// The stages that a builder builds that doesn't look which ones are needed.
    func all(upTo wanted: [Int]) -> Set<Int> { Set(all.indices.prefix { $0 <= wanted.max() ?? 0 }) }

    /// The stages that these need, and themselves.
    func needed(by wanted: [Int]) throws(UndecidedDockerfile) -> Set<Int> {
        var waiting = wanted
        var seen = Set(wanted)
        while let index = waiting.popLast() {
            let stage = try all[index].get()
            let needed = all.indices.filter { stage.mayNeedAny || isNamed($0, by: stage.needs) }
            waiting += needed.filter { seen.insert($0).inserted }
        }
        return seen
    }

    /// Whether one of these may be a stage's name, or its number.
    func isNamed(_ index: Int, by names: Set<String>) -> Bool {
        names.contains(String(index)) || all[index].name.map(names.contains) ?? false
    }
}

extension Result<DockerfileStages, UndecidedDockerfile> {
    /// The same where named contexts take the place of stages: what these had then is not what is in the image.
    /// - Parameter names: the contexts'.
    func without(_ names: [String]) -> Self {
        flatMap { stages in
            let replaced = Set(names.map { $0.lowercased() })
            return stages.all.contains { $0.name.map(replaced.contains) ?? false }
                ? .failure(UndecidedDockerfile("a stage that a named context takes the place of")) : .success(stages)
        }
    }
}
