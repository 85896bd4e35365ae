/// What devloop needs to know of a pod, as the API server tells it.
struct KubernetesPod: Sendable, Hashable {
    /// One container of it, init containers included.
    struct Container: Sendable, Hashable {
        var name: String
        /// The image that the specification names.
        var image: String
        /// What runs, as the runtime tells it: `localhost:5000/blog/posts@sha256:…`, `docker://sha256:…`, …
        var imageID: String
        /// `Always`, `IfNotPresent` or `Never`; the API server fills in the default.
        var pullPolicy = ""
        var restarts: Int
        /// Whether the container runs now.
        var isRunning: Bool
        /// Whether it has run, now or before, so that there is a log.
        var hasStarted: Bool
        /// `waiting.reason` and `waiting.message`, while it waits.
        var waiting: (reason: String, message: String)? {
            waitingReason.map { ($0, waitingMessage) }
        }
        /// How the last run ended, where one did: `exit code 1`.
        var lastEnd: String?

        fileprivate var waitingReason: String?
        fileprivate var waitingMessage = ""
    }

    var name: String
    var namespace: String
    var uid: String
    var phase: String
    /// Whether it was asked to end.
    var isTerminating: Bool
    var containers: [Container]
    /// What the scheduler says while it finds no node.
    var unschedulable: String?
    /// The workload that it belongs to, where that is one that can be restarted.
    var workload: Workload?

    init?(_ json: JSONValue) {
        guard json["kind"]?.string == "Pod", let metadata = json["metadata"], let name = metadata["name"]?.string,
            let uid = metadata["uid"]?.string
        else { return nil }
        self.name = name
        self.uid = uid
        namespace = metadata["namespace"]?.string ?? ""
        phase = json[path: ["status", "phase"]]?.string ?? ""
        isTerminating = metadata["deletionTimestamp"] != nil
        containers = Self.containers(json)
        let conditions = json[path: ["status", "conditions"]]?.array ?? []
        unschedulable =
            conditions.first {
                $0["type"]?.string == "PodScheduled" && $0["reason"]?.string == "Unschedulable"
            }?["message"]?.string
        workload = Self.owner(of: metadata, name: name, namespace: namespace)
    }

    /// The pods of a list as `kubectl get pods --output=json` prints it, whose items lack their kind; none where this
    /// is no such list.
    static func list(_ output: [UInt8]) -> [KubernetesPod] {
        let items = (try? JSONParser.parse(output))?["items"]?.array ?? []
        return items.compactMap { item in
            var item = item
            item["kind"] = "Pod"
            return KubernetesPod(item)
        }
    }

    /// Whether it has run to its end and will not run again.
    var isFinished: Bool { phase == "Succeeded" || phase == "Failed" }

    private static func containers(_ json: JSONValue) -> [Container] {
        let statuses = ["initContainerStatuses", "containerStatuses"].flatMap {
            json[path: ["status", $0]]?.array ?? []
        }
        let specifications = ["initContainers", "containers"].flatMap { json[path: ["spec", $0]]?.array ?? [] }
        return specifications.compactMap { specification in
            guard let name = specification["name"]?.string else { return nil }
            let status = statuses.first { $0["name"]?.string == name }
            let state = status?["state"]
            let last = (state?["terminated"] ?? status?[path: ["lastState", "terminated"]])
            var container = Container(
                name: name, image: specification["image"]?.string ?? "", imageID: status?["imageID"]?.string ?? "",
                restarts: status?["restartCount"]?.integer ?? 0, isRunning: state?["running"] != nil,
                hasStarted: state?["running"] != nil || last != nil, lastEnd: last.map(Self.end))
            container.pullPolicy = specification["imagePullPolicy"]?.string ?? ""
            container.waitingReason = state?[path: ["waiting", "reason"]]?.string
            container.waitingMessage = state?[path: ["waiting", "message"]]?.string ?? ""
            return container
        }
    }

    private static func end(_ terminated: JSONValue) -> String {
        if let signal = terminated["signal"]?.integer, signal > 0 { return "signal \(signal)" }
        let reason = terminated["reason"]?.string ?? ""
        let code = "exit code \(terminated["exitCode"]?.integer ?? 0)"
        return ["", "Error", "Completed"].contains(reason) ? code : "\(reason), \(code)"
    }

    /// A Deployment's pods belong to a ReplicaSet that is named for it and for the template's hash, which each of
    /// them carries as a label; those of the other kinds belong to the workload itself.
    private static func owner(of metadata: JSONValue, name: String, namespace: String) -> Workload? {
        let owners = metadata["ownerReferences"]?.array ?? []
        guard let owner = owners.first(where: { $0["controller"]?.bool == true }) ?? owners.first else {
            return Workload(kind: .pod, name: name, namespace: namespace)
        }
        guard let kind = owner["kind"]?.string, let ownerName = owner["name"]?.string else { return nil }
        if kind == "ReplicaSet" {
            guard let hash = metadata[path: ["labels", "pod-template-hash"]]?.string, ownerName.hasSuffix("-\(hash)")
            else { return nil }
            return Workload(
                kind: .deployment, name: String(ownerName.dropLast(hash.count + 1)), namespace: namespace)
        }
        return Workload.Kind(rawValue: kind.lowercased()).map {
            Workload(kind: $0, name: ownerName, namespace: namespace)
        }
    }
}
