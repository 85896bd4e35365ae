/// Makes a ``PodPlan`` of a workload's object and of what the other manifests say.
struct PodPlanner {
    let commands: DockerCommand
    let configuration: ConfigurationData
    let services: [ServiceRoute]
    let images: DeliveredImages
    /// For the fingerprint.
    let hash: KeyedHash
    /// The port of this machine for a Service's port; `nil` where another workload has it.
    let hostPort: (ServiceRoute, ServiceRoute.Port, Workload) -> Int?

    /// A plan, and what it can't do.
    /// - Throws: ``TargetError`` where the manifests contradict themselves.
    func plan(_ object: KubernetesObject, _ workload: Workload) throws -> (plan: PodPlan, notices: [DockerNotice]) {
        var (plan, notices) = try pod(0, of: object, workload)
        plan.fingerprint = fingerprint(of: plan)
        guard object.replicas > 1 else { return (plan, notices) }
        guard !plan.usesHostNetwork else {
            let text = "has the network of this machine, whose ports only one can have: one of its"
            return (plan, notices + [.sentence("\(workload) \(text) \(object.replicas) replicas runs")])
        }
        // Without either they are up at once, in their order.
        let waits =
            !plan.initContainers.isEmpty || plan.containers.contains { $0.probes.contains { $0.kind != .liveness } }
        let policy = object.json[path: ["spec", "podManagementPolicy"]]?.string
        plan.startsInOrder = waits && workload.kind == .statefulSet && policy != "Parallel"
        for number in 1..<object.replicas {
            var replica = try pod(number, of: object, workload).plan
            replica.ports = []
            replica.fingerprint = plan.fingerprint
            plan.replicas.append(replica)
        }
        return (plan, notices)
    }

    private func pod(
        _ number: Int, of object: KubernetesObject, _ workload: Workload
    ) throws -> (plan: PodPlan, notices: [DockerNotice]) {
        guard let path = object.podSpecPath, let spec = object.json[path: path] else {
            throw TargetError(.configuration, "\(workload) has no containers")
        }
        let namespace = workload.namespace
        var notices = FieldAudit.notices(workload: object, workload)
        let name = Self.podName(workload, number)
        var plan = PodPlan(workload: workload, hostname: spec["hostname"]?.string ?? name)
        plan.hasFreshHostname = spec["hostname"] == nil && workload.kind != .statefulSet
        let fields = Self.fields(object, spec, namespace: namespace, name: name)

        var volumes = try VolumeReader(
            spec, claims: Self.claims(object, podName: name), configuration: configuration,
            fields: fields, workload: workload)
        let reader = ContainerReader(
            podSecurity: spec["securityContext"] ?? .null, images: images, configuration: configuration, fields: fields,
            workload: workload)
        for (key, isInit) in [("initContainers", true), ("containers", false)] {
            for json in spec[key]?.array ?? [] {
                let container = try reader.read(json, volumes: &volumes, notices: &notices)
                // https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
                let isSidecar = isInit && json["restartPolicy"]?.string == "Always"
                if isInit && !isSidecar {
                    plan.initContainers.append(container)
                } else {
                    plan.containers.append(container)
                    plan.containers[plan.containers.count - 1].probes = ContainerProbe.all(of: json)
                }
            }
        }
        notices += volumes.notices
        Self.readSettings(spec, into: &plan)
        if let seconds = object.json[path: ["spec", "progressDeadlineSeconds"]]?.integer {
            plan.readinessDeadline = .seconds(seconds)
        }
        plan.replacesWhileRunning =
            [.deployment, .replicaSet, .replicationController].contains(workload.kind)
            && !volumes.keepsData && !plan.usesHostNetwork
            && object.json[path: ["spec", "strategy", "type"]]?.string != "Recreate"
        if workload.kind == .job {
            // Docker is not to start it again.
            plan.restartPolicy = "no"
            plan.retries = max(0, object.json[path: ["spec", "backoffLimit"]]?.integer ?? 6)
            if object.json[path: ["spec", "suspend"]]?.bool == true {
                (plan.initContainers, plan.containers) = ([], [])
            }
            for key in ["completions", "parallelism"] {
                guard let count = object.json[path: ["spec", key]]?.integer, count != 1 else { continue }
                notices.append(.sentence("\(workload) runs once on Docker, whatever its \(key)"))
            }
        } else if object.replicas < 1 {
            (plan.initContainers, plan.containers) = ([], [])
        } else {
            connect(&plan, object, spec, namespace: namespace, notices: &notices)
        }
        return (plan, notices)
    }

    /// What holds for all containers of the pod.
    private static func readSettings(_ spec: JSONValue, into plan: inout PodPlan) {
        plan.usesHostNetwork = spec["hostNetwork"]?.bool ?? false
        // Kubernetes takes a negative time for a second. What is longer than 68 years, no clock of the engine's measures.
        let grace = spec["terminationGracePeriodSeconds"]?.integer ?? 30
        plan.gracePeriod = grace < 0 ? 1 : min(grace, Int(Int32.max))
        switch spec["restartPolicy"]?.string {
        case "Never": plan.restartPolicy = "no"
        case "OnFailure": plan.restartPolicy = "on-failure"
        default: break
        }
        plan.hostAliases = (spec["hostAliases"]?.array ?? []).flatMap { alias in
            (alias["hostnames"]?.array ?? []).compactMap(\.string)
                .map { .init(address: alias["ip"]?.string ?? "", name: $0) }
        }
    }

    /// The services' names and ports.
    private func connect(
        _ plan: inout PodPlan, _ object: KubernetesObject, _ spec: JSONValue, namespace: String,
        notices: inout [DockerNotice]
    ) {
        for service in services where service.selects(object.podLabels, namespace: namespace) {
            plan.aliases += service.podAliases
            plan.qualifiedAliases += service.qualifiedPodAliases
            for port in service.ports {
                guard let target = ServiceRoute.target(of: port, in: spec) else {
                    notices.append(
                        .sentence(
                            "\(service.name): no container of \(plan.workload) names the target port"
                                + " \(port.target?.string ?? "")"))
                    continue
                }
                if let reached = port.reached, reached != target {
                    notices.append(
                        .sentence(
                            "\(service.name):\(port.port) leads to port \(reached) of all its pods on Docker, and not to port"
                                + " \(target) of \(plan.workload)"))
                }
                guard service.isPublished, let hostPort = hostPort(service, port, plan.workload) else { continue }
                plan.ports.append(
                    .init(
                        hostPort: hostPort, containerPort: target, networkProtocol: port.networkProtocol,
                        purpose: service.purpose(of: port)))
                let address = port.networkProtocol == "tcp" ? "http://127.0.0.1:" : "127.0.0.1 port "
                notices.append(.sentence("\(service.name): \(address)\(hostPort)"))
            }
        }
        for container in spec["containers"]?.array ?? [] {
            for port in container["ports"]?.array ?? [] {
                guard let hostPort = port["hostPort"]?.integer, let number = port["containerPort"]?.integer else {
                    continue
                }
                plan.ports.append(
                    .init(
                        address: port["hostIP"]?.string ?? "127.0.0.1", hostPort: hostPort, containerPort: number,
                        networkProtocol: port["protocol"]?.string?.lowercased() ?? "tcp"))
            }
        }
        // A pod's own name below its headless service, as StatefulSets have it.
        if let domain = spec["subdomain"]?.string ?? object.json[path: ["spec", "serviceName"]]?.string {
            let name = "\(plan.hostname).\(domain)"
            let qualified = ["", ".svc", ".svc.cluster.local"].map { "\(name).\(namespace)\($0)" }
            plan.aliases += [name] + qualified
            plan.qualifiedAliases += qualified
        }
        plan.aliases = plan.aliases.unique
        plan.qualifiedAliases = plan.qualifiedAliases.unique
        if plan.usesHostNetwork { (plan.aliases, plan.qualifiedAliases, plan.ports) = ([], [], []) }
    }

    /// Of all that the engine is told of the containers, and of the files that they get: whatever is another way than
    /// it was, in a manifest, a ConfigMap, a Secret or an image, is a reason to make them again.
    private func fingerprint(of plan: PodPlan) -> String {
        var bytes: [UInt8] = []
        for (containers, isInit) in [(plan.initContainers, true), (plan.containers, false)] {
            for (index, container) in containers.enumerated() {
                let network: ContainerNetwork = isInit ? .anonymous : index == 0 ? .owner : .joining("")
                let request = commands.create(
                    container, of: plan, on: .unknown, name: "", network: network, isInit: isInit)
                bytes += Array("\(request.body ?? .null)\n".utf8)
                // The engine is not told what has to be there: that is looked at before.
                bytes += Array(container.mounts.compactMap(\.hostPathKind?.rawValue).joined(separator: " ").utf8)
                // Other probes are another rollout, as on a cluster.
                for probe in container.probes { bytes += Array("\(probe.kind) \(probe.text)\n".utf8) }
                for group in container.files {
                    bytes += Array("\(group.folder)\n".utf8) + TarArchive(group.files).bytes
                }
            }
        }
        let digits = String(hash.hash(bytes), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// A StatefulSet's pods have names that others rely on; the names of other pods nobody can know.
    private static func podName(_ workload: Workload, _ number: Int) -> String {
        workload.kind == .statefulSet || number > 0 ? "\(workload.name)-\(number)" : workload.name
    }

    private static func claims(_ object: KubernetesObject, podName: String) -> [String: String] {
        var claims: [String: String] = [:]
        for template in object.json[path: ["spec", "volumeClaimTemplates"]]?.array ?? [] {
            guard let name = template[path: ["metadata", "name"]]?.string else { continue }
            claims[name] = "\(name)-\(podName)"
        }
        return claims
    }

    /// What the downward API tells.
    private static func fields(
        _ object: KubernetesObject, _ spec: JSONValue, namespace: String, name: String
    ) -> [String: String] {
        let metadata = object.podSpecPath.flatMap { object.json[path: $0.dropLast() + ["metadata"]] }
        var fields = [
            "metadata.name": name, "metadata.namespace": namespace, "spec.nodeName": "docker",
            "spec.serviceAccountName": spec["serviceAccountName"]?.string ?? "default",
        ]
        for group in ["labels", "annotations"] {
            let members = metadata?[group]?.stringMembers ?? [:]
            for (key, value) in members { fields["metadata.\(group)['\(key)']"] = value }
            fields["metadata.\(group)"] = members.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"\n" }
                .joined()
        }
        return fields
    }
}

extension KubernetesObject {
    /// How many pods of it the manifest wants; of a DaemonSet one, as there is one machine.
    var replicas: Int {
        switch workload?.kind {
        case .pod, .daemonSet: 1
        default: json[path: ["spec", "replicas"]]?.integer ?? 1
        }
    }
}
