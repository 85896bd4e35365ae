import Foundation
import TestSupport
import Testing

@testable import Runner

@Suite struct ScratchFolderTests {
    private func names(in folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test(
        arguments: [
            (nil, ["/tmp"]), ("", ["/tmp"]), ("/tmp", ["/tmp"]), ("/var/tmp", ["/var/tmp", "/tmp"]),
        ] as [(String?, [String])])
    func temporaryFilesGoWhereTMPDIRSaysOrToTmp(_ variable: String?, _ folders: [String]) {
        #expect(TemporaryPlace.folders(environment: variable) == folders)
    }

    @Test func aFolderWhosePathIsTooLongForSocketsComesLast() {
        let long = "/" + String(repeating: "t", count: 80)
        #expect(ScratchFolder.preferred([long, "/tmp"]) == ["/tmp", long])
        #expect(ScratchFolder.preferred(["/var/tmp", "/tmp"]) == ["/var/tmp", "/tmp"])
    }

    @Test func aFolderThatIsNotThereIsPassedOver() throws {
        let folder = try TemporaryFolder()
        let scratch = try ScratchFolder(in: [folder.path + "/missing", folder.path])
        #expect(scratch.path.hasPrefix(folder.path + "/devloop-run-"))
        #expect(throws: TargetError.self) { try ScratchFolder(in: [folder.path + "/missing"]) }
    }

    @Test func itGoesWithAllThatIsInIt() throws {
        let folder = try TemporaryFolder()
        let scratch = try ScratchFolder(in: [folder.path])
        try TestFile.write([1], to: scratch.newPath())
        scratch.remove()
        #expect(try names(in: folder) == [])
    }

    @Test func whatAKilledRunLeftIsRemovedByTheNextAndNothingElse() throws {
        let folder = try TemporaryFolder()
        let running = try ScratchFolder(in: [folder.path])
        // A run that was killed holds no lock any more.
        let left = folder.path + "/devloop-run-abcdef"
        let others = ["devloop-run-mine", "devloop-cluster", "devloop-run-uvwxyz"].map { "\(folder.path)/\($0)" }
        for path in [left] + others {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            try TestFile.write([1], to: path + "/1")
        }
        try TestFile.write([1], to: others[2] + "/somebody's own")
        try TestFile.write([1], to: running.newPath())

        let next = try ScratchFolder(in: [folder.path])
        let kept = (others + [running.path, next.path]).map { String($0.dropFirst(folder.path.count + 1)) }
        #expect(try names(in: folder) == kept.sorted())
        for path in others + [running.path] { #expect(FileManager.default.fileExists(atPath: path + "/1")) }
    }
}
