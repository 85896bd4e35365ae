/// What one of the cluster's components said of an object, as the API server keeps it.
struct ClusterEvent: Sendable, Hashable {
    /// The object that it is about.
    var kind: String
    var name: String
    var uid: String
    /// `FailedMount`, `Unhealthy`, `FailedCreate`, …
    var reason: String
    var message: String
    /// The container that it is about, where it is about one.
    var container: String?
    /// The run of the container in which it was heard.
    var run = 0

    init?(_ json: JSONValue) {
        guard let object = json["involvedObject"], let kind = object["kind"]?.string, let name = object["name"]?.string,
            let reason = json["reason"]?.string
        else { return nil }
        (self.kind, self.name, self.reason) = (kind, name, reason)
        uid = object["uid"]?.string ?? ""
        var message = json["message"]?.string ?? ""
        while message.last?.isWhitespace == true { message.removeLast() }
        self.message = message
        // spec.containers{app}
        if let path = object["fieldPath"]?.string, let brace = path.firstIndex(of: "{"), path.last == "}" {
            container = String(path[path.index(after: brace)...].dropLast())
        }
    }

    /// What a Deployment's condition ReplicaFailure says, which outlives the events about its ReplicaSet and may be read by
    /// those who may not read events; `nil` where none of its pods is refused.
    init?(refusedIn deployment: JSONValue) {
        let conditions = deployment[path: ["status", "conditions"]]?.array ?? []
        guard let metadata = deployment["metadata"], let name = metadata["name"]?.string,
            let failure = conditions.first(where: {
                $0["type"]?.string == "ReplicaFailure" && $0["status"]?.string == "True"
            }), failure["reason"]?.string == "FailedCreate"
        else { return nil }
        (kind, self.name, reason) = ("Deployment", name, "FailedCreate")
        uid = metadata["uid"]?.string ?? ""
        message = failure["message"]?.string ?? ""
    }

    /// Whether this is the newer report of the same thing.
    func isUpdate(of other: ClusterEvent) -> Bool {
        (uid, name, reason, container, run) == (other.uid, other.name, other.reason, other.container, other.run)
            && probe == other.probe && volume == other.volume
    }

    /// The probe that it reports to have failed.
    var probe: KubernetesPod.Container.Probe? {
        guard reason == "Unhealthy" else { return nil }
        return KubernetesPod.Container.Probe.allCases.first { message.hasPrefix($0.rawValue) }
    }

    /// What a probe asked, and what it got for an answer.
    func probeAnswer(to question: String?) -> String {
        let said = message.end(of: "robe failed:").map { message[$0...].drop { $0 == " " } } ?? message[...]
        return "\(question ?? "the probe"): \(said.isEmpty ? "failed without a word" : said)"
    }

    /// The volume that it is about.
    var volume: String? {
        message.end(of: "for volume \"").map { String(message[$0...].prefix { $0 != "\"" }) }
    }
}

extension PodProblem {
    /// A volume that can't be mounted: kubelet says so in events only.
    static func mount(_ pod: KubernetesPod, _ events: [ClusterEvent]) -> PodProblem? {
        guard pod.phase == "Pending", !pod.containers.contains(where: { $0.hasStarted }),
            pod.containers.contains(where: { ["ContainerCreating", "PodInitializing"].contains($0.waiting?.reason) })
        else { return nil }
        let mounts = events.filter { ["FailedMount", "FailedAttachVolume", "FailedMapVolume"].contains($0.reason) }
        if let event = mounts.last(where: { $0.volume != nil }) ?? mounts.last {
            // A kubelet that has much to do has not seen yet what it is to mount.
            let isEarly = event.message.contains("failed to sync ")
            return PodProblem(
                identity: "mount \(event.volume ?? "")", state: event.reason,
                summary: event.volume.map { "the volume \($0) cannot be mounted" } ?? "a volume cannot be mounted",
                cause: event.message, advice: mountAdvice(event.message),
                patience: .milliseconds(isEarly ? 5000 : 800))
        }
        guard let event = events.last(where: { $0.reason == "FailedCreatePodSandBox" }) else { return nil }
        return PodProblem(
            identity: "sandbox", state: event.reason, summary: "the node cannot set up the pod", cause: event.message,
            advice: "this is the node's network or runtime: kubelet tries again by itself",
            patience: .milliseconds(1500))
    }

    private static func mountAdvice(_ message: String) -> String {
        for (mark, kind) in [("configmap \"", "ConfigMap"), ("secret \"", "Secret")] {
            if let start = message.end(of: mark), message.hasSuffix("not found") {
                let name = message[start...].prefix { $0 != "\"" }
                return "create the \(kind) \(name), or add it to the manifests; the pod then starts by itself. "
                    + OutsideAdvice.line(kind: kind, name: String(name), keys: [])
            }
        }
        if message.contains("references non-existent config key") || message.contains("non-existent secret key") {
            return "add the key to the ConfigMap or Secret, or correct items in the manifest"
        }
        if message.contains("hostPath type check failed") {
            return "create the path on the node, or use the type DirectoryOrCreate or FileOrCreate"
        }
        return "correct the volume in the manifest, or what it names; kubelet tries again by itself"
    }

    /// A probe that a container that runs fails, so that it is not ready.
    /// - Parameter patience: how long that may last.
    static func probe(
        _ container: KubernetesPod.Container, _ pod: KubernetesPod, _ events: [ClusterEvent],
        patience: (KubernetesPod.Container, KubernetesPod.Container.Probe) -> Duration
    ) -> PodProblem? {
        guard container.isRunning, !container.isReady else { return nil }
        let failures = events.filter { $0.container == container.name && $0.run == container.restarts }
        guard let probe = container.awaitedProbe ?? failures.last(where: { $0.probe == .readiness })?.probe else {
            return nil
        }
        let question = container.probes[probe]?.question
        let answer = failures.last { $0.probe == probe }.map { $0.probeAnswer(to: question) }
        return PodProblem(
            identity: "\(probe.rawValue) \(container.name)", state: "Unhealthy",
            summary: "container \(container.name) is not ready: its \(probe.rawValue.lowercased()) probe fails",
            cause: "pod \(pod.name): \(answer ?? "\(question ?? "the probe") does not succeed")",
            advice: "nothing is sent to it until the probe succeeds: is its port, path or command right?",
            patience: patience(container, probe))
    }

    /// A pod that is refused, so that none appears: by a quota, a limit, an admission webhook or policy.
    static func refused(_ event: ClusterEvent) -> PodProblem {
        let text = event.message
        var summary = "the cluster refuses its pods"
        var advice = "correct what is named here in the manifest; the cluster tries again by itself"
        if let start = text.end(of: "exceeded quota: ") {
            summary = "the quota \(text[start...].prefix { $0 != "," }) has no room for its pods"
            advice = "free some of it, ask for less, or raise it: kubectl describe quota"
        } else if let start = text.end(of: "failed quota: ") {
            summary = "the quota \(text[start...].prefix { $0 != ":" }) wants limits or requests to be set"
            advice = "set those that are named here in the container's resources"
        } else if let start = text.end(of: "violates PodSecurity \"") {
            summary = "the namespace's pod security (\(text[start...].prefix { $0 != "\"" })) refuses its pods"
            advice = "change the securityContext and volumes named here, or the namespace's label"
        } else if let start = text.end(of: "failed calling webhook \"") {
            summary = "the admission webhook \(text[start...].prefix { $0 != "\"" }) does not answer"
            advice = "the webhook's own service must run before pods can be created"
        } else if let start = text.end(of: "admission webhook \"") {
            summary = "the admission webhook \(text[start...].prefix { $0 != "\"" }) refuses its pods"
            advice = "change what it objects to in the manifest"
        } else if let start = text.end(of: "ValidatingAdmissionPolicy '") {
            summary = "the admission policy \(text[start...].prefix { $0 != "'" }) refuses its pods"
            advice = "change what it objects to in the manifest"
        } else if let start = text.end(of: "serviceaccount \"") {
            summary = "its ServiceAccount \(text[start...].prefix { $0 != "\"" }) is missing"
            advice = "create it, or add it to the manifests"
        } else if text.contains("usage per ") {
            summary = "a LimitRange of the namespace refuses its pods"
            advice = "set the container's resources within it: kubectl describe limitrange"
        }
        return PodProblem(
            identity: "refused \(event.name)", state: event.reason, summary: summary, cause: text, advice: advice,
            patience: .milliseconds(500))
    }
}
