import Runner
import Testing

@testable import devloop

struct ConfigurationTests {
    private func parse(_ text: String) throws(ConfigurationError) -> Configuration {
        try Configuration.parse(Array(text.utf8), path: "/projects/shop/devloop.json", file: "devloop.json")
    }

    /// The message about a file, a line for each problem.
    private func problems(_ text: String) -> [String] {
        do {
            _ = try parse(text)
            return []
        } catch {
            return error.lines
        }
    }

    @Test func imageAndContextAreEnough() throws {
        let configuration = try parse(#"{ "services": [{ "image": "shop/web", "context": "web" }] }"#)
        #expect(configuration.name == "shop")
        #expect(configuration.manifests == [])
        #expect(configuration.target == .kubernetes)
        #expect(configuration.kubeContext == nil && configuration.namespace == nil && configuration.registry == nil)
        #expect(configuration.watch == .init(poll: .milliseconds(250), settle: .milliseconds(50)))
        let service = try #require(configuration.services.first)
        #expect(service.name == "web")
        #expect(service.image.tagged == "shop/web:latest")
        #expect(service.context == "/projects/shop/web")
        #expect(service.dockerfile == "/projects/shop/web/Dockerfile")
        #expect(service.workloads == nil && service.stage == nil && service.buildArgs == [] && service.ignore == [])
    }

    @Test func everyKeyIsRead() throws {
        let configuration = try parse(
            """
            { // JSON5
              $schema: "https://example.org/schema", "name": "blog", "manifests": ["infra/k8s", "/else/where.yaml"],
              "target": "docker", "kubeContext": "docker-desktop", "namespace": "default", "registry": "localhost:5000",
              "services": [
                { "name": "posts", "image": "blog/posts:dev", "context": "./posts", "dockerfile": "Dockerfile.dev",
                  "stage": "dev", "buildArgs": { "KEY": "value", "FROM_OUTSIDE": null },
                  "workloads": ["deployment/posts-depl"], "ignore": ["**/*.md"], },
              ],
              "watch": { "pollMilliseconds": 100, "settleMilliseconds": 20 },
            }
            """)
        #expect(configuration.name == "blog")
        #expect(configuration.manifests == ["/projects/shop/infra/k8s", "/else/where.yaml"])
        #expect(configuration.target == .docker)
        #expect(configuration.kubeContext == "docker-desktop")
        #expect(configuration.namespace == "default")
        #expect(configuration.registry == "localhost:5000")
        #expect(configuration.watch == .init(poll: .milliseconds(100), settle: .milliseconds(20)))
        let service = try #require(configuration.services.first)
        #expect(service.image.tagged == "blog/posts:dev")
        #expect(service.context == "/projects/shop/posts")
        #expect(service.dockerfile == "/projects/shop/posts/Dockerfile.dev")
        #expect(service.stage == "dev")
        #expect(service.buildArgs == [.init(name: "KEY", value: "value"), .init(name: "FROM_OUTSIDE", value: nil)])
        #expect(service.workloads == [try #require(Workload.Name("deployment/posts-depl"))])
        #expect(service.ignore == ["**/*.md"])
    }

    @Test(
        arguments: [
            (nil, "r:5000", true), ("r:5000", nil, true), ("r:5000", "other:5000", true), (nil, nil, false),
        ] as [(String?, String?, Bool)])
    func imagesThatWouldBeOneInTheRegistryAreRefused(file: String?, flag: String?, isRefused: Bool) throws {
        let registry = file.map { "\"registry\": \"\($0)\", " } ?? ""
        let text =
            #"{ \#(registry)"services": [{ "image": "a/b", "context": "c" }, { "name": "x", "image": "r:5000/a/b", "context": "d" }] }"#
        let configuration = try Configuration.parse(Array(text.utf8), path: "/p/devloop.json", file: "devloop.json")
            .applying(CommonOptions(settings: flag.map { ["registry": $0] } ?? [:]))
        do throws(ConfigurationError) {
            try configuration.checkImages()
            #expect(!isRefused)
        } catch {
            #expect(isRefused)
            #expect(error.lines.count == 1)
            #expect(
                error.lines[0].contains(
                    "services[1].image: in the registry \(flag ?? file ?? "") this and \"a/b\" of services[0]"))
        }
    }

    private static func service(_ more: String) -> String {
        #"{ "services": [{ "image": "a/b", "context": "c", \#(more) }] }"#
    }

    @Test(arguments: [
        (#"{ "servces": [] }"#, ["devloop.json:1:3: servces", "services"]),
        (#"{}"#, ["devloop.json:1:1", "services"]),
        (#"{ "services": [] }"#, ["devloop.json:1:3: services", "at least one service"]),
        (#"{ "services": {} }"#, ["devloop.json:1:3: services", "an array", "an object"]),
        (#"[]"#, ["devloop.json:1:1", "an object", "an array"]),
        (#"{ "services": [{ "image": "a/b" }] }"#, ["services[0]", "context"]),
        (#"{ "services": [{ "context": "a/b" }] }"#, ["services[0]", "image"]),
        (
            #"{ "services": [{ "image": "--help", "context": "c" }] }"#,
            ["devloop.json:1:18: services[0].image", "option"]
        ),
        (#"{ "services": [{ "image": "Upper/Case", "context": "c" }] }"#, ["services[0].image", "lower case"]),
        (#"{ "services": [{ "image": "a/b@sha256:0", "context": "c" }] }"#, ["services[0].image"]),
        (#"{ "services": [{ "image": "a/b", "context": "" }] }"#, ["services[0].context", "empty"]),
        (service(#""stage": 3"#), ["services[0].stage", "a string", "found 3"]),
        (service(#""stage": "-x""#), ["services[0].stage", "option"]),
        (service(#""workloads": ["deploymnt/web"]"#), ["services[0].workloads[0]"]),
        (service(#""workload": []"#), ["services[0].workload", "workloads"]),
        (service(#""buildArgs": ["A=b"]"#), ["services[0].buildArgs", "an array"]),
        (service(#""buildArgs": { "A": 1 }"#), ["services[0].buildArgs.A", "a string", "found 1"]),
        (service(#""buildArgs": { "--x": "1" }"#), ["services[0].buildArgs.--x"]),
        (
            #"{ "services": [{ "image": "a/b", "context": "c" }], "registry": "http://r" }"#,
            ["registry", "leave http:// out"]
        ),
        (#"{ "services": [{ "image": "a/b", "context": "c" }], "registry": "-r" }"#, ["registry", "option"]),
        (#"{ "services": [{ "image": "a/b", "context": "c" }], "kubeContext": "-c" }"#, ["kubeContext", "option"]),
        (#"{ "services": [{ "image": "a/b", "context": "c" }], "namespace": "Bad_" }"#, ["namespace"]),
        (#"{ "services": [{ "image": "a/b", "context": "c" }], "target": "dokcer" }"#, ["target", "docker"]),
        (
            #"{ "services": [{ "image": "a/b", "context": "c" }], "watch": { "pollMilliseconds": 1 } }"#,
            ["watch.pollMilliseconds", "from 10 to 60000"]
        ),
        (
            #"{ "services": [{ "image": "a/b", "context": "c" }], "name": "a", "name": "b" }"#,
            ["devloop.json:1:66", "twice"]
        ),
        ("{ \"services\": [\n  { \"image\": \"a/b\" \"context\": \"c\" }] }", ["devloop.json:2:20"]),
        ("", ["devloop.json:1:1", "the end of the file"]),
    ])
    func whatIsWrongIsToldWithItsPlaceAndWhatWasExpected(_ text: String, _ expected: [String]) throws {
        let lines = problems(text)
        #expect(!lines.isEmpty)
        for part in expected { #expect(lines.joined(separator: "\n").contains(part), "\(lines)") }
    }

    @Test func everythingThatIsWrongIsToldAtOnceInTheFilesOrder() {
        let lines = problems(
            """
            { "registry": "-r",
              "services": [
                { "image": "a/b", "context": "c", "stge": "x" },
                { "image": "a/b", "context": 5 } ],
              "tarket": "docker" }
            """)
        #expect(lines.count >= 4)
        let places = lines.compactMap { $0.split(separator: ":").dropFirst().first.flatMap { Int($0) } }
        #expect(places == places.sorted())
    }

    @Test(arguments: [
        (#"{ "image": "a/web", "context": "c" }, { "image": "b/web", "context": "d" }"#, "web"),
        (
            #"{ "name": "one", "image": "a/b", "context": "c" }, { "name": "two", "image": "a/b:latest", "context": "d" }"#,
            "a/b"
        ),
    ])
    func twoServicesWithOneNameOrOneImageAreRefused(_ services: String, _ name: String) {
        let lines = problems("{ \"services\": [\(services)] }")
        #expect(lines.count == 1)
        #expect(lines.first?.contains("services[1]") == true && lines.first?.contains(name) == true, "\(lines)")
    }

    @Test func whatIsMissingOnTheDiskIsNamed() {
        let text =
            #"{ "manifests": ["k8s"], "services": [{ "image": "a/b", "context": "web" }, { "image": "a/c", "context": "api" }] }"#
        do throws(ConfigurationError) {
            _ = try Configuration.parse(
                Array(text.utf8), path: "/p/devloop.json", file: "devloop.json",
                on: Disk(kind: { ["/p/web": .folder][$0] }))
            Issue.record("missing paths were accepted")
        } catch {
            #expect(error.lines.contains { $0.contains("manifests[0]") && $0.contains("k8s") })
            #expect(error.lines.contains { $0.contains("/p/web/Dockerfile") || $0.contains("Dockerfile") })
            #expect(error.lines.contains { $0.contains("services[1].context") && $0.contains("api") })
        }
    }

    @Test func aFileThatIsNotThereIsAnsweredWithASmallOne() {
        do throws(ConfigurationError) {
            _ = try Configuration.load(path: "/no/such/devloop.json")
            Issue.record("a missing file was loaded")
        } catch {
            #expect(error.description.contains("there is no such file"))
            #expect(error.advice?.contains(Configuration.example) == true)
        }
    }

    @Test func theExampleInMessagesIsAValidFile() throws {
        #expect(try parse(Configuration.example).services.count == 1)
    }

    @Test(arguments: [("My Shop!", "my-shop"), ("---", "devloop"), ("a_b.c", "a-b-c"), ("x", "x")])
    func aFoldersNameIsMadeFit(_ folder: String, _ name: String) {
        #expect(Configuration.defaultName(for: "/home/\(folder)") == name)
    }

    @Test func aFlagBeatsTheFile() throws {
        var options = CommonOptions()
        options.settings = ["target": "docker", "registry": "r:1"]
        let configuration = try parse(
            #"{ "target": "kubernetes", "registry": "q", "namespace": "n", "services": [{ "image": "a/b", "context": "c" }] }"#
        )
        .applying(options)
        #expect(configuration.target == .docker)
        #expect(configuration.registry == "r:1")
        #expect(configuration.namespace == "n")
    }
}

struct LongConfigurationTests {
    /// All in one line, with a place for each of a hundred thousand things in it.
    @Test(.timeLimit(.minutes(1))) func aLongFileIsReadInOnePass() throws {
        let services = (0..<20_000).map { "{\"image\": \"s/s\($0)\", \"context\": \"web\"}" }
        let text = "{\"services\": [" + services.joined(separator: ", ") + "]"
        #expect(
            try Configuration.parse(Array((text + "}").utf8), path: "/p/devloop.json", file: "f").services.count
                == 20_000)
        let wrong = Array((text + ", \"watch\": 1}").utf8)
        #expect { try Configuration.parse(wrong, path: "/p/devloop.json", file: "f") } throws: { error in
            (error as? ConfigurationError)?.lines == [
                "f:1:\(text.count + 3): watch: expected an object, found 1"
            ]
        }
    }
}

struct RequiredPathTests {
    /// - Parameter files: all that is there; folders are those that they are in.
    private func problem(_ path: String, _ files: [String], matches: [String]? = nil) -> String? {
        let folders = files.flatMap { file in file.indices.filter { file[$0] == "/" }.map { String(file[..<$0]) } }
        let disk = Disk(
            kind: { files.contains($0) ? .file : folders.contains($0) ? .folder : nil },
            names: { folder in
                Set((files + folders).filter { $0 != folder && PathName.directory(of: $0) == folder })
                    .map { PathName.lastComponent(of: $0) }
            }, matches: { matches ?? [$0] })
        return RequiredPath(path: path, use: .manifest, keyPath: "manifests[0]").problem(on: disk)
    }

    @Test(arguments: [
        ["/k/a.yaml"], ["/k/a.json", "/k/b/c.yaml"], ["/k/Kustomization"], ["/k/kustomization.yml"], ["/k/x.yml"],
    ])
    func aFolderWithManifestsIsRight(files: [String]) {
        #expect(problem("/k", files) == nil)
    }

    @Test func aFolderWithoutManifestsOfItsOwnSaysWhereTheyAre() {
        let found = "expected manifests in /k, found no .yaml, .yml or .json file in it"
        #expect(problem("/k", ["/k/README.md"]) == found)
        #expect(
            problem("/k", ["/k/base/a.yaml", "/k/dev/kustomization.yaml", "/k/docs/a.md", "/k/x/y/a.yaml"])
                == "\(found); the folders in it are not looked into: name those that are meant (base, dev)")
    }

    @Test func aPatternHasToMatchSomething() {
        #expect(problem("/k/*.yaml", ["/k/a.yaml"], matches: ["/k/a.yaml"]) == nil)
        #expect(
            problem("/k/*.yml", ["/k/a.yaml"], matches: [])
                == "the pattern /k/*.yml matches no folder and no .yaml, .yml or .json file")
        #expect(problem("/k/**/*.yaml", [], matches: [])?.contains("** is not known here") == true)
        #expect(problem("/k/a.yaml", []) == "expected a file or a folder at /k/a.yaml, found nothing")
    }
}
