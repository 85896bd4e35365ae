#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Builds by a command of the project's own.
///
/// It runs in the context, and is told by its environment what to do: `IMAGE` is the name that the image must have when
/// it ends, `PUSH` is `1` where it must be in the registry under that name, and empty otherwise. Nobody but the command
/// knows which image it made, so it is looked up by that name afterwards: one that was there before, because nothing
/// changed, is right; one that is missing is not.
extension ImageBuilder {
    /// Runs a request's command to its end, and finds the image.
    /// - Throws: ``TargetError`` with the end of the command's output, or `CancellationError`.
    func runCommand(
        of request: BuildRequest, onLine: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> BuiltImage {
        let name = "the build command of \(request.reference) (\(request.command[0]))"
        let tail = OutputTail(limit: 40)
        let output: CommandOutput
        do {
            output = try await launcher.run(
                Self.command(of: request),
                output: .lines { _, line in
                    tail.append(line)
                    onLine(line)
                })
        } catch let error as LaunchError {
            throw Self.failure(of: name, error, in: request.context)
        }
        guard output.termination.isSuccess else {
            throw TargetError("\(name) failed (\(output.termination))", details: tail.lines)
        }
        if let destination = request.destination {
            return try await fetch(destination, for: request, name, said: tail.lines)
        }
        guard let id = try await id(of: request.reference.tagged) else {
            throw TargetError(
                "\(name) ended without an error, but \(program.name) has no image \(request.reference.tagged)",
                details: tail.lines.suffix(5),
                advice: "it has to leave an image of the name that its environment variable IMAGE holds; if it pushes "
                    + "instead, say so with \"pushes\": true")
        }
        for other in request.otherNames { try await tag(id, as: other) }
        return BuiltImage(reference: request.reference, id: id)
    }

    /// Gets what a build itself has pushed: with the image it is known how its containers start, and whether it is another
    /// one than before.
    /// - Parameters:
    ///   - digest: the image's digest in the registry, where it is known.
    ///   - name: what has built it.
    func fetch(
        _ destination: ImageReference, digest: String? = nil, for request: BuildRequest, _ name: String,
        said lines: [String]
    ) async throws -> BuiltImage {
        let source = digest.map { "\(destination.name)@\($0)" } ?? destination.tagged
        let pull = try await pull(ImageReference(source) ?? destination, for: request.options.platform)
        guard pull.termination.isSuccess, let id = try await id(of: source) else {
            throw TargetError(
                DockerFailure.isRegistryDown(pull.errorText) ? .unavailable : .failed,
                "\(name) ended without an error, but \(source) could not be pulled",
                details: lines.suffix(5) + [pull.errorText],
                advice: digest == nil
                    ? "where PUSH is 1 it has to push an image of the name that its environment variable IMAGE holds"
                    : nil)
        }
        var known = digest
        if known == nil { known = try await self.digest(of: id, pushedAs: destination) }
        guard let known else {
            throw TargetError("\(program.name) knows no digest of \(destination.tagged), which it has pulled")
        }
        for other in [request.reference] + request.otherNames { try await tag(id, as: other) }
        let pushed = PushedImage(reference: destination, digest: known)
        knowledge.pushes[id] = pushed
        return BuiltImage(reference: request.reference, id: id, pushed: pushed)
    }

    /// What runs, and where.
    static func command(of request: BuildRequest) -> Command {
        let word = request.command[0]
        let program = word.hasPrefix("./") ? String(word.dropFirst(2)) : word
        return Command(
            word.contains("/") && !word.hasPrefix("/") ? "\(request.context)/\(program)" : word,
            Array(request.command.dropFirst()),
            environment: [
                "IMAGE": (request.destination ?? request.reference).tagged, "CONTEXT": request.context,
                "PUSH": request.destination == nil ? "" : "1", "PLATFORM": request.options.platform ?? "",
            ], directory: request.context)
    }

    private static func failure(of name: String, _ error: LaunchError, in context: String) -> TargetError {
        switch error {
        case .notFound(let program) where access(program, F_OK) == 0:
            TargetError("\(name) can't be run", advice: "make it a program: chmod +x \(program)")
        case .notFound(let program) where program.contains("/"):
            TargetError("\(name) is not there", advice: "the path is relative to the context, \(context)")
        case .notFound: TargetError("\(name) was not found on PATH", advice: "install it, or name it by its path")
        case .failed(_, let reason): TargetError("\(name) could not be started: \(reason)")
        }
    }
}
