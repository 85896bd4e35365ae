import Foundation
import Runner
import TestSupport
import Testing
import Watcher

@testable import devloop

/// Docker itself says what a Dockerfile picks up: random trees are built with random Dockerfiles, all that doesn't count
/// for devloop is changed, and the image has to stay what it was.
///
/// `DEVLOOP_ORACLE_CASES` is the number of cases, `DEVLOOP_ORACLE_SEED` where they begin; a failing case names its seed.
@Suite(.enabled(if: Docker.isThere), .serialized) struct BuildInputsOracleTests {
    @Test(.timeLimit(.minutes(30)), arguments: ImageBuilderProgram.all)
    func whatDoesNotCountMakesNoDifferenceToTheImage(builder: ImageBuilderProgram) async throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["DEVLOOP_ORACLE_CASES"].flatMap { Int($0) } ?? 15
        let firstSeed = environment["DEVLOOP_ORACLE_SEED"].flatMap { UInt64($0) } ?? 1
        var (built, files, outside) = (0, 0, 0)
        for seed in firstSeed..<(firstSeed + UInt64(count)) {
            let example = BuildCase(seed: seed)
            let tree = try BuildTree(example)
            defer { tree.remove() }
            let build = {
                try await builder.build(
                    context: tree.context, dockerfile: tree.dockerfile, stage: example.stage,
                    arguments: example.arguments)
            }
            let filter = try tree.filter(of: example, builder)
            // Some name what isn't there, or two things for one place.
            guard let before = try await build().id else { continue }
            built += 1
            files += example.paths.count
            outside += example.paths.count { !filter.includes($0) }
            // The legacy builder looks through links that it copies as links, to see whether its cache is still good.
            let spared = builder.usesBuildKit ? [] : example.linkTargets
            try tree.change(example) { path in
                !filter.includes(path) && !spared.contains { path == $0 || path.hasPrefix($0 + "/") }
            }
            let after = try await build()
            #expect(before == after.id, "seed \(seed): the image changed\n\(example)\n\(after.output)")
            await builder.remove(before)
            if let id = after.id, id != before { await builder.remove(id) }
        }
        // Podman 4 knows less of what can stand in a Dockerfile.
        #expect(
            built * (builder.builder == .podman ? 3 : 2) > count, "only \(built) of the \(count) cases could be built")
        #expect(outside * 5 > files, "only \(outside) of the \(files) files don't count")
    }

    @Test(.timeLimit(.minutes(5)), arguments: ImageBuilderProgram.all)
    func whatDockersHelpSaysIsTheBuilderThatBuilds(program: ImageBuilderProgram) async throws {
        #expect(try await program.kind() == program.builder)
    }

    /// What arrives in an image says which ignore file is obeyed.
    @Test(.timeLimit(.minutes(5)), arguments: ImageBuilderProgram.all)
    func theIgnoreFileThatTheBuilderObeysIsTheOneThatCounts(program: ImageBuilderProgram) async throws {
        for isInside in [true, false] {
            let folder =
                FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
                + "/devloop-ignored-" + UUID().uuidString
            let (context, place) = (folder + "/context", isInside ? folder + "/context" : folder)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try FileManager.default.createDirectory(atPath: context, withIntermediateDirectories: true)
            func write(_ text: String, _ path: String) throws {
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            }
            try write("FROM scratch\nCOPY . /\n", place + "/Dockerfile")
            for file in [".dockerignore", "Dockerfile.dockerignore"] {
                let isContexts = file == ".dockerignore"
                // For a Dockerfile from elsewhere the legacy client puts a random name into the ignore file that it sends.
                try write((isContexts ? "a" : "b") + "\n.dockerignore\n", (isContexts ? context : place) + "/" + file)
            }
            for name in ["a", "b", "c"] { try write("one", context + "/" + name) }
            let build = {
                try #require(
                    try await program.build(
                        context: context, dockerfile: place + "/Dockerfile", stage: nil, arguments: []
                    ).id)
            }
            let service = Configuration.Service(
                name: "a", image: try #require(ImageReference("a")), context: context,
                dockerfile: place + "/Dockerfile", keyPath: "")
            let configuration = Configuration(
                path: folder + "/devloop.json", name: "a", services: [service], origin: .init(file: ""))
            let filter = try #require(
                WatchedPaths(configuration, builder: program.builder).roots
                    .first { $0.path == context }
            ).filter
            var last = try await build()
            for name in ["a", "b", "c"] {
                try write("two", context + "/" + name)
                let next = try await build()
                #expect((next != last) == filter.includes(name), "\(name), inside: \(isInside)")
                if next != last { await program.remove(last) }
                last = next
            }
            await program.remove(last)
        }
    }
}

/// A tree and a Dockerfile for it.
private struct BuildCase: CustomStringConvertible {
    private(set) var files: Set<String> = []
    /// Symbolic links and where they lead.
    private(set) var links: [String: String] = [:]
    private(set) var lines: [String] = []
    private(set) var stage: String?
    private(set) var arguments: [String] = []
    private var random: SeededGenerator
    /// The folders that each stage has filled.
    private var outputs: [[String]] = []

    var paths: [String] { (files.union(links.keys)).sorted() }
    /// Where the links lead, relative to the context.
    var linkTargets: [String] { links.values.map { $0.hasPrefix("../") ? String($0.dropFirst(3)) : $0 } }
    var dockerfile: String { lines.joined(separator: "\n") + "\n" }
    var description: String { "tree: \(paths) \(links)\ntarget: \(stage ?? "") \(arguments)\n\(dockerfile)" }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        makeTree()
        let stages = number(1...3)
        if chance(3) { lines.append("# escape=\\") }
        lines.append("ARG GLOBAL=\(plainPath())")
        for index in 0..<stages { makeStage(index) }
        if chance(3) { stage = chance(2) ? "S\(number(0...stages - 1))" : String(number(0...stages - 1)) }
        if chance(3) { arguments = ["D=\(plainPath())"] }
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func chance(_ odds: Int) -> Bool { number(1...odds) == 1 }

    private mutating func makeTree() {
        let names = ["a", "b", "ab", "abc", "src", "lib", "x y", "a.txt", "b.txt", "[a]", "é", ".x", "main.go", "{b}"]
        for _ in 0..<number(8...16) {
            let path = (0..<number(1...3)).map { _ in names[number(0...names.count - 1)] }
            let prefixes = (1..<path.count).map { path.prefix($0).joined(separator: "/") }
            let file = path.joined(separator: "/")
            if files.contains(where: { $0.hasPrefix(file + "/") || prefixes.contains($0) }) { continue }
            files.insert(file)
        }
        guard chance(2), let target = files.sorted().randomElement(using: &random) else { return }
        let link = ["a.lnk", "src/link", "link"][number(0...2)]
        if files.contains(where: { $0 == "src" }) { return }
        let isFolder = chance(2) && target.contains("/")
        links[link] =
            (link.contains("/") ? "../" : "") + (isFolder ? target.prefix { $0 != "/" } : target[...])
    }

    /// A path that needs no quotes.
    private mutating func plainPath() -> String {
        paths.filter { !$0.contains(" ") && !$0.contains("[") }.randomElement(using: &random) ?? "none"
    }

    private mutating func makeStage(_ index: Int) {
        let base = index > 0 && chance(3) ? "s\(number(0...index - 1))" : "scratch"
        lines.append("\(chance(2) ? "FROM" : "from") \(base) AS s\(index)")
        outputs.append([])
        var variables: [String] = []
        for _ in 0..<number(0...2) {
            switch number(0...4) {
            case 0: lines.append("ARG D=\(plainPath())")
            case 1: lines.append("ENV D=\(plainPath()) E=\"\(plainPath())\"")
            case 2: lines.append("ARG GLOBAL")
            case 3: lines.append("ENV E \(plainPath())")
            default: lines.append("# COPY . /\nLABEL a=b")
            }
            variables = ["$D", "${E:-\(plainPath())}", "${GLOBAL:-\(plainPath())}", "${D:-\(plainPath())}/."]
        }
        for _ in 0..<number(1...2) { makeCopy(index, variables) }
    }

    private mutating func makeCopy(_ index: Int, _ variables: [String]) {
        let output = "/o\(lines.count)/"
        if index > 0, chance(3) {
            let from = number(0...index - 1)
            guard let source = outputs[from].randomElement(using: &random) else { return }
            lines.append("COPY --from=\(chance(2) ? String(from) : "S\(from)") \(source) \(output)")
        } else {
            var sources: [String] = []
            for _ in 0..<number(1...3) {
                let variable = chance(5) ? variables.randomElement(using: &random) : nil
                sources.append(variable ?? source())
            }
            let keyword = chance(3) ? "ADD" : chance(4) ? "copy" : "COPY"
            let flags = chance(4) ? "--chown=1:1 " : ""
            let isArray = chance(3) || sources.contains { $0.contains(" ") }
            if isArray {
                let array = (sources + [output]).map { "\"\($0)\"" }.joined(separator: ", ")
                lines.append("\(keyword) \(flags)[\(array)]")
            } else {
                let separator = [" ", " ", "  ", " \\\n  ", " \\\n# a comment\n\n "][number(0...4)]
                lines.append("\(keyword) \(flags)" + (sources + [output]).joined(separator: separator))
            }
        }
        outputs[index].append(output)
    }

    /// A path of the tree as a source, perhaps with a wildcard.
    private mutating func source() -> String {
        var parts = (paths.randomElement(using: &random) ?? "a").split(separator: "/").map(String.init)
        if !chance(8) { parts = parts.map { $0.replacingOccurrences(of: "[", with: "[[]") } }
        if parts.count > 1, chance(3) { parts.removeLast() }
        let index = number(0...parts.count - 1)
        switch number(0...15) {
        case 0: parts[index] = "*"
        case 1, 2: parts[index] = parts[index].drop { $0 == "[" }.prefix(1) + "*"
        case 3, 4: parts[index] = "*" + parts[index].suffix(1)
        case 5: parts[index] = "?" + parts[index].dropFirst()
        case 6: parts[index] = "[.-z]" + parts[index].dropFirst()
        case 7: parts.insert(".", at: index)
        case 8: return "/" + parts.joined(separator: "//")
        case 9: return "./" + parts.joined(separator: "/")
        case 10 where chance(4): return "."
        default: break
        }
        return parts.joined(separator: "/")
    }
}

/// A case's files on disk.
private struct BuildTree {
    let folder =
        FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
        + "/devloop-inputs-" + UUID().uuidString
    var context: String { folder + "/context" }
    var dockerfile: String { folder + "/Dockerfile" }

    init(_ example: BuildCase) throws {
        for path in example.paths {
            let file = context + "/" + path
            try FileManager.default.createDirectory(
                atPath: String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]),
                withIntermediateDirectories: true)
            if let target = example.links[path] {
                try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: target)
            } else {
                try Data(path.utf8).write(to: URL(fileURLWithPath: file))
            }
        }
        try Data(example.dockerfile.utf8).write(to: URL(fileURLWithPath: dockerfile))
    }

    /// What devloop watches of the context.
    func filter(of example: BuildCase, _ builder: ImageBuilderProgram) throws -> PathFilter {
        var service = Configuration.Service(
            name: "a", image: try #require(ImageReference("a")), context: context, dockerfile: dockerfile, keyPath: "")
        service.stage = example.stage
        service.buildArgs = example.arguments.map { argument in
            let name = argument.prefix { $0 != "=" }
            return .init(name: String(name), value: String(argument[name.endIndex...].dropFirst()))
        }
        let configuration = Configuration(
            path: folder + "/devloop.json", name: "a", services: [service], origin: .init(file: ""))
        return try #require(
            WatchedPaths(configuration, builder: builder.builder).roots.first {
                $0.path == context
            }
        ).filter
    }

    /// Changes, makes and deletes files of which that is allowed.
    func change(_ example: BuildCase, where isAllowed: (String) -> Bool) throws {
        let paths = example.paths.filter(isAllowed)
        for (index, path) in paths.enumerated() {
            let file = context + "/" + path
            if index % 3 == 2 || example.links[path] != nil {
                try FileManager.default.removeItem(atPath: file)
            } else {
                try Data("changed".utf8).write(to: URL(fileURLWithPath: file))
                if index % 3 == 1 {
                    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
                }
            }
        }
        let folders = Set(
            example.paths.flatMap { path in
                path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) + "/" }
            }
        ).union(["", "new/"])
        for folder in folders {
            for name in ["new", "abcd", "b.txt.orig", "zz.go"] where isAllowed(folder + name) {
                let file = context + "/" + folder + name
                if FileManager.default.fileExists(atPath: file) { continue }
                try? FileManager.default.createDirectory(
                    atPath: context + "/" + folder, withIntermediateDirectories: false)
                _ = FileManager.default.createFile(atPath: file, contents: Data("new".utf8))
            }
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
}
