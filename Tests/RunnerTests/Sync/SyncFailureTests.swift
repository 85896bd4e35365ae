import Foundation
import TestSupport
import Testing

@testable import Runner

/// What goes wrong in a container, and on the way to it.
@Suite(.timeLimit(.minutes(1)))
struct SyncFailureTests {
    @Test(arguments: ContainerShell.there) func noiseBeforeTheFirstAnswerIsLetGo(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell, before: "echo welcome; echo 1 2 /x; ")
        try stage.write("one", to: "a")
        #expect(try await stage.send("a").count == 1)
    }

    @Test(arguments: ContainerShell.takingTools) func anOldDdIsTold(shell: ContainerShell) async throws {
        let stage = try ShellChannel(
            shell, tools: ["dd": "case $* in *fullblock*) echo 'dd: unknown' >&2; exit 1;; esac; exec /bin/dd \"$@\""])
        try stage.write("one", to: "a")
        let error = try await stage.failure([stage.entry("a")])
        #expect(error == .impossible(error.reason))
        #expect(error.reason.kind == .noTool)
    }

    @Test(arguments: ContainerShell.takingTools) func aTarThatReadsNothingDisturbsNothing(shell: ContainerShell)
        async throws
    {
        let stage = try ShellChannel(
            shell,
            tools: [
                "tar": "[ -e $here/works ] && exec /bin/tar \"$@\"; echo 'tar: No space left on device' >&2; exit 2"
            ])
        try TestFile.write([UInt8](repeating: 7, count: 3 << 20), to: "\(stage.source)/a")
        let error = try await stage.failure([stage.entry("a")])
        #expect(error == .failed(SyncReason(.diskFull, "the container's disk is full")))
        try TestFile.write([], to: "\(stage.folder.path)/works")
        #expect(try await stage.send("a").bytes == 3 << 20)
    }

    @Test(arguments: ContainerShell.takingTools)
    func whatTheContainerWritesAgainIsSentAgainOnce(shell: ContainerShell) async throws {
        let stage = try ShellChannel(
            shell,
            tools: [
                "tar":
                    "/bin/tar \"$@\" || exit; echo >>$here/unpacked; [ $(wc -l <$here/unpacked) -gt ${times:-1} ] || echo more >>$here/target/a"
            ])
        try stage.write("one", to: "a")
        #expect(try await stage.send("a").count == 1)
        #expect(stage.content("a") == "one")
    }

    @Test(arguments: ContainerShell.takingTools) func whatTheContainerAlwaysWritesAgainFails(shell: ContainerShell)
        async throws
    {
        let stage = try ShellChannel(shell, tools: ["tar": "/bin/tar \"$@\"; echo more >>$here/target/a"])
        try stage.write("one", to: "a")
        try stage.write("two", to: "b")
        let error = try await stage.failure([stage.entry("a")])
        #expect(error == .failed(error.reason))
        #expect(error.reason.kind == .altered)
    }

    @Test(arguments: ContainerShell.takingTools) func aLargeFileThatGoesOnChangingFails(shell: ContainerShell)
        async throws
    {
        let stage = try ShellChannel(shell, tools: ["tar": "echo more >>$here/source/a; exec /bin/tar \"$@\""])
        try TestFile.write([UInt8](repeating: 7, count: 3 << 20), to: "\(stage.source)/a")
        let error = try await stage.failure([stage.entry("a")])
        #expect(error == .failed(error.reason))
        #expect(error.reason.kind == .changing)
        try stage.write("small", to: "b")
        #expect(try await stage.send("b").count == 1)
    }

    @Test(arguments: ContainerShell.takingTools) func aLargeFileThatIsCutWhileItIsReadIsReadAgain(shell: ContainerShell)
        async throws
    {
        let stage = try ShellChannel(
            shell,
            tools: ["tar": "[ -e $here/cut ] || { : >$here/cut; echo short >$here/source/a; }; exec /bin/tar \"$@\""])
        try TestFile.write([UInt8](repeating: 7, count: 9 << 20), to: "\(stage.source)/a")
        #expect(try await stage.send("a").count == 1)
        #expect(stage.content("a") == "short\n")
    }

    @Test func aShellThatEndsIsALoss() async throws {
        let stage = try ShellChannel(.dash, before: "echo 'command terminated' >&2; exit 137; ")
        try stage.write("one", to: "a")
        let error = try await stage.failure([stage.entry("a")])
        #expect(error == .lost(error.reason))
        #expect(error.reason.words.contains("command terminated"))
        #expect(try await stage.failure([stage.entry("a")]) == .closed)
    }

    @Test(arguments: ContainerShell.takingTools) func aShellThatIsKilledInTheMiddleIsALoss(shell: ContainerShell)
        async throws
    {
        let stage = try ShellChannel(
            shell, tools: ["tar": "kill -9 $(cat $here/shell)"], before: "echo $$ >$here/shell; ")
        try TestFile.write([UInt8](repeating: 7, count: 9 << 20), to: "\(stage.source)/a")
        let error = try await stage.failure([stage.entry("a")])
        #expect(error == .lost(error.reason))
        #expect(error.reason.kind == .connectionLost)
    }

    @Test(arguments: [1, 9 << 20]) func silenceIsALoss(size: Int) async throws {
        let stage = try ShellChannel(
            .dash, tools: ["tar": "exec sleep 1000"], patience: .milliseconds(700))
        try TestFile.write([UInt8](repeating: 7, count: size), to: "\(stage.source)/a")
        let error = try await stage.failure([stage.entry("a")])
        #expect(error == .lost(error.reason))
        #expect(error.reason.kind == .silent)
    }

    @Test func aMissingProgramIsTold() async throws {
        let folder = try TemporaryFolder()
        let channel = SyncChannel(
            command: DockerCommand.sync("id"), launcher: SystemLauncher(environment: ["PATH": folder.path]))
        let error = await #expect(throws: SyncError.self) {
            _ = try await channel.send([SyncEntry(source: nil, path: "/a")])
        }
        #expect(error?.reason.kind == .noProgram)
    }

    @Test(arguments: ["a", "/", "", "/a/../b", "/a//b", "/./a", "/a/"]) func whatIsNoPathIsRefused(path: String)
        async throws
    {
        let stage = try ShellChannel(.dash)
        #expect(try await stage.failure([SyncEntry(source: nil, path: path)]).reason.kind == .source)
    }

    @Test func cancellingEndsTheSendAndTheProgram() async throws {
        let lifeline = try Lifeline()
        let stage = try ShellChannel(
            .dash, tools: ["tar": "echo >$here/begun; exec sleep 1000"], before: "\(lifeline.hold); ")
        try stage.write("one", to: "a")
        let task = Task { try await stage.channel.send([stage.entry("a")]) }
        while TestFile.read("\(stage.folder.path)/begun") == nil { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        let error = await #expect(throws: SyncError.self) { _ = try await task.value }
        #expect(error == .closed)
        await lifeline.end()
    }

    @Test func closingEndsTheProgram() async throws {
        let lifeline = try Lifeline()
        let stage = try ShellChannel(.dash, before: "\(lifeline.hold); ")
        try stage.write("one", to: "a")
        try await stage.send("a")
        stage.channel.close()
        await lifeline.end()
        #expect(try await stage.failure([stage.entry("a")]) == .closed)
    }
}
