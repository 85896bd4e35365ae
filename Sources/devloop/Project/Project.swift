import Runner

/// The configuration and the manifests joined: which image runs in which workload. A pure value.
struct Project: Sendable {
    /// A service and what runs it.
    struct Service: Sendable {
        /// What devloop.json says of it.
        var configuration: Configuration.Service
        /// What is restarted when its image changes.
        var workloads: [Workload]
        /// See ``Configuration/destination(of:)``.
        var destination: ImageReference?
        /// Whether nothing runs its image: other images are built on it, or nothing needs it.
        var isOnlyBuilt = false

        var name: String { configuration.name }
    }

    let configuration: Configuration
    /// Where objects are that name none.
    let namespace: String
    let objects: [KubernetesObject]
    let services: [Service]
    /// Which of the services' images a manifest means.
    let images: ImageNames
    /// What the user should know: of services whose images nothing needs or run in nothing that devloop restarts, of
    /// selectors that fit no pods.
    let notices: [String]
    /// For each object that runs images of services: which.
    private let servicesOfObjects: [KubernetesObject.Identity: Set<String>]
    /// What the log lines of workloads that run just one service are headed with.
    private let labels: [Workload: String]

    /// Joins the two.
    /// - Parameters:
    ///   - manifests: as they were read.
    ///   - namespace: where objects are that name none.
    ///   - bases: the services that others' images are built on; nothing else needs to run them.
    ///   - outside: what is in no manifest.
    /// - Throws: ``ConfigurationError`` where what runs a service's image is of a kind that is misspelt.
    init(
        configuration: Configuration, manifests: [JSONValue], namespace: String, bases: Set<String> = [],
        outside: [KubernetesObject] = []
    ) throws(ConfigurationError) {
        let objects = outside + manifests.compactMap { KubernetesObject($0, namespace: namespace) }
        let images = configuration.imageNames
        var users: [ImageReference: [KubernetesObject]] = [:]
        for object in objects {
            for image in Set(object.images.compactMap(images.image)) { users[image, default: []].append(object) }
        }
        self.configuration = configuration
        self.namespace = namespace
        self.objects = objects
        self.images = images
        var servicesOfObjects: [KubernetesObject.Identity: Set<String>] = [:]
        let named = Dictionary(grouping: Set(objects.compactMap(\.workload)), by: \.nameInNamespace)
        var used: [String]?
        var services: [Service] = []
        var problems: [ConfigurationError] = []
        var notices: [String] = []
        for service in configuration.services {
            let users = users[service.image] ?? []
            for user in users { servicesOfObjects[user.identity, default: []].insert(service.name) }
            var workloads =
                (service.workloads?.map { Self.workload($0, in: namespace, named[$0] ?? []) }
                ?? users.compactMap(\.workload)).unique
            if bases.contains(service.name) {
                // What is built on it has a pass of its own: restarted here it would run what it ran before.
                let others = Set(objects.compactMap(\.workload)).subtracting(users.compactMap(\.workload))
                let left = workloads.filter(others.contains)
                workloads.removeAll(where: others.contains)
                if !left.isEmpty {
                    notices.append(
                        "\(service.name): \(left.map(\.description).joined(separator: ", ")) in \"workloads\" runs other "
                            + "images, and is restarted when those are built, this one not")
                }
            }
            // Then its pass ends with the build.
            let isOnlyBuilt = users.isEmpty && workloads.isEmpty
            if isOnlyBuilt, !bases.contains(service.name) {
                let all = used ?? Set(objects.flatMap(\.images)).sorted()
                used = all
                notices.append(Self.unused(service, configuration, all))
            } else if workloads.isEmpty, !isOnlyBuilt {
                if let problem = Self.misspelt(service, configuration, users) { problems.append(problem) }
                // On Docker it runs again with each.
                let areJobs = users.allSatisfy { $0.identity.kind == "Job" }
                if !areJobs || configuration.target != .docker { notices.append(Self.notice(of: service, users)) }
            }
            services.append(
                Service(
                    configuration: service, workloads: workloads, destination: configuration.destination(of: service),
                    isOnlyBuilt: isOnlyBuilt))
        }
        if let first = problems.first {
            throw ConfigurationError(
                file: first.file, problems: problems.flatMap(\.problems),
                advice: problems.lazy.compactMap(\.advice).first)
        }
        self.services = services
        self.notices = notices + Selectors.notices(objects, on: configuration.target)
        let served = Dictionary(
            grouping: services.flatMap { service in Set(service.workloads).map { ($0, service.name) } }, by: \.0)
        labels = served.compactMapValues { $0.count == 1 ? $0[0].1 : nil }
        self.servicesOfObjects = servicesOfObjects
    }

    /// The services whose images an object runs; empty for an object that needs none of them.
    func services(of object: KubernetesObject) -> Set<String> { servicesOfObjects[object.identity] ?? [] }

    /// Everything whose logs are followed: the workloads of the manifests and those that services name.
    var workloads: Set<Workload> {
        Set(objects.compactMap(\.workload)).union(services.flatMap(\.workloads))
    }

    /// What a workload's log lines are headed with: its service's name where it runs just one, else its own.
    func label(of workload: Workload) -> String {
        labels[workload] ?? workload.name
    }

    /// The workload that a name in devloop.json means: the one in the project's own namespace, or else the manifests'
    /// only one of that name.
    private static func workload(
        _ name: Workload.Name, in namespace: String, _ named: [Workload]
    ) -> Workload {
        let own = Workload(name, namespace: namespace)
        return named.contains(own) || named.count != 1 ? own : named[0]
    }

    private static let kinds = [
        "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod",
    ]

    /// The image is used by a kind that is nearly one of those that devloop restarts.
    private static func misspelt(
        _ service: Configuration.Service, _ configuration: Configuration, _ users: [KubernetesObject]
    ) -> ConfigurationError? {
        let nearest = users.lazy.map(\.identity.kind).filter { $0 != "Job" }
            .compactMap { Suggestion.nearest(to: $0, in: kinds) }.first
        guard let nearest else { return nil }
        let list = users.map(\.identity.description).joined(separator: ", ")
        return configuration.error(
            at: "\(service.keyPath).image",
            "the image \(service.image) is used by \(list), and devloop restarts \(kinds.joined(separator: ", ")) only",
            advice: "did you mean kind: \(nearest)?")
    }

    /// The image is used by a Job, a custom resource, or something else that runs by rules of its own.
    private static func notice(of service: Configuration.Service, _ users: [KubernetesObject]) -> String {
        let list = users.map(\.identity.description).joined(separator: ", ")
        return "\(service.name): \(list) is applied once and gets each new image, but devloop does not start it again; "
            + "say with \"workloads\" if something else runs it"
    }

    /// What the manifests have lost that an older project had, though devloop.json says the same of it: what runs a service. A
    /// file that is being written may lack anything, and what is in it is not to be taken for gone.
    func loss(since older: Project) -> ConfigurationError? {
        guard older.configuration.manifests == configuration.manifests else { return nil }
        let lost = services.filter { service in
            service.isOnlyBuilt
                && older.services.contains { old in
                    !old.isOnlyBuilt && old.name == service.name
                        && service.configuration.changes(from: old.configuration).isEmpty
                }
        }
        let errors = lost.map { service in
            configuration.error(
                at: "\(service.configuration.keyPath).image",
                "no manifest runs the image \(service.configuration.image) any more",
                advice: "put back what ran it, or take \(service.name) out of devloop.json as well")
        }
        return errors.first.map { first in
            ConfigurationError(file: first.file, problems: errors.flatMap(\.problems), advice: first.advice)
        }
    }

    /// Nothing runs the image, and none is built on it.
    /// - Parameter used: all images that the manifests name, in order.
    private static func unused(
        _ service: Configuration.Service, _ configuration: Configuration, _ used: [String]
    ) -> String {
        let built = "\(service.name): built, but nothing runs its image \(service.image)"
        guard !configuration.manifests.isEmpty else {
            return
                "\(built): without \"manifests\", \"workloads\" says what does: [\"deployment/\(service.name)\"], for instance"
        }
        // What can't be built is not suggested.
        let buildable = used.filter { ValueRule.image.problem(with: $0) == nil }
        if let nearest = Suggestion.nearest(to: service.image.description, in: buildable) {
            return "\(built), and no other image is built on it; did you mean \(nearest), which a manifest uses?"
        }
        let rest = used.count > 20 ? " and \(used.count - 20) more" : ""
        let list =
            used.isEmpty
            ? "the manifests name no image at all"
            : "the manifests use \(used.prefix(20).joined(separator: ", "))\(rest)"
        return "\(built), and no other image is built on it: \(list); \"workloads\" says what else runs it"
    }
}
