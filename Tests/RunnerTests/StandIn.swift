import Foundation
import TestSupport
import Testing

@testable import Runner

/// Stand-ins for docker, kubectl and others, with what the code under test wants beside them. ``verify()`` fails the test
/// for calls that nobody expected.
final class StandIn: Sendable {
    /// What the scripts call `$here`.
    let folder: TemporaryFolder
    private let programs: StandInPrograms
    /// Finds the stand-ins.
    let launcher: SystemLauncher

    /// For an ``ImageBuilder``.
    let scratch: ScratchFolder

    /// - Parameter programs: what ``StandInPrograms`` takes.
    init(_ programs: [String: String]) throws {
        folder = try TemporaryFolder()
        scratch = try ScratchFolder()
        self.programs = try StandInPrograms(programs, in: folder.path)
        launcher = SystemLauncher(environment: ["PATH": self.programs.path], grace: .milliseconds(300))
    }

    deinit { scratch.remove() }

    /// The calls in order, the program's name first.
    var calls: [[String]] { programs.calls }

    /// The calls in order, their words joined with blanks.
    var callLines: [String] { programs.callLines }

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
        #expect(programs.unexpected == [], "calls that nobody expected", sourceLocation: sourceLocation)
    }
}

/// Runs an operation that must fail with a ``TargetError``, and returns it.
func targetError(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> some Any
) async throws -> TargetError {
    let error = await #expect(throws: TargetError.self, sourceLocation: sourceLocation) { _ = try await body() }
    return try #require(error, sourceLocation: sourceLocation)
}
