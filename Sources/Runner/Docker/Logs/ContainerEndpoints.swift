/// Where the connections to a project's containers end: an address each, which the engine is asked for when one starts.
/// Pure.
struct ContainerEndpoints: Sendable {
    private var known: [Workload: [PodEndpoint]] = [:]
    private var versions: [Workload: Int] = [:]

    /// These containers of a workload run now.
    /// - Returns: those that are gone, and the number that ``found(_:of:version:)`` takes.
    mutating func runs(_ containers: [RunningContainer], of workload: Workload) -> (gone: [PodEndpoint], version: Int) {
        let ids = Set(containers.map(\.id))
        let gone = known[workload, default: []].filter { !ids.contains($0.id) }
        known[workload]?.removeAll { !ids.contains($0.id) }
        versions[workload, default: 0] += 1
        return (gone, versions[workload, default: 0])
    }

    /// Where they end, looked at after they were told to run.
    /// - Parameter isReady: whether one takes connections, by its id.
    /// - Returns: what is news of it.
    mutating func found(
        _ endpoints: [PodEndpoint], of workload: Workload, version: Int, isReady: (String) -> Bool = { _ in true }
    ) -> [PodEndpoint] {
        // What runs is another by now, and is being looked at.
        guard versions[workload] == version else { return [] }
        var endpoints = endpoints
        for index in endpoints.indices { endpoints[index].isReady = isReady(endpoints[index].id) }
        let news = endpoints.filter { !known[workload, default: []].contains($0) }
        known[workload] = endpoints
        return news
    }

    /// Some may be ready that were not, or the other way round.
    /// - Returns: those.
    mutating func probed(_ isReady: (String) -> Bool) -> [PodEndpoint] {
        var news: [PodEndpoint] = []
        for (workload, endpoints) in known {
            for (index, endpoint) in endpoints.enumerated() where endpoint.isReady != isReady(endpoint.id) {
                known[workload]?[index].isReady.toggle()
                news += known[workload].map { [$0[index]] } ?? []
            }
        }
        return news
    }
}

extension PodEndpoint {
    /// A container as the engine tells it; `nil` for one that has no address of its own.
    init?(_ json: JSONValue, of workload: Workload) {
        guard let id = json["Id"]?.string, json[path: ["State", "Running"]]?.bool == true else { return nil }
        let networks = json[path: ["NetworkSettings", "Networks"]]?.object?.members ?? []
        let addresses = networks.sorted { $0.key < $1.key }.compactMap { $0.value["IPAddress"]?.string }
        let isHost = json[path: ["HostConfig", "NetworkMode"]]?.string == "host"
        guard let address = isHost ? "127.0.0.1" : addresses.first(where: { !$0.isEmpty }) else { return nil }
        self.init(
            id: id, place: .address(address), namespace: workload.namespace, workload: workload,
            revision: json[path: ["Config", "Labels", DockerLabel.instance]]?.string.map { PodInstance($0).start }
                ?? id,
            // Without the Z, as the digits before it are not always as many.
            created: String((json[path: ["State", "StartedAt"]]?.string ?? "").prefix { $0 != "Z" }))
    }
}
