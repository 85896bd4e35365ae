/// All objects that were applied so far, and what Docker makes of them. A pure value.
struct DockerManifests: Sendable {
    private let commands: DockerCommand
    private let hash: KeyedHash
    private var objects: [KubernetesObject.Identity: KubernetesObject] = [:]
    private var configuration: ConfigurationData
    private(set) var services: [ServiceRoute] = []
    private var images: DeliveredImages
    /// The port of this machine for each published port of a Service that names none.
    private var ports: [String: Int] = [:]
    /// Which workload has the ports of a purpose now.
    private var holders: [String: Workload] = [:]
    /// The workloads that were applied.
    private(set) var workloads: [Workload] = []
    /// The Jobs that were applied.
    private(set) var jobs: [Workload] = []

    init(commands: DockerCommand, hash: KeyedHash) {
        self.commands = commands
        self.hash = hash
        configuration = ConfigurationData(namespace: commands.namespace)
        images = DeliveredImages(names: ImageNames([]))
    }

    /// Everything that was applied.
    var identities: Set<KubernetesObject.Identity> { Set(objects.keys) }

    /// All objects that were applied, in no order.
    var all: some Sequence<KubernetesObject> { objects.values }

    /// The namespaces of the workloads, and of what leads to them.
    var namespaces: Set<String> {
        Set((workloads + jobs).map(\.namespace)).union(ingresses.map(\.identity.namespace))
    }

    /// Adds or replaces objects.
    /// - Throws: ``TargetError`` where a Secret can't be read.
    mutating func add(_ added: [KubernetesObject]) throws {
        for object in added {
            try configuration.add(object)
            objects[object.identity] = object
            if let service = ServiceRoute(object) {
                services.removeAll { $0.name == service.name && $0.namespace == service.namespace }
                services.append(service)
            }
            if let workload = object.workload, object.podSpecPath != nil, !workloads.contains(workload) {
                workloads.append(workload)
            }
            if let job = object.identity.job, object.podSpecPath != nil, !jobs.contains(job) { jobs.append(job) }
        }
        services.sort { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        findTargets()
    }

    /// Which ports the Services' ports lead to: the workloads that they select may have come or gone.
    private mutating func findTargets() {
        services = services.map { service in
            var found = service
            found.findTargets {
                pods(of: service).compactMap { pod in pod.podSpecPath.flatMap { pod.json[path: $0] } }
            }
            return found
        }
    }

    /// The workloads that a Service selects.
    private func pods(of service: ServiceRoute) -> [KubernetesObject] {
        workloads.lazy.filter { $0.namespace == service.namespace }.compactMap { objects[.init($0)] }
            .filter { service.selects($0.podLabels, namespace: service.namespace) }
    }

    /// Whether a workload is known that a Service selects.
    func selects(_ service: ServiceRoute) -> Bool { !pods(of: service).isEmpty }

    /// Forgets objects.
    mutating func remove(_ removed: Set<KubernetesObject.Identity>) {
        for identity in removed {
            guard let object = objects.removeValue(forKey: identity) else { continue }
            configuration.remove(object)
            services.removeAll {
                $0.name == identity.name && identity.kind == "Service" && $0.namespace == identity.namespace
            }
            workloads.removeAll { $0 == identity.workload }
            jobs.removeAll { $0 == identity.job }
        }
        holders = holders.filter { workloads.contains($0.value) }
        findTargets()
    }

    /// Remembers what images are delivered as. Of several calls that run at once, one may bring an older state after a
    /// newer one: that is left aside.
    mutating func add(_ delivered: DeliveredImages) {
        if delivered.version >= images.version { images = delivered }
    }

    /// An image is another one now.
    /// - Returns: the Jobs that run it.
    mutating func add(_ image: DeliveredImage) -> [Workload] {
        images[image.built.reference] = image
        return jobs.filter { job in
            object(job)?.images.contains { images.names.image(meantBy: $0) == image.built.reference } ?? false
        }
    }

    /// Keeps the ports that running containers have.
    mutating func adoptPorts(of containers: [ListedContainer]) {
        for container in containers where container.isUp {
            add(ports: container.ports)
            for purpose in container.ports.keys { holders[purpose] = container.workload }
        }
    }

    /// Ports for the Services that are published and name none, and have none yet.
    /// - Parameter isFree: asks the system.
    func missingPorts(isFree: (Int) -> Bool) -> [String: Int] {
        var used = Set(ports.values).union(services.flatMap(\.ports).compactMap(\.nodePort))
        var chosen: [String: Int] = [:]
        for service in services where service.isPublished {
            for port in service.ports where port.nodePort == nil {
                let purpose = service.purpose(of: port)
                guard ports[purpose] == nil, chosen[purpose] == nil else { continue }
                chosen[purpose] = FreePort.port(for: "\(commands.project.name)/\(purpose)") {
                    !used.contains($0) && isFree($0)
                }
                if let port = chosen[purpose] { used.insert(port) }
            }
        }
        return chosen
    }

    /// Keeps ports that were chosen; those that a purpose has already stay.
    mutating func add(ports chosen: [String: Int]) { ports.merge(chosen) { known, _ in known } }

    /// What a workload becomes.
    /// - Throws: ``TargetError`` where it was never applied, or where the manifests contradict themselves.
    func plan(_ workload: Workload) throws -> (plan: PodPlan, notices: [DockerNotice]) {
        guard let object = object(workload) else {
            throw TargetError(
                .configuration, "\(workload) is in no manifest",
                advice: "add its manifest to \"manifests\" in devloop.json")
        }
        let planner = PodPlanner(
            commands: commands, configuration: configuration, services: services, images: images, hash: hash
        ) { service, port, workload in
            // Two containers can't have one port of the machine, and one that does not run answers nobody.
            let candidates = workloads.filter { candidate in
                guard let object = self.object(candidate), object.replicas > 0 else { return false }
                return service.selects(object.podLabels, namespace: candidate.namespace)
            }
            let purpose = service.purpose(of: port)
            let holder = holders[purpose].flatMap { candidates.contains($0) ? $0 : nil }
            guard (holder ?? candidates.min { $0.description < $1.description }) == workload else { return nil }
            return port.nodePort ?? ports[purpose]
        }
        return try planner.plan(workload.kind == .job ? object : object.supervised(images), workload)
    }

    /// What Docker can't do of objects that are no workloads.
    func notices(_ added: [KubernetesObject]) -> [DockerNotice] {
        added.flatMap { object -> [DockerNotice] in
            let name = object.identity.description
            switch object.identity.kind {
            case "Service": return serviceNotices(object)
            case "Gateway", "HTTPRoute": return [.route(name)]
            case "Job" where object.podSpecPath != nil: return []
            case "CronJob": return [.sentence("cronjob/\(object.identity.name) is not run on Docker")]
            case let kind where Self.honoured.contains(kind) || Self.meaningless.contains(kind): return []
            default: return [.object(name)]
            }
        }
    }

    private static let honoured: Set<String> = [
        "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod", "ConfigMap", "Secret",
        "PersistentVolumeClaim", "Ingress",
    ]

    /// They tell a cluster who may do what, and how it runs itself: nobody asks on one machine.
    private static let meaningless: Set<String> = [
        "Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding",
        "PodDisruptionBudget", "PriorityClass", "StorageClass", "LimitRange", "ResourceQuota", "IngressClass",
        "RuntimeClass", "Lease",
    ]

    private func serviceNotices(_ object: KubernetesObject) -> [DockerNotice] {
        var notices = FieldAudit.notices(service: object)
        guard let service = ServiceRoute(object) else { return notices }
        if let name = object.json[path: ["spec", "externalName"]]?.string {
            notices.append(.sentence("\(service.name) leads nowhere on Docker: call \(name) instead"))
        } else if service.selector.isEmpty {
            notices.append(.sentence("\(service.name) leads nowhere on Docker: it selects no pods"))
        }
        return notices
    }

    /// The object that a workload is.
    func object(_ workload: Workload) -> KubernetesObject? {
        objects.values.first { $0.identity.workload == workload || $0.identity.job == workload }
    }
}
