/// A container of the project as `docker ps` lists it.
struct ListedContainer: Sendable, Hashable {
    var id: String
    /// `running`, `exited`, `created`, `restarting`, `paused`, `dead`, `removing`
    var state: String
    var workload: Workload
    var container: String
    var instance: String
    var specification: String
    var image: String
    var builtImage: String
    var role: String
    var volumes: [String]
    var ports: [String: Int]
    /// Whether its pod has several containers.
    var hasSiblings: Bool
    /// Whether it is on a network: one that was taken out of service isn't.
    var isConnected: Bool

    /// The lines of ``DockerCommand/list(workload:)``, newest first; what is not devloop's is left out.
    /// - Parameter namespace: of those that are labelled with none.
    static func read(_ output: [UInt8], namespace: String) -> [ListedContainer] {
        // The last field of the last line may be empty: what looks like white space at the end counts.
        String(decoding: output, as: UTF8.self).split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == format.count,
                let name = Workload.Name(fields[2])
            else { return nil }
            let workload = Workload(name, namespace: fields[3].isEmpty ? namespace : fields[3])
            return ListedContainer(
                id: fields[0], state: fields[1], workload: workload, container: fields[4], instance: fields[5],
                specification: fields[6], image: fields[7], builtImage: fields[8], role: fields[9],
                volumes: fields[10].split(separator: ",").map(String.init), ports: ports(fields[11]),
                hasSiblings: fields[12] == "several", isConnected: !fields[13].isEmpty)
        }
    }

    /// For `--format`.
    static let format =
        ["{{.ID}}", "{{.State}}"]
        + [
            DockerLabel.workload, DockerLabel.namespace, DockerLabel.container, DockerLabel.instance,
            DockerLabel.specification, DockerLabel.image, DockerLabel.builtImage, DockerLabel.role,
            DockerLabel.volumes, DockerLabel.ports, DockerLabel.pod,
        ].map { "{{.Label \"\($0)\"}}" } + ["{{.Networks}}"]

    private static func ports(_ text: String) -> [String: Int] {
        var ports: [String: Int] = [:]
        for entry in text.split(separator: ",") {
            let parts = entry.split(separator: "=")
            if parts.count == 2, let port = Int(parts[1]) { ports[String(parts[0])] = port }
        }
        return ports
    }
}

extension ListedContainer {
    /// Whether a process of it runs, or is about to again.
    var isUp: Bool { ["running", "restarting", "paused"].contains(state) }

    /// Of one workload's containers, newest first, those of its latest pod.
    static func current(of listed: [ListedContainer]) -> [ListedContainer] {
        guard let newest = listed.first(where: { $0.role == "main" && $0.state != "created" }) else { return [] }
        return listed.filter { $0.instance == newest.instance && $0.role == "main" }
    }

    /// Whether these are exactly the planned containers, up and in service. One that was to run only once may be done.
    static func are(_ containers: [ListedContainer], asPlanned plan: PodPlan) -> Bool {
        let areAsPlanned = containers.allSatisfy {
            $0.specification == plan.fingerprint
                && ($0.isUp || (plan.restartPolicy != "unless-stopped" && $0.state == "exited"))
        }
        return areAsPlanned && containers.map(\.container).sorted() == plan.containers.map(\.name).sorted()
            && (containers.isEmpty || containers.contains { $0.isConnected || !$0.isUp })
    }
}
