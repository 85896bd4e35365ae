extension KubernetesPod {
    /// One container of a pod, init containers included.
    struct Container: Sendable, Hashable {
        /// How a run of it ended.
        struct Death: Sendable, Hashable {
            /// Which run this was: 0 for the first.
            var run: Int
            var exitCode: Int
            /// The signal that the runtime reports; some only add it to 128 in the exit code.
            var signal: Int?
            /// `Error`, `Completed`, `OOMKilled`, `StartError`, …
            var reason: String
            var message: String
        }

        /// What kubelet asks a container.
        enum Probe: String, Sendable, CaseIterable {
            case startup = "Startup"
            case liveness = "Liveness"
            case readiness = "Readiness"
        }

        /// A probe as the specification has it.
        struct ProbeSettings: Sendable, Hashable {
            /// What it asks: `GET :8080/healthz`.
            var question: String
            /// How long a container may take by it until it must have succeeded once.
            var allowance: Duration
        }

        var name: String
        /// What tells one run of it from the next: `containerd://…`; empty before the first.
        var id: String
        /// The image that the specification names.
        var image: String
        /// What runs, as the runtime tells it: `localhost:5000/blog/posts@sha256:…`, `docker://sha256:…`, …
        var imageID: String
        /// `Always`, `IfNotPresent` or `Never`; the API server fills in the default.
        var pullPolicy: String
        var restarts: Int
        /// Whether the container runs now.
        var isRunning: Bool
        /// Whether it runs and its probes say that it is ready.
        var isReady: Bool
        /// Whether it has run, now or before, so that there is a log.
        var hasStarted: Bool
        /// Whether it runs to its end before the others start.
        var isInit: Bool
        /// Whether it is meant to run for as long as its pod does.
        var keepsRunning: Bool
        /// How the last run ended, where one did.
        var death: Death?
        /// `resources.requests`, and where there is none of a resource, its limit: what the scheduler looks for.
        var requests: [String: JSONValue]
        /// `resources.limits.memory`, as it is written.
        var memoryLimit: String?
        var probes: [Probe: ProbeSettings]
        /// Whether its startup probe, where it has one, has succeeded.
        var hasStartedUp: Bool
        /// `waiting.reason` and `waiting.message`, while it waits.
        var waiting: (reason: String, message: String)? {
            waitingReason.map { ($0, waitingMessage) }
        }

        private var waitingReason: String?
        private var waitingMessage = ""

        /// A container of a specification, and what the status says of it.
        init?(_ specification: JSONValue, status: JSONValue?, isInit: Bool, restartPolicy: String) {
            guard let name = specification["name"]?.string else { return nil }
            self.name = name
            id = status?["containerID"]?.string ?? ""
            image = specification["image"]?.string ?? ""
            imageID = status?["imageID"]?.string ?? ""
            pullPolicy = specification["imagePullPolicy"]?.string ?? ""
            let restarts = status?["restartCount"]?.integer ?? 0
            self.restarts = restarts
            let state = status?["state"]
            let isRunning = state?["running"] != nil
            self.isRunning = isRunning
            isReady = status?["ready"]?.bool ?? false
            let isSidecar = isInit && specification["restartPolicy"]?.string == "Always"
            self.isInit = isInit && !isSidecar
            keepsRunning = isSidecar || !isInit && restartPolicy == "Always"
            // While it waits for the next run, the count is still that of the last one.
            let run = isRunning ? max(0, restarts - 1) : restarts
            death = (state?["terminated"] ?? status?[path: ["lastState", "terminated"]]).map { Death($0, run: run) }
            hasStarted = isRunning || death != nil
            let limits = specification[path: ["resources", "limits"]]
            requests = Self.quantities(limits).merging(
                Self.quantities(specification[path: ["resources", "requests"]])
            ) { $1 }
            memoryLimit = limits?["memory"]?.string
            probes = [:]
            for probe in Probe.allCases {
                probes[probe] = specification["\(probe.rawValue.lowercased())Probe"].map(ProbeSettings.init)
            }
            hasStartedUp = status?["started"]?.bool ?? (status?["ready"]?.bool ?? false)
            waitingReason = state?[path: ["waiting", "reason"]]?.string
            waitingMessage = state?[path: ["waiting", "message"]]?.string ?? ""
        }

        private static func quantities(_ json: JSONValue?) -> [String: JSONValue] {
            Dictionary((json?.object?.members ?? []).map { ($0.key, $0.value) }) { $1 }
        }

        /// The probe that has to succeed before it is ready.
        var awaitedProbe: Probe? {
            if probes[.startup] != nil, !hasStartedUp { return .startup }
            return probes[.readiness] == nil ? nil : .readiness
        }
    }
}

extension KubernetesPod.Container.ProbeSettings {
    init(_ probe: JSONValue) {
        question = Self.question(probe)
        let timing = ProbeTiming(probe)
        allowance = .seconds(timing.initialDelay + timing.failureThreshold * max(timing.period, timing.timeout))
    }

    private static func question(_ probe: JSONValue) -> String {
        if let get = probe["httpGet"] { return "GET :\(port(get))\(get["path"]?.string ?? "/")" }
        if let socket = probe["tcpSocket"] { return "TCP connection to port \(port(socket))" }
        if let call = probe["grpc"] { return "gRPC health check of port \(port(call))" }
        let words = probe[path: ["exec", "command"]]?.array?.compactMap(\.string) ?? []
        return words.isEmpty ? "probe" : words.joined(separator: " ")
    }

    private static func port(_ json: JSONValue) -> String {
        json["port"]?.string ?? json["port"]?.integer.map(String.init) ?? "?"
    }
}

extension KubernetesPod.Container.Death {
    fileprivate init(_ terminated: JSONValue, run: Int) {
        self.run = run
        exitCode = terminated["exitCode"]?.integer ?? 0
        signal = terminated["signal"]?.integer.flatMap { $0 > 0 ? $0 : nil }
        reason = terminated["reason"]?.string ?? ""
        message = terminated["message"]?.string ?? ""
    }
}
