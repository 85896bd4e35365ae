import Testing

@testable import Runner

/// What manifests become on Docker: objects in, plans and notices out.
@Suite struct DockerPlanTests {
    private func parse(_ json: String) throws -> KubernetesObject {
        try #require(KubernetesObject(try JSONParser.parse(Array(json.utf8))))
    }

    private func workload(
        _ kind: String = "Deployment", name: String = "web", container: String = "", pod: String = "",
        spec: String = ""
    ) throws -> KubernetesObject {
        try parse(
            """
            {"kind": "\(kind)", "metadata": {"name": "\(name)"}, "spec": {"template": {
            "metadata": {"labels": {"app": "\(name)"}}, "spec": {"containers": [
            {"name": "main", "image": "shop/web:1"\(container)}]\(pod)}}\(spec)}}
            """)
    }

    private func service(_ name: String, type: String = "ClusterIP", port: String, app: String = "web") throws
        -> KubernetesObject
    {
        try parse(
            """
            {"kind": "Service", "metadata": {"name": "\(name)"}, "spec": {"type": "\(type)",
            "selector": {"app": "\(app)"}, "ports": [\(port)]}}
            """)
    }

    private func plan(
        _ objects: [KubernetesObject], of workload: Workload = Workload(kind: .deployment, name: "web"),
        images: DeliveredImages = []
    ) throws -> (plan: PodPlan, notices: [String]) {
        var manifests = DockerManifests(
            commands: commands, hash: KeyedHash(key: [1]))
        try manifests.add(objects)
        manifests.add(images)
        manifests.add(ports: manifests.missingPorts { _ in true })
        let (plan, notices) = try manifests.plan(workload)
        return (plan, DockerNotice.lines(manifests.notices(objects) + notices))
    }

    private let commands = DockerCommand(
        project: .init(name: "shop", place: "/shop/devloop.json"), namespace: "default")

    /// What the engine is asked for.
    private func create(_ plan: PodPlan) throws -> JSONValue { try #require(request(plan).body) }

    private func request(_ plan: PodPlan) -> EngineRequest {
        let network = ListedNetwork(
            id: "n1", name: "devloop-shop", created: "", project: "shop", place: "/devloop.json", scope: "default")
        let volumes = Dictionary(uniqueKeysWithValues: plan.persistentVolumes.map { ($0, "volume-\($0.claim)") })
        let ground = PodGround(instance: "i", networks: PodNetworks(own: network), volumes: volumes)
        return commands.create(plan.containers[0], of: plan, on: ground, name: "n", network: .owner)
    }

    @Test func aServiceGivesItsNames() throws {
        let plan = try plan([try service("web-srv", port: #"{"port": 80}"#), try workload()]).plan
        #expect(
            plan.aliases == [
                "web-srv", "web-srv.default", "web-srv.default.svc", "web-srv.default.svc.cluster.local",
            ])
        #expect(plan.qualifiedAliases == Array(plan.aliases.dropFirst()))
        #expect(plan.ports == [])
    }

    @Test func aPodOfADeploymentIsNotFoundByItsWorkloadsName() throws {
        #expect(try plan([try workload()]).plan.hostname(of: "0123abcd") == "web-0123abcd")
        let long = String(repeating: "x", count: 200)
        let plan = try plan([try workload(name: long)], of: Workload(kind: .deployment, name: long)).plan
        #expect(plan.hostname(of: "0123abcd").count == 63)
    }

    @Test func aServiceOfOthersGivesNothing() throws {
        let plan = try plan([try service("other", port: #"{"port": 80}"#, app: "other"), try workload()]).plan
        #expect(plan.aliases == [])
    }

    @Test(arguments: [
        (#"{"port": 80, "nodePort": 30400}"#, 80), (#"{"port": 80, "targetPort": 8080, "nodePort": 30400}"#, 8080),
        (#"{"port": 80, "targetPort": "http", "nodePort": 30400}"#, 3000),
    ])
    func aNodePortIsPublishedOnThisMachineOnly(port: String, target: Int) throws {
        let (plan, notices) = try plan([
            try service("web-np", type: "NodePort", port: port),
            try workload(container: #", "ports": [{"name": "http", "containerPort": 3000}]"#),
        ])
        #expect(
            try create(plan)[path: ["HostConfig", "PortBindings", "\(target)/tcp"]]
                == [["HostIp": "127.0.0.1", "HostPort": "30400"]])
        #expect(notices.contains("web-np: http://127.0.0.1:30400"))
        // An nginx has the Service's names where it changes the port.
        #expect(plan.aliases.contains("web-np") == (target == 80))
        #expect(plan.aliases.contains("web-np.default.pods.devloop") == (target != 80))
    }

    /// In whatever order they are applied, the first of its name has it, until another one has it by then.
    @Test(arguments: [true, false], [nil, "blue", "green"])
    func aPublishedPortBelongsToOneWorkloadAndStaysThere(isReversed: Bool, holder: String?) throws {
        var both = try ["blue", "green"].map { name in
            var object = try workload(name: name)
            object.json[path: ["spec", "template", "metadata", "labels", "app"]] = "web"
            return object
        }
        if isReversed { both.reverse() }
        var manifests = DockerManifests(commands: commands, hash: KeyedHash(key: []))
        try manifests.add([try service("np", type: "NodePort", port: #"{"port": 80, "nodePort": 30400}"#)] + both)
        if let holder {
            let container = ListedContainer(
                id: "c", place: "", state: "running", workload: Workload(kind: .deployment, name: holder),
                container: "main", instance: "a", specification: "", image: "", builtImage: "", role: "main",
                volumes: [], ports: ["default/np/80": 30400], hasSiblings: false, networks: [], mounts: [])
            manifests.adoptPorts(of: [container])
        }
        for name in ["blue", "green"] {
            let plan = try manifests.plan(Workload(kind: .deployment, name: name)).plan
            #expect(plan.ports.count == (name == holder ?? "blue" ? 1 : 0), "\(name)")
            #expect(plan.aliases.first == "np")
        }
        // What is in no manifest any more has nothing.
        let gone = try #require(both.first { $0.identity.name == holder ?? "blue" })
        manifests.remove([gone.identity])
        let left = Workload(kind: .deployment, name: gone.identity.name == "blue" ? "green" : "blue")
        #expect(try manifests.plan(left).plan.ports.count == 1)
        #expect(manifests.workloads == [left])
    }

    @Test(arguments: [
        ("", "", true), ("", #", "strategy": {"type": "Recreate"}"#, false),
        (#", "volumes": [{"name": "v", "hostPath": {"path": "/tmp"}}]"#, "", false),
        (#", "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]"#, "", false),
        (#", "volumes": [{"name": "v", "emptyDir": {}}]"#, "", true), (#", "hostNetwork": true"#, "", false),
    ])
    func onlyPodsThatShareNothingRunSideBySide(pod: String, spec: String, expected: Bool) throws {
        #expect(try plan([try workload(pod: pod, spec: spec)]).plan.replacesWhileRunning == expected)
    }

    @Test func aStatefulSetKeepsItsNameAndItsClaims() throws {
        let set = try workload(
            "StatefulSet", name: "db", container: #", "volumeMounts": [{"name": "data", "mountPath": "/data"}]"#,
            spec: #", "serviceName": "dbs", "volumeClaimTemplates": [{"metadata": {"name": "data"}}]"#)
        let (plan, notices) = try plan([set], of: Workload(kind: .statefulSet, name: "db"))
        #expect(plan.hostname(of: "1") == "db-0")
        #expect(plan.aliases.first == "db-0.dbs")
        #expect(!plan.replacesWhileRunning)
        #expect(plan.persistentVolumes == [PersistentVolume(namespace: "default", claim: "data-db-0")])
        #expect(plan.qualifiedAliases.first == "db-0.dbs.default")
        let mount = try create(plan)[path: ["HostConfig", "Mounts"]]?.array?.first
        #expect(mount?["Source"] == "volume-data-db-0")
        #expect(mount?["Target"] == "/data")
        #expect(mount?[path: ["VolumeOptions", "Labels", "dev.devloop.claim"]] == "data-db-0")
        #expect(notices == [])
    }

    @Test(
        arguments: [
            (#", "command": ["/run", "a"], "args": ["b"]"#, "Entrypoint", ["/run", "a"]),
            (#", "command": ["/run", "a"], "args": ["b"]"#, "Cmd", ["b"]), (#", "args": ["-x"]"#, "Cmd", ["-x"]),
            (#", "command": ["/run"]"#, "Cmd", nil), (#", "args": ["-x"]"#, "Entrypoint", nil),
            (
                #", "env": [{"name": "A", "value": "1"}], "args": ["$(A)", "$$(A)", "$(B)"]"#, "Cmd",
                ["1", "$(A)", "$(B)"]
            ),
            (#", "env": [{"name": "A", "value": "1\n2"}]"#, "Env", ["A=1\n2"]),
            (#", "workingDir": "/app""#, "WorkingDir", "/app"), (#", "tty": true"#, "Tty", true),
            (#", "stdin": true"#, "OpenStdin", true),
            (#", "securityContext": {"runAsUser": 1, "runAsGroup": 2}"#, "User", "1:2"),
            (#", "securityContext": {"privileged": true}"#, "HostConfig/Privileged", true),
            (#", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}"#, "HostConfig/CapAdd", ["NET_ADMIN"]),
            (#", "securityContext": {"capabilities": {"drop": ["ALL"]}}"#, "HostConfig/CapDrop", ["ALL"]),
            (#", "securityContext": {"readOnlyRootFilesystem": true}"#, "HostConfig/ReadonlyRootfs", true),
            (
                #", "securityContext": {"allowPrivilegeEscalation": false}"#, "HostConfig/SecurityOpt",
                ["no-new-privileges"]
            ),
            (#", "resources": {"limits": {"memory": "1Gi"}}"#, "HostConfig/Memory", 1_073_741_824),
            (#", "resources": {"limits": {"cpu": "1500m"}}"#, "HostConfig/NanoCpus", 1_500_000_000),
            (#", "resources": {"limits": {"cpu": "1u"}}"#, "HostConfig/NanoCpus", 10_000_000),
            (#", "resources": {"limits": {"cpu": 0, "memory": "0"}}"#, "HostConfig/NanoCpus", nil),
            (#", "resources": {"limits": {"memory": "100E"}}"#, "HostConfig/Memory", .number("1152921504606846976")),
        ] as [(String, String, JSONValue?)])
    func aFieldIsAskedOfTheEngine(field: String, path: String, value: JSONValue?) throws {
        let (plan, notices) = try plan([try workload(container: field)])
        #expect(try create(plan)[path: path.split(separator: "/").map(String.init)] == value)
        #expect(notices == [])
    }

    @Test(
        arguments: [
            (#", "restartPolicy": "Never""#, "HostConfig/RestartPolicy/Name", "no"),
            (#", "restartPolicy": "OnFailure""#, "HostConfig/RestartPolicy/Name", "on-failure"),
            (#", "hostname": "me""#, "Hostname", "me"), (#", "terminationGracePeriodSeconds": 3"#, "StopTimeout", 3),
            // Kubernetes takes a negative time for a second.
            (#", "terminationGracePeriodSeconds": -1"#, "StopTimeout", 1),
            (#", "terminationGracePeriodSeconds": 9000000000000"#, "StopTimeout", 2_147_483_647),
            (
                #", "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}]"#, "HostConfig/ExtraHosts",
                ["a:10.0.0.1"]
            ), (#", "securityContext": {"fsGroup": 7}"#, "HostConfig/GroupAdd", ["7"]),
            (#", "hostNetwork": true"#, "HostConfig/NetworkMode", "host"),
        ] as [(String, String, JSONValue)])
    func aFieldOfThePodIsAskedOfTheEngine(field: String, path: String, value: JSONValue) throws {
        let (plan, notices) = try plan([try workload(pod: field)])
        #expect(try create(plan)[path: path.split(separator: "/").map(String.init)] == value)
        #expect(notices == [])
    }

    @Test(arguments: [
        (#""cpu": "-1""#, "resources.limits.cpu: Invalid value: \"-1\": must be greater than or equal to 0"),
        (#""memory": -5"#, "resources.limits.memory: Invalid value: -5: must be greater than or equal to 0"),
        (#""memory": "lots""#, "resources.limits.memory: \"lots\" is not a quantity"),
    ])
    func aLimitThatKubernetesWouldNotTakeIsRefused(limit: String, message: String) throws {
        let error = #expect(throws: TargetError.self) {
            try plan([try workload(container: #", "resources": {"limits": {\#(limit)}}"#)])
        }
        #expect(error?.summary == "deployment/web, container main: \(message)")
    }

    @Test func lessMemoryThanTheEngineGivesIsRaisedAndSaid() throws {
        let (plan, notices) = try plan([try workload(container: #", "resources": {"limits": {"memory": "1Mi"}}"#)])
        #expect(plan.containers[0].memory == 6 << 20)
        #expect(
            notices == ["deployment/web may use 6 MiB of memory on Docker, which takes no lower limit than that"])
    }

    @Test(
        arguments: [
            ("", "/a", "Binds", ["/a:/v"]), ("DirectoryOrCreate", "/a", "Binds", ["/a:/v"]),
            // A colon would end the path in a bind.
            ("", "/a:b", "Mounts", ["Source": "/a:b", "BindOptions": ["CreateMountpoint": true]]),
            ("Directory", "/a", "Mounts", ["Source": "/a"]), ("FileOrCreate", "/a", "Mounts", ["Source": "/a"]),
            ("File", "/a", "Mounts", ["Source": "/a"]), ("Socket", "/a", "Mounts", ["Source": "/a"]),
            ("CharDevice", "/a", "Mounts", ["Source": "/a"]), ("BlockDevice", "/a:b", "Mounts", ["Source": "/a:b"]),
        ] as [(String, String, String, JSONValue)])
    func onlyAHostPathThatMayBeAFolderIsMadeAsOne(
        type: String, host: String, field: String, expected: JSONValue
    ) throws {
        let plan = try plan([
            try workload(
                container: #", "volumeMounts": [{"name": "v", "mountPath": "/v"}]"#,
                pod: #", "volumes": [{"name": "v", "hostPath": {"path": "\#(host)", "type": "\#(type)"}}]"#)
        ]).plan
        let config = try #require(try create(plan)["HostConfig"])
        #expect((config["Binds"] == nil) == (field == "Mounts"))
        guard let members = expected.object?.members else {
            #expect(config["Binds"] == expected)
            return
        }
        let mount = config["Mounts"]?.array?.first
        for member in members { #expect(mount?[member.key] == member.value) }
        #expect(mount?["BindOptions"] == expected["BindOptions"])
    }

    @Test func aTypeOfHostPathThatThereIsNotIsRefused() throws {
        let error = #expect(throws: TargetError.self) {
            try plan([try workload(pod: #", "volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "file"}}]"#)])
        }
        #expect(
            error?.summary.hasPrefix("deployment/web, volume v: hostPath.type: Unsupported value: \"file\": supported")
                == true)
    }

    @Test(arguments: [
        (
            #", "lifecycle": {"preStop": {}}"#, "", "",
            "without effect on Docker: containers[main].lifecycle of deployment/web"
        ),
        ("", #", "dnsConfig": {"a": 1}"#, "", "without effect on Docker: dnsConfig of deployment/web"),
        ("", "", #", "surprise": 1"#, "without effect on Docker: spec.surprise of deployment/web"),
        (
            "", #", "hostNetwork": true"#, #", "replicas": 3"#,
            "deployment/web has the network of this machine, whose ports only one can have: one of its 3 replicas runs"
        ),
        (
            "", #", "volumes": [{"name": "v", "nfs": {"server": "s"}}]"#, "",
            "an empty volume takes the place of the nfs volume v of deployment/web"
        ),
    ])
    func whatDockerCannotDoIsNamed(container: String, pod: String, spec: String, notice: String) throws {
        #expect(try plan([try workload(container: container, pod: pod, spec: spec)]).notices == [notice])
    }

    @Test func whatHasNoMeaningOnOneMachineIsNot() throws {
        let object = try workload(
            container: #", "terminationMessagePath": "/x", "lifecycle": {}, "resources": {"requests": {"cpu": 1}}"#,
            pod: #", "nodeSelector": {"a": "b"}, "serviceAccountName": "x", "hostPID": false"#,
            spec: #", "replicas": 1, "revisionHistoryLimit": 2, "selector": {}"#)
        #expect(try plan([object, try parse(#"{"kind": "Role", "metadata": {"name": "r"}}"#)]).notices == [])
    }

    @Test(arguments: [
        ("Gateway", "nothing routes Gateway x on Docker: use an Ingress, or NodePort Services"),
        ("Job", "left out on Docker, use a cluster for: Job x"),
        ("Kafka", "left out on Docker, use a cluster for: Kafka x"),
    ])
    func anObjectThatIsLeftOutIsNamed(kind: String, notice: String) throws {
        let object = try parse(#"{"kind": "\#(kind)", "metadata": {"name": "x"}}"#)
        #expect(try plan([object, try workload()]).notices == [notice])
    }

    @Test func noReplicasMeanNoContainerAndNoPort() throws {
        let service = try service("np", type: "NodePort", port: #"{"port": 80, "nodePort": 30400}"#)
        let blue = try workload(spec: #", "replicas": 0"#)
        var green = try workload(name: "green")
        green.json[path: ["spec", "template", "metadata", "labels", "app"]] = "web"
        let (empty, notices) = try plan([service, blue, green])
        #expect(empty.containers == [])
        #expect(empty.ports == [])
        #expect(notices == [])
        let running = try plan([service, blue, green], of: Workload(kind: .deployment, name: "green"))
        #expect(running.plan.ports.map(\.hostPort) == [30400])
        #expect(running.notices == ["np: http://127.0.0.1:30400"])
    }

    @Test(arguments: [
        (#", "envFrom": [{"configMapRef": {"name": "c"}}]"#, "the ConfigMap c, which no manifest holds"),
        (
            #", "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]"#,
            "the key k of the Secret s, which does not have it"
        ),
        (#", "volumeMounts": [{"name": "v", "mountPath": "/v"}]"#, "mounts the volume v, which its pod does not have"),
    ])
    func whatIsMissingIsNamed(field: String, message: String) throws {
        let secret = try parse(#"{"kind": "Secret", "metadata": {"name": "s"}, "data": {"other": ""}}"#)
        let error = #expect(throws: TargetError.self) {
            try plan([secret, try workload(container: field)])
        }
        #expect(error?.severity == .configuration)
        #expect(error?.summary.contains(message) == true, "\(error?.summary ?? "")")
    }

    @Test(arguments: [
        (
            #", "envFrom": [{"secretRef": {"name": "s"}}]"#,
            #""secrets": { "s": ".env" } in devloop.json makes it of a file of KEY=VALUE lines"#
        ),
        (
            #", "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "s", "key": "k"}}}, "#
                + #"{"name": "B", "valueFrom": {"configMapKeyRef": {"name": "s", "key": "l"}}}]"#,
            #""configMaps": { "s": { "k": null, "l": null } } in devloop.json makes it, with null of the environment's "#
                + "variable"
        ),
    ])
    func whatNothingHoldsComesWithTheLineThatMakesIt(field: String, line: String) throws {
        let error = #expect(throws: TargetError.self) { try plan([try workload(container: field)]) }
        #expect(error?.advice == "add it to the manifests, or mark the reference as optional; " + line)
    }

    @Test func anImageCannotBecomeAnOption() throws {
        var object = try workload()
        object.json[path: ["spec", "template", "spec", "containers"]] = [["name": "a", "image": "--privileged"]]
        let error = #expect(throws: TargetError.self) { try plan([object]) }
        #expect(error?.summary == "deployment/web: \"--privileged\" is not the name of an image")
    }

    /// Every way that a Secret's value can take.
    @Test func noValueOfASecretIsInAnArgument() throws {
        let names = ["PLAIN", "DOCKER_HOST", "HOME", "PATH", "http_proxy", "LD_PRELOAD", "SSH_KEY"]
        let fields = names.map {
            #"{"name": "\#($0)", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}"#
        }
        let container = """
            , "env": [\(fields.joined(separator: ", ")), {"name": "URL", "value": "u:$(PLAIN)"}],
            "envFrom": [{"secretRef": {"name": "s"}}],
            "command": ["run", "$(URL)"], "args": ["--token=$(SSH_KEY)", "$(k)"],
            "volumeMounts": [{"name": "v", "mountPath": "/v"}]
            """
        let secret = try parse(
            #"{"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hush-\nhush"}}"#)
        let object = try workload(
            container: container, pod: #", "volumes": [{"name": "v", "secret": {"secretName": "s"}}]"#)
        let (plan, notices) = try plan([secret, object])
        let request = request(plan)
        let copy = DockerCommand.copy(plan.containers[0].files.flatMap(\.files), to: "/v", in: "n")
        // The first is what docker is told where it carries the request.
        for command in [DockerCommand.dial(0, purpose: "\(request)"), copy] {
            #expect(!command.description.contains("hush"))
            #expect(!command.arguments.joined().contains("hush"))
            #expect(command.environment == [:])
        }
        for sent in [request.http.bytes, copy.input ?? []] {
            #expect(String(decoding: sent, as: UTF8.self).contains("hush"))
        }
        #expect(request.body?["Entrypoint"] == ["run", "u:hush-\nhush"])
        #expect(request.body?["Cmd"] == ["--token=hush-\nhush", "hush-\nhush"])
        #expect(request.body?["Labels"]?.description.contains("hush") == false)
        #expect(!notices.joined().contains("hush"))
        #expect(plan.withoutSecrets(#"exec: "u:hush-": no such file; --token=hush-"#) == #"exec: "…": no such file; …"#)
        // As docker's parts quote it.
        #expect(plan.withoutSecrets(#"exec: "hush-\nhush" not found"#) == #"exec: "…" not found"#)
    }

    @Test func noFolderIsNamedAfterASecret() throws {
        let secret = try parse(#"{"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hush"}}"#)
        let object = try workload(
            container: """
                , "env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                {"name": "L", "value": "x-$(K)"}],
                "volumeMounts": [{"name": "v", "mountPath": "/v", "subPathExpr": "$(L)"}]
                """, pod: #", "volumes": [{"name": "v", "emptyDir": {}}]"#)
        let error = #expect(throws: TargetError.self) { try plan([secret, object]) }
        #expect(
            error?.summary == "deployment/web: subPathExpr $(L) of the volume v names a folder after a Secret")
    }

    @Test(arguments: [
        "ConfigMap", "Secret", "file", "image", "port", "alias", "command", "hostPath", "hostPath type", "grace",
        "init",
        "key",
    ])
    func theFingerprintFollowsAllThatTheContainersAreMadeOf(what: String) throws {
        func fingerprint(_ what: String = "", key: [UInt8] = [1]) throws -> String {
            func value(_ name: String, _ first: String = "a", _ second: String = "b") -> String {
                name == what ? second : first
            }
            let image = BuiltImage(reference: try #require(ImageReference("shop/web")), id: value("image"))
            var manifests = DockerManifests(
                commands: commands, hash: KeyedHash(key: key))
            try manifests.add([
                try parse(
                    #"{"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"A": "\#(value("ConfigMap"))"}}"#),
                try parse(
                    #"{"kind": "ConfigMap", "metadata": {"name": "f"}, "data": {"A": "\#(value("file"))"}}"#),
                try parse(
                    #"{"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"B": "\#(value("Secret"))"}}"#),
                try service(
                    "np\(value("alias"))", type: "NodePort",
                    port: #"{"port": 80, "nodePort": \#(value("port", "30400", "30401"))}"#),
                try workload(
                    container: """
                        , "command": ["\(value("command"))"],
                        "envFrom": [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "s"}}],
                        "volumeMounts": [{"name": "f", "mountPath": "/f"}, {"name": "h", "mountPath": "/h"}]
                        """,
                    pod: """
                        , "volumes": [{"name": "f", "configMap": {"name": "f"}},
                        {"name": "h", "hostPath": {"path": "/\(value("hostPath"))",
                        "type": "\(value("hostPath type", "", "Directory"))"}}],
                        "terminationGracePeriodSeconds": \(value("grace", "1", "2")),
                        "initContainers": [{"name": "i", "image": "i", "args": ["\(value("init"))"]}]
                        """),
            ])
            manifests.add([DeliveredImage(built: image, reference: image.id)])
            return try manifests.plan(Workload(kind: .deployment, name: "web")).plan.fingerprint
        }
        let first = try fingerprint()
        #expect(try fingerprint() == first)
        #expect(try fingerprint(what, key: what == "key" ? [2] : [1]) != first)
    }

    @Test func configurationBecomesFiles() throws {
        let map = try parse(
            #"{"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}, "binaryData": {"z": "AP8="}}"#
        )
        let pod = #"""
            , "volumes": [{"name": "all", "configMap": {"name": "c", "defaultMode": 256}},
            {"name": "some", "configMap": {"name": "c", "items": [{"key": "b", "path": "sub/bee"}]}}]
            """#
        let mounts = #"""
            , "volumeMounts": [{"name": "all", "mountPath": "/all"}, {"name": "some", "mountPath": "/etc/bee", "subPath": "sub/bee"}]
            """#
        let files = try plan([map, try workload(container: mounts, pod: pod)]).plan.containers[0].files
        #expect(
            files == [
                .init(
                    folder: "/all",
                    files: [
                        .init(path: "a", content: Array("1".utf8), mode: 256),
                        .init(path: "b", content: Array("2".utf8), mode: 256),
                        .init(path: "z", content: [0, 255], mode: 256),
                    ]),
                .init(folder: "/", files: [.init(path: "etc/bee", content: Array("2".utf8), mode: 0o644)]),
            ])
    }
}
