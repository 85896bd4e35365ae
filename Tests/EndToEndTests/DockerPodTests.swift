import Foundation
import Runner
import Testing

/// Pods of several containers, and init containers, on a real Docker Engine.
@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(1)))
struct DockerPodTests {
    @Test func containersOfAPodShareANetwork() async throws {
        let image = try await TinyImage.build("devloop-test/web", TinyImage.server("shared"))
        try await DockerProject.run { project in
            let target = project.target
            var object = deployment("pair", image: "devloop-test/web")
            object[path: ["spec", "template", "spec", "containers"]] = [
                ["name": "web", "image": "devloop-test/web"],
                [
                    "name": "client", "image": "devloop-test/web",
                    "command": [
                        "sh", "-c",
                        "until busybox nc -w 1 127.0.0.1 80 </dev/null; do busybox sleep 0.1; done; echo connected; busybox sleep 100",
                    ],
                ],
            ]
            let pair = try #require(Workload("deployment/pair"))
            let log = LogCollector()
            let images: DeliveredImages = [try await target.deliver(image)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [pair] }, onEvent: log.add) }
                _ = try await target.apply(objects(object), images: images)
                try await target.waitUntilReady(pair)
                await log.wait { LogCollector.lines($0).contains("connected") }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            #expect(log.events.contains(.line(workload: pair, container: "client", text: Array("connected".utf8))))
            try await target.restart(pair, images: images)
            try await target.waitUntilReady(pair)
        }
    }

    @Test func thePodsOtherContainersFollowTheFirstIntoItsNewNetwork() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            var object = deployment("pair", image: "devloop-test/shell")
            object[path: ["spec", "template", "spec", "containers"]] = [
                [
                    "name": "first", "image": "devloop-test/shell",
                    "command": [
                        "sh", "-c",
                        "echo first; until [ -e /crash ]; do busybox sleep 0.1; done; busybox rm /crash; exit 1",
                    ],
                ],
                [
                    "name": "second", "image": "devloop-test/shell",
                    "command": [
                        "sh", "-c",
                        "trap exit TERM; echo second $(busybox readlink /proc/self/ns/net); while :; do busybox sleep 0.1; done",
                    ],
                ],
            ]
            let pair = try #require(Workload("deployment/pair"))
            let log = LogCollector()
            let images: DeliveredImages = [try await target.deliver(image)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [pair] }, onEvent: log.add) }
                _ = try await target.apply(objects(object), images: images)
                await log.wait { LogCollector.lines($0).count == 2 }
                let first = try await Docker.run(
                    "ps", "--quiet", "--filter=label=dev.devloop.project=\(project.name)",
                    "--filter=label=dev.devloop.container=first")
                try await Docker.run("exec", first, "sh", "-c", "echo >/crash")
                await log.wait { LogCollector.lines($0).filter { $0.hasPrefix("second") }.count == 2 }
                let network = try await Docker.run("exec", first, "busybox", "readlink", "/proc/self/ns/net")
                #expect(log.lines.last { $0.hasPrefix("second") } == "second \(network)")
                group.cancelAll()
                try? await group.waitForAll()
            }
        }
    }

    /// A Deployment whose init container succeeds the third time.
    private static func waiting(_ name: String) -> JSONValue {
        deployment(
            name, image: "devloop-test/shell", container: [("command", ["sh", "-c", "echo new; busybox sleep 1000"])],
            pod: [
                ("volumes", [["name": "v", "emptyDir": [:]]]),
                (
                    "initContainers",
                    [
                        [
                            "name": "migrate", "image": "devloop-test/shell",
                            "command": ["sh", "-c", "echo >>/v/n; echo no table; [ $(busybox wc -l </v/n) = 3 ]"],
                            "volumeMounts": [["name": "v", "mountPath": "/v"]],
                        ]
                    ]
                ),
            ])
    }

    @Test func anInitContainerThatFailsIsRunAgainWhileTheOldVersionRuns() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            let app = try #require(Workload("deployment/app"))
            let images: DeliveredImages = [try await target.deliver(image)]
            _ = try await target.apply(objects(deployment("app", image: "devloop-test/shell")), images: images)
            let before = try await project.running("deployment/app")
            let log = LogCollector()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [app] }, onEvent: log.add) }
                await log.wait { LogCollector.lines($0).contains("up") }
                let report = try await target.apply(objects(Self.waiting("app")), images: images)
                #expect(report.changed == [app])
                await log.wait { LogCollector.lines($0).contains("no table") }
                #expect(try await project.running("deployment/app").contains(before[0]))
                try await target.waitUntilReady(app)
                await log.wait { LogCollector.lines($0).contains("new") }
                group.cancelAll()
                try? await group.waitForAll()
            }
            #expect(log.lines == ["up", "no table", "no table", "no table", "new"])
            #expect(log.notices == ["container migrate exited with code 1; it is run again"])
        }
    }
}
