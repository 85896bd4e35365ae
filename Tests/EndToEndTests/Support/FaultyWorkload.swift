/// A Deployment with something wrong in it, and what devloop has to say of it.
struct FaultyWorkload: Sendable {
    var name: String
    /// Fields of its container beside name and image, in YAML's flow style.
    var container = ""
    var image = "BOX:ok"
    /// Fields of the pod's specification, a line each.
    var pod: [String] = []
    /// The kind of controller.
    var kind = "Deployment"
    /// In which state the cluster shows it: see `ClusterObserver`.
    var shown: String
    /// The first line of the message.
    var message: String
    /// What else has to be in it.
    var details: [String] = []
    /// For how long it is none yet.
    var allowed = Duration.zero

    /// The manifest; `BOX` in it stands for the image that works.
    var manifest: String {
        """
        apiVersion: apps/v1
        kind: \(kind)
        metadata: {name: \(name)}
        spec:
          selector: {matchLabels: {app: \(name)}}
          \(kind == "StatefulSet" ? "serviceName: \(name)" : "progressDeadlineSeconds: 600")
          template:
            metadata: {labels: {app: \(name)}}
            spec:
              terminationGracePeriodSeconds: 1
        \(pod.map { "      \($0)\n" }.joined())\
              containers:
              - {name: app, image: "\(image)"\(container.isEmpty ? "" : ", \(container)")}
        ---

        """
    }

    /// `command: […]` for a shell.
    static func shell(_ script: String) -> String { #"command: [busybox, sh, -c, "\#(script)"]"# }

    static func probe(_ kind: String, _ script: String) -> String {
        #"\#(kind)Probe: {exec: {command: [busybox, sh, -c, "\#(script)"]}, periodSeconds: 1, failureThreshold: 2}"#
    }

    static func volume(_ source: String) -> [String] { ["volumes: [{name: data, \(source)}]"] }
    static let mount = "volumeMounts: [{name: data, mountPath: /data}]"
}

extension FaultyWorkload {
    /// Where images are pulled from that the tests make.
    struct Registries: Sendable {
        var box: String
        /// Wants a password.
        var closed: String
        /// Speaks plain HTTP under a name that is not local.
        var plain: String
    }

    /// Everything that a real cluster can be made to show, a few at a time: where many containers die at once on two
    /// cores, kubelet has deleted the first one's log before kubectl comes to read it.
    static func batches(_ registries: Registries) -> [[FaultyWorkload]] {
        let registry = registries.box.prefix { $0 != "/" }
        let repository = registries.box.dropFirst(registry.count + 1)
        return [
            [
                .init(
                    name: "pull-name", image: "\(registries.box)-nosuch:ok", shown: "ErrImagePull",
                    message: "ErrImagePull: \(registry) has nothing named \(repository)-nosuch",
                    details: ["not found", "correct the image's name"]),
                .init(
                    name: "pull-tag", image: "BOX:nosuch", shown: "ErrImagePull",
                    message: "ErrImagePull: \(registry) has \(repository), but no tag nosuch",
                    details: ["not found", "there are: ", "ok"]),
                .init(
                    name: "pull-closed", image: "\(registries.closed)/box:ok", shown: "ErrImagePull",
                    message: "ErrImagePull: \(registries.closed) wants credentials for box",
                    details: ["401 Unauthorized", "imagePullSecrets"]),
                .init(
                    name: "pull-unreachable", image: "localhost:1/box:ok", shown: "ErrImagePull",
                    message: "ErrImagePull: the node cannot reach localhost:1", details: ["connection refused"]),
                .init(
                    name: "pull-plain", image: "\(registries.plain)/box:ok", shown: "ErrImagePull",
                    message: "ErrImagePull: \(registries.plain) speaks plain HTTP, the node asks with TLS",
                    details: ["insecure-registries"]),
                .init(
                    name: "never", container: "imagePullPolicy: Never", image: "BOX-never:ok",
                    shown: "ErrImageNeverPull", message: "ErrImageNeverPull: \(registries.box)-never:ok is not on",
                    details: ["not present with pull policy of Never"]),
                .init(
                    name: "bad-name", image: "\(registry)/Upper/Case:ok", shown: "InvalidImageName",
                    message: "InvalidImageName: \(registry)/Upper/Case:ok is no image name",
                    details: ["must be lowercase"]),
            ],
            [
                .init(
                    name: "crash", container: shell("for i in $(busybox seq 1 30); do echo line $i; done; exit 3"),
                    shown: "terminated", message: "Error: container app died: exit code 3",
                    details: ["its last 20 lines:", "  │   line 11", "  │   line 30"]),
                .init(
                    name: "signal", container: shell("echo last words; exit 139"), shown: "terminated",
                    message: "Error: container app died: signal 11 (SIGSEGV), exit code 139",
                    details: ["  │   last words"]),
                .init(
                    name: "ended", container: shell("echo done"), shown: "terminated",
                    message: "Completed: container app ended by itself, with exit code 0", details: ["foreground"]),
                .init(
                    name: "memory",
                    container: shell("echo eating; a=x; while true; do a=$a$a; done")
                        + ", resources: {limits: {memory: 16Mi}}", shown: "OOMKilled",
                    message: "OOMKilled: container app used more memory than its limit of 16Mi",
                    details: ["resources.limits.memory"]),
                .init(
                    name: "run", container: "command: [/nosuch]", shown: "RunContainerError",
                    message: "RunContainerError: container app cannot run /nosuch",
                    details: ["no such file or directory"]),
            ],
            [
                .init(
                    name: "init",
                    pod: [
                        "initContainers:",
                        "- {name: setup, image: \"BOX:ok\", \(shell("echo migrating; exit 4"))}",
                    ], shown: "terminated", message: "Init:Error: init container setup failed: exit code 4",
                    details: ["  │   migrating", "the containers after it wait"]),
                .init(
                    name: "startup", container: probe("startup", "echo slow; exit 1"), shown: "terminated",
                    message: "Unhealthy: container app was killed: its startup probe failed", details: ["slow"]),
                .init(
                    name: "live", container: probe("liveness", "echo dead; exit 1"), shown: "terminated",
                    message: "Unhealthy: container app was killed: its liveness probe failed", details: ["dead"]),
                .init(
                    name: "ready", container: probe("readiness", "echo not yet; exit 7"), shown: "Unhealthy",
                    message: "Unhealthy: container app is not ready: its readiness probe fails",
                    details: ["exit 7: not yet"], allowed: .seconds(10)),
                .init(
                    name: "ready-http",
                    container: "readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}",
                    shown: "Unhealthy", message: "Unhealthy: container app is not ready: its readiness probe fails",
                    details: ["GET :8080/healthz", "connection refused"], allowed: .seconds(10)),
            ],
            [
                .init(
                    name: "config-map", container: "envFrom: [{configMapRef: {name: nosuch-map}}]",
                    shown: "CreateContainerConfigError",
                    message:
                        "CreateContainerConfigError: container app needs the ConfigMap nosuch-map, which is missing"),
                .init(
                    name: "secret",
                    container: "env: [{name: A, valueFrom: {secretKeyRef: {name: nosuch-secret, key: k}}}]",
                    shown: "CreateContainerConfigError",
                    message:
                        "CreateContainerConfigError: container app needs the Secret nosuch-secret, which is missing"),
                .init(
                    name: "key", container: "env: [{name: A, valueFrom: {configMapKeyRef: {name: there, key: nokey}}}]",
                    shown: "CreateContainerConfigError",
                    message: "CreateContainerConfigError: container app needs the key nokey of the ConfigMap there"),
                .init(
                    name: "create", image: "BOX:nocmd", shown: "CreateContainerError",
                    message: "CreateContainerError: container app cannot be created",
                    details: ["no command specified", "no CMD or ENTRYPOINT"]),
                .init(
                    name: "cpu", container: "resources: {requests: {cpu: 1000}}", shown: "Unschedulable",
                    message: "Unschedulable: no node has enough cpu left for it",
                    details: ["Insufficient cpu", "it asks for 1000; node", "too little"]),
                .init(
                    name: "node", pod: ["nodeSelector: {disk: nosuch}"], shown: "Unschedulable",
                    message: "Unschedulable: no node matches its nodeSelector or affinity"),
                .init(
                    name: "claim", container: mount, pod: volume("persistentVolumeClaim: {claimName: nosuch}"),
                    shown: "Unschedulable", message: "Unschedulable: its PersistentVolumeClaim nosuch is missing"),
                .init(
                    name: "volume", container: mount, pod: volume("secret: {secretName: nosuch-secret}"),
                    shown: "FailedMount", message: "FailedMount: the volume data cannot be mounted",
                    details: ["create the Secret nosuch-secret"]),
                .init(
                    name: "quota",
                    container: "resources: {requests: {example.com/thing: 1}, limits: {example.com/thing: 1}}",
                    shown: "FailedCreate", message: "FailedCreate: the quota things has no room for its pods",
                    details: ["exceeded quota: things"]),
                .init(
                    name: "quota-set",
                    container: "resources: {requests: {example.com/thing: 1}, limits: {example.com/thing: 1}}",
                    kind: "StatefulSet", shown: "FailedCreate",
                    message: "FailedCreate: the quota things has no room for its pods",
                    details: ["exceeded quota: things"]),
                .init(
                    name: "admission", container: "securityContext: {privileged: true}", shown: "FailedCreate",
                    message: "FailedCreate: the namespace's pod security (baseline:latest) refuses its pods",
                    details: ["securityContext.privileged=true"]),
                .init(
                    name: "account", pod: ["serviceAccountName: nosuch"], shown: "FailedCreate",
                    message: "FailedCreate: its ServiceAccount nosuch is missing"),
            ],
        ]
    }
}
