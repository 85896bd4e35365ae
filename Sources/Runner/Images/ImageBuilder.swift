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

/// Builds images with `docker build` and pushes them with `docker push`.
package struct ImageBuilder: Sendable {
    let launcher: any CommandRunning
    private let scratch: ScratchFolder
    let knowledge = ImageKnowledge()

    /// A builder.
    /// - Parameter scratch: a folder for the files through which docker hands over image ids.
    package init(launcher: any CommandRunning, scratch: ScratchFolder) {
        self.launcher = launcher
        self.scratch = scratch
    }

    /// Asks the Docker daemon for its version.
    /// - Throws: ``TargetError`` of severity `unavailable` where docker is missing or its daemon does not answer.
    package func prepare() async throws {
        try await DockerCommand.checkDaemon(with: launcher)
    }

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
        for name in [request.reference] + request.otherNames {
            let tag = try await launcher.runTool(Command("docker", ["tag", original.id, name.tagged]))
            guard tag.termination.isSuccess else {
                throw DockerFailure.error(
                    "docker tag of \(name.tagged) failed", said: [tag.errorText], termination: tag.termination)
            }
        }
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

    private func id(of image: String) async throws -> String? {
        let output = try await launcher.runTool(Command("docker", ["image", "inspect", "--format={{.Id}}", image]))
        if output.termination.isSuccess { return output.text.split(separator: "\n").first.map(String.init) }
        if output.errorText.contains("No such image") { return nil }
        throw DockerFailure.error("docker image inspect of \(image) failed", said: [output.errorText])
    }

    private func buildOnce(
        _ request: BuildRequest, onLine: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> BuiltImage {
        let idFile = scratch.newPath()
        defer { scratch.remove(idFile) }
        let tail = OutputTail(limit: 40)
        let command = Self.buildCommand(request, idFile: idFile)
        let output = try await launcher.runTool(
            command,
            output: .lines { _, line in
                guard !Self.isNoise(line) else { return }
                tail.append(line)
                onLine(line)
            })
        guard output.termination.isSuccess else {
            var error = DockerFailure.error(
                "docker build of \(request.reference) failed (\(output.termination))", said: tail.lines,
                termination: output.termination)
            error.advice = error.advice ?? BuildAdvice.words(for: tail.lines, request.options)
            throw error
        }
        guard let id = scratch.read(idFile).map({ String(decoding: $0, as: UTF8.self) }), id.hasPrefix("sha256:")
        else {
            throw TargetError("docker build of \(request.reference) ended without an image id", details: tail.lines)
        }
        return BuiltImage(
            reference: request.reference, id: String(id.prefix { !$0.isWhitespace }))
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
        let tag = try await launcher.runTool(Command("docker", ["tag", image.id, reference.tagged]))
        guard tag.termination.isSuccess else {
            throw DockerFailure.error(
                "docker tag of \(reference.tagged) failed", said: [tag.errorText],
                termination: tag.termination)
        }
        let (progress, errors) = (OutputTail(limit: 10), OutputTail(limit: 10))
        let isFailing = Latest(false)
        let termination = try await withThrowingTaskGroup(of: Termination?.self) { group in
            group.addTask {
                try await launcher.runTool(
                    Command("docker", ["push", reference.tagged]),
                    output: .lines { source, line in
                        (source == .standardOutput ? progress : errors).append(line)
                        let text = String(decoding: line, as: UTF8.self)
                        guard text.contains(": Retrying in "), !isFailing.current.value else { return }
                        isFailing.set(true)
                        if lastFailure == nil {
                            onRetry("docker push of \(reference.tagged) fails, docker tries again: \(text)")
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
        guard let termination else { throw lastFailure ?? TargetError("docker push did not end") }
        guard termination.isSuccess else {
            let said = (errors.lines.isEmpty ? progress : errors).lines.joined(separator: "\n")
            let error = DockerFailure.error("", said: [said], termination: termination)
            throw TargetError(
                DockerFailure.isRegistryDown(said) ? .unavailable : error.severity,
                "docker push of \(reference.tagged) failed (\(termination))",
                details: said.split(separator: "\n").map(String.init),
                advice: Self.pushAdvice(reference: reference, said: said))
        }
        guard let digest = Self.digest(inPushOutput: progress.lines.joined(separator: "\n")) else {
            throw TargetError(
                "docker push of \(reference.tagged) named no digest",
                details: progress.lines.suffix(5))
        }
        return digest
    }

    /// The digests that a local image was pushed with or pulled by: `localhost:5000/blog/posts@sha256:…`
    package func repositoryDigests(of id: String) async throws -> [String] {
        let output = try await launcher.runTool(
            Command("docker", ["image", "inspect", "--format={{json .RepoDigests}}", id]))
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
        if request.ignoresCache { arguments.append("--no-cache") }
        return Command("docker", arguments + request.options.arguments + [request.context])
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

    private static func pushAdvice(reference: ImageReference, said: String) -> String? {
        if reference.registry == nil {
            return "without a registry the image goes to Docker Hub: set \"registry\" in devloop.json or --registry"
        }
        if NetworkWords.noWay.contains(where: said.contains) {
            return "is the registry \(reference.registry ?? "") up? Try: curl http://\(reference.registry ?? "")/v2/"
        }
        if said.contains("denied") || said.contains("unauthorized") || said.contains("no basic auth") {
            return "log in first: docker login \(reference.registry ?? "")"
        }
        if said.contains("HTTP response to HTTPS client") {
            return "the registry speaks plain HTTP: add it to \"insecure-registries\" in Docker's daemon.json"
        }
        return nil
    }
}
