import Foundation
import Runner
import TestSupport
import Testing

/// Files into real containers.
@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(1)))
struct SyncDockerTests {
    @Test func aFileBelongsToItsOwner() async throws {
        try await SyncContainer.run { container in
            let receipt = try await container.channel.send([
                container.file("/app/a"), container.file("/app/b", owner: "app"),
                container.file("/app/c", owner: "app:staff"), container.file("/app/d", owner: "7:app"),
            ])
            #expect(receipt.count == 4)
            let owners = try await container.say("stat -c %u:%g /app/a /app/b /app/c /app/d; cat /app/a")
            #expect(owners == "0:0\n1000:1001\n1000:50\n7:1001\nnew")
        }
    }

    @Test func anotherUserWritesWhatItMay() async throws {
        try await SyncContainer.run(options: ["--user=app"]) { container in
            // The folder isn't its own, the file is: it is written in its place.
            _ = try await container.channel.send([
                container.file("/app/theirs/ours"), container.file("/app/ours/ours"), container.file("/app/ours/new"),
            ])
            #expect(
                try await container.say("cat /app/theirs/ours /app/ours/ours /app/ours/new; stat -c %u /app/ours/new")
                    == "newnewnew1000")
        }
    }

    @Test(arguments: ["/app/theirs/theirs", "/app/theirs/new"])
    func whatAnotherUserMayNotWriteIsImpossible(path: String) async throws {
        try await SyncContainer.run(options: ["--user=app"]) { container in
            let error = try await container.failure(container.file(path))
            #expect(error == .impossible(SyncReason(.noPermission, "the container's user may not write \(path)")))
            let allowed = try container.file("/app/ours/new")
            #expect(try await container.channel.send([allowed]).count == 1)
        }
    }

    @Test func whatAnotherUserMayNotRemoveIsImpossible() async throws {
        try await SyncContainer.run(options: ["--user=app"]) { container in
            let error = try await container.failure(SyncEntry(source: nil, path: "/app/theirs/theirs"))
            #expect(error.reason.kind == .noPermission)
        }
    }

    @Test func aReadOnlyRootIsImpossible() async throws {
        try await SyncContainer.run(options: ["--read-only", "--tmpfs=/tmp"]) { container in
            for path in ["/app/ours/ours", "/app/new"] {
                let error = try await container.failure(container.file(path))
                #expect(
                    error
                        == .impossible(
                            SyncReason(.readOnly, "the container's file system is read-only at \(path)")))
            }
            let removal = try await container.failure(SyncEntry(source: nil, path: "/app/ours/ours"))
            #expect(removal.reason.kind == .readOnly)
            let elsewhere = try container.file("/tmp/new")
            #expect(try await container.channel.send([elsewhere]).count == 1)
        }
    }

    @Test func aFullDiskIsTold() async throws {
        try await SyncContainer.run(options: ["--tmpfs=/full:size=64k"]) { container in
            let large = try container.file("/full/large", String(repeating: "x", count: 1 << 20))
            #expect(try await container.failure(large).reason.kind == .diskFull)
            let removal = SyncEntry(source: nil, path: "/full/large")
            let small = try container.file("/full/small")
            #expect(try await container.channel.send([removal, small]).count == 2)
        }
    }

    @Test func anImageWithoutAShellIsTold() async throws {
        try await SyncContainer.run("RUN [\"/bin/busybox\", \"rm\", \"/bin/sh\"]") { container in
            let error = try await container.failure(container.file("/a"))
            #expect(error == .impossible(SyncReason(.noShell, "the container has no shell")))
        }
    }

    static let hasDash = ["/bin/dash", "/usr/bin/ldd"].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(.enabled(if: hasDash, "needs dash"), arguments: [("tar", "tar"), ("dd", "dd"), ("md5sum", "cksum")])
    func anImageWithoutAToolIsTold(tool: String, named: String) async throws {
        let others = ["tar", "dd", "md5sum", "rm", "rmdir"].filter { $0 != tool }.joined(separator: " ")
        try await SyncContainer.run("RUN for a in \(others); do busybox ln -s busybox /bin/$a; done") { container in
            try await container.useDash()
            let error = try await container.failure(container.file("/a"))
            #expect(error == .impossible(error.reason))
            #expect(error.reason.kind == .noTool)
            #expect(error.reason.words.hasPrefix("the container has no \(named)"))
        }
    }

    @Test(.enabled(if: hasDash, "needs dash")) func anotherShellWithFewToolsIsEnough() async throws {
        let tools = "RUN for a in tar dd md5sum rm rmdir cat; do busybox ln -s busybox /bin/$a; done"
        try await SyncContainer.run(tools) { container in
            try await container.useDash()
            let file = try container.file("/a")
            #expect(try await container.channel.send([file]).count == 1)
            #expect(try await container.say("cat /a") == "new")
        }
    }

    @Test func aContainerThatIsKilledInTheMiddleIsALoss() async throws {
        try await SyncContainer.run { container in
            let large = try container.file("/app/large", "")
            truncate(try #require(large.source), 2 << 30)
            async let failure = container.failure(large)
            try await Shell.until { try await container.say("ls /app").contains("large") }
            try await Docker.run("kill", container.id)
            let error = try await failure
            #expect(error == .lost(error.reason))
            let next = SyncChannel.docker(container: container.id, launcher: Docker.launcher)
            let gone = await #expect(throws: SyncError.self) { _ = try await next.send([container.file("/app/a")]) }
            #expect(gone?.reason.kind == .containerGone)
        }
    }

    @Test func aContainerThatHasEndedBetweenTwoSendsIsALoss() async throws {
        try await SyncContainer.run { container in
            let file = try container.file("/app/a")
            _ = try await container.channel.send([file])
            try await Docker.run("kill", container.id)
            let error = try await container.failure(file)
            #expect(error == .lost(error.reason))
        }
    }

    @Test func aContainerThatIsPausedIsALoss() async throws {
        try await SyncContainer.run(patience: .seconds(1)) { container in
            let file = try container.file("/app/a")
            _ = try await container.channel.send([file])
            try await Docker.run("pause", container.id)
            let error = try await container.failure(file)
            try await Docker.run("unpause", container.id)
            #expect(error.reason.kind == .silent)
        }
    }

    @Test func aContainerThatIsNotThereIsALoss() async throws {
        let channel = SyncChannel.docker(container: "devloop-nothing", launcher: Docker.launcher)
        let error = await #expect(throws: SyncError.self) {
            _ = try await channel.send([SyncEntry(source: nil, path: "/a")])
        }
        #expect(error?.reason.kind == .containerGone)
    }

    @Test func aHundredMegabytesArrive() async throws {
        try await SyncContainer.run { container in
            let large = try container.file("/app/large", String(repeating: "0123456789", count: 10 << 20))
            #expect(try await container.channel.send([large]).bytes == 100 << 20)
            #expect(try await container.say("wc -c </app/large") == "\(100 << 20)")
        }
    }

    @Test(arguments: [("root", 1), ("app", 2), ("app", 3)] as [(String, UInt64)])
    func anyTreeArrives(user: String, seed: UInt64) async throws {
        try await SyncContainer.run(options: ["--user=\(user)"]) { container in
            let source = "\(container.folder.path)/tree"
            let target = "/app/ours/tree"
            try await Docker.run("exec", "--user=\(user)", container.id, "mkdir", target)
            mkdir(source, 0o755)
            var tree = RandomTree(in: source, seed: seed)
            var sent = try TreeSnapshot(of: source)
            for round in 1...40 {
                try tree.change(steps: 12)
                let now = try TreeSnapshot(of: source)
                let (changed, removed) = now.changes(since: sent)
                let entries =
                    changed.map { SyncEntry(source: "\(source)/\($0)", path: "\(target)/\($0)") }
                    + removed.map { SyncEntry(source: nil, path: "\(target)/\($0)") }
                #expect(try await container.channel.send(entries).count == entries.count)
                let there = try await container.snapshot(target)
                try #require(there == now, "round \(round): \(now.differences(to: there))")
                sent = now
            }
        }
    }
}
