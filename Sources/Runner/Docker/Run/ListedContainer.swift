/// A container of the project as `docker ps` lists it.
struct ListedContainer: Sendable, Hashable {
    var id: String
    /// Empty for one that an earlier devloop made.
    var place: String
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
    /// The names of the networks that it is on: none for one that was taken out of service.
    var networks: [String]
    /// The names of the volumes that it mounts.
    var mounts: [String]

    /// The lines of ``DockerCommand/list(workload:)``, newest first; what is not devloop's is left out.
    /// - Parameter namespace: of those that are labelled with none.
    static func read(_ output: CommandOutput, namespace: String) -> [ListedContainer] {
        DockerLabel.rows(output, columns: format.count).compactMap { fields in
            guard let name = DockerLabel.name(fields[2]) else { return nil }
            let workload = Workload(name, namespace: fields[3].isEmpty ? namespace : fields[3])
            return ListedContainer(
                id: fields[0], place: DockerLabel.value(fields[15]), state: fields[1], workload: workload,
                container: fields[4], instance: fields[5],
                specification: fields[6], image: fields[7], builtImage: fields[8], role: fields[9],
                volumes: DockerLabel.values(in: fields[10]), ports: ports(fields[11]),
                hasSiblings: fields[12] == "several", networks: fields[13].split(separator: ",").map(String.init),
                mounts: fields[14].split(separator: ",").map(String.init))
        }
    }

    /// For `--format`.
    static let format =
        ["{{.ID}}", "{{.State}}"]
        + [
            DockerLabel.workload, DockerLabel.namespace, DockerLabel.container, DockerLabel.instance,
            DockerLabel.specification, DockerLabel.image, DockerLabel.builtImage, DockerLabel.role,
            DockerLabel.volumes, DockerLabel.ports, DockerLabel.pod,
        ].map { "{{.Label \"\($0)\"}}" }
        + ["{{.Networks}}", "{{.Mounts}}", DockerLabel.template(DockerLabel.place)]

    private static func ports(_ text: String) -> [String: Int] {
        var ports: [String: Int] = [:]
        for entry in DockerLabel.values(in: text) {
            guard let sign = entry.lastIndex(of: "="), let port = Int(entry[entry.index(after: sign)...]) else {
                continue
            }
            ports[String(entry[..<sign])] = port
        }
        return ports
    }
}

extension ListedContainer {
    /// Whether a process of it runs, or is about to again.
    var isUp: Bool { ["running", "restarting", "paused"].contains(state) }

    /// Whether a volume or folder of it is there after it.
    var keepsData: Bool { !Set(mounts).subtracting(volumes).isEmpty || networks == ["host"] }

    /// The start of the workload that its pod came with.
    var start: String { PodInstance(instance).start }

    /// Of one workload's containers, newest first, those of its latest pods.
    static func current(of listed: [ListedContainer]) -> [ListedContainer] {
        guard let newest = listed.first(where: { $0.role == "main" && $0.state != "created" }) else { return [] }
        return listed.filter { $0.start == newest.start && $0.role == "main" }
    }

    /// Whether these are exactly the planned containers, up and in service. One that was to run only once may be done.
    /// - Parameter network: the name of the network that the pods belong on.
    static func are(_ containers: [ListedContainer], asPlanned plan: PodPlan, on network: String) -> Bool {
        let areAsPlanned = containers.allSatisfy {
            $0.specification == plan.fingerprint
                && ($0.isUp && $0.state != "paused" || (plan.restartPolicy != "unless-stopped" && $0.state == "exited"))
        }
        guard areAsPlanned else { return false }
        let pods = Dictionary(grouping: containers) { PodInstance($0.instance).number }
        return containers.count == plan.pods.reduce(0) { $0 + $1.containers.count }
            && plan.pods.enumerated().allSatisfy { number, pod in
                let containers = pods[number] ?? []
                return containers.map(\.container).sorted() == pod.containers.map(\.name).sorted()
                    && (containers.isEmpty || plan.usesHostNetwork
                        || containers.contains { !$0.isUp || $0.networks.contains(network) })
            }
    }
}

/// Tells a pod from all others: which start of its workload it came with, and which of that start's pods it is.
struct PodInstance: Sendable, Hashable {
    var start: String
    /// 0 for the first.
    var number: Int

    init(start: String, number: Int) {
        self.start = start
        self.number = number
    }

    /// Reads a label.
    init(_ text: String) {
        let dash = text.lastIndex(of: "-")
        let number = dash.flatMap { Int(text[text.index(after: $0)...]) }
        start = number == nil ? text : String(text[..<(dash ?? text.endIndex)])
        self.number = number ?? 0
    }

    /// The start of a workload, by chance.
    static func newStart() -> String {
        let digits = String(UInt32.random(in: 0...UInt32.max), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension PodInstance: CustomStringConvertible {
    /// `0f3a99c1`, of further pods `0f3a99c1-1`
    var description: String { number == 0 ? start : "\(start)-\(number)" }
}

extension PodPlan {
    /// The pod that a container is of, or was before it is replaced; `nil` where there are fewer now.
    func pod(of container: ListedContainer) -> PodPlan? {
        let number = PodInstance(container.instance).number
        return number < pods.count ? pods[number] : nil
    }
}
