/// The labels by which devloop knows its own containers, volumes and networks again.
enum DockerLabel {
    /// The project's name: on everything.
    static let project = "dev.devloop.project"
    /// `deployment/posts-depl`
    static let workload = "dev.devloop.workload"
    /// The workload's namespace, where its manifest names one.
    static let namespace = "dev.devloop.namespace"
    /// The container's name in the manifest.
    static let container = "dev.devloop.container"
    /// Whether a log line has to name its container: `several` or `one`.
    static let pod = "dev.devloop.pod"
    /// One start of a pod: containers with another one are older or newer.
    static let instance = "dev.devloop.instance"
    /// The plan's fingerprint.
    static let specification = "dev.devloop.spec"
    /// The image as the manifest names it.
    static let image = "dev.devloop.image"
    /// The id of an image that devloop built.
    static let builtImage = "dev.devloop.built"
    /// `init` or `main`.
    static let role = "dev.devloop.role"
    /// Docker's restart policy.
    static let restart = "dev.devloop.restart"
    /// The whole names of the volumes that go with the pod, with commas between them.
    static let volumes = "dev.devloop.volumes"
    /// The ports that were chosen for it: `default/posts-np/http=30400`, with commas between them.
    static let ports = "dev.devloop.ports"
}

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
    static func read(_ output: String) -> [ListedContainer] {
        output.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == format.count, var workload = Workload(fields[2]) else { return nil }
            workload.namespace = fields[3].isEmpty ? nil : fields[3]
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
