/// Makes a ``PodPlan`` of a workload's object and of what the other manifests say.
struct PodPlanner {
    let project: String
    /// The namespace of objects that name none.
    let defaultNamespace: String
    let configuration: ConfigurationData
    let services: [ServiceRoute]
    let images: [DeliveredImage]
    /// The port of this machine for a Service's port; `nil` where another workload has it.
    let hostPort: (ServiceRoute, ServiceRoute.Port, Workload) -> Int?

    /// A plan, and what it can't do.
    /// - Throws: ``TargetError`` where the manifests contradict themselves.
    func plan(_ object: KubernetesObject, _ workload: Workload) throws -> (plan: PodPlan, notices: [DockerNotice]) {
        guard let path = object.podSpecPath, let spec = object.json[path: path] else {
            throw TargetError(.configuration, "\(workload) has no containers")
        }
        let namespace = workload.namespace ?? defaultNamespace
        var notices = FieldAudit.notices(workload: object, workload)
        var plan = PodPlan(workload: workload, hostname: Self.hostname(workload, spec))
        let fields = Self.fields(object, spec, namespace: namespace, name: Self.podName(workload))

        var volumes = try VolumeReader(
            spec, claims: Self.claims(object, workload), configuration: configuration, namespace: namespace,
            project: project, fields: fields, workload: workload)
        let reader = ContainerReader(
            podSecurity: spec["securityContext"] ?? .null, images: images, configuration: configuration,
            namespace: namespace, fields: fields, workload: workload)
        var ordinary: [ContainerPlan] = []
        for (key, isInit) in [("initContainers", true), ("containers", false)] {
            for json in spec[key]?.array ?? [] {
                let container = try reader.read(json, volumes: &volumes, notices: &notices)
                // https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
                let isSidecar = isInit && json["restartPolicy"]?.string == "Always"
                if isInit && !isSidecar { plan.initContainers.append(container) } else { ordinary.append(container) }
            }
        }
        notices += volumes.notices
        plan.containers = ordinary
        plan.usesHostNetwork = spec["hostNetwork"]?.bool ?? false
        plan.gracePeriod = spec["terminationGracePeriodSeconds"]?.integer ?? 30
        switch spec["restartPolicy"]?.string {
        case "Never": plan.restartPolicy = "no"
        case "OnFailure": plan.restartPolicy = "on-failure"
        default: break
        }
        plan.hostAliases = (spec["hostAliases"]?.array ?? []).flatMap { alias in
            (alias["hostnames"]?.array ?? []).compactMap(\.string)
                .map { .init(address: alias["ip"]?.string ?? "", name: $0) }
        }
        plan.replacesWhileRunning =
            workload.kind == .deployment && !volumes.keepsData && !plan.usesHostNetwork
            && object.json[path: ["spec", "strategy", "type"]]?.string != "Recreate"
        if let replicas = object.json[path: ["spec", "replicas"]]?.integer, workload.kind != .pod {
            if replicas > 1 { notices.append(.replicas("\(workload) (\(replicas))")) }
            if replicas == 0 { plan.containers = [] }
        }
        connect(&plan, object, spec, namespace: namespace, notices: &notices)
        plan.fingerprint = fingerprint(of: plan, object, path: path)
        return (plan, notices)
    }

    /// The services' names and ports.
    private func connect(
        _ plan: inout PodPlan, _ object: KubernetesObject, _ spec: JSONValue, namespace: String,
        notices: inout [DockerNotice]
    ) {
        for service in services where service.selects(object.podLabels, namespace: namespace) {
            plan.aliases += service.aliases
            for port in service.ports {
                guard let target = ServiceRoute.target(of: port, in: spec) else {
                    notices.append(
                        .sentence(
                            "\(service.name): no container of \(plan.workload) names the target port"
                                + " \(port.target?.string ?? "")"))
                    continue
                }
                if target != port.port && !service.isHeadless {
                    notices.append(.port("call \(service.name):\(target) instead of \(service.name):\(port.port)"))
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
            plan.aliases += [name, "\(name).\(namespace)", "\(name).\(namespace).svc"]
            plan.aliases.append("\(name).\(namespace).svc.cluster.local")
        }
        var seen: Set<String> = []
        plan.aliases = plan.aliases.filter { seen.insert($0).inserted }
        if plan.usesHostNetwork { (plan.aliases, plan.ports) = ([], []) }
    }

    /// Of what is written, not of the values in ConfigMaps and Secrets: as on Kubernetes, a container keeps the values
    /// that it was started with. The images that devloop built count by their ids.
    private func fingerprint(of plan: PodPlan, _ object: KubernetesObject, path: [String]) -> String {
        var hash = Fingerprint()
        hash.add("1")
        hash.add(
            plan.workload.kind == .pod
                ? object.json["spec"]?.description ?? "" : object.json[path: path.dropLast()]?.description ?? "")
        hash.add(object.podLabels.sorted { $0.key < $1.key }.description)
        hash.add(object.json[path: ["spec", "volumeClaimTemplates"]]?.description ?? "")
        for container in plan.initContainers + plan.containers { hash.add(container.builtImage ?? container.image) }
        for alias in plan.aliases { hash.add(alias) }
        for port in plan.ports {
            hash.add("\(port.address):\(port.hostPort):\(port.containerPort)/\(port.networkProtocol)")
        }
        return hash.text
    }

    /// A StatefulSet's first pod has a name that others rely on; the names of other pods nobody can know.
    private static func podName(_ workload: Workload) -> String {
        workload.kind == .statefulSet ? "\(workload.name)-0" : workload.name
    }

    /// The system takes 63 characters at the most.
    private static func hostname(_ workload: Workload, _ spec: JSONValue) -> String {
        String((spec["hostname"]?.string ?? podName(workload)).prefix(63))
    }

    private static func claims(_ object: KubernetesObject, _ workload: Workload) -> [String: String] {
        var claims: [String: String] = [:]
        for template in object.json[path: ["spec", "volumeClaimTemplates"]]?.array ?? [] {
            guard let name = template[path: ["metadata", "name"]]?.string else { continue }
            claims[name] = "\(name)-\(podName(workload))"
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
