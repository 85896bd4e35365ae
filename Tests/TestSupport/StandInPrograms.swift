import Foundation

/// Scripts on `PATH` in place of docker, kubectl and others: they record how they were called and answer as they were
/// told. A call that they were told nothing about is recorded apart, and fails.
package struct StandInPrograms: Sendable {
    /// What the scripts call `$here`.
    package let folder: String
    /// Where they are, and beside them only some of the system's own small tools: no real docker, no real kubectl.
    package var path: String { "\(folder)/bin" }

    private static let tools = [
        "sh", "cat", "cksum", "cut", "echo", "head", "ln", "mv", "printf", "seq", "sleep", "tr",
    ]

    /// - Parameter programs: for each program's name the branches of a `case "$*" in`. In them, `$here` is the folder,
    ///   `$id` the value of `--iidfile=` and `$image` that of `--tag=`.
    package init(_ programs: [String: String], in folder: String) throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, branches) in programs {
            let script = """
                #!/bin/sh
                here='\(folder)'
                call=$(printf '\\t%s' "$@")
                printf '%s\\n' "\(name)$call" >>"$here/calls"
                for word in "$@"; do
                    case "$word" in --iidfile=*) id=${word#--iidfile=};; --tag=*) image=${word#--tag=};; esac
                done
                case "$*" in
                \(branches)
                *) printf '%s\\n' "\(name)$call" >>"$here/unexpected"; echo "nobody expected this" >&2; exit 99;;
                esac
                """
            try TestFile.write(Array(script.utf8), to: "\(path)/\(name)", isProgram: true)
        }
        for tool in Self.tools {
            let place = ["/usr/bin/\(tool)", "/bin/\(tool)"].first { FileManager.default.fileExists(atPath: $0) }
            guard let place else { throw CocoaError(.fileNoSuchFile) }
            try FileManager.default.createSymbolicLink(atPath: "\(path)/\(tool)", withDestinationPath: place)
        }
    }

    /// The calls in order, the program's name first.
    package var calls: [[String]] {
        lines(of: "calls").map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }

    /// The calls in order, their words joined with blanks.
    package var callLines: [String] { calls.map { $0.joined(separator: " ") } }

    /// The calls that nobody expected, likewise.
    package var unexpected: [String] {
        lines(of: "unexpected").map { $0.split(separator: "\t").joined(separator: " ") }
    }

    /// The lines of what a script wrote to `$here/NAME`.
    package func lines(of name: String) -> [String] {
        (TestFile.read("\(folder)/\(name)") ?? "").split(separator: "\n").map(String.init)
    }
}
