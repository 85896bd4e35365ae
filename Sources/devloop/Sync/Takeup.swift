import Runner

/// Whether the containers of a service take up files that change while they run. A value.
struct Takeup: Sendable, Hashable {
    /// How each of its containers does it; none where that doesn't matter.
    var pickups: [Pickup] = []
    /// The folders of the containers in which something else is mounted than what is in the image.
    var mounts: Set<String> = []
    /// What one of them runs that doesn't do it: `node index.js`.
    var deafCommand: String?
    /// What is done after files arrived, so that they are taken up all the same.
    var after: [AfterSync] = []
    /// What is asked for after files arrived, and can't be done in these containers: files that it is for are built.
    var refused: [AfterSync] = []
    /// Why that can't be done.
    var refusal: String?

    /// Whether anything can be synced at all.
    var isPossible: Bool { deafCommand == nil || !after.isEmpty }

    /// What they run that does it: `node --watch`.
    var names: String { pickups.map(\.name).unique.joined(separator: ", ") }

    /// What is done after files arrived, in its order.
    /// - Parameter owed: what should have been done before.
    func actions(after changes: [FileChange], and owed: [ContainerAction] = []) -> [ContainerAction] {
        let files = changes.filter { !$0.isFolder }.map(\.path)
        return after.filter { entry in files.contains(where: entry.isFor) || entry.action.map(owed.contains) ?? false }
            .compactMap(\.action).unique
    }

    /// Which way a change of a file goes.
    func way(of change: FileChange) -> FileChange.Way {
        switch change.place {
        case .nowhere: return .build(because: nil)
        case .used(let use): return .build(because: "\(change.path) is used by \(use)")
        case .image(let destinations):
            // Nothing is done for a folder, nor is anything to be.
            let isToldOf = change.isFolder ? isPossible : after.contains { $0.isFor(change.path) }
            if !change.isFolder, refused.contains(where: { $0.isFor(change.path) }) { return .build(because: refusal) }
            guard deafCommand == nil || isToldOf else { return .build(because: nil) }
            for destination in destinations {
                if let mount = mounts.first(where: { ContainerPath.isIn($0, destination.path) }) {
                    return .build(because: "\(mount) is a volume of its container")
                }
                let isAddedOrRemoved = change.isNew || change.isGone
                if !change.isFolder, !isToldOf,
                    let pickup = pickups.first(where: {
                        !$0.takes(destination.path, isAddedOrRemoved: isAddedOrRemoved)
                    })
                {
                    return .build(because: "\(pickup.name) does not take up \(change.path)")
                }
            }
            return .sync(destinations)
        }
    }
}

/// A container of a workload's pods, as the manifest has it: what of it says whether files are taken up.
struct ContainerSpecification: Sendable, Hashable {
    var start: StartCommand.Container
    /// The folders and files in it in which something else is mounted.
    var mounts: Set<String>
    /// Whether its first process is another container's, or the node's.
    var sharesProcesses = false
    /// Why its program can't be started again in its place, as far as its probes say.
    var restartProblem: String?

    init(_ json: JSONValue) {
        start = StartCommand.Container(
            command: json["command"]?.array.map { $0.compactMap(\.string) },
            args: json["args"]?.array.map { $0.compactMap(\.string) }, workingDirectory: json["workingDir"]?.string)
        for variable in json["env"]?.array ?? [] {
            if let name = variable["name"]?.string { start.environment[name] = variable["value"]?.string ?? "" }
        }
        mounts = Set((json["volumeMounts"]?.array ?? []).compactMap { $0["mountPath"]?.string })
        restartProblem = Self.restartProblem(json)
    }

    /// What a startup probe or a delay grants a program is for the start of its container
    /// (https://kubernetes.io/docs/concepts/workloads/pods/probes/): one that starts again in its place has to answer the
    /// liveness probe in the time that this one has, or its container is killed.
    private static func restartProblem(_ json: JSONValue) -> String? {
        guard let liveness = json["livenessProbe"], liveness.object != nil else { return nil }
        func time(_ probe: ProbeTiming) -> Int { probe.period * probe.failureThreshold }
        let startup = json["startupProbe"].flatMap { $0.object == nil ? nil : time(ProbeTiming($0)) } ?? 0
        let timing = ProbeTiming(liveness)
        let granted = max(startup, timing.initialDelay)
        guard granted > time(timing) else { return nil }
        return "its liveness probe would end a program that starts again in its place after \(time(timing)) s, and a "
            + "start may take \(granted) s"
    }
}

extension Project {
    /// The containers that run a service's image, but for those that run to their end before the others; `nil` where a
    /// workload of it is in no manifest, so that nobody can tell.
    func containers(of service: Service) -> [ContainerSpecification]? {
        var found: [ContainerSpecification] = []
        for workload in service.workloads {
            guard let object = objects.first(where: { $0.workload == workload }), let path = object.podSpecPath,
                let specification = object.json[path: path]
            else { return nil }
            for (container, runsOn) in object.podContainers where runsOn {
                guard container["image"]?.string.flatMap(images.image) == service.configuration.image else { continue }
                var container = ContainerSpecification(container)
                container.sharesProcesses = KubernetesObject.sharesProcesses(specification)
                found.append(container)
            }
        }
        return found
    }
}

extension Takeup {
    /// Finds out whether containers take up changes.
    /// - Parameters:
    ///   - image: how containers of their image are started.
    ///   - files: what is in it of the context.
    init(_ question: TakeupQuestion, image: ImageConfiguration, files: ContextFiles?) {
        mounts = question.containers.reduce(into: []) { $0.formUnion($1.mounts) }
        let restartProblem = question.containers.lazy.compactMap(\.restartProblem).first
        let sharesProcesses = question.containers.contains(where: \.sharesProcesses)
        for entry in question.service.onSync {
            let isPossible =
                entry.restarts ? restartProblem == nil && !sharesProcesses : !sharesProcesses || !entry.run.isEmpty
            if isPossible { after.append(entry) } else { refused.append(entry) }
        }
        if !refused.isEmpty {
            refusal = sharesProcesses ? "the containers of its pod see each other's processes" : restartProblem
        }
        guard question.service.sync == .auto else { return }
        for container in question.containers {
            let start = StartCommand(image: image, manifest: container.start)
            if let pickup = Pickup(start, file: { files?.read($0) }) {
                pickups.append(pickup)
            } else {
                deafCommand = start.arguments.joined(separator: " ")
            }
        }
    }
}
