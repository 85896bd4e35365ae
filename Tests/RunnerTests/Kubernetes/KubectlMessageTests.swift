import Testing

@testable import Runner

@Suite struct KubectlMessageTests {
    @Test func ofAnImmutableFieldTheGoValueIsLeftOut() {
        let selector =
            #"v1.LabelSelector{MatchLabels:map[string]string{"app":"c16new: x"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}"#
        let message = KubectlMessage(
            #"The Deployment "c16" is invalid: spec.selector: Invalid value: \#(selector): field is immutable"#)
        #expect(message.reasons == ["spec.selector: field is immutable"])
        #expect(
            message.lines == [#"The Deployment "c16" is invalid: spec.selector: field is immutable"#])
    }

    @Test func aShortValueStays() {
        let said = #"The Service "a" is invalid: spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535"#
        #expect(
            KubectlMessage(said).reasons == ["spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535"])
    }

    @Test func eachFieldIsAReasonOfItsOwn() {
        let value = #"{"matchLabels":{"app":"c16new","tier":"a long label \" with a quote: and a colon"}}"#
        let message = KubectlMessage(
            """
            The Deployment "c16" is invalid: 
            * spec.template.metadata.labels: Invalid value: \(value): `selector` does not match template `labels`
            * spec.selector: Invalid value: \(value): field is immutable
            """)
        #expect(
            message.reasons == [
                "spec.template.metadata.labels: `selector` does not match template `labels`",
                "spec.selector: field is immutable",
            ])
    }

    /// For a Pod and a claim the API server adds how they would differ, line by line.
    @Test func whatTheObjectIsAndWasIsLeftOut() {
        let message = KubectlMessage(
            """
            The Pod "tool" is invalid: spec: Forbidden: pod updates may not change fields other than `spec.tolerations`
              core.PodSpec{
              \tVolumes: {{Name: "x"}},
            - \tHostname: "connection refused",
            + \tHostname: "b",
              }

            """)
        #expect(
            message.reasons == [
                "spec: Forbidden: pod updates may not change fields other than `spec.tolerations`"
            ])
    }

    @Test(arguments: [
        (
            #"Error from server (BadRequest): error when creating "STDIN": Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.template.spec.contaners", unknown field "spec.replica""#,
            ["unknown field spec.template.spec.contaners", "unknown field spec.replica"]
        ),
        (
            #"error: error validating "STDIN": error validating data: ValidationError(Service): unknown field "sepc" in io.k8s.api.core.v1.Service; if you choose to ignore these errors, turn validation off with --validate=false"#,
            ["unknown field sepc"]
        ),
        (
            #"error: error validating "STDIN": error validating data: [ValidationError(Deployment.spec.replicas): invalid type for io.k8s.api.apps.v1.DeploymentSpec.replicas: got "string", expected "integer", ValidationError(Deployment.spec.template.spec.containers[0]): unknown field "comand" in io.k8s.api.core.v1.Container]; if you choose to ignore these errors, turn validation off with --validate=false"#,
            ["spec.replicas: got string, expected integer", "unknown field spec.template.spec.containers[0].comand"]
        ),
        (
            #"error: error validating "STDIN": error validating data: [ValidationError(Deployment.spec): unknown field "foo" in io.k8s.api.apps.v1.DeploymentSpec, ValidationError(Deployment.spec): missing required field "selector" in io.k8s.api.apps.v1.DeploymentSpec]; if you choose to ignore these errors, turn validation off with --validate=false"#,
            ["unknown field spec.foo", "missing required field spec.selector"]
        ),
        (
            #"Error from server (BadRequest): error when creating "STDIN": Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"#,
            ["spec.replicas: a string, where int32 is wanted"]
        ),
        (
            #"error: error validating "STDIN": error validating data: unknown object type "nil" in Secret.data.a; if you choose to ignore these errors, turn validation off with --validate=false"#,
            [#"unknown object type "nil" in Secret.data.a"#]
        ),
        (
            """
            error: resource mapping not found for name: "lunch" namespace: "" from "STDIN": no matches for kind "Menu" in version "c07.example/v1"
            ensure CRDs are installed first
            """, ["the cluster knows no kind Menu of c07.example/v1"]
        ),
        (
            """
            Error from server (BadRequest): error when applying patch:
            {"metadata":{"annotations":{"a":"connection refused"}},"spec":{"contaners":[]}}
            to:
            Resource: "apps/v1, Resource=deployments", GroupVersionKind: "apps/v1, Kind=Deployment"
            Name: "web", Namespace: "default"
            for: "STDIN": error when patching "STDIN": Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.contaners"
            """, ["unknown field spec.contaners"]
        ),
        (
            #"The request is invalid: patch: Invalid value: "map[metadata:map[annotations:map[kubectl.kubernetes.io/last-applied-configuration:{\"apiVersion\":\"apps/v1\",\"a\": \"b: c\"}\n]] spec:map[foo:1]]": strict decoding error: unknown field "spec.foo""#,
            ["unknown field spec.foo"]
        ),
        (
            #"The Job "j" is invalid: spec.template: Invalid value: core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{CreationTimestamp:time.Date(1, time.January, 1, 0, 0, 0, 0, time.UTC), DeletionGracePeriodSeconds:(*int64)(nil), Labels:map[string]string{"job-name":"j"}}, Env:[]core.EnvVar{core.EnvVar{Name:"A", Value:"connection refused: i/o timeout"}}}: field is immutable"#,
            ["spec.template: field is immutable"]
        ),
        (
            """
            Error from server (Forbidden): error when retrieving current configuration of:
            Resource: "/v1, Resource=secrets", GroupVersionKind: "/v1, Kind=Secret"
            Name: "s", Namespace: "cases"
            from server for: "STDIN": secrets "s" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "cases"
            """,
            [
                #"secrets "s" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "cases""#
            ]
        ),
        (
            #"Error from server: error when creating "STDIN": admission webhook "a.example" denied the request: no"#,
            [#"admission webhook "a.example" denied the request: no"#]
        ),
    ])
    func theReasonIsWhatIsLeftWithoutTheCall(said: String, reasons: [String]) {
        #expect(KubectlMessage(said).reasons == reasons)
    }

    private static let missingPlugin = """
        E1125 18:00:00.100000   12345 memcache.go:265] "Unhandled Error" err="couldn't get current server API group list: Get \\"https://lab:6443/api\\": getting credentials: exec: executable corp-login not found"
        E1125 18:00:00.200000   12345 memcache.go:265] "Unhandled Error" err="couldn't get current server API group list"
        Unable to connect to the server: getting credentials: exec: executable corp-login not found

        It looks like you are trying to use a client-go credential plugin that is not installed.

        To learn more about this feature, consult the documentation available at:
              https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
        """

    @Test func aMissingCredentialPluginIsNamedWithoutAdvertisement() {
        #expect(
            KubectlMessage(Self.missingPlugin).lines == [
                "Unable to connect to the server: getting credentials: exec: executable corp-login not found"
            ])
    }

    @Test func theLineThatSaysWhatHappenedIsAlwaysKept() {
        let message = KubectlMessage("Unable to connect to the server: x\na\nb\nc\nd")
        #expect(message.lines(atMost: 3) == ["Unable to connect to the server: x", "c", "d"])
        #expect(message.lines(atMost: 9).count == 5)
        #expect(KubectlMessage("a\nb\nerror: c\nd").lines(atMost: 3) == ["b", "error: c", "d"])
    }

    @Test func aLineOfAMegabyteIsCut() {
        #expect(KubectlMessage(String(repeating: "x", count: 1_000_000)).lines[0].count < 400)
    }

    @Test func onlyNoiseIsBetterThanNothing() {
        #expect(KubectlMessage("ensure CRDs are installed first").lines == ["ensure CRDs are installed first"])
        #expect(KubectlMessage("").lines == [])
    }

    // MARK: - Logging in

    private func error(_ said: String) -> TargetError {
        KubectlFailure.error(
            "x", CommandOutput(termination: .exited(1), standardError: Array(said.utf8)), context: "lab")
    }

    @Test(arguments: [
        missingPlugin, "error: You must be logged in to the server (Unauthorized)",
        "error: You must be logged in to the server (the server has asked for the client to provide credentials)",
        "Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255",
        "error: error validating \"STDIN\": error validating data: failed to download openapi: the server has asked for the client to provide credentials; if you choose to ignore these errors, turn validation off with --validate=false",
    ])
    func aLoginThatDoesNotWorkIsTriedAgainWithAdviceAboutIt(said: String) {
        let error = error(said)
        #expect(error.severity == .unavailable)
        #expect(error.summary == "the cluster of context lab cannot be reached: the login to it does not work")
        #expect(error.advice?.contains("log in") == true)
        #expect(error.details.count == 1)
    }

    @Test func aMissingPluginIsToBeInstalled() {
        #expect(error(Self.missingPlugin).advice?.hasPrefix("install corp-login, ") == true)
    }

    @Test func whatThePluginSaysIsShown() {
        let said = """
            the session has expired, run: corp-login
            the session has expired, run: corp-login
            Unable to connect to the server: getting credentials: exec: executable plugin.sh failed with exit code 1
            """
        #expect(
            error(said).details == [
                "the session has expired, run: corp-login",
                "Unable to connect to the server: getting credentials: exec: executable plugin.sh failed with exit code 1",
            ])
    }
}
