import Foundation
import TestSupport
import Testing

@testable import Runner

struct PosixChecksumTests {
    private func checksum(_ bytes: [UInt8], pieces: Int = .max) -> PosixChecksum {
        var checksum = PosixChecksum()
        var rest = bytes[...]
        while !rest.isEmpty {
            rest.prefix(pieces).withUnsafeBytes { checksum.take($0) }
            rest = rest.dropFirst(pieces)
        }
        return checksum
    }

    // What GNU's cksum prints.
    @Test(arguments: [("", 4_294_967_295), ("a", 1_220_704_766), ("123456789", 930_766_865)] as [(String, UInt32)])
    func knownSums(text: String, sum: UInt32) {
        #expect(checksum(Array(text.utf8)).value == sum)
    }

    @Test(arguments: 1...20) func piecesOfAnySizeAreTheSame(size: Int) {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * $0) }
        #expect(checksum(bytes, pieces: size).value == checksum(bytes).value)
    }

    @Test func itIsWhatCksumPrints() async throws {
        var generator = SeededGenerator(seed: 12)
        let folder = try TemporaryFolder()
        let launcher = SystemLauncher(environment: ProcessInfo.processInfo.environment)
        for size in [1, 7, 8, 9, 255, 256, 65_537] {
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try TestFile.write(bytes, to: "\(folder.path)/file")
            let said = try await launcher.run(Command("cksum", ["\(folder.path)/file"])).text
            #expect(said.hasPrefix("\(checksum(bytes).value) \(size) "))
        }
    }
}
