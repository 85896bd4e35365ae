/// A JSON document as a value. Objects keep the order of their members and numbers their digits, so that what is read
/// and written again is what it was.
package enum JSONValue: Sendable, Hashable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number as it was written.
    case number(String)
    /// A string, its escapes resolved.
    case string(String)
    /// `[…]`
    case array([JSONValue])
    /// `{…}`
    case object(JSONObject)
}

/// A JSON object: members in their order.
package struct JSONObject: Sendable, Hashable {
    /// One `key: value`.
    package struct Member: Sendable, Hashable {
        /// The key.
        package var key: String
        /// The value.
        package var value: JSONValue
    }

    /// The members, in order.
    package private(set) var members: [Member]

    /// An object of these members; a later one of the same key replaces an earlier one.
    package init(_ members: [(String, JSONValue)] = []) {
        self.members = []
        var places: [String: Int] = [:]
        for (key, value) in members {
            if let place = places[key] {
                self.members[place].value = value
            } else {
                places[key] = self.members.count
                self.members.append(Member(key: key, value: value))
            }
        }
    }

    /// The value of a key. Assigning to a new key appends it; assigning `nil` removes it.
    package subscript(key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// An object of members whose keys are known to differ.
    init(unique members: [Member]) { self.members = members }

    /// The keys, in order.
    package var keys: [String] { members.map(\.key) }
}

extension JSONValue {
    /// The value of a key; `nil` where this is no object or has no such key. Assigning a value makes this an object.
    package subscript(key: String) -> JSONValue? {
        get { object?[key] }
        set {
            guard newValue != nil || object != nil else { return }
            var object = object ?? JSONObject()
            object[key] = newValue
            self = .object(object)
        }
    }

    /// The value at a path of keys; `nil` where there is none. Assigning a value makes the objects on the way.
    package subscript(path path: [String]) -> JSONValue? {
        get { path.reduce(Optional(self)) { $0?[$1] } }
        set {
            guard let first = path.first else {
                self = newValue ?? .null
                return
            }
            guard path.count > 1 else {
                self[first] = newValue
                return
            }
            guard newValue != nil || self[first] != nil else { return }
            var child = self[first] ?? .object(JSONObject())
            child[path: Array(path.dropFirst())] = newValue
            self[first] = child
        }
    }

    /// The string, where this is one.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements, where this is an array.
    package var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, where this is an object.
    package var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The truth value, where this is one.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The whole number, where this is one that fits.
    package var integer: Int? {
        if case .number(let digits) = self { Int(digits) } else { nil }
    }

    /// The members of an object whose values are strings, as labels and selectors are; others are left out.
    package var stringMembers: [String: String] {
        var result: [String: String] = [:]
        for member in object?.members ?? [] { result[member.key] = member.value.string }
        return result
    }

    /// What kind of value this is, in words for a message: `an object`, `a string`, …
    package var kindInWords: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

extension JSONValue: CustomStringConvertible {
    /// The document as compact JSON (RFC 8259).
    package var description: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let value): Self.quote(value, to: &text)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.write(to: &text)
            }
            text += "]"
        case .object(let object):
            text += "{"
            for (index, member) in object.members.enumerated() {
                if index > 0 { text += "," }
                Self.quote(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1F}":
                let hexadecimal = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
