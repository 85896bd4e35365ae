import Foundation
import TestSupport
import Testing

@testable import Runner

/// A place where a program is process 1.
private enum Isolation {
    static let options = ["--pid", "--fork", "--mount-proc", "--kill-child"]

    static let isPossible = succeeds(["unshare"] + options + ["true"])
    static let hasNode = succeeds(["node", "-e", ""])

    private static func succeeds(_ words: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardError = FileHandle.nullDevice
        try? process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

/// A program under a supervisor that is the first process of its own, in the shells of this machine. The program itself
/// sends the signals: to it, too, the supervisor is process 1.
@Suite(.enabled(if: Isolation.isPossible, "needs unshare and the right to use it"), .timeLimit(.minutes(1)))
struct SupervisorTests {
    /// - Parameter program: words; `$F` is a file of its own, `$C` the file where the supervisor counts.
    private func run(
        _ shell: ContainerShell, _ program: [String], environment: [String: String] = [:]
    ) async throws -> (code: Int32?, text: String) {
        let folder = try TemporaryFolder()
        let name = "test-\(UInt32.random(in: 0...UInt32.max))"
        defer { try? FileManager.default.removeItem(atPath: Supervisor.file(of: name)) }
        let launcher = SystemLauncher(
            environment: [
                "PATH": "/usr/local/bin:/usr/bin:/bin", "F": "\(folder.path)/file", "C": Supervisor.file(of: name),
            ].merging(environment) { $1 })
        let words = [shell.rawValue] + shell.words(Supervisor.script) + [name] + program
        let output = try await launcher.runTool(Command("unshare", Isolation.options + words))
        guard case .exited(let code) = output.termination else { return (nil, output.text) }
        return (code, output.text)
    }

    @Test(arguments: ContainerShell.there) func theExitCodeIsThePrograms(shell: ContainerShell) async throws {
        #expect(try await run(shell, ["sh", "-c", "echo up; exit 7"]) == (7, "up"))
        #expect(try await run(shell, ["sh", "-c", "kill -s KILL $$"]).code == 137)
        #expect(try await run(shell, ["sh", "-c", "kill -s TERM $$"]).code == 143)
        #expect(try await run(shell, ["/there/is/none"]).code == 127)
    }

    /// Those of which shells know no name, and those that the script has, too.
    @Test(arguments: ContainerShell.there) func itsEnvironmentIsWhatItWas(shell: ContainerShell) async throws {
        let environment = [
            "a.b": "1", "x-y": "two\n lines = \\n\n$HOME", "d_count": "z", "count": "10", "PLAIN": "a\nb.c=d", "E": "",
            "Logging:Level": "x", "sp ace": "y", "ü": "z", "1st": "=",
        ]
        let said = try await run(shell, ["env", "--null"], environment: environment).text
        let lines = Set(said.split(separator: "\0").map(String.init))
        for (name, value) in environment { #expect(lines.contains("\(name)=\(value)"), "\(name)") }
        #expect(!lines.contains { $0.hasPrefix("b.c=") })
    }

    @Test(arguments: ContainerShell.there, ["HUP", "USR1", "USR2", "TERM", "WINCH"])
    func aSignalReachesTheProgram(shell: ContainerShell, signal: String) async throws {
        let program = "trap 'echo got; exit 3' \(signal); kill -s \(signal) 1; while :; do sleep 0.01; done"
        #expect(try await run(shell, ["sh", "-c", program]) == (3, "got"))
    }

    /// Also where it comes while the supervisor still waits for the program to be one.
    @Test(arguments: ContainerShell.there) func whatEndsTheProgramIsSentOnce(shell: ContainerShell) async throws {
        let program = """
            trap 'printf x >>$F' TERM; kill -s TERM 1; until [ -s $F ]; do :; done
            i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; cat $F; exit 3
            """
        #expect(try await run(shell, ["sh", "-c", program]) == (3, "x"))
    }

    /// What a shell starts in the background ignores these, and a shell can't undo that for itself.
    @Test(arguments: ContainerShell.there, ["INT", "QUIT"])
    func aSignalThatEndsAProgramEndsIt(shell: ContainerShell, signal: String) async throws {
        let code = try await run(shell, ["sh", "-c", "kill -s \(signal) 1; exec sleep 30"]).code
        #expect([130, 131, 143].contains(code))
    }

    @Test(arguments: ContainerShell.takingTools) func ctrlCCanBeHandled(shell: ContainerShell) async throws {
        let program = "trap 'echo got; exit 3' INT; kill -s INT 1; while :; do sleep 0.01; done"
        #expect(try await run(shell, ["sh", "-c", program]) == (3, "got"))
    }

    /// Asks for a start until it comes, as whoever sends files does: between a look and a wait of a shell a signal may come
    /// to nothing.
    private static let asking = "while :; do kill -s 63 1; sleep 0.25; done"

    /// `$F` holds a letter for each start.
    private static let again = "printf x >>$F; [ $(cat $F) != xxxx ] || exit 5; \(asking)"

    @Test(arguments: ContainerShell.there) func itIsStartedAgainAsOftenAsItIsAsked(shell: ContainerShell) async throws {
        #expect(try await run(shell, ["sh", "-c", "echo up; \(Self.again)"]) == (5, "up\nup\nup\nup"))
    }

    @Test(arguments: ContainerShell.there) func howOftenItWasStartedStandsInItsFile(shell: ContainerShell) async throws
    {
        let program = "until [ -s $C ]; do sleep 0.01; done; cat $C; \(Self.again)"
        let text = try await run(shell, ["sh", "-c", program]).text
        #expect(text.split(separator: "\n").first == "1")
    }

    @Test(arguments: ContainerShell.there) func whatItHasStartedEndsWithIt(shell: ContainerShell) async throws {
        let program = """
            printf x >>$F
            [ $(cat $F) = x ] || { pgrep -c -x -f 'sleep 77'; exit 5; }
            (exec sleep 77) & \(Self.asking)
            """
        #expect(try await run(shell, ["sh", "-c", program]) == (5, "0"))
    }

    /// Of a program with several threads the first may be dead while the others, whose children they are, are not.
    @Test(.enabled(if: Isolation.hasNode, "needs node"), arguments: ContainerShell.there)
    func whatAProgramWithThreadsHasStartedEndsWithIt(shell: ContainerShell) async throws {
        let program = """
            const { execSync, spawn } = require("child_process"), fs = require("fs")
            fs.appendFileSync(process.env.F, "x")
            const left = execSync("pgrep -c -x -f 'sleep 78' || true").toString().trim()
            if (left != "0") { console.log(left); process.exit(6) }
            if (fs.readFileSync(process.env.F).length == 12) process.exit(5)
            const child = spawn("sh", ["-c", "echo up; while :; do sleep 78; done"])
            child.stdout.once("data", () => setInterval(() => process.kill(1, 63), 250))
            """
        let (code, text) = try await run(shell, ["node", "-e", program])
        #expect(code == 5, "\(text)")
    }

    /// The second one comes when the first has had its effect.
    @Test(arguments: ContainerShell.there, [(asking, "TERM"), ("kill -s TERM 1; while :; do sleep 0.01; done", "63")])
    func whatIsAskedToEndIsNotStartedAgainAndMayTakeItsTime(
        shell: ContainerShell, asked: (first: String, then: String)
    ) async throws {
        let program = """
            printf x >>$F; [ $(cat $F) = x ] || exit 5
            trap 'kill -s \(asked.then) 1; sleep 0.1; echo done; exit 143' TERM; \(asked.first)
            """
        #expect(try await run(shell, ["sh", "-c", program]) == (143, "done"))
    }

    @Test(arguments: ContainerShell.there) func oneThatIgnoresSIGTERMIsKilled(shell: ContainerShell) async throws {
        let program =
            "printf x >>$F; [ $(cat $F) = x ] || exit 5; trap '' TERM; \(Self.asking)"
        #expect(try await run(shell, ["sh", "-c", program]).code == 5)
    }

    @Test(arguments: ContainerShell.there) func orphansAreReaped(shell: ContainerShell) async throws {
        let program = """
            for i in 1 2 3; do (sleep 0.01 &); done; n=0
            while [ $n -lt 500 ] && ps -eo comm= | grep -q ^sleep; do n=$((n+1)); done
            ps -eo stat= | grep -c '^Z'; exit 0
            """
        #expect(try await run(shell, ["sh", "-c", program]).text == "0")
    }
}
