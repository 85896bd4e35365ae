import Testing

@testable import devloop

/// A container's command and what is expected of it.
struct PickupCase: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var name: String
    var taken: String
    var left: String
    var directory: String
    var environment: [String: String]
    var files: [String: String]

    /// - Parameters:
    ///   - command: split at spaces; what stands in single quotes is one argument.
    ///   - files: by their path, relative to the directory.
    init(
        _ command: String, _ name: String = "", takes taken: String = "", not left: String = "",
        in directory: String = "/app",
        environment: [String: String] = [:], files: [String: String] = [:], scripts: [String: String] = [:]
    ) {
        arguments = command.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap {
            index, part in
            index % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
        }
        self.name = name
        self.taken = taken
        self.left = left
        self.directory = directory
        self.environment = environment
        self.files = files
        if !scripts.isEmpty {
            let members = scripts.map { "\"\($0)\": \"\($1.replacing("\"", with: "\\\""))\"" }
            self.files["package.json"] = "{\"scripts\": {\(members.joined(separator: ", "))}}"
        }
    }

    var testDescription: String { arguments.joined(separator: " ") + " " + files.values.joined(separator: " ") }

    var pickup: Pickup? {
        let absolute = Dictionary(
            uniqueKeysWithValues: files.map { (PathName.absolute($0, in: directory), Array($1.utf8)) })
        let command = StartCommand(arguments: arguments, workingDirectory: directory, environment: environment)
        return Pickup(command) { absolute[$0] }
    }

    func takes(_ path: String) -> Bool? { pickup?.takes(PathName.absolute(path, in: directory)) }
}
