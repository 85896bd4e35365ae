import Synchronization

/// Services on a Kubernetes cluster, by way of `kubectl`.
///
/// What changes something is a command of its own: an edit costs one, `rollout restart`. All reading (logs, watches, the
/// rollout's state) goes through one `kubectl proxy`, which lasts as long as we do.
package final class KubernetesTarget: Target {
    private struct Shared {
        /// Settled by ``prepare()``.
        var cluster: KubernetesCluster?
        var reading: (any ClusterReading)?
        /// The objects applied so far, as they were applied.
        var applied: [KubernetesObject.Identity: KubernetesObject] = [:]
        /// Those that are too large for the annotation of `kubectl apply`.
        var large: Set<KubernetesObject.Identity> = []
        /// The images whose last push failed because of the registry.
        var pushFailures: [ImageReference: TargetError] = [:]
        /// What was told of objects from outside that are there with something else in them.
        var told = Once<ObjectCreation.Difference>()
    }

    private let requestedContext: String?
    private let requestedNamespace: String?
    private let registry: String?
    private let usesMinikubeDocker: Bool
    private let permission: @Sendable (ClusterIdentity) async throws -> Void
    private let launcher: any CommandRunning
    private let builder: ImageBuilder
    private let reader: @Sendable (Kubectl) -> any ClusterReading
    private let shared = Mutex(Shared())
    /// Changes with each apply.
    private let applies = Latest<Void>(())
    private let problems = CurrentProblems()
    private let restarts = RestartsInPlace()

    /// A cluster that is not asked anything yet.
    /// - Parameters:
    ///   - context: a context of the kubeconfig; the current one where `nil`.
    ///   - namespace: where objects go that name none; the context's where `nil`.
    ///   - registry: where images are pushed.
    ///   - usesMinikubeDocker: whether this shell's docker is minikube's.
    ///   - permission: is asked before the cluster is, and throws where it must not be used.
    ///   - scratch: a folder that nobody else can enter.
    ///   - onRead: told of each thing that is read, just before (for `--verbose`).
    package convenience init(
        context: String?, namespace: String?, registry: String?, usesMinikubeDocker: Bool,
        launcher: any CommandRunning, builder: ImageBuilder, scratch: ScratchFolder,
        permission: @escaping @Sendable (ClusterIdentity) async throws -> Void,
        onRead: @escaping @Sendable (String) -> Void
    ) {
        self.init(
            context: context, namespace: namespace, registry: registry, usesMinikubeDocker: usesMinikubeDocker,
            launcher: launcher, builder: builder, permission: permission
        ) { kubectl in
            ProxiedCluster(
                context: kubectl.context,
                proxy: KubectlProxy(kubectl: kubectl, launcher: launcher, scratch: scratch), onRead: onRead)
        }
    }

    /// - Parameter reader: reads a cluster, with kubectl's way to it.
    init(
        context: String?, namespace: String?, registry: String?, usesMinikubeDocker: Bool,
        launcher: any CommandRunning, builder: ImageBuilder,
        permission: @escaping @Sendable (ClusterIdentity) async throws -> Void = { _ in },
        reader: @escaping @Sendable (Kubectl) -> any ClusterReading
    ) {
        requestedContext = context
        requestedNamespace = namespace
        self.registry = registry
        self.usesMinikubeDocker = usesMinikubeDocker
        self.permission = permission
        self.launcher = launcher
        self.builder = builder
        self.reader = reader
    }

    /// `Kubernetes context lab (https://127.0.0.1:6443), namespace default, images go to localhost:5000`
    package var summary: String {
        guard let cluster = shared.withLock({ $0.cluster }) else { return "Kubernetes" }
        return "Kubernetes context \(cluster.kubectl.context) (\(cluster.identity.server)), namespace "
            + "\(cluster.kubectl.namespace), \(cluster.delivery)"
    }

    /// Settles context and namespace for good, and asks the server for its version.
    package func prepare() async throws {
        let cluster = try await KubernetesCluster(
            context: requestedContext, namespace: requestedNamespace, registry: registry,
            usesMinikubeDocker: usesMinikubeDocker, launcher: launcher)
        try await permission(cluster.identity)
        async let registry = LocalRegistry.find(
            cluster.kubectl, with: launcher, isWanted: cluster.delivery.givesWayToLocalRegistry)
        let version = try await launcher.runTool(cluster.kubectl.serverVersion())
        // Who may not ask for the version has reached the cluster as well.
        guard version.termination.isSuccess || version.errorText.contains("(Forbidden)") else {
            let summary =
                "the cluster of context \(cluster.kubectl.context) (\(cluster.identity.server)) cannot be reached"
            var error = KubectlFailure.error(summary, version, context: cluster.kubectl.context)
            error.severity = .unavailable
            if error.advice == nil {
                error.summary = summary
                error.advice =
                    "start it (Docker Desktop, minikube start, kind create cluster, …), choose another with "
                    + "--context, or run without a cluster: --target docker"
            }
            throw error
        }
        let (settled, reading) = (cluster.delivering(over: try await registry), reader(cluster.kubectl))
        if let problem = settled.delivery.problem(with: builder.program, in: settled.identity.context) { throw problem }
        shared.withLock { ($0.cluster, $0.reading) = (settled, reading) }
    }

    /// Where images are that the cluster has chosen a registry for.
    package var registries: [String] {
        guard case .local(let registry)? = shared.withLock({ $0.cluster?.delivery }) else { return [] }
        return [registry.host] + [registry.hostForNodes].compactMap { $0 }
    }

    /// The namespace of objects that name none, once ``prepare()`` has settled it.
    package var namespace: String { get throws { try cluster().identity.namespace } }

    private func cluster() throws -> KubernetesCluster {
        guard let cluster = shared.withLock({ $0.cluster }) else {
            throw TargetError(.unavailable, "the cluster has not been asked yet")
        }
        return cluster
    }

    private func reading() throws -> any ClusterReading {
        guard let reading = shared.withLock({ $0.reading }) else {
            throw TargetError(.unavailable, "the cluster has not been asked yet")
        }
        return reading
    }

    /// Pushes or loads the image, where the cluster doesn't have it already.
    package func deliver(
        _ image: BuiltImage, onNotice: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> DeliveredImage {
        let delivery = try cluster().delivery
        if let pushed = try delivery.pushedByItsBuild(image) { return pushed }
        if let registries = delivery.registries {
            let reference = try Self.pushReference(image.reference, registry: registries.pushed)
            let lastFailure = shared.withLock { $0.pushFailures[reference] }
            let digest: String
            do {
                digest = try await builder.push(image, as: reference, lastFailure: lastFailure, onRetry: onNotice)
            } catch let error as TargetError {
                shared.withLock { $0.pushFailures[reference] = error.severity == .unavailable ? error : nil }
                throw error
            }
            shared.withLock { $0.pushFailures[reference] = nil }
            return DeliveredImage(built: image, reference: try delivery.reference(of: image).tagged, digest: digest)
        }
        try await load(image, delivery)
        return DeliveredImage(built: image, reference: try delivery.reference(of: image).tagged)
    }

    private func load(_ image: BuiltImage, _ delivery: ImageDelivery) async throws {
        let result: Result<Void, any Error>
        do {
            for command in try delivery.load(image) {
                let output = try await launcher.runTool(command)
                guard !output.termination.isSuccess else { continue }
                throw TargetError(
                    "\(image.reference) could not be loaded into the cluster",
                    details: output.errorText.split(separator: "\n").suffix(10).map(String.init))
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        // Also where nobody waits any more.
        if let command = try delivery.cleanUp(after: image) {
            _ = await Task { [launcher] in try? await launcher.runTool(command) }.value
        }
        try result.get()
    }

    /// The reference that an image is pushed as.
    package static func pushReference(_ reference: ImageReference, registry: String?) throws -> ImageReference {
        guard let registry else { return reference }
        guard let result = reference.inRegistry(registry) else {
            throw TargetError(.configuration, "\(registry)/\(reference) is no image reference")
        }
        return result
    }

    /// `kubectl apply`, with the images adjusted to the way they are delivered.
    package func apply(_ objects: [KubernetesObject], images: DeliveredImages) async throws -> ApplyReport {
        var applier = ObjectApplier(
            kubectl: try cluster().kubectl, launcher: launcher, large: shared.withLock { $0.large })
        let reading = try reading()
        let sources = await reading.podSources(of: objects.compactMap(\.workload))
        try await applier.apply(objects.map { $0.delivering(images) })
        let (outcome, large) = (applier.outcome, applier.large)
        let news = shared.withLock { shared in
            shared.large.formUnion(large)
            for object in outcome.applied { shared.applied[object.identity] = object }
            return shared.told.news(outcome.differing).map(\.notice)
        }
        let changed = outcome.applied.filter { outcome.changed.contains($0.identity) }.compactMap(\.workload)
        var renewed = await reading.podSources(of: changed.filter { sources[$0] != nil })
            .filter { sources[$0.key] != $0.value }.map(\.key)
        // A newer template is nothing to the pods that they have.
        for workload in changed where [.replicaSet, .replicationController].contains(workload.kind) {
            try await restart(workload, images: images)
            renewed.append(workload)
        }
        applies.set(())
        let created = outcome.applied.filter { outcome.created.contains($0.identity) }.compactMap(\.workload)
        return ApplyReport(
            created: Set(created), changed: Set(changed), renewed: Set(renewed),
            notices: try await addresses(of: outcome.applied), news: news, failures: outcome.failures)
    }

    /// Where the published ones of the Services can be reached.
    private func addresses(of objects: [KubernetesObject]) async throws -> [String] {
        let cluster = try cluster()
        let published = objects.filter {
            $0.identity.kind == "Service"
                && ["NodePort", "LoadBalancer"].contains($0.json[path: ["spec", "type"]]?.string)
        }
        var lines: [String] = []
        for (namespace, group) in KubernetesObject.byNamespace(published, first: cluster.kubectl.namespace) {
            let names = Set(group.map(\.identity.name))
            let services = try await reading().read(.services(namespace: namespace)).json?["items"]?.array ?? []
            for service in services where names.contains(service[path: ["metadata", "name"]]?.string ?? "") {
                lines += ServiceAddress.lines(service, nodePortsAt: cluster.identity.nodeHost)
            }
        }
        return lines
    }

    /// In a cluster nobody can tell.
    package func leftovers(
        besides objects: Set<KubernetesObject.Identity>
    ) async throws -> Set<KubernetesObject.Identity> { [] }

    /// Nothing is deleted.
    package func letGo(of objects: Set<KubernetesObject.Identity>) async throws -> [String] {
        LostObjects.notice(objects).map { [$0] } ?? []
    }

    /// Compares what the pods report with the image's id and with the digests it has in the registry.
    package func delivered(
        _ image: BuiltImage, among names: ImageNames, runningIn workload: Workload
    ) async throws -> DeliveredImage? {
        let delivery = try cluster().delivery
        var candidate = DeliveredImage(built: image, reference: try delivery.reference(of: image).tagged)
        if let pushed = try delivery.pushedByItsBuild(image) {
            candidate = pushed
        } else if let registries = delivery.registries {
            let reference = try Self.pushReference(image.reference, registry: registries.pushed)
            guard let digest = try await builder.digest(of: image.id, pushedAs: reference) else { return nil }
            candidate.digest = digest
        }
        let check = try await check(of: candidate, among: names)
        let pods: [KubernetesPod]
        do { pods = try await self.pods(of: workload) } catch is TargetError { return nil }
        let containers = pods.flatMap(\.containers).filter { names.image(meantBy: $0.image) == image.reference }
        let isRunning = containers.allSatisfy {
            $0.isRunning && $0.image == candidate.reference && check.isSame($0)
        }
        return !containers.isEmpty && isRunning ? candidate : nil
    }

    /// Compares what the workload's pods report, once they are up, with the digest that was pushed or the image's id.
    package func verify(
        _ image: DeliveredImage, among images: ImageNames, runsIn workload: Workload
    ) async throws -> [String] {
        let check = try await check(of: image, among: images)
        let pods = try await whenReachable { try await self.pods(of: workload) }
        let names = containers(of: workload, running: image)
        let differences = check.differences(in: pods, containers: names)
        guard differences.isEmpty else {
            let now = try await reading().read(.workload(workload)).json.flatMap {
                KubernetesObject($0, namespace: workload.namespace)
            }
            throw check.failure(differences, of: workload, templateImages: now?.containerImages ?? [:])
        }
        return check.pinned(in: pods, containers: names).map {
            "\(workload): \($0), which devloop does not build; it builds \(image.built.reference)"
        }
    }

    /// Compares what the workload's pods report with the image; where there are none, the workload says whether any should
    /// be.
    package func runs(_ image: DeliveredImage, among images: ImageNames, in workload: Workload) async throws -> Bool {
        let pods = try await self.pods(of: workload)
        guard pods.isEmpty else {
            let names = containers(of: workload, running: image)
            return try await check(of: image, among: images).isRun(by: pods, containers: names)
        }
        guard let now = try await reading().read(.workload(workload)).json else { return false }
        return switch workload.kind {
        // It has run to its end.
        case .pod: true
        case .daemonSet: now[path: ["status", "desiredNumberScheduled"]]?.integer == 0
        default: now[path: ["spec", "replicas"]]?.integer == 0
        }
    }

    private func check(of image: DeliveredImage, among names: ImageNames) async throws -> ImageCheck {
        switch try cluster().delivery {
        case _ where image.wasPushed, .push, .local:
            return ImageCheck(
                image: image, names: names, identities: [image.digest ?? image.built.id, image.built.id])
        case .kind, .k3d, .minikube:
            return ImageCheck(image: image, names: names, identities: [image.built.id], digestsSayNothing: true)
        case .shared:
            let digests = try await builder.repositoryDigests(of: image.built.id)
            return ImageCheck(
                image: image, names: names, identities: Set(digests.compactMap(Self.digest) + [image.built.id]))
        }
    }

    private static func digest(of reference: String) -> String? {
        reference.split(separator: "@").last.map(String.init)
    }

    /// The pods of the workload that have not ended and are not to end.
    private func pods(of workload: Workload) async throws -> [KubernetesPod] {
        let reading = try reading()
        let answer = try await reading.read(
            .pods(namespace: workload.namespace, labels: applied(workload)?.selector ?? [:]))
        guard let json = answer.json else {
            throw reading.error("the pods of \(workload) could not be asked for", answer)
        }
        return KubernetesPod.list(json).filter {
            !$0.isTerminating && !$0.isFinished && $0.workload == workload
        }
    }

    /// `kubectl rollout restart`; a bare Pod is deleted and created again, the pods of a ReplicaSet are deleted.
    package func restart(_ workload: Workload, images: DeliveredImages) async throws {
        let kubectl = try cluster().kubectl
        let command: Command
        switch workload.kind {
        case .pod:
            command = kubectl.replace(
                try await podToReplace(workload).delivering(images).json, namespace: workload.namespace)
        case .replicaSet, .replicationController:
            let pods = try await pods(of: workload)
            guard !pods.isEmpty else { return }
            command = kubectl.deletePods(pods.map(\.name), namespace: workload.namespace)
        case .deployment, .statefulSet, .daemonSet:
            command = kubectl.restart(workload)
        case .job: return
        }
        let output = try await launcher.runTool(command)
        guard output.termination.isSuccess else {
            var error = KubectlFailure.error("\(workload) could not be restarted", output, context: kubectl.context)
            if output.errorText.contains("can't restart paused") { error.advice = Self.pausedAdvice(workload, kubectl) }
            throw error
        }
    }

    private static func pausedAdvice(_ workload: Workload, _ kubectl: Kubectl) -> String {
        "take paused: true out of its manifest, or: kubectl --context=\(kubectl.context) "
            + "--namespace=\(workload.namespace) rollout resume \(workload)"
    }

    /// The Pod as it was applied, or, where it isn't in the manifests, as it runs without what the cluster added.
    private func podToReplace(_ workload: Workload) async throws -> KubernetesObject {
        if let object = applied(workload) { return object }
        let reading = try reading()
        let answer = try await reading.read(.workload(workload))
        guard var json = answer.json else { throw reading.error("\(workload) could not be read", answer) }
        json["status"] = nil
        json[path: ["spec", "nodeName"]] = nil
        for key in ["uid", "resourceVersion", "creationTimestamp", "managedFields"] {
            json[path: ["metadata", key]] = nil
        }
        guard let object = KubernetesObject(json, namespace: workload.namespace) else {
            throw TargetError("\(workload) is no pod")
        }
        return object
    }

    /// What `kubectl rollout status` waits for, or a look at the pods where it has no such; on failure with what the pods
    /// say.
    @discardableResult
    package func waitUntilReady(_ workload: Workload) async throws -> [String] {
        let kubectl = try cluster().kubectl
        if applied(workload)?.json[path: ["spec", "paused"]]?.bool == true {
            throw TargetError(
                "\(workload) is paused: nothing is rolled out", advice: Self.pausedAdvice(workload, kubectl))
        }
        var wait = RolloutWait(workload, cluster: try reading(), kubectl: kubectl, launcher: launcher) {
            try await self.pods(of: workload)
        }
        do {
            return try await whenReachable { try await wait.run() }
        } catch var error as TargetError where error.severity == .failed {
            error.details += await currentProblems(of: workload)
            throw error
        }
    }

    /// The workload's object as it was applied.
    private func applied(_ workload: Workload) -> KubernetesObject? {
        shared.withLock { $0.applied.values.first { $0.workload == workload } }
    }

    /// The names of the containers that are to run an image, as the workload was applied; `nil` where it was not.
    private func containers(of workload: Workload, running image: DeliveredImage) -> Set<String>? {
        applied(workload).map { Set($0.containerImages.filter { $0.value == image.reference }.keys) }
    }

    /// What keeps a workload from being ready: a reminder of what was told already, or what its pods say.
    private func currentProblems(of workload: Workload) async -> [String] {
        let told = problems.of(workload)
        if !told.isEmpty { return told.map { "as told above: \($0.state): \($0.summary)" } }
        let pods = (try? await pods(of: workload)) ?? []
        return pods.flatMap { PodProblem.all(of: $0) }.map { "\($0.state): \($0.summary): \($0.cause)" }
    }

    /// A question that changes nothing is asked again until the cluster answers: that it is away is told by
    /// ``followLogs(of:onEvent:)``, and the rest of the pass is done.
    private func whenReachable<Answer: Sendable>(_ ask: () async throws -> Answer) async throws -> Answer {
        var backoff = Backoff()
        while true {
            do {
                return try await ask()
            } catch let error as TargetError where error.severity == .unavailable {
                try await backoff.wait()
            }
        }
    }

    /// Follows the pods of every namespace that the workloads are in, and their logs.
    package func followLogs(
        of workloads: @escaping @Sendable () -> Set<Workload>, _ selection: LogSelection,
        onEvent: @escaping @Sendable (LogEvent) -> Void
    ) async throws {
        let reading = try reading()
        let ours = { @Sendable (owner: Workload) -> Workload? in workloads().contains(owner) ? owner : nil }
        let owner = { @Sendable (pod: KubernetesPod) in pod.workload.flatMap(ours) }
        guard selection.follows else {
            let follower = PodLogFollower(
                cluster: reading, launcher: launcher, owner: owner, selection: selection, onEvent: onEvent)
            for namespace in Set(workloads().map(\.namespace)).sorted() {
                try await follower.readOnce(namespace: namespace)
            }
            return
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var followed: Set<String> = []
            repeat {
                try Task.checkCancellation()
                let version = applies.current.version
                let others = selection.endpoints?.namespaces() ?? []
                for namespace in Set(workloads().map(\.namespace)).union(others).subtracting(followed) {
                    followed.insert(namespace)
                    let problems = ProblemFollower(
                        namespace: namespace, cluster: reading, owner: ours, current: self.problems, restarts: restarts,
                        onEvent: onEvent)
                    let follower = PodLogFollower(
                        cluster: reading, launcher: launcher, owner: owner, selection: selection, onEvent: onEvent,
                        onPod: problems.handle)
                    group.addTask { try await problems.run() }
                    group.addTask { try await follower.run(namespace: namespace) }
                }
                // An apply may have brought workloads to a namespace that nobody looks at yet.
                group.addTask { await self.applies.changed(since: version) }
            } while try await group.next() != nil
        }
    }

    package func relay(onNews: @escaping @Sendable (PortNews) -> Void) throws -> PortRelay {
        PortRelay(tunnels: PodTunnels(kubectl: try cluster().kubectl, launcher: launcher), onNews: onNews)
    }

    package func servicePorts(_ name: String, namespace: String) async throws -> ServicePorts? {
        let reading = try reading()
        let answer = try await reading.read(.service(name, namespace: namespace))
        guard let json = answer.json else {
            guard answer.failure?.said.contains("(NotFound)") == true else {
                throw reading.error("service/\(name) could not be asked for", answer)
            }
            return nil
        }
        return KubernetesObject(json, namespace: namespace).flatMap { ServicePorts($0) }
    }

    package func followsOthers() { applies.set(()) }

    package func channel(to container: RunningContainer) throws -> SyncChannel {
        guard case .pod(let pod, let namespace) = container.place else {
            throw TargetError("\(container.id) is in no pod")
        }
        return SyncChannel(
            command: try cluster().kubectl.sync(pod: pod, container: container.name, namespace: namespace),
            launcher: launcher
        ) { [restarts] in
            restarts.note(container.id)
        }
    }

    /// `kubectl delete`; of what comes from outside, what was created for this project.
    package func delete(
        _ objects: [KubernetesObject], _ scope: DeletionScope, onEvent: @escaping @Sendable (DeletionEvent) -> Void
    ) async throws -> [String] {
        try await ProjectDeletion(kubectl: try cluster().kubectl, launcher: launcher, scope: scope, onEvent: onEvent)
            .run(objects)
    }
}
