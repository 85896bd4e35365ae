import Testing

@testable import Runner

struct CommandTests {
    @Test(arguments: [
        ("plain-1_2./:=@,+%", "plain-1_2./:=@,+%"), ("", "''"), ("a b", "'a b'"), ("$HOME", "'$HOME'"),
        ("it's", #"'it'\''s'"#), ("'", #"''\'''"#), ("a\nb", "'a\nb'"), ("*", "'*'"), ("ü", "'ü'"), ("~", "'~'"),
        ("#", "'#'"), ("a;b", "'a;b'"), ("{{.ID}}", "'{{.ID}}'"),
    ])
    func aWordIsQuotedWhereAShellWouldReadItOtherwise(word: String, quoted: String) {
        #expect(Command("echo", [word]).description == "echo \(quoted)")
    }

    /// What is shown, typed into a shell, is what was run.
    @Test(.timeLimit(.minutes(1))) func aShellReadsADescriptionAsTheCommand() async throws {
        let words = ["a b", "", "it's", "$(id)", "`id`", "\\", "\"", "!", "a\nb", "\t", "--x=y z", "ü🙂", "*", "a&b"]
        let command = Command("printf", ["%s|"] + words, environment: ["LANG": "C", "X": "it's"])
        let launcher = SystemLauncher(environment: ["PATH": "/usr/bin:/bin"])
        let direct = try await launcher.run(command)
        let shell = try await launcher.run(Command("sh", ["-c", command.description]))
        #expect(direct.text == words.map { $0 + "|" }.joined())
        #expect(direct == shell)
    }

    @Test func variablesComeFirstInTheirOrder() {
        let command = Command("docker", ["build"], environment: ["B": "2 3", "A": "1"])
        #expect(command.description == "A=1 B='2 3' docker build")
    }

    @Test func itsInputIsNotShownButWhatItAsksFor() {
        let command = Command("docker", ["system"], input: Array("hush".utf8), purpose: "POST /x")
        #expect(command.description == "docker system # POST /x")
    }

    @Test func outputAsTextIsTrimmedAndReplacesWhatIsNoText() {
        let output = CommandOutput(
            termination: .exited(0), standardOutput: [0x20, 0x0A, 0x61, 0xFF, 0x62, 0x0D, 0x0A], standardError: [0x0A])
        #expect(output.text == "a\u{FFFD}b")
        #expect(output.errorText == "")
    }
}
