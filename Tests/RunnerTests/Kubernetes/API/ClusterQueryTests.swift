import Testing

@testable import Runner

@Suite struct ClusterQueryTests {
    @Test func aQueryIsEncodedWhereItIsSent() {
        let query = ClusterQuery.pods(namespace: "blog", labels: ["tier": "web", "app": "a b"])
        #expect(query.description == "GET /api/v1/namespaces/blog/pods?labelSelector=app=a b,tier=web")
        #expect(query.target == "/api/v1/namespaces/blog/pods?labelSelector=app%3Da%20b%2Ctier%3Dweb")
    }

    @Test(
        arguments: [
            (.following, .beginning, "&follow=true"), (.latest, .lastLines(10), "&tailLines=10"),
            (.previous, .time("2026-11-23T10:00:00Z"), "&previous=true&sinceTime=2026-11-23T10:00:00Z"),
            (.following, .ago(.seconds(60)), "&follow=true&sinceSeconds=60"),
        ] as [(LogReading, LogStart, String)])
    func aLogIsReadFromSomewhere(reading: LogReading, start: LogStart, options: String) {
        let query = ClusterQuery.log(pod: "a", container: "c", namespace: "blog", reading, from: start)
        #expect(query.description == "GET /api/v1/namespaces/blog/pods/a/log?container=c&timestamps=true\(options)")
    }

    /// What the proxy lets through (`--accept-paths`) is what is asked.
    @Test(
        arguments: Workload.Kind.allCases.map { ClusterQuery.workload(Workload(kind: $0, name: "a")) } + [
            .nodes, .pods(namespace: nil), .pods(namespace: "blog"), .warnings(namespace: "blog"),
            .services(namespace: "blog"), .deployments(namespace: "blog"), .only(Workload(kind: .pod, name: "a")),
            .node("n", "configz"), .node("n", "logs/pods/blog_a_u/c/0.log"),
            .log(pod: "a", container: "c", namespace: "blog", .latest, from: .beginning),
        ])
    func theProxyLetsThroughWhatIsAsked(query: ClusterQuery) throws {
        #expect(try Self.isAccepted(query.target))
    }

    @Test(arguments: [
        "/api/v1/namespaces/blog/pods/a/exec", "/api/v1/namespaces/blog/pods/a/attach",
        "/api/v1/namespaces/blog/secrets",
        "/api/v1/nodes/n/proxy/run/blog/a/c", "/api/v1/nodes/n/proxy/exec/blog/a/c",
        "/api/v1/namespaces/blog/pods/a/portforward", "/api/v1/namespaces/blog/services/a/proxy/x", "/",
    ])
    func theProxyLetsNothingElseThrough(path: String) throws { #expect(try !Self.isAccepted(path)) }

    private static func isAccepted(_ target: String) throws -> Bool {
        let command = Kubectl(context: "lab", namespace: "blog").proxy(socket: "/s")
        let flag = "--accept-paths="
        let patterns = try #require(command.arguments.first { $0.hasPrefix(flag) }).dropFirst(flag.count)
        let path = String(target.prefix { $0 != "?" })
        return try patterns.split(separator: ",").contains { try path.contains(Regex(String($0))) }
    }
}
