import Foundation
import TestSupport

/// A context as a value.
struct CopyTree: CustomStringConvertible {
    enum Node: Equatable {
        case folder
        case file(String, mode: Int)
        case link(String)
    }

    var nodes: [String: Node] = [:]

    var paths: [String] { nodes.keys.sorted() }
    var files: [String] { paths.filter { if case .file = nodes[$0] { true } else { false } } }
    var folders: [String] { paths.filter { nodes[$0] == .folder } }

    var description: String {
        paths.map { path in
            switch nodes[path] {
            case .folder?: path + "/"
            case .link(let target)?: "\(path) -> \(target)"
            default: path
            }
        }.joined(separator: "  ")
    }

    func names(in folder: String) -> [String] {
        paths.filter { Self.parent(of: $0) == folder }.map { String($0.split(separator: "/").last ?? "") }
    }

    static func parent(of path: String) -> String { path.split(separator: "/").dropLast().joined(separator: "/") }

    /// Puts something there, in folders; not in the place of something, or below a file.
    mutating func add(_ path: String, _ node: Node) -> [String] {
        let parts = path.split(separator: "/")
        let parents = (1..<max(1, parts.count)).map { parts.prefix($0).joined(separator: "/") }
        if nodes[path] != nil || parents.contains(where: { nodes[$0] != nil && nodes[$0] != .folder }) { return [] }
        let new = parents.filter { nodes[$0] == nil }
        for parent in new { nodes[parent] = .folder }
        nodes[path] = node
        return new + [path]
    }

    /// Takes away what is at a path and below it.
    mutating func remove(_ path: String) -> [String] {
        let gone = paths.filter { $0 == path || $0.hasPrefix(path + "/") }
        for path in gone { nodes[path] = nil }
        return gone
    }

    func write(to folder: String) throws {
        let manager = FileManager.default
        try? manager.removeItem(atPath: folder)
        try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for path in paths {
            let file = folder + "/" + path
            switch nodes[path] {
            case .folder?: try manager.createDirectory(atPath: file, withIntermediateDirectories: false)
            case .link(let target)?: try manager.createSymbolicLink(atPath: file, withDestinationPath: target)
            case .file(let text, let mode)?:
                try Data(text.utf8).write(to: URL(fileURLWithPath: file))
                try manager.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
            case nil: break
            }
        }
    }
}

/// A context, an ignore file and a Dockerfile.
struct CopyCase: CustomStringConvertible {
    private(set) var tree = CopyTree()
    private(set) var ignoreFile = ""
    private(set) var lines: [String] = []
    private(set) var stage: String?

    /// An image with a shell, and its working directory is not in the Dockerfile.
    let base: String
    private let usesBuildKit: Bool
    private let seed: UInt64
    private var random: SeededGenerator
    private var stages: [(isOnBase: Bool, folder: String?)] = []

    var dockerfile: String { lines.joined(separator: "\n") + "\n" }
    var description: String {
        "tree: \(tree)\nignored: \(ignoreFile.debugDescription)\ntarget: \(stage ?? "")\n\(dockerfile)"
    }

    init(seed: UInt64, base: String, usesBuildKit: Bool) {
        random = SeededGenerator(seed: seed)
        (self.base, self.usesBuildKit, self.seed) = (base, usesBuildKit, seed)
        makeTree()
        let count = [1, 1, 1, 2, 2, 3, 4][number(0...6)]
        for index in 0..<count { makeStage(index) }
        let built = chance(5) ? number(0...count - 1) : count - 1
        if built < count - 1 { stage = chance(2) ? "S\(built)" : String(built) }
    }

    // MARK: - Numbers

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func chance(_ odds: Int) -> Bool { number(1...odds) == 1 }
    private mutating func one(_ items: [String]) -> String { items.randomElement(using: &random) ?? "" }

    // MARK: - Tree

    private static let folderNames = ["src", "lib", "conf", "app", "src/lib", "app/src", "src/app"]
    private static let fileNames = [
        "a.txt", "b.txt", "index.js", "package.json", "x y.txt", "é.js", ".env", "empty", "run.sh", "src", "app",
    ]

    /// A path for a file, in the root or a folder.
    private mutating func newPath() -> String {
        let name = one(Self.fileNames)
        return chance(3) ? name : one(Self.folderNames) + "/" + name
    }

    private mutating func file(_ path: String) -> CopyTree.Node {
        .file(path.hasSuffix("empty") ? "" : path, mode: path.hasSuffix(".sh") ? 0o755 : chance(8) ? 0o600 : 0o644)
    }

    private mutating func makeTree() {
        for _ in 0..<number(5...12) {
            let path = newPath()
            _ = tree.add(path, file(path))
        }
        if chance(4) { _ = tree.add(one(Self.folderNames) + "/hollow", .folder) }
        if chance(4) { _ = tree.add(one(["ln", "src/ln", "lib/a.txt", "src/app"]), .link(newPath())) }
        guard chance(3) else { return }
        let kept = tree.files.randomElement(using: &random) ?? "a"
        ignoreFile = one(["*.txt\n", "lib\n", "**/index.js\n", "src/*\n", "conf\n.env\n", "*\n!\(kept)\n", "**/app\n"])
    }

    // MARK: - Stages

    private mutating func makeStage(_ index: Int) {
        let from = index > 0 && chance(2) ? number(0...index - 1) : nil
        let isOnBase = from.map { stages[$0].isOnBase } ?? chance(2)
        let name = from.map { "s\($0)" } ?? (isOnBase ? base : "scratch")
        // No other build has the same steps, and may delete them.
        lines.append("FROM \(name) AS s\(index)\nLABEL seed=\(seed)")
        stages.append((isOnBase, from.flatMap { stages[$0].folder }))
        if chance(3), isOnBase { addRun(index) }
        if !chance(3) { addWorkingDirectory(index) }
        for _ in 0..<number(1...4) {
            switch number(0...24) {
            case 0, 1: addWorkingDirectory(index)
            case 2 where isOnBase: addRun(index)
            case 3: lines.append("VOLUME " + one(["/app", "/data", "[\"/srv/x\"]"]))
            case 4 where index > 0:
                let source = one(["/", "/app", "/app/", "/srv/x/", "/index.js", "/app/index.js"])
                lines.append("COPY --from=s\(number(0...index - 1)) \(source) \(destination())")
            case 5 where isOnBase: lines.append("ONBUILD " + one(["RUN touch /triggered", "WORKDIR /app/lib"]))
            case 6: lines.append("LABEL a=b\nENV TARGET=/app/env")
            case 7: lines.append("USER 1000")
            case 8, 9: addCopy("ADD", isOnBase)
            default: addCopy("COPY", isOnBase)
            }
        }
        if chance(6), isOnBase { addRun(index) }
    }

    private mutating func addWorkingDirectory(_ index: Int) {
        let path = one(["/app", "/app", "/srv/x", "/app/src", "rel", "../up", "/"])
        lines.append("WORKDIR \(path)")
    }

    private mutating func addRun(_ index: Int) {
        var commands = [
            "cat /app/* > /sum 2>/dev/null || true", "cp -r /app /backup || true", "rm -rf /app/src", "echo hi > /gen",
            "chmod -R a+x /app || true", "mkdir -p /gen && echo hi > /gen/a",
            // Where files are copied to.
            "mkdir -p /app/lib /data/src && echo run > /app/a.txt && echo run > /app/lib/index.js",
            "mkdir -p /app/src/new /srv/x/app && echo run > /app/index.js && echo run > /srv/x/a.txt || true",
        ]
        if usesBuildKit, chance(2), let folder = tree.folders.randomElement(using: &random), !folder.contains(" ") {
            commands = ["--mount=type=bind,source=\(folder),target=/mnt cat /mnt/* > /sum || true"]
            if index > 0 {
                commands.append("--mount=from=s\(number(0...index - 1)),target=/mnt cp -r /mnt /got || true")
            }
        }
        lines.append("RUN " + one(commands))
    }

    private mutating func destination() -> String {
        one([
            ".", ".", "./", "/app", "/app/", "/app/src", "lib/", "/srv/x/", "/", "/data/conf", "/data", "lib", "src",
            "/app/./src", "/app/../srv/x", "/new/one/", "..", "/app/.", "./src/",
        ])
    }

    private mutating func addCopy(_ keyword: String, _ isOnBase: Bool) {
        var (sources, destination) = ([String](), self.destination())
        let files = tree.files
        switch number(0...9) {
        case 0, 1, 2: sources = [one([".", ".", "./", "/"])]
        case 3, 4:
            sources = [(tree.folders.randomElement(using: &random) ?? "src") + one(["", "/", "/."])]
        case 5, 6:
            sources = [files.randomElement(using: &random) ?? "a.txt"]
            if chance(2) {
                let name = sources[0].split(separator: "/").last.map(String.init) ?? ""
                destination = one(["/app/", "/srv/x/", "/", "./", "/data/"]) + one([name, name, "other", "index.js"])
            }
        case 7:
            sources = [one(["*.txt", "*", "pack*.json", "src/*", "*/*.js", "s*", "?.txt", "[ab].txt", ".*", "*/lib"])]
        default:
            for _ in 0..<number(2...3) { sources.append(tree.paths.randomElement(using: &random) ?? "a.txt") }
            if !chance(4), !destination.hasSuffix("/") { destination += "/" }
        }
        var flags: [String] = []
        if chance(4) {
            flags.append("--chown=" + one(["1000:1000", "7", "0:5"] + (isOnBase ? ["node:node", "node"] : [])))
        }
        if chance(8), usesBuildKit { flags.append("--chmod=" + one(["640", "0755"])) }
        let words = (sources + [destination])
        let isArray = chance(6) || words.contains { $0.contains(" ") }
        let text =
            isArray ? "[" + words.map { "\"\($0)\"" }.joined(separator: ", ") + "]" : words.joined(separator: " ")
        lines.append((["\(keyword)"] + flags + [text]).joined(separator: " "))
    }

    // MARK: - Changes

    /// Changes a tree; returns what it did and the paths that it changed, each after those that it is in.
    mutating func change(_ tree: inout CopyTree) -> (what: String, paths: [String]) {
        let existing = tree.files.randomElement(using: &random) ?? ""
        switch number(0...9) {
        case 0, 1, 2, 3:
            guard case .file(let text, let mode)? = tree.nodes[existing] else { break }
            tree.nodes[existing] = .file(text + "+", mode: mode)
            return ("change \(existing)", [existing])
        case 4:
            guard case .file(let text, _)? = tree.nodes[existing] else { break }
            tree.nodes[existing] = .file(text, mode: one(["755", "640"]) == "755" ? 0o755 : 0o640)
            return ("permissions of \(existing)", [existing])
        case 5: return ("delete \(existing)", tree.remove(existing))
        case 6:
            let folder = tree.folders.randomElement(using: &random) ?? ""
            return ("delete \(folder)", tree.remove(folder))
        case 7, 8:
            let path = chance(2) ? newPath() : one(Self.folderNames) + "/" + one(["new/", ""]) + one(["c.txt", "d"])
            return ("make \(path)", tree.add(path, file(path)))
        default:
            let path = chance(2) ? newPath() : one(Self.folderNames) + "/new.lnk"
            return ("link \(path)", tree.add(path, .link(newPath())))
        }
        return ("nothing", [])
    }
}
