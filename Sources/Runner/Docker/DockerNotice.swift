/// Something in the manifests that plain Docker does differently, or not at all, and the user should know.
enum DockerNotice: Sendable, Hashable {
    /// A probe, of any workload.
    case probes
    /// More than one replica; of this workload.
    case replicas(String)
    /// Something that routes, and is no Ingress.
    case route(String)
    /// An object of a kind that only a cluster does anything with.
    case object(String)
    /// A field, by its path.
    case field(String)
    /// A sentence of its own.
    case sentence(String)

    /// Few lines: what is alike is told together.
    static func lines(_ notices: [DockerNotice]) -> [String] {
        func line(_ subjects: [String], _ text: (String) -> String) -> [String] {
            var seen: Set<String> = []
            let unique = subjects.filter { seen.insert($0).inserted }
            return unique.isEmpty ? [] : [text(unique.joined(separator: ", "))]
        }
        var probes: [String] = [], replicas: [String] = [], routes: [String] = [], objects: [String] = []
        var fields: [String] = [], sentences: [String] = []
        for notice in notices {
            switch notice {
            case .probes: probes.append("")
            case .replicas(let subject): replicas.append(subject)
            case .route(let subject): routes.append(subject)
            case .object(let subject): objects.append(subject)
            case .field(let subject): fields.append(subject)
            case .sentence(let text): sentences.append(text)
            }
        }
        return line(routes) { "nothing routes \($0) on Docker: use an Ingress, or NodePort Services" }
            + line(probes) { _ in "probes are not run on Docker: a container counts as ready once it runs" }
            + line(replicas) { "one replica runs on Docker, where the manifests want more: \($0)" }
            + line(objects) { "left out on Docker, use a cluster for: \($0)" }
            + line(fields) { "without effect on Docker: \($0)" }
            + sentences
    }
}
