import Runner

/// The words of an instruction's arguments.
enum DockerfileWords {
    /// The words, quotes and escapes left in them: a quoted or escaped blank doesn't end one. (`ENV`, `ARG`)
    static func split(_ text: String, escape: Unicode.Scalar) throws(UndecidedDockerfile) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        var quote: Unicode.Scalar?
        var rest = Substring(text).unicodeScalars
        while let scalar = rest.popFirst() {
            if quote == nil, scalar.isBlank {
                if !word.isEmpty { words.append(String(word)) }
                word.removeAll()
                continue
            }
            word.append(scalar)
            if scalar == escape, quote != "'" {
                if let escaped = rest.popFirst() { word.append(escaped) }
            } else if scalar == quote {
                quote = nil
            } else if quote == nil, scalar == "'" || scalar == "\"" {
                quote = scalar
            }
        }
        if quote != nil { throw UndecidedDockerfile("an open quote") }
        if !word.isEmpty { words.append(String(word)) }
        return words
    }

    /// The words of `COPY` and `ADD`: a JSON array's, or else everything between blanks, quoted or not.
    static func paths(_ text: String) throws(UndecidedDockerfile) -> [String] {
        if text.first == "[", let array = try? JSONParser.parse(Array(text.utf8)).array {
            let strings = array.compactMap(\.string)
            if strings.count < array.count { throw UndecidedDockerfile("an array of other things than strings") }
            return strings
        }
        return text.unicodeScalars.split(whereSeparator: \.isBlank).map(String.init)
    }

    /// `NAME=VALUE`s, and names without a value.
    static func assignments(
        _ text: String, escape: Unicode.Scalar
    ) throws(UndecidedDockerfile) -> [(name: String, value: String?)] {
        var assignments: [(name: String, value: String?)] = []
        for word in try split(text, escape: escape) {
            let word = Substring(word).unicodeScalars
            let name = word.prefix { $0 != "=" }
            if name.isEmpty || name.contains(where: { "$\"'\\`".unicodeScalars.contains($0) }) {
                throw UndecidedDockerfile("a variable whose name isn't plain")
            }
            let value = name.endIndex == word.endIndex ? nil : String(word[name.endIndex...].dropFirst())
            assignments.append((String(name), value))
        }
        return assignments
    }
}
