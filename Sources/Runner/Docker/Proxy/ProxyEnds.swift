/// Whether the end of an nginx is news. Pure.
struct ProxyEnds: Sendable {
    /// Those that devloop itself removes.
    private var retired: Set<String> = []
    /// Those that somebody ends.
    private var stopped: Set<String> = []
    /// Whether one has ended since somebody looked that is not started again by itself.
    private(set) var areMissing = false
    private var told = Once<String>()

    mutating func retire(_ ids: [String]) { retired.formUnion(ids) }

    /// All that are needed are there again.
    mutating func looked() { areMissing = false }

    /// Takes a line of the engine's events.
    /// - Returns: what to say, once for each of them.
    mutating func notice(of line: [UInt8], _ project: ProjectIdentity) -> String? {
        guard let json = try? JSONParser.parse(line), let id = json[path: ["Actor", "ID"]]?.string,
            let attributes = json[path: ["Actor", "Attributes"]]?.stringMembers,
            attributes[DockerLabel.role] == ListedProxy.role, attributes[DockerLabel.place] == project.place,
            let key = ProxyPlan.Key(
                label: attributes[DockerLabel.container] ?? "", namespace: attributes[DockerLabel.namespace] ?? "")
        else { return nil }
        switch json["Action"]?.string {
        case "kill":
            if ["9", "15", "3"].contains(attributes["signal"]) { stopped.insert(id) }
            return nil
        case "start":
            stopped.remove(id)
            return nil
        case "die":
            guard !retired.contains(id) else { return nil }
            if stopped.contains(id) { areMissing = true }
            guard !told.news([id]).isEmpty else { return nil }
            let next =
                stopped.contains(id)
                ? "somebody stopped or removed it; the next save starts it again" : "Docker restarts it"
            return "\(key) exited with code \(attributes["exitCode"] ?? "?"): \(next)"
        default: return nil
        }
    }
}
