import Runner
import Testing

@testable import devloop

struct ValueRuleTests {
    private static let all: [ValueRule] = [
        .projectName, .serviceName, .image, .registry, .kubeContext, .namespace, .stage, .buildArgument, .workload,
        .path,
        .ignorePattern,
    ]

    @Test(arguments: ["", "--help", "-", "a\0b", "a\nb", "\u{1B}[2J", "\u{9B}"])
    func noValueIsEmptyOrAnOptionOrUnprintable(value: String) {
        for rule in Self.all { #expect(rule.problem(with: value) != nil, "\(rule.expectation)") }
    }

    @Test(arguments: [
        ("localhost:5000", true), ("ghcr.io/me/shop", true), ("docker.io/me", true), ("docker.io", true),
        ("127.0.0.1:5000", true), ("[::1]:5000", true), ("http://r", false), ("HTTPS://r", false), ("r/", false),
        ("r:x", false), ("r:5000:1", false), ("r/Upper", false), ("r/a:tag", false), ("r@sha256:1", false),
        ("a b", false), ("/r", false), ("r//a", false),
    ])
    func aRegistryIsAHostAndMaybeAPath(value: String, isAccepted: Bool) {
        #expect((ValueRule.registry.problem(with: value) == nil) == isAccepted)
    }

    @Test(arguments: [
        "docker-desktop", "kubernetes-admin@kubernetes", "gke_project_europe-west1_shop",
        "arn:aws:eks:us-east-1:1:cluster/x", "my context",
    ])
    func contextsHaveTheNamesThatCloudsGiveThem(value: String) {
        #expect(ValueRule.kubeContext.problem(with: value) == nil)
    }

    @Test(arguments: [
        ("default", true), ("a-1", true), ("a", true), ("A", false), ("a_b", false), ("a-", false), ("a.b", false),
        (String(repeating: "a", count: 63), true), (String(repeating: "a", count: 64), false), ("ä", false),
    ])
    func aNamespaceIsADNSLabel(value: String, isAccepted: Bool) {
        #expect((ValueRule.namespace.problem(with: value) == nil) == isAccepted)
        #expect((ValueRule.projectName.problem(with: value) == nil) == isAccepted)
    }

    @Test(arguments: [("dev", true), ("build_1.x-", true), ("0", true), ("_a", false), ("a b", false), ("a=b", false)])
    func aStageIsAWord(value: String, isAccepted: Bool) {
        #expect((ValueRule.stage.problem(with: value) == nil) == isAccepted)
    }

    @Test func aLongValueIsCutInMessages() {
        let quoted = ValueRule.quoted(String(repeating: "x", count: 500))
        #expect(quoted == "\"\(String(repeating: "x", count: 57))...\"")
        #expect(ValueRule.quoted("a\"\u{1B}") == #""a\"\u001b""#)
    }
}

struct SuggestionTests {
    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("bulid", "build", 1),
        ("kitten", "sitting", 3), ("ca", "abc", 3), ("imgae", "image", 1),
    ])
    func aDistanceCountsInsertionsDeletionsReplacementsAndSwaps(first: String, second: String, distance: Int) {
        let (first, second) = (Array(first.unicodeScalars), Array(second.unicodeScalars))
        #expect(Suggestion.distance(from: first, to: second) == distance)
        #expect(Suggestion.distance(from: second, to: first) == distance)
    }

    @Test(arguments: [
        ("dockerFile", "dockerfile"), ("kubecontext", "kubeContext"), ("imge", "image"), ("contxet", "context"),
        ("workload", "workloads"), ("nam", "name"), ("banana", nil),
    ])
    func theNearestKeyIsMeant(word: String, right: String?) {
        let keys = [
            "name", "image", "context", "kubeContext", "dockerfile", "stage", "buildArgs", "workloads", "ignore",
        ]
        #expect(Suggestion.nearest(to: word, in: keys) == right)
    }
}

struct PathNameTests {
    @Test(arguments: [
        ("web", "/projects/web"), ("./web/", "/projects/web"), ("../other", "/other"), ("../../../x", "/x"),
        (".", "/projects"),
        ("/abs//x/./y/..", "/abs/x"), ("..", "/"), ("/", "/"), ("a/../b", "/projects/b"),
    ])
    func aPathIsMadeAbsolute(path: String, absolute: String) {
        #expect(PathName.absolute(path, in: "/projects") == absolute)
    }

    @Test func aPathHasAFolderAndALastPart() {
        #expect(PathName.directory(of: "/a/b/devloop.json") == "/a/b")
        #expect(PathName.directory(of: "/devloop.json") == "/")
        #expect(PathName.lastComponent(of: "/a/b") == "b")
        #expect(PathName.lastComponent(of: "/").isEmpty)
    }
}

struct ConfigurationOriginTests {
    private func parse(_ text: String, file: String = "devloop.json") throws(ConfigurationError) -> Configuration {
        try Configuration.parse(Array(text.utf8), path: "/projects/shop/devloop.json", file: file)
    }

    private func lines(_ bytes: [UInt8]) -> [String] {
        do throws(ConfigurationError) {
            _ = try Configuration.parse(bytes, path: "/projects/shop/devloop.json", file: "devloop.json")
            return []
        } catch {
            return error.lines
        }
    }

    @Test func whitespaceAndCommentsMakeNoDifference() throws {
        let one = try parse(#"{ "services": [{ "image": "a/b", "context": "c" }] }"#)
        let other = try parse("{\n// note\nservices: [ { image: 'a/b',\n context: './c' } ] }", file: "x/devloop.json")
        #expect(one == other)
        #expect(one != (try parse(#"{ "services": [{ "image": "a/b", "context": "d" }] }"#)))
    }

    @Test func anErrorThatIsFoundLaterPointsIntoTheFile() throws {
        let configuration = try parse("{ services: [\n  { context: 'c',\n    image: 'a/b' } ] }")
        #expect(
            configuration.error(at: "services[0].image", "no manifest uses it").description
                == "devloop.json:3:5: services[0].image: no manifest uses it")
        #expect(
            configuration.error(at: "services[0].stage", "unknown").lines
                == ["devloop.json:2:3: services[0].stage: unknown"])
        #expect(configuration.error(at: "registry", "needed").lines == ["devloop.json:1:1: registry: needed"])
    }

    @Test func messagesAreExact() {
        let text = """
            {
              "regsitry": "x",
              "manifests": "infra/k8s",
              "services": [
                { "imgae": "a/b", "context": "c", "workloads": ["posts", "job/x"] },
                { "image": "a/B", "context": "-c", "buildArgs": { "N": 3 } },
                { "image": "a/c", "context": "c", "workloads": [] },
              ],
              "watch": { "pollMilliseconds": "fast" },
            }
            """
        #expect(
            lines(Array(text.utf8)) == [
                #"devloop.json:2:3: regsitry: unknown key; did you mean "registry"?"#,
                #"devloop.json:3:3: manifests: expected an array of paths, found "infra/k8s"; write ["infra/k8s"]"#,
                #"devloop.json:5:7: services[0].imgae: unknown key; did you mean "image"?"#,
                #"devloop.json:5:53: services[0].workloads[0]: expected a workload as KIND/NAME, found "posts": "#
                    + "deployment/posts, for instance",
                #"devloop.json:5:62: services[0].workloads[1]: expected a workload as KIND/NAME, found "job/x": "#
                    + "the kinds are deployment, statefulset, daemonset, replicaset, replicationcontroller and pod",
                #"devloop.json:6:7: services[1].image: expected an image as NAME[:TAG], found "a/B": "#
                    + "names of images are lower case",
                #"devloop.json:6:23: services[1].context: expected a path, found "-c", which would be read as an option"#,
                #"devloop.json:6:55: services[1].buildArgs.N: expected a string, found 3; write "3""#,
                "devloop.json:7:39: services[2].workloads: expected at least one workload, found an empty array; "
                    + "without the key, the manifests say it",
                "devloop.json:9:14: watch.pollMilliseconds: "
                    + #"expected a whole number of milliseconds from 10 to 60000, found "fast""#,
            ])
    }

    @Test(
        arguments: [
            ([0x7B, 0x0A, 0x20, 0xFF, 0x7D], "devloop.json:2:2: expected UTF-8"),
            ([0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], "devloop.json:1:1: expected UTF-8"),
        ] as [([UInt8], String)])
    func whatIsNotUTF8IsRefused(bytes: [UInt8], start: String) {
        let lines = lines(bytes)
        #expect(lines.count == 1 && lines[0].hasPrefix(start), "\(lines)")
    }

    /// A file that an editor has written half of is refused or read; nothing else happens.
    @Test func everyBeginningOfAFileIsReadOrRefused() {
        let text = Array(
            #"{ "name": "a", "services": [{ "image": "a/b", "context": "c", "buildArgs": {"A": null} }] }"#.utf8)
        for end in text.indices { #expect(!lines(Array(text[..<end])).isEmpty) }
        #expect(lines(text).isEmpty)
    }

    @Test(
        arguments: [
            (nil, "expected a folder at /p/web, found nothing"),
            (.file, "expected a folder at /p/web, found a file"),
            (.other, "expected a folder at /p/web, found neither a file nor a folder"), (.folder, nil),
        ] as [(FileSystem.Kind?, String?)])
    func aContextIsAFolder(kind: FileSystem.Kind?, message: String?) {
        let required = RequiredPath(path: "/p/web", use: .context, keyPath: "services[0].context")
        #expect(required.problem(on: Disk(kind: { _ in kind })) == message)
    }

    @Test func theDockerfileOfAMissingContextIsNotMissing() {
        let required = RequiredPath(
            path: "/p/web/Dockerfile", use: .dockerfile(context: "/p/web", isNamed: true), keyPath: "")
        #expect(required.problem(on: Disk(kind: { _ in nil })) == nil)
        #expect(
            required.problem(on: Disk(kind: { $0 == "/p/web" ? .folder : nil }))
                == "expected a Dockerfile at /p/web/Dockerfile, found nothing (the path is relative to the context)")
    }
}
