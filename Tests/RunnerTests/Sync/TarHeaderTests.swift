import Foundation
import TestSupport
import Testing

@testable import Runner

struct TarHeaderTests {
    private static let long = String(repeating: "d/", count: 130) + String(repeating: "n", count: 200)

    static let headers: [(TarHeader, String)] = [
        (TarHeader(path: "a b", kind: .file(size: 0), mode: 0o640, owner: "1000:20"), "-rw-r----- 1000/20 0 a b"),
        (TarHeader(path: "s", kind: .file(size: 0), mode: 0o4755), "-rwsr-xr-x 0/0 0 s"),
        (TarHeader(path: "d/", kind: .folder, mode: 0o1777, owner: "7"), "drwxrwxrwt 7/7 0 d/"),
        (TarHeader(path: "l", kind: .link(to: "../x y"), mode: 0o777), "lrwxrwxrwx 0/0 0 l -> ../x y"),
        (
            TarHeader(path: "big", kind: .file(size: 0), mode: 0o600, owner: "1000650000"),
            "-rw------- 1000650000/1000650000 0 big"
        ),
        (TarHeader(path: long, kind: .file(size: 0), mode: 0o644), "-rw-r--r-- 0/0 0 \(long)"),
        (TarHeader(path: "k", kind: .link(to: long), mode: 0o777), "lrwxrwxrwx 0/0 0 k -> \(long)"),
        (TarHeader(path: "-rf", kind: .file(size: 0), mode: 0o644), "-rw-r--r-- 0/0 0 -rf"),
        (TarHeader(path: "grüße/日本", kind: .file(size: 0), mode: 0o644), "-rw-r--r-- 0/0 0 grüße/日本"),
    ]

    /// The listing without its times, with single blanks.
    private func list(_ archive: [UInt8], _ options: String...) async throws -> String {
        let launcher = SystemLauncher(environment: ProcessInfo.processInfo.environment)
        let output = try await launcher.run(
            Command("tar", ["--list", "--verbose"] + options, input: archive + TarHeader.end))
        #expect(output.errorText == "")
        return output.text.split(separator: " ", omittingEmptySubsequences: true).enumerated()
            .filter { ![3, 4].contains($0.offset) }.map { String($0.element) }.joined(separator: " ")
    }

    @Test(arguments: headers) func tarReadsWhatWasWritten(header: TarHeader, listed: String) async throws {
        #expect(try await list(header.bytes, "--numeric-owner", "--quoting-style=literal") == listed)
    }

    @Test(arguments: [("node", "node/node"), ("app:staff", "app/staff"), ("app:20", "app/20"), ("5:staff", "5/staff")])
    func ownersAreNamesOrNumbers(owner: String, listed: String) async throws {
        let header = TarHeader(path: "f", kind: .file(size: 0), mode: 0o644, owner: owner)
        #expect(try await list(header.bytes) == "-rw-r--r-- \(listed) 0 f")
    }

    @Test(arguments: [1, 98, 99, 100, 101, 300, 511, 512, 513]) func entriesAreWholeBlocks(length: Int) {
        let name = String(repeating: "n", count: length)
        #expect(TarHeader(path: name, kind: .file(size: 9), mode: 0o644).bytes.count % 512 == 0)
        #expect(TarHeader(path: "l", kind: .link(to: name), mode: 0o777).bytes.count % 512 == 0)
    }

    @Test(arguments: [(0, 0), (1, 511), (511, 1), (512, 0), (513, 511)]) func contentIsFilledUp(count: Int, rest: Int) {
        #expect(TarHeader.padding(after: count) == rest)
    }
}
