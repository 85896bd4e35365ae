/// The labels by which devloop knows its own containers, volumes and networks again.
enum DockerLabel {
    /// The project's name: on everything.
    static let project = "dev.devloop.project"
    /// `deployment/posts-depl`
    static let workload = "dev.devloop.workload"
    /// The workload's namespace. Earlier versions left it empty where the manifest names none.
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
    /// `owner` or `joined`, where the containers of a pod share a network.
    static let network = "dev.devloop.network"
    /// Docker's restart policy.
    static let restart = "dev.devloop.restart"
    /// The whole names of the volumes that go with the pod, with commas between them.
    static let volumes = "dev.devloop.volumes"
    /// The ports that were chosen for it: `default/posts-np/http=30400`, with commas between them.
    static let ports = "dev.devloop.ports"
}
