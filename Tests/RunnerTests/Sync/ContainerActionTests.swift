import Foundation
import TestSupport
import Testing

@testable import Runner

/// What is done after files arrived, in the shells of this machine.
@Suite(.timeLimit(.minutes(1)))
struct ContainerActionTests {
    private func perform(_ action: ContainerAction, _ shell: ContainerShell) async throws -> SyncReceipt {
        let stage = try ShellChannel(shell)
        try stage.write("one", to: "a")
        let receipt = try await stage.channel.send([stage.entry("a")], then: [action], in: "none")
        #expect(stage.content("a") == "one")
        return receipt
    }

    @Test(arguments: ContainerShell.there) func aProgramIsRunWhenTheFilesAreThere(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        try stage.write("one", to: "a")
        let copy = ContainerAction.run(["sh", "-c", "cat \"$1\" >\"$1.copy\"", "it's", "\(stage.target)/a"])
        #expect(try await stage.channel.send([stage.entry("a")], then: [copy]).failedRun == nil)
        #expect(stage.content("a.copy") == "one")
        // The channel goes on.
        try stage.write("two", to: "a")
        try await stage.send("a")
        #expect(stage.content("a") == "two")
    }

    @Test(arguments: ContainerShell.there) func whatAProgramSaysIsToldWhereItFails(shell: ContainerShell) async throws {
        let words = ["sh", "-c", "seq 1 30; echo bad >&2; printf worse; exit 3"]
        let failed = try #require(try await perform(.run(words), shell).failedRun)
        #expect(failed.exitCode == 3)
        #expect(failed.words == words)
        #expect(failed.output == (13...30).map { "\($0)" } + ["bad", "worse"])
    }

    @Test(arguments: ContainerShell.there) func aProgramThatIsNotThereIsOneThatFails(shell: ContainerShell) async throws
    {
        #expect(try await perform(.run(["nowhere-to-be-found"]), shell).failedRun?.exitCode == 127)
    }

    /// What is saved meanwhile waits for it. Here, the naps between the looks at it take no time.
    @Test(arguments: ContainerShell.takingTools) func aProgramThatGoesOnForLongIsEnded(shell: ContainerShell)
        async throws
    {
        let stage = try ShellChannel(shell, tools: ["sleep": "exit 0"])
        let words = ["sh", "-c", "echo begun; exec tail -f /dev/null"]
        let failed = try #require(try await stage.channel.send([], then: [.run(words)]).failedRun)
        #expect(failed.isEnded)
        #expect(failed.output == ["begun"])
    }

    @Test(arguments: ContainerShell.there) func whatComesAfterAFailureIsNotDone(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        let touch = ContainerAction.run(["touch", "\(stage.target)/b"])
        let receipt = try await stage.channel.send([], then: [.run(["false"]), touch])
        #expect(receipt.failedRun?.exitCode == 1)
        #expect(stage.content("b") == nil)
    }

    /// The shell of the channel has another language, for what it reads of its tools.
    @Test(arguments: ContainerShell.there, ["", "LC_ALL=C.UTF-8; export LC_ALL; "])
    func aProgramHasTheContainersLanguage(shell: ContainerShell, before: String) async throws {
        let stage = try ShellChannel(shell, before: before)
        let receipt = try await stage.channel.send([], then: [.run(["sh", "-c", "echo ${LC_ALL-none}; exit 1"])])
        #expect(receipt.failedRun?.output == [before.isEmpty ? "none" : "C.UTF-8"])
    }

    @Test(arguments: ContainerShell.there)
    func aProgramThatIsUnderNoSupervisorCannotBeStartedAgain(shell: ContainerShell) async throws {
        let stage = try ShellChannel(shell)
        let error = await #expect(throws: SyncError.self) {
            _ = try await stage.channel.send([], then: [.restart], in: "none")
        }
        #expect(error?.reason.kind == .notRestartable)
        guard case .impossible = error else {
            Issue.record("it is not said that it is impossible")
            return
        }
    }
}
