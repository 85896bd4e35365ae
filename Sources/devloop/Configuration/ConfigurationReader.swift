import Runner

/// Turns the text of a `devloop.json` into a configuration, and collects everything that is wrong with it on the way.
///
/// It looks at nothing but the text: which paths must exist is a result, checked by ``RequiredPath/problem(_:)``.
struct ConfigurationReader {
    /// What was read.
    struct Draft {
        /// The configuration; `nil` where there are problems.
        var configuration: Configuration?
        /// What is wrong with the text.
        var problems: [ConfigurationError.Problem]
        /// Where everything stands.
        var origin: Configuration.Origin
        /// What must be on the disk.
        var requiredPaths: [RequiredPath]
    }

    private let origin: Configuration.Origin
    private let directory: String
    private var problems: [ConfigurationError.Problem] = []
    private var requiredPaths: [RequiredPath] = []

    private init(origin: Configuration.Origin, directory: String) {
        self.origin = origin
        self.directory = directory
    }

    /// Reads a text.
    /// - Parameters:
    ///   - path: the file's absolute path.
    ///   - file: the file as messages name it.
    /// - Throws: ``ConfigurationError`` where the text is no JSON5; what is wrong beyond that is in the draft.
    static func read(_ text: [UInt8], path: String, file: String) throws(ConfigurationError) -> Draft {
        let (document, positions) = try parse(text, file: file)
        var reader = ConfigurationReader(
            origin: Configuration.Origin(file: file, positions: positions), directory: PathName.directory(of: path))
        let configuration = reader.configuration(document, path: path)
        return Draft(
            configuration: reader.problems.isEmpty ? configuration : nil, problems: reader.problems,
            origin: reader.origin,
            requiredPaths: reader.requiredPaths)
    }

    private static func parse(
        _ text: [UInt8], file: String
    ) throws(ConfigurationError) -> (JSONValue, JSONParser.Positions) {
        do throws(JSONSyntaxError) {
            if let position = firstPlaceThatIsNotUTF8(in: text) {
                throw JSONSyntaxError(message: "expected UTF-8, found other bytes", position: position)
            }
            return try JSONParser.parseWithPositions(text)
        } catch {
            let problem = ConfigurationError.Problem(position: error.position, keyPath: "", message: error.message)
            throw ConfigurationError(file: file, problems: [problem])
        }
    }

    private static func firstPlaceThatIsNotUTF8(in text: [UInt8]) -> TextPosition? {
        guard String(validating: text, as: UTF8.self) == nil else { return nil }
        var position = TextPosition(line: 1, column: 1)
        var bytes = text.makeIterator()
        var decoder = UTF8()
        while case .scalarValue(let scalar) = decoder.decode(&bytes) {
            position.column += 1
            if scalar == "\n" { position = TextPosition(line: position.line + 1, column: 1) }
        }
        return position
    }

    // MARK: - The document

    private mutating func configuration(_ document: JSONValue, path: String) -> Configuration? {
        guard
            let root = object(
                document, at: "",
                keys: [
                    "$schema", "name", "manifests", "target", "kubeContext", "allowedContexts", "namespace", "registry",
                    "services",
                    "watch",
                ])
        else { return nil }
        if let schema = root["$schema"], schema.string == nil { report(schema, at: "$schema", expected: "a string") }
        return Configuration(
            path: path,
            name: string("name", of: root, at: "", .projectName) ?? Configuration.defaultName(for: directory),
            manifests: manifests(root["manifests"]),
            target: target(root["target"]),
            kubeContext: string("kubeContext", of: root, at: "", .kubeContext),
            allowedContexts: strings(root["allowedContexts"], at: "allowedContexts", .kubeContext, of: "contexts")
                .map(\.value),
            namespace: string("namespace", of: root, at: "", .namespace),
            registry: string("registry", of: root, at: "", .registry),
            services: services(of: root),
            watch: watch(root["watch"]),
            origin: origin)
    }

    private mutating func manifests(_ value: JSONValue?) -> [String] {
        strings(value, at: "manifests", .path, of: "paths").map { element in
            let path = PathName.absolute(element.value, in: directory)
            requiredPaths.append(RequiredPath(path: path, use: .manifest, keyPath: element.keyPath))
            return path
        }
    }

    private mutating func target(_ value: JSONValue?) -> TargetKind {
        guard let value else { return .kubernetes }
        if let target = value.string.flatMap(TargetKind.init) { return target }
        let right = value.string.flatMap { Suggestion.nearest(to: $0, in: TargetKind.allCases.map(\.rawValue)) }
        report(value, at: "target", expected: "\"kubernetes\" or \"docker\"", meant: right)
        return .kubernetes
    }

    private mutating func watch(_ value: JSONValue?) -> Configuration.Watch {
        var watch = Configuration.Watch()
        let (poll, settle) = ("pollMilliseconds", "settleMilliseconds")
        guard let value, let object = object(value, at: "watch", keys: [poll, settle]) else { return watch }
        if let time = milliseconds(object[poll], at: "watch.\(poll)", 10...60_000) { watch.poll = time }
        if let time = milliseconds(object[settle], at: "watch.\(settle)", 0...2_000) { watch.settle = time }
        return watch
    }

    private mutating func milliseconds(_ value: JSONValue?, at path: String, _ range: ClosedRange<Int>) -> Duration? {
        guard let value else { return nil }
        if let number = value.integer, range.contains(number) { return .milliseconds(number) }
        let expected = "a whole number of milliseconds from \(range.lowerBound) to \(range.upperBound)"
        report(value, at: path, expected: expected)
        return nil
    }

    // MARK: - Services

    private mutating func services(of root: JSONObject) -> [Configuration.Service] {
        guard let value = root["services"] else {
            reportMissing("services", of: root, at: "", expected: "the services")
            return []
        }
        guard let elements = value.array else {
            report(value, at: "services", expected: "an array of services")
            return []
        }
        if elements.isEmpty { report("services", "expected at least one service, found an empty array") }
        let services = elements.enumerated().compactMap { service($1, at: "services[\($0)]") }
        reportRepetitions(services)
        return services
    }

    private mutating func service(_ value: JSONValue, at path: String) -> Configuration.Service? {
        guard
            let object = object(
                value, at: path,
                keys: ["name", "image", "context", "dockerfile", "stage", "buildArgs", "workloads", "ignore"])
        else { return nil }
        let name = string("name", of: object, at: path, .serviceName)
        let image = requiredString("image", of: object, at: path, .image).flatMap(ImageReference.init)
        let context = requiredString("context", of: object, at: path, .path)
            .map { PathName.absolute($0, in: directory) }
        let dockerfile = string("dockerfile", of: object, at: path, .path)
        let stage = string("stage", of: object, at: path, .stage)
        let buildArgs = buildArguments(object["buildArgs"], at: "\(path).buildArgs")
        let workloads = object["workloads"].map { workloadList($0, at: "\(path).workloads") }
        let ignore = strings(object["ignore"], at: "\(path).ignore", .ignorePattern, of: "patterns").map(\.value)
        guard let context else { return nil }
        let dockerfilePath = PathName.absolute(dockerfile ?? "Dockerfile", in: context)
        requiredPaths.append(RequiredPath(path: context, use: .context, keyPath: "\(path).context"))
        requiredPaths.append(
            RequiredPath(
                path: dockerfilePath, use: .dockerfile(context: context, isNamed: dockerfile != nil),
                keyPath: dockerfile == nil ? "\(path).context" : "\(path).dockerfile"))
        guard let image else { return nil }
        return Configuration.Service(
            name: name ?? defaultName(of: image, at: path), image: image, context: context, dockerfile: dockerfilePath,
            stage: stage, buildArgs: buildArgs, workloads: workloads, ignore: ignore, keyPath: path)
    }

    private mutating func defaultName(of image: ImageReference, at path: String) -> String {
        let name = PathName.lastComponent(of: image.repository)
        if let problem = ValueRule.serviceName.problem(with: name) {
            report("\(path).image", "the service's name is taken from its image: \(problem); give it a \"name\"")
        }
        return name
    }

    private mutating func buildArguments(_ value: JSONValue?, at path: String) -> [Configuration.BuildArgument] {
        guard let value else { return [] }
        guard let object = value.object else {
            report(value, at: path, expected: "an object of build arguments")
            return []
        }
        return object.members.compactMap { member in
            let child = "\(path).\(member.key)"
            if let problem = ValueRule.buildArgument.problem(with: member.key) { report(child, problem) }
            switch member.value {
            case .null: return Configuration.BuildArgument(name: member.key, value: nil)
            case .string(let text) where !text.utf8.contains(0):
                return Configuration.BuildArgument(name: member.key, value: text)
            case .string:
                report(child, "expected a text, found one that holds a NUL character")
            case .number, .bool:
                report(member.value, at: child, expected: "a string", advice: "write \"\(member.value)\"")
            default:
                report(member.value, at: child, expected: "a string, or null for the environment's value")
            }
            return nil
        }
    }

    private mutating func workloadList(_ value: JSONValue, at path: String) -> [Workload.Name] {
        let texts = strings(value, at: path, .workload, of: "workloads")
        if value.array?.isEmpty == true {
            report(path, "expected at least one workload, found an empty array; without the key, the manifests say it")
        }
        return texts.compactMap { Workload.Name($0.value) }
    }

    private mutating func reportRepetitions(_ services: [Configuration.Service]) {
        var names: [String: String] = [:]
        var images: [String: String] = [:]
        for service in services {
            let isNamed = origin.positions["\(service.keyPath).name"] != nil
            if let other = images.updateValue(service.keyPath, forKey: service.image.tagged) {
                report("\(service.keyPath).image", "\(other) has the image \"\(service.image)\" already")
            } else if let other = names[service.name] {
                let advice = isNamed ? "" : "; give one of them another \"name\""
                report(
                    "\(service.keyPath).\(isNamed ? "name" : "image")",
                    "\(other) has the name \"\(service.name)\" already\(advice)")
            }
            names[service.name] = service.keyPath
        }
    }

    // MARK: - Values

    /// The members of an object, its unknown keys reported.
    private mutating func object(_ value: JSONValue, at path: String, keys: [String]) -> JSONObject? {
        guard let object = value.object else {
            report(value, at: path, expected: "an object")
            return nil
        }
        for key in object.keys where !keys.contains(key) {
            let right = Suggestion.nearest(to: key, in: keys)
            report(
                child(key, of: path),
                right.map { "unknown key; did you mean \"\($0)\"?" }
                    ?? "unknown key; expected one of \(keys.filter { $0 != "$schema" }.joined(separator: ", "))")
        }
        return object
    }

    private mutating func string(
        _ key: String, of object: JSONObject, at path: String, _ rule: ValueRule
    ) -> String? {
        object[key].flatMap { string($0, at: child(key, of: path), rule) }
    }

    private mutating func requiredString(
        _ key: String, of object: JSONObject, at path: String, _ rule: ValueRule
    ) -> String? {
        guard let value = object[key] else {
            reportMissing(key, of: object, at: path, expected: rule.expectation)
            return nil
        }
        return string(value, at: child(key, of: path), rule)
    }

    private mutating func string(_ value: JSONValue, at path: String, _ rule: ValueRule) -> String? {
        guard let text = value.string else {
            report(value, at: path, expected: "\(rule.expectation) (a string)")
            return nil
        }
        guard let problem = rule.problem(with: text) else { return text }
        report(path, problem)
        return nil
    }

    private mutating func strings(
        _ value: JSONValue?, at path: String, _ rule: ValueRule, of things: String
    ) -> [(value: String, keyPath: String)] {
        guard let value else { return [] }
        guard let elements = value.array else {
            let advice = value.string.map { "write [\(ValueRule.quoted($0))]" }
            report(value, at: path, expected: "an array of \(things)", advice: advice)
            return []
        }
        return elements.enumerated().compactMap { index, element in
            let child = "\(path)[\(index)]"
            return string(element, at: child, rule).map { ($0, child) }
        }
    }

    // MARK: - Problems

    private mutating func report(_ path: String, _ message: String) {
        problems.append(
            ConfigurationError.Problem(position: origin.position(of: path), keyPath: path, message: message))
    }

    private mutating func report(
        _ value: JSONValue, at path: String, expected: String, meant right: String? = nil, advice: String? = nil
    ) {
        let found: String =
            switch value {
            case .string(let text): ValueRule.quoted(text)
            case .number(let digits): digits
            case .bool(let value): "\(value)"
            default: value.kindInWords
            }
        let hint = right.map { "; did you mean \"\($0)\"?" } ?? advice.map { "; \($0)" } ?? ""
        report(path, "expected \(expected), found \(found)\(hint)")
    }

    /// A missing key is not reported where another one is there that is it, misspelt.
    private mutating func reportMissing(_ key: String, of object: JSONObject, at path: String, expected: String) {
        guard !object.keys.contains(where: { Suggestion.nearest(to: $0, in: [key]) != nil }) else { return }
        report(path, "\"\(key)\" is missing: expected \(expected)")
    }

    private func child(_ key: String, of path: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
