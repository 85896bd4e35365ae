import Foundation
import Synchronization
import Testing

/// A running `dev` of one tiny service, with everything that it talks to behind proxies that can be broken.
final class FaultStage: Sendable {
    let project: TinyProject
    let environment: [String: String]
    let apiServer: FaultyProxy?
    let registry: FaultyProxy?
    let daemon: FaultyProxy
    private let flags: [String]
    private let running: Mutex<DevloopProcess>

    var dev: DevloopProcess { running.withLock { $0 } }

    /// On the cluster that the environment names, or on plain Docker; returns when the service is live.
    init(onCluster: Bool, slowBuild: Bool = false, environment extra: [String: String] = [:]) async throws {
        project = try TinyProject(manifests: TinyProject.deployment())
        if slowBuild {
            let dockerfile = project.folder.appendingPathComponent("app/Dockerfile")
            let text = try String(contentsOf: dockerfile, encoding: .utf8)
            try text.replacingOccurrences(of: "CMD", with: "RUN [\"/bin/busybox\", \"sleep\", \"2\"]\nCMD")
                .write(to: dockerfile, atomically: true, encoding: .utf8)
        }
        daemon = try FaultyProxy(to: .socket("/var/run/docker.sock"))
        var environment = extra
        environment["DOCKER_HOST"] = "tcp://127.0.0.1:\(daemon.port)"
        if onCluster {
            let context = KubernetesStage.context ?? ""
            let view = try await Shell.run(
                "kubectl", "config", "view", "--raw", "--minify", "--context=\(context)", "--output=json")
            let server = try #require(view.firstMatch(of: #/"server": "https://([^:"]+):([0-9]+)"/#))
            let proxy = try FaultyProxy(to: .port(try #require(Int(server.2))))
            apiServer = proxy
            let file = project.folder.appendingPathComponent("kubeconfig")
            try view.replacingOccurrences(of: "\(server.1):\(server.2)", with: "127.0.0.1:\(proxy.port)")
                .write(to: file, atomically: true, encoding: .utf8)
            environment["KUBECONFIG"] = file.path
            let address = try #require(KubernetesStage.registry?.split(separator: ":").last.flatMap { Int($0) })
            let store = try FaultyProxy(to: .port(address))
            registry = store
            flags = KubernetesStage(namespace: project.name).flags + ["--registry", "localhost:\(store.port)"]
            _ = try await Shell.run("kubectl", "--context=\(context)", "create", "namespace", project.name)
        } else {
            (apiServer, registry) = (nil, nil)
            flags = ["--target=docker"]
        }
        self.environment = environment
        running = Mutex(
            try DevloopProcess(
                ["dev", "--verbose", "--cleanup"] + flags, folder: project.folder, environment: environment))
        try await dev.line(containing: "✓ app live in")
        try await dev.line(containing: "version one starts")
    }

    /// Starts another `dev` in the project.
    func another() throws -> DevloopProcess {
        try DevloopProcess(["dev", "--verbose", "--cleanup"] + flags, folder: project.folder, environment: environment)
    }

    /// Goes on with another `dev`, after the first has ended.
    func restart() throws {
        let next = try another()
        running.withLock { $0 = next }
    }

    /// Saves the manifest with another text in the place of one.
    func saveManifest(replacing old: String, by new: String) throws {
        let file = project.folder.appendingPathComponent("k8s/app.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try text.replacingOccurrences(of: old, with: new).write(to: file, atomically: true, encoding: .utf8)
    }

    func kubectl(_ arguments: String...) async throws -> String {
        let context = "--context=\(KubernetesStage.context ?? "")"
        let output = try await Shell.attempt("kubectl", [context, "--namespace=\(project.name)"] + arguments)
        return output.text + output.errorText
    }

    /// The processes that the `dev` has started.
    func children(matching text: String) async throws -> [pid_t] {
        try await Shell.attempt("ps", ["--ppid", "\(dev.pid)", "-o", "pid=,args="]).text.split(separator: "\n")
            .filter { $0.contains(text) }
            .compactMap { $0.split(separator: " ").first.flatMap { pid_t($0) } }
    }

    /// Ends everything, and looks that devloop leaves nothing behind.
    func finish() async throws {
        for proxy in [apiServer, registry, daemon] { proxy?.set(.passing) }
        if dev.isRunning { dev.signal(SIGINT) }
        #expect(await dev.exitStatus() == 0, "\(dev.output)")
        await cleanUp()
    }

    func cleanUp() async {
        if dev.isRunning { dev.signal(SIGKILL) }
        if apiServer != nil { _ = try? await kubectl("delete", "namespace", project.name, "--wait=false") }
        _ = try? await Shell.attempt("docker", ["rmi", "--force", "\(project.name)/app"])
        project.remove()
    }
}

/// The table of faults that were injected, printed when the tests are over.
enum FaultTable {
    private static let rows = Mutex<[String]>([])
    private static let isRegistered: Void = {
        atexit { FaultTable.print() }
    }()

    static func add(_ fault: String, sees: String, backAfter: Duration?, survived: Bool) {
        _ = isRegistered
        let time = backAfter.map {
            "\(($0.components.seconds * 10 + $0.components.attoseconds / 100_000_000_000_000_000))"
        }
        let seconds = time.map { $0.count > 1 ? "\($0.dropLast()).\($0.suffix(1)) s" : "0.\($0) s" } ?? ""
        rows.withLock { $0.append("\(survived ? "survived" : "FAILED  ") | \(fault) | \(sees) | \(seconds)") }
    }

    private static func print() {
        let lines = rows.withLock { $0 }
        Swift.print("\nfault | what the user sees | live again after the fault's end")
        for line in lines { Swift.print(line) }
        Swift.print("faults injected: \(lines.count), survived: \(lines.count { $0.hasPrefix("survived") })")
    }
}
