import Runner

/// Turns the text of a `devloop.json` into a configuration, by the table of its keys, and collects everything that is wrong
/// with it on the way.
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

    /// Where everything stands in the file.
    let origin: Configuration.Origin
    /// The folder that paths are relative to.
    let directory: String
    private var problems: [ConfigurationError.Problem] = []
    private var requiredPaths: [RequiredPath] = []

    init(origin: Configuration.Origin, directory: String) {
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
        var configuration: Configuration? = reader.section(document, at: "")
        configuration?.path = path
        configuration?.origin = reader.origin
        return Draft(
            configuration: reader.problems.isEmpty ? configuration : nil, problems: reader.problems,
            origin: reader.origin, requiredPaths: reader.requiredPaths)
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

    // MARK: - Values

    /// The section that an object holds; `nil` where it is none, or has not what it can't be without.
    mutating func section<Section: ConfigurationSection>(_ value: JSONValue, at path: String) -> Section? {
        guard let object = value.object else {
            report(value, at: path, expected: "an object")
            return nil
        }
        let keys = Section.keys
        reportUnknownKeys(of: object, at: path, known: keys.map(\.description.name))
        var section = Section.blank(at: path)
        var read: Set<String> = []
        var isWhole = true
        for key in keys {
            let name = key.description.name
            let isRequired = key.description.fallback == .required
            if let value = object[name] {
                if key.read(value, child(name, of: path), &self, &section) {
                    read.insert(name)
                } else if isRequired {
                    isWhole = false
                }
            } else if isRequired {
                isWhole = false
                reportMissing(name, of: object, at: path, expected: key.description.shape.expectationOfMissing)
            }
        }
        section.complete(read, at: path, &self)
        return isWhole ? section : nil
    }

    /// A text that follows a rule.
    mutating func text(_ value: JSONValue, at path: String, _ rule: ValueRule) -> String? {
        guard let text = value.string else {
            report(value, at: path, expected: ValueShape.text(rule).expectation)
            return nil
        }
        guard let problem = rule.problem(with: text) else { return text }
        report(path, problem)
        return nil
    }

    /// Notes that something must be at a path.
    /// - Parameter folder: what the path is relative to; the file's own folder where it is `nil`.
    /// - Returns: the absolute path.
    mutating func require(
        _ path: String, in folder: String? = nil, as use: RequiredPath.Use, at keyPath: String
    ) -> String {
        let path = PathName.absolute(path, in: folder ?? directory)
        requiredPaths.append(RequiredPath(path: path, use: use, keyPath: keyPath))
        return path
    }

    // MARK: - Problems

    /// Notes what is wrong with what stands at a path.
    mutating func report(_ path: String, _ message: String) {
        problems.append(
            ConfigurationError.Problem(position: origin.position(of: path), keyPath: path, message: message))
    }

    /// Whether something is wrong with what stands in an object.
    func hasProblem(in path: String) -> Bool { problems.contains { $0.keyPath.hasPrefix("\(path).") } }

    /// Notes that something else was expected.
    /// - Parameters:
    ///   - right: the word that was meant.
    ///   - advice: what to do, where no word was.
    mutating func report(
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

    private mutating func reportUnknownKeys(of object: JSONObject, at path: String, known: [String]) {
        for key in object.keys where !known.contains(key) {
            let right = Suggestion.nearest(to: key, in: known)
            report(
                child(key, of: path),
                right.map { "unknown key; did you mean \"\($0)\"?" }
                    ?? "unknown key; expected one of \(known.filter { !$0.hasPrefix("$") }.joined(separator: ", "))")
        }
    }

    /// A missing key is not reported where another one is there that is it, misspelt.
    private mutating func reportMissing(_ key: String, of object: JSONObject, at path: String, expected: String) {
        guard !object.keys.contains(where: { Suggestion.nearest(to: $0, in: [key]) != nil }) else { return }
        report(path, "\"\(key)\" is missing: expected \(expected)")
    }

    private func child(_ key: String, of path: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
