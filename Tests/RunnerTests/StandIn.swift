import Foundation
import Testing

@testable import Runner

/// Stand-ins for docker, kubectl and others on `PATH`: scripts that record how they were called and answer as they were
/// told. A call that a stand-in was told nothing about fails, and ``verify()`` fails the test for it.
final class StandIn: Sendable {
    /// What the scripts call `$here`.
    let folder: TemporaryFolder
    /// Finds the stand-ins, and beside them only the system's own small tools: no real docker, no real kubectl.
    let launcher: SystemLauncher

    /// For an ``ImageBuilder``.
    let scratch: ScratchFolder

    private static let tools = ["sh", "cat", "sleep", "seq", "tr", "head", "mv"]

    /// - Parameter programs: for each program's name the branches of a `case "$*" in`. In them, `$here` is ``folder``
    ///   and `$iidfile` the value of `--iidfile=`.
    init(_ programs: [String: String]) throws {
        folder = try TemporaryFolder()
        scratch = try ScratchFolder()
        let bin = "\(folder.path)/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        for (name, branches) in programs {
            let script = """
                #!/bin/sh
                here='\(folder.path)'
                call=$(printf '\\t%s' "$@")
                printf '%s\\n' "\(name)$call" >>"$here/calls"
                for word in "$@"; do case "$word" in --iidfile=*) iidfile=${word#--iidfile=};; esac; done
                case "$*" in
                \(branches)
                *) printf '%s\\n' "\(name)$call" >>"$here/unexpected"; echo "nobody expected this" >&2; exit 99;;
                esac
                """
            try TestFile.write(Array(script.utf8), to: "\(bin)/\(name)", isProgram: true)
        }
        for tool in Self.tools {
            let path = ["/usr/bin/\(tool)", "/bin/\(tool)"].first { FileManager.default.fileExists(atPath: $0) }
            try FileManager.default.createSymbolicLink(
                atPath: "\(bin)/\(tool)", withDestinationPath: try #require(path))
        }
        launcher = SystemLauncher(environment: ["PATH": bin], grace: .milliseconds(300))
    }

    deinit { scratch.remove() }

    /// The calls in order, the program's name first.
    var calls: [[String]] {
        lines(of: "calls").map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }

    /// The calls in order, their words joined with blanks.
    var callLines: [String] { calls.map { $0.joined(separator: " ") } }

    /// What a script wrote to `$here/NAME`.
    func content(of name: String) -> String {
        TestFile.read("\(folder.path)/\(name)") ?? ""
    }

    /// What a script reads as `$here/NAME`.
    func write(_ text: String, to name: String) throws {
        try TestFile.write(Array(text.utf8), to: "\(folder.path)/\(name)")
    }

    /// Fails the test for calls that nobody expected.
    func verify(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(lines(of: "unexpected") == [], "calls that nobody expected", sourceLocation: sourceLocation)
    }

    private func lines(of name: String) -> [String] { content(of: name).split(separator: "\n").map(String.init) }
}

/// Runs an operation that must fail with a ``TargetError``, and returns it.
func targetError(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> some Any
) async throws -> TargetError {
    let error = await #expect(throws: TargetError.self, sourceLocation: sourceLocation) { _ = try await body() }
    return try #require(error, sourceLocation: sourceLocation)
}
