import TestSupport
import Testing

@testable import Watcher

/// Which paths a filter lets through that includes only some.
@Suite struct IncludePatternsTests {
    @Test(arguments: [
        ("a", ["a", "a/b", "a/b/c"], ["b", "ab", "A", "b/a"]),
        ("a/b", ["a", "a/b", "a/b/c"], ["a/c", "a/bc", "b"]),
        ("*.c", ["x.c", ".c", "x.c/y", "é.c"], ["x.h", "x/y.c", "x.cc"]),
        ("a/*/c", ["a", "a/b/c", "a/x/c/d"], ["a/b", "a/b/d", "a/c", "b/x/c"]),
        ("a?c", ["abc", "aéc"], ["ac", "abbc", "a/c"]),
        ("a*b*c", ["abc", "axbxc", "abbcbc"], ["ab", "acb", "axbxcx"]),
        ("**", ["a", "a/b"], []),
        ("a/[b]/c", ["a", "a/b", "a/x", "a/x/y"], ["b"]),
        ("a/b\\c", ["a", "a/x"], ["b"]),
        ("[a]", ["x", "x/y"], []),
        ("", ["x", "x/y"], []),
    ])
    func onlyWhatIsNamedAndWhatIsBelowItCounts(pattern: String, counting: [String], others: [String]) {
        let filter = PathFilter(including: IncludePatterns([pattern]))
        for path in counting { #expect(filter.includes(path), "\(path)") }
        for path in others { #expect(!filter.includes(path), "\(path)") }
        for path in counting + others {
            let bytes = Array(path.utf8)
            let folder = bytes[..<(bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
            let parent = folder.isEmpty ? filter.rootVerdict : filter.judge(Array(folder))
            #expect(filter.includes(bytes[...], parent: parent) == filter.includes(path), "\(path), as scans ask")
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: Noticing.allCases)
    func whatIsNotNamedIsNotReported(_ noticing: Noticing) async throws {
        let folder = try TemporaryFolder()
        try folder.makeFolder("src")
        let probe = try await WatcherProbe(
            folder.path,
            filter: PathFilter(including: IncludePatterns(["src/*.c"]), alwaysIncluding: ["Dockerfile"]),
            noticing: noticing)
        for file in ["a.c", "src/a.h", "src/b.c", "Dockerfile"] { try folder.write("one", to: file) }
        #expect(try await probe.next() == ["+Dockerfile", "+src/b.c"])
        await probe.watcher.stop()
    }

    @Test func foldersThatHoldNothingThatIsNamedAreSkipped() {
        let filter = PathFilter(
            including: IncludePatterns(["src/app", "*/package.json"]), alwaysIncluding: ["build/Dockerfile"])
        for folder in ["src", "src/app", "src/app/x", "lib", "build"] {
            #expect(!filter.canSkip(directory: folder), "\(folder)")
        }
        for folder in ["src/lib", "lib/x", "build/x"] { #expect(filter.canSkip(directory: folder), "\(folder)") }
        #expect(filter.includes("build/Dockerfile"))
        #expect(!filter.includes("build/x"))
        #expect(PathFilter(including: IncludePatterns([])).canSkip(directory: "src"))
    }

    @Test func whatIsIgnoredDoesNotCountWhereverItIsNamed() throws {
        let ignoring = try IgnorePatterns(patterns: ["**/*.md", "src/vendor"])
        let filter = PathFilter(ignoring: [ignoring], including: IncludePatterns(["src"]))
        #expect(filter.includes("src/a.c"))
        #expect(!filter.includes("src/a.md"))
        #expect(!filter.includes("a.c"))
        #expect(filter.canSkip(directory: "src/vendor"))
    }
}
