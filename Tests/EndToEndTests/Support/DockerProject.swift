import Foundation
import Runner
import Synchronization

/// A project of one test's own, with the target that runs it; everything is removed when the body ends.
final class DockerProject: Sendable {
    let name: String
    let target: DockerTarget

    private init(name: String) {
        self.name = name
        target = Self.target(name)
    }

    static func run<Result>(_ body: (DockerProject) async throws -> Result) async throws -> Result {
        let project = DockerProject(name: "test-\(UUID().uuidString.prefix(8).lowercased())")
        do {
            let result = try await body(project)
            _ = try await project.target.delete([], .everything)
            try await project.checkThatNothingIsLeft()
            return result
        } catch {
            _ = try? await project.target.delete([], .everything)
            throw error
        }
    }

    private func checkThatNothingIsLeft() async throws {
        let filter = "--filter=label=dev.devloop.project=\(name)"
        for kind in ["container", "volume", "network"] {
            let all = kind == "container" ? ["--all"] : []
            let command = Command("docker", [kind, "ls", "--quiet", filter] + all)
            let left = try await Docker.launcher.run(command).text
            guard left.isEmpty else { throw Docker.Failure(text: "delete left a \(kind): \(left)") }
        }
    }

    /// As another run of devloop has it.
    static func target(_ name: String) -> DockerTarget {
        DockerTarget(
            project: name, place: "/\(name)/devloop.json", namespace: "default", hash: KeyedHash(key: []),
            launcher: Docker.launcher, proxy: Docker.proxy())
    }

    /// The ids of the containers that run, newest first.
    func running(_ workload: String) async throws -> [String] {
        try await Docker.run(
            "ps", "--quiet", "--no-trunc", "--filter=label=dev.devloop.project=\(name)",
            "--filter=label=dev.devloop.workload=\(workload)"
        ).split(separator: "\n").map(String.init)
    }

    /// What a shell in the workload's newest container prints.
    func shell(_ workload: String, _ script: String) async throws -> String {
        guard let id = try await running(workload).first else { throw Docker.Failure(text: "\(workload) is not up") }
        return try await Docker.run("exec", id, "sh", "-c", script)
    }

    /// What answers at an address of this machine.
    static func get(_ port: Int) async throws -> String {
        let output = try await Docker.launcher.run(
            Command(
                "curl",
                [
                    "--silent", "--show-error", "--retry", "20", "--retry-delay", "0", "--retry-all-errors",
                    "--retry-max-time", "20", "http://127.0.0.1:\(port)/",
                ]))
        guard output.termination.isSuccess else { throw Docker.Failure(text: output.errorText) }
        return output.text
    }
}

/// Objects of manifests, from JSON.
func objects(_ documents: JSONValue...) -> [KubernetesObject] { documents.compactMap { KubernetesObject($0) } }

/// A Deployment of one container.
func deployment(
    _ name: String, image: String, container: [(String, JSONValue)] = [], pod: [(String, JSONValue)] = [],
    spec: [(String, JSONValue)] = []
) -> JSONValue {
    let fields: [(String, JSONValue)] = [("name", "main"), ("image", .string(image))] + container
    let containers: [(String, JSONValue)] = [("containers", .array([.object(JSONObject(fields))]))]
    let template: JSONValue = [
        "metadata": ["labels": ["app": .string(name)]],
        "spec": .object(JSONObject([("terminationGracePeriodSeconds", 1)] + containers + pod)),
    ]
    return [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)],
        "spec": .object(JSONObject([("template", template)] + spec)),
    ]
}

/// A Service that selects the pods of a Deployment made by ``deployment(_:image:container:pod:spec:)``.
func service(_ name: String, of app: String, port: Int, type: String = "ClusterIP", nodePort: Int? = nil) -> JSONValue {
    var portJSON: JSONValue = ["port": .number("\(port)")]
    if let nodePort { portJSON["nodePort"] = .number("\(nodePort)") }
    return [
        "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name)],
        "spec": ["type": .string(type), "selector": ["app": .string(app)], "ports": [portJSON]],
    ]
}

/// Collects what is logged; a test waits for what it expects.
final class LogCollector: Sendable {
    private struct Shared {
        var events: [LogEvent] = []
        var waiter: (isMet: @Sendable ([LogEvent]) -> Bool, continuation: CheckedContinuation<Void, Never>)?
    }

    private let shared = Mutex(Shared())

    /// Takes what is about logs and states.
    func add(_ event: LogEvent) {
        if case .running = event { return }
        let waiter = shared.withLock { shared -> CheckedContinuation<Void, Never>? in
            shared.events.append(event)
            guard let waiter = shared.waiter, waiter.isMet(shared.events) else { return nil }
            shared.waiter = nil
            return waiter.continuation
        }
        waiter?.resume()
    }

    var events: [LogEvent] { shared.withLock { $0.events } }

    /// The texts of the lines.
    var lines: [String] { Self.lines(events) }

    /// The notices.
    var notices: [String] { events.compactMap { if case .notice(_, let text) = $0 { text } else { nil } } }

    static func lines(_ events: [LogEvent]) -> [String] {
        events.compactMap {
            if case .line(_, _, let text) = $0 { String(decoding: text, as: UTF8.self) } else { nil }
        }
    }

    /// Returns once the events are as wanted. The test's time limit ends it otherwise.
    func wait(until isMet: @escaping @Sendable ([LogEvent]) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isDone = shared.withLock { shared in
                if isMet(shared.events) { return true }
                shared.waiter = (isMet, continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
    }
}
