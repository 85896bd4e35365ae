/// The labels by which devloop knows its own containers, volumes and networks again.
enum DockerLabel {
    /// The project's name: on everything.
    static let project = "dev.devloop.project"
    /// The absolute path of the project's devloop.json: on everything. Earlier versions did not have it.
    static let place = "dev.devloop.place"
    /// `deployment/posts-depl`
    static let workload = "dev.devloop.workload"
    /// The workload's namespace. Earlier versions left it empty where the manifest names none.
    static let namespace = "dev.devloop.namespace"
    /// The container's name in the manifest.
    static let container = "dev.devloop.container"
    /// Whether a log line has to name its container: `several` or `one`.
    static let pod = "dev.devloop.pod"
    /// A ``PodInstance``, one start of a pod: containers with another one are older or newer, or another replica's.
    static let instance = "dev.devloop.instance"
    /// The plan's fingerprint.
    static let specification = "dev.devloop.spec"
    /// The image as the manifest names it.
    static let image = "dev.devloop.image"
    /// The id of an image that devloop built.
    static let builtImage = "dev.devloop.built"
    /// `init` or `main`, or `proxy` on an nginx that devloop puts before Services.
    static let role = "dev.devloop.role"
    /// `owner` or `joined`, where the containers of a pod share a network.
    static let network = "dev.devloop.network"
    /// Docker's restart policy.
    static let restart = "dev.devloop.restart"
    /// The whole names of the volumes that go with the pod: a list.
    static let volumes = "dev.devloop.volumes"
    /// The claim that a volume is for.
    static let claim = "dev.devloop.claim"
    /// The `subPath` of the claim, where the volume is for a part of it.
    static let part = "dev.devloop.part"
    /// The ports that were chosen for it: a list of `default/posts-np/http=30400`.
    static let ports = "dev.devloop.ports"

    /// The workload of ``workload``'s value, a Job too; `nil` where that is none.
    static func name(_ text: String) -> Workload.Name? {
        let job = "\(Workload.Kind.job.rawValue)/"
        guard text.hasPrefix(job) else { return Workload.Name(text) }
        return Workload.Name(kind: .job, name: String(text.dropFirst(job.count)))
    }

    /// A label's value for `--format`, as JSON: a path may hold whatever separates columns and lines.
    static func template(_ label: String) -> String { "{{json (.Label \"\(label)\")}}" }

    /// The value that ``template(_:)`` printed.
    static func value(_ text: String) -> String { (try? JSONParser.parse(Array(text.utf8)))?.string ?? "" }

    /// The rows of a table whose columns have tabs between them; what has another number of columns is left out.
    static func rows(_ output: CommandOutput, columns: Int) -> [[String]] {
        // The last column of the last row may be empty: what looks like white space at the end counts.
        String(decoding: output.standardOutput, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
            .filter { $0.count == columns }
    }

    /// Several values in one label.
    static func list(_ values: [String]) -> String { JSONValue.array(values.map { .string($0) }).description }

    /// The values of ``list(_:)``. Earlier versions put commas between them.
    static func values(in text: String) -> [String] {
        guard let list = try? JSONParser.parse(Array(text.utf8)) else {
            return text.split(separator: ",").map(String.init)
        }
        return (list.array ?? []).compactMap(\.string)
    }
}
