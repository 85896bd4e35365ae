import Foundation
import Testing

/// What goes wrong on a real cluster is explained in time, once, and withdrawn when it is over.
@Suite(
    .enabled(if: KubernetesStage.isAvailable, "needs DEVLOOP_E2E_CONTEXT and DEVLOOP_E2E_REGISTRY"),
    .enabled(if: TinyProject.isPossible, "needs busybox-static"), .serialized)
struct ProblemTests {
    /// What takes a server with a certificate, harm to other pods, or somebody else's registry to be shown: the tests of
    /// recorded output and of other runtimes' words explain them.
    private static let recordedOnly = [
        "an admission webhook that refuses", "one that does not answer", "a LimitRange", "an evicted pod",
        "an unknown certificate", "too many pulls", "no image for the processor", "a full disk",
    ]
    /// A message has to come this soon after its state; the machine has other things to do too.
    private static let limit = Duration.seconds(2)
    private static let slack = Duration.seconds(2)

    /// A namespace with an image to break things with, and two registries that are no good.
    private struct Stage {
        let project: TinyProject
        let context = "--context=\(KubernetesStage.context ?? "")"
        let registries: FaultyWorkload.Registries
        private let servers: [Process]
        var namespace: String { project.name }

        init(manifest: String = Self.plain) async throws {
            project = try TinyProject(manifests: ["app.yaml": manifest])
            let box = "\(KubernetesStage.registry ?? "")/\(project.name)/box"
            try await Self.push("\(box):ok", #"CMD ["busybox", "sleep", "3600"]"#)
            try await Self.push("\(box):nocmd", "LABEL none=1")
            let address = try await Shell.run(
                "kubectl", context, "get", "nodes",
                "--output=jsonpath={.items[0].status.addresses[?(@.type==\"InternalIP\")].address}")
            let port = Int.random(in: 20000..<28000)
            let rule = project.folder.appendingPathComponent("httpd.conf")
            try "/:user:secret\n".write(to: rule, atomically: true, encoding: .utf8)
            servers = try [
                Self.serve(["-p", "127.0.0.1:\(port)", "-c", rule.path, "-h", project.folder.path]),
                Self.serve(["-p", "\(address):\(port)", "-h", project.folder.path]),
            ]
            registries = .init(box: box, closed: "localhost:\(port)", plain: "\(address):\(port)")
            _ = try await Shell.run("kubectl", context, "create", "namespace", project.name)
        }

        static let plain = FaultyWorkload(name: "app", image: "IMAGE", shown: "", message: "").manifest

        private static func push(_ image: String, _ instructions: String) async throws {
            _ = try await TinyImage.build(image, instructions)
            _ = try await Shell.run("docker", "push", "--quiet", image)
        }

        private static func serve(_ arguments: [String]) throws -> Process {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: TinyProject.busybox)
            process.arguments = ["httpd", "-f"] + arguments
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            return process
        }

        @discardableResult
        func kubectl(_ arguments: String...) async throws -> String {
            let all = [context, "--namespace=\(namespace)"] + arguments
            let output = try await Shell.attempt("kubectl", all)
            guard output.termination.isSuccess else {
                throw ShellError(command: all.joined(separator: " "), said: output.errorText)
            }
            return output.text
        }

        func dev() throws -> DevloopProcess {
            try DevloopProcess(
                ["dev", "--cleanup"] + KubernetesStage(namespace: namespace).flags, folder: project.folder)
        }

        func apply(_ workloads: [FaultyWorkload]) throws {
            let text = workloads.map(\.manifest).joined().replacingOccurrences(of: "BOX", with: registries.box)
            try text.write(
                to: project.folder.appendingPathComponent("k8s/faulty.yaml"), atomically: true, encoding: .utf8)
        }

        func remove() async {
            // It inherits a mask that blocks SIGTERM.
            for server in servers { kill(server.processIdentifier, SIGKILL) }
            _ = try? await Shell.attempt("kubectl", [context, "delete", "namespace", namespace, "--wait=false"])
            let images = ["\(namespace)/app", "\(registries.box):ok", "\(registries.box):nocmd"]
            _ = try? await Shell.attempt("docker", ["rmi", "--force"] + images)
            project.remove()
        }
    }

    private func staged(
        manifest: String = Stage.plain, _ body: (Stage) async throws -> Void
    ) async throws {
        let stage = try await Stage(manifest: manifest)
        do { try await body(stage) } catch {
            await stage.remove()
            throw error
        }
        await stage.remove()
    }

    /// The message that begins with a line: it, and the lines that belong to it.
    private func message(_ dev: DevloopProcess, _ start: String) -> [String] {
        let lines = dev.timedLines.map(\.line)
        guard let first = lines.firstIndex(where: { $0.hasPrefix(start) }) else { return [] }
        return [lines[first]] + lines[(first + 1)...].prefix { $0.hasPrefix("  ") }
    }

    /// What a text doesn't say, however its lines are broken.
    private func missing(_ details: [String], _ text: String) -> [String] {
        let words = text.split(whereSeparator: { " \n│".contains($0) }).joined(separator: " ")
        return details.filter {
            !text.contains($0) && !words.contains($0.split(separator: " ").joined(separator: " "))
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func everyStateThatAClusterShowsIsExplainedInTime() async throws {
        try await staged { stage in
            try await stage.kubectl("create", "configmap", "there", "--from-literal=a=b")
            try await stage.kubectl("create", "quota", "things", "--hard=requests.example.com/thing=0")
            try await stage.kubectl(
                "label", "namespace", stage.namespace, "pod-security.kubernetes.io/enforce=baseline")
            var (explained, delays): (Int, [Duration]) = (0, [])
            let batches = FaultyWorkload.batches(stage.registries)
            for workloads in batches {
                try stage.apply(workloads)
                let observer = ClusterObserver(namespace: stage.namespace)
                let dev = try stage.dev()
                for workload in workloads {
                    let start = "✗ \(workload.name): \(workload.message)"
                    try await dev.line { $0.hasPrefix(start) }
                    // What belongs to a message is written at once with it, and read a moment later; last lines may
                    // come by themselves, where many containers die at once.
                    let summary = workload.message.drop { $0 != ":" }.dropFirst(2)
                    let late = "✗ \(workload.name): \(summary)"
                    let text = try await Shell.eventually(within: .seconds(10)) {
                        (message(dev, start) + message(dev, late)).joined(separator: "\n")
                    } is: { text in
                        missing(workload.details, text).isEmpty
                    }
                    let lacking = missing(workload.details, text)
                    #expect(lacking == [], "\(text)")
                    let told = try #require(dev.timedLines.first { $0.line.hasPrefix(start) }?.time)
                    let shown = try await Shell.eventually(within: .seconds(5)) {
                        observer.first(workload.name, workload.shown)
                    } is: {
                        $0 != nil
                    }
                    let first = try #require(shown, "\(workload.name) was never \(workload.shown)")
                    let delay = max(.zero, first.duration(to: told) - workload.allowed)
                    #expect(delay < Self.limit + Self.slack, "\(workload.name)")
                    delays.append(delay)
                    explained += lacking.isEmpty ? 1 : 0
                }
                observer.stop()
                let isOnce = workloads.filter { !["terminated", "OOMKilled"].contains($0.shown) }.allSatisfy {
                    workload in
                    dev.output.components(separatedBy: "✗ \(workload.name): ").count == 2
                }
                #expect(isOnce, "\(dev.output)")
                dev.signal(SIGINT)
                #expect(await dev.exitStatus() == 0)
            }
            delays.sort()
            #expect(delays[delays.count / 2] < Self.limit)
            let worst = delays.last?.components.seconds ?? 0
            print(
                "states explained: \(explained) of \(batches.joined().count) on a real cluster, median \(delays[delays.count / 2]), "
                    + "worst under \(worst + 1) s; on recorded output only: \(Self.recordedOnly.joined(separator: ", "))"
            )
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func whatGoesAwayByItselfIsWithdrawn() async throws {
        try await staged { stage in
            try stage.apply([
                .init(
                    name: "config-map", container: "envFrom: [{configMapRef: {name: late-map}}]", shown: "", message: ""
                ),
                .init(name: "pull-tag", image: "BOX:late", shown: "", message: ""),
                .init(
                    name: "ready", container: FaultyWorkload.probe("readiness", "busybox test -e /bin/ready"),
                    shown: "",
                    message: ""),
                .init(
                    name: "once",
                    container: FaultyWorkload.mount + ", "
                        + FaultyWorkload.shell(
                            "if busybox test -e /data/x; then exec busybox sleep 3600; fi; echo > /data/x; exit 3"),
                    pod: FaultyWorkload.volume("emptyDir: {}"), shown: "", message: ""),
                .init(name: "account", pod: ["serviceAccountName: late"], shown: "", message: ""),
            ])
            let dev = try stage.dev()
            for (name, state) in [
                ("account", "FailedCreate"), ("config-map", "CreateContainerConfigError"), ("pull-tag", "ErrImagePull"),
                ("once", "Error"), ("ready", "Unhealthy"),
            ] {
                try await dev.line { $0.hasPrefix("✗ \(name): \(state): ") }
                switch name {
                case "account": try await stage.kubectl("create", "serviceaccount", "late")
                case "config-map": try await stage.kubectl("create", "configmap", "late-map", "--from-literal=a=b")
                case "pull-tag":
                    _ = try await Shell.run(
                        "docker", "tag", "\(stage.registries.box):ok", "\(stage.registries.box):late")
                    _ = try await Shell.run("docker", "push", "--quiet", "\(stage.registries.box):late")
                case "ready":
                    try await stage.kubectl("exec", "deployment/ready", "--", "busybox", "touch", "/bin/ready")
                default: break
                }
            }
            for name in ["account", "config-map", "pull-tag", "once", "ready"] {
                let line = try await dev.line { $0.hasPrefix("✓ \(name) is well again (") }
                #expect(dev.output.components(separatedBy: line).count == 2)
            }
            // The service that had no problem is not mentioned.
            #expect(!dev.output.contains("app is well again"))
            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
            _ = try await Shell.attempt("docker", ["rmi", "\(stage.registries.box):late"])
        }
    }

    /// The pass waits until the pods are ready: the message comes before that fails, which then is short.
    @Test(.timeLimit(.minutes(3)))
    func aSaveThatCrashesIsExplainedWhileThePassWaits() async throws {
        let manifest = Stage.plain.replacingOccurrences(
            of: "progressDeadlineSeconds: 600", with: "progressDeadlineSeconds: 8")
        try await staged(manifest: manifest) { stage in
            try """
            trap 'exit 0' TERM
            echo "version $(/bin/busybox cat /version) starts"
            /bin/busybox grep -q bad /version && exit 3
            while true; do /bin/busybox sleep 3600 & wait $!; done
            """.write(
                to: stage.project.folder.appendingPathComponent("app/run"), atomically: true, encoding: .utf8)
            let dev = try stage.dev()
            try await dev.line(containing: "✓ app live in")
            var mark = dev.lineCount
            try stage.project.save(version: "bad one")
            try await dev.line(from: mark) { $0.hasPrefix("✗ app: Error: container app died: exit code 3") }
            try await dev.line(from: mark) { $0 == "  │   version bad one starts" }
            // The rollout ends at its deadline, and doesn't tell it all again.
            try await dev.line(
                from: mark, containing: "app: deployment/app did not become ready: ProgressDeadlineExceeded")
            try await dev.line(from: mark, containing: "exceeded its progress deadline")
            try await dev.line(from: mark) { $0.contains("as told above: ") && $0.contains("exit code 3") }
            // A save while the pass waits ends the wait.
            mark = dev.lineCount
            try stage.project.save(version: "bad two")
            try await dev.line(from: mark) { $0 == "  │   version bad two starts" }
            try stage.project.save(version: "good")
            try await dev.line(from: mark, containing: "✓ app live in")
            try await dev.line(from: mark) { $0.hasPrefix("✓ app is well again (") }
            #expect(dev.output.components(separatedBy: "did not become ready").count == 2, "\(dev.output)")
            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
        }
    }
}
