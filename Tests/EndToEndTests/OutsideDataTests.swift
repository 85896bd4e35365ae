import Foundation
import Testing

/// Secrets and ConfigMaps that only devloop.json names, in containers that need them.
@Suite(.enabled(if: Docker.isThere && TinyProject.isPossible), .serialized, .timeLimit(.minutes(3)))
struct OutsideDataTests {
    private static let environment = """
                  envFrom:
                    - secretRef: {name: login}
                    - secretRef: {name: db}
                    - configMapRef: {name: settings}
        """

    private static let data = """
        "secrets": { "login": { "TOKEN": null }, "db": ".env.db" }, "configMaps": { "settings": { "MODE": "fast" } }
        """

    private static func project(_ data: String = data) throws -> TinyProject {
        let project = try TinyProject(manifests: TinyProject.deployment(environment))
        try save(data, of: project)
        return project
    }

    private static func save(_ data: String, of project: TinyProject) throws {
        try write(
            """
            { "name": "\(project.name)", "manifests": ["k8s"], \(data),
              "services": [{ "name": "app", "image": "\(project.name)/app", "context": "app" }] }
            """, to: "devloop.json", of: project)
    }

    private static func write(_ text: String, to file: String, of project: TinyProject) throws {
        try text.write(to: project.folder.appendingPathComponent(file), atomically: true, encoding: .utf8)
    }

    @Test func withoutAVariableOnlyDevEnds() async throws {
        let project = try Self.project(#""secrets": { "login": { "DEVLOOP_TEST_TOKEN": null } }"#)
        defer { project.remove() }
        let dev = try DevloopProcess(["dev", "--target=docker", "--color=never"], folder: project.folder)
        #expect(await dev.exitStatus() == 78)
        let line = try await dev.line(containing: "secrets.login.DEVLOOP_TEST_TOKEN: the Secret login takes")
        #expect(line.contains("devloop.json:1:"))
        #expect(line.contains("export DEVLOOP_TEST_TOKEN=…"))
        for command in ["build", "down"] {
            let other = try DevloopProcess([command, "--target=docker"], folder: project.folder)
            #expect(await other.exitStatus() == 0, "\(other.output)")
        }
        let logs = try DevloopProcess(["logs", "--no-follow", "--target=docker"], folder: project.folder)
        #expect(await logs.exitStatus() == 0, "\(logs.output)")
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/app"])
    }

    @Test func onDockerAChangedFileReplacesWhatUsesIt() async throws {
        let project = try Self.project()
        defer { project.remove() }
        try Self.write("PASSWORD=s3cret-one\n", to: ".env.db", of: project)
        func variables() async throws -> [String] {
            let ids = try await Docker.run("ps", "--quiet", "--filter=label=dev.devloop.project=\(project.name)")
            // The newest comes first; the one before may have its time to end.
            let newest = ids.split(separator: "\n").first.map(String.init) ?? ""
            return try await Docker.run("exec", newest, "/bin/busybox", "env").split(separator: "\n").map(String.init)
        }
        let dev = try DevloopProcess(
            ["dev", "--target=docker", "--color=never", "-v"], folder: project.folder,
            environment: ["TOKEN": "s3cret-token"])
        try await dev.line(containing: "✓ app live in")
        let first = try await variables()
        #expect(first.contains("TOKEN=s3cret-token") && first.contains("PASSWORD=s3cret-one"), "\(first)")
        #expect(first.contains("MODE=fast"))

        let line = dev.lineCount
        try Self.write("PASSWORD=s3cret-two\n", to: ".env.db", of: project)
        try await dev.line(from: line, containing: "version one starts")
        #expect(try await variables().contains("PASSWORD=s3cret-two"))

        // What was named is gone: that is told, and what runs goes on.
        let mark = dev.lineCount
        try FileManager.default.removeItem(at: project.folder.appendingPathComponent(".env.db"))
        try await dev.line(from: mark, containing: "there is no file .env.db to make the Secret db of")
        #expect(try await variables().contains("PASSWORD=s3cret-two"))
        try Self.write("PASSWORD=s3cret-three\n", to: ".env.db", of: project)
        try await dev.line(from: mark, containing: "version one starts")
        #expect(try await variables().contains("PASSWORD=s3cret-three"))

        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        #expect(!dev.output.contains("s3cret"), "\(dev.output)")
        let end = try DevloopProcess(["down", "--target=docker"], folder: project.folder)
        #expect(await end.exitStatus() == 0)
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/app"])
    }

    @Test func whatIsMissingIsToldWithTheLineThatMakesIt() async throws {
        let project = try Self.project(#""configMaps": { "settings": {} }"#)
        defer { project.remove() }
        let dev = try DevloopProcess(["dev", "--target=docker", "--color=never"], folder: project.folder)
        try await dev.line(containing: "needs the Secret login, which no manifest holds")
        try await dev.line(containing: #""secrets": { "login": ".env" } in devloop.json"#)
        let mark = dev.lineCount
        try Self.save(#""configMaps": { "settings": {} }, "secrets": { "login": {}, "db": { "A": "1" } }"#, of: project)
        try await dev.line(from: mark, containing: "version one starts")
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        let end = try DevloopProcess(["down", "--target=docker"], folder: project.folder)
        #expect(await end.exitStatus() == 0)
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/app"])
    }

    @Test func whatGitWouldTakeIsWarnedOf() async throws {
        let project = try Self.project(
            #""secrets": { "login": { "A": "x" }, "db": ".env.db" }, "configMaps": { "settings": {} }"#)
        defer { project.remove() }
        try Self.write("PASSWORD=one\n", to: ".env.db", of: project)
        try Self.write(".env*\n", to: ".gitignore", of: project)
        _ = try await Shell.run("git", "init", "--quiet", project.folder.path)
        let dev = try DevloopProcess(["dev", "--target=docker", "--color=never", "--cleanup"], folder: project.folder)
        let line = try await dev.line(containing: "git does not ignore")
        #expect(line.contains("devloop.json holds values of Secrets"))
        try await dev.line(containing: "✓ app live in")
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/app"])
    }

    // MARK: - On a cluster

    private static let onCluster = ConditionTrait.enabled(
        if: KubernetesStage.isAvailable, "needs DEVLOOP_E2E_CONTEXT and DEVLOOP_E2E_REGISTRY")

    @Test(onCluster) func onAClusterWhatIsMissingIsCreatedAndTheRestIsLeftAlone() async throws {
        let project = try Self.project()
        defer { project.remove() }
        try Self.write("PASSWORD=s3cret-one\n", to: ".env.db", of: project)
        let stage = KubernetesStage(namespace: project.name)
        let context = "--context=\(KubernetesStage.context ?? "")"
        func kubectl(_ arguments: String...) async throws -> String {
            let output = try await Shell.attempt("kubectl", [context, "--namespace=\(project.name)"] + arguments)
            guard output.termination.isSuccess else {
                throw ShellError(command: "kubectl \(arguments)", said: output.errorText)
            }
            return output.text
        }
        _ = try await kubectl("create", "namespace", project.name)
        do {
            _ = try await kubectl("create", "secret", "generic", "login", "--from-literal=TOKEN=theirs")
            let dev = try DevloopProcess(
                ["dev", "--color=never", "-v"] + stage.flags, folder: project.folder,
                environment: ["TOKEN": "s3cret-token"])
            try await dev.line(containing: "✓ app live in")
            #expect(dev.output.contains("Secret login is there with another TOKEN than devloop.json says"))
            let pod = try await kubectl("get", "pods", "--output=name")
            let variables = try await kubectl("exec", pod, "--", "/bin/busybox", "env").split(separator: "\n")
            #expect(variables.contains("TOKEN=theirs") && variables.contains("PASSWORD=s3cret-one"), "\(variables)")
            #expect(variables.contains("MODE=fast"))

            let line = dev.lineCount
            try Self.write("PASSWORD=s3cret-two\n", to: ".env.db", of: project)
            try await dev.line(from: line, containing: "Secret db is there with another PASSWORD")
            #expect(try await Self.password(kubectl) == "s3cret-one")
            // As the line says.
            _ = try await kubectl("delete", "secret", "db")
            try Self.save(Self.data, of: project)
            try await Shell.until { try await Self.password(kubectl) == "s3cret-two" }

            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
            #expect(!dev.output.contains("s3cret"), "\(dev.output)")
            #expect(dev.output.contains("create --filename=-"))

            let down = try DevloopProcess(["down"] + stage.flags, folder: project.folder)
            #expect(await down.exitStatus() == 0)
            #expect(down.output.contains("Secret login left: devloop did not create it"), "\(down.output)")
            let left = try await kubectl("get", "secrets,configmaps,deployments", "--output=name")
                .split(separator: "\n").filter { !$0.hasSuffix(".crt") && !$0.contains("token") }
            #expect(left == ["secret/login"])
        } catch {
            _ = try await Shell.attempt("kubectl", [context, "delete", "namespace", project.name, "--wait=false"])
            throw error
        }
        _ = try await Shell.attempt("kubectl", [context, "delete", "namespace", project.name, "--wait=false"])
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/app"])
    }

    private static func password(_ kubectl: (String...) async throws -> String) async throws -> String {
        let text = try await kubectl("get", "secret", "db", "--ignore-not-found", "--output=jsonpath={.data.PASSWORD}")
        return String(decoding: Data(base64Encoded: text) ?? Data(), as: UTF8.self)
    }

    @Test(onCluster) func aMisspeltFieldIsToldInOneMessage() async throws {
        let project = try TinyProject(
            manifests: TinyProject.deployment(pod: "      terminationGracePeriodSecond: 1"))
        defer { project.remove() }
        let stage = KubernetesStage(namespace: project.name)
        let context = "--context=\(KubernetesStage.context ?? "")"
        _ = try await Shell.run("kubectl", context, "create", "namespace", project.name)
        let dev = try DevloopProcess(["dev", "--color=never", "--cleanup"] + stage.flags, folder: project.folder)
        let line = try? await dev.line(containing: "unknown field")
        dev.signal(SIGINT)
        _ = await dev.exitStatus()
        _ = try await Shell.attempt("kubectl", [context, "delete", "namespace", project.name, "--wait=false"])
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/app"])
        #expect(
            line
                == "✗ app: Deployment app (k8s/app.yaml): unknown field spec.template.spec.terminationGracePeriodSecond",
            "\(dev.output)")
    }
}
