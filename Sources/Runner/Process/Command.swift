/// A program and its arguments: a value, so that tests assert what would run without running it.
///
/// There is never a shell: each argument reaches the program as it is.
package struct Command: Sendable, Hashable {
    /// A name that is looked up on `PATH`, or a path.
    package var executable: String
    /// The arguments, without the program's own name.
    package var arguments: [String]
    /// What is added to, or replaced in, the launcher's environment.
    package var environment: [String: String]
    /// The absolute path of the folder that it runs in; ours where `nil`.
    package var directory: String?
    /// What the program reads from standard input; `/dev/null` where `nil`.
    package var input: [UInt8]?
    /// A socket that is its standard input and output both, in place of ``input``: what it writes there is nowhere in its
    /// output. Whoever made it closes it.
    package var socket: Int32?
    /// What its input asks for, where the arguments don't tell: `POST /containers/create`.
    package var purpose: String?

    /// Names a program to run.
    package init(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], directory: String? = nil,
        input: [UInt8]? = nil, socket: Int32? = nil, purpose: String? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.input = input
        self.socket = socket
        self.purpose = purpose
    }
}

extension Command: CustomStringConvertible {
    /// The command as one would type it into a POSIX shell, its purpose as a comment. Its input may be secret and is
    /// left out.
    package var description: String {
        let assignments = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.quoted($0.value))" }
        let place = directory.map { ["cd", Self.quoted($0), "&&"] } ?? []
        let words = place + assignments + [Self.quoted(executable)] + arguments.map(Self.quoted)
        return (words + (purpose.map { ["# \($0)"] } ?? [])).joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { $0.isLetterOrDigit || "-_./:=@,+%".utf8.contains($0) }
        if isPlain && !word.isEmpty { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
