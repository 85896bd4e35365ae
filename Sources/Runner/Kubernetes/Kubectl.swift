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

    func serverVersion() -> Command { command(["get", "--raw=/version", "--request-timeout=10s"]) }

    func apply(_ objects: [JSONValue], namespace: String) -> Command {
        command(["apply", "--filename=-"], namespace: namespace, input: Self.list(objects))
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

    /// Deletes and creates again, which is how a bare Pod gets another image.
    func replace(_ object: JSONValue, namespace: String) -> Command {
        command(["replace", "--force", "--filename=-"], namespace: namespace, input: Array(object.description.utf8))
    }

    func restart(_ workload: Workload) -> Command {
        command(["rollout", "restart", workload.description], namespace: workload.namespace)
    }

    /// Ends when the workload is ready, or cannot become it, or after three seconds: it has to be asked again then,
    /// since kubectl waits for ever where the workload is deleted between its first look and its watch.
    func awaitReady(_ workload: Workload) -> Command {
        let question =
            workload.kind == .pod
            ? ["wait", "--for=condition=Ready", workload.description] : ["rollout", "status", workload.description]
        return command(question + ["--timeout=3s"], namespace: workload.namespace)
    }

    /// Whether ``awaitReady(_:)`` ended because its time was up.
    static func isStillWaiting(_ output: CommandOutput) -> Bool {
        output.errorText.contains("timed out waiting for the condition")
    }

    /// The controller that they belong to makes new ones at once.
    func deletePods(_ names: [String], namespace: String) -> Command {
        command(["delete", "pod", "--wait=false"] + names, namespace: namespace)
    }

    func services(_ names: [String], namespace: String) -> Command {
        command(["get", "service", "--ignore-not-found", "--output=json"] + names, namespace: namespace)
    }

    func get(_ workload: Workload) -> Command {
        command(["get", workload.description, "--output=json"], namespace: workload.namespace)
    }

    /// - Parameter labels: the labels of the pods to list; without any, all.
    func pods(namespace: String, labels: [String: String] = [:]) -> Command {
        let selector = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        return command(
            ["get", "pods", "--output=json"] + (selector.isEmpty ? [] : ["--selector=\(selector)"]),
            namespace: namespace)
    }

    /// Prints each pod as it is, then each change of one, until it is stopped or the server ends the watch.
    func watchPods(namespace: String) -> Command {
        command(["get", "pods", "--watch", "--output-watch-events", "--output=json"], namespace: namespace)
    }

    /// Prints each warning of a component of the cluster from now on.
    func watchWarnings(namespace: String) -> Command {
        command(
            [
                "get", "events", "--watch-only", "--output-watch-events", "--field-selector=type=Warning",
                "--output=json",
            ], namespace: namespace)
    }

    /// Prints each Deployment as it is, then each change of one.
    func watchDeployments(namespace: String?) -> Command {
        command(["get", "deployments", "--watch", "--output-watch-events", "--output=json"], namespace: namespace)
    }

    func nodes() -> Command { command(["get", "nodes", "--output=json"]) }

    func podsOfAllNamespaces() -> Command { command(["get", "pods", "--all-namespaces", "--output=json"]) }

    /// One container's lines, each after its time.
    func logs(pod: String, container: String, namespace: String, options: [String]) -> Command {
        command(["logs", pod, "--container=\(container)", "--timestamps"] + options, namespace: namespace)
    }

    /// What a node's kubelet answers at a path.
    func node(_ name: String, _ path: String) -> Command {
        command(["get", "--raw=/api/v1/nodes/\(name)/proxy/\(path)", "--request-timeout=30s"])
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
