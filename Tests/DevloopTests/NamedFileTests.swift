import Foundation
import TestSupport
import Testing

@testable import devloop

/// Which file of a service somebody means who names one to `devloop explain`.
struct NamedFileTests {
    /// A project's folder with `web/src/a.js`, `web/web/b.js`, and `src/a.js` of nobody's.
    private static func project() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for path in ["web/src/a.js", "web/web/b.js", "src/a.js"] {
            let file = URL(fileURLWithPath: "\(folder.path)/\(path)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: file)
        }
        return folder
    }

    @Test(
        arguments: [
            ("web/src/a.js", "", "src/a.js"), ("./web/src/a.js", "", "src/a.js"), ("src/a.js", "web", "src/a.js"),
            ("a.js", "web/src", "src/a.js"), ("../web/src/a.js", "src", "src/a.js"), ("./a.js", "web/src", "src/a.js"),
            ("web", "", ""), ("web/src/", "", "src"), (".", "web", ""),
            // The shell's is another one's.
            ("src/a.js", "", "src/a.js"), ("a.js", "src", "a.js"), ("./a.js", "src", nil), ("../src/a.js", "web", nil),
            // Both are there.
            ("web/b.js", "web", "web/b.js"), ("web/src/../web/b.js", "", "web/b.js"),
            // Neither is.
            ("gone.js", "", "gone.js"), ("web/gone.js", "", "web/gone.js"), ("./web/gone.js", "", "gone.js"),
        ] as [(String, String, String?)])
    func theOneThatAShellMeansComesFirst(name: String, from folder: String, is path: String?) throws {
        let project = try Self.project()
        defer { withExtendedLifetime(project) {} }
        let file = NamedFile(name, of: "\(project.path)/web", from: PathName.absolute(folder, in: project.path))
        #expect(file.path == path)
    }

    @Test func anAbsolutePathMayGoThroughALink() throws {
        let project = try Self.project()
        defer { withExtendedLifetime(project) {} }
        let link = "\(project.path)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: project.path)
        let real = try #require(FileSystem.realPath("\(project.path)/web/src/a.js"))
        #expect(NamedFile(real, of: "\(link)/web", from: "/").path == "src/a.js")
        #expect(NamedFile("\(link)/web/src/a.js", of: "\(project.path)/web", from: "/").path == "src/a.js")
        #expect(NamedFile("/etc/passwd", of: "\(project.path)/web", from: "/").path == nil)
    }
}
