import Foundation
import TestSupport
import Testing

@testable import Watcher

/// Docker itself says what `.dockerignore` means: random trees and pattern files are built (`FROM scratch`, `COPY .`)
/// and what arrived in the image is compared with what ``IgnorePatterns`` says.
///
/// `DEVLOOP_ORACLE_CASES` is the number of cases, `DEVLOOP_ORACLE_SEED` where they begin; a failing case names its seed.
@Suite(.enabled(if: DockerOracle.isAvailable), .serialized) struct DockerIgnoreOracleTests {
    @Test(.timeLimit(.minutes(30))) func whatArrivesIsWhatThePatternsInclude() throws {
        let oracle = try DockerOracle()
        let environment = ProcessInfo.processInfo.environment
        let count = environment["DEVLOOP_ORACLE_CASES"].flatMap { Int($0) } ?? 40
        let firstSeed = environment["DEVLOOP_ORACLE_SEED"].flatMap { UInt64($0) } ?? 1
        var plain = 0
        for seed in firstSeed..<(firstSeed + UInt64(count)) {
            let example = OracleCase(seed: seed)
            // Where one pattern is not plain, everything counts: no file that Docker sends is left out.
            guard let patterns = try? IgnorePatterns(parsing: example.ignoreFile) else { continue }
            plain += 1
            let expected = example.expected(by: patterns, prunes: oracle.prunes)
            let arrived = try oracle.build(example)
            let missing = expected.subtracting(arrived).sorted()
            let unexpected = arrived.subtracting(expected).sorted()
            #expect(
                missing.isEmpty && unexpected.isEmpty,
                "seed \(seed): Docker leaves out \(missing) and includes \(unexpected)\n\(example)")
        }
        print("\(plain) of \(count) cases are plain and compared")
        #expect(plain * 4 > count * 3, "too few of the cases are about what matches")
    }
}

/// A tree and an ignore file for it.
private struct OracleCase: CustomStringConvertible {
    let folders: Set<String>
    let files: Set<String>
    let ignoreFile: [UInt8]

    init(folders: Set<String>, files: Set<String>, ignoreFile: String) {
        (self.folders, self.files, self.ignoreFile) = (folders, files, Array(ignoreFile.utf8))
    }

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var folders: Set<String> = []
        var files: Set<String> = []
        for _ in 0..<Int.random(in: 4...14, using: &random) {
            var path: [String] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) { path.append(Self.name(&random)) }
            let parents = (1..<path.count).map { path.prefix($0).joined(separator: "/") }
            let file = path.joined(separator: "/")
            if folders.contains(file) || parents.contains(where: files.contains) { continue }
            folders.formUnion(parents)
            files.insert(file)
        }
        self.folders = folders
        self.files = files
        let paths = (folders.union(files)).sorted()
        var text = Int.random(in: 0..<8, using: &random) == 0 ? "\u{FEFF}" : ""
        let lineEnd = Int.random(in: 0..<6, using: &random) == 0 ? "\r\n" : "\n"
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            text += Self.line(from: paths, &random) + lineEnd
        }
        ignoreFile = Array(text.utf8)
    }

    var description: String {
        "files: \(files.sorted())\npatterns: \(String(decoding: ignoreFile, as: UTF8.self).debugDescription)"
    }

    private static func name(_ random: inout SeededGenerator) -> String {
        let names = [
            "a", "b", "ab", "abc", "a.b", "foo", "foo.txt", "bar.txt", ".x", "x y", "é", "[a]", "a*b", "b\\c", "!n",
            "#h", "a^b", "^", "dir", "dir", "src", "src", "-", "$a", "(b)", "{c}", "a+", "7up", "a|b", "..a", "a{2}",
            "aa", "aaa",
        ]
        return names.randomElement(using: &random) ?? ""
    }

    private static func line(from paths: [String], _ random: inout SeededGenerator) -> String {
        let literal = (paths.randomElement(using: &random) ?? "a").split(separator: "/").map(String.init)
        var parts = literal.map { name -> String in
            // What a plain pattern cannot spell out is seldom spelled out.
            let isPlain = !name.contains(where: #"\[]^|{}"#.contains)
            let part = isPlain || Int.random(in: 0..<8, using: &random) == 0 ? name : "*"
            return switch Int.random(in: 0..<20, using: &random) {
            case 0, 1: "*"
            case 2, 3: "**"
            case 4: "?" + part.dropFirst()
            case 5: part.dropLast() + "*"
            case 6: "*" + part.dropFirst()
            case 7: part.dropLast() + "**"
            case 8: "**" + part.dropFirst()
            case 9: Self.classes.randomElement(using: &random)! + part.dropFirst()
            default: part
            }
        }
        if Int.random(in: 0..<4, using: &random) == 0 { parts.removeLast() }
        if Int.random(in: 0..<6, using: &random) == 0 { parts.insert("**", at: 0) }
        if Int.random(in: 0..<6, using: &random) == 0 { parts.append("**") }
        if Int.random(in: 0..<12, using: &random) == 0 { parts.insert("..", at: parts.count / 2) }
        if parts.isEmpty { parts = ["*"] }
        var text = parts.joined(separator: Int.random(in: 0..<12, using: &random) == 0 ? "//" : "/")
        switch Int.random(in: 0..<16, using: &random) {
        case 0: text = "/" + text
        case 1: text = "./" + text
        case 2: text += "/"
        case 3: text = "  " + text + "\t"
        case 4: text = "#" + text
        case 5: text += "\u{00A0}"
        default: break
        }
        if Int.random(in: 0..<3, using: &random) == 0 { text = "!" + text }
        if Int.random(in: 0..<24, using: &random) == 0 { text = "! " + text }
        return text
    }

    private static let classes = ["[a-c]", "[a]", "[xfd]", "[a-zA-Z]", "[0-9]", "[a-cs7]", "[b-z]", "[!a]"]

    /// What arrives if Docker means what the patterns say. A builder that prunes does not look below an excluded
    /// folder unless an exception begins with that very folder.
    func expected(by patterns: IgnorePatterns, prunes: Bool) -> Set<String> {
        let isPruned: (String) -> Bool = { folder in
            guard patterns.excludes(folder) else { return false }
            return !patterns.patterns.contains {
                $0.isException && (String(decoding: $0.text, as: UTF8.self) + "/").hasPrefix(folder + "/")
            }
        }
        var arrived: Set<String> = []
        for path in files.union(folders) where !patterns.excludes(path) {
            let parents = path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
            if prunes, parents.contains(where: isPruned) { continue }
            arrived.insert(path)
            arrived.formUnion(parents)
        }
        return arrived
    }

    func write(to folder: String) throws {
        for path in folders.sorted() {
            try FileManager.default.createDirectory(
                atPath: folder + "/" + path, withIntermediateDirectories: true)
        }
        for path in files {
            try #require(FileManager.default.createFile(atPath: folder + "/" + path, contents: Data("x".utf8)))
        }
        try Data(ignoreFile).write(to: URL(fileURLWithPath: folder + "/.dockerignore"))
        try Data("FROM scratch\nCOPY . /context/\n".utf8).write(to: URL(fileURLWithPath: folder + "/Dockerfile"))
    }
}

/// Builds contexts with the real Docker.
private struct DockerOracle {
    static let isAvailable: Bool = {
        if ProcessInfo.processInfo.environment["DEVLOOP_SKIP_DOCKER"] != nil { return false }
        return (try? run("docker", "info").status) == 0
    }()

    /// Whether this builder never looks below an excluded folder that no exception spells out. The legacy builder and
    /// BuildKit before Docker 23 do so, BuildKit since then does not.
    private(set) var prunes = false

    init() throws {
        let probe = OracleCase(folders: ["a"], files: ["a/b"], ignoreFile: "*\n!**/b\n")
        prunes = try build(probe).isEmpty
    }

    /// The paths that arrived, without the two files that are in every context.
    func build(_ example: OracleCase) throws -> Set<String> {
        let scratch = FileManager.default.temporaryDirectory.path + "/devloop-oracle-" + UUID().uuidString
        let context = scratch + "/context"
        try FileManager.default.createDirectory(atPath: context, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        try example.write(to: context)
        // Without the cache, whose images somebody else may be deleting: that ends a build, too.
        let build = try Self.run("docker", "build", "--no-cache", "--quiet", "--iidfile", scratch + "/id", context)
        guard build.status == 0 else {
            let output = String(decoding: build.output, as: UTF8.self)
            // With everything left out there is nothing to copy, which newer builders accept and older ones do not.
            try #require(output.contains("no source files were specified"), "\(output)\n\(example)")
            return []
        }
        let image = try String(contentsOfFile: scratch + "/id", encoding: .utf8).trimmingCharacters(
            in: .whitespacesAndNewlines)
        let created = try Self.run("docker", "create", image, "none")
        let container = String(decoding: created.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        try #require(created.status == 0, "\(container)")
        defer {
            _ = try? Self.run("docker", "rm", container)
            _ = try? Self.run("docker", "rmi", image)
        }
        let listing = try Self.run(
            "/bin/sh", "-c", "docker export \(container) | tar -t --quoting-style=literal")
        try #require(listing.status == 0)
        var arrived: Set<String> = []
        for line in String(decoding: listing.output, as: UTF8.self).split(separator: "\n") {
            guard line.hasPrefix("context/") else { continue }
            let path = String(line.dropFirst("context/".count).reversed().drop { $0 == "/" }.reversed())
            if !["", "Dockerfile", ".dockerignore"].contains(path) { arrived.insert(path) }
        }
        return arrived
    }

    private static func run(_ arguments: String...) throws -> (status: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }
}
