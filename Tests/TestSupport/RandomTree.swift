import Foundation

/// A path below a folder, by its bytes: to String, some names that differ on disk are equal.
package struct TreePath: Hashable, Sendable, CustomStringConvertible {
    package var bytes: [UInt8]

    package init(_ text: String) { bytes = Array(text.utf8) }

    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// What is in a folder: for each path its kind, mode and content.
package struct TreeSnapshot: Equatable, Sendable {
    package var things: [TreePath: String] = [:]

    package init(of folder: String) throws { try read(folder, below: "") }

    private mutating func read(_ folder: String, below prefix: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(prefix)") {
            let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
            var status = stat()
            guard lstat("\(folder)/\(path)", &status) == 0 else { throw CocoaError(.fileReadUnknown) }
            let mode = String(status.st_mode & 0o7777, radix: 8)
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                things[TreePath(path)] = "folder \(mode)"
                try read(folder, below: path)
            case S_IFLNK:
                var target = [UInt8](repeating: 0, count: 4096)
                let count = target.withUnsafeMutableBytes {
                    readlink("\(folder)/\(path)", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
                }
                things[TreePath(path)] = "link \(String(decoding: target[..<max(0, count)], as: UTF8.self))"
            default:
                let text = TestFile.read("\(folder)/\(path)") ?? ""
                things[TreePath(path)] = "file \(mode) \(text.utf8.count) \(Array(text.utf8).hashValue)"
            }
        }
    }

    /// What has another state than before, and what is gone.
    package func changes(since old: TreeSnapshot) -> (changed: [TreePath], removed: [TreePath]) {
        (
            things.filter { old.things[$0.key] != $0.value }.map(\.key),
            old.things.keys.filter { things[$0] == nil }
        )
    }

    /// Paths that differ, with both sides, for the message of a failure.
    package func differences(to other: TreeSnapshot) -> [String] {
        Set(things.keys).union(other.things.keys).filter { things[$0] != other.things[$0] }
            .map { "\($0): \(things[$0] ?? "nothing"), there \(other.things[$0] ?? "nothing")" }.sorted()
    }
}

/// A folder in which anything may happen: files, folders and links come, change, change their kind and go.
package struct RandomTree {
    private let folder: String
    private var generator: SeededGenerator

    package init(in folder: String, seed: UInt64) {
        self.folder = folder
        generator = SeededGenerator(seed: seed)
    }

    private static let names = [
        "a", "b", "c d", "\u{E9}", "e\u{301}", "-x", "q'uo\"te", "new\nline", "back\\slash", "*", "日本", "$(x)", ".h",
    ]

    private mutating func path() -> String {
        (0..<Int.random(in: 1...3, using: &generator)).map { _ in Self.names.randomElement(using: &generator)! }
            .joined(separator: "/")
    }

    /// Does some things to the tree.
    package mutating func change(steps: Int) throws {
        for _ in 0..<steps {
            let path = "\(folder)/\(path())"
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...3:
                clear(path)
                let isLarge = Int.random(in: 0..<40, using: &generator) == 0
                let count = Int.random(in: 0...(isLarge ? 700_000 : 3000), using: &generator)
                let letter = UInt8.random(in: 33...126, using: &generator)
                try? TestFile.write([UInt8](repeating: letter, count: count), to: path)
            case 4:
                // In a folder that is not its own to write, nobody but root writes.
                let modes: [mode_t] = isFolder(path) ? [0o755, 0o700] : [0o644, 0o600, 0o755, 0o444]
                chmod(path, modes.randomElement(using: &generator)!)
            case 5, 6: remove(path)
            case 7:
                clear(path, exceptFolder: true)
                mkdir(path, [0o755, 0o700].randomElement(using: &generator)!)
            case 8:
                clear(path)
                symlink(["a", "../b", "nowhere", "c d/new\nline", "."].randomElement(using: &generator)!, path)
            default:
                let other = "\(folder)/\(self.path())"
                rename(path, other)
            }
        }
    }

    /// Makes room, and the folder to be in.
    private mutating func clear(_ path: String, exceptFolder: Bool = false) {
        let parent = (path as NSString).deletingLastPathComponent
        if !isFolder(parent) {
            guard parent.utf8.count > folder.utf8.count else { return }
            clear(parent)
            mkdir(parent, 0o755)
        }
        if !(exceptFolder && isFolder(path)) { remove(path) }
    }

    private func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private func remove(_ path: String) {
        // Through a link, something else would go.
        var parent = (path as NSString).deletingLastPathComponent
        while parent.utf8.count > folder.utf8.count {
            if !isFolder(parent) { return }
            parent = (parent as NSString).deletingLastPathComponent
        }
        if isFolder(path) {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] { remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
