import Testing

@testable import Runner

struct SyncErrorTests {
    @Test(
        arguments: [
            ("tar: app/x: Cannot open: Read-only file system", .readOnly),
            ("tar: can't open 'app/x': Read-only file system", .readOnly),
            ("tar: app/x: Cannot open: Permission denied", .noPermission),
            ("rm: cannot remove '/app/x': Operation not permitted", .noPermission),
        ] as [(String, SyncReason.Kind)])
    func whatNeverWorksIsImpossible(said: String, kind: SyncReason.Kind) {
        let error = SyncError(said: [said], about: "/app/x")
        #expect(error == .impossible(error.reason))
        #expect(error.reason.kind == kind)
        #expect(error.reason.words.contains("/app/x"))
    }

    @Test(
        arguments: [
            ("tar: app/x: Cannot write: No space left on device", .diskFull), ("tar: something else", .other),
        ] as [(String, SyncReason.Kind)])
    func whatMayWorkLaterHasFailed(said: String, kind: SyncReason.Kind) {
        let error = SyncError(said: [said], about: "/app/x")
        #expect(error == .failed(error.reason))
        #expect(error.reason.kind == kind)
    }

    @Test(
        arguments: [
            (
                "OCI runtime exec failed: exec failed: unable to start container process: exec: \"sh\": executable file not found in $PATH: unknown",
                .noShell
            ),
            (
                "error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"1\": OCI runtime exec failed: exec failed: unable to start container process: exec: \"sh\": executable file not found in $PATH: unknown",
                .noShell
            ),
            (
                "Error from server (Forbidden): pods \"web\" is forbidden: User \"dev\" cannot create resource \"pods/exec\" in API group \"\" in the namespace \"shop\"",
                .refused
            ), ("docker was not found on PATH", .noProgram),
        ] as [(String, SyncReason.Kind)])
    func anEndThatWillBeTheSameNextTimeIsImpossible(said: String, kind: SyncReason.Kind) {
        let error = SyncError(ended: CommandOutput(termination: .exited(127), standardError: Array(said.utf8)))
        #expect(error == .impossible(error.reason))
        #expect(error.reason.kind == kind)
    }

    @Test(
        arguments: [
            ("Error from server (NotFound): pods \"web-1\" not found", .containerGone),
            ("Error response from daemon: Container 0a1b is not running", .containerGone),
            ("Error response from daemon: No such container: 0a1b", .containerGone),
            ("Error response from daemon: Container 0a1b is paused, unpause the container before exec", .containerGone),
            ("error: unable to upgrade connection: container not found (\"app\")", .containerGone),
            ("error: cannot exec into a container in a completed pod; current phase is Succeeded", .containerGone),
            (
                "error: unable to upgrade connection: dial tcp 10.0.0.1:6443: connect: connection refused",
                .connectionLost
            ),
            ("command terminated with exit code 137", .connectionLost), ("", .connectionLost),
        ] as [(String, SyncReason.Kind)])
    func anyOtherEndIsALoss(said: String, kind: SyncReason.Kind) {
        let error = SyncError(ended: CommandOutput(termination: .exited(1), standardError: Array(said.utf8)))
        #expect(error == .lost(error.reason))
        #expect(error.reason.kind == kind)
    }
}
