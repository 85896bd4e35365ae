/// kubectl's commands as values.
///
/// Every command that talks to a cluster names its context, so that switching the current context in another window
/// changes nothing here, and its namespace.
struct Kubectl: Sendable, Hashable {
    var context: String
    var namespace: String

    /// Reads manifests the way that kubectl will when it applies, without a cluster, and prints them as JSON: removing
    /// a label that nothing carries changes nothing but an empty `labels`.
    static func read(_ path: String) -> Command {
        Command("kubectl", ["label", "--local", "--output=json", filename(path), unusedLabel])
    }

    /// The same for a text, as `kubectl kustomize` prints it.
    static func read(text: [UInt8]) -> Command {
        Command("kubectl", ["label", "--local", "--output=json", "--filename=-", unusedLabel], input: text)
    }

    /// Decodes manifests into Kubernetes' own types, without a cluster, and prints the environments that they name: what
    /// has another type than its field is an error for each document.
    static func decode(_ path: String) -> Command {
        Command("kubectl", ["set", "env", "--local", "--list", filename(path)])
    }

    /// The same for a text.
    static func decode(text: [UInt8]) -> Command {
        Command("kubectl", ["set", "env", "--local", "--list", "--filename=-"], input: text)
    }

    /// kubectl takes a list there, in the form of CSV (RFC 4180): a path with a comma or a quote in it has to be quoted.
    private static func filename(_ path: String) -> String {
        guard path.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return "--filename=\(path)" }
        return "--filename=\"\(path.replacing("\"", with: "\"\""))\""
    }

    static func kustomize(_ folder: String) -> Command { Command("kubectl", ["kustomize", folder]) }

    /// The contexts, clusters and users that kubectl knows, without their secrets.
    static let configuration = Command("kubectl", ["config", "view", "--output=json"])

    /// The ConfigMap by which a cluster names its local registry; nothing where there is none.
    func localRegistry() -> Command {
        command(
            [
                "get", "configmap", "local-registry-hosting", "--ignore-not-found", "--output=json",
                "--request-timeout=10s",
            ],
            namespace: "kube-public")
    }

    /// Reads a YAML document of texts by their names, and prints it as the data of a ConfigMap. No cluster is asked.
    static func readData(_ text: String) -> Command {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)\n" }.joined()
        let blank: JSONValue = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "data"]]
        return Command(
            "kubectl",
            ["patch", "--local", "--filename=-", "--type=merge", "--patch=data:\n\(lines)", "--output=json"],
            input: Array(blank.description.utf8))
    }

    func serverVersion() -> Command { command(["get", "--raw=/version", "--request-timeout=10s"]) }

    /// Lets the cluster be read over a socket of this machine, and no more than devloop reads of it.
    func proxy(socket: String) -> Command {
        let methods = ["^[^G]", "^.[^E]", "^..[^T]", "^..?$", "^...."]
        let paths = [
            "^/api/v1/(nodes|pods)$",
            "^/api/v1/namespaces/[^/]+/(pods|events|services|replicationcontrollers)(/[^/]+(/log)?)?$",
            "^/apis/apps/v1/namespaces/[^/]+/[^/]+(/[^/]+)?$", "^/api/v1/nodes/[^/]+/proxy/(configz|logs/pods/.*)$",
        ]
        var command = command([
            "proxy", "--unix-socket=\(socket)", "--reject-methods=\(methods.joined(separator: ","))",
            "--accept-paths=\(paths.joined(separator: ","))",
        ])
        // All goes over one connection: that this is dead is noticed after some seconds, and not after 45.
        command.environment = ["HTTP2_READ_IDLE_TIMEOUT_SECONDS": "5", "HTTP2_PING_TIMEOUT_SECONDS": "5"]
        return command
    }

    func apply(_ objects: [JSONValue], namespace: String) -> Command {
        command(["apply", "--filename=-"], namespace: namespace, input: Self.list(objects))
    }

    /// Fails for each of the objects that is there, and creates the others.
    func create(_ objects: [JSONValue], namespace: String) -> Command {
        command(["create", "--filename=-"], namespace: namespace, input: Self.list(objects))
    }

    func delete(_ objects: [JSONValue], namespace: String) -> Command {
        command(["delete", "--ignore-not-found", "--filename=-"], namespace: namespace, input: Self.list(objects))
    }

    /// The server merges and keeps who owns which field, instead of an annotation that has a limit.
    func applyOnServer(_ object: JSONValue, namespace: String) -> Command {
        command(
            ["apply", "--server-side", "--force-conflicts", "--filename=-"], namespace: namespace,
            input: Array(object.description.utf8))
    }

    /// Ends when objects of kinds that were just defined can be made, or after ten seconds.
    func awaitEstablished(_ definitions: [String]) -> Command {
        command(
            ["wait", "--for=condition=established", "--timeout=10s"]
                + definitions.map {
                    "customresourcedefinition/\($0)"
                })
    }

    /// Of these objects those that are there.
    func remaining(_ objects: [JSONValue], namespace: String) -> Command {
        command(
            ["get", "--ignore-not-found", "--output=json", "--filename=-"], namespace: namespace,
            input: Self.list(objects))
    }

    /// All claims of a namespace.
    func claims(namespace: String) -> Command {
        command(["get", "persistentvolumeclaims", "--output=json"], namespace: namespace)
    }

    /// Deletes and creates again, which is how a bare Pod gets another image.
    func replace(_ object: JSONValue, namespace: String) -> Command {
        command(["replace", "--force", "--filename=-"], namespace: namespace, input: Array(object.description.utf8))
    }

    func restart(_ workload: Workload) -> Command {
        command(["rollout", "restart", workload.description], namespace: workload.namespace)
    }

    /// The controller that they belong to makes new ones at once.
    func deletePods(_ names: [String], namespace: String) -> Command {
        command(["delete", "pod", "--wait=false"] + names, namespace: namespace)
    }

    /// Keeps a shell open in a container, as a ``SyncChannel`` talks to.
    func sync(pod: String, container: String, namespace: String) -> Command {
        command(
            ["exec", "--stdin", pod, "--container=\(container)", "--", "sh", "-c", SyncScript.loop],
            namespace: namespace)
    }

    private static let unusedLabel = "devloop.dev/none-"

    private static func list(_ objects: [JSONValue]) -> [UInt8] {
        let list: JSONValue = ["apiVersion": "v1", "kind": "List", "items": .array(objects)]
        return Array(list.description.utf8)
    }

    private func command(_ arguments: [String], namespace: String? = nil, input: [UInt8]? = nil) -> Command {
        Command(
            "kubectl", ["--context=\(context)", "--namespace=\(namespace ?? self.namespace)"] + arguments, input: input)
    }
}
