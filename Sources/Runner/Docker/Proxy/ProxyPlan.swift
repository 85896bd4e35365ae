/// One nginx of a project: before a Service, or for all of its Ingress objects. A pure value.
struct ProxyPlan: Sendable, Hashable {
    /// What it is for.
    enum Purpose: Sendable, Hashable {
        /// A Service of this name, one of whose ports is not the one that its pods have.
        case service(String)
        case ingress
    }

    /// What tells it from the project's others.
    struct Key: Sendable, Hashable {
        var purpose: Purpose
        /// The Service's; of the Ingress none.
        var namespace: String
    }

    var key: Key
    /// The namespace whose network it is on.
    var namespace: String
    /// The names that the pods of that namespace reach it by.
    var aliases: [String]
    /// Those of them that say which namespace they are of, and are called from all others too.
    var qualifiedAliases: [String]
    /// The port of this machine that its port 80 is published at.
    var port: Int?
    var configuration: ProxyConfiguration
    /// Whom it fails for where it can't be had.
    var objects: [KubernetesObject.Identity]
}

extension ProxyPlan.Key {
    static let ingress = ProxyPlan.Key(purpose: .ingress, namespace: "")

    /// As its container is labelled.
    var label: String {
        switch purpose {
        case .service(let name): "service/\(name)"
        case .ingress: "ingress"
        }
    }

    /// Reads ``label``; `nil` for others.
    init?(label: String, namespace: String) {
        if label == "ingress" {
            self = .ingress
        } else if label.hasPrefix("service/") {
            self.init(purpose: .service(String(label.dropFirst("service/".count))), namespace: namespace)
        } else {
            return nil
        }
    }

    /// What it stands for, where the manifests have lost it.
    var object: KubernetesObject.Identity {
        switch purpose {
        case .service(let name): .init(kind: "Service", name: name, namespace: namespace)
        case .ingress: .init(kind: "Ingress", name: "nginx", namespace: namespace)
        }
    }
}

extension ProxyPlan.Key: CustomStringConvertible {
    /// For messages: `the nginx of Service web`
    var description: String {
        switch purpose {
        case .service(let name): "the nginx of Service \(name)"
        case .ingress: "the nginx of the Ingress"
        }
    }
}

extension ProxyPlan {
    /// Where nginx keeps what it was told last; whoever it runs as can write there.
    private static let file = "/tmp/devloop-nginx.conf"
    private static let next = "/tmp/devloop-next.conf"

    /// Begins with a configuration that serves nothing: what nginx does not understand of the real one must not keep it
    /// from starting.
    private static let start =
        "[ -s \(file) ] || printf '\(ProxyConfiguration.processID)\\nevents {}\\n' >\(file); "
        + "exec nginx -c \(file) -g 'daemon off;'"

    /// Reads a configuration, and has nginx take it up without letting go of a connection. One that nginx refuses changes
    /// nothing; one that it has already is left alone.
    static let update = """
        cat >\(next) || exit
        if cmp -s \(next) \(file); then exit; fi
        i=0; until [ -s \(ProxyConfiguration.processFile) ] || [ $i -ge 50 ]; do sleep 0.1; i=$((i + 1)); done
        nginx -t -q -c \(next) && mv \(next) \(file) && nginx -s reload -c \(file)
        """

    /// A pod that is replaced leaves its network at once, and with it everything that it could say to its connections: an
    /// nginx that waits for an answer asks after some seconds whether anybody is still there.
    private static let keepalive = [
        ("net.ipv4.tcp_keepalive_time", "2"), ("net.ipv4.tcp_keepalive_intvl", "1"),
        ("net.ipv4.tcp_keepalive_probes", "2"),
    ]

    /// Changes whenever the container has to be made again: not with the configuration.
    func fingerprint(image: String) -> String {
        var hash = Fingerprint()
        let settings = Self.keepalive.map { "\($0.0)=\($0.1)" }
        for text in [image, port.map(String.init) ?? "", Self.start] + settings + aliases + ["|"] + qualifiedAliases {
            hash.add(text)
        }
        return hash.text
    }

    /// Asks for its container without starting it.
    func create(_ project: ProjectIdentity, name: String, image: String, network: ListedNetwork) -> EngineRequest {
        let labels =
            project.labels + [
                (DockerLabel.role, ListedProxy.role), (DockerLabel.container, key.label),
                (DockerLabel.namespace, key.namespace), (DockerLabel.specification, fingerprint(image: image)),
                (DockerLabel.image, image),
                (DockerLabel.ports, DockerLabel.list(port.map { ["ingress=\($0)"] } ?? [])),
            ]
        let endpoint: JSONValue = ["Aliases": .array(aliases.map { .string($0) })]
        var host: [(String, JSONValue)] = [
            ("RestartPolicy", ["Name": "unless-stopped"]), ("NetworkMode", .string(network.id)),
            ("Sysctls", .object(JSONObject(Self.keepalive.map { ($0.0, .string($0.1)) }))),
        ]
        var body: [(String, JSONValue)] = [
            ("Image", .string(image)), ("Labels", .object(JSONObject(labels.map { ($0.0, .string($0.1)) }))),
            ("Entrypoint", ["/bin/sh", "-c", .string(Self.start)]), ("Cmd", []),
            ("NetworkingConfig", ["EndpointsConfig": .object(JSONObject([(network.id, endpoint)]))]),
        ]
        if let port {
            body.append(("ExposedPorts", ["80/tcp": [:]]))
            host.append(("PortBindings", ["80/tcp": [["HostIp": "127.0.0.1", "HostPort": .string(String(port))]]]))
        }
        body.append(("HostConfig", .object(JSONObject(host))))
        return EngineRequest(
            method: "POST", path: "/containers/create?name=\(name.percentEncoded)", body: .object(JSONObject(body)))
    }
}
