import Synchronization
import Testing

@testable import devloop

struct LineRendererTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    private let plain = LineRenderer(
        appearance: Appearance(outputColors: false, errorColors: false, isUnicode: true),
        services: ["posts", "event-bus"])
    private let colored = LineRenderer(
        appearance: Appearance(outputColors: true, errorColors: true, isUnicode: true),
        services: ["posts", "event-bus"])

    @Test func logLinesCarryTheirServiceInAColumn() {
        #expect(text(plain.log(service: "posts", lines: [Array("hello".utf8)])) == "posts     │ hello\n")
        #expect(text(plain.log(service: "event-bus", lines: [[], Array("x".utf8)])) == "event-bus │ \nevent-bus │ x\n")
        #expect(text(plain.log(service: "a-longer-name", lines: [[0x78]])) == "a-longer-name │ x\n")
    }

    @Test func eachServiceHasAColorOfItsOwn() {
        let lines = ["posts", "event-bus"].map { text(colored.log(service: $0, lines: [[0x78]])) }
        #expect(lines.allSatisfy { $0.hasPrefix("\u{1B}[") })
        #expect(lines[0].prefix(5) != lines[1].prefix(5))
    }

    @Test func aPodsColorsPassAndNothingElseThatDrivesATerminal() {
        let line = Array("\u{1B}[31mred\u{1B}[0m \u{1B}[2J\u{1B}]0;title\u{7}\u{1B}[10;10Hend\u{8}".utf8)
        let shown = text(colored.log(service: "posts", lines: [line]))
        #expect(shown.contains("\u{1B}[31mred"))
        for sequence in ["[2J", "]0;", "[10;10H", "\u{7}", "\u{8}"] { #expect(!shown.contains(sequence)) }
        #expect(shown.contains("end"))
        #expect(!text(plain.log(service: "posts", lines: [line])).contains("\u{1B}"))
    }

    @Test func invalidBytesAreShownReplacedAndTabsStay() {
        #expect(text(plain.log(service: "posts", lines: [[0xFF, 0x09, 0x78]])) == "posts     │ \u{FFFD}\tx\n")
    }

    @Test func ofALineThatPaintsOverItselfTheLastTextIsShown() {
        #expect(text(plain.log(service: "posts", lines: [Array("10%\r50%\r100%".utf8)])) == "posts     │ 100%\n")
    }

    @Test func namesFromOutsideCannotDriveTheTerminal() {
        #expect(text(plain.message(.note, "a\u{1B}[2Jb\nc", colors: false)) == "· a^[[2Jb^Jc\n")
    }

    @Test func aFailureShowsWhatTheToolSaidAndWhatToDo() {
        #expect(
            text(plain.failure("posts: the build failed", details: ["one\ntwo"], advice: "fix it"))
                == "✗ posts: the build failed\n  │ one\n  │ two\n  fix it\n")
    }

    @Test(arguments: [
        (["", "one", "", "two", " ", ""], ["one", "", "two"]), (["\n\none\n"], ["one"]), (["", " "], []), ([], []),
    ])
    func blankLinesAroundWhatTheToolSaidAreLeftOut(_ details: [String], _ shown: [String]) {
        #expect(
            text(plain.failure("failed", details: details, advice: nil))
                == "✗ failed\n" + shown.map { "  │ \($0)\n" }.joined())
    }

    @Test func withoutUnicodeThereIsASCII() {
        let renderer = LineRenderer(appearance: Appearance(isUnicode: false), services: ["posts"])
        #expect(text(renderer.log(service: "posts", lines: [[0x78]])) == "posts | x\n")
        #expect(text(renderer.message(.success, "done · ok", colors: false)) == "+ done - ok\n")
    }
}

struct AppearanceTests {
    private func detect(_ color: ColorChoice, _ environment: [String: String], terminal: Bool = true) -> Appearance {
        Appearance.detect(
            color: color, environment: environment, outputIsTerminal: terminal, errorIsTerminal: terminal)
    }

    @Test func colorsAreForTerminalsUnlessSomebodyObjects() {
        #expect(detect(.auto, ["TERM": "xterm"]).outputColors)
        #expect(!detect(.auto, ["TERM": "xterm"], terminal: false).outputColors)
        #expect(!detect(.auto, ["TERM": "xterm", "NO_COLOR": "1"]).outputColors)
        #expect(!detect(.auto, ["TERM": "dumb"]).outputColors)
        #expect(detect(.always, ["NO_COLOR": "1"], terminal: false).outputColors)
        #expect(!detect(.never, ["TERM": "xterm"]).outputColors)
    }

    @Test(arguments: [
        (["LANG": "C.UTF-8"], true), (["LANG": "C"], false), ([:], false),
        (["LC_ALL": "C", "LANG": "de_DE.UTF-8"], false), (["LC_CTYPE": "en_US.utf8"], true),
    ])
    func theLocaleDecidesTheCharacters(_ environment: [String: String], _ isUnicode: Bool) {
        #expect(detect(.auto, environment).isUnicode == isUnicode)
    }
}

struct PassSummaryTests {
    @Test func itSaysWhereTheTimeWent() {
        let summary = PassSummary(
            service: "posts", outcome: "live in", total: .milliseconds(1930),
            stages: [
                .init(name: "detect", duration: .milliseconds(60)), .init(name: "build", duration: .milliseconds(340)),
            ],
            changes: ["index.js", "a", "b"])
        #expect(summary.text == "posts live in 1.9 s · detect 0.1 · build 0.3 (index.js and 2 more)")
    }

    @Test(arguments: [
        (Duration.zero, "0.0 s"), (.milliseconds(49), "0.0 s"), (.milliseconds(50), "0.1 s"),
        (.milliseconds(59940), "59.9 s"), (.seconds(65), "1 m 05 s"), (.seconds(-1), "0.0 s"),
    ])
    func durationsAreForPeople(_ duration: Duration, _ text: String) {
        #expect(duration.text == text)
    }
}
