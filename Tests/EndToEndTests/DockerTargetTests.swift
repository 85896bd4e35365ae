import Foundation
import Runner
import Testing

/// What manifests ask for is what runs on a real Docker Engine.
@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(1)))
struct DockerTargetTests {
    @Test func aDeploymentBehindANodePortAnswers() async throws {
        let image = try await TinyImage.build("devloop-test/web", TinyImage.server("one"))
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

            let next = try await TinyImage.build("devloop-test/web", TinyImage.server("two"))
            #expect(try await target.delivered(next, runningIn: web) == nil)
            try await target.restart(web, images: [try await target.deliver(next)])
            try await target.waitUntilReady(web)
            #expect(try await DockerProject.get(31871) == "two")
            let lines = try await target.delete(all, .everything)
            #expect(lines.contains("deployment/web (main) removed"))
            #expect(try await target.delete(all, .everything) == [])
        }
    }

    @Test func whatAContainerIsToldArrives() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
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

    /// Each type against what is there: nothing, a file, a folder, a socket.
    @Test func aHostPathIsWhatItsTypeSaysOrIsRefused() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
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

    @Test func aTakenPortIsNamed() async throws {
        let image = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
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
            let reason = failures.first?.reasons.first ?? ""
            #expect(
                reason.hasPrefix("deployment/two needs port 31874 of 127.0.0.1, which docker-proxy (process "),
                "\(reason)")
        }
    }

    @Test func aLoadBalancerKeepsItsPortOverRestartsAndRuns() async throws {
        let image = try await TinyImage.build("devloop-test/web", TinyImage.server("balanced"))
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
            _ = try await next.delete(all, .everything)
        }
    }

    @Test func namesResolveBetweenServices() async throws {
        let image = try await TinyImage.build("devloop-test/web", TinyImage.server("here"))
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
}
