/// Makes, starts, swaps and removes the containers of pods.
struct DockerPodRunner: Sendable {
    let commands: DockerCommand
    let launcher: any CommandRunning
    let engine: any EngineAsking
    /// Who reads the logs of what is removed.
    let readers: LogReaders
    /// How long it takes until a failed init container is run again.
    let initBackoff: Backoff

    /// The containers of a pod that exist and are not started yet.
    struct Pod: Sendable {
        var plan: PodPlan
        var ground: PodGround
        var containers: [String] = []
    }

    /// The containers of a workload, newest first.
    func list(_ workload: Workload) async throws -> [ListedContainer] {
        try await listAll(workload).filter { commands.isOurs($0.place) }
    }

    /// The containers of all projects of the name, newest first.
    func listAll(_ workload: Workload? = nil) async throws -> [ListedContainer] {
        let output = try await run(commands.list(workload: workload), "the containers could not be listed")
        let all = commands.allContainers(in: output)
        return workload == nil ? all : all.filter { $0.workload == workload }
    }

    /// Makes the containers of all pods of a workload, files in place, without starting any. If one can't be made, none
    /// is left.
    /// - Parameters:
    ///   - count: how many of them are there already.
    ///   - start: what those came with.
    func make(
        _ plan: PodPlan, after count: Int = 0, of start: String = PodInstance.newStart(), on networks: PodNetworks,
        volumes: [PersistentVolume: String]
    ) async throws -> [Pod] {
        var pods: [Pod] = []
        do {
            for (number, plan) in plan.pods.enumerated().dropFirst(count) {
                let instance = PodInstance(start: start, number: number).description
                var pod = Pod(plan: plan, ground: PodGround(instance: instance, networks: networks, volumes: volumes))
                pods.append(pod)
                for (index, container) in plan.containers.enumerated() {
                    let place = index == 0 ? ContainerNetwork.owner : .joining(name(plan.containers[0], of: pod))
                    pod.containers.append(try await make(container, of: pod, network: place))
                    pods[pods.count - 1] = pod
                }
            }
        } catch {
            let made = pods
            await shielded { await discard(made) }
            throw error
        }
        return pods
    }

    /// Runs the init containers of pods, each pod's beside the others'.
    /// - Throws: ``TargetError`` where one can't be run, or has failed for good.
    func runInitContainers(of pods: [Pod]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for pod in pods { group.addTask { try await runInitContainers(of: pod) } }
            try await group.waitForAll()
        }
    }

    /// Runs the init containers to their ends, one after another. One that fails is run again for as long as it takes,
    /// unless the pod's restart policy is `Never`; one of a Job as often as the Job may fail. They are removed with the pod:
    /// their logs may still be read.
    private func runInitContainers(of pod: Pod) async throws {
        var retries = pod.plan.workload.kind == .job ? pod.plan.retries : .max
        for container in pod.plan.initContainers {
            let id = try await make(container, of: pod, network: .anonymous, isInit: true)
            var backoff = initBackoff
            while true {
                let tail = OutputTail(limit: 20)
                let output = try await launcher.runTool(
                    DockerCommand.runToEnd(id), output: .lines { _, line in tail.append(line) })
                if output.termination.isSuccess { break }
                guard retries > 0, pod.plan.initRestart == "retried", try await hasRun(id, of: pod.plan) else {
                    throw TargetError(
                        "the init container \(container.name) of \(pod.plan.workload) failed (\(output.termination))",
                        details: tail.lines.map(pod.plan.withoutSecrets))
                }
                retries -= 1
                try await backoff.wait()
            }
        }
    }

    /// Whether a container ran and ended; otherwise it could not be started, and can't be by trying again.
    private func hasRun(_ id: String, of plan: PodPlan) async throws -> Bool {
        let output = try await run(DockerCommand.inspect([id]), "an init container of \(plan.workload) is gone")
        let state = (try? JSONParser.parse(output.standardOutput))?.array?.first.map(ContainerState.init)
        return state.map { $0.reason.isEmpty && $0.status == "exited" } ?? false
    }

    /// How often a start is tried while a network's name means two: over some five seconds.
    private static let startAttempts = 8

    /// Starts the containers of pods in their order.
    func start(_ pods: [Pod]) async throws {
        let containers = pods.flatMap(\.containers)
        guard let plan = pods.first?.plan, !containers.isEmpty else { return }
        var backoff = Backoff(first: .milliseconds(100), limit: .seconds(1))
        for attempt in 1...Self.startAttempts {
            let output = try await launcher.runTool(DockerCommand.start(containers))
            if output.termination.isSuccess { return }
            // Another devloop has made a network of this name at the same moment, and is about to see that and remove it.
            guard output.errorText.contains("is ambiguous"), attempt < Self.startAttempts else {
                throw await Self.startFailure(plan.withoutSecrets(output.errorText), of: plan)
            }
            try await backoff.wait()
        }
    }

    /// Takes running containers out of service: off their networks, which frees names and ports at once however long they
    /// take to end, where the next ones may start beside them; otherwise they are stopped.
    func takeDown(_ containers: [ListedContainer], for plan: PodPlan) async throws {
        let running = containers.filter(\.isUp).map(\.id)
        guard !running.isEmpty else { return }
        if plan.replacesWhileRunning {
            try await disconnect(containers, of: plan.workload)
        } else {
            let output = try await launcher.runTool(DockerCommand.stop(running))
            guard output.termination.isSuccess || Self.isGone(output.errorText) else {
                throw DockerFailure.error("\(plan.workload) could not be stopped", said: [output.errorText])
            }
        }
    }

    /// Takes running containers off their networks, which frees their names and ports.
    func disconnect(_ containers: [ListedContainer], of workload: Workload) async throws {
        for container in containers where container.isUp {
            // The other containers of a pod share the network of the first and have none to be taken off.
            for network in container.networks where network != "host" {
                let output = try await launcher.runTool(DockerCommand.disconnect(container.id, from: network))
                guard output.termination.isSuccess || Self.isGone(output.errorText) else {
                    throw DockerFailure.error(
                        "\(workload) could not be taken off the network", said: [output.errorText])
                }
            }
        }
    }

    /// Undoes ``takeDown(_:for:)``, as far as that goes.
    func bringBack(_ containers: [ListedContainer], of plan: PodPlan, on networks: PodNetworks) async {
        let up = containers.filter(\.isUp)
        guard !up.isEmpty else { return }
        if plan.replacesWhileRunning {
            // Docker publishes the ports again by itself.
            for container in up where !container.networks.isEmpty {
                let pod = plan.pod(of: container)
                _ = try? await launcher.runTool(
                    DockerCommand.connect(container.id, to: networks.own.id, aliases: pod?.aliases ?? []))
                if let pod { try? await connectToAll(container.id, pod, networks) }
            }
        } else {
            _ = try? await launcher.runTool(DockerCommand.start(up.map(\.id).reversed()))
        }
    }

    /// Puts a container on the network of all namespaces, where there is one, by the names that are called from there.
    func connectToAll(_ id: String, _ plan: PodPlan, _ networks: PodNetworks, isOwner: Bool = true) async throws {
        guard let all = networks.all, !plan.usesHostNetwork else { return }
        let aliases = isOwner ? plan.qualifiedAliases : []
        let output = try await launcher.runTool(DockerCommand.connect(id, to: all.id, aliases: aliases))
        guard output.termination.isSuccess || output.errorText.contains("already exists") else {
            throw DockerFailure.error(
                "\(plan.workload) could not be put on the network \(all.name)", said: [output.errorText])
        }
    }

    /// Removes pods that did not come up.
    func discard(_ pods: [Pod]) async {
        // Also those whose creation was not seen to its end.
        let all = pods.flatMap { pod in
            (pod.plan.containers + pod.plan.initContainers).map { name($0, of: pod) }
        }
        if !all.isEmpty { _ = try? await launcher.runTool(DockerCommand.remove(all)) }
        let volumes = pods.flatMap { pod in
            pod.plan.ephemeralVolumes.map { commands.ephemeralVolume($0, instance: pod.ground.instance) }
        }
        if !volumes.isEmpty { _ = try? await launcher.runTool(DockerCommand.removeVolumes(volumes)) }
    }

    /// Stops containers within their grace times and removes them with their volumes.
    func remove(_ containers: [ListedContainer]) async {
        let running = containers.filter(\.isUp).map(\.id)
        if !running.isEmpty { _ = try? await launcher.runTool(DockerCommand.stop(running)) }
        for container in containers { await finishReading(container.id) }
        guard !Task.isCancelled, !containers.isEmpty else { return }
        _ = try? await launcher.runTool(DockerCommand.remove(containers.map(\.id)))
        let volumes = Set(containers.flatMap(\.volumes)).sorted()
        if !volumes.isEmpty { _ = try? await launcher.runTool(DockerCommand.removeVolumes(volumes)) }
    }

    /// What a container has written last, without the times.
    func lastLines(of id: String, count: Int) async throws -> [String] {
        let tail = OutputTail(limit: count)
        _ = try await engine.readLog(of: id, follows: false, from: .lastLines(count)) { _, line in
            let text = LogCursor.endOfTime(line[...]).map { line[($0 + 1)...] } ?? line[...]
            if !text.isEmpty { tail.append(Array(text)) }
        }
        return tail.lines
    }

    /// Returns when the log of a container that was stopped is read. Somebody may have started it again, and then its log
    /// has no end: it is stopped once more.
    private func finishReading(_ id: String) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await readers.finished(id) }
            group.addTask {
                while (try? await Task.sleep(for: .seconds(2))) != nil {
                    _ = try? await launcher.runTool(DockerCommand.stop([id]))
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Runs the body to its end even when the task is cancelled meanwhile.
    func shielded<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await Task { try await body() }.value
    }

    func shielded(_ body: @escaping @Sendable () async -> Void) async {
        await Task { await body() }.value
    }

    private func make(
        _ container: ContainerPlan, of pod: Pod, network: ContainerNetwork, isInit: Bool = false
    ) async throws -> String {
        let name = name(container, of: pod)
        if container.pull == "always" { try await pull(container, pod.plan) }
        let id = try await create(container, of: pod, name: name, network: network, isInit: isInit)
        try await checkHostPaths(of: container, in: name, pod.plan)
        switch network {
        case .joining: break
        case .owner, .anonymous:
            try await connectToAll(name, pod.plan, pod.ground.networks, isOwner: network == .owner)
        }
        var folders: [String: [ContainerPlan.File]] = [:]
        for group in container.files { folders[group.folder, default: []] += group.files }
        // The root first: it opens the folders of the volumes.
        for (folder, files) in folders.sorted(by: { $0.key < $1.key }) {
            _ = try await run(
                DockerCommand.copy(files, to: folder, in: name),
                "the files for \(folder) could not be copied into \(pod.plan.workload)")
        }
        return id
    }

    /// Asks the engine for the container. What the engine lacks for it and can have is brought, each thing once.
    private func create(
        _ container: ContainerPlan, of pod: Pod, name: String, network: ContainerNetwork, isInit: Bool
    ) async throws -> String {
        var container = container
        var hasPulled = container.pull != "missing"
        var hasMadeFiles = !container.mounts.contains { $0.hostPathKind == .fileOrNew }
        while true {
            let request = commands.create(
                container, of: pod.plan, on: pod.ground, name: name, network: network, isInit: isInit)
            let answer = try await engine.ask(request, "\(pod.plan.workload) could not be created")
            if answer.isSuccess { return answer.body["Id"]?.string ?? name }
            if answer.message.contains("No such image"), !hasPulled {
                hasPulled = true
                try await pull(container, pod.plan)
            } else if answer.message.contains("CPUs available"), container.processors != nil {
                // More than the machine has is no limit.
                container.processors = nil
            } else if answer.message.contains(Self.missingHostPath), !hasMadeFiles {
                hasMadeFiles = true
                try await makeFiles(for: container, of: pod, name: name)
            } else {
                throw Self.createFailure(pod.plan.withoutSecrets(answer.message), container, pod.plan)
            }
        }
    }

    private func pull(_ container: ContainerPlan, _ plan: PodPlan) async throws {
        let output = try await launcher.runTool(DockerCommand.pull(container.image))
        guard output.termination.isSuccess else { throw Self.createFailure(output.errorText, container, plan) }
    }

    private func name(_ container: ContainerPlan, of pod: Pod) -> String {
        let several = pod.plan.hasSeveralContainers ? [container.name] : []
        return DockerName.joined([commands.project.name, pod.plan.workload.name, pod.ground.instance] + several)
    }

    func run(_ command: Command, _ failure: String) async throws -> CommandOutput {
        let output = try await launcher.runTool(command)
        guard output.termination.isSuccess else {
            throw DockerFailure.error(failure, said: output.errorText.split(separator: "\n").map(String.init))
        }
        return output
    }

    private static func isGone(_ message: String) -> Bool {
        message.contains("No such container") || message.contains("is not connected")
            || message.contains("not found")
    }

    /// The engine's words, before the path.
    private static let missingHostPath = "bind source path does not exist:"

    private static func createFailure(_ message: String, _ container: ContainerPlan, _ plan: PodPlan) -> TargetError {
        if let start = message.firstRange(of: missingHostPath) {
            return TargetError(
                "\(plan.workload) needs\(message[start.upperBound...]), and nothing is there on the machine that Docker"
                    + " runs on",
                advice: "make it, or give its hostPath the type DirectoryOrCreate or FileOrCreate")
        }
        let lines = message.split(separator: "\n").map(String.init)
        let said = ["pull access denied", "manifest unknown", "No such image", "not found", "no such host", "refused"]
        guard said.contains(where: { message.contains($0) }) else {
            return DockerFailure.error("\(plan.workload) could not be created", said: lines)
        }
        let error = DockerFailure.error(
            "\(plan.workload) needs the image \(container.image), which cannot be had", said: lines)
        guard error.severity == .failed else { return error }
        return TargetError(
            error.summary, details: error.details,
            advice: "add a service with this image to devloop.json, build it, or log in to its registry")
    }

    private static func startFailure(_ message: String, of plan: PodPlan) async -> TargetError {
        let lines = message.split(separator: "\n").map(String.init).filter {
            !$0.contains("failed to start containers")
        }
        let isTaken = message.contains("port is already allocated") || message.contains("address already in use")
        let taken = plan.ports.first { message.contains(":\($0.hostPort)") }
        guard isTaken, let taken else {
            return DockerFailure.error("\(plan.workload) could not be started", said: lines)
        }
        return TargetError(
            "\(plan.workload) needs port \(taken.hostPort) of \(taken.address), which \(await PortHolder.find(taken.hostPort)) "
                + "has",
            advice: "end what listens there (docker ps, or: lsof -i :\(taken.hostPort)), or change the nodePort")
    }
}
