import Testing

@testable import Runner

/// A pod as the API server tells it, for tests.
struct PodFixture: Sendable {
    /// A container in one of the states that the API knows.
    struct Container: Sendable {
        enum State: Sendable {
            case none
            case running
            case waiting(String, String)
            case terminated(code: Int)
        }

        var name = "app"
        var image = "localhost:5000/blog/posts:latest"
        var imageID = "localhost:5000/blog/posts@sha256:aa"
        var pullPolicy = "Always"
        var restarts = 0
        var state = State.running
        /// The exit code of the run before.
        var lastExit: Int?
        var isInit = false
        /// Fields of the specification, `readinessProbe` and the like.
        var specification: [(String, JSONValue)] = []
        /// Whether its startup probe has succeeded.
        var hasStarted: Bool?
        /// As its pod is, where nothing else is said.
        var isReady: Bool?
    }

    var name = "posts-abc-1"
    var namespace = "default"
    var uid = "uid-1"
    var phase = "Running"
    /// Kind and name of the controller; a bare pod has none.
    var owner: (kind: String, name: String)? = ("ReplicaSet", "posts-abc")
    var hash: String? = "abc"
    var isTerminating = false
    var isReady = false
    var unschedulable: String?
    /// `resourceVersion`
    var version: String?
    var containers = [Container()]

    var json: JSONValue {
        var metadata: JSONValue = ["name": .string(name), "namespace": .string(namespace), "uid": .string(uid)]
        if let version { metadata["resourceVersion"] = .string(version) }
        if let hash { metadata["labels"] = ["pod-template-hash": .string(hash)] }
        if let owner {
            metadata["ownerReferences"] = [
                ["kind": .string(owner.kind), "name": .string(owner.name), "controller": true]
            ]
        }
        if isTerminating { metadata["deletionTimestamp"] = "2026-11-23T10:00:00Z" }
        var status: JSONValue = ["phase": .string(phase)]
        if let unschedulable {
            status["conditions"] = [
                ["type": "PodScheduled", "reason": "Unschedulable", "message": .string(unschedulable)]
            ]
        }
        if isReady {
            status["conditions"] = [["type": "Ready", "status": "True"]]
        }
        var spec: JSONValue = [:]
        for (isInit, list, statuses) in [
            (true, "initContainers", "initContainerStatuses"), (false, "containers", "containerStatuses"),
        ] {
            let members = containers.filter { $0.isInit == isInit }
            guard !members.isEmpty else { continue }
            spec[list] = .array(
                members.map {
                    .object(
                        JSONObject(
                            [
                                ("name", .string($0.name)), ("image", .string($0.image)),
                                ("imagePullPolicy", .string($0.pullPolicy)),
                            ] + $0.specification))
                })
            status[statuses] = .array(members.map { $0.status(isReady: isReady) })
        }
        return ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status]
    }

    var pod: KubernetesPod {
        get throws { try #require(KubernetesPod(json)) }
    }

    /// One line of a watch.
    func event(_ change: String) -> String {
        let event: JSONValue = ["type": .string(change), "object": json]
        return event.description + "\n"
    }

    /// The list that a watch goes on from.
    static func list(_ pods: [PodFixture]) -> String {
        let list: JSONValue = [
            "apiVersion": "v1", "kind": "PodList", "metadata": ["resourceVersion": "1"],
            "items": .array(pods.map(\.json)),
        ]
        return list.description
    }
}

extension PodFixture.Container {
    fileprivate func status(isReady: Bool) -> JSONValue {
        var status: JSONValue = [
            "ready": .bool(self.isReady ?? isReady),
            "name": .string(name), "imageID": .string(imageID), "restartCount": .number(String(restarts)),
        ]
        if let hasStarted { status["started"] = .bool(hasStarted) }
        switch state {
        case .none: break
        case .running: status["state"] = ["running": ["startedAt": "2026-11-23T10:00:00Z"]]
        case .waiting(let reason, let message):
            status["state"] = ["waiting": ["reason": .string(reason), "message": .string(message)]]
        case .terminated(let code): status["state"] = ["terminated": ["exitCode": .number(String(code))]]
        }
        if let lastExit { status["lastState"] = ["terminated": ["exitCode": .number(String(lastExit))]] }
        return status
    }
}
