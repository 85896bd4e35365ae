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
        images: [DeliveredImage] = []
    ) throws -> (plan: PodPlan, notices: [String]) {
        var manifests = DockerManifests(project: "shop", namespace: "default")
        try manifests.add(objects)
        manifests.add(images)
        manifests.choosePorts { _ in true }
        let (plan, notices) = try manifests.plan(workload)
        return (plan, DockerNotice.lines(manifests.notices(objects) + notices))
    }

    private func create(_ plan: PodPlan) -> [String] {
        DockerCommand(project: "shop").create(
            plan.containers[0], of: plan, instance: "i", name: "n", network: .owner
        ).arguments.filter { !$0.hasPrefix("--label=") }
    }

    @Test func aServiceGivesItsNames() throws {
        let plan = try plan([try service("web-srv", port: #"{"port": 80}"#), try workload()]).plan
        #expect(
            plan.aliases == [
                "web-srv", "web-srv.default", "web-srv.default.svc", "web-srv.default.svc.cluster.local",
            ])
        #expect(plan.ports == [])
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
        #expect(create(plan).contains("--publish=127.0.0.1:30400:\(target)/tcp"))
        #expect(notices.contains("web-np: http://127.0.0.1:30400"))
        #expect(notices.contains { $0.contains("call web-np:\(target) instead of web-np:80") } == (target != 80))
    }

    @Test func aPublishedPortBelongsToOneWorkload() throws {
        let objects = [
            try service("np", type: "NodePort", port: #"{"port": 80, "nodePort": 30400}"#),
            try workload(), try workload(name: "two", pod: #", "x": 1"#),
        ]
        var second = objects[2]
        second.json[path: ["spec", "template", "metadata", "labels", "app"]] = "web"
        let all = [objects[0], objects[1], second]
        #expect(try plan(all).plan.ports.count == 1)
        let other = try plan(all, of: Workload(kind: .deployment, name: "two")).plan
        #expect(other.ports == [])
        #expect(other.aliases.first == "np")
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
        #expect(plan.hostname == "db-0")
        #expect(plan.aliases.first == "db-0.dbs")
        #expect(!plan.replacesWhileRunning)
        #expect(create(plan).contains { $0.contains("source=devloop-shop-data-db-0,\"target=/data\"") })
        #expect(notices == [])
    }

    @Test(arguments: [
        (#", "command": ["/run", "a"], "args": ["b"]"#, ["--entrypoint=/run", "shop/web:1", "a", "b"]),
        (#", "args": ["-x"]"#, ["shop/web:1", "-x"]),
        (
            #", "env": [{"name": "A", "value": "1"}], "args": ["$(A)", "$$(A)", "$(B)"]"#,
            ["--env=A", "shop/web:1", "1", "$(A)", "$(B)"]
        ),
        (#", "imagePullPolicy": "Always""#, ["--pull=always"]),
        (#", "workingDir": "/app", "tty": true, "stdin": true"#, ["--workdir=/app", "--tty", "--interactive"]),
        (
            #", "securityContext": {"runAsUser": 1, "runAsGroup": 2, "privileged": true}"#,
            ["--user=1:2", "--privileged"]
        ),
        (
            #", "securityContext": {"capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}}"#,
            ["--cap-add=NET_ADMIN", "--cap-drop=ALL"]
        ),
        (
            #", "securityContext": {"readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false}"#,
            ["--security-opt=no-new-privileges", "--read-only"]
        ),
        (#", "resources": {"limits": {"memory": "1Gi", "cpu": "1500m"}}"#, ["--memory=1073741824", "--cpus=1.500"]),
    ])
    func aFieldBecomesAnOption(field: String, options: [String]) throws {
        let (plan, notices) = try plan([try workload(container: field)])
        let arguments = create(plan)
        #expect(options.allSatisfy(arguments.contains), "\(arguments)")
        #expect(notices == [])
    }

    @Test(arguments: [
        (#", "restartPolicy": "Never""#, "--restart=no"), (#", "restartPolicy": "OnFailure""#, "--restart=on-failure"),
        (#", "hostname": "me""#, "--hostname=me"), (#", "terminationGracePeriodSeconds": 3"#, "--stop-timeout=3"),
        (#", "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}]"#, "--add-host=a:10.0.0.1"),
        (#", "securityContext": {"fsGroup": 7}"#, "--group-add=7"),
        (#", "hostNetwork": true"#, "--network=host"),
    ])
    func aFieldOfThePodBecomesAnOption(field: String, option: String) throws {
        let (plan, notices) = try plan([try workload(pod: field)])
        #expect(create(plan).contains(option))
        #expect(notices == [])
    }

    @Test(arguments: [
        (
            #", "lifecycle": {"preStop": {}}"#, "", "",
            "without effect on Docker: containers[main].lifecycle of deployment/web"
        ),
        ("", #", "dnsConfig": {"a": 1}"#, "", "without effect on Docker: dnsConfig of deployment/web"),
        ("", "", #", "surprise": 1"#, "without effect on Docker: spec.surprise of deployment/web"),
        ("", "", #", "replicas": 3"#, "one replica runs on Docker, where the manifests want more: deployment/web (3)"),
        (
            #", "readinessProbe": {"httpGet": {"port": 80}}"#, "", "",
            "probes are not run on Docker: a container counts as ready once it runs"
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
        ("Ingress", "nothing routes Ingress x on Docker: use the published ports of NodePort Services"),
        ("Job", "left out on Docker, use a cluster for: Job x"),
        ("Kafka", "left out on Docker, use a cluster for: Kafka x"),
    ])
    func anObjectThatIsLeftOutIsNamed(kind: String, notice: String) throws {
        let object = try parse(#"{"kind": "\#(kind)", "metadata": {"name": "x"}}"#)
        #expect(try plan([object, try workload()]).notices == [notice])
    }

    @Test func noReplicasMeanNoContainer() throws {
        #expect(try plan([try workload(spec: #", "replicas": 0"#)]).plan.containers == [])
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

    @Test func anImageCannotBecomeAnOption() throws {
        var object = try workload()
        object.json[path: ["spec", "template", "spec", "containers"]] = [["name": "a", "image": "--privileged"]]
        let error = #expect(throws: TargetError.self) { try plan([object]) }
        #expect(error?.summary == "deployment/web: \"--privileged\" is not the name of an image")
    }

    @Test func aValueThatDockerItselfWouldObeyGoesOnTheCommandLine() throws {
        let environment = ["DOCKER_HOST", "PATH", "http_proxy", "LD_PRELOAD", "SECRET"]
        let fields = environment.map { #"{"name": "\#($0)", "value": "v"}"# }.joined(separator: ", ")
        let plan = try plan([try workload(container: ", \"env\": [\(fields)]")]).plan
        let command = DockerCommand(project: "shop").create(
            plan.containers[0], of: plan, instance: "i", name: "n", network: .owner)
        #expect(command.environment == ["SECRET": "v"])
        #expect(
            command.arguments.filter { $0.hasPrefix("--env=") } == [
                "--env=DOCKER_HOST=v", "--env=PATH=v", "--env=http_proxy=v", "--env=LD_PRELOAD=v", "--env=SECRET",
            ])
        #expect(command.description.hasPrefix("SECRET=… docker create "))
    }

    @Test func theFingerprintFollowsImageAndPortsAndNotTheValues() throws {
        func fingerprint(_ value: String = "a", id: String = "sha256:1", port: Int = 30400) throws -> String {
            let image = BuiltImage(reference: try #require(ImageReference("shop/web")), id: id)
            return try plan(
                [
                    try parse(#"{"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"A": "\#(value)"}}"#),
                    try service("np", type: "NodePort", port: #"{"port": 80, "nodePort": \#(port)}"#),
                    try workload(container: #", "envFrom": [{"configMapRef": {"name": "c"}}]"#),
                ], images: [DeliveredImage(built: image, reference: id)]
            ).plan.fingerprint
        }
        let first = try fingerprint()
        #expect(try fingerprint() == first)
        #expect(try fingerprint("b") == first)
        #expect(try fingerprint(id: "sha256:2") != first)
        #expect(try fingerprint(port: 30401) != first)
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
