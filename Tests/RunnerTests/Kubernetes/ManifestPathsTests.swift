import Foundation
import TestSupport
import Testing

@testable import Runner

@Suite struct ManifestPathsTests {
    @Test func aPatternStandsForTheFoldersAndManifestsThatItMatchesInOrder() throws {
        let folder = try TemporaryFolder()
        for name in ["b.yaml", "a.yml", "c.json", "d.md", "[1].yaml"] {
            try TestFile.write([], to: "\(folder.path)/\(name)")
        }
        try FileManager.default.createDirectory(atPath: folder.path + "/e", withIntermediateDirectories: false)
        let expand = { (pattern: String) in
            ManifestPaths.expand("\(folder.path)/\(pattern)").map { String($0.dropFirst(folder.path.count + 1)) }
        }
        #expect(expand("*") == ["[1].yaml", "a.yml", "b.yaml", "c.json", "e"])
        #expect(expand("?.y*ml") == ["a.yml", "b.yaml"])
        #expect(expand("[ab].*") == ["a.yml", "b.yaml"])
        #expect(expand("*.toml") == [])
        #expect(expand("[1].yaml") == ["[1].yaml"])
        #expect(expand("missing.yaml") == ["missing.yaml"])
    }

    @Test(arguments: [
        ("/a/b/*.yaml", "/a/b", "*.yaml"), ("/a/*/k8s/x.yaml", "/a", "*/k8s/x.yaml"), ("/[a]/b", "/", "[a]/b"),
    ])
    func aPatternBeginsInTheLastFolderThatIsSpeltOut(pattern: String, folder: String, rest: String) {
        #expect(ManifestPaths.split(pattern: pattern) == (folder, rest))
    }
}
