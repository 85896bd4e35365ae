import Foundation
import TestSupport
import Testing

@testable import Runner

/// The flags of a build with the real builders.
@Suite(
    .enabled(if: DockerStage.isAvailable && TinyProject.isPossible, "needs Docker and busybox-static"), .serialized,
    .timeLimit(.minutes(2)))
struct BuildOptionsTests {
    private static let buildKit = ImageBuilderProgram.builders.first(where: \.usesBuildKit)

    private func secretProject() throws -> BuildProject {
        let project = try BuildProject(
            services: [
                #"{ "image": "NAME/app", "context": "app", "sync": false, "secrets": { "file": "token.txt", "TOKEN": null } }"#
            ],
            files: [
                "app/Dockerfile": """
                \(BuildProject.busybox)
                # A cache knows no secrets: it would have what an earlier project gave.
                ENV PROJECT=NAME
                RUN --mount=type=secret,id=file --mount=type=secret,id=TOKEN \
                    cat /run/secrets/file /run/secrets/TOKEN | sha1sum >/sum; sleep 1
                CMD ["/bin/sh", "-c", "echo sum $(cat /sum); trap 'exit 0' TERM; sleep 1000 & wait"]
                """, "k8s/app.yaml": BuildProject.deployment(of: "app"),
            ])
        try project.copyBusybox(to: "app")
        return project
    }

    /// The SHA-1 of a text.
    private func sum(_ text: String, in project: BuildProject) async throws -> String {
        try project.write(text, to: "sum.txt")
        return try await String(Shell.run(TinyProject.busybox, "sha1sum", "\(project.folder.path)/sum.txt").prefix(40))
    }

    @Test(.enabled(if: buildKit != nil, "needs BuildKit"))
    func theValuesOfSecretsAreInNoArgumentNoOutputAndNoLayer() async throws {
        let builder = try #require(Self.buildKit)
        let project = try secretProject()
        try await project.run {
            let (inFile, inVariable) = ("file-\(UUID().uuidString)", "variable-\(UUID().uuidString)")
            try project.write(inFile, to: "token.txt")
            let build = try DevloopProcess(
                ["build", "-v"], folder: project.folder,
                environment: project.environment(builder).merging(["TOKEN": inVariable]) { $1 })
            let seen = await ProcessRecord.of { build.isRunning }
            #expect(await build.exitStatus() == 0, "\(build.output)")
            let isBuilt = seen.arguments.contains { $0.contains("--secret=id=file,src=") && $0.contains(project.name) }
            #expect(isBuilt, "nobody looked while it was built")
            #expect(!seen.arguments.contains { $0.contains(inFile) || $0.contains(inVariable) })
            #expect(!seen.environments.contains { $0.contains(inFile) })
            #expect(!build.output.contains(inFile) && !build.output.contains(inVariable))
            let image = "\(project.name)/app"
            #expect(
                try await Shell.run("docker", "run", "--rm", image, "cat", "/sum").hasPrefix(
                    sum(inFile + inVariable, in: project)))
            let archive = project.folder.appendingPathComponent("image.tar")
            _ = try await Shell.run("docker", "save", "--output=\(archive.path)", image)
            let layers = try Data(contentsOf: archive)
            #expect(layers.range(of: Data("/run/secrets/file".utf8)) != nil, "the history is in there")
            for value in [inFile, inVariable] { #expect(layers.range(of: Data(value.utf8)) == nil) }
        }
    }

    @Test(.enabled(if: buildKit != nil, "needs BuildKit"))
    func aSecretThatIsSavedIsUsedAtOnceThoughTheCacheHoldsWhatTheOldOneGave() async throws {
        let builder = try #require(Self.buildKit)
        let project = try secretProject()
        try await project.run {
            try project.write("old", to: "token.txt")
            let environment = project.environment(builder).merging(["TOKEN": "x"]) { $1 }
            try await DevloopProcess.dev(
                ["--target=docker"], of: ["app"], in: project.folder, environment: environment
            ) { dev in
                try await dev.line(containing: "sum \(sum("oldx", in: project))")
                try project.write("new", to: "token.txt")
                try await dev.line(containing: "app: secret file: token.txt changed, building")
                try await dev.line(containing: "app: a secret is another one than at its last build")
                try await dev.line(containing: "sum \(sum("newx", in: project))")
                // One that is gone is no older one.
                let mark = dev.lineCount
                try FileManager.default.removeItem(at: project.folder.appendingPathComponent("token.txt"))
                try await dev.line(from: mark, containing: "\"secrets\" says where each is")
            }

            // What changed while nobody watched counts too, and what did not is taken from the cache.
            try project.write("newer", to: "token.txt")
            for isNews in [true, false] {
                let build = try DevloopProcess(["build", "-v"], folder: project.folder, environment: environment)
                #expect(await build.exitStatus() == 0)
                #expect(build.output.contains("building without the cache") == isNews, "\(build.output)")
            }
            #expect(
                try await Shell.run("docker", "run", "--rm", "\(project.name)/app", "cat", "/sum").hasPrefix(
                    sum("newerx", in: project)))
        }
    }

    @Test(.enabled(if: buildKit != nil, "needs BuildKit"))
    func aKeyIsUsedThroughAnAgentAndIsInNoLayer() async throws {
        let builder = try #require(Self.buildKit)
        let project = try BuildProject(
            services: [#"{ "image": "NAME/app", "context": "app", "ssh": ["git=keys/id"] }"#],
            files: [
                "app/Dockerfile": """
                \(BuildProject.busybox)
                RUN --mount=type=ssh,id=git test -S "$SSH_AUTH_SOCK" && echo NAME >/socket
                """
            ])
        try project.copyBusybox(to: "app")
        try FileManager.default.createDirectory(
            at: project.folder.appendingPathComponent("keys"), withIntermediateDirectories: true)
        let key = project.folder.appendingPathComponent("keys/id").path
        _ = try await Shell.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        try await project.run {
            let build = try DevloopProcess(
                ["build"], folder: project.folder, environment: project.environment(builder))
            #expect(await build.exitStatus() == 0, "\(build.output)")
            #expect(
                try await Shell.run("docker", "run", "--rm", "\(project.name)/app", "cat", "/socket") == project.name)
        }
    }

    @Test(arguments: ImageBuilderProgram.builders)
    func labelsHostsNetworksAndFlagsReachTheImage(builder: ImageBuilderProgram) async throws {
        // Each builder has something that the other one has not.
        let own = builder.usesBuildKit ? #""platform": "linux/amd64""# : #""extraArguments": ["--force-rm=true"]"#
        let project = try BuildProject(
            services: [
                #"{ "image": "NAME/app", "context": "app", "labels": { "team": "a b" }, "addHosts": ["db:10.1.2.3"], "network": "none", "cacheFrom": ["NAME/app"], \#(own) }"#
            ],
            files: [
                "app/Dockerfile": "\(BuildProject.busybox)\nRUN cat /etc/hosts >/hosts; ip -o link | wc -l >/links\n"
            ])
        try project.copyBusybox(to: "app")
        try await project.run {
            let build = try DevloopProcess(
                ["build"], folder: project.folder, environment: project.environment(builder))
            #expect(await build.exitStatus() == 0, "\(build.output)")
            let image = "\(project.name)/app"
            #expect(
                try await Shell.run("docker", "image", "inspect", "--format={{.Config.Labels.team}}", image) == "a b")
            let hosts = try await Shell.run("docker", "run", "--rm", image, "cat", "/hosts")
            #expect(
                hosts.split(separator: "\n").contains {
                    $0.split(whereSeparator: \.isWhitespace) == ["10.1.2.3", "db"]
                })
            #expect(try await Shell.run("docker", "run", "--rm", image, "cat", "/links") == "1")
        }
    }

    /// Nothing but a program for another machine.
    @Test(arguments: ImageBuilderProgram.builders)
    func aPlatformThatDoesNotRunHereIsSaidWithTheWayToRunIt(builder: ImageBuilderProgram) async throws {
        // What the legacy builder leaves of a build that fails is nobody's to keep.
        let keys = builder.usesBuildKit ? #""platform": "linux/s390x""# : #""extraArguments": ["--force-rm"]"#
        let project = try BuildProject(
            services: [#"{ "image": "NAME/app", "context": "app", \#(keys) }"#],
            files: ["app/Dockerfile": "FROM scratch\nCOPY program /bin/sh\nRUN anything\n"])
        try await project.run {
            var program = try Data(contentsOf: URL(fileURLWithPath: TinyProject.busybox))
            // The machine in an ELF header (https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html): S/390.
            program.replaceSubrange(18..<20, with: [22, 0])
            let file = project.folder.appendingPathComponent("app/program")
            try program.write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
            let build = try DevloopProcess(
                ["build"], folder: project.folder, environment: project.environment(builder))
            #expect(await build.exitStatus() == 1)
            let words = builder.usesBuildKit ? "tonistiigi/binfmt --install s390x" : "another kind of machine"
            #expect(build.output.contains(words), "\(build.output)")
        }
    }
}
