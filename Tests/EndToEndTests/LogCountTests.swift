import Foundation
import Testing

/// Every line that a container writes reaches the terminal once, in order and whole: on a real cluster, with containers
/// that count.
@Suite(
    .enabled(if: KubernetesStage.isAvailable, "needs DEVLOOP_E2E_CONTEXT and DEVLOOP_E2E_REGISTRY"),
    .enabled(if: TinyProject.isPossible, "needs busybox-static"), .serialized, .timeLimit(.minutes(4)))
struct LogCountTests {
    private struct Cluster: Sendable {
        let namespace = "count-\(UInt32.random(in: 0...UInt32.max))"
        let image = "\(KubernetesStage.registry ?? "")/\(LogSession.image)"

        @discardableResult
        func kubectl(_ arguments: String..., input: String? = nil) async throws -> String {
            let output = try await Docker.launcher.run(
                .init(
                    "kubectl",
                    ["--context=\(KubernetesStage.context ?? "")", "--namespace=\(namespace)"] + arguments,
                    input: input.map { Array($0.utf8) }))
            guard output.termination.isSuccess else {
                throw ShellError(command: "kubectl \(arguments)", said: output.errorText)
            }
            return output.text
        }

        func apply(_ manifest: String) async throws {
            try await kubectl(
                "apply", "-f", "-", input: manifest.replacingOccurrences(of: LogSession.image, with: image))
        }
    }

    /// Follows the logs in a namespace of its own while the body has its way with the containers.
    private func counting(
        _ name: String, manifest: String, environment: [String: String] = [:],
        _ body: (Cluster, LogSession) async throws -> Void
    ) async throws -> LogCount {
        let cluster = Cluster()
        let image = try await TinyImage.build(LogSession.image, "")
        try await Docker.run("tag", image.id, cluster.image)
        try await Docker.run("push", "--quiet", cluster.image)
        try await cluster.kubectl("create", "namespace", cluster.namespace)
        var flags = KubernetesStage(namespace: cluster.namespace).flags
        flags.removeAll { $0 == "--yes" }
        let session = try LogSession(flags, manifest: manifest, environment: environment)
        defer { session.remove() }
        do {
            // From then on it watches.
            try await Shell.until { try await session.lineCount() > 0 }
            try await body(cluster, session)
            let count = try await session.finish(name)
            try await cluster.kubectl("delete", "namespace", cluster.namespace, "--wait=false")
            return count
        } catch {
            session.process.signal(SIGINT)
            try await cluster.kubectl("delete", "namespace", cluster.namespace, "--wait=false")
            throw error
        }
    }

    /// A container's script, as YAML that stands in a list of containers.
    private static func container(_ name: String, _ script: String, _ more: String = "") -> String {
        let lines = (LogSession.prelude + script).split(separator: "\n").map { "          \($0)" }
        return """
            - name: \(name)
              image: \(LogSession.image)
              command: ["/bin/busybox", "sh", "-c"]
              \(more)
              args:
              - |

            """.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n") + "\n"
                + lines.joined(separator: "\n")
    }

    private static func deployment(_ containers: String, initContainers: String? = nil) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: app}
        spec:
          selector: {matchLabels: {app: app}}
          template:
            metadata: {labels: {app: app}}
            spec:
              terminationGracePeriodSeconds: 5
        \(initContainers.map { "      initContainers:\n\($0)\n" } ?? "")      containers:
        \(containers)
        """
    }

    private static func pod(_ containers: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: app}
        spec:
              restartPolicy: Never
              terminationGracePeriodSeconds: 5
              containers:
        \(containers)
        """
    }

    /// Counts until it is asked to end.
    private static let untilTerminated = """
        trap 'echo "@$id END $n"; exit 0' TERM
        n=0; while true; do n=$((n+1)); echo "@$id $n a line ."; busybox usleep 5000; done
        """

    private static func isReady(_ cluster: Cluster) async throws {
        try await cluster.kubectl("rollout", "status", "deployment/app", "--timeout=90s")
    }

    @Test func acrossRolloutsAndScaling() async throws {
        let manifest = Self.deployment(Self.container("c", Self.untilTerminated))
        let count = try await counting("rollouts, scaled up and down", manifest: manifest) { cluster, session in
            try await cluster.apply(manifest)
            try await Self.isReady(cluster)
            for _ in 1...2 {
                try await cluster.kubectl("rollout", "restart", "deployment/app")
                try await Self.isReady(cluster)
            }
            try await cluster.kubectl("scale", "deployment/app", "--replicas=4")
            try await Self.isReady(cluster)
            try await cluster.kubectl("scale", "deployment/app", "--replicas=0")
            try await session.ends(6)
        }
        #expect(count.isPerfect && count.containers == 6, "\(count)")
    }

    @Test func acrossCrashesAndRestarts() async throws {
        let manifest = Self.deployment(
            Self.container("c", "count $id 3000; slowly $id-b 50 1000; exit 3") + "\n"
                + Self.container("d", "count $id 500; exit 0"))
        let count = try await counting("crashes and restarts", manifest: manifest) { cluster, session in
            try await cluster.apply(manifest)
            try await session.ends(9)
        }
        #expect(count.isPerfect && count.containers >= 9, "\(count)")
    }

    @Test func ofInitContainersAndSidecars() async throws {
        let manifest = Self.deployment(
            Self.container("main", "count $id 1000; busybox sleep 1000") + "\n"
                + Self.container("other", "slowly $id 100 2000; busybox sleep 1000"),
            initContainers: Self.container("init", "count $id 2000") + "\n"
                + Self.container("side", "slowly $id 100 2000; busybox sleep 1000", "restartPolicy: Always"))
        let count = try await counting("init containers and sidecars", manifest: manifest) { cluster, session in
            try await cluster.apply(manifest)
            try await session.ends(4)
        }
        #expect(count.isPerfect && count.containers == 4, "\(count)")
    }

    @Test func whereTheProxyIsKilled() async throws {
        let manifest = Self.deployment(Self.container("c", "slowly $id 3000 2000; busybox sleep 1000"))
        let count = try await counting("kubectl proxy killed ten times", manifest: manifest) { cluster, session in
            try await cluster.apply(manifest)
            for _ in 1...10 {
                let before = try await session.lineCount()
                try await Shell.until { try await session.lineCount() > before + 50 }
                let children = try await Shell.attempt("pgrep", ["-P", "\(session.process.pid)", "-f", " proxy "]).text
                for pid in children.split(separator: "\n").compactMap({ pid_t($0) }) { kill(pid, SIGKILL) }
            }
            try await session.ends(1)
        }
        #expect(count.isPerfect && count.containers == 1, "\(count)")
    }

    @Test func whereTheServerGoesAwayForTenSeconds() async throws {
        let context = KubernetesStage.context ?? ""
        let view = try await Shell.run(
            "kubectl", "config", "view", "--raw", "--minify", "--flatten", "--context=\(context)", "--output=json")
        let server = try #require(view.firstMatch(of: #/"server": "https://([^:"]+):(\d+)"/#))
        let proxy = try FaultyProxy(to: .port(try #require(Int(server.2))))
        defer { proxy.stop() }
        let configuration = FileManager.default.temporaryDirectory.appendingPathComponent(
            "proxied-\(UUID().uuidString)")
        try view.replacingOccurrences(
            of: server.0, with: "\"tls-server-name\": \"\(server.1)\", \"server\": \"https://127.0.0.1:\(proxy.port)\""
        ).write(to: configuration, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: configuration) }

        let manifest = Self.deployment(
            Self.container("steady", "slowly $id 3000 4000; busybox sleep 1000") + "\n"
                + Self.container("crashing", "slowly $id 1500 4000; exit 1"))
        let count = try await counting(
            "API server away for 10 s", manifest: manifest, environment: ["KUBECONFIG": configuration.path]
        ) { cluster, session in
            try await cluster.apply(manifest)
            try await Shell.until { try await session.lineCount() > 300 }
            proxy.set(.refusing)
            // The fault's own length.
            try await Task.sleep(for: .seconds(10))
            proxy.set(.passing)
            try await session.ends(4)
        }
        #expect(count.isPerfect && count.containers >= 3, "\(count)")
    }

    @Test func atFiftyThousandLinesASecond() async throws {
        let flood = """
            busybox awk -v id=$id 'BEGIN { for (s = 0; s < 10; s++) { t = systime(); \
            for (i = 0; i < 50000; i++) print "@" id, ++n, "a line of a container that writes a lot ."; \
            fflush(); while (systime() == t) system("busybox usleep 20000") } }'
            busybox sleep 11
            echo "@$id 500001 ."
            echo "@$id END 500001"
            """
        let manifest = Self.pod(Self.container("c", flood))
        let count = try await counting("50,000 lines/s for 10 s", manifest: manifest) { cluster, session in
            try await cluster.apply(manifest)
            try await session.ends(1)
        }
        #expect(count.isPerfect && count.shown == 500_001, "\(count)")
    }

    @Test func ofLongLinesNoiseAndAnEndWithoutANewline() async throws {
        let script = """
            long() { printf "@$id $1 "; busybox head -c 1000000 /dev/zero | busybox tr '\\0' x; echo " ."; }
            for n in 1 2 3 4 5; do long $n; done
            busybox head -c 500000 /dev/urandom | busybox tr -d '@'; echo
            for n in 6 7 8; do long $n; done
            echo "@$id END 9"
            printf "@$id 9 ."
            """
        let manifest = Self.pod(Self.container("c", script))
        let count = try await counting("1 MB lines, noise, no newline at the end", manifest: manifest) {
            cluster, session in
            try await cluster.apply(manifest)
            try await session.ends(1)
            try await Shell.until {
                try await Shell.attempt("grep", ["-ac", "@[a-z0-9-]* 9 \\.", session.output.path]).text == "1"
            }
            let lengths = try await Shell.attempt(
                "awk", ["/@[a-z0-9-]+ [1-8] x/ { print gsub(/x/, \"\") }", session.output.path])
            #expect(lengths.text == Array(repeating: "1000000", count: 8).joined(separator: "\n"))
        }
        #expect(count.isPerfect && count.shown == 9, "\(count)")
    }

    @Test func zTheTable() { print(LogCountTable.shared.text) }
}
