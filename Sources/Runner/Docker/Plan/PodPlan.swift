/// What one workload becomes on Docker: the containers of a pod, what they share, and the other pods that are to run
/// beside it. A pure value; everything that it says comes from the manifests.
struct PodPlan: Sendable, Hashable {
    /// A port that is reached from this machine.
    struct PublishedPort: Sendable, Hashable {
        var address = "127.0.0.1"
        var hostPort: Int
        var containerPort: Int
        var networkProtocol = "tcp"
        /// The Service's port that it is for: `default/posts-np/http`
        var purpose = ""
    }

    /// A line of `/etc/hosts`.
    struct HostAlias: Sendable, Hashable {
        var address: String
        var name: String
    }

    var workload: Workload
    /// What `metadata.name` of the pod is, and the host name of its containers unless the manifest gives one.
    var hostname: String
    /// Whether each start of it has a host name of its own, as the pods of a Deployment have. Docker makes every host name
    /// one that others call, in all networks: one like a Service's would answer in that one's place.
    var hasFreshHostname = false
    /// The names that other containers of the namespace reach it by.
    var aliases: [String] = []
    /// Those of them that say which namespace they are of, and are called from all others too.
    var qualifiedAliases: [String] = []
    var ports: [PublishedPort] = []
    /// Lines for `/etc/hosts`.
    var hostAliases: [HostAlias] = []
    var usesHostNetwork = false
    var initContainers: [ContainerPlan] = []
    /// The first owns the network; the others join it.
    var containers: [ContainerPlan] = []
    /// Seconds between SIGTERM and SIGKILL.
    var gracePeriod = 30
    /// How long it may take until its probes find it ready.
    var readinessDeadline = Duration.seconds(600)
    /// Docker's restart policy.
    var restartPolicy = "unless-stopped"
    /// How often a Job that fails is run again.
    var retries = 0
    /// Whether the new pod may start while the old one is still there: nothing that both would write to.
    var replacesWhileRunning = true
    /// Whether each of several pods waits for those before it to be ready, its init containers too.
    var startsInOrder = false
    /// Changes whenever the containers have to be made again. All pods of a workload have the first one's.
    var fingerprint = ""
    /// The other pods of the workload, where several are to run: the same but for what each has of its own, its names
    /// and claims. No port of this machine is theirs.
    var replicas: [PodPlan] = []

    /// All pods, the first one first.
    var pods: [PodPlan] { [self] + replicas }

    /// The volumes that are removed with the pod.
    var ephemeralVolumes: [EphemeralVolume] {
        let volumes = mounts.compactMap { mount -> EphemeralVolume? in
            if case .ephemeral(let volume, _) = mount.source { volume } else { nil }
        }
        return Set(volumes).sorted { ($0.name, $0.part) < ($1.name, $1.part) }
    }

    /// Whether an init container that fails is run again: `retried`, or `no`.
    var initRestart: String { restartPolicy == "no" && workload.kind != .job ? "no" : "retried" }

    /// A text of docker's without the values of Secrets that it may repeat.
    func withoutSecrets(_ text: String) -> String {
        text.withoutSecrets((initContainers + containers).flatMap(\.secrets))
    }

    /// The volumes that stay.
    var persistentVolumes: [PersistentVolume] {
        let volumes = mounts.compactMap { mount -> PersistentVolume? in
            if case .persistent(let volume) = mount.source { volume } else { nil }
        }
        return Set(volumes).sorted { ($0.claim, $0.part) < ($1.claim, $1.part) }
    }

    private var mounts: [ContainerPlan.Mount] { (initContainers + containers).flatMap(\.mounts) }

    /// The host name of one start of it. The system takes 63 characters at the most.
    func hostname(of instance: String) -> String {
        hasFreshHostname ? "\(hostname.prefix(62 - instance.count))-\(instance)" : String(hostname.prefix(63))
    }

    /// Whether the names of its containers have to tell them apart.
    var hasSeveralContainers: Bool { containers.count + initContainers.count > 1 }
}

/// What tells a volume that lives and dies with its pod from the pod's others.
struct EphemeralVolume: Sendable, Hashable {
    var name: String
    /// The `subPath` that is mounted; empty for the whole.
    var part = ""
}

/// What a pod is put on: what has to be found or made before its containers.
struct PodGround: Sendable {
    /// Tells this start of the pod from all others.
    var instance: String
    var networks: PodNetworks
    /// The names of the volumes that stay.
    var volumes: [PersistentVolume: String] = [:]

    /// For what is to be known of a pod before.
    static let unknown = PodGround(
        instance: "",
        networks: PodNetworks(own: ListedNetwork(id: "", name: "", created: "", project: "", place: "", scope: "")))
}

/// One container of a pod.
struct ContainerPlan: Sendable, Hashable {
    /// A variable of its environment.
    struct Variable: Sendable, Hashable {
        var name: String
        var value: String
    }

    /// A folder or file of this machine, or a volume, in the container.
    struct Mount: Sendable, Hashable {
        enum Source: Sendable, Hashable {
            /// Lives and dies with the pod.
            case ephemeral(EphemeralVolume, tmpfsSize: String?)
            /// Stays until the project is deleted.
            case persistent(PersistentVolume)
            /// A path of the machine that Docker runs on.
            case host(String, HostPathKind)
        }

        var source: Source
        var path: String
        var isReadOnly = false

        /// What has to be there, for a path of the machine.
        var hostPathKind: HostPathKind? {
            if case .host(_, let kind) = source { kind } else { nil }
        }
    }

    /// Files that are copied into a folder before the start.
    struct Files: Sendable, Hashable {
        var folder: String
        var files: [File]
    }

    /// A file that is copied in before the start.
    struct File: Sendable, Hashable {
        /// Relative to the folder.
        var path: String
        var content: [UInt8]
        /// Permission bits.
        var mode: Int
    }

    var name: String
    /// What the manifest names.
    var image: String
    /// The id of an image that devloop built: then this runs, whatever the name means by now.
    var builtImage: String?
    /// `always`, `missing` or `never`.
    var pull = "missing"
    var environment: [Variable] = []
    var command: [String] = []
    var arguments: [String] = []
    var workingDirectory: String?
    /// `UID` or `UID:GID`.
    var user: String?
    var groups: [String] = []
    var isPrivileged = false
    var addedCapabilities: [String] = []
    var droppedCapabilities: [String] = []
    var hasReadOnlyRoot = false
    /// Whether no program in it may gain rights that its parent has not.
    var forbidsNewPrivileges = false
    /// Bytes.
    var memory: Int?
    /// Thousandths of a core.
    var processors: Int?
    var hasTerminal = false
    var hasInput = false
    var mounts: [Mount] = []
    var files: [Files] = []
    var probes: [ContainerProbe] = []
    /// Texts that hold the value of a Secret, for whoever shows what docker says.
    var secrets: [String] = []
}

/// What a hostPath has to be, by its `type` (https://kubernetes.io/docs/concepts/storage/volumes/#hostpath).
enum HostPathKind: String, Sendable, CaseIterable {
    case any = ""
    case folderOrNew = "DirectoryOrCreate"
    case folder = "Directory"
    case fileOrNew = "FileOrCreate"
    case file = "File"
    case socket = "Socket"
    case characterDevice = "CharDevice"
    case blockDevice = "BlockDevice"

    /// Whether a folder is made where nothing is.
    var isMadeAsFolder: Bool { self == .any || self == .folderOrNew }

    /// Whether something of this mode is what is wanted. The bits are those of Go's `fs.FileMode`, as the engine tells
    /// them.
    func admits(mode: Int) -> Bool {
        let (folder, device, socket, characterDevice) = (1 << 31, 1 << 26, 1 << 24, 1 << 21)
        // A link was followed when it was mounted.
        let kind = mode & (folder | device | socket | characterDevice | 1 << 25)
        return switch self {
        case .any: true
        case .folderOrNew, .folder: kind == folder
        case .fileOrNew, .file: kind == 0
        case .socket: kind == socket
        case .characterDevice: kind == device | characterDevice
        case .blockDevice: kind == device
        }
    }

    /// For a message: `a folder`
    var inWords: String {
        switch self {
        case .any: "there"
        case .folderOrNew, .folder: "a folder"
        case .fileOrNew, .file: "a file"
        case .socket: "a socket"
        case .characterDevice: "a character device"
        case .blockDevice: "a block device"
        }
    }
}
