import TestSupport
import Testing

@testable import Runner

@Suite struct LogStreamsTests {
    private typealias Line = LogStreams.Line

    /// What comes of bytes in pieces of random lengths.
    private func lines(_ bytes: [UInt8], _ streams: inout LogStreams, _ random: inout SeededGenerator) -> [Line] {
        var lines: [Line] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(Int.random(in: 1...Int.random(in: 1...300, using: &random), using: &random)))
            rest = rest.dropFirst(piece.count)
            lines += piece.withUnsafeBytes { streams.take($0) }
        }
        return lines
    }

    private func texts(_ lines: [Line], _ source: OutputSource) -> [String] {
        lines.filter { $0.source == source }.map { String(decoding: $0.text, as: UTF8.self) }
    }

    private func randomLines(_ name: String, _ random: inout SeededGenerator) -> [String] {
        (0..<Int.random(in: 0...30, using: &random)).map { number in
            "2026-01-01T00:00:00.00000000\(number % 10)Z \(name) \(number) "
                + String(repeating: "é", count: Int.random(in: 0...5, using: &random) == 0 ? 300 : 3)
        }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func theLinesOfBothStreamsAreApartAndWholeHoweverTheyCome(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let (output, error) = (randomLines("out", &random), randomLines("err", &random))
        // The last of each may be without a newline.
        func text(_ lines: [String]) -> [UInt8] {
            Array((lines.joined(separator: "\n") + (Bool.random(using: &random) ? "\n" : "")).utf8)
        }
        var rest = [text(output)[...], text(error)[...]]
        var bytes: [UInt8] = []
        while !rest.allSatisfy(\.isEmpty) {
            let stream = Int.random(in: 0...1, using: &random)
            let part = rest[stream].prefix(Int.random(in: 0...100, using: &random))
            rest[stream] = rest[stream].dropFirst(part.count)
            bytes += LogFrame(UInt8(stream + 1), bytes: Array(part)).bytes
        }
        var streams = LogStreams()
        let shown = lines(bytes, &streams, &random) + streams.finish()
        // Of no line at all the newline may be there.
        #expect(texts(shown, .standardOutput) == output || output.isEmpty && texts(shown, .standardOutput) == [""])
        #expect(texts(shown, .standardError) == error || error.isEmpty && texts(shown, .standardError) == [""])
        #expect(streams.failure == nil)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func theLogOfAContainerWithATerminalComesAsItIs(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let expected = randomLines("out", &random)
        var streams = LogStreams()
        let shown = lines(Array(expected.joined(separator: "\r\n").utf8), &streams, &random) + streams.finish()
        #expect(texts(shown, .standardOutput) == expected)
        #expect(texts(shown, .standardError) == [])
    }

    @Test func whatTheEngineSaysItselfIsAFailureAndNoLine() {
        var random = SeededGenerator(seed: 1)
        var streams = LogStreams()
        let frames = [LogFrame(1, "one\n"), LogFrame(3, "Error grabbing logs: "), LogFrame(3, "no file")]
        let bytes = frames.flatMap(\.bytes)
        #expect(texts(lines(bytes, &streams, &random), .standardOutput) == ["one"])
        #expect(streams.failure == "error from daemon in stream: Error grabbing logs: no file")
    }

    @Test(arguments: [[4, 0, 0, 0, 0, 0, 0, 1], [1, 0, 1, 0, 0, 0, 0, 1]] as [[UInt8]])
    func whatIsNoFrameIsAFailure(header: [UInt8]) {
        var random = SeededGenerator(seed: 1)
        var streams = LogStreams()
        let bytes = LogFrame(2, "one\n").bytes + header + Array("x\n".utf8)
        #expect(texts(lines(bytes, &streams, &random), .standardError) == ["one"])
        #expect(streams.failure == "what the engine sent is no log: \(header)")
        #expect(streams.finish() == [])
    }
}
