import Runner

/// `devloop explain`
struct ExplainCommand: ServiceSubcommand {
    static let name = "explain"
    static let summary = "say which saves are synced or built, and why"
    static let usage = "explain [SERVICE [FILE]...]"
    static let details = """
        Say for each service, or for the files of one, whether a save is written into
        the containers that run, and where to, or built into a new image, and why.
        A FILE is named as for any command, from the current folder, or, where that
        is none of the service's, from its context; a folder stands for what is in it.
        No cluster is asked: what containers run is read from the manifests and the
        image built last.
        """
    static let synonyms = ["sync": name, "why": name]

    /// A service, and files of it.
    var names: [String] = []

    /// Says it.
    /// - Throws: what keeps it from being known.
    func run(in context: CommandContext) async throws -> ExitCode {
        let configuration = try context.loader.configuration()
        let services = try configuration.services(named: Array(names.prefix(1)))
        let images = context.builder(for: configuration)
        let builder = try await images.ability().kind
        let manifests = try await context.loader.reader.read(configuration.manifests)
        let project = try ProjectParts(configuration, manifests: manifests, builder: builder)
            .project(in: configuration.namespace ?? "default")
        let paths = WatchedPaths(configuration, environment: context.environment, builder: builder)
        for service in project.services where services.contains(where: { $0.name == service.name }) {
            let files = paths.files(of: service.name)
            let takeup = try await takeup(of: service, in: project, files, images)
            tell(service.name, Self.verdict(takeup, of: service, files), context)
            guard let files, !names.isEmpty else { continue }
            let named = names.dropFirst().map {
                NamedFile($0, of: service.configuration.context, from: FileSystem.currentDirectory)
            }
            let chosen =
                named.isEmpty ? files.all.map { NamedFile($0, path: $0) } : named.flatMap { $0.files(in: files) }
            for file in chosen {
                let way = file.path.flatMap { files.holds($0) ? Self.way(of: files.judge($0), takeup) : nil }
                let other = way == nil ? service.configuration.namedContext(of: file.name) : nil
                tell(
                    service.name,
                    "\(way == nil ? file.name : file.path ?? ""): "
                        + (way ?? other.map { "built: it is of the context \($0)" } ?? Self.foreign), context)
            }
        }
        return .success
    }

    private static let foreign = "no file of its context, or one that an ignore file leaves out"

    /// In lines of a screen, also where there is none: it is for people.
    private func tell(_ service: String, _ text: String, _ context: CommandContext) {
        let indent = "  "
        let width = (context.terminal.columns(.output) ?? 80) - indent.count
        for (index, line) in "\(service): \(text)".wrapped(inside: width).enumerated() {
            context.terminal.say(.result((index == 0 ? "" : indent) + line))
        }
    }

    /// - Returns: `nil` where that is not known before the image is built.
    private func takeup(
        of service: Project.Service, in project: Project, _ files: ContextFiles?, _ images: ImageBuilder
    ) async throws -> Takeup? {
        let image = service.configuration.image.tagged
        guard let containers = project.containers(of: service), !containers.isEmpty else { return nil }
        let configuration: ImageConfiguration
        do {
            configuration = try await images.configuration(of: image)
        } catch let error as TargetError where error.severity == .failed {
            return nil
        }
        let question = TakeupQuestion(service: service.configuration, image: image, containers: containers)
        return Takeup(question, image: configuration, files: files)
    }

    private static func verdict(_ takeup: Takeup?, of service: Project.Service, _ files: ContextFiles?) -> String {
        if service.configuration.sync == .off { return "saves are built: \"sync\" is false" }
        if files == nil {
            return service.configuration.build.isEmpty
                ? "saves are built: its Dockerfile cannot be read"
                : "saves are built: of what a \"build\" command makes, only rules in \"sync\" say where files go"
        }
        guard let takeup else { return "saves are built until it is known what its containers run: build it first" }
        let after = takeup.after.map { $0.files.isEmpty ? "" : " for \($0.files.joined(separator: " "))" }
        let what =
            after.isEmpty ? "" : ", with what \"onSync\" says\(after.contains("") ? "" : after.joined(separator: ","))"
        if let command = takeup.deafCommand {
            return takeup.isPossible
                ? "saves are synced\(what)"
                : "saves are built: \(takeup.refusal ?? "nothing in \(command) takes up changed files")"
        }
        return takeup.names.isEmpty
            ? "saves are synced, whatever its containers run\(what)"
            : "saves are synced: its containers run \(takeup.names)\(what)"
    }

    private static func way(of change: FileChange, _ takeup: Takeup?) -> String {
        switch (takeup ?? Takeup()).way(of: change) {
        case .sync(let places) where takeup == nil: "it is \(places.map(\.path).joined(separator: ", "))"
        case .sync(let places):
            "synced to \(places.map(\.path).joined(separator: ", "))"
                + (takeup?.actions(after: [change]) ?? []).map { "; then \($0.words.future)" }.joined()
        case .build(let reason?): "built: \(reason)"
        case .build(nil):
            if case .image(let places) = change.place {
                "built; it is \(places.map(\.path).joined(separator: ", "))"
            } else {
                "built: nothing says where it goes"
            }
        }
    }
}

extension Configuration.Service {
    /// The named context that a file is in, which is named from the current folder.
    fileprivate func namedContext(of file: String) -> String? {
        let place = FileSystem.place(of: PathName.absolute(file, in: FileSystem.currentDirectory))
        return options.contexts.first { context in
            guard case .folder(let folder) = context.source else { return false }
            return PathName.relative(place, to: FileSystem.realPath(folder) ?? folder) != nil
        }?.name
    }
}
