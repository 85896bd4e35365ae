import Foundation
import TestSupport
import Testing

@testable import Runner

/// Files through the shells of this machine, with their own tools.
@Suite(.timeLimit(.minutes(1)))
struct SyncChannelTests {
    @Test(arguments: ContainerShell.there) func aFileArrives(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        try stage.write("one", to: "a")
        #expect(try await stage.send("a").bytes == 3)
        #expect(stage.content("a") == "one")
        try stage.write("two and more", to: "a", mode: 0o4751)
        #expect(try await stage.send("a").count == 1)
        #expect(stage.content("a") == "two and more")
        #expect(try stage.status("a").st_mode & 0o7777 == 0o4751)
    }

    /// Who watches the file that it has read, or looks whether its time is later, takes it up.
    @Test(arguments: ContainerShell.there)
    func aFileIsWrittenInItsPlaceAtTheTimeOfNow(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        try stage.write("one", to: "a")
        try await stage.send("a")
        let inode = try stage.status("a").st_ino
        try stage.write("two", to: "a")
        var times = [timeval(tv_sec: 1_000_000_007, tv_usec: 0), timeval(tv_sec: 1_000_000_007, tv_usec: 0)]
        utimes("\(stage.source)/a", &times)
        try await stage.send("a")
        #expect(stage.content("a") == "two")
        #expect(try stage.status("a").st_ino == inode)
        #expect(try SourceFile.Stamp(stage.status("a")).seconds > 1_000_000_007)
    }

    @Test(arguments: ContainerShell.there) func anotherModeCanBeAskedFor(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        try stage.write("one", to: "a")
        _ = try await stage.channel.send([stage.entry("a", mode: 0o600)])
        #expect(try stage.status("a").st_mode & 0o7777 == 0o600)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"), arguments: ContainerShell.there)
    func aFileBelongsToItsOwner(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        try stage.write("one", to: "a")
        try stage.write("two", to: "b")
        _ = try await stage.channel.send([stage.entry("a", owner: "1234:5678"), stage.entry("b")])
        #expect(try stage.status("a").st_uid == 1234)
        #expect(try stage.status("a").st_gid == 5678)
        #expect(try stage.status("b").st_uid == 0)
    }

    static let names = [
        "a b", "-rf", "it's", "\"", "$(touch x)", "`x`", "back\\slash", "new\nline", " ", "é", "e\u{301}", "日本語",
        "*", "?", "#", "~", "tab\t", "end\n", String(repeating: "n", count: 255), "{1..3}", "!x", "&", ";", "%s",
    ]

    @Test(arguments: ContainerShell.there) func namesAreWhatTheyAre(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        for name in Self.names { try stage.write("content of \(name)", to: name) }
        #expect(try await stage.channel.send(Self.names.map { stage.entry($0) }).count == Self.names.count)
        #expect(try stage.isTheSame())
        #expect(try await stage.channel.send(Self.names.map { stage.removal($0) }).count == Self.names.count)
        #expect(try TreeSnapshot(of: stage.target).things.isEmpty)
    }

    @Test(arguments: ContainerShell.there) func longPathsArrive(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        let path = String(repeating: "folder/", count: 40) + "file"
        try FileManager.default.createDirectory(
            atPath: "\(stage.source)/\((path as NSString).deletingLastPathComponent)", withIntermediateDirectories: true
        )
        try stage.write("deep", to: path)
        symlink(path, "\(stage.source)/link")
        try await stage.send(path, "link")
        #expect(stage.content(path) == "deep")
        #expect(stage.content("link") == "deep")
    }

    @Test(arguments: ContainerShell.there) func aLinkIsReplacedAndNeverFollowed(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        try TestFile.write(Array("others".utf8), to: "\(stage.folder.path)/others")
        symlink("../others", "\(stage.target)/a")
        try stage.write("ours", to: "a")
        try await stage.send("a")
        #expect(try stage.status("a").st_mode & S_IFMT == S_IFREG)
        #expect(TestFile.read("\(stage.folder.path)/others") == "others")
    }

    @Test(arguments: ContainerShell.there) func aSourceThatIsALinkIsSentAsOne(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        for (name, target) in [("a", "nowhere"), ("b", "new\nline\n"), ("c", "it's")] {
            symlink(target, "\(stage.source)/\(name)")
        }
        try await stage.send("a", "b", "c")
        #expect(try stage.isTheSame())
    }

    @Test(arguments: ContainerShell.there) func othersFilesStay(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        mkdir("\(stage.source)/d", 0o755)
        try stage.write("ours", to: "d/ours")
        try await stage.send("d", "d/ours")
        try TestFile.write(Array("others".utf8), to: "\(stage.target)/d/others")
        let receipt = try await stage.channel.send([stage.removal("d"), stage.removal("d/ours")])
        #expect(receipt.kept == ["\(stage.target)/d"])
        #expect(try TreeSnapshot(of: stage.target).things.keys.map(\.description).sorted() == ["d", "d/others"])
    }

    @Test(arguments: ContainerShell.there) func aFolderWithOthersFilesIsNotReplaced(shell: ContainerShell) async throws
    {
        let stage = try ShellChannel(shell)
        mkdir("\(stage.target)/a", 0o755)
        try TestFile.write(Array("others".utf8), to: "\(stage.target)/a/others")
        try stage.write("file", to: "a")
        try stage.write("other file", to: "b")
        #expect(try await stage.failure([stage.entry("a"), stage.entry("b")]).reason.kind == .occupied)
        #expect(TestFile.read("\(stage.target)/a/others") == "others")
        #expect(try await stage.send("b").count == 1)
    }

    @Test(arguments: ContainerShell.there) func thousandsOfFilesArrive(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        let names = (0..<2100).map { "file \($0)" }
        for name in names { try stage.write(name, to: name) }
        #expect(try await stage.channel.send(names.map { stage.entry($0) }).count == 2100)
        #expect(try stage.isTheSame())
        #expect(try await stage.channel.send(names.map { stage.removal($0) }).count == 2100)
        #expect(try TreeSnapshot(of: stage.target).things.isEmpty)
    }

    @Test(arguments: ContainerShell.there) func aLargeFileArrives(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        let bytes = (0..<(5 << 20) + 7).map { UInt8(truncatingIfNeeded: $0 >> 3) }
        try TestFile.write(bytes, to: "\(stage.source)/a")
        #expect(try await stage.send("a").bytes == bytes.count)
        #expect(FileManager.default.contentsEqual(atPath: "\(stage.source)/a", andPath: "\(stage.target)/a"))
    }

    @Test(arguments: ContainerShell.there) func whatHasVanishedIsTold(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        mkfifo("\(stage.source)/pipe", 0o600)
        try stage.write("here", to: "a")
        let receipt = try await stage.send("gone", "pipe", "a")
        #expect(receipt.count == 1)
        #expect(receipt.vanished == ["\(stage.target)/gone"])
        #expect(receipt.skipped == ["\(stage.target)/pipe"])
    }

    @Test(arguments: ContainerShell.there) func nothingIsSentForNothing(shell: ContainerShell) async throws {
        #expect(try await ShellChannel(shell).channel.send([]) == SyncReceipt())
    }

    /// A tree in which anything happens, and after each send the other one is the same.
    @Test(arguments: ContainerShell.there, [1, 2] as [UInt64])
    func anyTreeArrives(shell: ContainerShell, seed: UInt64) async throws {
        let stage = try ShellChannel(shell)
        var tree = RandomTree(in: stage.source, seed: seed)
        var sent = try TreeSnapshot(of: stage.source)
        for round in 1...60 {
            try tree.change(steps: 12)
            let now = try TreeSnapshot(of: stage.source)
            let (changed, removed) = now.changes(since: sent)
            let entries =
                changed.map { stage.entry("\($0)") } + removed.map { stage.removal("\($0)") }
            do {
                #expect(try await stage.channel.send(entries).count == entries.count)
            } catch {
                Issue.record("round \(round): \(error)")
                return
            }
            let there = try TreeSnapshot(of: stage.target)
            try #require(there == now, "round \(round): \(now.differences(to: there))")
            sent = now
        }
    }
}
