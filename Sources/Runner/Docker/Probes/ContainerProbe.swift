/// Something that a container is asked again and again while it runs
/// (https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/).
struct ContainerProbe: Sendable, Hashable {
    typealias Kind = KubernetesPod.Container.Probe

    enum Question: Sendable, Hashable {
        /// A program that is run in it.
        case run([String])
        /// - Parameters:
        ///   - host: who is asked in its place; `nil` for the container itself.
        ///   - headers: in the place of those that are sent otherwise, or beside them.
        case get(path: String, port: Int, isSecure: Bool, host: String?, headers: [Header])
        case connect(port: Int, host: String?)
        /// What devloop does not ask on Docker; in words.
        case unasked(String)
    }

    struct Header: Sendable, Hashable {
        var name: String
        var value: String
    }

    var kind: Kind
    var question: Question
    /// What it asks, in words: `GET :8080/healthz`
    var words: String
    /// How long a container may take by it until it must have succeeded once.
    var allowance: Duration
    var initialDelay: Duration
    var period: Duration
    var timeout: Duration
    var successThreshold: Int
    var failureThreshold: Int
    /// As the manifest has it.
    var text: String

    /// - Parameter ports: the numbers of the container's ports that have names.
    init(_ json: JSONValue, _ kind: Kind, ports: [String: Int]) {
        let timing = ProbeTiming(json)
        let settings = KubernetesPod.Container.ProbeSettings(json)
        (words, allowance) = (settings.question, settings.allowance)
        self.kind = kind
        text = json.description
        question = Self.question(json, ports)
        initialDelay = .seconds(max(0, timing.initialDelay))
        period = .seconds(max(1, timing.period))
        timeout = .seconds(max(1, timing.timeout))
        successThreshold = kind == .readiness ? max(1, json["successThreshold"]?.integer ?? 1) : 1
        failureThreshold = max(1, timing.failureThreshold)
    }

    /// The probes of a container.
    static func all(of container: JSONValue) -> [ContainerProbe] {
        let named = (container["ports"]?.array ?? []).compactMap { port in
            port["name"]?.string.flatMap { name in port["containerPort"]?.integer.map { (name, $0) } }
        }
        let ports = Dictionary(named) { first, _ in first }
        return [Kind.startup, .liveness, .readiness].compactMap { kind in
            container["\(kind.rawValue.lowercased())Probe"].flatMap { json in
                json.object == nil ? nil : ContainerProbe(json, kind, ports: ports)
            }
        }
    }

    private static func question(_ json: JSONValue, _ ports: [String: Int]) -> Question {
        func port(_ json: JSONValue) -> Int? {
            json["port"]?.integer ?? json["port"]?.string.flatMap { ports[$0] ?? Int($0) }
        }
        if let words = json[path: ["exec", "command"]]?.array?.compactMap(\.string), !words.isEmpty {
            return .run(words)
        }
        if let get = json["httpGet"] {
            guard let port = port(get) else { return .unasked("its port has no number") }
            let headers = (get["httpHeaders"]?.array ?? []).map {
                Header(name: $0["name"]?.string ?? "", value: $0["value"]?.string ?? "")
            }
            let path = get["path"]?.string ?? "/"
            return .get(
                path: path.hasPrefix("/") ? path : "/\(path)", port: port,
                isSecure: get["scheme"]?.string == "HTTPS", host: get["host"]?.string, headers: headers)
        }
        if let socket = json["tcpSocket"] {
            guard let port = port(socket) else { return .unasked("its port has no number") }
            return .connect(port: port, host: socket["host"]?.string)
        }
        return .unasked(json["grpc"] == nil ? "it asks nothing" : "it asks by gRPC")
    }
}

/// What came of asking.
enum ProbeAnswer: Sendable, Hashable {
    case success
    /// In the words of what answered, or of why nothing did.
    case failure(String)
    /// It can't be asked from here; why.
    case impossible(String)
}
