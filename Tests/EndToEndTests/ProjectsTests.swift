import Foundation
import Testing

@testable import Runner

/// Projects as people have them, on both targets, with the same answers.
@Suite(.enabled(if: DockerStage.isAvailable, "needs Docker"), .serialized, .timeLimit(.minutes(8)))
struct ProjectsTests {
    /// Runs a project until its services are live, then the body, and then `devloop down`, which has to leave nothing but
    /// the volumes of these claims, and to name them.
    private func run(
        _ project: FixtureProject, on place: TinyPlace, _ services: [String], environment: [String: String] = [:],
        claims: [String] = [], _ body: () async throws -> Void
    ) async throws {
        defer { project.remove() }
        let context = "--context=\(KubernetesStage.context ?? "")"
        let flags = place.flags(project.name)
        let disks = claims.map { HandMadeDisk(claim: $0, namespace: project.name, context: context) }
        if place == .cluster {
            _ = try await Shell.run("kubectl", context, "create", "namespace", project.name)
            for disk in disks { try await disk.make() }
        }
        var variables = environment
        variables["BASE"] = try await Docker.base()
        let result: Result<Void, any Error>
        do {
            try await DevloopProcess.dev(
                ["--color=never"] + flags, of: services, in: project.folder, environment: variables
            ) { _ in
                try await body()
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        let down = try DevloopProcess(["down"] + flags, folder: project.folder, environment: variables)
        #expect(await down.exitStatus() == 0, "\(down.output)")
        func left(_ expected: [String]) async throws -> [String] {
            try await Shell.eventually(within: .seconds(40)) {
                place == .docker ? try await onDocker(project) : try await inCluster(project, context)
            } is: {
                $0 == expected
            }
        }
        let volumes = claims.map {
            place == .docker ? "devloop-\(project.name)-\($0)" : "persistentvolumeclaim/\($0)"
        }
        #expect(try await left(volumes) == volumes)
        let named = down.output.split(separator: "\n").filter { $0.hasSuffix("left") || $0.contains(" left: ") }
        #expect(
            named.map(String.init)
                == claims.map {
                    place == .docker
                        ? "volume devloop-\(project.name)-\($0) left: the data of claim \($0)"
                        : "persistentvolumeclaim \"\($0)\" left"
                })
        let end = try DevloopProcess(["down", "--data"] + flags, folder: project.folder, environment: variables)
        #expect(await end.exitStatus() == 0, "\(end.output)")
        #expect(try await left([]) == [])
        if place == .cluster {
            for disk in disks { await disk.remove() }
            _ = try await Shell.attempt("kubectl", [context, "delete", "namespace", project.name, "--wait=false"])
        }
        try result.get()
    }

    private func onDocker(_ project: FixtureProject) async throws -> [String] {
        let filter = "--filter=label=dev.devloop.project=\(project.name)"
        var left: [String] = []
        for kind in [["ps", "--all"], ["network", "ls"], ["volume", "ls"]] {
            left += try await Shell.attempt("docker", kind + ["--quiet", filter]).text.split(separator: "\n")
                .map(String.init)
        }
        return left
    }

    private func inCluster(_ project: FixtureProject, _ context: String) async throws -> [String] {
        let list = try await Shell.attempt(
            "kubectl",
            [
                context, "--namespace=\(project.name)", "get", "--output=name",
                "deployments,statefulsets,jobs,pods,services,ingresses,secrets,configmaps,persistentvolumeclaims",
            ])
        return list.text.split(separator: "\n").map(String.init).filter { !$0.hasSuffix("-ca.crt") }
    }

    /// A Service that leads to another port, three replicas, a ConfigMap.
    @Test(arguments: TinyPlace.there) func aGuestbook(place: TinyPlace) async throws {
        let project = try FixtureProject("guestbook") {
            #""forward": [{ "to": "service/frontend:80", "port": \#($0) }]"#
        }
        try await run(project, on: place, ["frontend", "store"]) {
            _ = try await project.answer("POST", "/", "hello")
            _ = try await project.answer("POST", "/", "world")
            var hosts: Set<String> = []
            for _ in 0..<12 {
                let page = try JSONParser.parse(Array(try await project.answer().body.utf8))
                #expect(page["title"]?.string == "Guestbook")
                #expect(page["entries"] == ["hello", "world"])
                hosts.insert(page["host"]?.string ?? "")
            }
            #expect(hosts.count == 3)
        }
    }

    /// A Job that needs what comes up beside it.
    @Test(arguments: TinyPlace.there) func aDatabaseThatAJobSeeds(place: TinyPlace) async throws {
        let project = try FixtureProject("seeding") { #""forward": [{ "to": "service/api:3000", "port": \#($0) }]"# }
        try await run(project, on: place, ["api", "database"]) {
            let rows = try await Shell.eventually {
                try await project.answer().body
            } is: {
                $0 == #"["one","two","three"]"#
            }
            #expect(rows == #"["one","two","three"]"#)
        }
    }

    /// An Ingress with a host, Secrets from outside, calls of a server through the Ingress, a StatefulSet.
    @Test(arguments: TinyPlace.there) func aTicketShop(place: TinyPlace) async throws {
        let project = try FixtureProject("ticketing") { port in
            place == .docker
                ? #""ingress": { "port": \#(port) }"#
                : #""forward": [{ "to": "service/ingress-nginx-controller:80", "namespace": "ingress-nginx", "port": \#(port) }]"#
        }
        try project.write("STRIPE_KEY=sk_test\n", to: ".env.stripe")
        let controller = place == .cluster ? try await IngressController(for: project.name) : nil
        let services = ["auth", "tickets", "orders", "payments", "client", "db"]
        let result: Result<Void, any Error>
        do {
            try await run(
                project, on: place, services, environment: ["JWT_KEY": "not told"], claims: ["data-db-0"]
            ) { try await buy(project) }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await controller?.remove()
        try result.get()
    }

    private func buy(_ project: FixtureProject) async throws {
        let host = "ticketing.dev"
        let stranger = try await project.answer(host: host)
        #expect(stranger.body == "<h1>Tickets</h1><p>Not signed in</p><ul></ul>\n")
        #expect(await project.ask("POST", "/api/tickets", "{}", host: host)?.status == 401)
        let signup = try await project.answer("POST", "/api/users/signup", #"{"email":"a@b.c"}"#, host: host)
        let line = try #require(signup.head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("set-cookie:") })
        let cookie = String(line.split(separator: " ")[1].dropLast())
        func post(_ path: String, _ body: String) async throws -> JSONValue {
            let answer = try await project.answer("POST", path, body, host: host, cookie: cookie)
            return try JSONParser.parse(Array(answer.body.utf8))
        }
        let ticket = try await post("/api/tickets", #"{"title":"Opera","price":20}"#)
        #expect(ticket == ["id": "opera", "title": "Opera", "price": .number("20"), "seller": "a@b.c"])
        let order = try await post("/api/orders", #"{"ticket":"opera"}"#)
        #expect(order["status"]?.string == "created")
        let paid = try await post("/api/payments", #"{"order":"opera-1"}"#)
        #expect(paid["status"]?.string == "paid")
        #expect(paid["charge"]?.string == "sk_test:20")
        let page = try await project.answer(host: host, cookie: cookie)
        #expect(page.body == "<h1>Tickets</h1><p>Signed in as a@b.c</p><ul><li>Opera: 20</li></ul>\n")
        #expect(await project.ask(host: "other.dev")?.status == 404)
    }
}

/// A disk for a claim, in a cluster that makes none by itself.
private struct HandMadeDisk {
    let claim: String
    let namespace: String
    let context: String
    private var name: String { "\(namespace)-\(claim)" }

    func make() async throws {
        guard try await Shell.run("kubectl", context, "get", "storageclasses", "--output=name").isEmpty else { return }
        let volume: JSONValue = [
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": ["name": .string(name)],
            "spec": [
                "accessModes": ["ReadWriteOnce"], "capacity": ["storage": "1Mi"],
                "claimRef": ["namespace": .string(namespace), "name": .string(claim)],
                "hostPath": ["path": .string("/tmp/\(name)"), "type": "DirectoryOrCreate"],
                "persistentVolumeReclaimPolicy": "Delete",
            ],
        ]
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(name).json")
        try volume.description.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        _ = try await Shell.run("kubectl", context, "apply", "--filename=\(file.path)")
    }

    func remove() async {
        _ = try? await Shell.attempt(
            "kubectl", [context, "delete", "persistentvolume", name, "--ignore-not-found", "--wait=false"])
    }
}

/// What stands for ingress-nginx in a cluster that has none: an nginx under the controller's name that has the rules of the
/// ticket shop.
private struct IngressController {
    private static let namespace = "ingress-nginx"
    private let context = "--context=\(KubernetesStage.context ?? "")"

    /// - Parameter namespace: of the shop.
    init(for namespace: String) async throws {
        let image = "\(KubernetesStage.registry ?? "")/devloop-nginx:debian"
        _ = try await Shell.run("docker", "tag", Docker.proxy().image, image)
        _ = try await Shell.run("docker", "push", "--quiet", image)
        let servers = ["users": "auth", "tickets": "tickets", "orders": "orders", "payments": "payments"].map {
            "location /api/\($0) { proxy_pass http://\($1).\(namespace).svc.cluster.local:3000; }"
        }
        let nginx = """
            include /etc/nginx/modules-enabled/*.conf;
            daemon off;
            error_log /dev/stderr;
            pid /tmp/nginx.pid;
            events {}
            http {
              access_log off;
              proxy_set_header Host $host;
              server { listen 80 default_server; return 404; }
              server {
                listen 80;
                server_name ticketing.dev;
                \(servers.sorted().joined(separator: "\n    "))
                location / { proxy_pass http://client.\(namespace).svc.cluster.local:3000; }
              }
            }
            """
        let manifest: JSONValue = [
            "apiVersion": "v1", "kind": "List",
            "items": [
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(Self.namespace)]],
                [
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": ["name": "nginx", "namespace": .string(Self.namespace)],
                    "data": ["nginx.conf": .string(nginx)],
                ],
                [
                    "apiVersion": "v1", "kind": "Service",
                    "metadata": ["name": "ingress-nginx-controller", "namespace": .string(Self.namespace)],
                    "spec": ["selector": ["app": "nginx"], "ports": [["port": .number("80")]]],
                ],
                [
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": ["name": "nginx", "namespace": .string(Self.namespace), "labels": ["app": "nginx"]],
                    "spec": [
                        "terminationGracePeriodSeconds": .number("1"),
                        "containers": [
                            [
                                "name": "nginx", "image": .string(image),
                                // The names of the shop's Services come with the shop.
                                "command": ["sh", "-c", "until nginx -c /conf/nginx.conf; do sleep 1; done"],
                                "volumeMounts": [["name": "conf", "mountPath": "/conf"]],
                            ]
                        ],
                        "volumes": [["name": "conf", "configMap": ["name": "nginx"]]],
                    ],
                ],
            ],
        ]
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(namespace)-ingress.json")
        try manifest.description.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        _ = try await Shell.run("kubectl", context, "apply", "--filename=\(file.path)")
    }

    func remove() async {
        _ = try? await Shell.attempt("kubectl", [context, "delete", "namespace", Self.namespace, "--wait=false"])
    }
}
