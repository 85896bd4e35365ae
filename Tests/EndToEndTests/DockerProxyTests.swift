import Foundation
import Runner
import Testing

/// Service ports and Ingress, on a real Docker Engine and through a real nginx.
@Suite(.enabled(if: Docker.isThere), .serialized, .timeLimit(.minutes(4)))
struct DockerProxyTests {
    /// Answers with a text at port 3000, under several paths.
    private static func server(_ text: String) -> String {
        """
        CMD ["sh", "-c", "busybox mkdir -p /www/web /www/webs; for path in who web/who webs/who; do echo \(text) >/www/$path; \
        done; echo up; exec busybox httpd -f -p 3000 -h /www"]
        """
    }

    /// A Service whose port 80 is port 3000 of its pods.
    private static func service(_ name: String, target: JSONValue = 3000, namespace: String = "default") -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Service",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "spec": [
                "selector": ["app": .string(name)], "ports": [["name": "http", "port": 80, "targetPort": target]],
            ],
        ]
    }

    /// An Ingress of one host: `Prefix /api web`
    private static func ingress(
        _ name: String, host: String? = nil, _ paths: String..., annotations: [(String, JSONValue)] = []
    ) -> JSONValue {
        let paths = paths.map { text -> JSONValue in
            let words = text.split(separator: " ").map(String.init)
            return [
                "pathType": .string(words[0]), "path": .string(words[1]),
                "backend": ["service": ["name": .string(words[2]), "port": ["name": "http"]]],
            ]
        }
        var rule: JSONValue = ["http": ["paths": .array(paths)]]
        rule["host"] = host.map { .string($0) }
        let members = annotations.map { ("nginx.ingress.kubernetes.io/\($0.0)", $0.1) }
        return [
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": ["name": .string(name), "annotations": .object(JSONObject(members))],
            "spec": ["rules": [rule]],
        ]
    }

    /// What curl prints, tried again until it is as wanted: nginx takes a moment to begin anew.
    private static func curl(_ arguments: String..., until wanted: String) async throws -> String {
        try await Shell.eventually {
            try await Shell.attempt(
                "curl", ["--silent", "--max-time", "5", "--output", "-", "--write-out", "%{http_code}"] + arguments
            ).text.replacingOccurrences(of: "\n", with: " ")
        } is: {
            $0.hasSuffix(wanted)
        }
    }

    /// What the workload's container gets.
    private static func fetch(_ url: String, host: String? = nil, in workload: String, of project: DockerProject)
        async throws -> String
    {
        let header = host.map { "--header 'Host: \($0)' " } ?? ""
        return try await project.shell(
            workload,
            "for i in 1 2 3 4 5 6 7 8 9; do busybox wget -q -O - \(header)\(url) && exit; busybox sleep 0.2; done")
    }

    @Test func aServicesPortLeadsToAnotherOneOfItsPods() async throws {
        let image = try await TinyImage.build("devloop-test/web3000", Self.server("one"))
        let shell = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            var images: DeliveredImages = [try await target.deliver(image), try await target.deliver(shell)]
            var far = deployment("far", image: "devloop-test/web3000")
            far[path: ["metadata", "namespace"]] = "other"
            let container: [(String, JSONValue)] = [("ports", [["name": "http", "containerPort": 3000]])]
            let all = objects(
                Self.service("web", target: "http"), Self.service("far", namespace: "other"),
                deployment("web", image: "devloop-test/web3000", container: container), far,
                deployment("client", image: "devloop-test/shell"))
            let web = try #require(Workload("deployment/web"))
            let report = try await target.apply(all, images: images)
            #expect(report.failures == [] && report.notices == [])
            for name in ["web", "web.default.svc.cluster.local", "far.other"] {
                let text = try await Self.fetch("http://\(name)/who", in: "deployment/client", of: project)
                #expect(text == "one", "\(name)")
            }

            // The nginx stays, and finds what is new.
            let nginx = try await Self.nginxes(of: project)
            #expect(nginx.count == 2)
            let next = try await TinyImage.build("devloop-test/web3000", Self.server("two"))
            images = [try await target.deliver(next), try await target.deliver(shell)]
            try await target.restart(web, images: images)
            try await target.waitUntilReady(web)
            #expect(try await Self.fetch("http://web/who", in: "deployment/client", of: project) == "two")
            #expect(try await target.apply(all, images: images).failures == [])
            #expect(try await Self.nginxes(of: project) == nginx)

            // Another devloop finds all as it is.
            let again = DockerProject.target(project.name)
            #expect(try await again.apply(all, images: images).created == [])
            #expect(try await Self.nginxes(of: project) == nginx)
            // Without it the name is the pods' own.
            let gone = Set(all.prefix(1).map(\.identity))
            #expect(try await target.leftovers(besides: Set(all.map(\.identity)).subtracting(gone)) == gone)
            _ = try await target.letGo(of: gone)
            #expect(try await Self.nginxes(of: project).count == 1)
        }
    }

    @Test func anIngressRoutesByHostAndPath() async throws {
        let image = try await TinyImage.build("devloop-test/web3000", Self.server("web"))
        let other = try await TinyImage.build("devloop-test/api3000", Self.server("api"))
        let shell = try await TinyImage.build("devloop-test/shell", TinyImage.shell)
        try await DockerProject.run { project in
            let target = project.target
            let images: DeliveredImages = [
                try await target.deliver(image), try await target.deliver(other), try await target.deliver(shell),
            ]
            let all = objects(
                Self.service("web"), Self.service("api"), deployment("web", image: "devloop-test/web3000"),
                deployment("api", image: "devloop-test/api3000"), deployment("client", image: "devloop-test/shell"),
                Self.ingress("front", host: "shop.localhost", "Prefix /web web", "Exact /who api", "Prefix /gone gone"),
                Self.ingress(
                    "api", host: "*.api.dev", "ImplementationSpecific /v1(/|$)(.*) api",
                    annotations: [("use-regex", "true"), ("rewrite-target", "/$2")]))
            let report = try await target.apply(all, images: images)
            #expect(report.failures == [])
            let line = try #require(report.notices.first { $0.hasPrefix("http://shop.localhost") })
            let port =
                Int(line.dropFirst("http://shop.localhost".count).drop { $0 == ":" }.prefix { $0.isNumber }) ?? 80
            #expect(line.hasSuffix(" → gone (/gone), web (/web), api (/who)"))
            #expect(
                report.notices.contains(
                    "Ingress front: nobody is behind shop.localhost/gone: no manifest has the Service gone"))
            #expect(report.notices.contains { $0.hasPrefix("*.api.dev does not lead to this machine") })

            for (host, path, wanted) in [
                ("shop.localhost", "web/who", "web 200"), ("shop.localhost", "who", "api 200"),
                ("SHOP.localhost:99", "who", "api 200"), ("a.api.dev", "v1/who", "api 200"),
                ("a.api.dev", "V1/web/who?x=1", "api 200"),
            ] {
                let text = try await Self.curl("-H", "Host: \(host)", "http://127.0.0.1:\(port)/\(path)", until: wanted)
                #expect(text == wanted, "\(host)/\(path)")
            }
            for (host, path, status) in [
                ("shop.localhost", "webs/who", "404"), ("shop.localhost", "who/x", "404"),
                ("shop.localhost", "gone", "503"), ("elsewhere", "who", "404"), ("a.b.api.dev", "v1/who", "404"),
            ] {
                let text = try await Self.curl("-H", "Host: \(host)", "http://127.0.0.1:\(port)/\(path)", until: status)
                #expect(text.hasSuffix(status), "\(host)/\(path)")
            }
            // As server-side code calls it.
            let controller = "http://ingress-nginx-controller.ingress-nginx.svc.cluster.local"
            let inside = try await Self.fetch(
                "\(controller)/web/who", host: "shop.localhost", in: "deployment/client", of: project)
            #expect(inside == "web")

            // A request while its pod is replaced is held.
            let api = try #require(Workload("deployment/api"))
            async let restarted: Void = target.restart(api, images: images)
            let held = try await Self.asked(
                "http://127.0.0.1:\(port)/who", host: "shop.localhost", times: 150, more: ["--rate", "50/s"])
            try await restarted
            #expect(held.count == 150 && held.allSatisfy { $0 == "200" }, "\(held.filter { $0 != "200" })")
        }
    }

    /// The old pod leaves the network with the answer that it owes.
    @Test func aRequestUnderWayWhenItsPodIsReplacedIsSentAgainOnlyIfItOnlyAsks() async throws {
        let slow = """
            RUN ["sh", "-c", "busybox mkdir -p /www/cgi-bin; (echo '#!/bin/sh'; echo 'echo $REQUEST_METHOD >>/asked; \
            busybox sleep 2; echo Content-Type: text/plain; echo; echo slow') >/www/cgi-bin/slow; \
            busybox chmod +x /www/cgi-bin/slow"]
            CMD ["sh", "-c", "exec busybox httpd -f -p 3000 -h /www"]
            """
        let image = try await TinyImage.build("devloop-test/slow3000", slow)
        try await Self.behindIngress(image) { project, images, port in
            let target = project.target
            let url = "http://127.0.0.1:\(port)/cgi-bin/slow"
            #expect(try await Self.curl(url, until: "slow 200") == "slow 200")
            func ask(_ method: String) async throws -> String {
                try await Shell.attempt(
                    "curl",
                    [
                        "--silent", "--max-time", "30", "--request", method, "--output", "/dev/null", "--write-out",
                        "%{http_code}", url,
                    ]
                ).text
            }
            async let read = ask("GET")
            async let written = ask("POST")
            try await Shell.until {
                try await project.shell("deployment/web", "busybox sort /asked | busybox uniq") == "GET\nPOST"
            }
            let web = try #require(Workload("deployment/web"))
            try await target.restart(web, images: images)
            #expect(try await (read, written) == ("200", "502"))
            #expect(try await project.shell("deployment/web", "busybox cat /asked") == "GET")
        }
    }

    @Test func anNginxThatSomebodyRemovesComesBackWithTheNextSave() async throws {
        let image = try await TinyImage.build("devloop-test/web3000", Self.server("web"))
        try await Self.behindIngress(image) { project, images, port in
            let target = project.target
            let log = LogCollector()
            let web = try #require(Workload("deployment/web"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await target.followLogs(of: { [web] }, onEvent: log.add) }
                // From then on events are followed.
                await log.wait { LogCollector.lines($0).contains("up") }
                for id in try await Self.nginxes(of: project) { try await Docker.run("rm", "--force", id) }
                await log.wait { events in
                    events.count { if case .notice(_, let text) = $0 { text.contains("nginx") } else { false } } == 2
                }
                group.cancelAll()
                try? await group.waitForAll()
            }
            try await target.restart(web, images: images)
            #expect(try await Self.nginxes(of: project).count == 2)
            #expect(try await Self.curl("http://127.0.0.1:\(port)/who", until: "web 200") == "web 200")
        }
    }

    /// Runs an image as the Deployment `web`, with a Service and an Ingress before it.
    /// - Parameter body: is told at which port the Ingress is.
    private static func behindIngress(
        _ image: BuiltImage, _ body: (DockerProject, DeliveredImages, Int) async throws -> Void
    ) async throws {
        try await DockerProject.run { project in
            let images: DeliveredImages = [try await project.target.deliver(image)]
            let all = objects(
                service("web"), deployment("web", image: "\(image.reference)"), ingress("front", "Prefix / web"))
            let report = try await project.target.apply(all, images: images)
            let line = try #require(report.notices.first { $0.hasPrefix("http://localhost") })
            let port = Int(line.dropFirst("http://localhost".count).drop { $0 == ":" }.prefix { $0.isNumber }) ?? 80
            try await body(project, images, port)
        }
    }

    @Test func aChangeOfTheObjectsDropsNoConnection() async throws {
        let image = try await TinyImage.build("devloop-test/web3000", Self.server("web"))
        try await Self.behindIngress(image) { project, images, port in
            let target = project.target
            #expect(try await Self.curl("http://127.0.0.1:\(port)/who", until: "web 200") == "web 200")
            let nginx = try await Self.nginxes(of: project)

            async let answers = Self.asked("http://127.0.0.1:\(port)/who", host: "localhost", times: 5_000)
            for number in 1...5 {
                let change = objects(Self.ingress("more", "Prefix /web/\(number) web"))
                #expect(try await target.apply(change, images: images).failures == [])
            }
            // What nginx does not understand takes nothing else along.
            let bad = objects(Self.ingress("bad", "Prefix /(x web", annotations: [("use-regex", "true")]))
            let notices = try await target.apply(bad, images: images).notices
            #expect(notices.contains { $0.hasPrefix("Ingress bad: nginx does not understand /(x") }, "\(notices)")
            let statuses = try await answers
            #expect(statuses.count == 5_000 && statuses.allSatisfy { $0 == "200" })
            #expect(try await Self.nginxes(of: project) == nginx)
        }
    }

    /// The status of each answer, asked for one after the other on one connection where that stays.
    private static func asked(_ url: String, host: String, times: Int, more: [String] = [])
        async throws -> [String]
    {
        try await Docker.launcher.run(
            Command(
                "curl",
                [
                    "--silent", "--max-time", "10", "--output", "/dev/null", "--write-out", "%{http_code}\n", "-H",
                    "Host: \(host)", "\(url)?[1-\(times)]",
                ] + more)
        ).text.split(separator: "\n").map(String.init)
    }

    private static func nginxes(of project: DockerProject) async throws -> Set<String> {
        let text = try await Docker.run(
            "ps", "--quiet", "--no-trunc", "--filter=label=dev.devloop.project=\(project.name)",
            "--filter=label=dev.devloop.role=proxy")
        return Set(text.split(separator: "\n").map(String.init))
    }
}
