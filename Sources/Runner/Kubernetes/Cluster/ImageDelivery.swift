/// How an image gets from this machine's Docker to the nodes of a cluster.
package enum ImageDelivery: Sendable, Hashable {
    /// The cluster runs on this machine's Docker: what is built is there.
    case shared
    /// It is pushed to a registry: this one, or the one that the image's name holds.
    case push(registry: String?)
    /// It is pushed to the registry that the cluster names.
    case local(LocalRegistry)
    /// `kind load docker-image` into this cluster.
    case kind(cluster: String)
    /// `k3d image import` into this cluster.
    case k3d(cluster: String)
    /// `minikube image load` into this profile.
    case minikube(profile: String)

    /// The way for a context.
    /// - Parameters:
    ///   - isMinikubes: whether minikube says there that it made it.
    ///   - registry: the configured registry; with one, images are always pushed.
    ///   - usesMinikubeDocker: whether `eval $(minikube docker-env)` is in force here.
    package init(context: String, isMinikubes: Bool = false, registry: String?, usesMinikubeDocker: Bool) {
        guard registry == nil else {
            self = .push(registry: registry)
            return
        }
        switch LocalCluster(context: context, isMinikubes: isMinikubes) {
        case .sharingDocker: self = .shared
        case .minikube where usesMinikubeDocker: self = .shared
        case .minikube(let profile): self = .minikube(profile: profile)
        case .kind(let name): self = .kind(cluster: name)
        case .k3d(let name): self = .k3d(cluster: name)
        case .microk8s, nil: self = .push(registry: nil)
        }
    }

    /// Whether a registry that the cluster names is the better way: where none was asked for, and nothing is shared.
    var givesWayToLocalRegistry: Bool {
        switch self {
        case .push(nil), .kind, .k3d, .minikube: true
        case .push, .local, .shared: false
        }
    }

    /// Where images are pushed to, and what the nodes call that.
    var registries: (pushed: String?, pulled: String?)? {
        switch self {
        case .push(let registry): (registry, registry)
        case .local(let registry): (registry.host, registry.hostForNodes ?? registry.host)
        case .shared, .kind, .k3d, .minikube: nil
        }
    }

    /// What the nodes know an image by once it is there.
    func reference(of image: BuiltImage) throws -> ImageReference {
        switch self {
        case .push, .local: try KubernetesTarget.pushReference(image.reference, registry: registries?.pulled)
        // minikube leaves an image alone that a container runs under the same name
        // (https://github.com/kubernetes/minikube/issues/13511).
        case .minikube: image.reference.marked(by: image.id)
        case .shared, .kind, .k3d: image.reference
        }
    }

    /// An image that its build has pushed already; `nil` where it has not.
    func pushedByItsBuild(_ image: BuiltImage) throws -> DeliveredImage? {
        guard var delivered = DeliveredImage(pushedByItsBuild: image) else { return nil }
        if case .local = self { delivered.reference = try reference(of: image).tagged }
        return delivered
    }

    /// The commands that load an image without a registry; none where this way has no need of any.
    func load(_ image: BuiltImage) throws -> [Command] {
        let reference = try reference(of: image).tagged
        return switch self {
        case .shared, .push, .local: []
        case .kind(let cluster): [Command("kind", ["load", "docker-image", reference, "--name=\(cluster)"])]
        case .k3d(let cluster): [Command("k3d", ["image", "import", reference, "--cluster=\(cluster)"])]
        case .minikube(let profile):
            [
                Command("docker", ["tag", image.id, reference]),
                Command("minikube", ["image", "load", reference, "--profile=\(profile)"]),
            ]
        }
    }

    /// Takes away what ``load(_:)`` has left on this machine, where that is something.
    func cleanUp(after image: BuiltImage) throws -> Command? {
        guard case .minikube = self else { return nil }
        return Command("docker", ["image", "rm", try reference(of: image).tagged])
    }
}

extension ImageDelivery {
    /// Why this way can't begin where a program keeps its images; `nil` where it can.
    func problem(with program: any ImageProgram, in context: String) -> TargetError? {
        // Their containerd may be this machine's; that of the others is behind a Docker.
        let isContainerds = ["rancher-desktop", "colima", "lima"].contains(where: context.hasPrefix)
        let isPossible =
            switch self {
            case .push, .local: true
            case .shared: program is DockerProgram || program is NerdctlProgram && isContainerds
            case .kind, .k3d, .minikube: program is DockerProgram
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
        case .local(let registry): "images go to \(registry.host), which the cluster names as its registry"
        case .push(nil): "images are pushed as they are named"
        case .kind(let cluster): "images are loaded into the kind cluster \(cluster)"
        case .k3d(let cluster): "images are imported into the k3d cluster \(cluster)"
        case .minikube(let profile): "images are loaded into the minikube profile \(profile)"
        }
    }
}
