import Testing

@testable import Runner

/// What comes from outside of the manifests is created where it is missing, and stays as it is where it is there.
@Suite(.timeLimit(.minutes(1))) struct ObjectCreationTests {
    private static func secret(_ name: String, _ data: JSONValue = ["KEY": "s3cret"]) -> KubernetesObject {
        var object = KubernetesObject(
            [
                "apiVersion": "v1", "kind": "Secret",
                "metadata": ["name": .string(name), "labels": ["dev.devloop/project": "shop"]], "stringData": data,
            ], namespace: "blog")!
        object.isFromOutside = true
        return object
    }

    /// As a cluster has it.
    private static func found(_ name: String, _ data: JSONValue, project: String? = nil) -> String {
        let labels = project.map { #","labels":{"dev.devloop/project":"\#($0)"}"# } ?? ""
        return #"{"kind":"Secret","metadata":{"name":"\#(name)"\#(labels)},"data":\#(data)}"#
    }

    private func creation(_ kubectl: String) throws -> (StandIn, ObjectCreation) {
        let standIn = try StandIn(["kubectl": kubectl])
        return (
            standIn, ObjectCreation(kubectl: Kubectl(context: "lab", namespace: "blog"), launcher: standIn.launcher)
        )
    }

    private static let flags = "kubectl --context=lab --namespace=blog"
    private static let look = "\(flags) get --ignore-not-found --output=json --filename=-"
    private static let create = "\(flags) create --filename=-"

    @Test func whatIsMissingIsCreatedOverStandardInput() async throws {
        let (standIn, creation) = try creation(
            """
            *" get "*) cat >"$here/asked";;
            *" create --filename=-") cat >"$here/created"; echo secret/jwt created;;
            """)
        let outcome = try await creation.run([Self.secret("jwt")], namespace: "blog")
        #expect(outcome.differing.isEmpty && outcome.failures.isEmpty)
        standIn.verify()
        #expect(standIn.callLines == [Self.look, Self.create])
        #expect(!standIn.content(of: "asked").contains("s3cret"))
        #expect(standIn.content(of: "created").contains(#""stringData":{"KEY":"s3cret"}"#))
    }

    @Test func whatIsThereIsLeftAlone() async throws {
        let (standIn, creation) = try creation("*\" get \"*) echo '\(Self.found("jwt", ["KEY": "czNjcmV0"]))';;")
        let outcome = try await creation.run([Self.secret("jwt")], namespace: "blog")
        #expect(outcome.differing.isEmpty)
        standIn.verify()
        #expect(standIn.callLines == [Self.look])
    }

    @Test func whatIsThereWithOtherValuesIsNamedWithTheCommandAndWithoutThem() async throws {
        let found = Self.found("jwt", ["KEY": "b3RoZXI=", "SAME": "eA==", "MORE": "eA=="])
        let (standIn, creation) = try creation("*\" get \"*) echo '\(found)';;")
        let object = Self.secret("jwt", ["KEY": "s3cret", "SAME": "x", "NEW": "y"])
        let outcome = try await creation.run([object], namespace: "blog")
        #expect(
            outcome.differing.map(\.notice) == [
                "Secret jwt is there with another KEY, NEW than devloop.json says. It stays as it is; to have it made anew, save "
                    + "devloop.json after: kubectl --context=lab --namespace=blog delete secret jwt"
            ])
        standIn.verify()
    }

    @Test func ofAConfigMapTheTextIsCompared() async throws {
        let (standIn, creation) = try creation(
            #"*" get "*) echo '{"kind":"ConfigMap","metadata":{"name":"m"},"data":{"A":"1","B":"2"}}';;"#)
        let map = KubernetesObject(
            ["kind": "ConfigMap", "metadata": ["name": "m"], "data": ["A": "1", "B": "3"]], namespace: "blog")!
        let outcome = try await creation.run([map], namespace: "blog")
        #expect(outcome.differing.map(\.notice).first?.contains("with another B than") == true)
        standIn.verify()
    }

    @Test func whereNothingMayBeReadWhatIsThereStaysToo() async throws {
        let (standIn, creation) = try creation(
            """
            *" get "*) cat >/dev/null; echo 'Error from server (Forbidden): secrets is forbidden' >&2; exit 1;;
            *" create "*) cat >/dev/null
                echo 'Error from server (AlreadyExists): error when creating "STDIN": secrets "jwt" already exists' >&2; exit 1;;
            """)
        let outcome = try await creation.run([Self.secret("jwt")], namespace: "blog")
        #expect(outcome.failures.isEmpty)
        #expect(outcome.differing.first?.notice.hasPrefix("Secret jwt is there, and may not be read") == true)
        standIn.verify()
    }

    @Test func aFailureIsThatOfOneObjectAndRepeatsNoValue() async throws {
        let (standIn, creation) = try creation(
            """
            *" get "*) cat >/dev/null;;
            *" create "*) case "$(cat)" in
                *'"bad"'*) echo 'Error from server (Forbidden): a webhook dislikes "s3cret"' >&2; exit 1;;
                *) echo 'Error from server (AlreadyExists): it already exists' >&2; exit 1;; esac;;
            """)
        let outcome = try await creation.run([Self.secret("good"), Self.secret("bad")], namespace: "blog")
        #expect(outcome.failures.map(\.object.name) == ["bad"])
        #expect(outcome.failures.first?.reasons == [#"a webhook dislikes "…""#])
        #expect(outcome.differing.isEmpty)
        #expect(standIn.callLines.count == 4)
    }

    @Test func aNamespaceThatIsMissingIsWorthAnotherTry() async throws {
        let (standIn, creation) = try creation(
            """
            *" get "*) cat >/dev/null;;
            *" create "*) cat >/dev/null
                echo 'Error from server (NotFound): error when creating "STDIN": namespaces "blog" not found' >&2; exit 1;;
            """)
        let outcome = try await creation.run([Self.secret("jwt")], namespace: "blog")
        #expect(outcome.failures.map(\.passes) == [true])
        standIn.verify()
    }

    @Test func aClusterThatIsAwayIsNoAnswer() async throws {
        let (standIn, creation) = try creation(
            #"*" get "*) echo 'The connection to the server lab was refused' >&2; exit 1;;"#)
        let error = try await targetError { try await creation.run([Self.secret("jwt")], namespace: "blog") }
        #expect(error.severity == .unavailable)
        standIn.verify()
    }

    @Test func onlyWhatWasCreatedForTheProjectIsOurs() async throws {
        let list = [
            Self.found("ours", [:], project: "shop"), Self.found("others", [:], project: "blog"),
            Self.found("somebodys", [:]),
        ].joined(separator: ",")
        let (standIn, creation) = try creation("*\" get \"*) echo '{\"kind\":\"List\",\"items\":[\(list)]}';;")
        let objects = ["ours", "others", "somebodys", "gone"].map { Self.secret($0) }
        let owned = try await creation.owned(objects, namespace: "blog")
        #expect(owned.objects.map(\.identity.name) == ["ours"])
        #expect(owned.objects.first?.json["stringData"] == nil)
        #expect(
            owned.left == [
                "Secret others left: devloop did not create it", "Secret somebodys left: devloop did not create it",
            ])
        standIn.verify()
    }
}
