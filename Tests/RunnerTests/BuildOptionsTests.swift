import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct BuildOptionsTests {
    @Test func eachOptionIsItsFlagAndTheRestFollowsAsItIs() throws {
        var options = BuildOptions()
        options.platform = "linux/arm64"
        options.secrets = [
            .init(id: "npm", source: .file("/home/me/.npmrc")), .init(id: "odd", source: .file("/a,\"b")),
            .init(id: "token", source: .variable("TOKEN")),
        ]
        options.ssh = [.init(id: "default"), .init(id: "git", path: "/home/me/.ssh/id")]
        options.cacheFrom = ["shop/web:cache"]
        options.cacheTo = ["type=registry,ref=r/web"]
        options.network = "host"
        options.addHosts = ["db:10.0.0.1"]
        options.contexts = [
            .init(name: "shared", source: .folder("/src/shared")),
            .init(name: "base", source: .image(try #require(ImageReference("shop/base:1")))),
        ]
        options.noCacheFilter = ["build"]
        options.labels = [.init(name: "team", value: "a = b")]
        options.extraArguments = ["--shm-size=1g"]
        let request = BuildRequest(
            reference: try #require(ImageReference("shop/web")), context: "/src/web", dockerfile: "/src/web/Dockerfile",
            options: options)
        #expect(
            ImageBuilder.buildCommand(request, idFile: "/id").arguments == [
                "build", "--tag=shop/web:latest", "--file=/src/web/Dockerfile", "--iidfile=/id",
                "--platform=linux/arm64", "--secret=id=npm,src=/home/me/.npmrc",
                #"--secret=id=odd,"src=/a,""b""#, "--secret=id=token,env=TOKEN", "--ssh=default",
                "--ssh=git=/home/me/.ssh/id",
                "--cache-from=shop/web:cache", "--cache-to=type=registry,ref=r/web", "--network=host",
                "--add-host=db:10.0.0.1", "--build-context=shared=/src/shared",
                "--build-context=base=docker-image://shop/base:1", "--no-cache-filter=build", "--label=team=a = b",
                "--shm-size=1g", "/src/web",
            ])
    }

    /// buildx refuses both at once.
    @Test func aBuildWithoutTheCacheNamesNoStageToBeBuiltWithoutIt() throws {
        var options = BuildOptions()
        options.noCacheFilter = ["build"]
        var request = BuildRequest(
            reference: try #require(ImageReference("shop/web")), context: "/c", dockerfile: "/c/Dockerfile",
            options: options)
        request.ignoresCache = true
        let arguments = ImageBuilder.buildCommand(request, idFile: "/id").arguments
        #expect(arguments.contains("--no-cache"))
        #expect(!arguments.contains { $0.hasPrefix("--no-cache-filter") })
    }

    @Test(arguments: [
        ("#9 0.19 exec /bin/sh: exec format error", "linux/arm64", "tonistiigi/binfmt --install arm64"),
        ("standard_init_linux.go:228: exec user process caused: exec format error", nil, "another kind of machine"),
        ("pull access denied for shard, repository does not exist", nil, "the named contexts are shared;"),
        ("unknown flag: --shm", "linux/arm64", "--shm"), ("could not parse secrets: [id=a]: failed", nil, "secrets"),
    ])
    func aFailureThatAnOptionExplainsSaysWhatToDo(line: String, platform: String?, words: String) async throws {
        let docker = try StandIn(["docker": "build*) echo 'Step 1'; echo '\(line)' >&2; exit 1;;"])
        let builder = ImageBuilder(launcher: docker.launcher, scratch: docker.scratch)
        var request = BuildRequest(
            reference: try #require(ImageReference("shop/web")), context: "/c", dockerfile: "/c/Dockerfile")
        request.options.platform = platform
        request.options.extraArguments = ["--shm"]
        request.options.contexts = [.init(name: "shared", source: .folder("/s"))]
        let error = try await targetError { try await builder.build(request) }
        #expect(error.advice?.contains(words) == true, "\(error.advice ?? "")")
        docker.verify()
    }
}

struct BuilderAbilityTests {
    /// What `docker build --help` prints.
    private static func help(_ usage: String, _ flags: String...) -> BuilderAbility {
        BuilderAbility(
            help: "Usage:  \(usage)\n\nOptions:\n  -f, --file string             Name of the Dockerfile\n"
                + flags.map { "      --\($0) stringArray    About --something\n" }.joined())
    }

    private static let legacy = help("docker build [OPTIONS] PATH | URL | -", "label", "network", "cache-from")
    private static let buildKit = help(
        "docker build [OPTIONS] PATH | URL | -", "label", "network", "secret", "ssh", "platform")
    private static let buildx = help(
        "docker buildx build [OPTIONS] PATH | URL | -", "secret", "build-context", "cache-to", "no-cache-filter",
        "platform")

    private static var options: BuildOptions {
        var options = BuildOptions()
        options.platform = "linux/arm64"
        options.secrets = [.init(id: "a", source: .variable("A")), .init(id: "b", source: .variable("B"))]
        options.contexts = [.init(name: "shared", source: .folder("/s"))]
        return options
    }

    @Test func whatAClientListsItUnderstands() {
        #expect(Self.legacy == BuilderAbility(.legacy, flags: ["file", "label", "network", "cache-from"]))
        #expect(Self.legacy.missing(in: Self.options).map(\.option) == ["platform", "secrets", "buildContexts"])
        #expect(Self.buildKit.missing(in: Self.options).map(\.option) == ["buildContexts"])
        #expect(Self.buildx.missing(in: Self.options) == [])
    }

    @Test func ofAClientThatListsNothingNobodyCanTell() {
        #expect(BuilderAbility(.unknown).missing(in: Self.options) == [])
    }

    @Test func theWayToABuilderThatHasAFlagIsNamed() {
        #expect(Self.legacy.advice(for: "secret").hasPrefix("set DOCKER_BUILDKIT=1"))
        #expect(Self.legacy.advice(for: "build-context").hasPrefix("install buildx"))
        #expect(Self.buildKit.advice(for: "build-context").hasPrefix("install buildx"))
        #expect(BuilderAbility(.podman).advice(for: "no-cache-filter").hasPrefix("take it out"))
    }
}

struct ImagePlatformTests {
    @Test(arguments: [
        ("linux/arm64", true), ("linux/arm/v7", true), ("linux", false), ("arm64", false), ("linux/x86_64", false),
        ("plan9/amd64", false), ("linux/arm/", false), ("linux/amd64,linux/arm64", false),
    ])
    func aPlatformIsASystemAndAnArchitecture(text: String, isOne: Bool) {
        #expect((ImagePlatform(text) != nil) == isOne)
    }

    @Test(arguments: [
        ("linux/amd64", "linux/amd64", true), ("linux/386", "linux/amd64", true), ("linux/arm/v7", "linux/arm64", true),
        ("linux/arm64", "linux/amd64", false), ("windows/amd64", "linux/amd64", false),
    ])
    func aMachineRunsWhatItsProcessorKnows(program: String, machine: String, runs: Bool) throws {
        #expect(try #require(ImagePlatform(program)).runs(on: try #require(ImagePlatform(machine))) == runs)
    }
}
