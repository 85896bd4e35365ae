import Runner

/// Selectors that none of the manifests' pods has the labels for. What else may run in a namespace nobody knows, so these are
/// words of warning. Pure.
enum Selectors {
    /// A line for each.
    static func notices(_ objects: [KubernetesObject], on target: TargetKind) -> [String] {
        let pods = Dictionary(
            grouping: objects.filter { $0.podSpecPath != nil }, by: \.identity.namespace
        ).mapValues { $0.map(\.podLabels) }
        let operated = Set(objects.filter(isCustom).map(\.identity.namespace))
        return objects.compactMap { object in
            let namespace = object.identity.namespace
            switch object.identity.kind {
            case "Service":
                guard let pods = pods[namespace] else { return nil }
                return notice(service: object, pods: pods, mayBeOperated: operated.contains(namespace))
            // A cluster refuses it, and says so.
            default: return target == .docker ? notice(workload: object) : nil
            }
        }
    }

    /// - Parameter mayBeOperated: whether custom resources are there, whose operators may make pods.
    private static func notice(
        service: KubernetesObject, pods: [[String: String]], mayBeOperated: Bool
    ) -> String? {
        let selector = service.json[path: ["spec", "selector"]]?.stringMembers ?? [:]
        guard !selector.isEmpty, service.json[path: ["spec", "type"]]?.string != "ExternalName",
            !pods.contains(where: { fits(selector, $0) })
        else { return nil }
        let strangers = selector.sorted(by: <).filter { pair in !pods.contains { $0[pair.key] == pair.value } }
        let right = strangers.lazy.compactMap { suggestion(for: $0, in: pods) }.first
        if mayBeOperated, right == nil { return nil }
        return "service/\(service.identity.name): its selector \(text(selector)) matches nothing in the manifests"
            + (right.map { "; did you mean \($0)?" } ?? "")
    }

    private static func notice(workload: KubernetesObject) -> String? {
        guard let name = workload.workload, name.kind != .pod, !workload.selector.isEmpty,
            !fits(workload.selector, workload.podLabels)
        else { return nil }
        let labels = workload.podLabels.isEmpty ? "they have none" : text(workload.podLabels)
        return
            "\(name): its selector \(text(workload.selector)) does not match the labels of its own pods (\(labels)): "
            + "a cluster refuses that"
    }

    private static func fits(_ selector: [String: String], _ labels: [String: String]) -> Bool {
        selector.allSatisfy { labels[$0.key] == $0.value }
    }

    /// A label that pods have, and that was meant: a value of the same key that is near, or another key with the value.
    private static func suggestion(
        for pair: (key: String, value: String), in pods: [[String: String]]
    ) -> String? {
        let values = pods.compactMap { $0[pair.key] }.unique.sorted()
        if let value = Suggestion.nearest(to: pair.value, in: values) { return "\(pair.key)=\(value)" }
        let keys = pods.flatMap { labels in labels.filter { $0.value == pair.value }.keys }.unique.sorted()
        return keys.first.map { "\($0)=\(pair.value)" }
    }

    private static func text(_ labels: [String: String]) -> String {
        labels.sorted(by: <).map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    private static let groups: Set<Substring> = ["apps", "batch", "autoscaling", "policy", "extensions"]

    /// Whether the object's kind is none of Kubernetes' own.
    private static func isCustom(_ object: KubernetesObject) -> Bool {
        let parts = (object.json["apiVersion"]?.string ?? "").split(separator: "/")
        return parts.count == 2 && !groups.contains(parts[0]) && !parts[0].hasSuffix(".k8s.io")
    }
}
