import Testing

@testable import devloop

struct InvocationTests {
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
        options.target = .docker
        options.namespace = "n"
        options.registry = "localhost:5000"
        options.jobs = 3
        options.verbosity = .verbose
        options.color = .never
        let expected = Invocation.dev(options, cleanup: true)
        let common = ["-n", "n", "--registry=localhost:5000", "--color", "never", "-v", "--cleanup"]
        #expect(
            try Invocation.parse(["dev", "-f", "x.json", "--target", "docker", "--jobs", "3"] + common) == expected)
        #expect(try Invocation.parse(["--target=docker", "-fx.json", "--jobs=3"] + common + ["dev"]) == expected)
    }

    @Test func buildTakesServicesAndPush() throws {
        #expect(
            try Invocation.parse(["build", "a", "--push", "b"])
                == .build(CommonOptions(), services: ["a", "b"], push: true))
        #expect(try Invocation.parse(["build", "--", "-a"]) == .build(CommonOptions(), services: ["-a"], push: false))
    }

    @Test func logsTakesServicesAndATime() throws {
        #expect(try Invocation.parse(["logs"]) == .logs(CommonOptions(), services: [], since: nil, follows: true))
        #expect(
            try Invocation.parse(["logs", "a", "--since", "1h30m", "--no-follow", "b"])
                == .logs(CommonOptions(), services: ["a", "b"], since: .seconds(5400), follows: false))
    }

    @Test(arguments: [
        ("90s", 90), ("10m", 600), ("1h", 3600), ("1h30m5s", 5405), ("", nil), ("10", nil), ("m", nil), ("0s", nil),
        ("-1m", nil), ("1d", nil), ("1.5h", nil), ("99999999999999999999h", nil),
    ])
    func durationsAreReadAsGoWritesThem(_ text: String, _ seconds: Int?) {
        #expect(Duration(words: text) == seconds.map { .seconds($0) })
    }

    @Test func devTakesTheServicesWhoseLogsAreShown() throws {
        #expect(try Invocation.parse(["dev"]) == .dev(CommonOptions(), logs: .all, cleanup: false))
        #expect(
            try Invocation.parse(["dev", "--logs", "a,b"])
                == .dev(CommonOptions(), logs: .only(["a", "b"]), cleanup: false))
        #expect(
            try Invocation.parse(["--logs=a", "dev", "--no-logs"]) == .dev(CommonOptions(), logs: .none, cleanup: false)
        )
    }

    @Test func ofAFlagThatIsGivenTwiceTheLastCounts() throws {
        var options = CommonOptions()
        options.namespace = "b"
        #expect(try Invocation.parse(["down", "-n", "a", "--namespace=b"]) == .down(options))
    }

    @Test(arguments: ["dev", "build", "logs", "down"]) func helpAnswersOnEveryCommand(_ name: String) throws {
        let command = try #require(CommandName(rawValue: name))
        for arguments in [[name, "--help"], [name, "-h"], ["-h", name], ["help", name], ["--help", name]] {
            #expect(try Invocation.parse(arguments) == .help(.command(command)))
        }
    }

    @Test func theOverviewAndTheVersionNeedNoCommand() throws {
        #expect(try Invocation.parse(["--help"]) == .help(.overview))
        #expect(try Invocation.parse(["help"]) == .help(.overview))
        #expect(try Invocation.parse(["--version"]) == .version)
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

    @Test(arguments: [Invocation.Topic.overview, .command(.dev), .command(.build), .command(.logs), .command(.down)])
    func helpFitsIn80ColumnsAndNamesEveryFlag(_ topic: Invocation.Topic) {
        let text = Help.text(for: topic)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(text.contains("--registry") && text.contains("--verbose"))
    }

    @Test func theHelpsColumnsAreStraight() {
        let options = Help.text(for: .command(.dev)).split(separator: "\n").filter {
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
        (options.verbosity, options.namespace, options.jobs) = (.verbose, "foo", jobs)
        let invocation = try? Invocation.parse(arguments)
        #expect((invocation == .dev(options, cleanup: false)) == (jobs != nil))
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
