/// What is wrong with a workload, read from what the cluster says. A value: the same facts give the same problem.
struct PodProblem: Sendable, Hashable {
    /// Something that has to be asked before the problem can be told well.
    enum Inquiry: Sendable, Hashable {
        /// The last lines of a run of a container.
        case lastLines(container: String, run: Int)
        /// How much room the nodes have for what these requests add up to.
        case room(ResourceRequests)
        /// Whether the registry knows the image under any tag.
        case repository(ImageReference)
    }

    /// Stays the same while the problem is the same: it is told once.
    var identity: String
    /// The state, as the cluster names it.
    var state: String
    /// What it means, in a line.
    var summary: String
    /// The cluster's own words.
    var cause: String
    /// What to do.
    var advice: String
    /// How long it has to last before it is worth a word: some states come with every start and go by themselves.
    var patience = Duration.zero
    var inquiry: Inquiry?
}

extension PodProblem {
    /// Everything that is wrong with a pod: one problem a container at the most.
    /// - Parameters:
    ///   - events: what the cluster's components said of this pod, the latest of each kind.
    ///   - probePatience: how long a container that runs may fail a probe.
    ///   - isOver: whether a death of a container is past and nothing to speak of any more.
    static func all(
        of pod: KubernetesPod, events: [ClusterEvent] = [],
        probePatience: (KubernetesPod.Container, KubernetesPod.Container.Probe) -> Duration = { _, _ in .zero },
        isOver: (KubernetesPod.Container, KubernetesPod.Container.Death) -> Bool = { _, _ in false }
    ) -> [PodProblem] {
        guard !pod.isTerminating, pod.phase != "Succeeded" else { return [] }
        if pod.phase == "Failed", !pod.reason.isEmpty { return [evicted(pod)] }
        if let message = pod.unschedulable { return [unschedulable(pod, message)] }
        if let mount = mount(pod, events) { return [mount] }
        return pod.containers.compactMap { container in
            if let problem = waiting(container, pod) { return problem }
            if let death = container.death, container.isFailure(death), !isOver(container, death) {
                return .death(death, of: container, in: pod, events)
            }
            return probe(container, pod, events, patience: probePatience)
        }
    }

    /// The states in which a container waits for what does not come.
    private static func waiting(_ container: KubernetesPod.Container, _ pod: KubernetesPod) -> PodProblem? {
        guard let (reason, message) = container.waiting else { return nil }
        let (image, name) = (container.image, container.name)
        switch reason {
        case "ErrImagePull", "ImagePullBackOff":
            // The two take turns for as long as the pull fails; some kubelets give the reason with the first only.
            guard let failure = PullFailure(message, image: image) else { return nil }
            return failure.problem(state: reason, container: name)
        case "ErrImageNeverPull":
            return PodProblem(
                identity: "never \(name)", state: reason,
                summary: "\(image) is not on the node, and may not be pulled", cause: message,
                advice: "imagePullPolicy is Never: load the image into the node, or set IfNotPresent")
        case "InvalidImageName":
            return PodProblem(
                identity: "name \(name)", state: reason, summary: "\(image) is no image name", cause: message,
                advice: "names are in lower case, HOST[:PORT]/PATH[:TAG]: correct the image in the manifest")
        case "CreateContainerConfigError": return configuration(message, container: name)
        case "CreateContainerError":
            let lacksCommand = message.contains("no command specified")
            return PodProblem(
                identity: "create \(name)", state: reason, summary: "container \(name) cannot be created",
                cause: message,
                advice: lacksCommand
                    ? "the image has no CMD or ENTRYPOINT: add one, or give the container a command"
                    : "correct what the runtime names here, in the manifest or the Dockerfile")
        case "RunContainerError": return start(message, container: name, state: reason)
        case "CrashLoopBackOff", "ContainerCreating", "PodInitializing", "": return nil
        default:
            return PodProblem(
                identity: "\(reason) \(name)", state: reason, summary: "container \(name) does not start",
                cause: message, advice: "kubectl describe pod \(pod.name) tells what led there")
        }
    }

    /// A ConfigMap, a Secret or a key in one that is missing, or a security rule that the image breaks.
    private static func configuration(_ message: String, container: String) -> PodProblem {
        let words = message.split(separator: " ").map(String.init)
        var summary = "container \(container) cannot be created as it is configured"
        var advice = "correct the container's env, envFrom or securityContext in the manifest"
        let kinds = ["configmap": "ConfigMap", "secret": "Secret"]
        if words.count == 4, let kind = kinds[words[0]], message.hasSuffix(" not found") {
            let name = words[1].filter { $0 != "\"" }
            summary = "container \(container) needs the \(kind) \(name), which is missing"
            advice =
                "create it, or add it to the manifests; the container then starts by itself. "
                + OutsideAdvice.line(kind: kind, name: name, keys: [])
        } else if message.hasPrefix("couldn't find key "), words.count == 7 || words.count == 6 {
            let (key, kind, name) = (words[3], words[5], words.last?.split(separator: "/").last.map(String.init) ?? "")
            summary = "container \(container) needs the key \(key) of the \(kind) \(name): missing"
            advice = "add the key to it, or correct the key's name in the manifest"
        } else if message.contains("runAsNonRoot") {
            summary = "container \(container) must not run as root, and its image does"
            advice = "set USER in the Dockerfile (a number), or runAsUser in the manifest"
        }
        return PodProblem(
            identity: "configuration \(container) \(message)", state: "CreateContainerConfigError", summary: summary,
            cause: message, advice: advice)
    }

    /// A container whose program could not be started; between two attempts kubelet shows it as a crash.
    static func start(_ message: String, container: String, state: String) -> PodProblem {
        var program: Substring?
        for mark in ["exec: \"", "exec \""] where program == nil {
            program = message.end(of: mark).flatMap { message[$0...].prefix { $0 != "\"" } }
        }
        return PodProblem(
            identity: "start \(container)", state: state,
            summary: program.map { "container \(container) cannot run \($0)" }
                ?? "container \(container) cannot be started",
            cause: message,
            advice: program == nil
                ? "correct what the runtime names here, in the manifest or the Dockerfile"
                : "is it in the image, executable, for this processor? see CMD and the manifest's command")
    }

    private static func evicted(_ pod: KubernetesPod) -> PodProblem {
        PodProblem(
            identity: "failed \(pod.name)", state: pod.reason, summary: "the node gave up pod \(pod.name)",
            cause: pod.message, advice: "free what the node lacks; see also: kubectl describe node \(pod.node)")
    }
}

extension KubernetesPod.Container {
    /// Whether it should not have ended like this.
    func isFailure(_ death: Death) -> Bool { keepsRunning || death.exitCode != 0 }
}
