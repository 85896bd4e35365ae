import Testing

@testable import Watcher

/// Cases from the behaviour of moby's own matcher; whether Docker agrees is shown by the oracle test.
@Suite struct IgnorePatternsTests {
    @Test(arguments: [
        ("**", "dir/file"), ("**/", "file"), ("**/**", "dir/file"), ("dir/**", "dir/dir2/file"), ("**/dir", "dir"),
        ("**/dir", "dir/file"), ("**/dir2/*", "dir/dir2/file"), ("**/dir2/**", "dir/dir2/dir3/file"),
        ("**file", "dir/dir/file"), ("**/file*txt", "dir/dir/file.txt"), ("**/**/*.txt", "file.txt"),
        ("a**/*.txt", "a/dir/dir/file.txt"), ("a/*.txt**", "a/file.txt"), ("a[b-d]e", "ace"), ("[0-9]*", "7up"),
        (".*", ".foo"), ("abc.def", "abc.def"), ("abc?def", "abcZdef"), ("**/foo/bar", "dir/dir2/foo/bar"),
        ("a(b)c/def", "a(b)c/def"), ("a.)$(+bc", "a.)$(+bc"), ("?.)$(+bc", "a.)$(+bc"), ("*c", "abc"),
        ("a*b?c*x", "abxbbxdbxebxczzx"), ("a?b", "a☺b"), ("a*", "ab/c"), ("foo/", "foo/x"), ("/foo", "foo"),
        ("a/../b", "b"), ("./x", "x"), ("**/*.py[cod]", "a/b.pyc"), ("**/[Bb]in", "a/Bin/x"),
    ]) func excludes(pattern: String, path: String) throws {
        #expect(try IgnorePatterns(patterns: [pattern]).excludes(path))
    }

    @Test(arguments: [
        ("**/**/*.txt2", "dir/file.txt"), ("a/*.txt", "a/dir/file.txt"), ("a[b-d]e", "ae"), (".*", "foo"),
        ("abc.def", "abcZdef"), ("abc/**", "abc"), ("**/.foo", "bar.foo"), ("a*/b", "a/c/b"), ("a???b", "a☺b"),
        ("a?b", "a/b"), ("[a-z]", "A"), ("*.md", "a/b.md"), ("?.d", "axd"),
    ]) func doesNotExclude(pattern: String, path: String) throws {
        #expect(try !IgnorePatterns(patterns: [pattern]).excludes(path))
    }

    /// Docker understands most of these, each in its own way, and refuses some.
    @Test(arguments: [
        "[", "[^", "[^bc", "a[", "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "a\\", "!", "! ", "a\\*b", "\\d*", "[^a]",
        "[!a]", "[a*]", "[é]", "[z-a]", "[[:digit:]]*", "[\\]a]", "^*", "a^b", "a|b", "a]", "a{2}*", "{c}", "*.{a,b}",
        "![", "!*.{a,b}", "!a\\", "\u{FEFF}a*",
    ]) func refusesWhatIsNotInThePlainLanguage(pattern: String) {
        #expect(throws: UnknownIgnorePattern(pattern: pattern, line: nil)) {
            try IgnorePatterns(patterns: ["x", pattern])
        }
    }

    @Test func theLastPatternThatMatchesDecides() throws {
        #expect(try !IgnorePatterns(patterns: ["docs", "!docs/README.md"]).excludes("docs/README.md"))
        #expect(try IgnorePatterns(patterns: ["!docs/README.md", "docs"]).excludes("docs/README.md"))
        #expect(try IgnorePatterns(patterns: ["**", "!util/web", "util/web/foo"]).excludes("util/web/foo"))
        #expect(try !IgnorePatterns(patterns: ["**", "!util/web", "util/web/foo"]).excludes("util/web/bar"))
    }

    @Test func anExceptionThatWasPassedOverAtTheParentDoesNotCountBelow() throws {
        #expect(try IgnorePatterns(patterns: ["a/b", "!a"]).excludes("a/b"))
        #expect(try !IgnorePatterns(patterns: ["a", "!a"]).excludes("a/b"))
    }

    @Test func aFileIsReadAsDockerReadsIt() throws {
        let contents = "\u{FEFF}# comment\r\n\r\n  *.log \r\n! /keep.log\n #not a comment\n/abs/path/\n\t\nlast"
        let patterns = try IgnorePatterns(parsing: contents)
        #expect(patterns.excludes("x.log"))
        #expect(!patterns.excludes("keep.log"))
        #expect(patterns.excludes("#not a comment"))
        #expect(patterns.excludes("abs/path/x"))
        #expect(patterns.excludes("last"))
        #expect(!patterns.excludes("# comment"))
    }

    @Test func anUnknownPatternIsReportedWithItsLine() {
        #expect(throws: UnknownIgnorePattern(pattern: "a[", line: 3)) {
            try IgnorePatterns(parsing: "x\n\na[\n")
        }
    }

    @Test func aFolderIsSkippedOnlyIfNoExceptionCanMatchBelowIt() throws {
        #expect(try IgnorePatterns(patterns: ["node_modules"]).canSkip(directory: "node_modules"))
        #expect(try !IgnorePatterns(patterns: ["node_modules"]).canSkip(directory: "src"))
        #expect(try IgnorePatterns(patterns: ["*", "!src/main"]).canSkip(directory: "lib"))
        #expect(try !IgnorePatterns(patterns: ["*", "!src/main"]).canSkip(directory: "src"))
        #expect(try IgnorePatterns(patterns: ["*", "!src/main"]).canSkip(directory: "src/other"))
        #expect(try !IgnorePatterns(patterns: ["*", "!**/keep"]).canSkip(directory: "lib"))
        #expect(try !IgnorePatterns(patterns: ["*", "!l*/x/*.c"]).canSkip(directory: "lib/x"))
        #expect(try IgnorePatterns(patterns: ["*", "!l*/x/*.c"]).canSkip(directory: "lib/y"))
        #expect(try IgnorePatterns(patterns: ["**/node_modules", "!*.md"]).canSkip(directory: "a/node_modules"))
    }

    @Test func editorFilesAreReadInFull() {
        #expect(IgnorePatterns.editorFiles.patterns.count == 16)
        for path in [".git/HEAD", "a/.git", "a/.main.c.swp", "main.c~", ".#main.c", "a/#main.c#", "x___jb_tmp___"] {
            #expect(IgnorePatterns.editorFiles.excludes(path), "\(path)")
        }
        for path in [".gitignore", "main.swp", "a#b", "4913", ".env", ".dockerignore"] {
            #expect(!IgnorePatterns.editorFiles.excludes(path), "\(path)")
        }
    }

    @Test func aFilterJudgesEachSetAloneAndKeepsWhatAlwaysCounts() throws {
        let filter = PathFilter(
            ignoring: [try IgnorePatterns(patterns: ["*", "!src"]), try IgnorePatterns(patterns: ["**/*.md"])],
            alwaysIncluding: ["docker/Dockerfile"])
        #expect(filter.includes("src/main.c"))
        #expect(!filter.includes("src/readme.md"))
        #expect(!filter.includes("lib"))
        #expect(filter.canSkip(directory: "lib"))
        #expect(filter.includes("docker/Dockerfile"))
        #expect(!filter.includes("docker/other"))
        #expect(!filter.canSkip(directory: "docker"))
        #expect(filter.canSkip(directory: "docker/lib"))
    }
}
