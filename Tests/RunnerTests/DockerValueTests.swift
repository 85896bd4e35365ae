import Testing

@testable import Runner

/// The small values of the Docker target.
@Suite struct DockerValueTests {
    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("$(A)", "1"), ("$(A)$(B)", "12"), ("$$(A)", "$(A)"), ("$$$(A)", "$1"),
        ("$(NONE)", "$(NONE)"), ("$(A", "$(A"), ("$", "$"), ("$x", "$x"), ("a$", "a$"), ("$()", "$()"),
        ("é$(A)é", "é1é"),
    ])
    func aReferenceToAVariableIsResolvedAsKubernetesDoes(text: String, expected: String) throws {
        var reader = EnvironmentReader(configuration: ConfigurationData(), namespace: "", fields: [:], user: "")
        try reader.read(["env": [["name": "A", "value": "1"], ["name": "B", "value": "2"]]])
        #expect(reader.expand(text) == expected)
    }

    @Test(
        arguments: [
            ("128Mi", 134_217_728), ("1Gi", 1_073_741_824), ("500M", 500_000_000), ("1e3", 1000), ("1.5Ki", 1536),
            ("12", 12), ("x", nil), ("", nil), ("1Zi", nil),
        ] as [(String, Int?)])
    func aQuantityOfMemoryIsBytes(text: String, bytes: Int?) {
        #expect(Quantity.bytes(.string(text)) == bytes)
    }

    @Test(
        arguments: [
            (JSONValue.string("500m"), 500), ("2", 2000), (.number("0.25"), 250), ("0", 0), ("1u", 1), ("16.1", 16100),
            ("-1", -1), ("1e40", 1 << 60), ("inf", nil), ("x", nil), (true, nil),
        ] as [(JSONValue, Int?)])
    func aQuantityOfCPUIsThousandthsOfACore(value: JSONValue, thousandths: Int?) {
        #expect(Quantity.thousandths(value) == thousandths)
    }

    // The reference implementation's vectors, for the key 00 01 … 0f and the input 00 01 …
    @Test(
        arguments: [(0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (15, 0xa129_ca61_49be_45e5)]
            as [(UInt8, UInt64)])
    func theKeyedHashIsSipHash(length: UInt8, hash: UInt64) {
        #expect(KeyedHash(key: (0..<16).map { UInt8($0) }).hash(Array(0..<length)) == hash)
    }

    @Test func aPathInAQueryIsEscaped() {
        #expect("/a b&c=é".percentEncoded == "/a%20b%26c%3D%C3%A9")
    }

    // As Go's fs.FileMode has the bits.
    @Test(
        arguments: [
            ("s", 16_777_709, [.socket]), ("f", 420, [.file, .fileOrNew]), ("pipe", 33_554_852, []),
            ("null", 69_206_454, [.characterDevice]), ("disk", 67_109_296, [.blockDevice]),
            ("d", 2_147_484_141, [.folder, .folderOrNew]),
        ] as [(String, Int, Set<HostPathKind>)])
    func aModeTellsWhatIsAtAPath(name: String, mode: Int, kinds: Set<HostPathKind>) {
        #expect(Set(HostPathKind.allCases.filter { $0.admits(mode: mode) }) == kinds.union([.any]))
    }

    // The vectors of RFC 4648, section 10.
    @Test(
        arguments: [
            ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
            ("Zm9v\nYmFy\n", "foobar"), ("Zg", nil), ("Zg=", nil), ("Z===", nil), ("Z g=", nil), ("=Zg=", nil),
        ] as [(String, String?)])
    func base64IsDecoded(text: String, expected: String?) {
        #expect(Base64.decode(text) == expected.map { Array($0.utf8) })
    }

    @Test func anArchiveHasWholeBlocksAndAnEnd() throws {
        let archive = TarArchive([.init(path: "a/b", content: [1, 2, 3], mode: 0o640)]).bytes
        #expect(archive.count == 512 + 512 + 1024)
        #expect(archive[0..<4] == [0x61, 0x2F, 0x62, 0])
        #expect(String(decoding: archive[100..<107], as: UTF8.self) == "0000640")
        #expect(String(decoding: archive[124..<135], as: UTF8.self) == "00000000003")
        #expect(String(decoding: archive[257..<262], as: UTF8.self) == "ustar")
        #expect(archive[512..<515] == [1, 2, 3])
        let sum = try #require(Int(String(decoding: archive[148..<154], as: UTF8.self), radix: 8))
        #expect(
            sum == archive[0..<512].enumerated().reduce(0) { $0 + ((148..<156) ~= $1.offset ? 32 : Int($1.element)) })
    }

    private func line(_ second: Int, _ text: String) -> [UInt8] {
        Array("2026-01-01T00:00:0\(second).000000000Z \(text)".utf8)
    }

    @Test func aLogGoesOnWhereBothOfItsStreamsWere() {
        var log = ContainerLog(oldStart: nil, time: nil)
        #expect(log.begin() == .beginning)
        #expect(log.accept(line(3, "out"), from: .standardOutput) == [Array("out".utf8)])
        // Nothing is known of the other stream: all is read again, and shown once.
        #expect(log.begin() == .beginning)
        #expect(log.accept(line(3, "out"), from: .standardOutput) == [])
        #expect(log.accept(line(2, "err"), from: .standardError) == [Array("err".utf8)])
        #expect(log.begin() == .time(EngineTime(seconds: Self.newYear + 2)))
        #expect(log.accept(line(3, "out"), from: .standardOutput) == [])
        #expect(log.accept(line(2, "err"), from: .standardError) == [])
        #expect(log.accept(line(4, "more"), from: .standardOutput) == [Array("more".utf8)])
        log.finish()
        #expect(log.begin() == .time(EngineTime(seconds: Self.newYear + 4)))
    }

    @Test func ofAnOldContainerTheLastLinesAreShown() {
        let time = EngineTime(seconds: Self.newYear + 9)
        var log = ContainerLog(oldStart: .lastLines(10), time: time)
        #expect(log.begin() == .lastLines(10))
        #expect(log.begin() == .time(time))
    }

    @Test func whatDockerSaysItselfIsNoLine() {
        var log = ContainerLog(oldStart: nil, time: nil)
        #expect(log.accept(Array("Error response from daemon: No such container".utf8), from: .standardError) == [])
    }

    @Test func thePartsOfALongLineAreJoined() {
        var log = ContainerLog(oldStart: nil, time: nil)
        let part = String(repeating: "x", count: 16 << 10)
        let text = log.accept(
            line(1, part) + line(1, part) + line(1, "rest"), from: .standardOutput)
        #expect(text == [Array("\(part)\(part)rest".utf8)])
    }

    private func stamped(_ time: String, _ text: String) -> String { "2026-01-01T00:00:\(time)000000000Z \(text)" }

    /// 2026-01-01T00:00:00Z
    private static let newYear = 1_767_225_600

    @Test(
        arguments: [
            // A program's own times: earlier, the same, one that is still to come, one of another form.
            ("fatal 2026-01-01T00:00:02.000000000Z x", nil), ("fatal 2026-01-01T00:00:03.000000000Z x", nil),
            ("until 2026-01-01T01:00:00.000000000Z x", nil), ("at 2026-01-01T00:00:05Z x", nil),
            ("at 2026-01-01T00:00:05.000000000Z", nil), ("at 2026-01-01 00:00:05.000000000Z x", nil),
            ("fatal: none2026-01-01T00:00:05.000000000Z first", ["fatal: none", "first"]),
            ("2026-01-01T00:00:05.000000000Z 2026-01-01T00:00:06.000000000Z ", ["", ""]),
        ] as [(String, [String]?)])
    func theFirstLineOfARunIsNotGluedToTheLastWordsBefore(text: String, expected: [String]?) {
        var log = ContainerLog(oldStart: nil, time: nil)
        let line = Array(stamped("03.", text).utf8)
        let shown = log.accept(line, from: .standardOutput, now: Self.newYear + 8)
        if text.hasPrefix("2026") {
            #expect(shown.count == 3)
        } else {
            #expect(shown == (expected ?? [text]).map { Array($0.utf8) })
        }
    }

    @Test func lastWordsThatWereShownAreNotShownAgainWithTheNextRun() {
        var log = ContainerLog(oldStart: nil, time: nil)
        #expect(log.begin() == .beginning)
        #expect(log.accept(Array(stamped("01.", "first").utf8), from: .standardOutput).count == 1)
        // What follows the log may end without them.
        #expect(log.beginRest() == .time(EngineTime(seconds: Self.newYear)))
        #expect(log.accept(Array(stamped("01.", "first").utf8), from: .standardOutput) == [])
        #expect(log.accept(Array(stamped("02.", "fatal").utf8), from: .standardOutput) == [Array("fatal".utf8)])
        log.finish()
        #expect(log.begin() == .time(EngineTime(seconds: Self.newYear + 2)))
        let glued = stamped("02.", "fatal") + stamped("03.", "first")
        #expect(log.accept(Array(glued.utf8), from: .standardOutput) == [Array("first".utf8)])
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00.000000000Z", 0), ("2000-02-29T12:34:56.789000000Z", 951_827_696),
        ("2026-01-01T00:00:00.999999999Z", newYear), ("2026-12-31T23:59:59.000000000Z", 1_798_761_599),
    ])
    func aTimeOfDockersIsCountedInSeconds(text: String, seconds: Int) {
        #expect(LogTime.seconds(Array(text.utf8)[...]) == seconds)
    }

    @Test func theListIsReadAndWhatIsNotDevloopsLeftOut() {
        let fields = [
            "id", "running", "deployment/web", "ns", "main", "i", "f", "shop/web", "sha256:1", "main", "v1,v2",
            "default/np/80=30400", "several", "devloop-shop,devloop-shop-all", "v3", #""/a\tb/devloop.json""#,
        ]
        func read(_ fields: [String]) -> [ListedContainer] {
            let text = "\(fields.joined(separator: "\t"))\nsomething else\n"
            return ListedContainer.read(
                CommandOutput(termination: .exited(0), standardOutput: Array(text.utf8)), namespace: "default")
        }
        let listed = read(fields)
        #expect(listed.count == 1)
        #expect(listed.first?.workload == Workload(kind: .deployment, name: "web", namespace: "ns"))
        #expect(listed.first?.volumes == ["v1", "v2"])
        #expect(listed.first?.ports == ["default/np/80": 30400])
        #expect(listed.first?.hasSiblings == true)
        #expect(listed.first?.networks == ["devloop-shop", "devloop-shop-all"])
        #expect(listed.first?.mounts == ["v3"])
        #expect(listed.first?.place == "/a\tb/devloop.json")
        #expect(read(Array(fields.dropLast(3)) + ["", "", "\"\""]).first?.networks == [])
    }

    @Test func aPortThatIsFreeIsFoundAndStaysTheSame() {
        let first = FreePort.port(for: "a") { _ in true }
        #expect(first == FreePort.port(for: "a") { _ in true })
        #expect(FreePort.port(for: "a") { $0 != first } != first)
        #expect(FreePort.port(for: "a") { $0 == 30000 } == 30000)
        #expect(FreePort.port(for: "a") { _ in false } == nil)
    }

    @Test(
        arguments: [
            (
                #"{"dev.devloop.workload": "deployment/web", "dev.devloop.restart": "unless-stopped"}"#, 1,
                "exited with code 1; Docker restarts it"
            ),
            (#"{"dev.devloop.workload": "pod/web", "dev.devloop.restart": "no"}"#, 0, "exited with code 0"),
            (#"{"dev.devloop.workload": "pod/web", "dev.devloop.role": "init", "dev.devloop.restart": "no"}"#, 0, nil),
            (
                #"{"dev.devloop.workload": "pod/web", "dev.devloop.role": "init", "dev.devloop.restart": "retried"}"#,
                1, "exited with code 1; it is run again"
            ),
            (
                #"{"dev.devloop.workload": "pod/web", "dev.devloop.pod": "several", "dev.devloop.container": "c", "dev.devloop.restart": "no"}"#,
                2, "container c exited with code 2"
            ),
        ] as [(String, Int, String?)])
    func aDeathIsToldInWords(labels: String, code: Int, text: String?) throws {
        let labels = try JSONParser.parse(Array(labels.utf8)).stringMembers
        let container = try #require(FollowedContainer(id: "c1", labels: labels, namespace: "default"))
        #expect(container.notice(exitCode: code, cause: .itself) == text)
    }

    @Test(arguments: [("9", true), ("15", true), ("1", false)])
    func whoIsStoppedByHandIsNotSaidToBeStartedAgain(signal: String, isLast: Bool) throws {
        let line = """
            {"Action": "kill", "Actor": {"ID": "c", "Attributes": {"dev.devloop.workload": "deployment/web", \
            "signal": "\(signal)"}}}
            """
        let event = try #require(DockerEvent(Array(line.utf8), namespace: "default"))
        #expect(event.action == .kill)
        #expect(event.isLast == isLast)
        #expect(
            event.container.notice(exitCode: 137, cause: .somebody)
                == "exited with code 137: somebody stopped or removed it")
    }
}
