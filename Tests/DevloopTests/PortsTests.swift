import Runner
import Testing

@testable import devloop

struct PortsTests {
    private static let manifests: [KubernetesObject] = [
        Fixture.object("Deployment", "web", images: ["shop/web"]),
        Fixture.object("Deployment", "api", images: ["shop/api"]),
    ]

    private static func project(
        ports: String = "3000", forward: String = "", objects: [KubernetesObject] = manifests,
        target: String = "kubernetes"
    ) throws -> Project {
        let configuration = try Fixture.configuration(
            """
            { "services": [{ "image": "shop/web", "context": "web", "ports": [\(ports)] }, { "image": "shop/api", "context": "api" }],
              "forward": [\(forward)], "target": "\(target)" }
            """)
        return try Project(configuration: configuration, objects: objects)
    }

    private static func service(_ name: String, of app: String, _ ports: JSONValue) -> KubernetesObject {
        KubernetesObject([
            "kind": "Service", "metadata": ["name": .string(name)],
            "spec": ["selector": ["app": .string(app)], "ports": ports],
        ])!
    }

    private static func pod(
        _ name: String, of workload: String = "web", revision: String = "1", created: String = "1",
        isReady: Bool = true,
        isEnding: Bool = false, labels: [String: String] = [:], ports: [String: Int] = [:]
    ) -> PodEndpoint {
        PodEndpoint(
            id: name, place: .pod(name, namespace: "default"), namespace: "default",
            workload: Workload(kind: .deployment, name: workload, namespace: "default"), labels: labels, ports: ports,
            revision: revision, created: created, isReady: isReady, isEnding: isEnding)
    }

    private func names(_ ports: inout Ports) -> [[String]]? {
        ports.news()?.map { $0.ready.map { "\($0.id):\($0.port)" } + $0.coming.map { "(\($0.id):\($0.port))" } }
    }

    @Test func aPortLeadsToTheServicesReadyPods() throws {
        var ports = Ports(try Self.project(ports: #"3000, "8080:80""#))
        #expect(names(&ports) == [[], []])
        #expect(names(&ports) == nil)
        ports.changed(Self.pod("a"), isGone: false)
        ports.changed(Self.pod("b", isReady: false), isGone: false)
        ports.changed(Self.pod("c", isEnding: true), isGone: false)
        ports.changed(Self.pod("d", of: "api"), isGone: false)
        #expect(names(&ports) == [["a:3000", "(b:3000)"], ["a:80", "(b:80)"]])
        ports.changed(Self.pod("a"), isGone: true)
        #expect(names(&ports) == [["(b:3000)"], ["(b:80)"]])
    }

    @Test func thePodsOfTheNewestTemplateAreTaken() throws {
        var ports = Ports(try Self.project())
        for name in ["a", "b"] { ports.changed(Self.pod(name), isGone: false) }
        #expect(names(&ports) == [["a:3000", "b:3000"]])
        ports.changed(Self.pod("c", revision: "2", created: "2", isReady: false), isGone: false)
        #expect(names(&ports) == [["a:3000", "b:3000", "(c:3000)"]])
        ports.changed(Self.pod("c", revision: "2", created: "2"), isGone: false)
        #expect(names(&ports) == [["c:3000"]])
    }

    @Test func aPortThatHasANameIsThePods() throws {
        var ports = Ports(try Self.project(ports: #""8080:http""#))
        ports.changed(Self.pod("a", ports: ["http": 3000]), isGone: false)
        ports.changed(Self.pod("b", ports: ["other": 3000]), isGone: false)
        #expect(names(&ports) == [["a:3000"]])
    }

    @Test func aServiceOfTheManifestsLeadsToWhatItSelects() throws {
        let service = Self.service("web", of: "web", [["port": 80, "targetPort": "http"]])
        var ports = Ports(
            try Self.project(
                ports: "", forward: #"{ "to": "service/web:80", "port": 8000 }"#, objects: Self.manifests + [service]))
        ports.changed(Self.pod("a", labels: ["app": "web"], ports: ["http": 3000]), isGone: false)
        ports.changed(Self.pod("b", labels: ["app": "api"], ports: ["http": 3000]), isGone: false)
        #expect(names(&ports) == [["a:3000"]])
        #expect(ports.rules.map(\.url) == ["http://localhost:8000"])
        #expect(ports.missing == [] && ports.problems == [])
    }

    @Test func aServiceWithoutThatPortIsSaid() throws {
        let service = Self.service("web", of: "web", [["port": 80]])
        let ports = Ports(
            try Self.project(ports: "", forward: #"{ "to": "service/web:81" }"#, objects: Self.manifests + [service]))
        #expect(ports.problems == ["service/web has no port 81, so that port 81 leads nowhere"])
    }

    @Test func aServiceThatIsInNoManifestIsAskedFor() throws {
        var ports = Ports(try Self.project(ports: "", forward: #"{ "to": "svc/db:5432", "port": 15432 }"#))
        let name = Ports.ServiceName(name: "db", namespace: "default")
        #expect(ports.missing == [name])
        ports.found(nil, of: name)
        #expect(ports.missing == [name])
        ports.found(ServicePorts(Self.service("db", of: "db", [["port": 5432]])), of: name)
        #expect(ports.missing == [])
        // Nobody takes its connections: somebody may have changed it.
        ports.doubt(1)
        #expect(ports.missing == [])
        ports.doubt(ports.rules[0].host)
        #expect(ports.missing == [name])
        ports.found(ServicePorts(Self.service("db", of: "db", [["port": 5432]])), of: name)
        ports.changed(Self.pod("db-0", of: "db", labels: ["app": "db"]), isGone: false)
        #expect(names(&ports) == [["db-0:5432"]])
        #expect(ports.rules.map(\.url) == ["localhost:15432"])
    }

    @Test func aPodIsFoundByItsName() throws {
        var ports = Ports(try Self.project(ports: "", forward: #"{ "to": "pod/web-abc-1:80" }"#))
        ports.changed(Self.pod("web-abc-1"), isGone: false)
        #expect(names(&ports) == [["web-abc-1:80"]])
    }

    @Test func eachServiceWithoutAPortGetsOne() throws {
        let services = [
            Self.service("web", of: "web", [["port": 80]]), Self.service("admin", of: "admin", [["port": 80]]),
            Self.service("db", of: "db", [["port": 5432], ["port": 53, "protocol": "UDP"]]),
            Self.service("queue", of: "queue", [["port": 3000]]),
        ]
        let project = try Self.project(objects: Self.manifests + services)
        let all = Ports(project, forwarding: .all).rules.map { "\($0.label) \($0.host)" }
        // `web` of devloop.json has 3000; the Service of that name selects other labels than the manifests' pods have.
        #expect(all == ["web 3000", "admin 8080", "db 5432", "queue 3001", "web 8081"])
        #expect(Ports(project, forwarding: .none).rules == [])
        let words = Ports(project, forwarding: .all).rules.map(\.description)
        #expect(
            words == [
                "http://localhost:3000", "http://localhost:8080 → port 80", "localhost:5432",
                "http://localhost:3001 → port 3000", "http://localhost:8081 → port 80",
            ])
    }

    @Test(arguments: [("kubernetes", ["web", "api", "public"]), ("docker", ["web", "api"])])
    func aServiceThatNothingAnswersOrThatIsPublishedAnywayGetsNoPort(target: String, expected: [String]) throws {
        var labelled = KubernetesObject([
            "kind": "Deployment", "metadata": ["name": "api"],
            "spec": ["template": ["metadata": ["labels": ["app": "api"]]]],
        ])!
        labelled.json["spec"]?["template"]?["spec"] = ["containers": [["name": "a", "image": "shop/api"]]]
        let outside = KubernetesObject([
            "kind": "Service", "metadata": ["name": "no-selector"], "spec": ["ports": [["port": 9]]],
        ])!
        var published = Self.service("public", of: "api", [["port": 90]])
        published.json["spec"]?["type"] = "NodePort"
        let services = [Self.service("api", of: "api", [["port": 70]]), outside, published]
        let project = try Self.project(
            objects: [Self.manifests[0], labelled] + services, target: target)
        #expect(Ports(project, forwarding: .all).rules.map(\.label) == expected)
    }

    @Test func aPortThatTwoWantIsAnErrorAtItsPlace() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try Self.project(ports: #"3000, "3000:80""#, forward: #"{ "to": "deployment/api:3000" }"#)
        }
        #expect(
            error.problems.map { "\($0.keyPath): \($0.message)" } == [
                "services[0].ports[1]: services[0].ports[0] has the port 3000 of this machine already",
                "forward[0].to: services[0].ports[0] has the port 3000 of this machine already",
            ])
    }

    @Test(arguments: [
        (#""80:""#, "two ports"), (#""http""#, "two ports"), ("0", "a port from 1 to 65535"),
        (#""8080:80:1""#, "two ports"), ("70000", "a port from"),
    ])
    func aPortThatIsNoneIsRefused(text: String, expected: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try Self.project(ports: text) }
        #expect(error.problems.count == 1 && error.problems[0].message.contains(expected), "\(error)")
    }

    @Test(arguments: ["db:5432", "service/db", "secret/db:1", "service/db:", "service/:1"])
    func aDestinationThatIsNoneIsRefused(text: String) throws {
        let error = try #require(throws: ConfigurationError.self) {
            try Self.project(forward: #"{ "to": "\#(text)" }"#)
        }
        #expect(error.problems.map(\.keyPath) == ["forward[0].to"])
    }

    @Test func aNamedPortNeedsOneOfThisMachine() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try Self.project(forward: #"{ "to": "service/db:sql" }"#)
        }
        #expect(error.problems.map(\.message).first?.contains("\"port\" is missing") == true)
    }

    // MARK: - In the loop

    @Test func thePortsAreListenedOnFromTheStartAndToldOnce() throws {
        var loop = Loop(try Self.project(), jobs: 1, at: LoopFixture.start)
        let begun = loop.begin()
        guard case .forward(let ports)? = begun.first else {
            Issue.record("\(begun)")
            return
        }
        #expect(ports == [ForwardedPort(port: 3000)])
        func said(_ effects: [Effect]) -> [String] {
            effects.compactMap { if case .say(let report) = $0 { "\(report.message)" } else { nil } }
        }
        #expect(said(loop.handle(.port(.listening(3000)), at: LoopFixture.start)).count == 1)
        #expect(said(loop.handle(.port(.listening(3000)), at: LoopFixture.start)) == [])
        let effects = loop.handle(.endpoint(Self.pod("a"), isGone: false), at: LoopFixture.start)
        guard case .forward(let now)? = effects.first, effects.count == 1 else {
            Issue.record("\(effects)")
            return
        }
        #expect(now.first?.ready.map(\.id) == ["a"])
        #expect(loop.handle(.endpoint(Self.pod("a"), isGone: false), at: LoopFixture.start).isEmpty)
    }
}
