import Foundation
import Runner
import TestSupport
import Testing
import Watcher

@testable import devloop

/// The keys of a service that are flags of its build.
struct BuildOptionsTests {
    private func text(_ keys: String) -> String {
        #"{ "services": [{ "image": "shop/web", "context": "web", \#(keys) }] }"#
    }

    private func options(_ keys: String) throws -> BuildOptions {
        try Fixture.configuration(text(keys)).services[0].options
    }

    private func problem(_ keys: String, on disk: Disk? = nil) throws -> String {
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.parse(
                Array(text(keys).utf8), path: "/projects/shop/devloop.json", file: "devloop.json", on: disk)
        }
        return error.lines.joined(separator: "\n")
    }

    @Test func pathsAreOfTheFileOfTheSettingsAndTildeIsHome() throws {
        let home = ProcessInfo.processInfo.environment["HOME"] ?? "~"
        let found = try options(
            """
            "secrets": { "npm": "~/.npmrc", "db": "db.txt", "TOKEN": null, "aws": { "env": "AWS_KEY" } },
            "ssh": ["default", "git=~/.ssh/id", "ci=ci.key"],
            "buildContexts": { "shared": "../shared", "base": "docker-image://shop/base:1" }
            """)
        #expect(
            found.secrets == [
                .init(id: "npm", source: .file("\(home)/.npmrc")),
                .init(id: "db", source: .file("/projects/shop/db.txt")), .init(id: "TOKEN", source: .variable("TOKEN")),
                .init(id: "aws", source: .variable("AWS_KEY")),
            ])
        #expect(
            found.ssh == [
                .init(id: "default"), .init(id: "git", path: "\(home)/.ssh/id"),
                .init(id: "ci", path: "/projects/shop/ci.key"),
            ])
        let base = try #require(ImageReference("shop/base:1"))
        #expect(
            found.contexts == [
                .init(name: "shared", source: .folder("/projects/shared")), .init(name: "base", source: .image(base)),
            ])
    }

    @Test(arguments: [
        (#""platform": "linux/x86_64""#, "did you mean linux/amd64?"),
        (#""platform": "linux/amd46""#, "did you mean linux/amd64?"),
        (#""platform": "linux/vax""#, "the architectures are 386, amd64"),
        (#""platform": "linux/amd64,linux/arm64""#, "an image in Docker is for one"),
        (#""secrets": { "a b": "x" }"#, "secrets.a b: expected an id of letters"),
        (#""secrets": { "a": 7 }"#, "secrets.a: expected the path of a file, { \"env\": \"NAME\" }, or null"),
        (#""secrets": { "a": { "envv": "X" } }"#, "secrets.a: expected the path of a file"),
        (#""secrets": { "npm-token": null }"#, "{ \"env\": \"NAME\" } takes another one"),
        (#""ssh": ["git"]"#, "ssh[0]: expected default, or a key or an agent's socket as ID=PATH"),
        (#""ssh": "default""#, "write [\"default\"]"),
        (#""buildContexts": { "Shared": "s" }"#, "names in a Dockerfile are lower case"),
        (#""buildContexts": { "s": "https://a/b.git" }"#, "files are watched, so a URL can't be used"),
        (#""buildContexts": { "s": "docker-image://Shop" }"#, "expected an image as docker-image://NAME[:TAG]"),
        (#""cacheTo": ["type=s3,bucket=b,secret_access_key=abc"]"#, "secret_access_key is secret, and belongs into"),
        (#""network": "a b""#, "expected a network"), (#""addHosts": ["db"]"#, "expected a host as NAME:ADDRESS"),
        (#""labels": { "a": 1 }"#, "labels.a: expected a string, found 1"),
        (#""extraArguments": ["--secret=id=a"]"#, "that is \"secrets\""),
        (#""extraArguments": ["-tother"]"#, "that is \"image\""),
        (#""extraArguments": ["--push"]"#, "devloop needs the image in Docker"),
        (#""extraArguments": ["--shm-size", "1g"]"#, "a value stands with its flag, after the ="),
    ])
    func whatCanNotBeIsSaidInWords(keys: String, words: String) throws {
        let said = try problem(keys)
        #expect(said.contains(words), "\(said)")
        #expect(!said.contains("abc,"))
    }

    @Test func whatIsNamedHasToBeThere() throws {
        let disk = Disk(kind: { path in
            path == "/projects/shop/web" ? .folder : path == "/projects/shop/web/Dockerfile" ? .file : nil
        })
        #expect(
            try problem(#""buildContexts": { "shared": "../shard" }"#, on: disk).hasSuffix(
                "services[0].buildContexts.shared: expected a folder at /projects/shard, found nothing"))
        #expect(
            try problem(#""secrets": { "npm": ".npmrc" }"#, on: disk).contains(
                "services[0].secrets.npm: expected the file that holds the secret at /projects/shop/.npmrc, found nothing"
            ))
        #expect(
            try problem(#""ssh": ["default=id"]"#, on: disk).contains(
                "services[0].ssh[0]: expected a key, or the socket of an agent, at /projects/shop/id, found nothing"))
    }

    // MARK: What a build needs

    private func missing(
        _ keys: String, _ ability: BuilderAbility, environment: [String: String] = [:]
    ) throws -> [String] {
        let configuration = try Fixture.configuration(text(keys))
        do throws(ConfigurationError) {
            try BuildRequirements(ability: ability, environment: environment).check(
                configuration.services, of: configuration)
            return []
        } catch {
            return error.lines
        }
    }

    @Test func aFlagThatTheBuilderLacksIsSaidBeforeAnythingIsBuilt() throws {
        let lines = try missing(
            #""platform": "linux/arm64", "buildContexts": { "s": "s" }, "labels": { "a": "b" }"#,
            BuilderAbility(.legacy, flags: ["label", "file"]))
        #expect(lines.count == 2)
        #expect(lines[0].contains("services[0].platform: the builder here is Docker's old one and has no --platform: "))
        #expect(lines[0].contains("set DOCKER_BUILDKIT=1"))
        #expect(lines[1].contains("services[0].buildContexts: ") && lines[1].contains("install buildx"))
    }

    @Test func aVariableThatIsNotSetAndAnAgentThatIsNotThereAreSaid() throws {
        let keys = #""secrets": { "TOKEN": null }, "ssh": ["default"]"#
        let lines = try missing(keys, BuilderAbility(.unknown))
        #expect(lines.count == 2)
        #expect(lines[0].contains("services[0].secrets.TOKEN: the environment's variable TOKEN is not set: export it"))
        #expect(lines[1].contains("services[0].ssh: no ssh agent") && lines[1].contains("ssh-add"))
        let environment = ["TOKEN": "x", "SSH_AUTH_SOCK": "/run/agent"]
        #expect(try missing(keys, BuilderAbility(.unknown), environment: environment) == [])
    }

    @Test func aPlatformThatDockerRunsWithAnEmulatorOnlyIsTold() throws {
        let machine = try #require(ImagePlatform("linux/amd64"))
        let services = try ["linux/arm64", "linux/amd64"].map {
            try Fixture.configuration(text(#""platform": "\#($0)""#)).services[0]
        }
        let notices = BuildRequirements.notices(services, on: machine)
        #expect(notices.count == 1)
        #expect(
            notices[0].hasPrefix("web: Docker here is linux/amd64, and runs programs for linux/arm64 with an emulator"))
        #expect(notices[0].hasSuffix("tonistiigi/binfmt --install arm64"))
    }

    // MARK: What is watched

    /// A service in a folder of its own, with a context `shared` beside its own.
    private func watched(
        in folder: TemporaryFolder, dockerfile: String = "FROM a\nCOPY src /\n", builder: BuilderKind = .buildKit,
        _ options: (inout BuildOptions) -> Void
    ) throws -> WatchedPaths {
        for name in ["web/src", "shared"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
        }
        try TestFile.write(Array(dockerfile.utf8), to: "\(folder.path)/web/Dockerfile")
        try TestFile.write(Array("*.md\n".utf8), to: "\(folder.path)/shared/.dockerignore")
        var service = Configuration.Service(
            name: "web", image: try #require(ImageReference("web")), context: "\(folder.path)/web",
            dockerfile: "\(folder.path)/web/Dockerfile", keyPath: "services[0]")
        options(&service.options)
        return WatchedPaths(
            Configuration(
                path: "\(folder.path)/devloop.json", name: "test", services: [service],
                origin: .init(file: "devloop.json")), environment: [:], builder: builder)
    }

    private func impact(_ watched: WatchedPaths, _ root: String, _ path: String) -> WatchedPaths.Impact {
        watched.impact(
            of: ChangeBatch(changes: [Change(rootID: root, path: path, kind: .modified)], firstNoticed: .now))
    }

    @Test func aFileOfANamedContextIsBuiltUnderTheContextsName() throws {
        let folder = try TemporaryFolder()
        let watched = try watched(in: folder) {
            $0.contexts = [.init(name: "shared", source: .folder("\(folder.path)/shared"))]
        }
        let root = try #require(watched.roots.first { $0.path == "\(folder.path)/shared" })
        #expect(root.filter.includes("lib/util.js") && !root.filter.includes("notes.md"))
        let impact = impact(watched, root.id, "lib/util.js")
        #expect(impact.paths == ["web": ["shared:lib/util.js"]])
        #expect(impact.services["web"]?.first?.place == .nowhere)
        #expect(self.impact(watched, root.id, ".dockerignore").filters)
    }

    @Test func ofAnotherBuilderNobodyKnowsWhichFilesOfANamedContextCount() throws {
        let folder = try TemporaryFolder()
        let watched = try watched(in: folder, builder: .podman) {
            $0.contexts = [.init(name: "shared", source: .folder("\(folder.path)/shared"))]
        }
        let root = try #require(watched.roots.first { $0.path == "\(folder.path)/shared" })
        #expect(root.filter.includes("notes.md"))
    }

    @Test func aSecretsFileIsWatchedWhereItIsAndWhereALinkLeads() throws {
        let folder = try TemporaryFolder()
        try TestFile.write(Array("1".utf8), to: "\(folder.path)/real")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: "real")
        let watched = try watched(in: folder) {
            $0.secrets = [.init(id: "npm", source: .file("\(folder.path)/link"))]
        }
        let roots = watched.roots.filter { $0.id.hasPrefix("secret npm") }
        #expect(roots.map(\.path).map(PathName.lastComponent) == ["link", "real"])
        #expect(impact(watched, roots[0].id, "link").paths == ["web": ["secret npm: link"]])
    }

    @Test(arguments: [("COPY . /", true), ("COPY src /", false)])
    func aSecretThatTheDockerfileMayCopyIsTold(copy: String, isCopied: Bool) throws {
        let folder = try TemporaryFolder()
        let watched = try watched(in: folder, dockerfile: "FROM a\n\(copy)\n") {
            $0.secrets = [.init(id: "npm", source: .file("\(folder.path)/web/.npmrc"))]
        }
        #expect(watched.problems.count == (isCopied ? 1 : 0))
        #expect(watched.problems.allSatisfy { $0.hasSuffix("name .npmrc in .dockerignore") })
    }

    @Test func whereANamedContextTakesThePlaceOfAStageEveryFileCountsAndNoneIsSynced() throws {
        let folder = try TemporaryFolder()
        let watched = try watched(
            in: folder, dockerfile: "FROM a AS build\nCOPY src /src\nFROM a\nCOPY --from=build /src /app\n"
        ) {
            $0.contexts = [.init(name: "build", source: .folder("\(folder.path)/shared"))]
        }
        #expect(try #require(watched.roots.first { $0.path == "\(folder.path)/web" }).filter.includes("else"))
        let change = impact(watched, "context of web", "src/a.js").services["web"]?.first
        if case .image = change?.place { Issue.record("the file is said to be in the image") }
    }
}
