import Testing

@testable import Runner

struct LogCursorTests {
    private var cursor = LogCursor()

    /// The texts that are shown of these lines.
    private mutating func shown(_ lines: String...) -> [String] {
        lines.compactMap { cursor.accept(Array($0.utf8)).map { String(decoding: $0, as: UTF8.self) } }
    }

    private static func at(_ fraction: String, _ text: String) -> String { "2026-11-23T10:00:00\(fraction)Z \(text)" }

    @Test mutating func linesAreShownWithoutTheirTimes() {
        #expect(
            shown(Self.at(".1", "one"), Self.at(".2", "  two  three"), Self.at(".3", "")) == [
                "one", "  two  three", "",
            ])
        #expect(cursor.resumeFrom == "2026-11-23T10:00:00.3Z")
    }

    @Test(arguments: ["", "plain", "a word that is followed by others", "2026-11-23T10:00:00Z"])
    mutating func aLineWithoutATimeIsShownAsItIs(_ line: String) {
        #expect(shown(line) == [line])
        #expect(cursor.resumeFrom == nil)
    }

    @Test mutating func aReaderThatBeginsAgainShowsNoLineTwice() {
        _ = shown(Self.at(".1", "one"), Self.at(".2", "two"))
        cursor.beginAgain()
        // kubectl begins again at the whole second.
        #expect(shown(Self.at(".1", "one"), Self.at(".2", "two"), Self.at(".3", "three")) == ["three"])
        cursor.beginAgain()
        #expect(shown(Self.at(".3", "three"), Self.at(".4", "four")) == ["four"])
    }

    @Test mutating func linesOfOneTimeAreCounted() {
        #expect(shown(Self.at(".1", "a"), Self.at(".1", "b")) == ["a", "b"])
        cursor.beginAgain()
        #expect(shown(Self.at(".1", "a"), Self.at(".1", "b"), Self.at(".1", "c"), Self.at(".2", "d")) == ["c", "d"])
        cursor.beginAgain()
        #expect(shown(Self.at(".2", "d"), Self.at(".2", "e")) == ["e"])
    }

    @Test mutating func twoBreaksInOneTimeCountAllOfIt() {
        #expect(shown(Self.at(".1", "a")) == ["a"])
        cursor.beginAgain()
        #expect(shown(Self.at(".1", "a"), Self.at(".1", "b")) == ["b"])
        cursor.beginAgain()
        #expect(shown(Self.at(".1", "a"), Self.at(".1", "b"), Self.at(".1", "c")) == ["c"])
    }

    /// A reader that dies while it repeats what was shown has shown nothing new, and loses nothing.
    @Test mutating func aBreakDuringTheRepetitionLosesNothing() {
        _ = shown(Self.at(".1", "a"), Self.at(".2", "b"), Self.at(".2", "c"))
        cursor.beginAgain()
        #expect(shown(Self.at(".1", "a"), Self.at(".2", "b")) == [])
        cursor.beginAgain()
        #expect(shown(Self.at(".1", "a"), Self.at(".2", "b"), Self.at(".2", "c"), Self.at(".2", "d")) == ["d"])
    }

    @Test mutating func fractionsWithoutTheirZerosCompareAsTimes() {
        _ = shown(Self.at("", "zero"), Self.at(".12", "one"))
        cursor.beginAgain()
        let again = shown(
            Self.at(".000000000", "zero"), Self.at(".120000000", "one"), Self.at(".120000001", "two"),
            Self.at(".2", "three"))
        #expect(again == ["two", "three"])
    }

    /// Standard output and error are stamped by two threads of the runtime, so the log is not always in order.
    @Test mutating func linesOutOfOrderAreShownWhileTheyAreNew() {
        #expect(shown(Self.at(".2", "b"), Self.at(".1", "a"), Self.at(".3", "c")) == ["b", "a", "c"])
        cursor.beginAgain()
        #expect(shown(Self.at(".2", "b"), Self.at(".1", "a"), Self.at(".3", "c"), Self.at(".4", "d")) == ["d"])
    }

    @Test mutating func aNodeInAnotherTimeZoneIsRead() {
        let line = { (second: Int) in "2026-11-23T12:00:00.\(second)00000000+02:00 \(second)" }
        #expect(shown(line(1), line(2)) == ["1", "2"])
        cursor.beginAgain()
        #expect(shown(line(1), line(2), line(3)) == ["3"])
    }
}
