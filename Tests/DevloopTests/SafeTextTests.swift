import TestSupport
import Testing

@testable import devloop

struct SafeTextTests {
    private func line(_ bytes: [UInt8], colors: Bool = true, isUnicode: Bool = true) -> String {
        var output: [UInt8] = []
        SafeText.append(line: bytes, to: &output, colors: colors, isUnicode: isUnicode)
        return String(decoding: output, as: UTF8.self)
    }

    private func line(_ text: String, colors: Bool = true) -> String { line(Array(text.utf8), colors: colors) }

    @Test(arguments: [
        ("\u{1B}[1;38;5;208mhot", "\u{1B}[1;38;5;208mhot\u{1B}[0m"), ("\u{1B}[mx", "\u{1B}[mx\u{1B}[0m"),
        ("\u{1B}[38:2::1:2:3mx", "\u{1B}[38:2::1:2:3mx\u{1B}[0m"), ("\u{9B}31mx", "\u{1B}[31mx\u{1B}[0m"),
    ])
    func colorsAreKeptAndEndWithTheLine(text: String, shown: String) {
        #expect(line(text) == shown)
        #expect(!line(text, colors: false).contains("\u{1B}"))
    }

    @Test(arguments: [
        ("a\u{1B}[2Jb", "ab"), ("a\u{1B}[Hb", "ab"), ("a\u{1B}[?25lb", "ab"), ("a\u{1B}[>4mb", "ab"),
        ("a\u{1B}[1 qb", "ab"), ("a\u{1B}]0;title\u{7}b", "ab"),
        ("a\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\b", "alinkb"),
        ("a\u{1B}Pdevice\u{1B}\\b", "ab"), ("a\u{1B}_x\u{9C}b", "ab"), ("a\u{1B}cb", "ab"), ("a\u{1B}(Bb", "ab"),
        ("a\u{1B}7b", "ab"),
    ])
    func otherSequencesAreLeftOut(text: String, shown: String) {
        #expect(line(text) == shown)
    }

    @Test(arguments: [
        ("a\u{1B}", "a"), ("a\u{1B}[", "a"), ("a\u{1B}[3", "a"), ("a\u{1B}]0;no end", "a0;no end"),
        ("a\u{1B}[3\u{1B}[31mb", "a\u{1B}[31mb\u{1B}[0m"), ("a\u{1B}[3äb", "aäb"), ("a\u{1B}\u{1B}[2Jb", "ab"),
        ("a\u{1B}äb", "aäb"), ("a\u{1B}(", "a"),
    ])
    func aSequenceWithoutAnEndTakesNoTextWithIt(text: String, shown: String) {
        #expect(line(text) == shown)
    }

    @Test(arguments: [
        ("10%\r50%", "50%"), ("50%\r", "50%"), ("50%\r\r\r", "50%"), ("\r\r", ""), ("\rx", "x"), ("a\r\rb", "b"),
    ])
    func ofALineThatPaintsOverItselfTheLastTextIsShown(text: String, shown: String) {
        #expect(line(text) == shown)
    }

    @Test(arguments: [
        ("a\tb", "a\tb"), ("\u{0}\u{7}\u{8}", "^@^G^H"), ("\u{7F}", "^?"), ("a\nb", "a^Jb"), ("\u{85}", "\\x85"),
        ("Ä 🎉 \u{A0}", "Ä 🎉 \u{A0}"), ("a\u{202E}b\u{202C}", "a\\u202eb\\u202c"),
        ("\u{2066}x\u{2069}", "\\u2066x\\u2069"),
        ("\u{202A}\u{202B}\u{202D}\u{2067}\u{2068}", "\\u202a\\u202b\\u202d\\u2067\\u2068"),
        ("שלום \u{200F}עולם\u{200E} – “a” …", "שלום \u{200F}עולם\u{200E} – “a” …"),
    ])
    func controlCharactersAreShownAndTabsStay(text: String, shown: String) {
        #expect(line(text) == shown)
    }

    @Test func whatIsNotUTF8IsReplaced() {
        #expect(line([0x61, 0xFF, 0xC3, 0x28, 0xE2, 0x82]) == "a\u{FFFD}\u{FFFD}(\u{FFFD}")
        #expect(line([0x61, 0xFF], isUnicode: false) == "a?")
        #expect(line([0xC2]) == "\u{FFFD}")
    }

    @Test(arguments: [
        ("a\u{1B}[31mb", "a^[[31mb"), ("\u{9B}2J", "\\x9b2J"), ("a\tb\r\n", "a^Ib^M^J"), ("\u{202E}txt", "\\u202etxt"),
        ("plain · ü", "plain · ü"),
    ])
    func aMessageIsShownAndNeverObeyed(text: String, shown: String) {
        var output: [UInt8] = []
        SafeText.append(message: text, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == shown)
    }

    /// Whatever a pod prints, only colors reach the terminal, and the result is UTF-8.
    @Test(arguments: [true, false]) func noBytesDriveTheTerminal(colors: Bool) throws {
        var generator = SeededGenerator(seed: 1)
        let pieces: [[UInt8]] = [
            [0x1B], [0x5B], [0x5D], [0x6D], [0x33, 0x31], [0x3B], [0x3F], [0x07], [0x0D], [0xC2], [0x9B], [0x9C],
            [0x5C],
            [0xE2, 0x94], [0x61], [0x50], [0x00], [0xFF], [0x4A], [0x20],
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &generator)).flatMap { _ in
                pieces.randomElement(using: &generator) ?? []
            }
            var output: [UInt8] = []
            SafeText.append(line: bytes, to: &output, colors: colors)
            let text = try #require(String(validating: output, as: UTF8.self), "\(bytes) became \(output)")
            let withoutColors = text.replacing(/\u{1B}\[[0-9;:]*m/, with: "")
            let isHarmless = withoutColors.unicodeScalars.allSatisfy {
                $0 == "\t" || $0.properties.generalCategory != .control
            }
            #expect(isHarmless && (colors || text == withoutColors), "\(bytes) became \(output)")
        }
    }
}
