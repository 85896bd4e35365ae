/// How an image gets from this machine's Docker to the nodes of a cluster.
package enum ImageDelivery: Sendable, Hashable {
    /// The cluster runs on this machine's Docker: what is built is there.
    case shared
    /// It is pushed to a registry: this one, or the one that the image's name holds.
    case push(registry: String?)
    /// `kind load docker-image` into this cluster.
    case kind(cluster: String)
    /// `k3d image import` into this cluster.
    case k3d(cluster: String)

    /// The way for a context.
    /// - Parameters:
    ///   - registry: the configured registry; with one, images are always pushed.
    ///   - usesMinikubeDocker: whether `eval $(minikube docker-env)` is in force here.
    package init(context: String, registry: String?, usesMinikubeDocker: Bool) {
        guard registry == nil else {
            self = .push(registry: registry)
            return
        }
        switch LocalCluster(context: context) {
        case .sharingDocker: self = .shared
        case .minikube where usesMinikubeDocker: self = .shared
        case .kind(let name): self = .kind(cluster: name)
        case .k3d(let name): self = .k3d(cluster: name)
        case .minikube, .microk8s, nil: self = .push(registry: nil)
        }
    }

    /// The command that loads an image without a registry, where this way has one.
    func load(_ reference: ImageReference) -> Command? {
        switch self {
        case .shared, .push: nil
        case .kind(let cluster): Command("kind", ["load", "docker-image", reference.tagged, "--name=\(cluster)"])
        case .k3d(let cluster): Command("k3d", ["image", "import", reference.tagged, "--cluster=\(cluster)"])
        }
    }
}

extension ImageDelivery {
    /// Why this way can't begin where a program keeps its images; `nil` where it can.
    func problem(with program: any ImageProgram) -> TargetError? {
        let isPossible =
            switch self {
            case .push: true
            case .shared: program is DockerProgram || program is NerdctlProgram
            case .kind, .k3d: program is DockerProgram
            }
        guard !isPossible else { return nil }
        return TargetError(
            .configuration, "what \(program.name) builds does not come to this cluster by itself: \(self)",
            advice: "say where both find a registry, with \"registry\" or --registry, or build with docker")
    }
}

extension ImageDelivery: CustomStringConvertible {
    /// For the first line: `images go to localhost:5000`.
    package var description: String {
        switch self {
        case .shared: "images are shared with this machine's Docker"
        case .push(let registry?): "images go to \(registry)"
        case .push(nil): "images are pushed as they are named"
        case .kind(let cluster): "images are loaded into the kind cluster \(cluster)"
        case .k3d(let cluster): "images are imported into the k3d cluster \(cluster)"
        }
    }
}
