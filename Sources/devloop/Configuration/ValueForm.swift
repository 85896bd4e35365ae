import Runner

/// What a value of `devloop.json` must be, in a form that messages and a schema are made from.
indirect enum ValueShape: Sendable {
    /// Any text at all.
    case anyText
    case text(ValueRule)
    /// One of a few words.
    case choice([String])
    /// A whole number of something.
    case number(ClosedRange<Int>, of: String)
    /// The number of a TCP port.
    case port
    /// `null` too.
    case nullable(ValueShape)
    case list(of: ValueShape, called: String)
    /// An object whose keys the user chooses.
    case map(keys: ValueRule, values: ValueShape, called: String)
    /// An object with keys of ours.
    case section([KeyDescription])
    /// `true` or `false`.
    case flag
    /// One of several.
    case oneOf([ValueShape])

    /// The keys of the object, or of the objects in the list.
    var keys: [KeyDescription] {
        switch self {
        case .section(let keys): keys
        case .list(let element, _): element.keys
        case .oneOf(let shapes): shapes.flatMap(\.keys)
        default: []
        }
    }

    /// What is expected, in words that follow "expected".
    var expectation: String {
        switch self {
        case .anyText: "a string"
        case .text(let rule): "\(rule.expectation) (a string)"
        case .choice(let values): Self.alternatives(values.map { "\"\($0)\"" })
        case .flag: "true or false"
        case .oneOf(let shapes): Self.alternatives(shapes.map(\.expectation))
        case .number(let range, let things):
            "a whole number of \(things) from \(range.lowerBound) to \(range.upperBound)"
        case .port: "a port from \(PortMapping.range.lowerBound) to \(PortMapping.range.upperBound)"
        case .nullable(let shape): "\(shape.expectation), or null"
        case .list(_, let things): "an array of \(things)"
        case .map(_, _, let things): "an object of \(things)"
        case .section: "an object"
        }
    }

    /// The same of a key that is missing.
    var expectationOfMissing: String {
        switch self {
        case .text(let rule): rule.expectation
        case .list(_, let things): "the \(things)"
        default: expectation
        }
    }

    /// What is wrong with a value on the command line; `nil` where nothing is.
    func problem(with word: String) -> String? {
        switch self {
        case .text(let rule): return rule.problem(with: word)
        case .choice(let values):
            guard !values.contains(word) else { return nil }
            let hint = Suggestion.nearest(to: word, in: values).map { "; did you mean \"\($0)\"?" } ?? ""
            return "expected \(Self.alternatives(values)), found \(ValueRule.quoted(word))\(hint)"
        case .number(let range, _) where Int(word).map(range.contains) == true: return nil
        default: return "expected \(expectation), found \(ValueRule.quoted(word))"
        }
    }

    /// A value of the command line as the file would hold it.
    func json(of word: String) -> JSONValue {
        if case .number = self { .number(word) } else { .string(word) }
    }

    private static func alternatives(_ values: [String]) -> String {
        values.count < 2
            ? values.joined() : "\(values.dropLast().joined(separator: ", ")) or \(values[values.count - 1])"
    }
}

/// What a value of `devloop.json` must be, and what it is read as.
struct ValueForm<Value: Sendable>: Sendable {
    let shape: ValueShape
    /// Reads a value; reports what is wrong with it, and returns `nil` where that leaves nothing to go on with.
    let read: @Sendable (JSONValue, _ path: String, inout ConfigurationReader) -> Value?
    /// The value as the file would hold it; `nil` where leaving it out is the only way to say it.
    let json: @Sendable (Value) -> JSONValue?

    init(
        _ shape: ValueShape, json: @escaping @Sendable (Value) -> JSONValue? = { _ in nil },
        read: @escaping @Sendable (JSONValue, String, inout ConfigurationReader) -> Value?
    ) {
        (self.shape, self.json, self.read) = (shape, json, read)
    }

    /// The same for a property that may have no value.
    var optional: ValueForm<Value?> {
        ValueForm<Value?>(shape, json: { [json] in $0.flatMap(json) }) { [read] in read($0, $1, &$2) }
    }
}

extension ValueForm {
    /// A text that follows a rule and stands for something: every text that the rule accepts must.
    static func text(_ rule: ValueRule, as make: @escaping @Sendable (String) -> Value?) -> Self {
        ValueForm(.text(rule)) { value, path, reader in reader.text(value, at: path, rule).flatMap(make) }
    }

    /// A list.
    /// - Parameters:
    ///   - things: what is in it, for messages.
    ///   - emptiness: what an empty one is answered with, where it is an error.
    static func list<Element>(
        of element: ValueForm<Element>, called things: String, whenEmpty emptiness: String? = nil
    ) -> Self where Value == [Element] {
        let shape = ValueShape.list(of: element.shape, called: things)
        return ValueForm(shape) { value, path, reader in
            guard let elements = value.array else {
                var advice: String?
                if case .text = element.shape { advice = value.string.map { "write [\(ValueRule.quoted($0))]" } }
                reader.report(value, at: path, expected: shape.expectation, advice: advice)
                return nil
            }
            if elements.isEmpty, let emptiness { reader.report(path, emptiness) }
            var values: [Element] = []
            for (index, json) in elements.enumerated() {
                if let value = element.read(json, "\(path)[\(index)]", &reader) { values.append(value) }
            }
            return values
        }
    }
}

extension ValueForm {
    /// An object whose keys the user chooses.
    /// - Parameters:
    ///   - things: what is in it, for messages.
    ///   - isHidden: whether what stands in its place is in no message, as it could be a secret.
    ///   - element: reads a member, whose key may be none that the rule allows, which is reported.
    static func map<Element>(
        keys rule: ValueRule, values: ValueShape, called things: String, isHidden: Bool = false,
        _ element:
            @escaping @Sendable (
                JSONValue, _ key: String, _ path: String, inout ConfigurationReader
            ) -> Element?
    ) -> Self where Value == [Element] {
        let shape = ValueShape.map(keys: rule, values: values, called: things)
        return ValueForm(shape) { value, path, reader in
            guard let object = value.object else {
                if isHidden {
                    reader.reportHidden(value, at: path, expected: shape.expectation)
                } else {
                    reader.report(value, at: path, expected: shape.expectation)
                }
                return nil
            }
            return object.members.compactMap { member in
                let child = "\(path).\(member.key)"
                if let problem = rule.problem(with: member.key) { reader.report(child, problem) }
                return element(member.value, member.key, child, &reader)
            }
        }
    }
}

extension ValueForm where Value == String {
    /// Any text.
    static var anyText: Self {
        ValueForm(.anyText, json: { .string($0) }) { value, path, reader in
            if value.string == nil { reader.report(value, at: path, expected: ValueShape.anyText.expectation) }
            return value.string
        }
    }

    /// A text that follows a rule.
    static func text(_ rule: ValueRule) -> Self {
        ValueForm(.text(rule), json: { .string($0) }) { value, path, reader in reader.text(value, at: path, rule) }
    }

    /// A path that must be there. It is made absolute.
    static func path(_ use: RequiredPath.Use) -> Self {
        ValueForm(.text(.path)) { value, path, reader in
            guard let text = reader.text(value, at: path, .path) else { return nil }
            return reader.require(text, as: use, at: path)
        }
    }
}

extension ValueForm where Value: RawRepresentable<String> & CaseIterable {
    /// One of the words that a type has.
    static var choice: Self {
        let words = Value.allCases.map(\.rawValue)
        let shape = ValueShape.choice(words)
        return ValueForm(shape, json: { .string($0.rawValue) }) { value, path, reader in
            if let found = value.string.flatMap(Value.init(rawValue:)) { return found }
            let right = value.string.flatMap { Suggestion.nearest(to: $0, in: words) }
            reader.report(value, at: path, expected: shape.expectation, meant: right)
            return nil
        }
    }
}

extension ValueForm where Value == Bool {
    /// `true` or `false`.
    static var flag: Self {
        ValueForm(.flag, json: { .bool($0) }) { value, path, reader in
            if value.bool == nil { reader.report(value, at: path, expected: ValueShape.flag.expectation) }
            return value.bool
        }
    }
}

extension ValueForm where Value == Duration {
    /// A whole number of a unit.
    static func time(_ range: ClosedRange<Int>, _ unit: Duration, called units: String) -> Self {
        let shape = ValueShape.number(range, of: units)
        return ValueForm(shape, json: { .number("\(Int($0 / unit))") }) { value, path, reader in
            if let number = value.integer, range.contains(number) { return unit * number }
            reader.report(value, at: path, expected: shape.expectation)
            return nil
        }
    }
}

extension ValueForm where Value: ConfigurationSection {
    /// An object with keys of its own.
    static var section: Self {
        ValueForm(.section(Value.keys.map(\.description))) { value, path, reader in
            reader.section(value, at: path)
        }
    }
}

extension ValueForm where Value == [Configuration.BuildArgument] {
    /// Build arguments.
    static var buildArguments: Self {
        .map(
            keys: .buildArgument, values: .nullable(.anyText), called: "build arguments"
        ) { value, name, path, reader in
            switch value {
            case .null: return .init(name: name, value: nil)
            case .string(let text) where !text.utf8.contains(0): return .init(name: name, value: text)
            case .string: reader.report(path, "expected a text, found one that holds a NUL character")
            case .number, .bool:
                reader.report(value, at: path, expected: "a string", advice: "write \"\(value)\"")
            default: reader.report(value, at: path, expected: "a string, or null for the environment's value")
            }
            return nil
        }
    }
}
