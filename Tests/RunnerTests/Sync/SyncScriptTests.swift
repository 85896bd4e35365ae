import Testing

@testable import Runner

struct SyncScriptTests {
    @Test(arguments: [("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$(x)`\\\n", "'$(x)`\\\n'"), ("", "''")])
    func aWordIsQuotedForAnyShell(word: String, quoted: String) {
        #expect(SyncScript.quoted(word) == quoted)
    }

    @Test(arguments: [0, 1, 400, 506, 507, 512, 5000]) func aRequestIsALineAndWholeBlocks(length: Int) throws {
        let script = String(repeating: "x", count: length)
        let request = SyncScript.request(script, token: "t1")
        let end = try #require(request.firstIndex(of: 0x0A))
        let words = String(decoding: request[..<end], as: UTF8.self).split(separator: " ")
        #expect(words.first == "t1")
        let blocks = try #require(words.last.flatMap { Int($0) })
        #expect(request.count - end - 1 == blocks * 512)
        #expect(request.suffix(3).elementsEqual("#t1".utf8))
    }

    @Test func aPathIsSaidOnce() {
        let script = SyncScript.round(
            removals: ["/r"], folders: [("/d", 0o755)], files: [("/f", 0o644)], links: [("/l", "target")], archive: 512)
        for path in ["'/r'", "'/d'", "'/f'", "'/l'", "'target'"] {
            #expect(script.split(separator: path, omittingEmptySubsequences: false).count == 2)
        }
    }

    @Test func manyFilesAreSummedByFewPrograms() {
        let files = (0..<2000).map { (path: "/app/file-\($0)", mode: UInt16(0o644)) }
        let script = SyncScript.round(removals: [], folders: [], files: files, links: [], archive: 512)
        #expect(script.split(separator: "\n").filter { $0.contains(" files ") }.count == 2)
    }

    @Test func modesComeAfterTheContentThoseOfFoldersLast() {
        let script = SyncScript.round(
            removals: [], folders: [("/a", 0o755), ("/a/b", 0o755), ("/a/b/c", 0o500)],
            files: [("/f", 0o644), ("/g", 0o755)], links: [], archive: 512)
        let lines = script.split(separator: "\n").filter { $0.contains("modes") || $0.contains("unpack") }
        #expect(lines == ["unpack 0 1", "f0 modes 644", "f1 modes 755", "d1 modes 500", "d0 modes 755"])
    }

    @Test func namesThatCksumWritesDifferentlyAreSummedByNumber() {
        let files = ["/a", "/b\nc", "/d\\e", "/f"].map { (path: $0, mode: UInt16(0o644)) }
        let script = SyncScript.round(removals: [], folders: [], files: files, links: [], archive: 512)
        #expect(script.contains("o0() { \"$@\" '/b\nc' '/d\\e'; }"))
        #expect(script.contains("\no0 odd 1\n"))
        #expect(script.contains("\nf1 files 3\n"))
    }

    @Test(
        arguments: [(0, nil), (1024, "unpack 0 2"), (65536, "unpack 1 0"), (66560, "unpack 1 2")] as [(Int, String?)])
    func anArchiveIsReadInBigAndSmallBlocks(length: Int, line: String?) {
        let script = SyncScript.round(removals: [], folders: [], files: [], links: [], archive: length)
        #expect(script.split(separator: "\n").first { $0.hasPrefix("unpack") }.map(String.init) == line)
    }
}

struct SyncAnswerTests {
    private func answer(_ text: String, pieces: Int = .max) -> SyncAnswer {
        var answer = SyncAnswer(token: "t")
        var splitter = LineSplitter()
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            rest.prefix(pieces).withUnsafeBytes { splitter.split($0) { answer.take($0) } }
            rest = rest.dropFirst(pieces)
        }
        return answer
    }

    private static let text = """
        some noise
        t removal 3
        t words
        rm: cannot remove '/x': Read-only file system
        12 13 /no-sum
        t said
        4294967295 0 /app/a b
        t sum 7 1220704766 1
        t occupied-file 2
        t end

        """

    @Test(arguments: 1...30) func itIsReadInAnyPieces(size: Int) {
        let answer = answer(Self.text, pieces: size)
        #expect(answer.isComplete)
        #expect(answer.marks == [.removal(3), .occupiedFile(2)])
        #expect(answer.said == ["rm: cannot remove '/x': Read-only file system", "12 13 /no-sum"])
        #expect(answer.sums == [Array("/app/a b".utf8): .cksum(4_294_967_295, count: 0)])
        #expect(answer.oddSums == [7: .cksum(1_220_704_766, count: 1)])
    }

    @Test func sumsOfAnotherProgramAreRead() {
        let sum = "d41d8cd98f00b204e9800998ecf8427e"
        let answer = answer("t sums md5sum\n\(sum)  /a b\nt sum 3 \(sum)  -\n")
        #expect(answer.sumsBy == .md5sum)
        #expect(answer.sums == [Array("/a b".utf8): .md5(Array(sum.utf8))])
        #expect(answer.oddSums == [3: .md5(Array(sum.utf8))])
    }

    @Test func withoutItsEndItIsNotComplete() {
        #expect(!answer("t removal 1\nt en").isComplete)
    }

    @Test func whatIsMissingIsNamed() {
        #expect(answer("t no tar\nt no cksum\nt end\n").missingTools == ["tar", "cksum"])
        #expect(answer("devloop: no dd\n").missingTools == ["dd"])
    }

    @Test(arguments: ["1 2 relative\n", "1 2\n", "x 2 /a\n", "99999999999 2 /a\n", "-1 2 /a\n"])
    func whatIsNoSumIsNone(line: String) {
        #expect(answer(line).sums.isEmpty)
    }
}
