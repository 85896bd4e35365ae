import Runner

/// Why files that change in a running container are taken up.
struct Pickup: Sendable, Hashable {
    /// How they are.
    enum Kind: Sendable, Hashable {
        /// The program is started again, or loads the file again.
        case reloads
        /// The file is read whenever somebody asks for it.
        case serves
    }

    /// How changes are taken up.
    var kind: Kind
    /// What does it, as its users call it: `node --watch`, `nodemon`, `nginx`.
    var name: String
    private var programs: [PickingUp]

    /// Judges what a container starts. `nil`: it isn't known that anything takes up changes.
    /// - Parameter file: the contents of a file of the build context by the absolute path that it has in the
    ///   container; `nil` where there is none.
    init?(_ command: StartCommand, file: (_ path: String) -> [UInt8]?) {
        let verdict = withoutActuallyEscaping(file) { file in
            var judge = StartJudge(file: file)
            return judge.judge(
                command.arguments,
                StartContext(directory: command.workingDirectory, environment: command.environment))
        }
        guard case .runs(let programs) = verdict else { return nil }
        let speaking = programs.filter { $0.role != .compiles }
        guard let first = speaking.first, Self.fit(programs) else { return nil }
        guard speaking.allSatisfy(\.files.canTakeAny) else { return nil }
        kind = speaking.contains { $0.role != .serves } ? .reloads : .serves
        var names: [String] = []
        for program in speaking where !names.contains(program.name) { names.append(program.name) }
        name = names.count < 3 ? names.joined(separator: " and ") : "\(first.name) and others"
        self.programs = programs
    }

    /// Whether a change of the file at this absolute path of the container is taken up.
    ///
    /// Of several programs, each one that may use the file has to take it.
    /// - Parameter isAddedOrRemoved: whether the file wasn't there before, or isn't any more: what watches only the
    ///   modules that it has loaded doesn't see that.
    func takes(_ path: String, isAddedOrRemoved: Bool = false) -> Bool {
        guard path.hasPrefix("/"), !path.hasSuffix("/"), PathName.absolute(path, in: "/") == path,
            !FixedFiles.contain(path)
        else { return false }
        let programs = isAddedOrRemoved ? programs.filter(\.watchesFolders) : programs
        guard programs.count == self.programs.count else { return false }
        // What is compiled reaches the program as another file, which it takes.
        if programs.contains(where: { $0.role == .compiles && $0.files.take(path) }) { return true }
        let users = programs.filter { $0.role != .compiles && ContainerPath.isIn($0.files.home, path) }
        let others = programs.filter { $0.role != .compiles && !ContainerPath.isIn($0.files.home, path) }
        if users.isEmpty { return others.contains { $0.files.take(path) } }
        // A server beside a bundler has no use for styles and images.
        let bundlers = users.filter { $0.files.layout == .web }
        let isOfPages = !bundlers.isEmpty && WatchedFiles.pages.contains(ContainerPath.fileExtension(path))
        return (isOfPages ? bundlers : users).allSatisfy { $0.files.take(path) }
    }

    /// Whether what compilers write is taken up by all that runs beside them.
    private static func fit(_ programs: [PickingUp]) -> Bool {
        guard programs.contains(where: { $0.role == .compiles && !($0.files.extensions?.isEmpty ?? false) }) else {
            return true
        }
        return programs.allSatisfy { $0.role == .compiles || $0.takesWhatIsBuilt }
    }
}

/// A running program that takes up changes.
struct PickingUp: Sendable, Hashable {
    /// What it does with a changed file.
    enum Role: Sendable, Hashable {
        case reloads
        case serves
        /// Writes another file, which only counts where something else takes that one.
        case compiles
    }

    var role = Role.reloads
    var name: String
    var files: WatchedFiles
    /// Whether it sees a file come or go, and not only the ones that it knows.
    var watchesFolders = true
    /// Whether it takes whatever a compiler writes below its folder.
    var takesWhatIsBuilt = false
}
