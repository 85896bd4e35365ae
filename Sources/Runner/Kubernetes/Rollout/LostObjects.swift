/// What is told of objects that a cluster has and the manifests have lost. They stay: somebody else may need them.
enum LostObjects {
    /// A sentence of those that run something or lead to it; none where there is none of them.
    static func notice(_ objects: Set<KubernetesObject.Identity>) -> String? {
        let active = objects.filter { !passive.contains($0.kind) }.sorted {
            ($0.description, $0.namespace) < ($1.description, $1.namespace)
        }
        guard let first = active.first else { return nil }
        let more = active.count > 3 ? " and \(active.count - 3) more" : ""
        let names = active.prefix(3).map(\.description).joined(separator: ", ") + more
        let verb = active.count == 1 ? "is in no manifest any more and goes" : "are in no manifest any more and go"
        return "\(names) \(verb) on as before; to end that: kubectl delete \(first.kind.lowercased()) \(first.name) "
            + "--namespace=\(first.namespace)" + (active.count > 1 ? ", …" : "")
    }

    /// Nothing comes of them alone, and a kustomization gives them another name with each change.
    private static let passive: Set<String> = [
        "ConfigMap", "Secret", "Namespace", "ServiceAccount", "PersistentVolumeClaim", "PersistentVolume",
        "StorageClass", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding",
    ]
}
