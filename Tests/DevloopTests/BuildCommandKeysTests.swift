import Foundation
import Runner
import TestSupport
import Testing
import Watcher

@testable import devloop

/// What devloop.json says of services that a command builds, and what follows from it.
struct BuildCommandKeysTests {
    private func parse(_ service: String, _ more: String = "") throws(ConfigurationError) -> Configuration {
        let text = #"{ \#(more) "services": [{ "image": "shop/web", "context": "web", \#(service) }] }"#
        return try Configuration.parse(Array(text.utf8), path: "/projects/shop/devloop.json", file: "devloop.json")
    }

    @Test func aCommandIsReadAndNeedsNoDockerfile() throws {
        let configuration = try parse(
            #""build": ["ko", "build", "-t"], "pushes": true, "inputs": ["cmd", "**/*.go", "!**/*_test.go"]"#)
        let service = configuration.services[0]
        #expect(service.build == ["ko", "build", "-t"] && service.pushes)
        #expect(service.buildRequest.command == ["ko", "build", "-t"])
        #expect(service.patternsOfOthers == ["**", "!cmd", "!**/*.go", "**/*_test.go"])
        let text = Array(#"{ "services": [{ "image": "a", "context": "web", "build": ["x"] }] }"#.utf8)
        let disk = Disk(kind: { $0 == "/p/web" ? .folder : nil })
        #expect(throws: Never.self) { try Configuration.parse(text, path: "/p/devloop.json", file: "f", on: disk) }
    }

    @Test(arguments: [
        (#""build": ["x"], "dockerfile": "D""#, "services[0].dockerfile", "has no Dockerfile"),
        (#""build": ["x"], "stage": "dev""#, "services[0].stage", "has no Dockerfile"),
        (#""build": ["x"], "buildArgs": { "A": "b" }"#, "services[0].buildArgs", "has no Dockerfile"),
        (#""build": []"#, "services[0].build", "a program and its arguments"),
        (#""build": [""]"#, "services[0].build[0]", "empty"),
        (#""build": "./build.sh web""#, "services[0].build", #"write "build": ["./build.sh", "web"]"#),
        (#""build": ["x"], "sync": true"#, "services[0].sync", "only by rules"),
        (#""build": ["x"], "onSync": { "restart": true }"#, "services[0].onSync", "only by rules"),
        (#""pushes": true"#, "services[0].pushes", "build"),
        (#""inputs": ["../lib"]"#, "services[0].inputs[0]", "only files of the context"),
        (#""inputs": ["."]"#, "services[0].inputs[0]", "all of the context"),
    ])
    func whatDoesNotGoWithACommandIsRefusedAtItsPlace(service: String, keyPath: String, words: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try parse(service) }
        #expect(error.problems.count == 1 && error.problems[0].keyPath == keyPath, "\(error)")
        #expect(error.description.contains(words), "\(error)")
    }

    @Test(arguments: [
        (#""sync": "auto""#, true), (#""sync": false"#, true),
        (#""sync": [{ "from": "a", "to": "/b" }], "onSync": { "restart": true }"#, true),
    ])
    func syncGoesByRulesOrNotAtAll(service: String, isRight: Bool) {
        #expect(throws: Never.self) { try parse("\"build\": [\"x\"], \(service)") }
    }

    @Test(
        arguments: [
            ("shop/web", #""registry": "r:5000","#, true, "r:5000/shop/web:latest"),
            ("ghcr.io/me/web:1", "", true, "ghcr.io/me/web:1"), ("shop/web", #""registry": "r:5000","#, false, nil),
            ("shop/web", #""registry": "r:5000", "target": "docker","#, true, nil),
            ("shop/web", #""target": "docker","#, true, nil),
        ] as [(String, String, Bool, String?)])
    func aCommandPushesOnlyWhereAClusterPulls(image: String, more: String, pushes: Bool, destination: String?) throws {
        let text =
            #"{ \#(more) "services": [{ "image": "\#(image)", "context": "web", "build": ["x"], "pushes": \#(pushes), "workloads": ["deployment/web"] }] }"#
        let configuration = try Configuration.parse(Array(text.utf8), path: "/p/devloop.json", file: "f")
        #expect(configuration.destination(of: configuration.services[0])?.tagged == destination)
        #expect(throws: Never.self) { try configuration.checkPushes() }
        #expect(try Project(configuration: configuration, objects: []).services[0].destination?.tagged == destination)
    }

    /// Its builder may be elsewhere, so that there is nothing to push here.
    @Test(
        arguments: [
            (#""registry": "r:5000","#, "r:5000/shop/web:latest"), (#""registry": "r:5000", "target": "docker","#, nil),
            ("", nil),
        ] as [(String, String?)])
    func buildxPushesWhereThereIsARegistry(more: String, destination: String?) throws {
        let configuration = try parse(#""workloads": ["deployment/web"]"#, more + #""builder": "buildx","#)
        #expect(configuration.destination(of: configuration.services[0])?.tagged == destination)
        #expect(throws: Never.self) { try configuration.checkPushes() }
    }

    @Test func aPushWithoutARegistryIsRefused() throws {
        let configuration = try parse(#""build": ["x"], "pushes": true"#)
        let error = try #require(throws: ConfigurationError.self) { try configuration.checkPushes() }
        #expect(error.problems[0].keyPath == "services[0].pushes")
        #expect(error.problems[0].message == "there is no registry that shop/web could be pushed to")
        #expect(error.advice?.contains("--registry") == true)
        let flagged = configuration.applying(CommonOptions(settings: ["registry": "r:5000"]))
        #expect(throws: Never.self) { try flagged.checkPushes() }
    }

    @Test(arguments: ImageProgramName.allCases) func onDockerOnlyDockersImagesRun(builder: ImageProgramName) throws {
        let configuration = try parse(#""workloads": ["deployment/web"]"#, #""builder": "\#(builder.rawValue)","#)
        #expect(configuration.builder == builder)
        #expect(throws: Never.self) { try configuration.checkBuilder() }
        let onDocker = configuration.applying(CommonOptions(settings: ["target": "docker"]))
        guard ![.docker, .buildx].contains(builder) else {
            #expect(throws: Never.self) { try onDocker.checkBuilder() }
            return
        }
        let error = try #require(throws: ConfigurationError.self) { try onDocker.checkBuilder() }
        #expect(error.problems[0].keyPath == "builder" && error.advice?.contains("--registry") == true)
    }

    /// What is watched of a context.
    private func filter(_ files: [String: String], _ change: (inout Configuration.Service) -> Void) throws -> PathFilter
    {
        let folder = try TemporaryFolder()
        for (name, text) in files { try TestFile.write(Array(text.utf8), to: "\(folder.path)/\(name)") }
        var service = Configuration.Service(
            name: "app", image: try #require(ImageReference("app")), context: folder.path,
            dockerfile: "\(folder.path)/Dockerfile", keyPath: "services[0]")
        change(&service)
        let watched = WatchedPaths(
            Configuration(path: "/p/devloop.json", name: "test", services: [service], origin: .init(file: "f")),
            environment: [:], builder: .buildKit)
        #expect(watched.problems == [])
        return try #require(watched.roots.first { $0.path == folder.path }).filter
    }

    /// Also those that a Dockerfile, which happens to be there, doesn't copy.
    @Test func allOfTheContextButWhatIsIgnoredIsItsInput() throws {
        let files = [".dockerignore": "target\n", "Dockerfile": "FROM scratch\nCOPY a /\n"]
        let filter = try filter(files) { ($0.build, $0.ignore) = (["x"], ["*.md"]) }
        for path in ["a", "src/b", "Dockerfile", ".dockerignore"] { #expect(filter.includes(path), "\(path)") }
        for path in ["target/x", "README.md"] { #expect(!filter.includes(path), "\(path)") }
        #expect(filter.canSkip(directory: "target"))
    }

    @Test(arguments: [[], ["x"]]) func inputsSayWhatCountsWhateverBuilds(build: [String]) throws {
        let files = ["Dockerfile": "FROM scratch\nCOPY other /\n"]
        let filter = try filter(files) {
            ($0.build, $0.ignore) = (build, ["src/generated"])
            $0.inputs = ["src", "**/*.go", "!**/*_test.go"]
        }
        for path in ["src/a", "cmd/x/main.go", "main.go"] { #expect(filter.includes(path), "\(path)") }
        for path in ["other/a", "README.md", "cmd/x/main_test.go", "src/generated/a"] {
            #expect(!filter.includes(path), "\(path)")
        }
        #expect(filter.includes("Dockerfile") == build.isEmpty)
    }

    @Test func onlyRulesSayWhereItsFilesAre() throws {
        var service = Configuration.Service(
            name: "app", image: try #require(ImageReference("app")), context: "/nowhere", dockerfile: "",
            keyPath: "services[0]")
        service.build = ["x"]
        let files = { (service: Configuration.Service) in
            WatchedPaths(
                Configuration(path: "/p/devloop.json", name: "t", services: [service], origin: .init(file: "f")),
                environment: [:], builder: .legacy
            ).files(of: "app")
        }
        #expect(files(service) == nil)
        service.sync = try parse(#""build": ["x"], "sync": [{ "from": "static/**", "to": "/app" }]"#).services[0].sync
        #expect(files(service)?.judge("static/a").place == .image([.init(path: "/app/static/a")]))
    }

    @Test func whatACommandBuildsOnIsNotReadFromADockerfile() throws {
        let folder = try TemporaryFolder()
        try TestFile.write(Array("FROM shop/base\n".utf8), to: "\(folder.path)/Dockerfile")
        let text = """
            { "services": [{ "image": "shop/base", "context": "\(folder.path)", "build": ["x"] },
                           { "image": "shop/web", "context": "\(folder.path)", "build": ["x"] }] }
            """
        let configuration = try Configuration.parse(Array(text.utf8), path: "/p/devloop.json", file: "f")
        #expect(ImageDependencies(configuration, environment: [:], builder: .legacy).bases == [:])
    }
}
