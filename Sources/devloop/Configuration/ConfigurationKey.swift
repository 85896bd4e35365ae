import Runner

/// What a change of a key costs while `dev` runs.
enum ChangeCost: Int, Sendable, Comparable, CaseIterable {
    /// Nothing: the new value counts from then on.
    case nothing
    /// What the manifests and the services' workloads then differ in is applied, restarted or left alone.
    case deployment
    /// The service is built.
    case build
    /// It is said, and counts when devloop starts again.
    case restart

    static func < (first: ChangeCost, second: ChangeCost) -> Bool { first.rawValue < second.rawValue }
}

/// What there is to know of a key: a row of the README's table, and all that a schema of the file needs of it.
struct KeyDescription: Sendable {
    /// What counts where the key is left out.
    enum Default: Sendable, Equatable {
        /// It can't be left out.
        case required
        case none
        case value(JSONValue)
        /// What other things decide: `the current one`.
        case words(String)
    }

    /// The key in its object. One that begins with `$` is there for other programs.
    let name: String
    /// What its value must be; for an object, the keys in that.
    let shape: ValueShape
    /// What counts without it.
    let fallback: Default
    /// What a change costs; for an object, the dearest of its keys.
    let cost: ChangeCost
    /// What it is for, in a line of Markdown.
    let documentation: String
}

/// A key of `devloop.json`: its description, how its value gets into the section of the configuration that it belongs to,
/// and whether two of these differ in it.
struct ConfigurationKey<Section: ConfigurationSection>: Sendable {
    let description: KeyDescription
    /// The property that holds the value; `nil` where nothing reads it.
    let property: (PartialKeyPath<Section> & Sendable)?
    /// Reads the value into a section, and reports what is wrong with it. Returns whether there is something to go on with.
    let read: @Sendable (JSONValue, _ path: String, inout ConfigurationReader, inout Section) -> Bool
    /// Whether two sections differ in it.
    let differs: @Sendable (Section, Section) -> Bool

    /// A key.
    /// - Parameters:
    ///   - property: where its value goes. What a blank section has there is the default.
    ///   - form: what the value must be.
    ///   - fallback: the default in words, where it is not a value.
    ///   - cost: what a change costs; of an object, its keys say it.
    init<Value: Sendable & Equatable>(
        _ name: String, _ property: WritableKeyPath<Section, Value> & Sendable, _ form: ValueForm<Value>,
        isRequired: Bool = false, default fallback: String? = nil, change cost: ChangeCost? = nil,
        _ documentation: String
    ) {
        let value = form.json(Section.blank(at: "")[keyPath: property])
        description = KeyDescription(
            name: name, shape: form.shape,
            fallback: isRequired ? .required : fallback.map { .words($0) } ?? value.map { .value($0) } ?? .none,
            cost: cost ?? form.shape.keys.map(\.cost).max() ?? .nothing, documentation: documentation)
        self.property = property
        read = { value, path, reader, section in
            guard let value = form.read(value, path, &reader) else { return false }
            section[keyPath: property] = value
            return true
        }
        differs = { $0[keyPath: property] != $1[keyPath: property] }
    }

    /// A key that may be left out, and then nothing is there.
    init<Value: Sendable & Equatable>(
        _ name: String, _ property: WritableKeyPath<Section, Value?> & Sendable, _ form: ValueForm<Value>,
        default fallback: String? = nil, change cost: ChangeCost, _ documentation: String
    ) {
        self.init(name, property, form.optional, default: fallback, change: cost, documentation)
    }

    /// A key whose value means nothing to devloop.
    init<Value>(unread name: String, _ form: ValueForm<Value>, _ documentation: String) {
        description = KeyDescription(
            name: name, shape: form.shape, fallback: .none, cost: .nothing, documentation: documentation)
        property = nil
        read = { value, path, reader, _ in form.read(value, path, &reader) != nil }
        differs = { _, _ in false }
    }
}

/// An object of `devloop.json` that has keys of its own: the document, a service, `watch`.
protocol ConfigurationSection: Sendable, Equatable {
    /// Its keys, in the order in which messages and the README list them. A new one is a row here and a property.
    static var keys: [ConfigurationKey<Self>] { get }

    /// One of which nothing is read yet: every property has its default.
    /// - Parameter path: where it stands in the file.
    static func blank(at path: String) -> Self

    /// Fills in the defaults that other keys decide, and reports what is wrong between keys.
    /// - Parameter read: the keys that were read.
    mutating func complete(_ read: Set<String>, at path: String, _ reader: inout ConfigurationReader)
}

extension ConfigurationSection {
    mutating func complete(_ read: Set<String>, at path: String, _ reader: inout ConfigurationReader) {}

    /// The keys in which it differs from an older one.
    func changes(from older: Self) -> [KeyDescription] {
        Self.keys.filter { $0.differs(older, self) }.map(\.description)
    }
}
