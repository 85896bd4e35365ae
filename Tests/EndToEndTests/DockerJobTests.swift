import Foundation
import Runner
import Testing

/// Jobs on a real Docker Engine.
@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(1)))
struct DockerJobTests {
    private func job(_ script: String, _ spec: [(String, JSONValue)] = []) -> JSONValue {
        var job = deployment(
            "seed", image: "devloop-test/shell", container: [("command", ["sh", "-c", .string(script)])],
            pod: [("restartPolicy", "OnFailure")], spec: spec)
        job["kind"] = "Job"
        job["apiVersion"] = "batch/v1"
        return job
    }

    /// The Job comes before the database, which it reaches by its Service's name.
    @Test func aJobSeedsADatabaseOnceForEachOfItsVersions() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            let images: DeliveredImages = [try await target.deliver(image)]
            let database = deployment(
                "db", image: "devloop-test/shell",
                container: [("command", ["sh", "-c", "echo >/index.html; exec busybox httpd -f -p 80 -h /"])])
            let log = LogCollector()
            let completed: @Sendable (Int) -> @Sendable ([LogEvent]) -> Bool = { count in
                { events in
                    events.filter {
                        if case .completed(_, let text) = $0 { text.hasPrefix("job/seed completed in") } else { false }
                    }.count == count
                }
            }
            func seed(_ row: String) -> JSONValue {
                job("until busybox wget -q -O /dev/null http://db/; do busybox sleep 0.1; done; echo seeded \(row)")
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [] }, onEvent: log.add) }
                _ = try await target.apply(objects(seed("one")), images: images)
                _ = try await target.apply(objects(service("db", of: "db", port: 80), database), images: images)
                await log.wait(until: completed(1))
                _ = try await target.apply(objects(seed("one")), images: images)
                _ = try await DockerProject.target(project.name).apply(objects(seed("one")), images: images)
                _ = try await target.apply(objects(seed("two")), images: images)
                await log.wait(until: completed(2))
                group.cancelAll()
                try? await group.waitForAll()
            }
            #expect(log.lines.filter { $0.hasPrefix("seeded") } == ["seeded one", "seeded two"])
        }
    }

    @Test func aJobThatFailsIsRunAgainAsOftenAsItMayAndThenTold() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            let log = LogCollector()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [] }, onEvent: log.add) }
                _ = try await target.apply(
                    objects(job("echo no table; exit 3", [("backoffLimit", 1)])),
                    images: [try await target.deliver(image)])
                await log.wait { $0.contains { if case .problem = $0 { true } else { false } } }
                group.cancelAll()
                try? await group.waitForAll()
            }
            let problem = log.events.compactMap { if case .problem(_, let problem) = $0 { problem } else { nil } }.first
            #expect(problem?.summary == "job/seed failed after 2 attempts (backoffLimit 1)")
            #expect(problem?.cause == "exit code 3")
            #expect(problem?.lastLines == ["no table", "no table"])
        }
    }

    @Test func aJobWhoseInitContainerFailsIsNotRunForEver() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            let log = LogCollector()
            var object = job("echo never", [("backoffLimit", 1)])
            object[path: ["spec", "template", "spec", "initContainers"]] = [
                ["name": "prep", "image": "devloop-test/shell", "command": ["sh", "-c", "echo no table; exit 4"]]
            ]
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [] }, onEvent: log.add) }
                _ = try await target.apply(objects(object), images: [try await target.deliver(image)])
                await log.wait { $0.contains { if case .problem = $0 { true } else { false } } }
                await log.wait { LogCollector.lines($0).count { $0.hasSuffix("no table") } == 2 }
                group.cancelAll()
                try? await group.waitForAll()
            }
            let problem = log.events.compactMap { if case .problem(_, let problem) = $0 { problem } else { nil } }.first
            #expect(problem?.summary == "job/seed failed")
            #expect(problem?.cause == "the init container prep of job/seed failed (exit status 4)")
        }
    }
}
