/// What devloop needs to know of a pod, as the API server tells it.
struct KubernetesPod: Sendable, Hashable {
    var name: String
    var namespace: String
    var uid: String
    var phase: String
    /// The node that it was given to; empty before.
    var node: String
    /// Whether it was asked to end.
    var isTerminating: Bool
    /// Whether all of its containers are ready.
    var isReady: Bool
    /// Init containers first.
    var containers: [Container]
    /// What tells the pods of one rollout from those of the next: the hash of the template that they were made of.
    var revision: String
    /// The same of a DaemonSet's pod: the number of the template.
    var generation: String?
    /// `Evicted`, …, and the words for it, where the pod as a whole failed.
    var reason: String
    var message: String
    /// What the scheduler says while it finds no node.
    var unschedulable: String?
    var labels: [String: String]
    /// The numbers of its containers' ports that have names.
    var ports: [String: Int]
    var created: String
    /// The workload that it belongs to, where that is one that can be restarted.
    var workload: Workload?

    init?(_ json: JSONValue) {
        guard json["kind"]?.string == "Pod", let metadata = json["metadata"], let name = metadata["name"]?.string,
            let uid = metadata["uid"]?.string
        else { return nil }
        self.name = name
        self.uid = uid
        namespace = metadata["namespace"]?.string ?? ""
        node = json[path: ["spec", "nodeName"]]?.string ?? ""
        phase = json[path: ["status", "phase"]]?.string ?? ""
        isTerminating = metadata["deletionTimestamp"] != nil
        containers = Self.containers(json)
        let labels = metadata["labels"]
        revision = (labels?["pod-template-hash"] ?? labels?["controller-revision-hash"])?.string ?? uid
        generation = labels?["pod-template-generation"]?.string
        reason = json[path: ["status", "reason"]]?.string ?? ""
        message = json[path: ["status", "message"]]?.string ?? ""
        let conditions = json[path: ["status", "conditions"]]?.array ?? []
        isReady = conditions.contains { $0["type"]?.string == "Ready" && $0["status"]?.string == "True" }
        unschedulable =
            conditions.first {
                $0["type"]?.string == "PodScheduled" && $0["reason"]?.string == "Unschedulable"
            }?["message"]?.string
        self.labels = labels?.stringMembers ?? [:]
        ports = json["spec"].map(KubernetesObject.namedPorts) ?? [:]
        created = metadata["creationTimestamp"]?.string ?? ""
        workload = Self.owner(of: metadata, name: name, namespace: namespace)
    }

    /// The pods of a list as the API server tells it, whose items lack their kind; none where this is no such list.
    static func list(_ json: JSONValue) -> [KubernetesPod] {
        (json["items"]?.array ?? []).compactMap { item in
            var item = item
            item["kind"] = "Pod"
            return KubernetesPod(item)
        }
    }

    /// What a container's lines are headed with beside its workload's name; a single one needs nothing.
    func label(of container: Container) -> String? { containers.count == 1 ? nil : container.name }

    /// Whether it has run to its end and will not run again.
    var isFinished: Bool { phase == "Succeeded" || phase == "Failed" }

    private static func containers(_ json: JSONValue) -> [Container] {
        let restartPolicy = json[path: ["spec", "restartPolicy"]]?.string ?? "Always"
        return [("initContainers", "initContainerStatuses", true), ("containers", "containerStatuses", false)].flatMap {
            (list, statusList, isInit) in
            let statuses = json[path: ["status", statusList]]?.array ?? []
            return (json[path: ["spec", list]]?.array ?? []).compactMap { specification in
                Container(
                    specification, status: statuses.first { $0["name"] == specification["name"] }, isInit: isInit,
                    restartPolicy: restartPolicy)
            }
        }
    }

    /// A Deployment's pods belong to a ReplicaSet that is named for it and for the template's hash, which each of
    /// them carries as a label; those of the other kinds, and of a ReplicaSet of its own, belong to the workload itself.
    private static func owner(of metadata: JSONValue, name: String, namespace: String) -> Workload? {
        let owners = metadata["ownerReferences"]?.array ?? []
        guard let owner = owners.first(where: { $0["controller"]?.bool == true }) ?? owners.first else {
            return Workload(kind: .pod, name: name, namespace: namespace)
        }
        guard let kind = owner["kind"]?.string, let ownerName = owner["name"]?.string else { return nil }
        if kind == "ReplicaSet", let hash = metadata[path: ["labels", "pod-template-hash"]]?.string,
            ownerName.hasSuffix("-\(hash)")
        {
            return Workload(
                kind: .deployment, name: String(ownerName.dropLast(hash.count + 1)), namespace: namespace)
        }
        return Workload.Kind(restartable: kind).map {
            Workload(kind: $0, name: ownerName, namespace: namespace)
        }
    }
}
