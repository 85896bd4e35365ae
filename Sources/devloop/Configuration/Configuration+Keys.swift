import Runner

/// The table of everything that can stand in `devloop.json`.
extension Configuration: ConfigurationSection {
    static let keys: [ConfigurationKey<Configuration>] = [
        .init(unread: "$schema", .anyText, "what editors check this file by"),
        .init(
            "name", \.name, .text(.projectName), default: "the folder's name", change: .restart,
            "what devloop's containers, networks and volumes on Docker are called and labelled with, beside the place "
                + "of this file: two checkouts of one name share nothing"),
        .init(
            "manifests", \.manifests, .list(of: .path(.manifest), called: "paths"), change: .deployment,
            "files, folders (as `kubectl apply -f` takes them), kustomizations, and patterns of these (`apps/*/k8s`)"),
        .init(
            "target", \.target, .choice, change: .restart,
            "where the services run: on a cluster, or with `\"docker\"` on plain Docker"),
        .init(
            "kubeContext", \.kubeContext, .text(.kubeContext), default: "the current one", change: .restart,
            "the kubectl context of the cluster"),
        .init(
            "allowedContexts", \.allowedContexts, .list(of: .text(.kubeContext), called: "contexts"), change: .nothing,
            "contexts that may be used without being asked about"),
        .init(
            "namespace", \.namespace, .text(.namespace), default: "the context's", change: .restart,
            "the namespace of objects that name none"),
        .init(
            "registry", \.registry, .text(.registry), change: .restart,
            "where images go, as `HOST[:PORT][/PATH]`; with it, they are always pushed"),
        .init(
            "builder", \.builder, .choice, change: .restart,
            "what builds and pushes images, by the name of its command; see [Builders](Docs/builders.md)"),
        .init(
            "services", \.services,
            .list(
                of: .section, called: "services", whenEmpty: "expected at least one service, found an empty array"),
            isRequired: true, "what is built, and what runs it"),
        .init(
            "forward", \.forwards, .list(of: .section, called: "ports"),
            "ports of this machine that lead to what devloop does not build"),
        .init(
            "secrets", \.secrets, .outsideData(.secret), change: .deployment,
            "Secrets that no manifest holds, by their names (`\"name\"` or `\"namespace/name\"`): `{ \"KEY\": \"value\" }`, "
                + "where `null` takes the environment's variable `KEY`, or the path of a file of `KEY=VALUE` lines; see "
                + "[Secrets](#secrets)"),
        .init(
            "configMaps", \.configMaps, .outsideData(.configMap), change: .deployment,
            "the same for ConfigMaps"),
        .init(
            "keepImages", \.keptImages, .keptImages, change: .nothing,
            "how many images of a service stay in Docker, the one that was built last among them; older ones that devloop "
                + "built are removed once the service is live. With `\"all\"` none is; see [Disk](#disk)"),
        .init("ingress", \.ingress, .section, "how the Ingress is reached on Docker"),
        .init("watch", \.watch, .section, "when changes are looked for"),
    ]

    static func blank(at path: String) -> Configuration {
        Configuration(path: "", name: "", services: [], origin: Origin(file: ""))
    }

    mutating func complete(_ read: Set<String>, at path: String, _ reader: inout ConfigurationReader) {
        if name.isEmpty { name = Configuration.defaultName(for: reader.directory) }
        reportRepetitions(to: &reader)
        reportRepeatedPorts(to: &reader)
    }

    private func reportRepetitions(to reader: inout ConfigurationReader) {
        var names: [String: String] = [:]
        var images: [String: String] = [:]
        for service in services {
            let isNamed = reader.origin.positions["\(service.keyPath).name"] != nil
            if let other = images.updateValue(service.keyPath, forKey: service.image.tagged) {
                reader.report("\(service.keyPath).image", "\(other) has the image \"\(service.image)\" already")
            } else if let other = names[service.name] {
                let advice = isNamed ? "" : "; give one of them another \"name\""
                reader.report(
                    "\(service.keyPath).\(isNamed ? "name" : "image")",
                    "\(other) has the name \"\(service.name)\" already\(advice)")
            }
            names[service.name] = service.keyPath
        }
    }
}

extension Configuration.Service: ConfigurationSection {
    static let keys: [ConfigurationKey<Configuration.Service>] = [
        .init(
            "name", \.name, .text(.serviceName), default: "the image's last part", change: .build,
            "what its log lines begin with, and what `devloop build NAME` takes"),
        .init(
            "image", \.image, .text(.image) { ImageReference($0) }, isRequired: true, change: .build,
            "the image, as the manifests name it. Without a tag it stands for every tag of that name that no other service "
                + "has, and `latest` is built"),
        .init("context", \.context, .path(.context), isRequired: true, change: .build, "the folder that is built"),
        .init("dockerfile", \.dockerfile, .text(.path), change: .build, "the Dockerfile, in the context"),
        .init(
            "stage", \.stage, .text(.stage), default: "the last one", change: .build,
            "the stage that is built, as `docker build --target` takes it"),
        .init(
            "buildArgs", \.buildArgs, .buildArguments, change: .build,
            "values for its `ARG`s: `{ \"KEY\": \"value\" }`; `null` takes the value from the environment, if it is set "
                + "there"),
        .init(
            "build", \.build, .program, change: .build,
            "a command that builds the image, in place of a Dockerfile: `[\"./build.sh\"]`, run in the context, with the "
                + "name for the image in `$IMAGE`; see [Builders](Docs/builders.md)"),
        .init(
            "pushes", \.pushes, .flag, change: .build,
            "whether that command pushes the image itself where `$PUSH` is 1, so that it need not be in Docker"),
        .init(
            "platform", \.options.platform, .text(.platform), default: "Docker's own", change: .build,
            "what the image is made for: `linux/arm64`"),
        .init(
            "secrets", \.options.secrets, .buildSecrets, change: .build,
            "what a `RUN --mount=type=secret,id=ID` finds: `{ \"ID\": \"path of a file\" }`; `null` takes the environment's "
                + "variable `ID`, and `{ \"env\": \"NAME\" }` that one; see [Builds](#builds)"),
        .init(
            "ssh", \.options.ssh, .list(of: .ssh, called: "agents and keys"), change: .build,
            "what a `RUN --mount=type=ssh` is let use: `[\"default\"]`, the agent of the environment, or `ID=PATH` of a key "
                + "or a socket"),
        .init(
            "buildContexts", \.options.contexts, .namedContexts, change: .build,
            "further contexts by the names that `FROM` and `--from` have for them: `{ \"shared\": \"../shared\" }`, a folder, or "
                + "`\"docker-image://shop/base\"`"),
        .init(
            "cacheFrom", \.options.cacheFrom, .list(of: .text(.cache), called: "caches"), change: .build,
            "images, or `type=registry,ref=…`, whose layers are used"),
        .init(
            "cacheTo", \.options.cacheTo, .list(of: .text(.cache), called: "caches"), change: .build,
            "where the cache is written, as `type=…`"),
        .init(
            "noCacheFilter", \.options.noCacheFilter, .list(of: .text(.stage), called: "stages"), change: .build,
            "stages that are built without the cache"),
        .init(
            "network", \.options.network, .text(.network), default: "Docker's default", change: .build,
            "the network of `RUN` instructions: `host`, `none`"),
        .init(
            "addHosts", \.options.addHosts, .list(of: .text(.host), called: "hosts"), change: .build,
            "names of hosts for `RUN` instructions: `[\"db:10.0.0.1\"]`"),
        .init(
            "labels", \.options.labels, .imageLabels, change: .build, "labels of the image: `{ \"KEY\": \"value\" }`"),
        .init(
            "extraArguments", \.options.extraArguments,
            .list(of: .text(.extraArgument), called: "flags"), change: .build,
            "flags of `docker build` that have no key here: `[\"--shm-size=1g\"]`"),
        .init(
            "workloads", \.workloads,
            .list(
                of: .text(.workload) { Workload.Name($0) }, called: "workloads",
                whenEmpty: "expected at least one workload, found an empty array; without the key, the manifests say it"
            ),
            default: "found by image", change: .deployment,
            "what runs the image: `[\"deployment/web\"]`, also `statefulset/`, `daemonset/`, `replicaset/`, "
                + "`replicationcontroller/`, `pod/`"
        ),
        .init(
            "ignore", \.ignore, .list(of: .text(.ignorePattern), called: "patterns"), change: .nothing,
            "patterns, as in `.dockerignore`, of files whose change needs no build"),
        .init(
            "inputs", \.inputs, .list(of: .text(.inputPattern), called: "patterns"),
            default: "what the Dockerfile copies", change: .nothing,
            "patterns, as in `.dockerignore`, of the only files whose change needs a build: `[\"src\", \"**/*.go\"]`"),
        .init(
            "sync", \.sync, .sync, change: .nothing,
            "which saves are written into the containers that run instead of being built: with `\"auto\"` those that the "
                + "Dockerfile only copies, where the container's program takes up changed files; with `true` also where "
                + "that is not known, with `false` none; or rules as `skaffold.yaml` has them, "
                + "`[{ \"from\": \"src/**/*.ts\", \"to\": \"/app/src\", \"strip\": \"src/\" }]`"),
        .init(
            "onSync", \.onSync, .afterSync,
            "what is done in a container after files arrived there: `{ \"restart\": true }`, "
                + "`{ \"exec\": [\"nginx\", \"-s\", \"reload\"] }` or `{ \"signal\": \"HUP\" }`, each for some files only "
                + "with `\"for\": [\"*.conf\"]`; several in an array. What it is done for is synced whatever the container runs"
        ),
        .init(
            "ports", \.ports, .list(of: .portMapping, called: "ports"), change: .nothing,
            "ports of this machine that lead to what runs the image: `[3000, \"8080:80\", \"8081:http\"]`, this machine's "
                + "first; see [Ports](#ports)"),
    ]

    static func blank(at path: String) -> Configuration.Service {
        // The image is never looked at: a service without one is left out.
        Configuration.Service(
            name: "", image: ImageReference("unread")!, context: "", dockerfile: "Dockerfile", keyPath: path)
    }

    mutating func complete(_ read: Set<String>, at path: String, _ reader: inout ConfigurationReader) {
        if read.contains("context") {
            let isNamed = read.contains("dockerfile")
            dockerfile =
                read.contains("build")
                ? PathName.absolute(dockerfile, in: context)
                : reader.require(
                    dockerfile, in: context, as: .dockerfile(context: context, isNamed: isNamed),
                    at: isNamed ? "\(path).dockerfile" : "\(path).context")
        }
        reportWhatNoCommandHas(read, at: path, to: &reader)
        guard name.isEmpty, read.contains("image") else { return }
        name = PathName.lastComponent(of: image.repository)
        if let problem = ValueRule.serviceName.problem(with: name) {
            reader.report(
                "\(path).image", "the service's name is taken from its image: \(problem); give it a \"name\"")
        }
    }
}

extension Configuration.Service {
    /// Refuses what says something of a Dockerfile beside a command, and the reverse.
    private func reportWhatNoCommandHas(_ read: Set<String>, at path: String, to reader: inout ConfigurationReader) {
        guard read.contains("build") else {
            if pushes {
                reader.report("\(path).pushes", "without a \"build\" command nothing could push by itself")
            }
            return
        }
        let ofDockerfiles = [
            "dockerfile", "stage", "buildArgs", "secrets", "ssh", "buildContexts", "cacheFrom", "cacheTo",
            "noCacheFilter",
            "network", "addHosts", "labels", "extraArguments",
        ]
        for key in ofDockerfiles where read.contains(key) {
            reader.report("\(path).\(key)", "a \"build\" command has no Dockerfile: leave one of the two out")
        }
        if case .rules = sync { return }
        for key in ["sync", "onSync"] where read.contains(key) && (key == "sync" ? sync == .on : !onSync.isEmpty) {
            reader.report(
                "\(path).\(key)",
                "where the files of a \"build\" command are in the image is known only by rules in \"sync\": "
                    + "[{ \"from\": \"static/**\", \"to\": \"/app/static\" }]")
        }
    }
}

extension Configuration.Ingress: ConfigurationSection {
    static let keys: [ConfigurationKey<Configuration.Ingress>] = [
        .init(
            "port", \.port, .port, default: "80, 8080 or another free one", change: .restart,
            "the port of this machine that the Ingress has on Docker")
    ]

    static func blank(at path: String) -> Configuration.Ingress { Configuration.Ingress() }
}

extension Configuration.Watch: ConfigurationSection {
    static let keys: [ConfigurationKey<Configuration.Watch>] = [
        .init(
            "pollMilliseconds", \.poll, .time(10...60_000, .milliseconds(1), called: "milliseconds"), change: .restart,
            "how often trees are looked through where the kernel announces nothing"),
        .init(
            "settleMilliseconds", \.settle, .time(0...2_000, .milliseconds(1), called: "milliseconds"),
            change: .restart,
            "how long saving must pause before it counts. Up to 50, the first file of a service counts as soon as it is "
                + "closed or moved into its place, where the kernel tells that"),
    ]

    static func blank(at path: String) -> Configuration.Watch { Configuration.Watch() }
}
