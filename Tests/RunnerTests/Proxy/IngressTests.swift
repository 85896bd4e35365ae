import Testing

@testable import Runner

/// What Ingress objects say.
@Suite struct IngressTests {
    static func object(_ json: String) throws -> KubernetesObject {
        try #require(KubernetesObject(try JSONParser.parse(Array(json.utf8))))
    }

    /// An Ingress of one rule for each path: `Prefix /api web 80`
    static func ingress(
        named name: String = "front", host: String? = nil, _ paths: [String], annotations: [String: String] = [:],
        spec: [(String, JSONValue)] = []
    ) throws -> KubernetesObject {
        let paths = paths.map { text -> JSONValue in
            let words = text.split(separator: " ").map(String.init)
            let port: JSONValue = Int(words[3]) == nil ? ["name": .string(words[3])] : ["number": .number(words[3])]
            return [
                "pathType": .string(words[0]), "path": .string(words[1]),
                "backend": ["service": ["name": .string(words[2]), "port": port]],
            ]
        }
        var rule: JSONValue = ["http": ["paths": .array(paths)]]
        rule["host"] = host.map { .string($0) }
        let members = annotations.map {
            ($0.key.contains("/") ? $0.key : IngressOptions.prefix + $0.key, JSONValue.string($0.value))
        }
        let json: JSONValue = [
            "kind": "Ingress",
            "metadata": ["name": .string(name), "annotations": .object(JSONObject(members))],
            "spec": .object(JSONObject([("rules", [rule])] + spec)),
        ]
        return try #require(KubernetesObject(json))
    }

    static func manifests(_ objects: [KubernetesObject]) throws -> DockerManifests {
        var manifests = DockerManifests(
            commands: DockerCommand(project: .init(name: "shop", place: "/shop/devloop.json"), namespace: "default"),
            hash: KeyedHash(key: []))
        try manifests.add([
            try object(
                #"{"kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}"#
            ),
            try object(
                #"{"kind": "Service", "metadata": {"name": "api"}, "spec": {"selector": {"app": "api"}, "ports": ["#
                    + #"{"name": "http", "port": 80, "targetPort": 3000}]}}"#),
        ])
        try manifests.add(objects)
        return manifests
    }

    private func read(_ objects: KubernetesObject...) throws -> (routes: [IngressRoute], notices: [String]) {
        let (routes, notices) = try Self.manifests(objects).ingress
        return (routes, DockerNotice.lines(notices))
    }

    @Test(arguments: [
        ("Prefix /foo", #"~ "^/foo(?:/|$)""#), ("Prefix /foo/", #"~ "^/foo(?:/|$)""#), ("Prefix /", "/"),
        ("Exact /foo", #"= "/foo""#), ("ImplementationSpecific /foo", #"~ "^/foo""#),
        ("ImplementationSpecific /", "/"), ("Prefix /a.b\"", #"~ "^/a\\.b\\\"(?:/|$)""#),
    ])
    func aPathIsMatchedByItsType(path: String, location: String) throws {
        let (routes, notices) = try read(try Self.ingress(["\(path) web 80"]))
        #expect(routes.map(\.location) == [location])
        #expect(notices == [])
    }

    @Test(arguments: [
        ("web 80", "web.default.svc.cluster.local:80"), ("api 80", "api.default.pods.devloop:3000"),
        ("api http", "api.default.pods.devloop:3000"),
    ])
    func aBackendIsWhereItsPodsAre(backend: String, address: String) throws {
        let (routes, _) = try read(try Self.ingress(["Prefix / \(backend)"]))
        #expect(routes.map(\.destination) == [.address(address)])
    }

    @Test(arguments: [
        ("none 80", "no manifest has the Service none"), ("web 81", "the Service web has no port 81"),
        ("web http", "the Service web has no port http"),
    ])
    func aBackendThatIsNotThereIsNamed(backend: String, reason: String) throws {
        let (routes, notices) = try read(try Self.ingress(host: "a.dev", ["Prefix /x \(backend)"]))
        #expect(routes.map(\.destination) == [.nobody(reason)])
        #expect(notices == ["Ingress front: nobody is behind a.dev/x: \(reason)"])
    }

    @Test func theOldFormOfABackendIsRead() throws {
        let (routes, _) = try read(
            try Self.object(
                #"{"kind": "Ingress", "metadata": {"name": "old"}, "spec": {"rules": [{"http": {"paths": [{"path": "/api","#
                    + #""backend": {"serviceName": "api", "servicePort": 80}}]}}], "#
                    + #""backend": {"serviceName": "web", "servicePort": 80}}}"#))
        #expect(
            routes.map(\.destination) == [
                .address("api.default.pods.devloop:3000"), .address("web.default.svc.cluster.local:80"),
            ])
        #expect(routes.map(\.location) == [#"~ "^/api""#, "/"])
    }

    @Test func patternsAndRewritesAreOfTheWholeIngress() throws {
        let (routes, notices) = try read(
            try Self.ingress(
                ["ImplementationSpecific /api(/|$)(.*) api 80", "Prefix / web 80", "Exact /e web 80"],
                annotations: ["use-regex": "true", "rewrite-target": "/$2"]))
        #expect(routes.map(\.location) == [#"~* "^/api(/|$)(.*)""#, #"~* "^/""#, #"= "/e""#])
        #expect(routes.allSatisfy { $0.rewriteTarget == "/$2" })
        #expect(notices == [])
    }

    @Test(arguments: [
        ("proxy-body-size", "8m", "client_max_body_size 8m;"),
        ("proxy-read-timeout", "3600", "proxy_read_timeout 3600s;"),
        ("proxy-send-timeout", "5s", "proxy_send_timeout 5s;"),
    ])
    func limitsAreNginxs(annotation: String, value: String, line: String) throws {
        let (routes, notices) = try read(try Self.ingress(["Prefix / web 80"], annotations: [annotation: value]))
        #expect(routes.first?.settings == [line])
        #expect(notices == [])
    }

    @Test(arguments: [
        ("proxy-body-size", "1; evil"), ("proxy-read-timeout", "soon"), ("rewrite-target", "/$nobody"),
        ("auth-url", "http://x"),
    ])
    func whatIsNotDoneOfTheAnnotationsIsNamed(annotation: String, value: String) throws {
        let object = try Self.ingress(["Prefix / web 80"], annotations: [annotation: value, "ssl-redirect": "true"])
        let (routes, notices) = try read(object)
        #expect(notices == ["without effect on Docker: nginx.ingress.kubernetes.io/\(annotation) of Ingress front"])
        #expect(routes.first?.settings == [] && routes.first?.rewriteTarget == nil)
    }

    @Test func whatAnotherControllerOrTLSWouldDoIsSaid() throws {
        let object = try Self.ingress(
            ["Prefix / web 80"], spec: [("ingressClassName", "traefik"), ("tls", [["hosts": ["a"]]])])
        #expect(
            try read(object).notices == [
                "Ingress front is for traefik: on Docker nginx serves it",
                "Ingress front is served without TLS on Docker: call http://, not https://",
            ])
    }

    @Test func whatNoRuleWantsGoesToTheDefaultBackend() throws {
        let backend: JSONValue = ["service": ["name": "web", "port": ["number": 80]]]
        let (routes, _) = try read(
            try Self.ingress(host: "a.dev", ["Prefix /api api 80"], spec: [("defaultBackend", backend)]))
        #expect(routes.map { "\($0.host) \($0.path) \($0.backend)" } == ["a.dev /api api", " / web", "a.dev / web"])
    }

    @Test func whatIsWhereIsALineForEachHost() throws {
        let (routes, _) = try read(
            try Self.ingress(["Prefix / web 80", "Prefix /api api 80"]),
            try Self.ingress(named: "shop", host: "Shop.localhost", ["Prefix / web 80"]))
        #expect(
            routes.lines(at: 8080) == [
                "http://localhost:8080 → web (/), api (/api)", "http://shop.localhost:8080 → web (/)",
            ])
        #expect(routes.lines(at: 80)[1] == "http://shop.localhost → web (/)")
        #expect(routes.hosts == ["shop.localhost"])
    }

    @Test func theLongestPathComesFirstAndOneOfTwoThatAreTheSame() throws {
        let (routes, _) = try read(
            try Self.ingress(named: "a", ["Prefix /a web 80", "Prefix /a/b api 80", "Exact /a web 80"]),
            try Self.ingress(named: "b", ["Prefix /a/ api 80", "Exact /a api 80"]))
        let text = ProxyConfiguration(routes).text
        let places = ["^/a/b(?:/|$)", "^/a(?:/|$)"].compactMap { text.firstRange(of: $0)?.lowerBound }
        #expect(places.count == 2 && places[0] < places[1])
        #expect(text.ranges(of: "location = \"/a\"").count == 1)
        #expect(routes.count == 3)
    }

    @Test func aRouteThatNginxRefusesIsLeftOut() throws {
        let (routes, _) = try read(
            try Self.ingress(["Prefix /(a web 80", "Prefix /b web 80"], annotations: ["use-regex": "true"]))
        let whole = ProxyConfiguration(routes)
        let line = try #require(whole.text.split(separator: "\n").firstIndex { $0.contains("^/(a") })
        let said =
            "nginx: [emerg] pcre2_compile() failed: missing closing parenthesis in \"^/(a\" in /tmp/x:\(line + 1)"
        let number = try #require(Proxies.line(in: said))
        #expect(whole.route(atLine: number) == 0)
        let rest = ProxyConfiguration(routes, refused: [0]).text
        #expect(!rest.contains("^/(a") && rest.contains("^/b"))
    }
}
