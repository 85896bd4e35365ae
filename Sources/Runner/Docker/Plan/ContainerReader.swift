/// Reads one container of a pod.
struct ContainerReader {
    let podSecurity: JSONValue
    let images: DeliveredImages
    let configuration: ConfigurationData
    let fields: [String: String]
    let workload: Workload

    /// - Throws: ``TargetError`` where the manifest names something that there is not.
    func read(
        _ json: JSONValue, volumes: inout VolumeReader, notices: inout [DockerNotice]
    ) throws -> ContainerPlan {
        let name = json["name"]?.string ?? ""
        var container = ContainerPlan(name: name, image: try image(of: json))
        container.builtImage = images.image(meantBy: container.image)?.built.id
        container.pull = pullMode(json, container)

        var environment = EnvironmentReader(
            configuration: configuration, namespace: workload.namespace, fields: fields,
            user: "\(workload), container \(name),")
        try environment.read(json)
        notices += environment.unknownReferences.map { .field("\($0) in the environment of \(workload)") }
        container.environment = environment.variables
        let (command, arguments) = (words(json["command"]), words(json["args"]))
        container.command = command.map(environment.expand)
        container.arguments = arguments.map(environment.expand)
        container.secrets =
            environment.secrets + (command + arguments).filter(environment.namesSecret).map(environment.expand)
        container.workingDirectory = json["workingDir"]?.string
        container.hasTerminal = json["tty"]?.bool ?? false
        container.hasInput = json["stdin"]?.bool ?? false
        if let limits = json[path: ["resources", "limits"]] {
            let place = "\(workload), container \(name): resources.limits"
            container.memory = try Quantity.limit(limits["memory"], "\(place).memory", Quantity.bytes)
            container.processors = try Quantity.limit(limits["cpu"], "\(place).cpu", Quantity.thousandths)
                .map { max($0, Self.leastProcessors) }
            if let memory = container.memory, memory < Self.leastMemory {
                container.memory = Self.leastMemory
                notices.append(
                    .sentence("\(workload) may use 6 MiB of memory on Docker, which takes no lower limit than that"))
            }
        }
        readSecurity(json["securityContext"] ?? .null, into: &container)

        let mounted = try volumes.mounted(in: json, environment)
        container.mounts = mounted.mounts
        container.files = mounted.files
        if container.hasReadOnlyRoot, mounted.files.contains(where: { $0.folder == "/" }) {
            // Docker copies nothing into a read-only root, not even through it into a volume.
            container.hasReadOnlyRoot = false
            notices.append(.field("readOnlyRootFilesystem of \(workload), for its volumes' sake"))
        }
        return container
    }

    /// What the engine refuses to go below: bytes, and thousandths of a core.
    private static let leastMemory = 6 << 20
    private static let leastProcessors = 10

    private func words(_ list: JSONValue?) -> [String] { (list?.array ?? []).compactMap(\.string) }

    private func image(of json: JSONValue) throws -> String {
        let image = json["image"]?.string ?? ""
        guard ImageReference(image) != nil || image.hasPrefix("sha256:") else {
            throw TargetError(.configuration, "\(workload): \"\(image)\" is not the name of an image")
        }
        return image
    }

    /// As Kubernetes: `Always` where nothing is said and the tag is `latest`. An image that is there already without a
    /// registry to come from must not fail for that, so `latest` alone does not pull.
    private func pullMode(_ json: JSONValue, _ container: ContainerPlan) -> String {
        if container.builtImage != nil { return "never" }
        switch json["imagePullPolicy"]?.string {
        case "Always": return "always"
        case "Never": return "never"
        default: return "missing"
        }
    }

    private func readSecurity(_ security: JSONValue, into container: inout ContainerPlan) {
        let user = (security["runAsUser"] ?? podSecurity["runAsUser"])?.integer
        let group = (security["runAsGroup"] ?? podSecurity["runAsGroup"])?.integer
        if user != nil || group != nil {
            container.user = "\(user ?? 0)" + (group.map { ":\($0)" } ?? "")
        }
        var groups = (podSecurity["supplementalGroups"]?.array ?? []).compactMap(\.integer)
        if let group = podSecurity["fsGroup"]?.integer { groups.append(group) }
        container.groups = groups.map(String.init)
        container.isPrivileged = security["privileged"]?.bool ?? false
        container.forbidsNewPrivileges = security["allowPrivilegeEscalation"]?.bool == false
        container.addedCapabilities = (security[path: ["capabilities", "add"]]?.array ?? []).compactMap(\.string)
        container.droppedCapabilities = (security[path: ["capabilities", "drop"]]?.array ?? []).compactMap(\.string)
        container.hasReadOnlyRoot = security["readOnlyRootFilesystem"]?.bool ?? false
    }
}
