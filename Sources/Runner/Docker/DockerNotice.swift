/// Something in the manifests that plain Docker does differently, or not at all, and the user should know.
enum DockerNotice: Sendable, Hashable {
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
        var routes: [String] = [], objects: [String] = [], fields: [String] = [], sentences: [String] = []
        for notice in notices {
            switch notice {
            case .route(let subject): routes.append(subject)
            case .object(let subject): objects.append(subject)
            case .field(let subject): fields.append(subject)
            case .sentence(let text): sentences.append(text)
            }
        }
        return line(routes) { "nothing routes \($0) on Docker: use an Ingress, or NodePort Services" }
            + line(objects) { "left out on Docker, use a cluster for: \($0)" }
            + line(fields) { "without effect on Docker: \($0)" }
            + sentences
    }
}
