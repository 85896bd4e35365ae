/// One stage of a Dockerfile: what it takes from the context, and which other stages it needs.
struct BuildStage {
    /// The name behind `AS`, in lower case.
    let name: String?
    /// The variables after the instructions so far.
    private(set) var variables: BuildVariables
    /// What its instructions take from the context: patterns relative to it, empty for the whole.
    private(set) var sources: [String] = []
    /// The stages that it names, or what may be their names: names and numbers, in lower case.
    private(set) var needs: Set<String> = []
    /// Whether it may need any stage, since a name holds a variable that is not known.
    private(set) var mayNeedAny = false

    /// Begins a stage.
    /// - Parameters:
    ///   - from: its `FROM` instruction.
    ///   - globals: the variables before the first stage.
    ///   - earlier: the stages before it.
    init(
        _ from: DockerfileInstruction, globals: BuildVariables, earlier: [BuildStage]
    ) throws(UndecidedDockerfile) {
        let words = Self.words(of: from)
        guard words.count == 1 || words.count == 3 && words[1].lowercased() == "as" else {
            throw UndecidedDockerfile("a malformed FROM")
        }
        if from.flags.contains(where: { $0.name != "platform" || $0.value == nil }) {
            throw UndecidedDockerfile("an unknown flag of FROM")
        }
        name = Self.name(in: from)
        guard let image = try globals.expand(words[0]) else {
            variables = globals.beginningStage(on: .image)
            mayNeedAny = true
            return
        }
        let stages = earlier.filter { $0.name == image.lowercased() }
        needs = [image.lowercased()]
        if stages.count == 1 {
            variables = globals.beginningStage(on: .stage(stages[0].variables))
        } else {
            variables = globals.beginningStage(on: image == "scratch" ? .nothing : .image)
        }
        // Images that are meant to be built upon so are tagged so; that another one does it can't be seen from here.
        if stages.isEmpty, image.lowercased().contains("onbuild") {
            throw UndecidedDockerfile("a base image that may have ONBUILD instructions")
        }
    }

    /// The name that a `FROM` instruction gives its stage, in lower case.
    static func name(in from: DockerfileInstruction) -> String? {
        let words = words(of: from)
        return words.count == 3 ? words[2].lowercased() : nil
    }

    /// The images or stages that an instruction begins a stage with, copies from or mounts, as far as they are known.
    static func images(in instruction: DockerfileInstruction, globals: BuildVariables) -> [String] {
        switch instruction.keyword {
        case "from":
            [words(of: instruction).first.flatMap { try? globals.expand($0) }].compactMap { $0 }.filter { !$0.isEmpty }
        // Builders replace no variables here.
        case "copy": instruction.flags.filter { $0.name == "from" }.compactMap(\.value).suffix(1)
        case "run": instruction.flags.filter { $0.name == "mount" }.compactMap { mountFields($0.value ?? "")["from"] }
        default: []
        }
    }

    private static func words(of from: DockerfileInstruction) -> [String] {
        from.arguments.unicodeScalars.split(whereSeparator: \.isBlank).map(String.init)
    }

    /// Goes through an instruction.
    mutating func add(_ instruction: DockerfileInstruction) throws(UndecidedDockerfile) {
        switch instruction.keyword {
        case "arg": try variables.declareArguments(instruction.arguments)
        case "env": try variables.setEnvironment(instruction.arguments)
        case "copy": try addCopy(instruction, flags: Self.copyFlags)
        case "add": try addCopy(instruction, flags: Self.addFlags)
        case "run": for flag in instruction.flags { try addRunFlag(flag) }
        case "onbuild": try addTrigger(instruction)
        case "cmd", "entrypoint", "expose", "healthcheck", "label", "maintainer", "shell", "stopsignal", "user",
            "volume", "workdir":
            break
        default: throw UndecidedDockerfile("an unknown instruction")
        }
    }

    // MARK: COPY and ADD

    /// The flags that don't add to what is copied, and whether they are complete without a value.
    private static let copyFlags = [
        "from": false, "chown": false, "chmod": false, "link": true, "parents": true, "exclude": false,
    ]
    private static let addFlags = [
        "chown": false, "chmod": false, "link": true, "exclude": false, "checksum": false, "keep-git-dir": true,
        "unpack": true,
    ]

    private mutating func addCopy(_ copy: DockerfileInstruction, flags: [String: Bool]) throws(UndecidedDockerfile) {
        for flag in copy.flags {
            guard let isComplete = flags[flag.name], isComplete || flag.value != nil else {
                throw UndecidedDockerfile("an unknown flag of COPY or ADD")
            }
        }
        if let from = copy.flags.last(where: { $0.name == "from" })?.value, !from.isEmpty { return need(from) }
        for word in try DockerfileWords.paths(copy.arguments).dropLast() {
            if copy.keyword == "add", word.hasPrefix("http://") || word.hasPrefix("https://") { continue }
            guard let source = try variables.expand(word) else {
                throw UndecidedDockerfile("a source with a variable that is not known")
            }
            let path = try Self.contextPath(source)
            // Its wildcards go over several folders.
            if copy.flags.contains(where: { $0.name == "parents" }), path.contains(where: { "*?[\\".contains($0) }) {
                throw UndecidedDockerfile("a wildcard with --parents")
            }
            sources.append(path)
        }
    }

    /// A source as a path relative to the context, cleaned as builders do; empty for the context itself.
    private static func contextPath(_ source: String) throws(UndecidedDockerfile) -> String {
        if source.unicodeScalars.contains(where: { $0.properties.isWhitespace && $0 != " " || $0 == "\0" }) {
            throw UndecidedDockerfile("a source with unusual white space")
        }
        let parts = source.utf8.split(separator: UInt8(ascii: "/")).compactMap(String.init).filter { $0 != "." }
        // After a wildcard, or above the context.
        if parts.contains("..") { throw UndecidedDockerfile("a source with ..") }
        return parts.joined(separator: "/")
    }

    private mutating func need(_ stage: String) {
        if stage.contains("$") { mayNeedAny = true } else { needs.insert(stage.lowercased()) }
    }

    // MARK: RUN and ONBUILD

    private mutating func addRunFlag(_ flag: DockerfileInstruction.Flag) throws(UndecidedDockerfile) {
        if ["network", "security", "device"].contains(flag.name) { return }
        guard flag.name == "mount", let value = flag.value else {
            throw UndecidedDockerfile("an unknown flag of RUN")
        }
        let fields = Self.mountFields(value)
        if let from = fields["from"], !from.isEmpty { return need(from) }
        switch fields["type"] ?? "bind" {
        case "cache", "secret", "ssh", "tmpfs": break
        case "bind":
            let source = fields["source"] ?? fields["src"] ?? ""
            if source.contains("$") || fields["source"] != nil && fields["src"] != nil {
                throw UndecidedDockerfile("a mount with a variable")
            }
            sources.append(try Self.contextPath(source))
        default: throw UndecidedDockerfile("an unknown kind of mount")
        }
    }

    /// `type=bind,from=build`
    private static func mountFields(_ value: String) -> [String: String] {
        var fields: [String: String] = [:]
        for field in value.split(separator: ",") {
            let key = field.prefix { $0 != "=" }
            fields[key.lowercased()] = String(field[key.endIndex...].dropFirst())
        }
        return fields
    }

    /// A trigger runs in the stages that are based on this one, with the variables that they have.
    private func addTrigger(_ instruction: DockerfileInstruction) throws(UndecidedDockerfile) {
        let trigger = try DockerfileParser.split(Substring(instruction.arguments).unicodeScalars)
        let concernsContext =
            ["add", "copy", "arg", "env"].contains(trigger.keyword)
            || trigger.keyword == "run" && !trigger.flags.isEmpty
        if concernsContext { throw UndecidedDockerfile("an ONBUILD instruction") }
    }
}
