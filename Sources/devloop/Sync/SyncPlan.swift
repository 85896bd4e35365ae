import Runner

/// What changed of services since the images that their containers run, what of it is in which container already, and
/// what is to be sent next. A pure value.
///
/// Each change has a number, which counts up. An image holds all changes up to the one with which its build began, a
/// container those of its image and those that it has acknowledged. So a container that starts anew gets what its image
/// lacks, whichever image that is, and a file is sent as it is then: it may be newer than the change, never older.
struct SyncPlan: Sendable {
    /// Something to be brought into a container.
    struct Request: Sendable, Hashable {
        var service: String
        var container: RunningContainer
        var changes: [FileChange]
        /// The last of them.
        var number: Int
        /// What is done when they are there.
        var actions: [ContainerAction] = []

        /// The first program that is run then.
        var program: [String]? {
            actions.lazy.compactMap { if case .run(let words) = $0 { words } else { nil } }.first
        }

        /// What is to be in the container.
        /// - Parameter context: the absolute path of the folder that the files are in.
        func entries(in context: String) -> [SyncEntry] {
            changes.flatMap { change -> [SyncEntry] in
                guard case .image(let destinations) = change.place else { return [] }
                return destinations.map { destination in
                    SyncEntry(
                        source: change.isGone ? nil : PathName.absolute(change.path, in: context),
                        path: destination.path, owner: destination.owner, mode: destination.mode)
                }
            }
        }
    }

    /// What became of a change of files.
    enum Decision: Sendable, Hashable {
        /// It is on its way into the containers.
        case synced
        /// An image has to be built for it; why, where there is something to say.
        case built(because: String?)
    }

    /// Files that were saved together and are in all containers now.
    struct Arrival: Sendable, Hashable {
        var files: [String]
        var noticed: ContinuousClock.Instant
        /// What was done for them.
        var actions: [ContainerAction] = []
    }

    /// What follows from what came of a request.
    enum Consequence: Sendable, Hashable {
        case arrived(Arrival)
        /// Try the container again after a while.
        case retry
        /// Files that are in no container yet have to be built into an image.
        case fallBack([String], noticed: ContinuousClock.Instant?, because: SyncError)
    }

    /// How often in a row a container is tried.
    private static let attempts = 3
    /// After how many images whose containers can't be written to nobody tries any more.
    private static let refusalLimit = 2

    fileprivate struct Image: Sendable {
        /// Its id, and its digest in the registry.
        var identities: Set<String>
        /// The last change that is in it.
        var number: Int
        /// Whether it is where containers are started from.
        var isDelivered = false
    }

    fileprivate struct Container: Sendable {
        var running: RunningContainer
        /// The last change that it has acknowledged.
        var number = 0
        /// What is being sent to it.
        var sending: Request?
        /// How often in a row that failed.
        var failures = 0
        /// Whether what it lacks is built instead: another one takes its place.
        var isGivenUp = false
        /// What was to be done in it after files arrived, and is not done, because something failed.
        var owed: [ContainerAction] = []
    }

    fileprivate struct Save: Sendable {
        var number: Int
        var arrival: Arrival
    }

    fileprivate struct Service: Sendable {
        var takeup: Takeup?
        /// The images that its containers may run, oldest first.
        var images: [Image] = []
        /// The last change when the build began that runs.
        var begun = 0
        /// Each file's last change.
        var changes: [String: (change: FileChange, number: Int)] = [:]
        /// The last change that was brought into containers.
        var synced = 0
        var containers: [String: Container] = [:]
        /// The last change that containers have which were there when their image was built once more.
        var kept: [String: Int] = [:]
        /// What is not in all containers yet.
        var saves: [Save] = []
        /// The last change up to which what was removed from containers is known to be in no image that they may run.
        var proven = 0
        /// Folders that were to be removed from containers and hold what others put there.
        var stayed: Set<String> = []
        /// Whether its containers were replaced by such as run the newest image that was built for that.
        var isRolledOut = false
        /// The last change when it was decided to build what could not be sent.
        var fallen = 0
        /// How many of its images in a row had containers that can't be written to.
        var refusals = 0
        /// Whether those of this image can't, or one would not try any more.
        var isBlocked = false
    }

    private var services: [String: Service] = [:]
    /// The number of the last change.
    private(set) var number = 0

    // MARK: - Images

    /// A service is being built, with what is saved up to now.
    mutating func begin(_ service: String) { services[service, default: Service()].begun = number }

    /// A service has a new image.
    /// - Parameter isQuiet: whether its containers are not to be replaced by others that run it.
    mutating func built(_ id: String, _ name: String, isQuiet: Bool) {
        var service = services[name] ?? Service()
        let image = Image(identities: [id], number: service.begun)
        let isNew = !service.images.contains { $0.identities.contains(id) }
        // Containers that run this very image already may stay, with what was written into them since.
        for (id, container) in service.containers where !isNew { service.kept[id] = service.level(of: container) }
        if !isQuiet {
            if isNew {
                service.kept = [:]
                service.changes = service.changes.filter { $0.value.number > image.number }
            }
            service.images = [image]
            service.saves = []
            service.isRolledOut = false
            service.isBlocked = service.refusals >= Self.refusalLimit
        } else {
            service.images.removeAll { $0.identities.contains(id) }
            service.images.append(image)
        }
        services[name] = service
    }

    /// The containers of a service are, or are about to be, such as run the image that was built for that.
    mutating func rolledOut(_ service: String) {
        services[service]?.isRolledOut = true
        proved(service)
    }

    /// What was removed from containers before the newest build of a service began, by its path there, and of which nobody
    /// knows whether the image lacks it as well: below a copied file, the base image or an earlier instruction may have
    /// another one.
    func removals(of name: String) -> [String: String] {
        guard let service = services[name] else { return [:] }
        var removals: [String: String] = [:]
        for (change, number) in service.changes.values
        where change.isGone && number > service.proven && number <= service.begun {
            guard case .image(let destinations) = change.place else { continue }
            for destination in destinations where !service.stayed.contains(destination.path) {
                removals[destination.path] = change.path
            }
        }
        return removals
    }

    /// Whether containers of a service have to be replaced even where they run the image that was just built: they lack what
    /// it has, or may hold what could be sent in part only.
    func needsNewContainers(_ name: String) -> Bool {
        let isAnyGivenUp = services[name]?.containers.values.contains { $0.isGivenUp && !$0.running.isEnding } ?? false
        return isAnyGivenUp || !removals(of: name).isEmpty
    }

    /// The newest image of a service lacks what was removed from containers before its build began, or they are replaced.
    mutating func proved(_ service: String) {
        guard let begun = services[service]?.begun else { return }
        services[service]?.proven = begun
        services[service]?.stayed = []
    }

    /// Whether that is so.
    func isRolledOut(_ service: String) -> Bool { services[service]?.isRolledOut ?? false }

    /// The newest image of a service was delivered under this digest.
    mutating func delivered(_ digest: String?, _ service: String) {
        guard let last = services[service]?.images.indices.last else { return }
        services[service]?.images[last].isDelivered = true
        if let digest { services[service]?.images[last].identities.insert(digest) }
    }

    /// The containers of a service, or its image, are made another way from now on: it is worth a try again.
    mutating func reconsider(_ service: String) { services[service]?.refusals = 0 }

    /// How the containers of a service take up changes; `nil` where that is not known any more.
    mutating func learned(_ takeup: Takeup?, _ service: String) {
        services[service, default: Service()].takeup = takeup
    }

    /// How the containers of a service take up changes; `nil` where that is not known.
    func takeup(of service: String) -> Takeup? { services[service]?.takeup }

    /// Whether a service has an image that its containers may run.
    func isKnown(_ service: String) -> Bool { services[service]?.images.isEmpty == false }

    /// What is in no image yet of what was synced.
    func isBehind(_ service: String) -> Bool {
        guard let service = services[service] else { return false }
        return service.synced > service.images.last(where: \.isDelivered)?.number ?? 0
    }

    mutating func removed(_ service: String) { services[service] = nil }

    /// The last change of a service that was synced.
    func number(of service: String) -> Int { services[service]?.changes.values.map(\.number).max() ?? 0 }

    // MARK: - Changes

    /// Files of a service changed.
    /// - Parameter isCurrent: whether the image that it has is what the files were before, and no other is on its way.
    mutating func changed(
        _ changes: [FileChange], of name: String, isCurrent: Bool, noticed: ContinuousClock.Instant
    ) -> Decision {
        guard var service = services[name] else { return .built(because: nil) }
        // Also where they are built: the image may turn out to be one that a container runs in which they are another way.
        number += 1
        for change in changes {
            if case .image = change.place { service.changes[change.path] = (change, number) }
        }
        services[name] = service
        guard let takeup = service.takeup else { return .built(because: nil) }
        for change in changes {
            if case .build(let reason) = takeup.way(of: change) {
                return .built(because: takeup.isPossible || takeup.refusal != nil ? reason : nil)
            }
        }
        let targets = service.targets
        guard isCurrent, service.isRolledOut, !service.isBlocked, !targets.isEmpty else { return .built(because: nil) }
        service.synced = number
        let arrival = Arrival(
            files: changes.map(\.path), noticed: noticed, actions: takeup.actions(after: changes))
        service.saves.append(Save(number: number, arrival: arrival))
        services[name] = service
        return .synced
    }

    /// Takes the files of a service that are not in all containers yet: they go into an image.
    mutating func takeSaves(of service: String) -> [String] {
        defer { services[service]?.saves = [] }
        return (services[service]?.saves ?? []).flatMap(\.arrival.files).unique
    }

    // MARK: - Containers

    /// The containers of a workload that run a service's image are these now.
    mutating func running(_ containers: [RunningContainer], of workload: Workload, _ name: String) -> [Consequence] {
        var service = services[name] ?? Service()
        let ids = Set(containers.map(\.id))
        service.containers = service.containers.filter { $0.value.running.workload != workload || ids.contains($0.key) }
        for container in containers {
            service.containers[container.id, default: Container(running: container)].running = container
        }
        services[name] = service
        return arrivals(of: name)
    }

    /// Whether something is saved and no container is there that it is, or could be, sent to.
    func isStuck(_ name: String) -> Bool {
        guard let service = services[name], !service.saves.isEmpty else { return false }
        return service.targets.isEmpty
    }

    /// What is to be sent now.
    mutating func requests(of name: String) -> [Request] {
        guard let service = services[name], let takeup = service.takeup, !service.isBlocked, service.isRolledOut else {
            return []
        }
        var requests: [Request] = []
        for (container, level) in service.targets where container.sending == nil {
            let lacking = service.changes.values.filter { change, number in
                if case .sync = takeup.way(of: change) { number > level } else { false }
            }
            guard let last = lacking.map(\.number).max() else { continue }
            let changes = lacking.map(\.change).sorted { $0.path < $1.path }
            let request = Request(
                service: name, container: container.running, changes: changes, number: last,
                actions: takeup.actions(after: changes, and: container.owed))
            services[name]?.containers[container.running.id]?.sending = request
            requests.append(request)
        }
        return requests
    }

    /// The program that is still to end in some container after what was sent there up to a number; `nil` where none is.
    func slowProgram(of name: String, _ number: Int) -> [String]? {
        services[name]?.containers.values.lazy.compactMap(\.sending).first { $0.number == number }?.program
    }

    /// A container has acknowledged what was sent to it, or not.
    mutating func sent(
        _ result: Result<SyncReceipt, SyncError>, to id: String, of name: String
    ) -> [Consequence] {
        guard var service = services[name], var container = service.containers[id],
            let sent = container.sending?.number
        else { return [] }
        container.sending = nil
        switch result {
        case .success(let receipt):
            container.number = max(container.number, sent)
            container.failures = 0
            container.owed = receipt.undone
            service.stayed.formUnion(receipt.kept)
            service.refusals = 0
            service.containers[id] = container
            services[name] = service
            return arrivals(of: name)
        case .failure(let error):
            container.failures += 1
            if case .lost = error, container.failures < Self.attempts {
                service.containers[id] = container
                services[name] = service
                return [.retry]
            }
            container.isGivenUp = true
            service.containers[id] = container
            if case .impossible = error, !service.isBlocked {
                service.isBlocked = true
                service.refusals += 1
            }
            defer { services[name] = service }
            // Others may have failed with it already.
            guard sent > service.fallen else { return [] }
            // What the container lacks is more than what was saved last, where it is new.
            let level = service.level(of: container) ?? 0
            let lacking = service.changes.filter { $0.value.number > level && !$0.value.change.isFolder }.map(\.key)
            let noticed = service.saves.first?.arrival.noticed
            (service.fallen, service.saves) = (number, [])
            return [.fallBack(lacking.sorted(), noticed: noticed, because: error)]
        }
    }

    /// What is in all containers by now.
    private mutating func arrivals(of name: String) -> [Consequence] {
        guard let service = services[name] else { return [] }
        guard let least = service.targets.map(\.level).min() else { return [] }
        services[name]?.saves.removeAll { $0.number <= least }
        let owed = Set(service.targets.flatMap(\.container.owed))
        return service.saves.filter { $0.number <= least }.map { save in
            var arrival = save.arrival
            arrival.actions.removeAll(where: owed.contains)
            return .arrived(arrival)
        }
    }
}

extension SyncPlan.Service {
    /// The containers that changes are sent to, with the last change that each has.
    fileprivate var targets: [(container: SyncPlan.Container, level: Int)] {
        containers.values.filter { !$0.running.isEnding && !$0.isGivenUp }.compactMap { container in
            level(of: container).map { (container, $0) }
        }.sorted { $0.container.running.id < $1.container.running.id }
    }

    /// The last change that a container has; `nil` where it runs an image of before, and is about to be replaced.
    fileprivate func level(of container: SyncPlan.Container) -> Int? {
        let id = container.running.imageID
        if let image = images.last(where: { $0.identities.contains(where: id.hasSuffix) }) {
            return max(kept[container.running.id] ?? image.number, container.number)
        }
        // Nodes give an image that was loaded a digest of their own: it may be any of them.
        let isUnknown = id.contains("@") && images.allSatisfy { $0.identities.count == 1 }
        return isUnknown
            ? images.first.map { max(kept[container.running.id] ?? $0.number, container.number) } : nil
    }
}
