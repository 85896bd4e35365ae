import Foundation
import TestSupport
import Testing

@testable import Watcher

/// Random edits at full speed, and a mirror that knows of nothing but the batches: in the end both hold the same.
@Suite(.timeLimit(.minutes(1))) struct NoEditIsLostTests {
    /// Of every second seed the first file is reported at once.
    @Test(arguments: Noticing.allCases, [1, 2, 3, 4, 5, 6])
    func aMirrorThatFollowsTheBatchesEndsUpTheSame(_ noticing: Noticing, seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        var editor = RandomEditor(folder: folder, seed: seed)
        for _ in 0..<100 { editor.edit() }
        let schedule = PollSchedule(pollMilliseconds: 20, settleMilliseconds: 20, ceilingMilliseconds: 200)
        let probe = try await WatcherProbe(folder.path, noticing: noticing, isPrompt: seed % 2 == 0, schedule: schedule)
        var mirror = folder.contents()
        for round in 0..<4 {
            for _ in 0..<200 { editor.edit() }
            try folder.write("", to: "sentinel\(round)")
            var isComplete = false
            while !isComplete {
                for change in try await probe.nextBatch().changes {
                    mirror[change.path] = folder.content(of: change.path)
                    if change.path == "sentinel\(round)" { isComplete = true }
                }
            }
            let actual = folder.contents()
            let wrong = Set(mirror.keys).union(actual.keys).filter { mirror[$0] != actual[$0] }.sorted()
            #expect(wrong.isEmpty, "round \(round)")
        }
        await probe.watcher.stop()
    }
}

extension TemporaryFolder {
    /// A file's text, or nil if there is no file.
    fileprivate func content(of relative: String) -> String? {
        try? String(contentsOfFile: path(relative), encoding: .utf8)
    }

    fileprivate func contents() -> [String: String] {
        var contents: [String: String] = [:]
        for case let path as String in FileManager.default.enumerator(atPath: path) ?? .init() {
            contents[path] = content(of: path)
        }
        return contents
    }
}

private struct RandomEditor {
    let folder: TemporaryFolder
    private var state: UInt64

    init(folder: TemporaryFolder, seed: UInt64) {
        self.folder = folder
        state = seed
    }

    private mutating func random(below bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % bound
    }

    private mutating func randomPath() -> String {
        var parts: [String] = []
        for _ in 0...random(below: 3) { parts.append("d\(random(below: 3))") }
        parts[parts.count - 1] = "f\(random(below: 4))"
        return parts.joined(separator: "/")
    }

    /// What fails because of what is there already is no edit.
    mutating func edit() {
        let path = randomPath()
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        switch random(below: 10) {
        case 0...4:
            try? folder.makeFolder(parent)
            // The same length each time, so that only the stamps can tell.
            try? folder.write("\(100 + random(below: 900))", to: path)
        case 5:
            try? folder.write("\(100 + random(below: 900))", to: "tmp")
            if rename(folder.path("tmp"), folder.path(path)) != 0 { unlink(folder.path("tmp")) }
        case 6, 7: unlink(folder.path(path))
        case 8: rename(folder.path(path), folder.path(randomPath()))
        default:
            if random(below: 2) == 0 {
                rename(folder.path("d\(random(below: 3))"), folder.path("d\(random(below: 3))/d\(random(below: 3))"))
            } else {
                try? folder.remove("d\(random(below: 3))/d\(random(below: 3))")
            }
        }
    }
}
