import Foundation
import Runner
import Testing

@testable import devloop

/// One `devloop dev` at a time in a project.
@Suite struct ProjectLockTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/devloop-lock-" + UUID().uuidString

    @Test func theSecondInAProjectIsToldOfTheFirst() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try ProjectLock(project: "/a/devloop.json", folder: folder)
        let error = try #require(throws: TargetError.self) {
            _ = try ProjectLock(project: "/a/devloop.json", folder: folder)
        }
        #expect(error.summary.contains("process \(getpid())"))
        _ = try ProjectLock(project: "/b/devloop.json", folder: folder)
        withExtendedLifetime(first) {}
    }

    @Test func theLockEndsWithItsOwner() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for _ in 0..<2 { _ = try ProjectLock(project: "/a/devloop.json", folder: folder) }
    }

    @Test func whereNothingCanBeKeptNothingStandsAgainstStarting() throws {
        for folder in [nil, "/dev/null"] {
            let first = try ProjectLock(project: "/a", folder: folder)
            _ = try ProjectLock(project: "/a", folder: folder)
            withExtendedLifetime(first) {}
        }
    }
}
