import Runner

extension Configuration {
    /// The file that is looked for where none is named.
    static let defaultFile = "devloop.json"

    /// The smallest file that says enough, for messages.
    static let example = #"{ "services": [{ "image": "shop/web", "context": "web" }] }"#

    /// Reads a file.
    /// - Parameters:
    ///   - path: the file, or the folder that it is in; relative to the current folder.
    ///   - checksPaths: whether what it names has to be there.
    /// - Throws: ``ConfigurationError`` with everything that is wrong.
    static func load(path: String = defaultFile, checksPaths: Bool = true) throws(ConfigurationError) -> Configuration {
        let given = path.isEmpty ? defaultFile : path
        let isFolder = FileSystem.kind(of: given) == .folder
        let file = isFolder ? (given.hasSuffix("/") ? given : given + "/") + defaultFile : given
        let text: [UInt8]
        do {
            text = try FileSystem.read(file)
        } catch {
            throw unreadable(file, error, isDefault: path == defaultFile)
        }
        let absolutePath = PathName.absolute(file, in: FileSystem.currentDirectory)
        return try parse(text, path: absolutePath, file: file, on: checksPaths ? .real : nil)
    }

    /// Reads a text.
    /// - Parameters:
    ///   - path: the absolute path of the file that it is from.
    ///   - file: the file as messages name it.
    ///   - disk: where what it names has to be; without one, no path is looked at.
    /// - Throws: ``ConfigurationError`` with everything that is wrong.
    static func parse(
        _ text: [UInt8], path: String, file: String, on disk: Disk? = nil
    ) throws(ConfigurationError) -> Configuration {
        let draft = try ConfigurationReader.read(text, path: path, file: file)
        var problems = draft.problems
        if let disk {
            for required in draft.requiredPaths {
                guard let message = required.problem(on: disk) else { continue }
                problems.append(
                    ConfigurationError.Problem(
                        position: draft.origin.position(of: required.keyPath), keyPath: required.keyPath,
                        message: message))
            }
        }
        if let configuration = draft.configuration, problems.isEmpty { return configuration }
        throw ConfigurationError(file: file, problems: inFileOrder(problems))
    }

    /// A folder's name made fit for a project: lower case, and `-` for every run of other characters.
    static func defaultName(for directory: String) -> String {
        let words = PathName.lastComponent(of: directory).lowercased().utf8.split { byte in
            !(UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let name = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-").prefix(63)
        let trimmed = name.hasSuffix("-") ? name.dropLast() : name
        return trimmed.isEmpty ? "devloop" : String(trimmed)
    }

    private static func inFileOrder(_ problems: [ConfigurationError.Problem]) -> [ConfigurationError.Problem] {
        func key(_ index: Int) -> (Int, Int, Int) {
            let position = problems[index].position
            return (position?.line ?? 0, position?.column ?? 0, index)
        }
        return problems.indices.sorted { key($0) < key($1) }.map { problems[$0] }
    }

    private static func unreadable(
        _ file: String, _ error: FileSystem.ReadError, isDefault: Bool
    ) -> ConfigurationError {
        let message = error.isMissing ? "there is no such file" : "can't be read: \(error.reason)"
        let problem = ConfigurationError.Problem(position: nil, keyPath: "", message: message)
        let place = "devloop looks for \(defaultFile) here; -f names another"
        let advice = "\(isDefault ? "\(place). " : "")A small one is enough:\n\(example)"
        return ConfigurationError(file: file, problems: [problem], advice: error.isMissing ? advice : nil)
    }
}
