import TestSupport
import Testing

@testable import Watcher

/// Large trees, whose folders several cores look at.
@Suite struct FolderSurveyTests {
    private static let folders = FolderSurvey.worthwhile + 200

    private func makeTree() throws -> TemporaryFolder {
        let folder = try TemporaryFolder(isLarge: true)
        for number in 0..<Self.folders {
            try folder.makeFolder("f\(number % 30)/g\(number)")
            try folder.write("one", to: "f\(number % 30)/g\(number)/file")
        }
        return folder
    }

    /// Changes some folders in each way that a listing can differ, and returns what is to be reported.
    private func change(_ folder: TemporaryFolder) throws -> [String] {
        try folder.write("two", to: "f0/g0/file")
        try folder.write("two", to: "f29/g\(Self.folders - 1)/file")
        try folder.write("new", to: "f1/g31/new")
        try folder.remove("f2/g32/file")
        try folder.remove("f3/g33")
        try folder.remove("f4/g34")
        try folder.write("a file now", to: "f4/g34")
        try folder.makeFolder("f5/new")
        try folder.write("in it", to: "f5/new/file")
        return [
            "~f0/g0/file", "+f1/g31/new", "-f2/g32/file", "~f29/g\(Self.folders - 1)/file", "-f3/g33", "-f3/g33/file",
            "~f4/g34", "-f4/g34/file", "+f5/new", "+f5/new/file",
        ]
    }

    @Test(.timeLimit(.minutes(1)), arguments: [1, 2, 3, 7, 5000]) func theFoldersThatDifferAreFound(threads: Int) throws
    {
        let folder = try makeTree()
        let scanner = TreeScanner(root: WatchRoot(id: "root", path: folder.path))
        var findings = TreeScanner.Findings()
        scanner.look(at: FileTree.root, findings: &findings)
        scanner.endPass()
        scanner.reportSilently()
        let survey = FolderSurvey(rootPath: folder.path, tree: scanner.tree, isStopped: { false })
        #expect(survey.differing(of: scanner.folders, threads: threads) == [])
        _ = try change(folder)
        let found = survey.differing(of: scanner.folders, threads: threads)
        let paths = Set(found.map { String(decoding: scanner.tree.path(of: $0), as: UTF8.self) })
        // A folder whose names change has another stamp itself, in the folder that it is in.
        #expect(
            paths == [
                "", "f1", "f2",
                "f0/g0", "f29/g\(Self.folders - 1)", "f1/g31", "f2/g32", "f3", "f3/g33", "f4", "f4/g34", "f5",
            ])
        #expect(found == found.sorted())
    }

    @Test(.timeLimit(.minutes(1)), arguments: Noticing.allCases) func allChangesAreReported(_ noticing: Noticing)
        async throws
    {
        let folder = try makeTree()
        let probe = try await WatcherProbe(folder.path, noticing: noticing)
        let expected = Set(try change(folder))
        var reported: Set<String> = []
        while !reported.isSuperset(of: expected) { reported.formUnion(try await probe.next()) }
        #expect(reported == expected)
        await probe.watcher.stop()
    }
}
