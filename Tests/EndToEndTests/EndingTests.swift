import Foundation
import Testing

/// How the program ends, with stand-ins for docker and kubectl.
@Suite(.timeLimit(.minutes(1))) struct EndingTests {
    /// What npm, timeout and others send: the signal to their child, and to the whole group.
    @Test(arguments: [[SIGINT, SIGINT], [SIGTERM, SIGTERM], [SIGINT, SIGTERM, SIGHUP]])
    func aSignalThatComesTwiceAtOnceIsOneAndTheCleanupIsDone(signals: [Int32]) async throws {
        let standIns = try StandIns()
        defer { standIns.remove() }
        let dev = try standIns.devloop("dev", "--cleanup")
        try await dev.line(containing: "· building")
        for signal in signals { dev.signal(signal) }
        #expect(await dev.exitStatus() == 0, "\(dev.output)")
        #expect(standIns.calls.contains { $0.contains(" delete ") }, "\(dev.output)")
    }

    @Test func whoForcesTheEndIsToldWhatIsLeft() async throws {
        let slow = "*\" delete \"*) cat >/dev/null; exec sleep 1000;;\n"
        let standIns = try StandIns(kubectl: slow + StandIns.kubectl)
        defer { standIns.remove() }
        let dev = try standIns.devloop("dev", "--cleanup", "--namespace", "a-b")
        try await dev.line(containing: "· building")
        dev.signal(SIGINT)
        try await Shell.until { standIns.calls.contains { $0.contains(" delete ") } }
        try await Shell.until {
            dev.signal(SIGINT)
            return !dev.isRunning
        }
        #expect(await dev.exitStatus() == 130)
        #expect(dev.output.contains("ended at once; not everything was deleted: "), "\(dev.output)")
        #expect(dev.output.contains(" down -n a-b"), "\(dev.output)")
    }

    /// As shells do with what a script starts with `&`.
    @Test func aJobOfAScriptThatWasToldToIgnoreCtrlCEndsByIt() async throws {
        let standIns = try StandIns()
        defer { standIns.remove() }
        _ = await (try standIns.devloop("--version")).exitStatus()
        let script = """
            cd "$1"; trap '' INT; "$2" dev >out 2>&1 & pid=$!
            until grep -q building out; do sleep 0.05; done
            kill -INT $pid; wait $pid
            """
        let output = try await Shell.attempt(
            "/bin/sh", ["-c", script, "sh", standIns.folder.path, DevloopProcess.executable],
            environment: ["PATH": "\(standIns.path):/usr/bin:/bin", "LC_ALL": "C.UTF-8"])
        #expect(output.termination.isSuccess, "\(output)")
        let said = try String(contentsOf: standIns.folder.appendingPathComponent("out"), encoding: .utf8)
        #expect(said.contains("the services go on running"), "\(said)")
    }

    #if os(Linux)
        private func isAlive(_ pid: pid_t) -> Bool {
            // One that nobody has reaped yet is a zombie.
            guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
            return !status.contains(") Z ")
        }

        @Test func ofARunThatWasKilledNothingIsLeftAfterTheNext() async throws {
            let standIns = try StandIns()
            defer { standIns.remove() }
            let scratch = {
                try FileManager.default.contentsOfDirectory(atPath: standIns.folder.path).filter {
                    $0.hasPrefix("devloop-run-")
                }
            }
            let temporary = ["TMPDIR": standIns.folder.path]
            let dev = try standIns.devloop("dev", environment: temporary)
            let watches = { standIns.api.requests.filter { $0.contains("watch=true") }.count }
            try await Shell.until { watches() == 2 }
            let list = try await Shell.run("pgrep", "-P", "\(dev.pid)")
            let children = list.split(separator: "\n").compactMap { pid_t($0) }
            #expect(children.count >= 1)
            dev.signal(SIGKILL)
            _ = await dev.exitStatus()
            try await Shell.until { !children.contains(where: isAlive) }
            #expect(try scratch().count == 1)
            #expect(await (try standIns.devloop("build", environment: temporary)).exitStatus() == 0)
            #expect(try scratch() == [])
        }
    #endif

    @Test(arguments: ["", "/nowhere"]) func withoutAFolderForTemporaryFilesTheSystemsIsUsed(folder: String) async throws
    {
        let standIns = try StandIns()
        defer { standIns.remove() }
        let down = try standIns.devloop("down", environment: ["TMPDIR": folder])
        #expect(await down.exitStatus() == 0, "\(down.output)")
    }
}
