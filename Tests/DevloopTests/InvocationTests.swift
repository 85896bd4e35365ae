import Testing

@testable import devloop

struct InvocationTests {
    /// The command that a line asks to run, and the flags that every command takes.
    private func run<Command: Subcommand>(
        _ type: Command.Type, _ arguments: [String]
    ) throws -> (command: Command, options: CommonOptions) {
        guard case .run(let command, let options) = try Invocation.parse(arguments) else {
            throw UsageError.invalid("\(arguments) runs nothing")
        }
        return (try #require(command as? Command), options)
    }

    /// The command that a line asks for help about: `overview` where it is all of them.
    private func topic(_ arguments: [String]) throws -> String? {
        guard case .help(let command) = try Invocation.parse(arguments) else { return nil }
        return command.map { $0.name } ?? "overview"
    }

    private func refusal(_ arguments: [String]) -> String? {
        do {
            _ = try Invocation.parse(arguments)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func flagsMayStandAnywhereAndTakeTheirValueEitherWay() throws {
        var options = CommonOptions()
        options.file = "x.json"
        options.settings = ["target": "docker", "namespace": "n", "registry": "localhost:5000"]
        options.jobs = 3
        options.verbosity = .verbose
        options.color = .never
        let common = ["-n", "n", "--registry=localhost:5000", "--color", "never", "-v", "--cleanup"]
        let lines = [
            ["dev", "-f", "x.json", "--target", "docker", "--jobs", "3"] + common,
            ["--target=docker", "-fx.json", "--jobs=3"] + common + ["dev"],
        ]
        for line in lines {
            let (command, given) = try run(DevCommand.self, line)
            #expect(command == DevCommand(cleanup: true))
            #expect(given == options)
        }
    }

    @Test func buildTakesServicesAndPush() throws {
        let (command, options) = try run(BuildCommand.self, ["build", "a", "--push", "b"])
        #expect(command == BuildCommand(names: ["a", "b"], push: true))
        #expect(options == CommonOptions())
        #expect(try run(BuildCommand.self, ["build", "--", "-a"]).command == BuildCommand(names: ["-a"]))
    }

    @Test func logsTakesServicesAndATime() throws {
        #expect(try run(LogsCommand.self, ["logs"]).command == LogsCommand())
        #expect(
            try run(LogsCommand.self, ["logs", "a", "--since", "1h30m", "--no-follow", "b"]).command
                == LogsCommand(names: ["a", "b"], since: .seconds(5400), follows: false))
    }

    @Test(arguments: [
        ("90s", 90), ("10m", 600), ("1h", 3600), ("1h30m5s", 5405), ("", nil), ("10", nil), ("m", nil), ("0s", nil),
        ("-1m", nil), ("1d", nil), ("1.5h", nil), ("99999999999999999999h", nil),
    ])
    func durationsAreReadAsGoWritesThem(_ text: String, _ seconds: Int?) {
        #expect(Duration(words: text) == seconds.map { .seconds($0) })
    }

    @Test func devTakesTheServicesWhoseLogsAreShown() throws {
        #expect(try run(DevCommand.self, ["dev"]).command == DevCommand(logs: .all))
        #expect(try run(DevCommand.self, ["dev", "--logs", "a,b"]).command == DevCommand(logs: .only(["a", "b"])))
        #expect(try run(DevCommand.self, ["--logs=a", "dev", "--no-logs"]).command == DevCommand(logs: .none))
    }

    @Test func ofAFlagThatIsGivenTwiceTheLastCounts() throws {
        let (_, options) = try run(DownCommand.self, ["down", "-n", "a", "--namespace=b"])
        #expect(options == CommonOptions(settings: ["namespace": "b"]))
    }

    @Test(arguments: Subcommands.all.map { $0.name }) func helpAnswersOnEveryCommand(_ name: String) throws {
        for arguments in [[name, "--help"], [name, "-h"], ["-h", name], ["help", name], ["--help", name]] {
            #expect(try topic(arguments) == name)
        }
    }

    @Test func theOverviewAndTheVersionNeedNoCommand() throws {
        #expect(try topic(["--help"]) == "overview")
        #expect(try topic(["help"]) == "overview")
        guard case .version = try Invocation.parse(["--version"]) else { throw UsageError.empty }
    }

    /// Which command a flag is for may stand behind it.
    @Test func aFlagOfSeveralCommandsIsWrittenTheSameForAll() {
        for flags in Dictionary(grouping: Flag.all, by: \.name).values {
            #expect(Set(flags.map(\.letter)).count == 1, "\(flags)")
            #expect(Set(flags.map { $0.valueName == nil }).count == 1, "\(flags)")
        }
    }

    @Test(arguments: [
        (["dve"], "dev"), (["up"], "dev"), (["dev", "--cleanpu"], "--cleanup"), (["dev", "--push"], "devloop build"),
        (["build", "--cleanup"], "devloop dev"), (["dev", "extra"], "extra"), (["dev", "--jobs"], "--jobs"),
        (["dev", "--jobs=0"], "--jobs"), (["dev", "--jobs=x"], "--jobs"), (["dev", "--target=x"], "kubernetes"),
        (["dev", "--color=x"], "always"), (["dev", "--registry=--help"], "option"), (["dev", "--namespace="], "empty"),
        (["dev", "--verbose=yes"], "--verbose"), (["dev", "--logs=a,,b"], "commas"), (["logs", "--since=soon"], "10m"),
        (["dev", "--since=1m"], "devloop logs"), (["logs", "--no-logs"], "devloop dev"), (["lgos"], "\"logs\""),
        (["dev", "-x"], "-x"),
    ])
    func whatIsNotUnderstoodIsOneLineThatNamesTheRightThing(_ arguments: [String], _ part: String) throws {
        let line = try #require(refusal(arguments))
        #expect(line.contains(part), "\(line)")
        #expect(!line.contains("\n"))
        #expect(line.hasPrefix("devloop: "))
    }

    @Test(arguments: [nil] + Subcommands.all.map { $0.name })
    func helpFitsIn80ColumnsAndNamesEveryFlag(_ name: String?) {
        let text = Help.text(for: Subcommands.all.first { $0.name == name })
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(text.contains("--registry") && text.contains("--verbose"))
    }

    @Test func theHelpsColumnsAreStraight() {
        let options = Help.text(for: DevCommand.self).split(separator: "\n").filter {
            $0.contains("--") && $0.hasPrefix("  ")
        }
        let columns = Set(options.compactMap { $0.firstMatch(of: /^.*  \b/)?.0.count })
        #expect(options.count > 10 && columns.count == 1)
    }

    @Test(arguments: [
        (["dev", "-vj4", "-nfoo"], 4), (["dev", "-vj", "4", "-n", "foo"], 4), (["-n=foo", "dev"], nil),
        (["dev", "-qh"], nil), (["dev", "-j-1"], nil),
    ])
    func shortFlagsStandTogether(_ arguments: [String], _ jobs: Int?) throws {
        var options = CommonOptions()
        (options.verbosity, options.settings, options.jobs) = (.verbose, ["namespace": "foo"], jobs)
        let given = try? run(DevCommand.self, arguments).options
        #expect((given == options) == (jobs != nil))
    }

    @Test(arguments: [
        (["dev", "-f", "--target", "docker"], "-f needs a value"), (["dev", "-N", "x"], "\"-n\""),
        (["dev", "--kube-context=x"], "--context"), (["stop"], "\"down\""), (["push"], "build --push"),
        (["nonsense"], "the commands are"), (["dev", "--nonsense"], "lists them"), (["-v"], "which command"),
        (["help", "a", "b"], "\"b\""), ([""], "unknown command \"\""), (["down", "-1"], "unknown option"),
        (["dev", "--jobs", "-1"], "from 1"), (["dev", "-f", "-"], "needs a value"),
        (["dev", "--context", "a\nb"], "control"),
    ])
    func anOddCommandLineIsAnsweredInOneLine(_ arguments: [String], _ part: String) throws {
        let line = try #require(refusal(arguments))
        #expect(line.contains(part) && !line.contains("\n"), "\(line)")
    }

    @Test(arguments: [("buidl", "build"), ("Build", "build"), ("xyz", nil), ("", nil)])
    func theNearestWordIsMeantWhereOneIsNear(_ word: String, _ right: String?) {
        #expect(Suggestion.nearest(to: word, in: ["dev", "build", "down"]) == right)
    }
}
