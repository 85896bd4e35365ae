/// What a workload's own object says of its rollout, and which of its pods nobody replaces. Pure.
///
/// A StatefulSet waits for the pod that it comes to before it goes on, also where that is one of the old template that
/// never gets ready (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback); one with
/// a partition leaves the pods below it as they are, and with the update strategy OnDelete nobody replaces any.
struct RolloutStatus: Sendable, Hashable {
    /// How far it has come, as `kubectl rollout status` and `kubectl wait` compute it
    /// (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment).
    enum Progress: Sendable, Hashable {
        case pending
        case ready
        /// A Deployment's progress deadline is over.
        case overdue
    }

    let progress: Progress
    /// The object's version.
    let version: String?
    /// Whether the controller has seen the newest template.
    let isObserved: Bool
    /// How many pods there should be.
    let pods: Int
    /// Whether pods are replaced only when somebody deletes them.
    let isOnDelete: Bool
    /// A StatefulSet's pods below this number stay as they are.
    let partition: Int
    /// Whether a StatefulSet waits for each pod before it goes on.
    private let isOrdered: Bool
    private let kind: Workload.Kind
    /// Of a StatefulSet, the hash of the newest template.
    private let revision: String?
    /// Of a DaemonSet, the number of the newest template.
    private let generation: String?

    /// - Parameter json: the workload as the API server has it.
    init(_ json: JSONValue, kind: Workload.Kind) {
        self.kind = kind
        let (metadata, spec, status) = (json["metadata"], json["spec"], json["status"])
        isObserved = (status?["observedGeneration"]?.integer ?? 0) >= (metadata?["generation"]?.integer ?? 0)
        pods = (kind == .daemonSet ? status?["desiredNumberScheduled"] : spec?["replicas"])?.integer ?? 1
        isOnDelete = spec?[path: ["updateStrategy", "type"]]?.string == "OnDelete"
        isOrdered = spec?["podManagementPolicy"]?.string != "Parallel"
        partition = spec?[path: ["updateStrategy", "rollingUpdate", "partition"]]?.integer ?? 0
        revision = status?["updateRevision"]?.string
        generation = metadata?[path: ["annotations", "deprecated.daemonset.template.generation"]]?.string
        version = json.resourceVersion
        progress = Self.progress(json, kind, isObserved: isObserved, pods: pods, partition: partition)
    }

    private static func progress(
        _ json: JSONValue, _ kind: Workload.Kind, isObserved: Bool, pods: Int, partition: Int
    ) -> Progress {
        let status = json["status"]
        func count(_ key: String) -> Int { status?[key]?.integer ?? 0 }
        func condition(_ type: String) -> JSONValue? {
            status?["conditions"]?.array?.first { $0["type"]?.string == type }
        }
        let isReady: Bool
        switch kind {
        case .deployment:
            if isObserved, condition("Progressing")?["reason"]?.string == "ProgressDeadlineExceeded" { return .overdue }
            isReady =
                count("updatedReplicas") >= pods && count("replicas") <= count("updatedReplicas")
                && count("availableReplicas") >= count("updatedReplicas")
        case .statefulSet:
            let isUpdated =
                partition > 0
                ? count("updatedReplicas") >= pods - partition
                : status?["updateRevision"]?.string == status?["currentRevision"]?.string
            isReady = count("observedGeneration") > 0 && count("readyReplicas") >= pods && isUpdated
        case .daemonSet:
            isReady = count("updatedNumberScheduled") >= pods && count("numberAvailable") >= pods
        case .pod: return condition("Ready")?["status"]?.string == "True" ? .ready : .pending
        // What they say of themselves does not tell which pods are meant.
        case .replicaSet, .replicationController, .job: return .pending
        }
        return isObserved && isReady ? .ready : .pending
    }

    /// Whether a pod was made of an older template.
    func isOutdated(_ pod: KubernetesPod) -> Bool {
        switch kind {
        case .statefulSet: revision != nil && pod.revision != revision
        case .daemonSet: generation != nil && pod.generation != nil && pod.generation != generation
        default: false
        }
    }

    /// Why nobody replaces a pod that was made of an older template; `nil` where somebody does.
    func neglect(of pod: KubernetesPod) -> String? {
        guard isOutdated(pod) else { return nil }
        if isOnDelete { return "its update strategy is OnDelete" }
        guard kind == .statefulSet else { return nil }
        if let number = pod.name.split(separator: "-").last.flatMap({ Int($0) }), number < partition {
            return "its update strategy leaves pods below the partition \(partition) as they are"
        }
        if pod.isReady || !isOrdered { return nil }
        return "nothing replaces a pod of an old revision that is not ready (podManagementPolicy OrderedReady)"
    }

    /// Whether all pods are there and ready.
    /// - Parameter current: the pods that are not to end.
    func isReady(_ current: [KubernetesPod]) -> Bool {
        isObserved && current.count == pods && current.allSatisfy(\.isReady)
    }
}
