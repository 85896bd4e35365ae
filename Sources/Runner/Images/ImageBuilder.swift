/// What to build an image from.
package struct BuildRequest: Sendable, Hashable {
    /// One `--build-arg`.
    package struct Argument: Sendable, Hashable {
        /// Its name.
        package var name: String
        /// Its value; `nil` takes the value of the environment variable of that name, and the Dockerfile's default
        /// where there is none, as `docker build --build-arg NAME` does.
        package var value: String?

        package init(name: String, value: String?) {
            self.name = name
            self.value = value
        }
    }

    /// The name that the image is tagged with.
    package var reference: ImageReference
    /// The absolute path of the build context.
    package var context: String
    /// The absolute path of the Dockerfile.
    package var dockerfile: String
    /// The stage to build; the last one where `nil`.
    package var stage: String?
    /// The build arguments, in order.
    package var arguments: [Argument]
    /// The command that builds it in place of a Dockerfile: a program and its arguments; none where empty.
    package var command: [String] = []
    /// What the build itself pushes the image as; `nil` where it is pushed afterwards, or not at all.
    package var destination: ImageReference?
    /// Further names that the image is tagged with.
    package var otherNames: [ImageReference]
    /// The images that it is built on, by the names that the Dockerfile has for them.
    package var bases: [BuiltImage]
    /// How it is built.
    package var options: BuildOptions
    /// Whether nothing is taken from the builder's cache.
    package var ignoresCache = false
    /// An image that was built from the very same: it is given the names of this one, and nothing is built.
    package var original: BuiltImage?
    /// Whether its containers are to run under a ``Supervisor``.
    package var isSupervised = false
    /// Whether nobody waits for it: what it runs gives way to all else on the machine. BuildKit has nothing for that.
    package var givesWay = false

    package init(
        reference: ImageReference, context: String, dockerfile: String, stage: String? = nil,
        arguments: [Argument] = [], otherNames: [ImageReference] = [], bases: [BuiltImage] = [],
        options: BuildOptions = BuildOptions()
    ) {
        self.bases = bases
        self.reference = reference
        self.context = context
        self.dockerfile = dockerfile
        self.stage = stage
        self.arguments = arguments
        self.otherNames = otherNames
        self.options = options
    }
}

/// A build is not what it should be: while it ran, or before, names of what it is built on were given to other images, or
/// taken away.
package struct MovedBases: Error, Equatable {
    /// These names.
    package var names: Set<ImageReference>

    package init(names: Set<ImageReference>) { self.names = names }
}

/// Builds images with `docker build` and pushes them with `docker push`, or with another program that is called as docker is.
package struct ImageBuilder: Sendable {
    let launcher: any CommandRunning
    /// What is called.
    package let program: any ImageProgram
    private let scratch: ScratchFolder
    let knowledge = ImageKnowledge()

    /// A builder.
    /// - Parameter scratch: a folder for the files through which the program hands over ids and digests.
    package init(
        launcher: any CommandRunning, scratch: ScratchFolder,
        program: any ImageProgram = ImageProgramName.docker.program
    ) {
        self.launcher = launcher
        self.scratch = scratch
        self.program = program
    }

    /// Makes sure that the program is there, and that what does its work answers.
    /// - Throws: ``TargetError`` of severity `unavailable`.
    package func prepare() async throws { try await program.check(launcher) }

    /// What the program's builds can do.
    package func ability() async throws -> BuilderAbility { try await program.ability(launcher) }

    /// Builds an image and returns it with the id that docker gave it.
    ///
    /// The id comes from `--iidfile`, so it is this build's even if somebody moves the tag at the same moment.
    /// - Parameter onLine: is handed each line of docker's output.
    /// - Throws: ``MovedBases`` where it was built on something else than was asked for, ``TargetError`` with the end of
    ///   docker's output, or `CancellationError`.
    package func build(
        _ request: BuildRequest, onLine: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) async throws -> BuiltImage {
        let result: Result<BuiltImage, any Error>
        do {
            if let original = request.original {
                result = .success(try await copy(original, as: request))
            } else {
                result = .success(try await buildOnce(request, onLine: onLine))
            }
        } catch let error as TargetError where error.severity == .failed {
            result = .failure(error)
        }
        // A tag is anybody's: only after the build can be told what it was built on.
        let moved = try await movedNames(of: request.bases)
        guard moved.isEmpty else { throw MovedBases(names: moved) }
        var image = try result.get()
        if request.isSupervised { image.start = try await start(of: image.id) }
        return image
    }

    /// Gives an image the names of another one.
    private func copy(_ original: BuiltImage, as request: BuildRequest) async throws -> BuiltImage {
        for name in [request.reference] + request.otherNames { try await tag(original.id, as: name) }
        return BuiltImage(reference: request.reference, id: original.id)
    }

    private func movedNames(of images: [BuiltImage]) async throws -> Set<ImageReference> {
        var moved: Set<ImageReference> = []
        for image in images {
            let found = try await id(of: image.reference.tagged)
            // There are image stores that know an image by another id than the one that a build names.
            if found == image.id { continue }
            if let found, try await id(of: image.id) == found { continue }
            moved.insert(image.reference)
        }
        return moved
    }

    /// The id of an image; `nil` where there is none of that name.
    func id(of image: String) async throws -> String? {
        let output = try await run(["image", "inspect", "--format={{.Id}}", image])
        if output.termination.isSuccess {
            return output.text.split(separator: "\n").first.map(Self.id)
        }
        if program.hasNone(output.errorText) { return nil }
        throw failure("image inspect of \(image) failed", output)
    }

    /// The id that a program has printed: podman names images without their algorithm.
    static func id(_ text: some StringProtocol) -> String { text.hasPrefix("sha256:") ? "\(text)" : "sha256:\(text)" }

    func run(_ arguments: [String]) async throws -> CommandOutput {
        try await launcher.runTool(program.command(arguments))
    }

    /// - Parameter summary: what follows the program's name.
    func failure(_ summary: String, _ output: CommandOutput) -> TargetError {
        program.error("\(program.name) \(summary)", said: [output.errorText], termination: output.termination)
    }

    private func buildOnce(
        _ request: BuildRequest, onLine: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> BuiltImage {
        guard request.command.isEmpty else { return try await runCommand(of: request, onLine: onLine) }
        let (idFile, metadataFile) = (scratch.newPath(), scratch.newPath())
        defer { for file in [idFile, metadataFile] { scratch.remove(file) } }
        let destination = program.pushesItsBuilds ? request.destination : nil
        let tail = OutputTail(limit: 40)
        let flags = program.outputFlags(
            request, pushed: { knowledge.pushes[$0] }, metadataFile: metadataFile)
        var named = request
        // What is pushed is pushed under each name.
        if let destination { (named.reference, named.otherNames) = (destination, []) }
        if program.pushesItsBuilds { named.options.contexts = contexts(of: request) }
        let words = Self.buildCommand(named, idFile: idFile).arguments
        let command = program.command(words.prefix(1) + flags + words.dropFirst())
        let output = try await launcher.runTool(
            command,
            output: .lines { _, line in
                guard !Self.isNoise(line) else { return }
                tail.append(line)
                onLine(line)
            })
        guard output.termination.isSuccess else {
            var error = program.error(
                "\(program.name) build of \(request.reference) failed (\(output.termination))", said: tail.lines,
                termination: output.termination)
            error.advice = error.advice ?? BuildAdvice.words(for: tail.lines, request.options)
            throw error
        }
        if let destination {
            // https://docs.docker.com/reference/cli/docker/buildx/build/#metadata-file
            let metadata = scratch.read(metadataFile).flatMap { try? JSONParser.parse($0) }
            guard let digest = metadata?["containerimage.digest"]?.string else {
                throw TargetError(
                    "\(program.name) build of \(request.reference) ended without a digest", details: tail.lines)
            }
            return try await fetch(destination, digest: digest, for: request, "the build", said: tail.lines)
        }
        guard let id = scratch.read(idFile).map({ String(decoding: $0, as: UTF8.self) }), id.hasPrefix("sha256:")
        else {
            throw TargetError(
                "\(program.name) build of \(request.reference) ended without an image id", details: tail.lines)
        }
        return BuiltImage(
            reference: request.reference, id: String(id.prefix { !$0.isWhitespace }))
    }

    /// The named contexts, with what builds have pushed as a builder elsewhere finds it.
    private func contexts(of request: BuildRequest) -> [BuildOptions.NamedContext] {
        request.options.contexts.map { context in
            guard case .image(let image) = context.source,
                let base = request.bases.first(where: { $0.reference == image }),
                let pushed = knowledge.pushes[base.id],
                let reference = ImageReference("\(pushed.reference.name)@\(pushed.digest)")
            else { return context }
            return .init(name: context.name, source: .image(reference))
        }
    }

    /// Tags the image as the reference and pushes it.
    ///
    /// Where a registry fails, docker tries again four times by itself, over 50 seconds, and only then says why.
    /// - Parameters:
    ///   - lastFailure: why the last push of the image failed, where that is known: then docker is not let try again by
    ///     itself, and this is thrown, so that the caller may try when it likes to.
    ///   - onRetry: is handed what docker says when it first tries again.
    /// - Returns: the digest that the registry knows it by: `sha256:…`
    /// - Throws: ``TargetError``, or `CancellationError`.
    package func push(
        _ image: BuiltImage, as reference: ImageReference, lastFailure: TargetError? = nil,
        onRetry: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> String {
        try await tag(image.id, as: reference)
        let digestFile = scratch.newPath()
        defer { scratch.remove(digestFile) }
        let flags = program.registryFlags(reference) + program.digestFlags(digestFile)
        let (progress, errors) = (OutputTail(limit: 10), OutputTail(limit: 10))
        let isFailing = Latest(false)
        let termination = try await withThrowingTaskGroup(of: Termination?.self) { group in
            group.addTask { [name = program.name] in
                try await launcher.runTool(
                    program.command(["push"] + flags + [reference.tagged]),
                    output: .lines { source, line in
                        (source == .standardOutput ? progress : errors).append(line)
                        let text = String(decoding: line, as: UTF8.self)
                        guard program.triesAgain(text), !isFailing.current.value else { return }
                        isFailing.set(true)
                        if lastFailure == nil {
                            onRetry("\(name) push of \(reference.tagged) fails, \(name) tries again: \(text)")
                        }
                    }
                ).termination
            }
            if lastFailure != nil {
                group.addTask {
                    await isFailing.changed(since: 0)
                    return nil
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        try Task.checkCancellation()
        guard let termination else { throw lastFailure ?? TargetError("\(program.name) push did not end") }
        guard termination.isSuccess else {
            let said = (errors.lines.isEmpty ? progress : errors).lines.joined(separator: "\n")
            let error = program.error("", said: [said], termination: termination)
            throw TargetError(
                DockerFailure.isRegistryDown(said) ? .unavailable : error.severity,
                "\(program.name) push of \(reference.tagged) failed (\(termination))",
                details: said.split(separator: "\n").map(String.init),
                advice: pushAdvice(reference: reference, said: said))
        }
        if let digest = Self.digest(inPushOutput: progress.lines.joined(separator: "\n")) { return digest }
        if let written = scratch.read(digestFile).map({ String(decoding: $0, as: UTF8.self) }) {
            if written.hasPrefix("sha256:") { return String(written.prefix { !$0.isWhitespace }) }
        } else if let digest = try await digest(of: image.id, pushedAs: reference) {
            return digest
        }
        throw TargetError(
            "\(program.name) push of \(reference.tagged) named no digest", details: progress.lines.suffix(5))
    }

    /// Gives an image another name.
    func tag(_ id: String, as reference: ImageReference) async throws {
        let tag = try await run(["tag", id, reference.tagged])
        guard tag.termination.isSuccess else { throw failure("tag of \(reference.tagged) failed", tag) }
    }

    /// Gets an image from its registry, by its digest where the reference has one.
    func pull(_ reference: ImageReference, for platform: String? = nil) async throws -> CommandOutput {
        let image = reference.digest.map { "\(reference.name)@\($0)" } ?? reference.tagged
        let flags = platform.map { ["--platform=\($0)"] } ?? []
        return try await run(["pull", "--quiet"] + flags + program.registryFlags(reference) + [image])
    }

    /// The digest by which a registry has a local image that was pushed there or pulled from there; `nil` where that is
    /// not known.
    package func digest(of id: String, pushedAs reference: ImageReference) async throws -> String? {
        // What was pushed is told apart from what is here only when it was pulled.
        if !program.knowsItsPushes { _ = try await pull(reference) }
        let known = try await repositoryDigests(of: id).compactMap { ImageReference($0) }
        let digests = known.filter { $0.name == reference.name && $0.digest != nil }
        guard !program.knowsItsPushes, digests.count > 1 else { return digests.first?.digest }
        for digest in digests where try await pull(digest).termination.isSuccess { return digest.digest }
        return nil
    }

    /// The digests that a local image was pushed with or pulled by: `localhost:5000/blog/posts@sha256:…`
    package func repositoryDigests(of id: String) async throws -> [String] {
        let output = try await run(["image", "inspect", "--format={{json .RepoDigests}}", id])
        guard output.termination.isSuccess, let list = try? JSONParser.parse(output.standardOutput) else { return [] }
        return (list.array ?? []).compactMap(\.string)
    }

    static func buildCommand(_ request: BuildRequest, idFile: String) -> Command {
        var arguments = [
            "build", "--tag=\(request.reference.tagged)", "--file=\(request.dockerfile)", "--iidfile=\(idFile)",
        ]
        arguments += request.otherNames.map { "--tag=\($0.tagged)" }
        // Against 1024 of everything else.
        if request.givesWay { arguments.append("--cpu-shares=64") }
        if let stage = request.stage { arguments.append("--target=\(stage)") }
        for argument in request.arguments {
            arguments.append("--build-arg=\(argument.name)" + (argument.value.map { "=\($0)" } ?? ""))
        }
        var options = request.options
        if request.ignoresCache {
            // buildx takes only one of the two.
            options.noCacheFilter = []
            arguments.append("--no-cache")
        }
        return Command("docker", arguments + options.arguments + [request.context])
    }

    /// The notice with which docker's clients of version 23 and later begin each build of the old builder.
    private static func isNoise(_ line: [UInt8]) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        return text.hasPrefix("DEPRECATED: The legacy builder")
            || text.contains("Install the buildx component to build")
            || text.contains("https://docs.docker.com/go/buildx/")
    }

    /// The line `TAG: digest: sha256:… size: N` that ends a push.
    static func digest(inPushOutput output: String) -> String? {
        let words = output.split { $0 == " " || $0 == "\n" }
        guard let label = words.lastIndex(of: "digest:"), label + 1 < words.endIndex else { return nil }
        return String(words[label + 1])
    }

    private func pushAdvice(reference: ImageReference, said: String) -> String? {
        if reference.registry == nil {
            return "without a registry the image goes to Docker Hub: set \"registry\" in devloop.json or --registry"
        }
        if NetworkWords.noWay.contains(where: said.contains) {
            return "is the registry \(reference.registry ?? "") up? Try: curl http://\(reference.registry ?? "")/v2/"
        }
        if said.contains("denied") || said.contains("unauthorized") || said.contains("no basic auth") {
            return "log in first: \(program.name) login \(reference.registry ?? "")"
        }
        if said.contains("HTTP response to HTTPS client") {
            return "the registry speaks plain HTTP: \(program.plainRegistryAdvice)"
        }
        return nil
    }
}
