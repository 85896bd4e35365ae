/// What a workload's pods come from: where that is another after a change, the cluster replaces them by itself.
enum PodSource: Sendable, Hashable {
    /// The template, as the cluster has it, and not as it was applied: somebody may have rolled it back.
    case template(JSONValue)
    /// The uid of a pod that is its own workload.
    case pod(String)

    /// - Parameter json: the workload, as the cluster has it.
    init?(_ json: JSONValue) {
        if let template = json[path: ["spec", "template"]] {
            self = .template(template)
        } else if let uid = json[path: ["metadata", "uid"]]?.string {
            self = .pod(uid)
        } else {
            return nil
        }
    }
}

extension ClusterReading {
    /// What the pods of workloads come from, of those that are there and can be asked for.
    func podSources(of workloads: [Workload]) async -> [Workload: PodSource] {
        let answers = await sideBySide(workloads, atOnce: 8) { workload in
            (workload, (try? await read(.workload(workload)))?.json.flatMap(PodSource.init))
        }
        return answers.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
}
