import Foundation
import Runner
import Synchronization
import Testing

/// The logs of containers on a real Docker Engine.
@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(1)))
struct DockerLogTests {
    @Test func eachLineOfACrashingContainerIsShownOnce() async throws {
        let image = try await TinyImage.build(
            "devloop-test/crash",
            """
            CMD ["sh", "-c", "n=$(busybox cat /data/n 2>/dev/null); n=$((n+1)); echo $n >/data/n; echo out $n; \
            echo err $n >&2; [ $n -lt 3 ] && exit 7; busybox sleep 100"]
            """)
        try await DockerProject.run { project in
            let target = project.target
            let crash = try #require(Workload("deployment/crash"))
            let log = LogCollector()
            let images: DeliveredImages = [try await target.deliver(image)]
            let all = objects(
                deployment(
                    "crash", image: "devloop-test/crash",
                    container: [("volumeMounts", [["name": "data", "mountPath": "/data"]])],
                    pod: [("volumes", [["name": "data", "emptyDir": [:]]])]))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [crash] }, onEvent: log.add) }
                _ = try await target.apply(all, images: images)
                await log.wait {
                    let lines = LogCollector.lines($0)
                    return lines.contains("out 3") && lines.contains("err 3")
                }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            #expect(log.lines.sorted() == ["err 1", "err 2", "err 3", "out 1", "out 2", "out 3"])
            #expect(log.notices.filter { $0 == "exited with code 7; Docker restarts it" }.count == 2)
        }
    }

    @Test func aLongLineSurvives() async throws {
        let image = try await TinyImage.build(
            "devloop-test/long",
            "CMD [\"sh\", \"-c\", \"busybox head -c 1000000 /dev/zero | busybox tr '\\\\0' x; echo; echo end; busybox sleep 100\"]"
        )
        try await DockerProject.run { project in
            let long = try #require(Workload("deployment/long"))
            let log = LogCollector()
            let target = project.target
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [long] }, onEvent: log.add) }
                _ = try await target.apply(
                    objects(deployment("long", image: "devloop-test/long")), images: [try await target.deliver(image)])
                await log.wait { LogCollector.lines($0).contains("end") }
                group.cancelAll()
                try? await group.waitForAll()
            }
            #expect(log.lines.map(\.utf8.count) == [1_000_000, 3])
            #expect(log.lines[0].utf8.allSatisfy { $0 == UInt8(ascii: "x") })
        }
    }

    @Test func theLastWordsOfARunAreALineAndCostNothingOfTheNext() async throws {
        let image = try await TinyImage.build(
            "devloop-test/words",
            "CMD [\"sh\", \"-c\", \"echo first; [ -e /again ] && exec busybox sleep 1000; echo >/again; printf fatal; exit 1\"]"
        )
        try await DockerProject.run { project in
            let target = project.target
            let app = try #require(Workload("deployment/app"))
            let log = LogCollector()
            let images: DeliveredImages = [try await target.deliver(image)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [app] }, onEvent: log.add) }
                _ = try await target.apply(
                    objects(deployment("app", image: "devloop-test/words")), images: images)
                await log.wait { LogCollector.lines($0).filter { $0 == "first" }.count == 2 }
                group.cancelAll()
                try? await group.waitForAll()
            }
            let told = log.events.map { event -> String in
                switch event {
                case .line(_, _, let text): String(decoding: text, as: UTF8.self)
                case .notice(_, let text): text
                default: "\(event)"
                }
            }
            #expect(told.prefix(2) == ["first", "fatal"])
            #expect(Set(told.dropFirst(2)) == ["first", "exited with code 1; Docker restarts it"])
        }
    }

    @Test func aContainerThatNeedsMoreMemoryThanItMayHaveIsToldSo() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            let app = try #require(Workload("deployment/app"))
            let log = LogCollector()
            let images: DeliveredImages = [try await target.deliver(image)]
            let container: [(String, JSONValue)] = [
                ("command", ["sh", "-c", "x=aaaaaaaa; while :; do x=$x$x; done"]),
                ("resources", ["limits": ["memory": "12Mi"]]),
            ]
            let follow = Task { try await target.followLogs(of: { [app] }, onEvent: log.add) }
            _ = try await target.apply(
                objects(deployment("app", image: "devloop-test/shell", container: container)), images: images)
            await log.wait { events in
                events.contains {
                    if case .notice(_, let text) = $0 {
                        text.contains("exited with code 137: out of memory")
                    } else {
                        false
                    }
                }
            }
            follow.cancel()
        }
    }

    /// The commands that run as children of this program.
    private func children() async throws -> [String] {
        let own = "\(ProcessInfo.processInfo.processIdentifier)"
        return try await Docker.launcher.run(Command("ps", ["-eo", "ppid=,args="])).text.split(separator: "\n")
            .compactMap { line in
                let words = line.split(separator: " ", maxSplits: 1)
                return words.first.map(String.init) == own ? words.last.map(String.init) : nil
            }.filter { !$0.hasPrefix("ps ") }
    }

    @Test(arguments: [false, true]) func followingNeedsNoProcessWithATerminalOrWithout(isTerminal: Bool) async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            let app = try #require(Workload("deployment/app"))
            let log = LogCollector()
            let follow = Task { try await target.followLogs(of: { [app] }, onEvent: log.add) }
            let object = deployment("app", image: "devloop-test/shell", container: [("tty", .bool(isTerminal))])
            _ = try await target.apply(objects(object), images: [try await target.deliver(image)])
            await log.wait { LogCollector.lines($0) == ["up"] }
            let children = try await children()
            #expect(children == [])
            follow.cancel()
            await #expect(throws: CancellationError.self) { try await follow.value }
        }
    }

    /// The engine is reached as one elsewhere is: through docker.
    @Test func aConnectionThatBreaksCostsNoLineAndWhatCarriesItEndsWithTheFollow() async throws {
        let count = 60_000
        let image = try await TinyImage.build(
            "devloop-test/many",
            """
            CMD ["sh", "-c", "i=0; while [ $i -lt \(count) ]; do i=$((i+1)); echo $i; [ $((i % 2)) = 1 ] || echo e$i >&2; \
            done; echo done; exec busybox sleep 1000"]
            """)
        let proxy = try FaultyProxy(to: .socket("/var/run/docker.sock"))
        defer { proxy.stop() }
        try await DockerProject.run { project in
            let app = try #require(Workload("deployment/app"))
            let shown = Mutex<[String]>([])
            let (counts, continuation) = AsyncStream.makeStream(of: Int.self)
            let environment = ProcessInfo.processInfo.environment.merging([
                "DOCKER_HOST": "tcp://127.0.0.1:\(proxy.port)"
            ]) { $1 }
            let target = DockerTarget(
                project: project.name, place: "/\(project.name)/devloop.json", namespace: "default",
                hash: KeyedHash(key: []), launcher: SystemLauncher(environment: environment))
            let follow = Task {
                try await target.followLogs(of: { [app] }) { event in
                    guard case .line(_, _, let text) = event else { return }
                    continuation.yield(
                        shown.withLock {
                            $0.append(String(decoding: text, as: UTF8.self))
                            return $0.count
                        })
                }
            }
            _ = try await target.apply(
                objects(deployment("app", image: "devloop-test/many")), images: [try await target.deliver(image)])
            var breaks = [1000, 20_000, 40_000][...]
            for await seen in counts {
                if let next = breaks.first, seen > next {
                    breaks.removeFirst()
                    proxy.set(.refusing)
                    proxy.set(.passing)
                }
                if seen >= count / 2 * 3 + 1 { break }
            }
            follow.cancel()
            await #expect(throws: CancellationError.self) { try await follow.value }
            #expect(try await children() == [])
            let lines = shown.withLock { $0 }
            #expect(lines.filter { !$0.hasPrefix("e") } == (1...count).map(String.init) + ["done"])
            #expect(lines.filter { $0.hasPrefix("e") } == stride(from: 2, through: count, by: 2).map { "e\($0)" })
        }
    }
}
