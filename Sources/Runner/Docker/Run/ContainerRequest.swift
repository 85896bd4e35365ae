extension DockerCommand {
    /// Asks for a container without starting it. The answer names its id, or says that its image is not there.
    func create(
        _ container: ContainerPlan, of pod: PodPlan, on ground: PodGround, name: String,
        network place: ContainerNetwork, isInit: Bool = false
    ) -> EngineRequest {
        let network = ground.networks.own.id
        var body: [(String, JSONValue)] = [
            ("Image", .string(container.builtImage ?? container.image)),
            ("Labels", labels(container, of: pod, instance: ground.instance, network: place, isInit: isInit)),
            ("Env", strings(container.environment.map { "\($0.name)=\($0.value)" })),
            ("Tty", .bool(container.hasTerminal)), ("OpenStdin", .bool(container.hasInput)),
            ("StopTimeout", .number(String(pod.gracePeriod))),
        ]
        if let folder = container.workingDirectory { body.append(("WorkingDir", .string(folder))) }
        if let user = container.user { body.append(("User", .string(user))) }
        // An image's own arguments belong to its own command.
        if !container.command.isEmpty { body.append(("Entrypoint", strings(container.command))) }
        if !container.arguments.isEmpty { body.append(("Cmd", strings(container.arguments))) }

        var host = hostConfig(container, on: ground)
        host.append(("RestartPolicy", ["Name": .string(isInit ? "no" : pod.restartPolicy)]))
        host.append(("NetworkMode", .string(networkMode(place, pod, network))))
        if case .joining = place {
        } else {
            host.append(("ExtraHosts", strings(pod.hostAliases.map { "\($0.name):\($0.address)" })))
            if !pod.usesHostNetwork {
                body.append(("Hostname", .string(pod.hostname(of: ground.instance))))
                let names = place == .owner ? pod.aliases : []
                let endpoint: JSONValue = ["Aliases": strings(names)]
                body.append(
                    ("NetworkingConfig", ["EndpointsConfig": .object(JSONObject([(network, endpoint)]))]))
            }
        }
        if place == .owner, !pod.usesHostNetwork {
            body.append(("ExposedPorts", .object(JSONObject(pod.ports.map { ($0.inContainer, [:]) }))))
            host.append(("PortBindings", Self.portBindings(pod.ports)))
        }
        body.append(("HostConfig", .object(JSONObject(host))))
        return EngineRequest(
            method: "POST", path: "/containers/create?name=\(name.percentEncoded)",
            body: .object(JSONObject(body)))
    }

    private func labels(
        _ container: ContainerPlan, of pod: PodPlan, instance: String, network place: ContainerNetwork, isInit: Bool
    ) -> JSONValue {
        let volumes = pod.ephemeralVolumes.map { ephemeralVolume($0, instance: instance) }
        let ports = pod.ports.filter { !$0.purpose.isEmpty }.map { "\($0.purpose)=\($0.hostPort)" }
        let labels =
            project.labels + [
                (DockerLabel.workload, pod.workload.description),
                (DockerLabel.namespace, pod.workload.namespace), (DockerLabel.container, container.name),
                (DockerLabel.pod, pod.containers.count > 1 || isInit ? "several" : "one"),
                (DockerLabel.instance, instance),
                (DockerLabel.specification, pod.fingerprint), (DockerLabel.image, container.image),
                (DockerLabel.builtImage, container.builtImage ?? ""), (DockerLabel.role, isInit ? "init" : "main"),
                (DockerLabel.network, place.label),
                (DockerLabel.restart, isInit ? pod.initRestart : pod.restartPolicy),
                (DockerLabel.volumes, DockerLabel.list(volumes)), (DockerLabel.ports, DockerLabel.list(ports)),
            ]
        return .object(JSONObject(labels.map { ($0, .string($1)) }))
    }

    private func networkMode(_ place: ContainerNetwork, _ pod: PodPlan, _ network: String) -> String {
        if case .joining(let owner) = place { return "container:\(owner)" }
        return pod.usesHostNetwork ? "host" : network
    }

    private func hostConfig(_ container: ContainerPlan, on ground: PodGround) -> [(String, JSONValue)] {
        var host: [(String, JSONValue)] = [
            ("GroupAdd", strings(container.groups)), ("Privileged", .bool(container.isPrivileged)),
            ("SecurityOpt", strings(container.forbidsNewPrivileges ? ["no-new-privileges"] : [])),
            ("CapAdd", strings(container.addedCapabilities)), ("CapDrop", strings(container.droppedCapabilities)),
            ("ReadonlyRootfs", .bool(container.hasReadOnlyRoot)),
        ]
        if let memory = container.memory { host.append(("Memory", .number(String(memory)))) }
        if let processors = container.processors { host.append(("NanoCpus", .number(String(processors * 1_000_000)))) }
        let binds = container.mounts.compactMap(\.bind)
        if !binds.isEmpty { host.append(("Binds", strings(binds))) }
        let mounts = container.mounts.filter { $0.bind == nil }.map { mount($0, on: ground) }
        if !mounts.isEmpty { host.append(("Mounts", .array(mounts))) }
        return host
    }

    private func mount(_ mount: ContainerPlan.Mount, on ground: PodGround) -> JSONValue {
        var labels = project.labels
        var options: JSONValue = ["NoCopy": true]
        var result: JSONValue = ["Target": .string(mount.path), "ReadOnly": .bool(mount.isReadOnly)]
        switch mount.source {
        case .host(let path, let kind):
            result["Type"] = "bind"
            result["Source"] = .string(path)
            // Older engines don't know this, and say that nothing is there.
            if kind.isMadeAsFolder { result["BindOptions"] = ["CreateMountpoint": true] }
            return result
        case .persistent(let volume):
            result["Source"] = .string(ground.volumes[volume] ?? "")
            // The engine makes it anew where somebody has removed it meanwhile.
            labels = self.labels(of: volume)
        case .ephemeral(let volume, let tmpfsSize):
            result["Source"] = .string(ephemeralVolume(volume, instance: ground.instance))
            labels.append((DockerLabel.instance, ground.instance))
            if let tmpfsSize {
                var driver: JSONValue = ["type": "tmpfs", "device": "tmpfs"]
                if !tmpfsSize.isEmpty { driver["o"] = .string("size=\(tmpfsSize)") }
                options["DriverConfig"] = ["Name": "local", "Options": driver]
            }
        }
        options["Labels"] = .object(JSONObject(labels.map { ($0, .string($1)) }))
        result["Type"] = "volume"
        result["VolumeOptions"] = options
        return result
    }

    private static func portBindings(_ ports: [PodPlan.PublishedPort]) -> JSONValue {
        var bindings = JSONObject()
        for port in ports {
            let binding: JSONValue = ["HostIp": .string(port.address), "HostPort": .string(String(port.hostPort))]
            bindings[port.inContainer] = .array((bindings[port.inContainer]?.array ?? []) + [binding])
        }
        return .object(bindings)
    }

    private func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}

extension PodPlan.PublishedPort {
    /// `80/tcp`
    fileprivate var inContainer: String { "\(containerPort)/\(networkProtocol)" }
}

extension ContainerPlan.Mount {
    /// `SOURCE:TARGET`, of which every engine makes the source as a folder where there is none; `nil` for all other
    /// mounts, and where a colon in the source would be taken for the end of it.
    fileprivate var bind: String? {
        guard case .host(let source, let kind) = source, kind.isMadeAsFolder, !source.contains(":"),
            !path.contains(":")
        else { return nil }
        return "\(source):\(path)" + (isReadOnly ? ":ro" : "")
    }
}
