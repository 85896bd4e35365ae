import Foundation
import TestSupport
import Testing

@testable import Runner

struct ContentSumTests {
    private func sum(_ bytes: [UInt8], by program: ContentSum.Program, pieces: Int = .max) -> ContentSum {
        var summer = ContentSummer(program)
        var rest = bytes[...]
        while !rest.isEmpty {
            rest.prefix(pieces).withUnsafeBytes { summer.take($0) }
            rest = rest.dropFirst(pieces)
        }
        return summer.sum
    }

    // What GNU's cksum prints.
    @Test(arguments: [("", 4_294_967_295), ("a", 1_220_704_766), ("123456789", 930_766_865)] as [(String, UInt32)])
    func aCksumIsKnown(text: String, value: UInt32) {
        #expect(sum(Array(text.utf8), by: .cksum) == .cksum(value, count: text.utf8.count))
    }

    // The test suite of RFC 1321.
    @Test(
        arguments: [
            ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a"
            ),
        ])
    func anMD5IsKnown(text: String, digits: String) {
        #expect(sum(Array(text.utf8), by: .md5sum) == .md5(Array(digits.utf8)))
    }

    @Test(arguments: 1...70, ContentSum.Program.allCases)
    func piecesOfAnySizeAreTheSame(size: Int, program: ContentSum.Program) {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * $0) }
        #expect(sum(bytes, by: program, pieces: size) == sum(bytes, by: program))
    }

    @Test(arguments: ContentSum.Program.allCases) func itIsWhatTheProgramPrints(program: ContentSum.Program)
        async throws
    {
        var generator = SeededGenerator(seed: 12)
        let folder = try TemporaryFolder()
        let launcher = SystemLauncher(environment: ProcessInfo.processInfo.environment)
        for size in [1, 7, 8, 9, 55, 56, 63, 64, 65, 119, 120, 255, 256, 65_537] {
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try TestFile.write(bytes, to: "\(folder.path)/file")
            let said = try await launcher.run(Command(program.rawValue, ["\(folder.path)/file"])).text
            switch sum(bytes, by: program) {
            case .cksum(let value, let count): #expect(said.hasPrefix("\(value) \(count) "))
            case .md5(let digits): #expect(said.hasPrefix(String(decoding: digits, as: UTF8.self)))
            }
        }
    }
}
