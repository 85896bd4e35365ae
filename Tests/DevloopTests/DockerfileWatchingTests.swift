import Foundation
import Runner
import Testing
import Watcher

@testable import devloop

/// Which files devloop watches because of what the Dockerfile says.
@Suite struct DockerfileWatchingTests {
    /// A context in a folder of its own, with a Dockerfile in it.
    private final class Context {
        let path: String

        init(dockerfile: String, links: [String: String] = [:], folders: [String] = []) throws {
            path = FileManager.default.temporaryDirectory.path + "/devloop-paths-" + UUID().uuidString
            for folder in [""] + folders {
                try FileManager.default.createDirectory(
                    atPath: path + "/" + folder, withIntermediateDirectories: true)
            }
            try Data(dockerfile.utf8).write(to: URL(fileURLWithPath: path + "/Dockerfile"))
            for (link, target) in links {
                try FileManager.default.createSymbolicLink(
                    atPath: path + "/" + link, withDestinationPath: target)
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func watched(dockerfile: String? = nil) throws -> WatchedPaths {
            let service = Configuration.Service(
                name: "app", image: try #require(ImageReference("app")), context: path,
                dockerfile: dockerfile ?? path + "/Dockerfile", keyPath: "services[0]")
            return WatchedPaths(
                Configuration(
                    path: path + ".json", name: "test", services: [service], origin: .init(file: "devloop.json")),
                environment: [:], builder: .buildKit)
        }

        func filter() throws -> PathFilter {
            try #require(try watched().roots.first { $0.path == path }).filter
        }
    }

    private func batch(_ root: String, _ paths: String...) -> ChangeBatch {
        ChangeBatch(
            changes: paths.map { Change(rootID: root, path: $0, kind: .modified) }, firstNoticed: .now)
    }

    @Test func onlyWhatTheDockerfileNamesIsWatched() throws {
        let filter = try Context(dockerfile: "FROM a\nCOPY src *.json /\n").filter()
        for path in ["src/a/b.c", "package.json", "Dockerfile", ".dockerignore", "Dockerfile.dockerignore"] {
            #expect(filter.includes(path), "\(path)")
        }
        for path in ["README.md", "docs/a", "a/package.json"] { #expect(!filter.includes(path), "\(path)") }
        #expect(filter.canSkip(directory: "docs"))
        #expect(!filter.canSkip(directory: "src"))
    }

    @Test(arguments: ["FROM a\nCOPY . /\n", "FROM a\nCOPY $UNKNOWN /\n", ""])
    func otherwiseEverythingIsWatched(dockerfile: String) throws {
        #expect(try Context(dockerfile: dockerfile).filter().includes("docs/a"))
    }

    @Test func withoutADockerfileEverythingIsWatched() throws {
        let context = try Context(dockerfile: "")
        try FileManager.default.removeItem(atPath: context.path + "/Dockerfile")
        #expect(try context.filter().includes("docs/a"))
    }

    @Test(arguments: [
        ("src", "src", true), ("src/a", "src", true), ("src/a", "src/a", true), ("*", "link", true),
        ("s*", "link", false), ("*/x", "dir/x", true), ("*/x", "dir/y", false), ("[a]", "link", true),
        ("src", "src/a", false), ("src", "link", false),
    ])
    func aLinkOnTheWayToWhatIsCopiedMakesEverythingCount(source: String, link: String, isMet: Bool) throws {
        let folders = link.contains("/") ? [String(link.prefix { $0 != "/" })] : []
        let context = try Context(dockerfile: "FROM a\nCOPY \(source) /\n", links: [link: "other"], folders: folders)
        #expect(try context.filter().includes("zzz/y") == (isMet || source == "*"))
        #expect(ContextLinks.areMet(by: [source], in: context.path) == isMet)
    }

    @Test(arguments: ["Dockerfile", ".dockerignore", "Dockerfile.dockerignore"])
    func aChangeOfWhatSaysWhichFilesCountIsTold(file: String) throws {
        let context = try Context(dockerfile: "FROM a\nCOPY src /\n")
        let impact = try context.watched().impact(of: batch("context of app", "src/b", file))
        #expect(impact.filters)
        #expect(impact.paths == ["app": ["src/b", file]])
        #expect(try !context.watched().impact(of: batch("context of app", "src/b")).filters)
    }

    @Test func aChangeOfADockerfileOutsideOfTheContextIsTold() throws {
        let other = try Context(dockerfile: "FROM a\nCOPY src /\n")
        let context = try Context(dockerfile: "")
        let watched = try context.watched(dockerfile: other.path + "/Dockerfile")
        let root = try #require(watched.roots.first { $0.path == other.path + "/Dockerfile" })
        let impact = watched.impact(of: batch(root.id, "Dockerfile"))
        #expect(impact.filters)
        #expect(impact.paths == ["app": ["Dockerfile"]])
    }

    @Test func aNewLinkInWhatIsCopiedIsLookedInto() throws {
        let context = try Context(dockerfile: "FROM a\nCOPY src /\n")
        let watched = try context.watched()
        try FileManager.default.createSymbolicLink(
            atPath: context.path + "/src", withDestinationPath: "elsewhere")
        #expect(watched.impact(of: batch("context of app", "src")).filters)
        #expect(try context.filter().includes("elsewhere/a"))
    }
}
