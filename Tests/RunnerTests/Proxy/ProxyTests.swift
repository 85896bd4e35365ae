import Testing

@testable import Runner

/// Which commands the Docker target runs for the nginxes of a project.
@Suite(.timeLimit(.minutes(1)))
struct ProxyTests: DockerTargetSuite {
    let launcher = RecordingLauncher()

    private func service(_ port: String = #"{"port": 80, "targetPort": 3000}"#) throws -> KubernetesObject {
        try object(
            """
            {"kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [\(port)]}}
            """)
    }

    private func listed(_ id: String, of create: EngineRequest) -> String { listed(id, instance: "", of: create) }

    private func creations() -> [EngineRequest] {
        launcher.requests.filter { $0.path.hasPrefix("/containers/create") }
    }

    /// Applies a Service that changes the port, with nothing there before.
    private func applied(to target: DockerTarget) async throws -> (nginx: EngineRequest, pod: EngineRequest) {
        expectNewNetwork()
        for command in [
            "docker ps", "docker ps", "POST /containers/create", "POST /containers", "docker exec", "docker ps",
            "POST /containers/create", "docker start",
        ] {
            launcher.expect(command)
        }
        let report = try await target.apply([try service(), try deployment()], images: [image])
        #expect(report.created == [web] && report.failures == [] && report.notices == [])
        launcher.verify()
        let creations = creations()
        return (creations[creations.count - 2], creations[creations.count - 1])
    }

    @Test func aServiceThatChangesThePortHasAnNginxWithItsNames() async throws {
        let (nginx, pod) = try await applied(to: target())
        func aliases(_ request: EngineRequest) -> JSONValue? {
            request.body?[path: ["NetworkingConfig", "EndpointsConfig", "n1", "Aliases"]]
        }
        #expect(aliases(nginx) == ["web", "web.default", "web.default.svc", "web.default.svc.cluster.local"])
        #expect(aliases(pod) == ["web.default.pods.devloop"])
        #expect(nginx.body?["Image"] == "nginx:stable-alpine")
        let labels = nginx.body?["Labels"]
        #expect(labels?["dev.devloop.role"] == "proxy" && labels?["dev.devloop.container"] == "service/web")
        // Workloads' containers have it.
        #expect(labels?["dev.devloop.workload"] == nil)
        let exec = try #require(launcher.commands.first { $0.arguments.first == "exec" })
        let text = String(decoding: exec.input ?? [], as: UTF8.self)
        #expect(text.contains("listen 80;") && text.contains("set $pods \"web.default.pods.devloop\";"))
        #expect(text.contains("proxy_pass $pods:3000;"))
    }

    @Test func oneThatRunsIsLeftAlone() async throws {
        let target = target()
        let (nginx, pod) = try await applied(to: target)
        let lines = listed("p1", of: nginx) + "\n" + listed("c1", instance: "a", of: pod)
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(lines))
        // What it was told last, an earlier devloop may have told it.
        launcher.expect("docker exec --interactive p1")
        #expect(try await target.apply([try service(), try deployment()], images: [image]) == ApplyReport())
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(lines))
        #expect(try await target.apply([try service(), try deployment()], images: [image]) == ApplyReport())
        launcher.verify()
    }

    @Test func oneWhosePortsAreOthersNowIsToldSo() async throws {
        let target = target()
        let (nginx, pod) = try await applied(to: target)
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(listed("p1", of: nginx) + "\n" + listed("c1", instance: "a", of: pod)))
        launcher.expect("docker exec --interactive p1")
        let changed = try service(#"{"port": 80, "targetPort": 3001}"#)
        _ = try await target.apply([changed], images: [image])
        launcher.verify()
        let text = String(decoding: launcher.commands.last { $0.arguments.first == "exec" }?.input ?? [], as: UTF8.self)
        #expect(text.contains("proxy_pass $pods:3001;"))
    }

    @Test func oneThatStandsBeforeNothingAnyMoreIsRemovedAfterThePodsHaveTheNames() async throws {
        let target = target()
        let (nginx, pod) = try await applied(to: target)
        let lines = listed("p1", of: nginx) + "\n" + listed("c1", instance: "a", of: pod)
        launcher.expect("docker network ls", .prints(network))
        launcher.expect("docker ps", .prints(lines))
        launcher.expect("docker ps", .prints(lines))
        for command in [
            "POST /containers/create", "docker network disconnect devloop-shop c1", "docker start",
            "docker rm --force --volumes p1", "docker stop c1", "docker rm --force --volumes c1",
        ] {
            launcher.expect(command)
        }
        _ = try await target.apply([try service(#"{"port": 80}"#)], images: [image])
        await launcher.started("docker rm --force --volumes c1")
        launcher.verify()
    }

    @Test func oneWhoseServiceIsGoneIsRemoved() async throws {
        let target = target()
        let (nginx, _) = try await applied(to: target)
        let identity = try service().identity
        launcher.expect("docker ps", .prints(listed("p1", of: nginx)))
        #expect(try await target.leftovers(besides: [try deployment().identity]) == [identity])
        launcher.expect("docker ps", .prints(listed("p1", of: nginx)))
        launcher.expect("docker rm --force --volumes p1")
        #expect(
            try await target.letGo(of: [identity]) == [
                "the nginx of Service web is removed: it is in no manifest any more"
            ])
        launcher.verify()
    }

    @Test func anImageThatCannotBeHadFailsForTheServiceAlone() async throws {
        expectNewNetwork()
        for command in ["docker ps", "docker ps"] { launcher.expect(command) }
        launcher.expect("POST /containers/create", .engine(404, #"{"message": "No such image: nginx:stable-alpine"}"#))
        launcher.expect("docker pull", .fails("no such host"))
        for command in ["docker ps", "POST /containers/create", "docker start"] { launcher.expect(command) }
        let report = try await target().apply([try service(), try deployment()], images: [image])
        launcher.verify()
        #expect(report.created == [web])
        let failure = try #require(report.failures.first)
        #expect(failure.object == (try service().identity))
        #expect(failure.reasons.first?.contains("nginx:stable-alpine cannot be had") == true)
        #expect(failure.advice?.contains("DEVLOOP_NGINX_IMAGE") == true)
    }

    @Test(arguments: [nil, 9090]) func theIngressHasAPortThatIsFreeOrTheOneThatIsAskedFor(_ port: Int?) async throws {
        let target = DockerTarget(
            project: "shop", place: "/shop/devloop.json", namespace: "default", launcher: launcher, engine: launcher,
            proxy: ProxySettings(image: "n:1", port: port), isFreePort: { $0 != 80 }, leadsHere: { $0 == "a.dev" })
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "POST /containers/create", "POST /containers", "docker exec"] {
            launcher.expect(command)
        }
        let ingress = try IngressTests.ingress(host: "b.dev", ["Prefix / web 80"])
        let other = try IngressTests.ingress(named: "other", host: "a.dev", ["Prefix / web 80"])
        let report = try await target.apply([ingress, other, try service()], images: [image])
        launcher.verify()
        let number = port ?? 8080
        let bindings = creations().last?.body?[path: ["HostConfig", "PortBindings", "80/tcp"]]
        #expect(bindings == [["HostIp": "127.0.0.1", "HostPort": .string("\(number)")]])
        #expect(
            report.notices == [
                "http://a.dev:\(number) → web (/)", "http://b.dev:\(number) → web (/)",
                "b.dev does not lead to this machine: add to /etc/hosts: 127.0.0.1 b.dev",
            ])
        let aliases = creations().last?.body?[path: ["NetworkingConfig", "EndpointsConfig", "n1", "Aliases"]]?.array
        #expect(aliases?.contains("ingress-nginx-controller.ingress-nginx.svc.cluster.local") == true)
    }

    @Test func aPortThatTurnsOutToBeTakenIsLeftToWhoeverHasIt() async throws {
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "POST /containers/create"] { launcher.expect(command) }
        let taken = #"{"message": "Bind for 127.0.0.1:80 failed: port is already allocated"}"#
        launcher.expect("POST /containers", .engine(500, taken))
        for command in ["docker rm", "POST /containers/create", "POST /containers", "docker exec"] {
            launcher.expect(command)
        }
        let ingress = try IngressTests.ingress(["Prefix / web 80"])
        let report = try await target().apply([ingress, try service()], images: [image])
        launcher.verify()
        #expect(report.notices == ["http://localhost:8080 → web (/)"])
    }

    @Test func theEndOfAnNginxIsToldOnceUnlessItIsDevloopsDoing() {
        let project = ProjectIdentity(name: "shop", place: "/shop/devloop.json")
        func event(_ action: String, _ id: String, _ more: String = "") -> [UInt8] {
            Array(
                """
                {"Action": "\(action)", "Actor": {"ID": "\(id)", "Attributes": {"dev.devloop.role": "proxy",
                "dev.devloop.place": "/shop/devloop.json", "dev.devloop.container": "service/web",
                "dev.devloop.namespace": "default"\(more)}}}
                """.utf8)
        }
        var ends = ProxyEnds()
        let crash = event("die", "a", #", "exitCode": "139""#)
        #expect(
            ends.notice(of: crash, project) == "the nginx of Service web exited with code 139: Docker restarts it")
        #expect(ends.notice(of: crash, project) == nil)
        #expect(ends.notice(of: event("kill", "b", #", "signal": "9""#), project) == nil)
        let stopped = ends.notice(of: event("die", "b"), project)
        #expect(stopped?.hasSuffix("somebody stopped or removed it; the next save starts it again") == true)
        ends.retire(["c"])
        #expect(ends.notice(of: event("die", "c"), project) == nil)
    }

    @Test func anNginxIsMissingWhereSomebodyHasEndedIt() {
        let project = ProjectIdentity(name: "shop", place: "/shop/devloop.json")
        func event(_ action: String, _ more: String = "") -> [UInt8] {
            Array(
                """
                {"Action": "\(action)", "Actor": {"ID": "a", "Attributes": {"dev.devloop.role": "proxy",
                "dev.devloop.place": "/shop/devloop.json", "dev.devloop.container": "ingress",
                "dev.devloop.namespace": ""\(more)}}}
                """.utf8)
        }
        var ends = ProxyEnds()
        _ = ends.notice(of: event("die"), project)
        #expect(!ends.areMissing)
        _ = ends.notice(of: event("kill", #", "signal": "9""#), project)
        _ = ends.notice(of: event("die"), project)
        #expect(ends.areMissing)
        ends.looked()
        #expect(!ends.areMissing)
    }

    @Test(arguments: [
        "nginx: [emerg] pcre_compile() failed in /tmp/devloop-next.conf:173",
        "2026/11/26 17:00:00 [emerg] 33#33: pcre_compile() failed in /tmp/devloop-next.conf:9",
    ])
    func ofWhatNginxSaysOnlyTheReasonIsTold(line: String) { #expect(Proxies.reason(line) == "pcre_compile() failed") }
}
