/// One stage of a Dockerfile: what it takes from the context, and which other stages it needs.
struct BuildStage {
    /// The name behind `AS`, in lower case.
    let name: String?
    /// The variables after the instructions so far.
    private(set) var variables: BuildVariables
    /// What its instructions take from the context: patterns relative to it, empty for the whole.
    private(set) var sources: [String] = []
    /// What it does with files, in order, with what the stages that it is based on did before.
    private(set) var steps: [CopyStep] = []
    /// Where relative destinations are; `nil` where the base image says so.
    private(set) var workingDirectory: String?
    /// The names of the stages that it is based on, in lower case.
    private(set) var bases: [String] = []
    /// Whether it may be based on one of several stages.
    private(set) var hasUnknownBase = false
    /// Its `ONBUILD` instructions, which run in the stages that are based on it.
    private var triggers: [DockerfileInstruction] = []
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
            (mayNeedAny, hasUnknownBase) = (true, true)
            return
        }
        let stages = earlier.filter { $0.name == image.lowercased() }
        needs = [image.lowercased()]
        if stages.count == 1 {
            variables = globals.beginningStage(on: .stage(stages[0].variables))
            begin(on: stages[0])
        } else {
            variables = globals.beginningStage(on: image == "scratch" ? .nothing : .image)
            if image == "scratch" { workingDirectory = "/" } else { steps = [.image] }
            if stages.count > 1 { hasUnknownBase = true }
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
        case "run":
            let before = sources.count
            for flag in instruction.flags { try addRunFlag(flag) }
            let stages = instruction.flags.compactMap { Self.mountFields($0.value ?? "")["from"]?.lowercased() }
            steps.append(.run(text: instruction.text, mounts: Array(sources[before...]), stages: stages))
        case "onbuild": try addTrigger(instruction)
        case "workdir":
            workingDirectory = path(instruction.arguments).flatMap { ImagePath.absolute($0, in: workingDirectory) }
            steps.append(.folder(text: instruction.text, workingDirectory))
        case "volume":
            let words = try? DockerfileWords.paths(instruction.arguments)
            let paths = words?.compactMap { path($0).flatMap { ImagePath.absolute($0, in: "/") } }
            steps.append(.volume(text: instruction.text, paths?.count == words?.count ? paths : nil))
        case "cmd", "entrypoint", "expose", "healthcheck", "label", "maintainer", "shell", "stopsignal", "user": break
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
        let words = try DockerfileWords.paths(copy.arguments)
        let isLinked = copy.flags.contains { $0.name == "link" }
        let written = words.last.flatMap(path)
        let destination = written.flatMap {
            CopyStep.Destination($0, in: workingDirectory, isLinked: isLinked)
        }
        if let from = copy.flags.last(where: { $0.name == "from" })?.value, !from.isEmpty {
            steps.append(.from(text: copy.text, stage: from.lowercased(), destination: destination))
            return need(from)
        }
        var own: [String] = []
        for word in words.dropLast() {
            if copy.keyword == "add", word.hasPrefix("http://") || word.hasPrefix("https://") { continue }
            guard let source = try variables.expand(word) else {
                throw UndecidedDockerfile("a source with a variable that is not known")
            }
            let path = try Self.contextPath(source)
            // Its wildcards go over several folders.
            if copy.flags.contains(where: { $0.name == "parents" }), path.contains(where: { "*?[\\".contains($0) }) {
                throw UndecidedDockerfile("a wildcard with --parents")
            }
            own.append(path)
        }
        sources += own
        var step = CopyStep.Copy(
            text: copy.text, sources: own, hasOthers: copy.hasHereDocuments || words.count - 1 > own.count,
            destination: destination, isAdd: copy.keyword == "add")
        if destination == nil {
            step.problem = "the \(written == nil ? "destination" : "working directory of the base image") is not known"
        }
        for flag in copy.flags { setFlag(flag, of: &step) }
        steps.append(.copy(step))
    }

    private func setFlag(_ flag: DockerfileInstruction.Flag, of copy: inout CopyStep.Copy) {
        let value = flag.value.flatMap(path)
        switch flag.name {
        case "chown" where value?.isEmpty == false: copy.owner = value
        // Permissions by letters change those of the file.
        case "chmod": copy.mode = value.flatMap { UInt16($0, radix: 8) }.flatMap { $0 <= 0o7777 ? $0 : nil }
        case "from", "link": break
        default: copy.problem = "--\(flag.name)"
        }
        if flag.name == "chmod", copy.mode == nil { copy.problem = "--chmod" }
    }

    /// A path or another word with its variables replaced; `nil` where that can't be known.
    private func path(_ word: String) -> String? { (try? variables.expand(word)) ?? nil }

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
    private mutating func addTrigger(_ instruction: DockerfileInstruction) throws(UndecidedDockerfile) {
        let trigger = try DockerfileParser.split(Substring(instruction.arguments).unicodeScalars)
        let concernsContext =
            ["add", "copy", "arg", "env"].contains(trigger.keyword)
            || trigger.keyword == "run" && !trigger.flags.isEmpty
        if concernsContext { throw UndecidedDockerfile("an ONBUILD instruction") }
        triggers.append(instruction)
    }

    /// Takes over what another stage does.
    private mutating func begin(on other: BuildStage) {
        (steps, workingDirectory, hasUnknownBase) = (other.steps, other.workingDirectory, other.hasUnknownBase)
        bases = other.bases + [other.name ?? ""]
        for trigger in other.triggers {
            // Such as a RUN, or a WORKDIR.
            steps.append(.run(text: trigger.text, mounts: [], stages: []))
            workingDirectory = nil
        }
    }
}
