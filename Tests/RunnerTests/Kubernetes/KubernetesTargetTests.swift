import Foundation
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct KubernetesTargetTests {
    private static let configuration = """
        "config view --output=json") cat <<'END'
        {"current-context":"lab","clusters":[{"name":"c","cluster":{"server":"https://lab:6443"}}],
         "contexts":[{"name":"lab","context":{"cluster":"c","namespace":"blog"}},
                     {"name":"kind-dev","context":{"cluster":"c"}},{"name":"k3d-dev","context":{"cluster":"c"}},
                     {"name":"docker-desktop","context":{"cluster":"c"}},
                     {"name":"work","context":{"cluster":"c","extensions":[{"name":"context_info","extension":
                       {"provider":"minikube.sigs.k8s.io"}}]}}]}
        END
        ;;
        *"get --raw=/version --request-timeout=10s") echo '{}';;

        """

    /// A target that has asked its cluster, and the stand-ins that it calls.
    private struct Setup {
        var standIn: StandIn
        /// What is read.
        var cluster: FakeCluster
        var target: KubernetesTarget

        /// The calls after those of ``KubernetesTarget/prepare()``. Each that talks to the cluster must say to which.
        func calls(context: String = "lab", sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
            standIn.verify(sourceLocation: sourceLocation)
            // Asked beside the version.
            let calls = standIn.calls.filter { !$0.contains("local-registry-hosting") }
            for call in calls where call[0] == "kubectl" && call[1] != "config" {
                #expect(call[1] == "--context=\(context)", sourceLocation: sourceLocation)
                #expect(call[2].hasPrefix("--namespace="), sourceLocation: sourceLocation)
            }
            return calls.dropFirst(2).map { $0.joined(separator: " ") }
        }
    }

    private func target(
        _ kubectl: String, reading routes: KeyValuePairs<String, FakeCluster.Answer> = [:],
        others: [String: String] = [:], context: String? = nil, namespace: String? = nil, registry: String? = nil
    ) throws -> Setup {
        let programs = others.merging([
            "kubectl": Self.configuration + kubectl + "\n*\"get configmap local-registry-hosting\"*) ;;\n"
        ]) { $1 }
        let standIn = try StandIn(programs)
        let cluster = FakeCluster(routes)
        // What an apply looks at first, where nothing is there yet.
        for kind in ["apps/v1/namespaces/*/deployments", "apps/v1/namespaces/*/statefulsets", "v1/namespaces/*/pods"] {
            cluster.answerElse("GET /*\(kind)/*", .fails("Error from server (NotFound): not found"))
        }
        let builder = ImageBuilder(launcher: standIn.launcher, scratch: standIn.scratch)
        return Setup(
            standIn: standIn, cluster: cluster,
            target: KubernetesTarget(
                context: context, namespace: namespace, registry: registry, usesMinikubeDocker: false,
                launcher: standIn.launcher, builder: builder, reader: { _ in cluster }))
    }

    private func prepared(
        _ kubectl: String = "", reading routes: KeyValuePairs<String, FakeCluster.Answer> = [:],
        others: [String: String] = [:], context: String? = nil, registry: String? = nil
    ) async throws -> Setup {
        let setup = try target(kubectl, reading: routes, others: others, context: context, registry: registry)
        try await setup.target.prepare()
        return setup
    }

    private func object(_ kind: String, _ name: String, namespace: String? = nil, image: String? = nil) throws
        -> KubernetesObject
    {
        let isWorkload = ["Deployment", "StatefulSet", "DaemonSet"].contains(kind)
        var json: JSONValue = [
            "apiVersion": isWorkload ? "apps/v1" : "v1", "kind": .string(kind), "metadata": ["name": .string(name)],
        ]
        if let namespace { json[path: ["metadata", "namespace"]] = .string(namespace) }
        if let image {
            let path = kind == "Pod" ? ["spec"] : ["spec", "template", "spec"]
            json[path: path] = ["containers": [["name": "app", "image": .string(image)]]]
        }
        return try #require(KubernetesObject(json, namespace: "blog"))
    }

    private func image() throws -> BuiltImage {
        BuiltImage(reference: try #require(ImageReference("blog/posts")), id: "sha256:1")
    }

    private static func digest(_ digit: String) -> String { "sha256:" + String(repeating: digit, count: 64) }

    private let posts = Workload(kind: .deployment, name: "posts", namespace: "blog")

    private static let pods = "GET /api/v1/namespaces/blog/pods"
    private static let deployment = "GET /apis/apps/v1/namespaces/blog/deployments/posts"

    // MARK: - The cluster

    @Test func theCurrentContextIsSettledWithItsNamespace() async throws {
        let setup = try await prepared("", registry: "localhost:5000")
        #expect(
            setup.target.summary
                == "Kubernetes context lab (https://lab:6443), namespace blog, images go to localhost:5000")
        #expect(setup.calls() == [])
    }

    @Test func aContextAndANamespaceCanBeChosen() async throws {
        let setup = try target("", context: "kind-dev", namespace: "mine")
        try await setup.target.prepare()
        #expect(
            setup.target.summary == "Kubernetes context kind-dev (https://lab:6443), namespace mine, images are loaded "
                + "into the kind cluster dev")
        #expect(setup.calls(context: "kind-dev") == [])
        #expect(setup.standIn.calls.last { $0.contains("--raw=/version") }?[2] == "--namespace=mine")
    }

    @Test func aContextThatDoesNotExistNamesThoseThatDo() async throws {
        let setup = try target("", context: "lba")
        let error = try await targetError { try await setup.target.prepare() }
        #expect(error.severity == .configuration)
        #expect(error.summary == "there is no context lba in kubectl's configuration")
        #expect(error.details == ["the contexts are: lab, kind-dev, k3d-dev, docker-desktop, work"])
    }

    @Test func withoutAContextItSaysSo() async throws {
        let standIn = try StandIn(["kubectl": #""config view"*) echo '{"contexts":null,"current-context":""}';;"#])
        let builder = ImageBuilder(launcher: standIn.launcher, scratch: standIn.scratch)
        let target = KubernetesTarget(
            context: nil, namespace: nil, registry: nil, usesMinikubeDocker: false, launcher: standIn.launcher,
            builder: builder, reader: { _ in FakeCluster() })
        let error = try await targetError { try await target.prepare() }
        #expect(error.severity == .configuration)
        #expect(error.details == ["there are no contexts"])
        standIn.verify()
    }

    @Test func aClusterThatDoesNotAnswerIsUnavailable() async throws {
        let standIn = try StandIn([
            "kubectl": Self.configuration.replacingOccurrences(
                of: "echo '{}'", with: "echo one >&2; echo two >&2; echo 'connection refused' >&2; exit 1")
                + "\n*\"get configmap local-registry-hosting\"*) exit 1;;\n"
        ])
        let builder = ImageBuilder(launcher: standIn.launcher, scratch: standIn.scratch)
        let target = KubernetesTarget(
            context: nil, namespace: nil, registry: nil, usesMinikubeDocker: false, launcher: standIn.launcher,
            builder: builder, reader: { _ in FakeCluster() })
        let error = try await targetError { try await target.prepare() }
        #expect(error.severity == .unavailable)
        #expect(error.details == ["one", "two", "connection refused"])
        #expect(error.advice?.contains("--target docker") == true)
        standIn.verify()
    }

    // MARK: - Images

    @Test func aPushedImageCarriesItsDigest() async throws {
        let setup = try await prepared(
            "", others: ["docker": "tag*) ;; push*) echo 'latest: digest: sha256:2 size: 1';;"],
            registry: "localhost:5000")
        #expect(
            try await setup.target.deliver(try image())
                == DeliveredImage(
                    built: try image(), reference: "localhost:5000/blog/posts:latest", digest: "sha256:2"))
        #expect(setup.calls().last == "docker push localhost:5000/blog/posts:latest")
    }

    @Test(arguments: ["lab", "kind-dev", "docker-desktop"])
    func whatItsOwnBuildHasPushedIsWhereItBelongs(context: String) async throws {
        let setup = try await prepared("", context: context)
        var image = try image()
        image.pushed = PushedImage(reference: try #require(ImageReference("r:5000/blog/posts")), digest: "sha256:2")
        #expect(
            try await setup.target.deliver(image)
                == DeliveredImage(built: image, reference: "r:5000/blog/posts:latest", digest: "sha256:2"))
        #expect(setup.calls(context: context) == [])
    }

    /// Docker itself would try again for 50 seconds.
    @Test func aPushThatFailedForTheRegistryIsTriedWithoutDockersOwnPauses() async throws {
        let setup = try await prepared(
            "",
            others: [
                "docker": """
                tag*) ;;
                push*) test -e "$here/again" && echo 'a: Retrying in 5 seconds' && exec sleep 1000
                    echo >"$here/again"; echo '500 Internal Server Error' >&2; exit 1;;
                """
            ], registry: "localhost:5000")
        let first = try await targetError { try await setup.target.deliver(try image()) }
        #expect(first.severity == .unavailable)
        #expect(try await targetError { try await setup.target.deliver(try image()) } == first)
    }

    @Test(arguments: [
        ("docker-desktop", []), ("kind-dev", ["kind load docker-image blog/posts:latest --name=dev"]),
        ("k3d-dev", ["k3d image import blog/posts:latest --cluster=dev"]),
    ])
    func anImageIsBroughtTheWayOfItsContext(context: String, calls: [String]) async throws {
        let setup = try await prepared("", others: ["kind": "load*) ;;", "k3d": "image*) ;;"], context: context)
        let delivered = try await setup.target.deliver(try image())
        #expect(delivered == DeliveredImage(built: try image(), reference: "blog/posts:latest"))
        #expect(setup.calls(context: context) == calls)
    }

    /// A cluster that names a registry as its own.
    private static let naming = #"""
        *"get configmap local-registry-hosting"*)
            printf '%s' '{"data": {"localRegistryHosting.v1": "host: localhost:5001\nhostFromContainerRuntime: registry:5000\n"}}';;
        "patch --local --filename=- --type=merge --patch=data:"*)
            printf '%s' "$*" >"$here/patch"
            echo '{"data": {"host": "localhost:5001", "hostFromContainerRuntime": "registry:5000"}}';;

        """#

    @Test(arguments: ["lab", "kind-dev", "work"])
    func theRegistryThatTheClusterNamesIsUsedUnasked(context: String) async throws {
        let digest = "sha256:\(String(repeating: "d", count: 64))"
        let setup = try await prepared(
            Self.naming, others: ["docker": "tag*) ;; push*) echo 'latest: digest: \(digest) size: 1';;"],
            context: context)
        #expect(
            try await setup.target.deliver(try image())
                == DeliveredImage(built: try image(), reference: "registry:5000/blog/posts:latest", digest: digest))
        #expect(setup.target.registries == ["localhost:5001", "registry:5000"])
        #expect(setup.standIn.calls.suffix(1) == [["docker", "push", "localhost:5001/blog/posts:latest"]])
        #expect(
            setup.standIn.content(of: "patch").contains(
                "--patch=data:\n  host: localhost:5001\n  hostFromContainerRuntime: registry:5000\n"))
    }

    @Test func aRegistryThatIsAskedForComesBeforeTheClustersOwn() async throws {
        let setup = try await prepared(Self.naming, registry: "localhost:5000")
        #expect(setup.target.registries == [])
        #expect(!setup.standIn.callLines.contains { $0.contains("local-registry-hosting") })
    }

    @Test(arguments: [
        "*\"get configmap local-registry-hosting\"*) echo 'Forbidden' >&2; exit 1;;\n",
        "*\"get configmap local-registry-hosting\"*) echo '{\"data\": {\"other\": \"host: a\"}}';;\n",
        "*\"get configmap local-registry-hosting\"*) echo '{\"data\": {\"localRegistryHosting.v1\": \"host: a\"}}';;\n"
            + "*patch*) echo '{\"data\": {\"host\": \"http://localhost:5000/\"}}';;\n",
        "*\"get configmap local-registry-hosting\"*) echo '{\"data\": {\"localRegistryHosting.v1\": \"{\"}}';;\n"
            + "*patch*) echo 'yaml: line 2' >&2; exit 1;;\n",
    ])
    func whatNamesNoRegistryIsPassedOver(kubectl: String) async throws {
        let setup = try await prepared(kubectl)
        #expect(setup.target.registries == [])
    }

    @Test func aFailedLoadSaysWhatKindSaid() async throws {
        let setup = try await prepared(
            "", others: ["kind": "load*) echo 'no nodes' >&2; exit 1;;"], context: "kind-dev")
        let error = try await targetError { try await setup.target.deliver(try image()) }
        #expect(error.details == ["no nodes"])
    }

    @Test(arguments: [
        ("2", "localhost:5000/blog/posts:latest", PodFixture.Container.State.running, false, true),
        ("3", "localhost:5000/blog/posts:latest", .running, false, false),
        ("2", "blog/posts:latest", .running, false, false),
        ("2", "localhost:5000/blog/posts:latest", .waiting("CrashLoopBackOff", ""), false, false),
        ("2", "localhost:5000/blog/posts:latest", .running, true, false),
    ])
    func anImageRunsWhereEveryContainerOfItDoes(
        digest: String, image name: String, state: PodFixture.Container.State, isTerminating: Bool, runs: Bool
    ) async throws {
        var pod = PodFixture(namespace: "blog", isTerminating: isTerminating)
        pod.containers = [
            .init(
                image: name, imageID: "docker-pullable://localhost:5000/blog/posts@\(Self.digest(digest))", state: state
            ),
            .init(name: "other", image: "postgres", imageID: "postgres@sha256:8"),
        ]
        let stranger = PodFixture(
            namespace: "blog", owner: ("ReplicaSet", "query-abc"), containers: [.init(image: name)])
        let setup = try await prepared(
            reading: [Self.pods: .says(PodFixture.list([pod, stranger]))],
            others: [
                "docker":
                    #""image inspect"*) echo '["other/posts@\#(Self.digest("9"))","localhost:5000/blog/posts@\#(Self.digest("2"))"]';;"#
            ],
            registry: "localhost:5000")
        let delivered = try await setup.target.delivered(try image(), runningIn: posts)
        #expect((delivered != nil) == runs)
        if runs { #expect(delivered?.digest == Self.digest("2")) }
        #expect(setup.cluster.asked == [Self.pods])
    }

    @Test func anImageThatWasNeverPushedThereDoesNotRun() async throws {
        let setup = try await prepared("", others: ["docker": "image*) echo '[]';;"], registry: "localhost:5000")
        #expect(try await setup.target.delivered(try image(), runningIn: posts) == nil)
    }

    @Test(
        arguments: [
            ("2", .running, "1", true), ("9", .running, "1", false), (nil, .running, "1", false),
            (nil, .running, "0", true), ("2", .waiting("CrashLoopBackOff", ""), "1", true),
        ] as [(String?, PodFixture.Container.State, String, Bool)])
    func aWorkloadRunsWhatItsPodsRunNow(
        digest: String?, state: PodFixture.Container.State, replicas: String, runs: Bool
    ) async throws {
        var pod = PodFixture(namespace: "blog")
        let name = "localhost:5000/blog/posts"
        pod.containers = [
            .init(image: "\(name):latest", imageID: "\(name)@\(Self.digest(digest ?? ""))", state: state)
        ]
        let setup = try await prepared(
            reading: [
                Self.pods: .says(PodFixture.list(digest == nil ? [] : [pod])),
                Self.deployment: .json(["kind": "Deployment", "spec": ["replicas": .number(replicas)]]),
            ], registry: "localhost:5000")
        let delivered = DeliveredImage(
            built: try image(), reference: "\(name):latest", digest: Self.digest("2"))
        #expect(try await setup.target.runs(delivered, among: DeliveredImages([delivered]).names, in: posts) == runs)
    }

    // MARK: - Apply, restart, ready, delete

    @Test func whatComesFromOutsideIsCreatedAfterItsNamespaceAndBeforeAllElse() async throws {
        let setup = try await prepared(
            """
            *" get --ignore-not-found "*) cat >/dev/null;;
            *" create --filename=-") cat >"$here/created"; echo 'secret/login created';;
            *" apply --filename=-") cat >>"$here/applied"; echo 'namespace/other created';;
            """)
        var secret = try object("Secret", "login", namespace: "other")
        secret.isFromOutside = true
        let report = try await setup.target.apply(
            [secret, try object("Service", "posts"), try object("Namespace", "other")], images: [])
        #expect(report.news == [])
        #expect(
            setup.calls() == [
                "kubectl --context=lab --namespace=blog apply --filename=-",
                "kubectl --context=lab --namespace=other get --ignore-not-found --output=json --filename=-",
                "kubectl --context=lab --namespace=other create --filename=-",
                "kubectl --context=lab --namespace=blog apply --filename=-",
            ])
        #expect(!setup.standIn.content(of: "applied").contains("login"))
        #expect(setup.standIn.content(of: "created").contains("login"))
    }

    @Test func whatIsThereWithOtherValuesIsToldOnceForEachOfThem() async throws {
        let setup = try await prepared(
            """
            *" get --ignore-not-found "*) cat >/dev/null
                echo '{"kind":"Secret","metadata":{"name":"login","namespace":"blog"},"data":{"A":"eA=="}}';;
            """)
        var secret = try object("Secret", "login")
        secret.isFromOutside = true
        secret.json["stringData"] = ["A": "y"]
        #expect(try await setup.target.apply([secret], images: []).news.count == 1)
        #expect(try await setup.target.apply([secret], images: []).news == [])
        secret.json["stringData"] = ["A": "z"]
        #expect(try await setup.target.apply([secret], images: []).news.count == 1)
    }

    @Test func onlyWhatWasCreatedFromOutsideIsDeletedWithTheRest() async throws {
        let setup = try await prepared(
            """
            *" get --ignore-not-found --output=json"*) cat >/dev/null
                echo '{"kind":"List","items":[{"kind":"Secret","metadata":{"name":"ours","labels":{"dev.devloop/project":"shop"}}},{"kind":"Secret","metadata":{"name":"theirs"}}]}';;
            *" delete --ignore-not-found --filename=-") cat >"$here/deleted"; echo 'service "posts" deleted';;
            """)
        let secrets = try ["ours", "theirs"].map { name in
            var secret = try object("Secret", name)
            secret.isFromOutside = true
            secret.json[path: ["metadata", "labels"]] = .object(
                JSONObject([(KubernetesObject.projectLabel, "shop")]))
            secret.json["stringData"] = ["A": "s3cret"]
            return secret
        }
        let lines = try await setup.target.delete(
            secrets + [try object("Service", "posts")], .allButData)
        #expect(lines == ["Secret theirs left: devloop did not create it", #"service "posts" deleted"#])
        let sent = setup.standIn.content(of: "deleted")
        #expect(sent.contains(#""name":"ours""#) && !sent.contains("theirs") && !sent.contains("s3cret"), "\(sent)")
    }

    @Test func anApplyCarriesTheDeliveredImagesAndTheNamespacesApart() async throws {
        let setup = try await prepared(
            """
            *"--namespace=other apply --filename=-") cat >"$here/other"; echo 'pod/tool created';;
            *"apply --filename=-") cat >"$here/default"; echo 'deployment.apps/posts configured'
                echo 'statefulset.apps/db created'; echo 'deployment.apps/query unchanged'; echo 'service/posts created';;
            """, registry: "localhost:5000")
        let delivered = DeliveredImage(
            built: try image(), reference: "localhost:5000/blog/posts:latest", digest: "sha256:2")
        let objects = [
            try object("Pod", "tool", namespace: "other", image: "blog/posts"),
            try object("Deployment", "posts", image: "blog/posts"), try object("StatefulSet", "db", image: "postgres"),
            try object("Deployment", "query", image: "blog/query"), try object("Service", "posts"),
        ]
        let report = try await setup.target.apply(objects, images: [delivered])
        #expect(
            report.created == [
                Workload(kind: .statefulSet, name: "db", namespace: "blog"),
                Workload(kind: .pod, name: "tool", namespace: "other"),
            ])
        #expect(report.changed == [posts])
        #expect(
            setup.calls() == [
                "kubectl --context=lab --namespace=blog apply --filename=-",
                "kubectl --context=lab --namespace=other apply --filename=-",
            ])
        let sent = try JSONParser.parse(Array(setup.standIn.content(of: "default").utf8))
        #expect(sent["kind"] == "List")
        #expect(
            sent["items"]?.array?.compactMap { KubernetesObject($0)?.identity.description } == [
                "Deployment posts", "StatefulSet db", "Deployment query", "Service posts",
            ])
        let container = sent["items"]?.array?[0][path: ["spec", "template", "spec", "containers"]]?.array?[0]
        #expect(container?["image"] == "localhost:5000/blog/posts:latest")
        #expect(container?["imagePullPolicy"] == "Always")
        #expect(setup.standIn.content(of: "other").contains("localhost:5000/blog/posts:latest"))
    }

    @Test func whatFailsOfAGroupIsAppliedOneByOneSoThatEachHasItsOwnFailure() async throws {
        let setup = try await prepared(
            """
            *apply*) cat >"$here/sent"; case $(cat "$here/sent") in
                *'"name":"web"'*'"name":"bad"'*) echo 'service/web created'; echo one >&2; echo two >&2; exit 1;;
                *'"name":"bad"'*) echo 'Error from server: error when creating "STDIN": no' >&2; exit 1;;
                *) echo 'configmap/late unchanged';;
                esac;;
            """)
        let objects = [try object("Service", "web"), try object("Secret", "bad"), try object("ConfigMap", "late")]
        let report = try await setup.target.apply(objects, images: [])
        #expect(report.failures == [ApplyFailure(objects[1].identity, reasons: ["no"])])
        #expect(setup.calls().count == 3)
    }

    @Test func anApplyThatTheClusterDoesNotAnswerIsNoFailureOfTheObjects() async throws {
        let setup = try await prepared("*apply*) cat >/dev/null; echo 'connection refused' >&2; exit 1;;")
        let error = try await targetError {
            try await setup.target.apply([try object("Service", "a"), try object("Service", "b")], images: [])
        }
        #expect(error.severity == .unavailable)
        #expect(setup.calls().count == 1)
    }

    @Test func aMissingNamespaceIsToldOfAllThatNeedItAndAskedForOnce() async throws {
        let setup = try await prepared(
            """
            *apply*) cat >/dev/null
                echo 'Error from server (NotFound): error when creating "STDIN": namespaces "shop" not found' >&2; exit 1;;
            """)
        let report = try await setup.target.apply([try object("Service", "a"), try object("Service", "b")], images: [])
        #expect(report.failures.map(\.passes) == [true, true])
        #expect(report.failures.first?.reasons.first == "there is no namespace shop in context lab")
        #expect(setup.calls().count == 1)
    }

    @Test func anImmutableFieldSaysWhatToDelete() async throws {
        let setup = try await prepared(
            """
            *apply*) cat >/dev/null
                echo 'The Deployment "posts" is invalid: spec.selector: Invalid value: {}: field is immutable' >&2; exit 1;;
            """)
        let report = try await setup.target.apply([try object("Deployment", "posts", image: "x")], images: [])
        #expect(report.failures.first?.passes == false)
        #expect(
            report.failures.first?.advice == "delete it and save, then devloop applies it anew: "
                + "kubectl --context=lab --namespace=blog delete deployment posts")
    }

    @Test func aBarePodThatCannotBeChangedIsReplaced() async throws {
        let setup = try await prepared(
            """
            *apply*) cat >/dev/null
                echo 'The Pod "tool" is invalid: spec: Forbidden: pod updates may not change fields other than `x`' >&2; exit 1;;
            *"replace --force --filename=-") cat >/dev/null;;
            """)
        let report = try await setup.target.apply([try object("Pod", "tool", image: "x")], images: [])
        #expect(report == ApplyReport(changed: [Workload(kind: .pod, name: "tool", namespace: "blog")]))
    }

    /// Whatever `configured` means, what the cluster makes pods from tells whether it makes new ones.
    @Test(arguments: [true, false])
    func aWorkloadWhosePodsTheClusterReplacesIsKnown(isTemplateAnother: Bool) async throws {
        func template(_ command: String) -> FakeCluster.Answer {
            .json(["spec": ["template": ["spec": ["containers": [["name": "app", "command": [.string(command)]]]]]]])
        }
        let setup = try await prepared(
            "*apply*) cat >/dev/null; echo 'deployment.apps/posts configured';;",
            reading: [Self.deployment: .inTurn(template("old"), template(isTemplateAnother ? "new" : "old"))])
        let report = try await setup.target.apply([try object("Deployment", "posts", image: "x")], images: [])
        #expect(report.changed == [posts])
        #expect(report.renewed == (isTemplateAnother ? [posts] : []))
    }

    @Test func definitionsAreKnownBeforeWhatTheyDefineIsApplied() async throws {
        let setup = try await prepared(
            """
            *"wait --for=condition=established --timeout=10s customresourcedefinition/menus.example.com") ;;
            *apply*) cat >"$here/sent"; case $(cat "$here/sent") in
                *CustomResourceDefinition*) echo 'customresourcedefinition.apiextensions.k8s.io/menus.example.com created';;
                *) echo 'error: resource mapping not found for name: "lunch" namespace: "" from "STDIN": no matches for kind "Menu" in version "example.com/v1"' >&2; exit 1;;
                esac;;
            """)
        var definition = try object("CustomResourceDefinition", "menus.example.com")
        definition.json["apiVersion"] = "apiextensions.k8s.io/v1"
        definition.json["spec"] = ["names": ["kind": "Menu"]]
        let menu = try object("Menu", "lunch")
        let report = try await setup.target.apply([definition, menu], images: [])
        #expect(setup.calls().count == 3)
        #expect(
            report.failures.map(\.error.summary) == ["Menu lunch: the cluster knows no kind Menu of example.com/v1"])
        // The server may learn of the kind a moment later, unless nothing defines it.
        #expect(report.failures.map(\.passes) == [true])
        #expect(try await setup.target.apply([menu], images: []).failures.map(\.passes) == [false])
    }

    @Test func whatIsTooLargeForAnAnnotationIsAppliedByTheServer() async throws {
        let setup = try await prepared(
            """
            *"apply --filename=-") cat >/dev/null
                echo 'The ConfigMap "big" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes' >&2
                exit 1;;
            *"apply --server-side --force-conflicts --filename=-") cat >/dev/null;;
            """)
        for _ in 0..<2 {
            #expect(try await setup.target.apply([try object("ConfigMap", "big")], images: []).failures == [])
        }
        #expect(setup.calls().filter { $0.hasSuffix("apply --filename=-") }.count == 1)
        #expect(setup.calls().count == 3)
    }

    @Test func whereAServiceCanBeReachedIsTold() async throws {
        var service = try object("Service", "posts-np")
        service.json["spec"] = ["type": "NodePort", "ports": [["port": 4000, "nodePort": 30400]]]
        let setup = try await prepared(
            "*apply*) cat >/dev/null;;",
            reading: ["GET /api/v1/namespaces/blog/services": .json(["items": [service.json]])])
        let report = try await setup.target.apply([service, try object("Service", "posts")], images: [])
        #expect(report.notices == ["posts-np: port 30400 of the cluster's nodes"])
    }

    @Test(arguments: [Workload.Kind.deployment, .statefulSet, .daemonSet])
    func aWorkloadIsRestartedInItsNamespace(_ kind: Workload.Kind) async throws {
        let setup = try await prepared("*rollout*) ;;")
        try await setup.target.restart(Workload(kind: kind, name: "x", namespace: "other"), images: [])
        #expect(setup.calls() == ["kubectl --context=lab --namespace=other rollout restart \(kind.rawValue)/x"])
    }

    @Test(arguments: [("ReplicaSet", Workload.Kind.replicaSet), ("ReplicationController", .replicationController)])
    func thePodsOfAReplicaSetAreDeletedForTheNewImage(name: String, kind: Workload.Kind) async throws {
        let pods = ["web-1", "web-2", "other-1"].map { pod in
            PodFixture(name: pod, namespace: "blog", owner: (name, String(pod.dropLast(2))), hash: nil)
        }
        let setup = try await prepared(
            #"*"delete pod --wait=false web-1 web-2") ;;"#, reading: [Self.pods: .says(PodFixture.list(pods))])
        try await setup.target.restart(Workload(kind: kind, name: "web", namespace: "blog"), images: [])
        #expect(setup.calls().count == 1)
    }

    @Test func aPausedDeploymentSaysHowItGoesOn() async throws {
        let setup = try await prepared(
            """
            *apply*) cat >/dev/null; echo 'deployment.apps/posts created';;
            *"rollout restart"*) echo "error: can't restart paused deployment (run rollout resume first)" >&2; exit 1;;
            """)
        var paused = try object("Deployment", "posts", image: "x")
        paused.json[path: ["spec", "paused"]] = true
        _ = try await setup.target.apply([paused], images: [])
        for error in [
            try await targetError { try await setup.target.restart(posts, images: []) },
            try await targetError { try await setup.target.waitUntilReady(posts) },
        ] {
            #expect(error.advice?.hasSuffix("rollout resume deployment/posts") == true)
        }
    }

    @Test func aBarePodIsReplacedAsItWasApplied() async throws {
        let setup = try await prepared(
            """
            *apply*) cat >/dev/null; echo 'pod/tool created';;
            *"replace --force --filename=-") cat >"$here/replaced";;
            """, reading: ["GET /api/v1/namespaces/blog/pods/tool": .json(PodFixture(isReady: true).json)])
        let tool = Workload(kind: .pod, name: "tool", namespace: "blog")
        _ = try await setup.target.apply([try object("Pod", "tool", image: "blog/posts")], images: [])
        let delivered = DeliveredImage(built: try image(), reference: "r:5000/blog/posts:latest", digest: "sha256:2")
        try await setup.target.restart(tool, images: [delivered])
        _ = try await setup.target.waitUntilReady(tool)
        #expect(setup.calls().count == 2)
        let sent = try JSONParser.parse(Array(setup.standIn.content(of: "replaced").utf8))
        #expect(KubernetesObject(sent)?.images == ["r:5000/blog/posts:latest"])
    }

    @Test func aPodThatIsInNoManifestIsReplacedWithoutWhatTheClusterAdded() async throws {
        var json = PodFixture(name: "tool", owner: nil).json
        json[path: ["spec", "nodeName"]] = "node-1"
        json[path: ["metadata", "resourceVersion"]] = "1"
        let setup = try await prepared(
            #"*"replace --force --filename=-") cat >"$here/replaced";;"#,
            reading: ["GET /api/v1/namespaces/blog/pods/tool": .json(json)])
        try await setup.target.restart(Workload(kind: .pod, name: "tool", namespace: "blog"), images: [])
        let sent = try JSONParser.parse(Array(setup.standIn.content(of: "replaced").utf8))
        #expect(sent["status"] == nil && sent[path: ["spec", "nodeName"]] == nil)
        #expect(sent["metadata"]?.object?.keys == ["name", "namespace", "labels"])
        #expect(setup.calls().count == 1)
    }

    @Test func aRolloutThatFailsSaysWhatThePodsSay() async throws {
        let pod = PodFixture(
            namespace: "blog", containers: [.init(state: .waiting("ErrImagePull", "manifest unknown"))])
        let stranger = PodFixture(
            namespace: "blog", owner: ("DaemonSet", "posts"), containers: [.init(state: .waiting("ErrImagePull", "x"))])
        let overdue: JSONValue = [
            "status": ["conditions": [["type": "Progressing", "reason": "ProgressDeadlineExceeded"]]]
        ]
        let setup = try await prepared(
            reading: [Self.deployment: .json(overdue), Self.pods: .says(PodFixture.list([pod, stranger]))])
        let error = try await targetError { try await setup.target.waitUntilReady(posts) }
        #expect(
            error.summary == "deployment/posts did not become ready: ProgressDeadlineExceeded")
        #expect(
            error.details == [
                "error: deployment \"posts\" exceeded its progress deadline",
                "ErrImagePull: localhost:5000 has blog/posts, but no tag latest: manifest unknown",
            ])
        #expect(setup.calls() == [])
    }

    // MARK: - The image that runs

    private func delivered() throws -> DeliveredImage {
        DeliveredImage(
            built: try image(), reference: "localhost:5000/blog/posts:latest", digest: Self.digest("2"))
    }

    private func running(_ digit: String) -> PodFixture {
        PodFixture(
            namespace: "blog",
            containers: [.init(imageID: "localhost:5000/blog/posts@\(Self.digest(digit))")])
    }

    @Test func podsThatReportThePushedDigestRunTheImage() async throws {
        var old = running("3")
        old.isTerminating = true
        var stranger = running("3")
        stranger.owner = ("DaemonSet", "posts")
        let setup = try await prepared(
            reading: [Self.pods: .says(PodFixture.list([running("2"), old, stranger]))], registry: "localhost:5000")
        #expect(try await setup.target.verify(try delivered(), runsIn: posts) == [])
        #expect(setup.calls() == [])
    }

    @Test func onlyThePodsOfAnAppliedWorkloadAreAskedFor() async throws {
        let setup = try await prepared(
            "*apply*) cat >/dev/null;;",
            reading: ["\(Self.pods)?labelSelector=app=posts,tier=web": .says(PodFixture.list([]))],
            registry: "localhost:5000")
        var object = try object("Deployment", "posts", image: "blog/posts")
        object.json[path: ["spec", "selector"]] = ["matchLabels": ["tier": "web", "app": "posts"]]
        _ = try await setup.target.apply([object], images: [try delivered()])
        #expect(try await setup.target.verify(try delivered(), runsIn: posts) == [])
        #expect(setup.calls().count == 1)
    }

    @Test func anotherDigestIsAFailureWithTheWorkloadsOwnWords() async throws {
        let workload = try object("Deployment", "posts", image: "localhost:5000/blog/posts:latest")
        let setup = try await prepared(
            reading: [Self.pods: .says(PodFixture.list([running("3")])), Self.deployment: .json(workload.json)],
            registry: "localhost:5000")
        let error = try await targetError { try await setup.target.verify(try delivered(), runsIn: posts) }
        #expect(error.summary == "deployment/posts does not run the image that was built")
        #expect(error.details.contains("another build was pushed to that tag after this one"))
        #expect(setup.calls() == [])
    }

    // MARK: - Failures that pass

    @Test(arguments: [
        ("The connection to the server lab:6443 was refused - did you specify the right host or port?", "unavailable"),
        ("Unable to connect to the server: dial tcp: i/o timeout", "unavailable"),
        ("Error from server: etcdserver: request timed out", "unavailable"),
        ("Error from server (NotFound): namespaces \"blog\" not found", "unavailable"),
        (
            "Error from server (Forbidden): services \"a\" is forbidden: unable to create new content in namespace blog "
                + "because it is being terminated", "unavailable"
        ),
        ("Error from server (NotFound): deployments.apps \"posts\" not found", "missing"),
        ("Error from server (Forbidden): user cannot patch resource", "failed"),
        (
            "Error from server (InternalError): Internal error occurred: failed calling webhook \"a\": dial tcp "
                + "10.0.0.1:443: connect: connection refused", "unavailable"
        ),
    ])
    func whatKubectlSaysTellsWhetherItPasses(said: String, severity: String) async throws {
        let setup = try await prepared(#"*"rollout restart"*) cat "$here/said" >&2; exit 1;;"#)
        try setup.standIn.write(said, to: "said")
        let error = try await targetError { try await setup.target.restart(posts, images: []) }
        #expect("\(error.severity)" == severity)
        #expect(error.details == [said])
    }

    @Test func aKubectlThatWasKilledIsNoFailureOfTheRollout() async throws {
        let setup = try await prepared(#"*"rollout restart"*) kill -9 $$;;"#)
        let error = try await targetError { try await setup.target.restart(posts, images: []) }
        #expect(error.severity == .unavailable)
    }

    @Test func whileTheClusterIsAwayReadinessIsAskedForAgain() async throws {
        let ready: JSONValue = ["status": ["updatedReplicas": 1, "availableReplicas": 1]]
        let setup = try await prepared(
            reading: [Self.deployment: .inTurn(.fails("Unable to connect to the server: EOF"), .json(ready))])
        _ = try await setup.target.waitUntilReady(posts)
        #expect(setup.cluster.asked.count == 2)
    }

    @Test func aWorkloadThatIsDeletedWhileItIsWaitedForIsMissing() async throws {
        let setup = try await prepared(reading: [
            Self.deployment: .inTurn(
                .json([:]), .fails("Error from server (NotFound): deployments.apps \"posts-depl\" not found")),
            "*/deployments?fieldSelector=metadata.name=posts&watch=true*": .says(
                #"{"type": "DELETED", "object": {}}"#, then: .hangs),
        ])
        let error = try await targetError { try await setup.target.waitUntilReady(posts) }
        #expect(error.severity == .missing)
    }

    @Test func aKindThatIsGoneIsNoError() async throws {
        let setup = try await prepared(
            """
            *delete*) cat >/dev/null
                echo 'error: resource mapping not found for name: "a": no matches for kind "B" in version "c/v1"' >&2
                echo 'ensure CRDs are installed first' >&2; exit 1;;
            """)
        #expect(try await setup.target.delete([try object("B", "a")], .everything) == [])
    }

    @Test func aDeleteThatFailsSaysWhy() async throws {
        let setup = try await prepared(
            """
            *delete*) cat >/dev/null; echo 'no matches for kind "B"' >&2; echo 'Forbidden' >&2; exit 1;;
            """)
        let error = try await targetError { try await setup.target.delete([try object("B", "a")], .everything) }
        #expect(error.details == ["Forbidden"])
    }

    // MARK: - Logs

    @Test func workloadsThatAnApplyBringsToAnotherNamespaceAreFollowed() async throws {
        let setup = try await prepared(
            "*apply*) cat >/dev/null;;",
            reading: [
                "*/namespaces/*/pods": .says(PodFixture.list([])), "*/events?*limit=1": .says(PodFixture.list([])),
                "*/blog/pods?watch=true*": .says(PodFixture(namespace: "blog").event("ADDED"), then: .hangs),
                "*/other/pods?watch=true*": .says(PodFixture(namespace: "other").event("ADDED"), then: .hangs),
                "*/events?*watch=true*": .says(then: .hangs),
                "*/blog/pods/posts-abc-1/log?*": .says("2026-11-23T10:00:00Z blog", then: .hangs),
                "*/other/pods/posts-abc-1/log?*": .says("2026-11-23T10:00:00Z other", then: .hangs),
            ])
        let workloads = Latest<Set<Workload>>([posts])
        let lines = AsyncStream.makeStream(of: LogEvent.self)
        let task = Task {
            try await setup.target.followLogs(of: { workloads.current.value }) {
                if !$0.isAboutWhatRuns { lines.continuation.yield($0) }
            }
        }
        var iterator = lines.stream.makeAsyncIterator()
        let line = { (workload: Workload) in
            LogEvent.line(
                workload: workload, container: nil, text: Array(workload.namespace.utf8))
        }
        #expect(await iterator.next() == line(posts))

        let other = Workload(kind: .deployment, name: "posts", namespace: "other")
        workloads.set([posts, other])
        _ = try await setup.target.apply([try object("Service", "a")], images: [])
        #expect(await iterator.next() == line(other))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        _ = setup.calls()
    }
}
