/// What is known of the variables at one place of a Dockerfile.
///
/// The builders agree on most of it. Where they don't a variable is unknown: an `ARG` of the name of an `ENV` before it
/// hides it in BuildKit only, an `ARG` reaches the stages based on its own in BuildKit only, and the platform's
/// variables exist in BuildKit only.
struct BuildVariables {
    private struct Variable {
        var value: VariableExpansion.Value
        var isArgument: Bool
    }

    private let escape: Unicode.Scalar
    /// The build arguments that are given.
    private let given: [String: String]
    /// The `ARG`s before the first stage, which an `ARG` of a stage takes up.
    private var globals: [String: VariableExpansion.Value] = [:]
    private var variables: [String: Variable] = [:]
    /// What a variable has that is not mentioned so far: a base image may have set it.
    private var unmentioned = VariableExpansion.Value.unset

    /// The variables of the place before the first stage.
    init(escape: Unicode.Scalar, given: [String: String]) {
        self.escape = escape
        self.given = given
    }

    /// The variables at the beginning of a stage, asked of those before the first stage.
    func beginningStage(on base: Base) -> BuildVariables {
        var stage = BuildVariables(escape: escape, given: given)
        stage.globals = variables.mapValues(\.value)
        switch base {
        case .nothing: break
        case .image: stage.unmentioned = .unknown
        case .stage(let other):
            stage.unmentioned = other.unmentioned
            stage.variables = other.variables.mapValues {
                $0.isArgument ? Variable(value: .unknown, isArgument: true) : $0
            }
        }
        return stage
    }

    /// What a stage begins with.
    enum Base {
        /// `FROM scratch`
        case nothing
        /// An image from elsewhere, whose variables are not known.
        case image
        /// Another stage, as it is at its end.
        case stage(BuildVariables)
    }

    /// Replaces the variables of a word; `nil` where it takes one that isn't known.
    func expand(_ word: String) throws(UndecidedDockerfile) -> String? {
        try expand(word, unknown: [])
    }

    /// `ARG NAME[=DEFAULT]…`
    mutating func declareArguments(_ text: String) throws(UndecidedDockerfile) {
        let assignments = try DockerfileWords.assignments(text, escape: escape)
        // Builders differ in whether one sees those before it in the same instruction.
        let together = assignments.count > 1 ? Set(assignments.map(\.name)) : []
        for (name, word) in assignments {
            var value: VariableExpansion.Value?
            if let text = given[name] {
                value = .known(text)
            } else if let word {
                value = try expand(word, unknown: together).map { .known($0) } ?? .unknown
            } else if let global = globals[name], global != .unset {
                value = global
            }
            declareArgument(name, value)
        }
    }

    private mutating func declareArgument(_ name: String, _ value: VariableExpansion.Value?) {
        guard let existing = variables[name] else {
            if let value { variables[name] = Variable(value: value, isArgument: true) }
            return
        }
        if existing.isArgument {
            variables[name]?.value = value ?? .unknown
        } else if let value, value != existing.value {
            variables[name]?.value = .unknown
        }
    }

    /// `ENV NAME=VALUE…` and `ENV NAME VALUE`
    mutating func setEnvironment(_ text: String) throws(UndecidedDockerfile) {
        var assignments: [(name: String, value: String?)]
        let words = try DockerfileWords.split(text, escape: escape)
        if words.first?.unicodeScalars.contains("=") ?? false {
            assignments = try DockerfileWords.assignments(text, escape: escape)
        } else {
            let scalars = Substring(text).unicodeScalars
            let name = scalars.prefix { !$0.isBlank }
            if name.isEmpty || name.endIndex == scalars.endIndex {
                throw UndecidedDockerfile("a variable without a value")
            }
            assignments = [(String(name), String(scalars[name.endIndex...].trimmingBlanks()))]
        }
        var values: [String: Variable] = [:]
        for (name, word) in assignments {
            guard let word else { throw UndecidedDockerfile("a variable without a value") }
            let value = try expand(word).map { VariableExpansion.Value.known($0) } ?? .unknown
            values[name] = Variable(value: value, isArgument: false)
        }
        variables.merge(values) { $1 }
    }

    private func expand(_ word: String, unknown: Set<String>) throws(UndecidedDockerfile) -> String? {
        let expansion = VariableExpansion(escape: escape) { name in
            if unknown.contains(name) { return .unknown }
            let variable = variables[name]
            if variable?.isArgument ?? true, Self.isPredefined(name) { return .unknown }
            return variable?.value ?? unmentioned
        }
        return try expansion.expand(word)
    }

    /// Whether builders or docker's own configuration give a variable a value.
    private static func isPredefined(_ name: String) -> Bool {
        let name = name.uppercased()
        return name == "PATH" || name == "SOURCE_DATE_EPOCH" || name.hasSuffix("_PROXY")
            || ["TARGET", "BUILD", "DOCKER"].contains { name.hasPrefix($0) }
                && ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT", "STAGE"].contains { name.hasSuffix($0) }
            || name.hasPrefix("BUILDKIT_")
    }
}
