import Foundation
import Runner
import Testing

@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(1)))
struct DockerTargetTests {
    /// Answers requests with a text, or with its environment variable TEXT where there is one.
    private static func server(_ text: String) -> String {
        """
        CMD ["sh", "-c", "busybox mkdir /www; echo ${TEXT:-\(text)} >/www/index.html; echo up; \
        exec busybox httpd -f -p 80 -h /www"]
        """
    }

    @Test func aDeploymentBehindANodePortAnswers() async throws {
        let image = try await TinyImage.build("devloop-test/web", Self.server("one"))
        try await DockerProject.run { project in
            let target = project.target
            try await target.prepare()
            let delivered = try await target.deliver(image)
            #expect(delivered.reference == image.id)
            let all = objects(
                service("web-np", of: "web", port: 80, type: "NodePort", nodePort: 31871),
                service("web-srv", of: "web", port: 80), deployment("web", image: "devloop-test/web"))
            let web = try #require(Workload("deployment/web"))
            let report = try await target.apply(all, images: [delivered])
            #expect(report.created == [web])
            #expect(report.notices == ["web-np: http://127.0.0.1:31871"])
            try await target.waitUntilReady(web)
            #expect(try await DockerProject.get(31871) == "one")
            #expect(try await target.delivered(image, runningIn: web) == delivered)

            let again = try await target.apply(all, images: [delivered])
            #expect(again == ApplyReport())

            let next = try await TinyImage.build("devloop-test/web", Self.server("two"))
            #expect(try await target.delivered(next, runningIn: web) == nil)
            try await target.restart(web, images: [try await target.deliver(next)])
            try await target.waitUntilReady(web)
            #expect(try await DockerProject.get(31871) == "two")
            let lines = try await target.delete(all)
            #expect(lines.contains("deployment/web (main) removed"))
            #expect(try await target.delete(all) == [])
        }
    }

    private static let shell = "CMD [\"sh\", \"-c\", \"echo up; exec busybox sleep 1000\"]"

    @Test func anOldContainerThatIgnoresItsSignalHoldsUpNothing() async throws {
        let image = try await TinyImage.build(
            "devloop-test/stubborn", "CMD [\"sh\", \"-c\", \"trap '' TERM; while :; do busybox sleep 1; done\"]")
        try await DockerProject.run { project in
            let target = project.target
            let web = try #require(Workload("deployment/web"))
            let images: DeliveredImages = [try await target.deliver(image)]
            _ = try await target.apply(
                objects(
                    service("web", of: "web", port: 80, type: "NodePort", nodePort: 31872),
                    deployment(
                        "web", image: "devloop-test/stubborn", spec: [])
                ), images: images)
            let old = try await project.running("deployment/web")
            try await target.restart(web, images: images)
            try await target.waitUntilReady(web)
            let all = try await project.running("deployment/web")
            #expect(Set(all).subtracting(old).count == 1)
            // Whether the old one is gone already or not, only the new one has the port and the names.
            let network = try await Docker.run(
                "network", "inspect", "devloop-\(project.name)",
                "--format={{range $id, $_ := .Containers}}{{$id}} {{end}}")
            #expect(network.split(separator: " ").map(String.init) == [all[0]])
        }
    }

    @Test func whatAContainerIsToldArrives() async throws {
        let image = try await TinyImage.build("devloop-test/shell", Self.shell)
        try await DockerProject.run { project in
            let target = project.target
            let container: [(String, JSONValue)] = [
                (
                    "env",
                    [
                        ["name": "PLAIN", "value": "two\nlines $(GREETING) $$(GREETING)"],
                        ["name": "PATH", "value": "/bin:/nowhere"],
                        ["name": "PASSWORD", "valueFrom": ["secretKeyRef": ["name": "login", "key": "password"]]],
                        ["name": "DOCKER_HOST", "valueFrom": ["secretKeyRef": ["name": "login", "key": "password"]]],
                        ["name": "SSH_KEY", "valueFrom": ["secretKeyRef": ["name": "login", "key": "lines"]]],
                        ["name": "POD", "valueFrom": ["fieldRef": ["fieldPath": "metadata.namespace"]]],
                        [
                            "name": "NOT_THERE",
                            "valueFrom": ["secretKeyRef": ["name": "none", "key": "x", "optional": true]],
                        ],
                    ]
                ),
                ("envFrom", [["configMapRef": ["name": "settings"]]]),
                (
                    "command",
                    ["sh", "-c", "echo \"$0|$1\" >/data/args; exec busybox sleep 1000", "$(SSH_KEY)", "$(PASSWORD)"]
                ),
                ("workingDir", "/etc/settings"),
                (
                    "volumeMounts",
                    [
                        ["name": "settings", "mountPath": "/etc/settings"],
                        ["name": "login", "mountPath": "/etc/deep/er/secret.txt", "subPath": "password"],
                        ["name": "scratch", "mountPath": "/scratch"], ["name": "data", "mountPath": "/data"],
                    ]
                ),
                ("securityContext", ["runAsUser": 1000, "runAsGroup": 1000]),
                ("resources", ["limits": ["memory": "64Mi", "cpu": "500m"]]),
            ]
            let pod: [(String, JSONValue)] = [
                (
                    "volumes",
                    [
                        ["name": "settings", "configMap": ["name": "settings"]],
                        ["name": "login", "secret": ["secretName": "login"]], ["name": "scratch", "emptyDir": [:]],
                        ["name": "data", "persistentVolumeClaim": ["claimName": "data"]],
                    ]
                ),
                ("hostAliases", [["ip": "10.1.2.3", "hostnames": ["elsewhere"]]]),
                (
                    "initContainers",
                    [
                        [
                            "name": "first", "image": "devloop-test/shell",
                            "command": ["sh", "-c", "echo prepared >/scratch/file; echo kept >>/data/file"],
                            "volumeMounts": [
                                ["name": "scratch", "mountPath": "/scratch"], ["name": "data", "mountPath": "/data"],
                            ],
                        ]
                    ]
                ),
            ]
            let all = objects(
                [
                    "kind": "ConfigMap", "metadata": ["name": "settings"],
                    "data": ["GREETING": "hello", "file.txt": "content\n"],
                ],
                [
                    "kind": "Secret", "metadata": ["name": "login"], "data": ["password": "czNjcmV0"],
                    "stringData": ["lines": "one\ntwo\n"],
                ],
                deployment("app", image: "devloop-test/shell", container: container, pod: pod))
            let app = try #require(Workload("deployment/app"))
            let images: DeliveredImages = [try await target.deliver(image)]
            let report = try await target.apply(all, images: images)
            #expect(report == ApplyReport(created: [app]))
            try await target.waitUntilReady(app)
            let told = try await project.shell(
                "deployment/app",
                """
                echo "$PLAIN|$PASSWORD|$POD|$GREETING|${NOT_THERE-unset}|$PATH"; pwd; busybox cat file.txt
                busybox cat /etc/deep/er/secret.txt; echo; busybox cat /scratch/file /data/file; busybox id -u
                echo "$DOCKER_HOST|$SSH_KEY|"; busybox cat /data/args
                echo mine >/scratch/mine && busybox ls /scratch; busybox grep elsewhere /etc/hosts
                """)
            #expect(
                told == """
                    two
                    lines hello $(GREETING)|s3cret|default|hello|unset|/bin:/nowhere
                    /etc/settings
                    content
                    s3cret
                    prepared
                    kept
                    1000
                    s3cret|one
                    two
                    |
                    one
                    two
                    |s3cret
                    file
                    mine
                    10.1.2.3\telsewhere
                    """)
            let id = try #require(try await project.running("deployment/app").first)
            #expect(
                try await Docker.run("inspect", "--format={{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}", id)
                    == "67108864 500000000")

            // A claim's volume outlives the pod, its own folder does not.
            try await target.restart(app, images: images)
            try await target.waitUntilReady(app)
            #expect(
                try await project.shell("deployment/app", "busybox cat /data/file; busybox ls /scratch")
                    == "kept\nkept\nfile")
        }
    }

    @Test func containersOfAPodShareANetwork() async throws {
        let image = try await TinyImage.build("devloop-test/web", Self.server("shared"))
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
        let image = try await TinyImage.build("devloop-test/shell", Self.shell)
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
        let image = try await TinyImage.build("devloop-test/shell", Self.shell)
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
            #expect(log.notices == ["container migrate exited with code 1; it is run again until it succeeds"])
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

    @Test func aContainerThatIgnoresItsSignalIsNamedWhereTheNewOneWaitsForIt() async throws {
        let image = try await TinyImage.build(
            "devloop-test/stubborn",
            "CMD [\"sh\", \"-c\", \"echo up; trap '' TERM; while :; do busybox sleep 1; done\"]")
        try await DockerProject.run { project in
            let target = project.target
            let app = try #require(Workload("deployment/app"))
            let log = LogCollector()
            let images: DeliveredImages = [try await target.deliver(image)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [app] }, onEvent: log.add) }
                _ = try await target.apply(
                    objects(
                        deployment(
                            "app", image: "devloop-test/stubborn", spec: [("strategy", ["type": "Recreate"])])),
                    images: images)
                for count in 2...3 {
                    await log.wait { LogCollector.lines($0).count == count - 1 }
                    try await target.restart(app, images: images)
                    await log.wait { LogCollector.lines($0).count == count }
                }
                await log.wait { events in events.contains { if case .notice = $0 { true } else { false } } }
                group.cancelAll()
                try? await group.waitForAll()
            }
            #expect(log.notices.count == 1)
            #expect(
                log.notices.first?.hasPrefix(
                    "its container ignores SIGTERM: each new one waits out its grace time of 1 s") == true)
        }
    }

    /// Each type against what is there: nothing, a file, a folder, a socket.
    @Test func aHostPathIsWhatItsTypeSaysOrIsRefused() async throws {
        let image = try await TinyImage.build("devloop-test/shell", Self.shell)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("devloop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("kept".utf8).write(to: folder.appendingPathComponent("file:1"))
        try await DockerProject.run { project in
            let images: DeliveredImages = [try await project.target.deliver(image)]
            func apply(_ type: String, _ name: String) async throws {
                let all = objects(
                    deployment(
                        "app", image: "devloop-test/shell",
                        container: [("volumeMounts", [["name": "v", "mountPath": "/v"]])],
                        pod: [
                            (
                                "volumes",
                                [
                                    [
                                        "name": "v",
                                        "hostPath": [
                                            "path": .string("\(folder.path)/\(name)"), "type": .string(type),
                                        ],
                                    ]
                                ]
                            )
                        ]))
                if let failure = try await project.target.apply(all, images: images).failures.first {
                    throw failure.error
                }
            }
            for (type, name) in [("Socket", "none"), ("File", "none"), ("Directory", "none"), ("Socket", "file:1")] {
                await #expect(throws: TargetError.self, "\(type) \(name)") { try await apply(type, name) }
            }
            #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/none"))
            try await apply("FileOrCreate", "file:1")
            #expect(try await project.shell("deployment/app", "busybox cat /v") == "kept")
            try await apply("FileOrCreate", "new")
            #expect(try await project.shell("deployment/app", "[ -f /v ] && echo file") == "file")
            try await apply("DirectoryOrCreate", "folder")
            #expect(try await project.shell("deployment/app", "[ -d /v ] && echo folder") == "folder")
            await #expect(throws: TargetError.self) { try await apply("DirectoryOrCreate", "file:1") }
        }
    }

    @Test(arguments: ["RollingUpdate", "Recreate"])
    func aNewVersionThatCannotStartBringsTheOldOneBack(strategy: String) async throws {
        let image = try await TinyImage.build("devloop-test/web", Self.server("good"))
        let bad = try await TinyImage.build("devloop-test/bad", "CMD [\"/nothing\"]")
        try await DockerProject.run { project in
            let target = project.target
            let web = try #require(Workload("deployment/web"))
            _ = try await target.apply(
                objects(
                    service("web", of: "web", port: 80, type: "NodePort", nodePort: 31873),
                    deployment("web", image: "devloop-test/web", spec: [("strategy", ["type": .string(strategy)])])),
                images: [try await target.deliver(image)])
            let before = try await project.running("deployment/web")
            await #expect(throws: TargetError.self) {
                let reference = image.reference
                try await target.restart(
                    web,
                    images: [DeliveredImage(built: BuiltImage(reference: reference, id: bad.id), reference: bad.id)])
            }
            #expect(try await project.running("deployment/web") == before)
            #expect(try await DockerProject.get(31873) == "good")
        }
    }

    @Test func aTakenPortIsNamed() async throws {
        let image = try await TinyImage.build("devloop-test/shell", Self.shell)
        try await DockerProject.run { project in
            let images: DeliveredImages = [try await project.target.deliver(image)]
            func all(_ name: String) -> [KubernetesObject] {
                objects(
                    service(name, of: name, port: 80, type: "NodePort", nodePort: 31874),
                    deployment(name, image: "devloop-test/shell"))
            }
            _ = try await project.target.apply(all("one"), images: images)
            let failures = try await project.target.apply(all("two"), images: images).failures
            #expect(failures.map(\.object.description) == ["Deployment two"])
            #expect(failures.first?.reasons.first == "deployment/two needs port 31874 of 127.0.0.1, which is taken")
        }
    }

    @Test func aLoadBalancerKeepsItsPortOverRestartsAndRuns() async throws {
        let image = try await TinyImage.build("devloop-test/web", Self.server("balanced"))
        try await DockerProject.run { project in
            let all = objects(
                service("web", of: "web", port: 80, type: "LoadBalancer"), deployment("web", image: "devloop-test/web"))
            let images: DeliveredImages = [try await project.target.deliver(image)]
            let first = try await project.target.apply(all, images: images)
            let before = try await project.running("deployment/web")
            let next = DockerProject.target(project.name)
            let second = try await next.apply(all, images: images)
            #expect(second.created.isEmpty && second.changed.isEmpty)
            #expect(second.notices == first.notices)
            #expect(try await project.running("deployment/web") == before)
            let port = try #require(first.notices.first?.split(separator: ":").last.flatMap { Int($0) })
            try await next.restart(try #require(Workload("deployment/web")), images: images)
            #expect(try await DockerProject.get(port) == "balanced")
            _ = try await next.delete(all)
        }
    }

    @Test func aContainerThatExitsIsNotReady() async throws {
        let image = try await TinyImage.build("devloop-test/exit", "CMD [\"sh\", \"-c\", \"echo goodbye; exit 5\"]")
        try await DockerProject.run { project in
            let target = project.target
            let pod = try #require(Workload("pod/once"))
            let log = LogCollector()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [pod] }, onEvent: log.add) }
                _ = try await target.apply(
                    objects([
                        "kind": "Pod", "metadata": ["name": "once"],
                        "spec": [
                            "restartPolicy": "Never", "containers": [["name": "a", "image": "devloop-test/exit"]],
                        ],
                    ]), images: [try await target.deliver(image)])
                await log.wait { events in
                    events.contains { if case .notice(_, "exited with code 5") = $0 { true } else { false } }
                }
                group.cancelAll()
                try? await group.waitForAll()
            }
            await #expect(
                throws: TargetError(
                    "pod/once did not become ready: its container exited with code 5", details: ["goodbye"])
            ) { try await target.waitUntilReady(pod) }
        }
    }

    @Test func namesResolveBetweenServices() async throws {
        let image = try await TinyImage.build("devloop-test/web", Self.server("here"))
        try await DockerProject.run { project in
            let target = project.target
            _ = try await target.apply(
                objects(deployment("web", image: "devloop-test/web"), service("web-srv", of: "web", port: 80)),
                images: [try await target.deliver(image)])
            for name in ["web-srv", "web-srv.default", "web-srv.default.svc.cluster.local"] {
                let answer = try await project.shell(
                    "deployment/web", "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 5 \(name) 80")
                #expect(answer.hasSuffix("here"))
            }
        }
    }

    @Test func aChangeOfTheManifestsReplacesOnlyWhatItConcerns() async throws {
        let image = try await TinyImage.build("devloop-test/shell", Self.shell)
        try await DockerProject.run { project in
            let target = project.target
            let images: DeliveredImages = [try await target.deliver(image)]
            func all(_ value: String, port: Int) -> [KubernetesObject] {
                objects(
                    ["kind": "ConfigMap", "metadata": ["name": "c"], "data": ["A": .string(value)]],
                    service("one", of: "one", port: 80, type: "NodePort", nodePort: port),
                    deployment(
                        "one", image: "devloop-test/shell", container: [("envFrom", [["configMapRef": ["name": "c"]]])]
                    ), deployment("two", image: "devloop-test/shell"))
            }
            let one = try #require(Workload("deployment/one"))
            _ = try await target.apply(all("1", port: 31875), images: images)
            let before = try await project.running("deployment/one") + project.running("deployment/two")

            // A value that it was started with is reason enough, and another run of devloop knows it as well.
            let second = try await target.apply(all("2", port: 31875), images: images)
            #expect(second == ApplyReport(changed: [one]))
            #expect(try await project.shell("deployment/one", "echo $A") == "2")
            let again = try await DockerProject.target(project.name).apply(all("2", port: 31875), images: images)
            #expect(again == ApplyReport(notices: ["one: http://127.0.0.1:31875"]))

            // A Service alone is enough to give its workload another port.
            let moved = service("one", of: "one", port: 80, type: "NodePort", nodePort: 31876)
            let third = try await target.apply(objects(moved), images: images)
            #expect(third.changed == [one])
            #expect(third.notices == ["one: http://127.0.0.1:31876"])
            #expect(try await project.shell("deployment/one", "echo $A") == "2")
            #expect(try await project.running("deployment/two") == [before[1]])
        }
    }

    @Test func whatADevloopThatWasKilledLeftBehindIsPutRight() async throws {
        let image = try await TinyImage.build("devloop-test/shell", Self.shell)
        try await DockerProject.run { project in
            let images: DeliveredImages = [try await project.target.deliver(image)]
            let all = objects(deployment("app", image: "devloop-test/shell"))
            _ = try await project.target.apply(all, images: images)
            // It died between taking the old container off the network and starting the new one.
            let old = try #require(try await project.running("deployment/app").first)
            try await Docker.run("network", "disconnect", "devloop-\(project.name)", old)
            let app = try #require(Workload("deployment/app"))
            let next = DockerProject.target(project.name)
            let report = try await next.apply(all, images: images)
            #expect(report == ApplyReport(changed: [app]))
            let new = try #require(try await project.running("deployment/app").first)
            #expect(new != old)
            // It waits for what it removes in the background.
            _ = try await next.delete(all)
        }
    }

    @Test func aCancelledFollowEndsItsProcesses() async throws {
        let image = try await TinyImage.build("devloop-test/shell", Self.shell)
        try await DockerProject.run { project in
            let target = project.target
            let app = try #require(Workload("deployment/app"))
            let log = LogCollector()
            let follow = Task { try await target.followLogs(of: { [app] }, onEvent: log.add) }
            _ = try await target.apply(
                objects(deployment("app", image: "devloop-test/shell")), images: [try await target.deliver(image)])
            await log.wait { LogCollector.lines($0) == ["up"] }
            let id = try #require(try await project.running("deployment/app").first)
            follow.cancel()
            await #expect(throws: CancellationError.self) { try await follow.value }
            let processes = try await Docker.launcher.run(Command("ps", ["-eo", "args"])).text
            #expect(!processes.contains("logs --follow --timestamps \(id)"))
            #expect(!processes.contains("dev.devloop.project=\(project.name)"))
        }
    }
}
