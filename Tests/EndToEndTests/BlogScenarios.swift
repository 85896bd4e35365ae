import Foundation
import TestSupport
import Testing

/// What a user does with the example, on whatever stage. Each leaves nothing behind.
struct BlogScenarios: Sendable {
    let stage: any Stage
    let blog: BlogCopy

    /// Runs the body with a copy of the blog, and cleans up whatever happens.
    static func with(
        _ stage: (BlogCopy) -> any Stage, _ body: (BlogScenarios) async throws -> Void
    ) async throws {
        let blog = try await BlogCopy()
        defer { blog.remove() }
        let stage = stage(blog)
        try await stage.prepare(blog)
        do {
            try await body(BlogScenarios(stage: stage, blog: blog))
            try await stage.cleanUp(blog)
        } catch {
            try await stage.cleanUp(blog)
            throw error
        }
    }

    /// Starts `devloop dev` and returns once all services are live.
    private func startDev() async throws -> DevloopProcess {
        let dev = try DevloopProcess(["dev"] + stage.flags, folder: blog.folder, environment: ["BASE": blog.base])
        for service in BlogCopy.services { try await dev.line(containing: "✓ \(service) live in") }
        return dev
    }

    /// A post shows up in `query`; an edit of a service that takes files up is answered by the container that ran before;
    /// one of another service is built, and only that one is restarted; a service that was restarted catches up with what
    /// happened before; `down` leaves nothing.
    func aDayWithTheBlog() async throws {
        let dev = try await startDev()
        let first = try #require(try await blog.createPost("first"), "\(dev.output)")
        #expect(try await blog.queriedPosts([first]) == [first])

        let before = try await stage.instances(of: blog)
        #expect(Set(before.keys) == Set(BlogCopy.services))
        let mark = dev.lineCount
        try blog.save("posts", version: "edited")
        try await dev.line(from: mark, containing: "posts synced in")
        #expect(try await blog.version(of: "posts", wanted: "edited") == "edited")
        #expect(try await stage.instances(of: blog) == before)
        try await dev.line(
            from: mark, matching: { $0.hasPrefix("posts ") && $0.contains("listening on 4000 (version edited)") })

        let markOfComments = dev.lineCount
        try blog.save("comments", version: "edited")
        try await dev.line(from: markOfComments, containing: "comments live in")
        #expect(try await blog.version(of: "comments", wanted: "edited") == "edited")
        let after = try await stage.instances(of: blog)
        #expect(after["comments"] != before["comments"])
        for service in BlogCopy.services where service != "comments" { #expect(after[service] == before[service]) }
        try await dev.line(
            from: markOfComments,
            matching: { $0.hasPrefix("comments ") && $0.contains("listening on 4001 (version edited)") })

        let markOfQuery = dev.lineCount
        try blog.save("query", version: "edited")
        try await dev.line(from: markOfQuery, containing: "query synced in")
        #expect(try await blog.queriedPosts([first]) == [first])

        let markOfBadBuild = dev.lineCount
        let dockerfile = blog.source(of: "comments").deletingLastPathComponent().appendingPathComponent("Dockerfile")
        let good = try String(contentsOf: dockerfile, encoding: .utf8)
        try "NONSENSE\n".write(to: dockerfile, atomically: true, encoding: .utf8)
        try await dev.line(from: markOfBadBuild, containing: "comments: docker build")
        #expect(try await stage.instances(of: blog)["comments"] == after["comments"])
        try good.write(to: dockerfile, atomically: true, encoding: .utf8)
        try await dev.line(from: markOfBadBuild, containing: "comments unchanged")

        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        #expect(dev.output.contains("devloop down"))
        #expect(try await orphans(of: dev).isEmpty)
        #expect(Set(try await stage.instances(of: blog).keys) == Set(BlogCopy.services))

        let again = try DevloopProcess(["dev"] + stage.flags, folder: blog.folder, environment: ["BASE": blog.base])
        for service in BlogCopy.services {
            // What was synced is in another image than their containers were started from.
            let isSynced = ["posts", "query"].contains(service)
            try await again.line(containing: isSynced ? "✓ \(service) live in" : "\(service) runs this image already")
        }
        again.signal(SIGTERM)
        #expect(await again.exitStatus() == 0)

        let down = try DevloopProcess(["down"] + stage.flags, folder: blog.folder)
        #expect(await down.exitStatus() == 0, "\(down.output)")
        #expect(
            try await Shell.eventually {
                try await stage.leftovers(of: blog)
            } is: {
                $0.isEmpty
            } == [])
    }

    /// Random saves over all services while builds run, then silence: each service runs what was saved last.
    func aStormOfSaves(_ count: Int, seed: UInt64) async throws {
        let dev = try await startDev()
        var random = SeededGenerator(seed: seed)
        for number in 1...count {
            try blog.save(BlogCopy.services.randomElement(using: &random) ?? "", version: "\(number)")
            // The pace of the storm, not a wait for anything: saves meet every stage of a pass.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...120, using: &random)))
        }
        for service in BlogCopy.services {
            let saved = try String(contentsOf: blog.source(of: service), encoding: .utf8)
            let running = try await Shell.eventually {
                try await stage.runningSource(of: service, in: blog)
            } is: {
                $0 == saved
            }
            #expect(running == saved, "\(service) (seed \(seed)) does not run what was saved last:\n\(dev.output)")
        }
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        #expect(try await orphans(of: dev).isEmpty)
    }

    /// Processes that devloop left behind: everything that it starts names this copy of the blog, or its context.
    private func orphans(of dev: DevloopProcess) async throws -> [String] {
        try await Shell.run("ps", "-eo", "pid,ppid,args").split(separator: "\n").map(String.init).filter { line in
            let names = [blog.folder.path, "dev.devloop.project=\(blog.name)", "--namespace=\(blog.name)"]
            return names.contains { line.contains($0) } && !line.contains(" ps ")
        }
    }
}
