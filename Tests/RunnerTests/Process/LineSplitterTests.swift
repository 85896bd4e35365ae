import TestSupport
import Testing

@testable import Runner

struct LineSplitterTests {
    private func split(_ bytes: [UInt8], chunk: Int) -> [[UInt8]] {
        var splitter = LineSplitter()
        var lines: [[UInt8]] = []
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            bytes[start..<min(start + chunk, bytes.count)].withUnsafeBytes { buffer in
                splitter.append(buffer) { lines.append($0) }
            }
        }
        splitter.finish { lines.append($0) }
        return lines
    }

    @Test(arguments: 1...20) func whereTheChunksEndMakesNoDifference(_ chunk: Int) {
        let text = "one\n\ntwo ü🙂\r\nthree\rfour\n\nlast"
        let expected = ["one", "", "two ü🙂", "three\rfour", "", "last"]
        #expect(split(Array(text.utf8), chunk: chunk).map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    @Test(arguments: 0..<50) func anyChunksGiveTheSameLines(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet: [UInt8] = [0x0A, 0x0A, 0x0D, 0x61, 0x62, 0xC3, 0xBC, 0xFF, 0x00]
        let bytes = (0..<500).map { _ in alphabet.randomElement(using: &random)! }
        var splitter = LineSplitter()
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(Int.random(in: 0...40, using: &random))
            chunk.withUnsafeBytes { buffer in splitter.append(buffer) { lines.append($0) } }
            rest = rest.dropFirst(chunk.count)
        }
        splitter.finish { lines.append($0) }
        var expected = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            $0.last == 0x0D ? Array($0.dropLast()) : Array($0)
        }
        // What follows the last newline is a line only if there is something.
        if bytes.last == 0x0A { expected.removeLast() }
        #expect(lines == expected)
    }

    @Test func aTextThatEndsWithANewlineHasNoEmptyLastLine() {
        #expect(split(Array("a\n".utf8), chunk: 100) == [Array("a".utf8)])
    }

    @Test func bytesThatAreNoTextSurvive() {
        #expect(split([0xFF, 0x00, 0x0A, 0xC3], chunk: 1) == [[0xFF, 0x00], [0xC3]])
    }

    @Test func aLineWithoutAnEndIsCutBeforeItFillsTheMemory() {
        var splitter = LineSplitter()
        var lengths: [Int] = []
        let chunk = [UInt8](repeating: 0x78, count: 1 << 20)
        for _ in 0..<20 { chunk.withUnsafeBytes { buffer in splitter.append(buffer) { lengths.append($0.count) } } }
        splitter.finish { lengths.append($0.count) }
        #expect(lengths.reduce(0, +) == 20 << 20)
        #expect(lengths.allSatisfy { $0 <= LineSplitter.maximumLength + 1 << 20 })
    }
}
