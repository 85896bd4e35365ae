/// A cluster for development on this machine, known by the name that the tool that makes it gives to its context.
enum LocalCluster: Sendable, Hashable {
    /// Its nodes are containers with a container runtime of their own.
    case kind(name: String)
    case k3d(name: String)
    /// A virtual machine or a container with a runtime of its own.
    case minikube(profile: String)
    /// It runs on this machine's Docker: what is built is there.
    case sharingDocker
    case microk8s

    /// - Parameters:
    ///   - context: the name of the context in kubectl's configuration. `nil` where no such tool gives it.
    ///   - isMinikubes: whether minikube says there that it made the context, whose profile has that name then.
    init?(context: String, isMinikubes: Bool = false) {
        switch context {
        case _ where isMinikubes: self = .minikube(profile: context)
        case "minikube": self = .minikube(profile: "minikube")
        case "microk8s": self = .microk8s
        case "docker-desktop", "docker-for-desktop", "orbstack", "rancher-desktop", "colima": self = .sharingDocker
        default:
            guard let dash = context.firstIndex(of: "-"), context.index(after: dash) != context.endIndex else {
                return nil
            }
            let name = String(context[context.index(after: dash)...])
            switch context[..<dash] {
            case "kind": self = .kind(name: name)
            case "k3d": self = .k3d(name: name)
            case "colima": self = .sharingDocker
            default: return nil
            }
        }
    }

    /// Whether the ports of its nodes may not be this machine's.
    var hidesNodes: Bool {
        switch self {
        case .kind, .k3d, .minikube: true
        case .sharingDocker, .microk8s: false
        }
    }
}
