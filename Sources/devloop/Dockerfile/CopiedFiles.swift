/// Where the files of a context are in the image, and whether anything but the copies of the Dockerfile has used them.
/// A pure value.
///
/// The rules are those of the Dockerfile reference (https://docs.docker.com/reference/dockerfile/#copy). Where builders
/// differ, or where it takes the content of a file or a base image to know, a file counts as used. An oracle holds all of
/// it to Docker.
///
/// What can't be seen from here: what an image from elsewhere, and a `RUN` before the copy, have at a path. It is what
/// is there again when the file is deleted, which a look into the next image finds; and a link of theirs on the way is
/// followed, so that the path leads somewhere else.
struct CopiedFiles: Sendable, Hashable {
    /// Where a file is.
    struct Destination: Sendable, Hashable {
        /// Absolute in the image.
        var path: String
        /// That of `--chown`, as it is written: `node:node`, `1000`; `nil` for root.
        var owner: String?
        /// That of `--chmod`; `nil` where it is the file's own.
        var mode: UInt16?
        /// `COPY a /x` copies to `/x/a` where the image had a folder `/x`. Where that can't be known this is the name
        /// that the file has then. One who writes the file looks whether the path is a folder.
        var nameInFolder: String?
    }

    /// What becomes of a file.
    enum Place: Sendable, Hashable {
        /// It is at these places, sorted by path, and nothing else in the image depends on it.
        case image([Destination])
        /// Something else depends on it, or where it is can't be known: what that is, in few words.
        case used(by: String)
        /// No instruction takes it, or what it takes is covered by another file.
        case nowhere
    }

    /// What is at a path of the context.
    enum Kind: Sendable, Hashable {
        case file
        case folder
        /// A symbolic link.
        case link
        /// A socket or the like.
        case other
    }

    /// Files of the context that an instruction takes.
    struct Taking: Sendable, Hashable {
        var sources: [String]
        var text: String
    }

    /// A stage that others copy from.
    struct ReadStage: Sendable, Hashable {
        var steps: [CopyStep]
        /// What copies from it, where that is known.
        var reader: String?
    }

    /// The working directory of the stage that is built; `nil` where the base image says so.
    let workingDirectory: String?
    /// What the stage that is built does, with what those that it is based on do before.
    let steps: [CopyStep]
    /// The stages of which files are copied or mounted.
    let readStages: [ReadStage]
    /// All that is taken from the context for the image.
    let takings: [Taking]
    /// What stages take that the builder builds for nothing.
    let needlessTakings: [Taking]
    /// Whether the builder may want a slash behind the destination of several files.
    let countsSources: Bool
    /// Why nothing can be known.
    let problem: String?

    /// Reads a Dockerfile.
    ///
    /// Takes the same as ``BuildInputs/init(dockerfile:stage:arguments:environment:skipsUnneededStages:)``.
    init(
        dockerfile: [UInt8], stage: String? = nil, arguments: [Configuration.BuildArgument] = [],
        environment: [String: String] = [:], skipsUnneededStages: Bool
    ) {
        self.init(
            DockerfileStages.read(dockerfile, arguments: arguments, environment: environment), stage: stage,
            skipsUnneededStages: skipsUnneededStages)
    }

    /// Takes a Dockerfile that was read.
    init(
        _ stages: Result<DockerfileStages, UndecidedDockerfile>, stage: String?, skipsUnneededStages: Bool
    ) {
        do {
            self = try CopiedFiles(stages.get(), stage: stage, skipsUnneededStages: skipsUnneededStages)
        } catch {
            (workingDirectory, steps, readStages, takings, needlessTakings) = (nil, [], [], [], [])
            (countsSources, problem) = (false, error.reason)
        }
    }

    private init(
        _ stages: DockerfileStages, stage: String?, skipsUnneededStages: Bool
    ) throws(UndecidedDockerfile) {
        try stages.checkSyntax()
        let wanted = try stages.wanted(stage)
        guard wanted.count == 1, let index = wanted.first else {
            throw UndecidedDockerfile("several stages of one name")
        }
        let needed = try stages.needed(by: wanted)
        var read: [Int: BuildStage] = [:]
        for index in needed {
            let stage = try stages.all[index].get()
            if stage.hasUnknownBase { throw UndecidedDockerfile("a stage that may be based on another one") }
            read[index] = stage
        }
        let built = try stages.all[index].get()
        let chain = Set(built.bases)
        let reads = needed.sorted().flatMap { read[$0]?.steps.map(\.read) ?? [] }
        readStages = needed.sorted().compactMap { other in
            let reader = reads.first { names, _ in
                names.contains { $0.contains("$") } || stages.isNamed(other, by: Set(names))
            }
            let isBase = other == index || stages.isNamed(other, by: chain)
            return isBase && reader == nil
                ? nil : ReadStage(steps: read[other]?.steps ?? [], reader: reader?.text)
        }
        takings = Self.sorted(needed.flatMap { read[$0]?.steps.map(\.taken) ?? [] })
        var needless: [Taking] = []
        for other in stages.all(upTo: wanted).subtracting(needed) where !skipsUnneededStages {
            needless += try stages.all[other].get().steps.map(\.taken)
        }
        needlessTakings = Self.sorted(needless)
        (workingDirectory, steps) = (built.workingDirectory, built.steps)
        (countsSources, problem) = (!skipsUnneededStages, nil)
    }

    /// Each that takes something once, in an order that doesn't depend on chance.
    private static func sorted(_ takings: [Taking]) -> [Taking] {
        Set(takings.filter { !$0.sources.isEmpty }).sorted { $0.text < $1.text }
    }

    /// Says what becomes of a file, a link or a folder. Where nothing is any more, it is said where it was.
    ///
    /// Asked of a path that the ignore file leaves out, it is where it would be.
    /// - Parameters:
    ///   - file: its path relative to the context.
    ///   - kind: what is at a path of the context; `nil` where nothing is, and for what the ignore file leaves out.
    ///   - names: the names in a folder of the context, which ones a wildcard takes must be known: without it, all that
    ///     such a Dockerfile takes counts as used.
    ///   - isLeftOut: whether the ignore file leaves out a path.
    func place(
        of file: String, kind: (String) -> Kind?, names: ((String) -> [String])? = nil,
        isLeftOut: ((String) -> Bool)? = nil
    ) -> Place {
        if let problem { return .used(by: "a Dockerfile that devloop does not follow: \(problem)") }
        return withoutActuallyEscaping(kind) { kind in
            do throws(FileUse) {
                var placing = FilePlacing(
                    file: file, context: CopyContext(kind: kind, names: names, isLeftOut: isLeftOut))
                return try placing.place(in: self)
            } catch {
                return .used(by: error.by)
            }
        }
    }
}
