import Foundation
import Runner
import Synchronization

/// Watches a namespace beside devloop, and remembers when each state was first to be seen there: the pods' own, and what
/// events tell.
final class ClusterObserver: Sendable {
    private struct Shared {
        var first: [String: ContinuousClock.Instant] = [:]
        var buffers: [String: String] = [:]
    }

    private let shared = Mutex(Shared())
    private let tasks: Mutex<[Task<Void, any Error>]> = Mutex([])

    init(namespace: String) {
        let launcher = SystemLauncher(environment: ProcessInfo.processInfo.environment)
        for kind in ["pods", "events"] {
            let command = Command(
                "kubectl",
                [
                    "--context=\(KubernetesStage.context ?? "")", "--namespace=\(namespace)", "get", kind, "--watch",
                    "--output-watch-events", "--output=json",
                ])
            let task = Task { [self] in
                _ = try await launcher.run(
                    command,
                    output: .lines { source, line in
                        if source == .standardOutput { self.take(String(decoding: line, as: UTF8.self), kind) }
                    })
            }
            tasks.withLock { $0.append(task) }
        }
    }

    func stop() { for task in tasks.withLock({ $0 }) { task.cancel() } }

    /// When something of this name was first seen in this state: `crash terminated`, `cpu unschedulable`,
    /// `volume FailedMount`.
    func first(_ name: String, _ state: String) -> ContinuousClock.Instant? {
        shared.withLock { $0.first["\(name) \(state)"] }
    }

    /// kubectl prints each document on a line, or indents it.
    private func take(_ line: String, _ kind: String) {
        guard line.hasSuffix("}") else { return shared.withLock { $0.buffers[kind, default: ""] += line + "\n" } }
        let text = shared.withLock { ($0.buffers[kind] ?? "") + line }
        guard let document = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            return shared.withLock { $0.buffers[kind] = text + "\n" }
        }
        shared.withLock { $0.buffers[kind] = nil }
        guard let object = document["object"] as? [String: Any] else { return }
        for state in kind == "pods" ? Self.states(ofPod: object) : Self.states(ofEvent: object) {
            shared.withLock { if $0.first[state] == nil { $0.first[state] = .now } }
        }
    }

    private static func states(ofPod pod: [String: Any]) -> [String] {
        let metadata = pod["metadata"] as? [String: Any]
        guard metadata?["deletionTimestamp"] == nil, let status = pod["status"] as? [String: Any],
            let name = (metadata?["labels"] as? [String: Any])?["app"] as? String
        else { return [] }
        var states: [String] = []
        for list in ["initContainerStatuses", "containerStatuses"] {
            for container in status[list] as? [[String: Any]] ?? [] {
                for key in ["state", "lastState"] {
                    let state = container[key] as? [String: Any]
                    if let terminated = state?["terminated"] as? [String: Any] {
                        states += ["terminated", terminated["reason"] as? String ?? ""]
                    }
                    if let reason = (state?["waiting"] as? [String: Any])?["reason"] as? String {
                        states.append(reason)
                    }
                }
            }
        }
        for condition in status["conditions"] as? [[String: Any]] ?? [] {
            if condition["reason"] as? String == "Unschedulable" { states.append("Unschedulable") }
            if condition["type"] as? String == "Ready", condition["status"] as? String == "True" {
                states.append("Ready")
            }
        }
        return states.map { "\(name) \($0)" }
    }

    private static func states(ofEvent event: [String: Any]) -> [String] {
        guard let object = event["involvedObject"] as? [String: Any], let name = object["name"] as? String,
            let reason = event["reason"] as? String
        else { return [] }
        // A pod of a Deployment is named for it and two hashes, a ReplicaSet for it and one.
        let hashes = object["kind"] as? String == "Pod" ? 2 : object["kind"] as? String == "ReplicaSet" ? 1 : 0
        return ["\(name.split(separator: "-").dropLast(hashes).joined(separator: "-")) \(reason)"]
    }
}
