import Foundation
import Testing

/// The program with stand-ins for docker and kubectl: what is called in which order, exit statuses, messages.
@Suite(.timeLimit(.minutes(1))) struct CommandTests {
    private func run(
        _ arguments: String..., docker: String? = StandIns.docker, kubectl: String? = StandIns.kubectl,
        configuration: String = StandIns.configuration
    ) async throws -> (status: Int32, output: String, calls: [String]) {
        let standIns = try StandIns(docker: docker, kubectl: kubectl, configuration: configuration)
        defer { standIns.remove() }
        let tools = try DevloopRun(standIns, arguments)
        let status = await tools.process.exitStatus()
        #expect(standIns.unexpected == [])
        return (status, tools.process.output, standIns.calls)
    }

    private struct DevloopRun {
        let process: DevloopProcess

        init(_ standIns: StandIns, _ arguments: [String]) throws {
            switch arguments.count {
            case 0: process = try standIns.devloop()
            case 1: process = try standIns.devloop(arguments[0])
            case 2: process = try standIns.devloop(arguments[0], arguments[1])
            default: process = try standIns.devloop(arguments[0], arguments[1], arguments[2])
            }
        }
    }

    @Test func theVersionIsPrinted() async throws {
        let result = try await run("--version")
        #expect(result.status == 0)
        #expect(result.output.hasPrefix("devloop "))
        #expect(result.calls.isEmpty)
    }

    @Test(arguments: ["dev", "build", "down"]) func everyCommandHasHelpOfAtMost80Columns(_ command: String) async throws
    {
        let result = try await run(command, "--help")
        #expect(result.status == 0)
        #expect(result.output.contains("Usage: devloop \(command)"))
        #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(result.calls.isEmpty)
    }

    @Test(arguments: [
        (["biuld"], "build"), (["dev", "--regisrty=x"], "--registry"), (["dev", "--push"], "build"),
        (["build", "wbe"], "web"), (["dev", "--target=dokcer"], "docker"), (["dev", "--jobs=0"], "--jobs"),
    ])
    func aMisspeltWordIsOneLineWithTheRightOneAndExit64(_ arguments: [String], _ right: String) async throws {
        let result =
            arguments.count == 1 ? try await run(arguments[0]) : try await run(arguments[0], arguments[1])
        #expect(result.status == 64)
        #expect(result.output.split(separator: "\n").count == 1, "\(result.output)")
        #expect(result.output.contains(right), "\(result.output)")
        #expect(!result.calls.contains { $0.hasPrefix("docker build") })
    }

    @Test func withoutACommandTheHelpIsPrintedWithExit64() async throws {
        let result = try await run()
        #expect(result.status == 64)
        #expect(result.output.contains("Usage: devloop"))
    }

    @Test(arguments: ["dev", "build"]) func missingDockerIsNamedWithExit69(_ command: String) async throws {
        let result = try await run(command, docker: nil)
        #expect(result.status == 69)
        #expect(result.output.contains("docker was not found on PATH"))
        #expect(result.output.contains("install Docker"))
    }

    @Test(arguments: ["dev", "down"]) func missingKubectlIsNamedWithExit69(_ command: String) async throws {
        let result = try await run(command, kubectl: nil)
        #expect(result.status == 69)
        #expect(result.output.contains("kubectl was not found on PATH"))
        #expect(result.output.contains("install kubectl"))
    }

    @Test(arguments: ["dev", "build"]) func aStoppedDaemonIsExit69WithTheWayToStartIt(_ command: String) async throws {
        let result = try await run(
            command,
            docker:
                "*) echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2; exit 1;;"
        )
        #expect(result.status == 69)
        #expect(result.output.contains("Docker daemon cannot be reached"))
        #expect(result.output.contains("systemctl start docker"))
    }

    /// `devloop build api`, whose image is built on that of web.
    private func buildOnWeb(docker: String = StandIns.docker) async throws -> (
        status: Int32, output: String, builds: [String]
    ) {
        let standIns = try StandIns(docker: docker)
        defer { standIns.remove() }
        try standIns.write("FROM scratch\nCOPY --from=shop/web /a /a\n", to: "api/Dockerfile")
        let build = try standIns.devloop("build", "api", "--color=never")
        let status = await build.exitStatus()
        #expect(standIns.unexpected == [])
        return (status, build.output, standIns.builds)
    }

    @Test func whatAnImageIsBuiltOnIsBuiltBeforeIt() async throws {
        let (status, output, builds) = try await buildOnWeb()
        #expect(status == 0)
        #expect(builds.count == 2 && builds[0].hasSuffix("web") && builds[1].hasSuffix("api"), "\(builds)")
        let results = output.split(separator: "\n").filter { $0.hasPrefix("shop/") }
        #expect(results.count == 1 && results[0].hasPrefix("shop/api:latest sha256:"), "\(output)")
    }

    @Test func servicesOfOneRequestAreBuiltOnceAndTaggedWithEachName() async throws {
        let standIns = try StandIns(
            configuration: StandIns.configuration.replacingOccurrences(
                of: #""context": "api""#, with: #""context": "web""#))
        defer { standIns.remove() }
        let build = try standIns.devloop("build", "--color=never")
        #expect(await build.exitStatus() == 0, "\(build.output)")
        #expect(standIns.builds.count == 1 && standIns.builds.first?.contains("--tag=shop/web:latest") == true)
        #expect(standIns.calls.contains { $0.hasPrefix("docker tag sha256:") && $0.hasSuffix(" shop/api:latest") })
        #expect(build.output.contains("shop/api:latest sha256:"), "\(build.output)")
        // Who asks for one gets that one.
        let second = try standIns.devloop("build", "api", "--color=never")
        #expect(await second.exitStatus() == 0)
        #expect(standIns.builds.count == 2 && standIns.builds.last?.contains("--tag=shop/api:latest") == true)
        #expect(standIns.unexpected == [])
    }

    @Test(
        arguments: [
            (#""secrets": { "NO_SUCH_VARIABLE": null }"#, "secrets.NO_SUCH_VARIABLE: the environment's variable"),
            (#""secrets": { "npm": ".npmrc" }"#, "secrets.npm: expected the file that holds the secret at "),
            (#""buildContexts": { "shared": "shard" }"#, "buildContexts.shared: expected a folder at "),
            (
                #""noCacheFilter": ["build"]"#,
                "noCacheFilter: the builder here is Docker's old one and has no --no-cache-filter"
            ),
            (#""platform": "linux/amd46""#, "platform: expected a platform as OS/ARCH[/VARIANT]"),
        ], ["build", "dev"])
    func whatABuildLacksIsSaidBeforeIt(_ lack: (keys: String, words: String), _ command: String) async throws {
        let result = try await run(
            command,
            docker: StandIns.docker.replacingOccurrences(
                of: "PATH | URL | -\"", with: "PATH | URL | -\"; echo '      --label list  Set metadata'"),
            configuration: StandIns.configuration.replacingOccurrences(
                of: #""context": "api""#, with: #""context": "api", \#(lack.keys)"#))
        #expect(result.status == 78)
        #expect(result.output.contains("devloop.json:3:"), "\(result.output)")
        #expect(result.output.contains("services[1].\(lack.words)"), "\(result.output)")
        #expect(!result.calls.contains { $0.hasPrefix("docker build --tag") })
    }

    @Test(arguments: ["dev", "build"]) func aCircleIsRefusedWithItsPath(_ command: String) async throws {
        let standIns = try StandIns()
        defer { standIns.remove() }
        try standIns.write("ARG BASE=shop/api\nFROM $BASE\n", to: "web/Dockerfile")
        try standIns.write("FROM scratch\nCOPY --from=shop/web /a /a\n", to: "api/Dockerfile")
        let run = try standIns.devloop(command, "--color=never")
        #expect(await run.exitStatus() == 78)
        #expect(run.output.contains("web is built on api is built on web"), "\(run.output)")
        #expect(standIns.builds == [] && standIns.unexpected == [])
    }

    @Test func nothingIsBuiltOnAnImageThatFailed() async throws {
        let (status, output, builds) = try await buildOnWeb(docker: "build*web) exit 1;;\n" + StandIns.docker)
        #expect(status == 1)
        #expect(builds.count == 1)
        #expect(output.contains("api: not built, since web, whose image it is built on, failed"), "\(output)")
    }

    @Test(arguments: ["dev", "down"]) func anUnreachableClusterIsExit69(_ command: String) async throws {
        let refused =
            "*\"get --raw=/version\"*) echo 'The connection to the server nowhere was refused' >&2; exit 1;;\n"
        let result = try await run(command, kubectl: refused + StandIns.kubectl)
        #expect(result.status == 69)
        #expect(result.output.contains("context here (https://nowhere) cannot be reached"))
        #expect(result.output.contains("was refused"))
    }

    private static let configurationThatAllowsNoContext = StandIns.configuration.replacingOccurrences(
        of: #""allowedContexts": ["here", "there"],"#, with: "")

    @Test(arguments: ["dev", "down"])
    func aClusterThatIsNotKnownToBeLocalIsExit78WithoutATerminal(_ command: String) async throws {
        let result = try await run(command, configuration: Self.configurationThatAllowsNoContext)
        #expect(result.status == 78)
        for word in ["context here", "https://nowhere", "namespace default", "--yes", "allowedContexts"] {
            #expect(result.output.contains(word), "\(result.output)")
        }
        #expect(!result.calls.contains { $0.contains("--context") }, "\(result.calls)")
    }

    @Test func yesAllowsACluster() async throws {
        let result = try await run("down", "--yes", configuration: Self.configurationThatAllowsNoContext)
        #expect(result.status == 0)
        #expect(result.calls.contains { $0.hasPrefix("kubectl --context=here") && $0.contains(" delete ") })
    }

    @Test(arguments: ["y", "n"]) func atATerminalTheClusterIsAskedAboutOnce(answer: String) async throws {
        let standIns = try StandIns(configuration: Self.configurationThatAllowsNoContext)
        defer { standIns.remove() }
        _ = await (try standIns.devloop("--version")).exitStatus()
        let down = { (typed: String) in
            try await Shell.attempt(
                "/bin/sh",
                [
                    "-c", "cd \"$1\" && printf \"$2\" | script --quiet --return --command \"$3 down\" /dev/null", "sh",
                    standIns.folder.path, typed, DevloopProcess.executable,
                ],
                environment: [
                    "PATH": "\(standIns.path):/usr/bin:/bin", "XDG_STATE_HOME": standIns.folder.path + "/state",
                ])
        }
        let first = try await down("\(answer)\n")
        let isAllowed = answer == "y"
        #expect(first.text.contains("https://nowhere"), "\(first)")
        #expect((first.termination == .exited(0)) == isAllowed, "\(first)")
        #expect(standIns.calls.contains { $0.contains(" delete ") } == isAllowed)
        let second = try await down("")
        #expect(second.text.contains("not known to be") != isAllowed, "\(second)")
    }

    @Test func aContextThatDoesNotExistIsExit78WithTheOnesThatDo() async throws {
        let result = try await run("dev", "--context", "nope")
        #expect(result.status == 78)
        #expect(result.output.contains("there is no context nope"))
        #expect(result.output.contains("here, there"))
    }

    @Test func manifestsThatAreNoYAMLAreExit78WithKubectlsWords() async throws {
        let words = "error: error parsing k8s/all.yaml: yaml: line 1: did not find expected node content"
        let result = try await run(
            "dev", kubectl: "\"label --local\"*) echo '\(words)' >&2; exit 1;;\n" + StandIns.kubectl)
        #expect(result.status == 78)
        #expect(result.output.contains(words))
    }

    @Test(arguments: [
        (#"{ "services": [] }"#, "devloop.json:1:3: services"),
        (#"{ "services": [{ "image": "--help", "context": "web" }] }"#, "services[0].image"),
        (#"{ "servces": [] }"#, "services"),
        (#"{ "services": [{ "image": "shop/web", "context": "missing" }] }"#, "missing"),
        ("not json", "devloop.json:1:1"),
    ])
    func whatIsWrongWithTheConfigurationIsToldWithItsPlace(_ text: String, _ expected: String) async throws {
        let result = try await run("dev", configuration: text)
        #expect(result.status == 78)
        #expect(result.output.contains("devloop.json:1:"))
        #expect(result.output.contains(expected), "\(result.output)")
        #expect(!result.calls.contains { $0.hasPrefix("docker build --tag") || $0.contains("apply") })
    }

    @Test func anImageThatNothingRunsIsBuiltAndTheNearNameIsTold() async throws {
        let standIns = try StandIns(
            configuration: StandIns.configuration.replacingOccurrences(of: "shop/api", with: "shop/apii"))
        defer { standIns.remove() }
        let dev = try standIns.devloop("dev", "--color=never")
        try await dev.line(containing: "apii: built, but nothing runs its image shop/apii")
        #expect(dev.output.contains("did you mean shop/api, which a manifest uses?"), "\(dev.output)")
        try await dev.line(containing: "✓ apii built in")
        // A base that is saved is built again all the same.
        let mark = dev.lineCount
        try standIns.write("edited", to: "api/file")
        try await dev.line(from: mark, containing: "✓ apii built in")
        dev.signal(SIGTERM)
        #expect(await dev.exitStatus() == 0)
        #expect(standIns.unexpected == [])
    }

    @Test func aFileOfANamedContextIsExplainedByThat() async throws {
        let standIns = try StandIns(
            configuration: StandIns.configuration.replacingOccurrences(
                of: #""context": "web""#, with: #""context": "web", "buildContexts": { "shared": "api" }"#))
        defer { standIns.remove() }
        try standIns.write("code", to: "api/util.js")
        let explain = try standIns.devloop("explain", "web", "api/util.js")
        #expect(await explain.exitStatus() == 0)
        #expect(explain.output.contains("web: api/util.js: built: it is of the context shared"), "\(explain.output)")
    }

    @Test func buildBuildsAllImagesAndPrintsTheirIds() async throws {
        let result = try await run("build")
        #expect(result.status == 0, "\(result.output)")
        #expect(result.calls.filter { $0.hasPrefix("docker build --tag") }.count == 2)
        #expect(result.output.contains("shop/web:latest sha256:"))
    }

    @Test func buildWithPushTagsAndPushesWhatItBuiltAndPrintsTheDigest() async throws {
        let result = try await run("build", "--push", "web")
        #expect(result.status == 0, "\(result.output)")
        let calls = result.calls.filter { !$0.contains("version") && $0 != "docker build --help" }
        #expect(calls.count == 3)
        #expect(calls[0].hasPrefix("docker build --tag=shop/web:latest --file="))
        #expect(calls[1].hasPrefix("docker tag sha256:") && calls[1].hasSuffix(" registry:5000/shop/web:latest"))
        #expect(calls[2] == "docker push registry:5000/shop/web:latest")
        #expect(result.output.contains("registry:5000/shop/web:latest@sha256:0123"))
    }

    @Test func aBuildThatFailsIsExit1AndTheOthersAreBuiltAllTheSame() async throws {
        let failing = "build*web) echo 'dockerfile parse error on line 3: unknown instruction: FORM'; exit 1;;\n"
        let result = try await run("build", docker: failing + StandIns.docker)
        #expect(result.status == 1)
        #expect(result.output.contains("web: docker build of shop/web failed (exit status 1)"))
        #expect(result.output.contains("unknown instruction: FORM"))
        #expect(result.output.contains("api built in"))
    }

    @Test func downDeletesWhatTheManifestsHoldInTheContextThatItNames() async throws {
        let result = try await run("down", "--namespace=mine")
        #expect(result.status == 0)
        #expect(result.calls.contains("kubectl --context=here --namespace=mine delete --ignore-not-found --filename=-"))
        #expect(result.output.contains("deleted"))
    }
}
