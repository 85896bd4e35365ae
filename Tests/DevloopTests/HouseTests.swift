import Foundation
import Testing

/// The rooms that CONTRIBUTING.md draws are those of the sources.
struct HouseTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The Swift files below a folder of `Sources`, by their paths in it.
    private func sources(_ folder: String) throws -> [String: String] {
        let folder = Self.root.appendingPathComponent("Sources/\(folder)")
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        try #require(!paths.isEmpty)
        return try Dictionary(
            uniqueKeysWithValues: paths.map {
                ($0, try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8))
            })
    }

    /// The lines of code that hold one of the words, comments left out.
    private func lines(with words: [String], in folder: String, except: Set<String> = []) throws -> [String] {
        try sources(folder).sorted { $0.key < $1.key }.flatMap { path, text in
            except.contains(path)
                ? []
                : text.split(separator: "\n").filter { line in
                    !line.drop { $0 == " " }.hasPrefix("//") && words.contains { line.contains($0) }
                }.map { "\(path): \($0)" }
        }
    }

    @Test(arguments: [("Watcher", "Runner"), ("Watcher", "devloop"), ("Runner", "Watcher"), ("Runner", "devloop")])
    func neitherLibraryKnowsTheOthers(library: String, other: String) throws {
        #expect(try lines(with: ["import \(other)"], in: library) == [])
    }

    @Test(arguments: ["Watcher", "Runner", "devloop"]) func theSourcesDoWithoutFoundation(target: String) throws {
        #expect(try lines(with: ["import Foundation"], in: target) == [])
    }

    @Test func theLoopHasNoProcessClockTaskOrFile() throws {
        let words = [
            "import Watcher", "import Synchronization", "import Glibc", " async ", "await ", "Task", ".now",
            "FileSystem", "Mutex", "Terminal",
        ]
        #expect(try lines(with: words, in: "devloop/Loop") == [])
    }

    @Test func onlyTheOutputQueueWritesToTheScreen() throws {
        let words = ["STDOUT_FILENO", "STDERR_FILENO", "fputs(", "Swift.print(", " print(\"", "putchar("]
        let writers: Set = ["Terminal/OutputQueue.swift", "System/StandardStream.swift"]
        #expect(try lines(with: words, in: "devloop", except: writers) == [])
        #expect(try lines(with: words, in: "Runner") + lines(with: words, in: "Watcher") == [])
    }

    @Test(arguments: ["Watcher", "Runner", "devloop"]) func theRoomsAreThoseThatAreDrawn(target: String) throws {
        let text = try String(contentsOf: Self.root.appendingPathComponent("CONTRIBUTING.md"), encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.hasPrefix("    Sources/\(target)/") })
        let drawn = lines[(start + 1)...].prefix { $0.hasPrefix("      ") }.compactMap { line in
            line.split(separator: " ").first.map { String($0.drop { $0 == "/" }).replacing("/", with: "") }
        }
        let rooms = Set(try sources(target).keys.compactMap { $0.contains("/") ? $0.prefix { $0 != "/" } : nil })
        #expect(Set(drawn) == Set(rooms.map(String.init)), "\(target)")
    }
}
