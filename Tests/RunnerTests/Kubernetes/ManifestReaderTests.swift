import Foundation
import TestSupport
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct ManifestReaderTests {
    /// The real kubectl, for what it does without a cluster; it is shown none.
    private static let kubectl = SystemLauncher(
        environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "KUBECONFIG": "/dev/null"])
    private static let hasKubectl = (try? kubectl.locate("kubectl")) != nil

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ text: String, to name: String) throws -> String {
        let path = "\(folder.path)/\(name)"
        try TestFile.write(Array(text.utf8), to: path)
        return path
    }

    private func name(_ json: JSONValue) -> String {
        "\(json["kind"]?.string ?? "") \(json[path: ["metadata", "name"]]?.string ?? "")"
    }

    private static let deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: posts }
        spec:
          selector: { matchLabels: { app: posts } }
          template:
            metadata: { labels: { app: posts } }
            spec: { containers: [{ name: app, image: blog/posts }] }
        """

    @Test(.enabled(if: hasKubectl)) func aFileIsReadAsItIs() async throws {
        let path = try write(
            "\(Self.deployment)\n---\nkind: Namespace\napiVersion: v1\nmetadata: { name: blog, labels: { a: b } }\n",
            to: "all.yaml")
        let objects = try await ManifestReader(launcher: Self.kubectl).read([path])
        #expect(objects.map(name) == ["Namespace blog", "Deployment posts"])
        #expect(objects[0][path: ["metadata", "labels"]] == ["a": "b"])
        #expect(objects[1]["metadata"]?.object?.keys == ["name"])
    }

    @Test(.enabled(if: hasKubectl), arguments: ["a, b.yaml", "a\"b.yaml", "\"c\".yaml", " d.yaml"])
    func aFileOfAnyNameIsRead(name file: String) async throws {
        let path = try write(Self.deployment, to: file)
        let objects = try await ManifestReader(launcher: Self.kubectl).read([path])
        #expect(objects.map(name) == ["Deployment posts"])
    }

    @Test(.enabled(if: hasKubectl)) func aFolderIsReadWithoutThoseBelowIt() async throws {
        _ = try write(Self.deployment, to: "posts.yaml")
        _ = try write("not a manifest", to: "notes.txt")
        try FileManager.default.createDirectory(atPath: "\(folder.path)/below", withIntermediateDirectories: true)
        _ = try write(Self.deployment.replacingOccurrences(of: "posts", with: "deep"), to: "below/deep.yaml")
        let objects = try await ManifestReader(launcher: Self.kubectl).read([folder.path])
        #expect(objects.map(name) == ["Deployment posts"])
    }

    @Test(.enabled(if: hasKubectl), arguments: ["kustomization.yaml", "kustomization.yml", "Kustomization"])
    func aKustomizationIsBuilt(file: String) async throws {
        _ = try write(Self.deployment, to: "posts.yaml")
        _ = try write("resources: [posts.yaml]\nnamePrefix: my-\n", to: file)
        let objects = try await ManifestReader(launcher: Self.kubectl).read([folder.path])
        #expect(objects.map(name) == ["Deployment my-posts"])
    }

    @Test(.enabled(if: hasKubectl)) func aFileThatIsNoYAMLIsNamedInKubectlsWords() async throws {
        let path = try write("kind: Deployment\n\tbroken: [", to: "bad.yaml")
        let error = try await targetError { try await ManifestReader(launcher: Self.kubectl).read([path]) }
        #expect(error.severity == .configuration)
        #expect(error.summary.contains(path))
        #expect(error.details.joined().contains("bad.yaml"))
        let missing = try await targetError {
            try await ManifestReader(launcher: Self.kubectl).read(["\(folder.path)/none.yaml"])
        }
        #expect(missing.severity == .configuration)
    }

    @Test func kubectlIsCalledWithoutACluster() async throws {
        let standIn = try StandIn([
            "kubectl": """
            kustomize*) echo 'kind: A';;
            set*) cat >/dev/null;;
            *--filename=-*) cat >"$here/input"; echo '{"kind":"A","apiVersion":"a.example/v1"}';;
            label*) echo '{"kind":"B","apiVersion":"a.example/v1"}{"kind":"Namespace","metadata":{"name":"n"}}'
                echo '{"noKind":1}{"kind":"CustomResourceDefinition","metadata":{"name":"a"}}';;
            """
        ])
        _ = try write("", to: "kustomization.yaml")
        let objects = try await ManifestReader(launcher: standIn.launcher).read([folder.path, "/all.yaml"])
        #expect(objects.map { $0["kind"]?.string } == ["Namespace", "CustomResourceDefinition", "A", "B", nil])
        #expect(
            // The two questions about one path are asked side by side; then the objects are decoded one by one.
            Set(standIn.callLines) == [
                "kubectl kustomize \(folder.path)",
                "kubectl label --local --output=json --filename=- devloop.dev/none-",
                "kubectl set env --local --list --filename=-",
                "kubectl label --local --output=json --filename=/all.yaml devloop.dev/none-",
                "kubectl set env --local --list --filename=/all.yaml",
            ])
        #expect(standIn.content(of: "input") == "kind: A\n")
        standIn.verify()
    }

    @Test(
        .enabled(if: hasKubectl),
        arguments: [
            ("apps/v1", "Deployment", "env: [{ name: PORT, value: 8080 }]", "cannot unmarshal number"),
            ("apps/v1", "StatefulSet", "env: [{ name: DEBUG, value: true }]", "cannot unmarshal bool"),
            ("batch/v1", "Job", "command: [sleep, 1000]", "cannot unmarshal number"),
            ("v1", "Pod", "args: [-p, 80]", "cannot unmarshal number"),
            ("apps/v1", "DaemonSet", "workingDir: 1", "cannot unmarshal number"),
            ("apps/v1", "ReplicaSet", "resources: { limits: { memory: lots } }", "quantities must match"),
        ])
    func aFieldOfAnotherTypeIsRefusedInKubernetesWords(
        version: String, kind: String, field: String, words: String
    ) async throws {
        let pod = "containers: [{ name: app, image: i, \(field) }]"
        let spec = kind == "Pod" ? pod : "template: { spec: { \(pod) } }"
        let text = "apiVersion: \(version)\nkind: \(kind)\nmetadata: { name: a }\nspec: { \(spec) }\n"
        let path = try write(text, to: "a.yaml")
        let error = try await targetError { try await ManifestReader(launcher: Self.kubectl).read([path]) }
        #expect(error.severity == .configuration)
        #expect(error.details.count == 1)
        #expect(error.details[0].contains("a.yaml") && error.details[0].contains(words), "\(error.details)")
    }

    @Test(.enabled(if: hasKubectl)) func everyWrongDocumentIsToldAndTheFileThatItIsIn() async throws {
        let wrong = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { port: 80 }\n"
        _ = try write("\(wrong)---\n\(wrong.replacingOccurrences(of: "80", with: "true"))", to: "one.yaml")
        _ = try write("apiVersion: v1\nkind: Secret\nmetadata: { name: a }\ndata: { a: '%' }\n", to: "two.yaml")
        _ = try write("apiVersion: shop.example/v1\nkind: Menu\nmetadata: { name: A_B }\n", to: "custom.yaml")
        let error = try await targetError { try await ManifestReader(launcher: Self.kubectl).read([folder.path]) }
        #expect(error.details.count { $0.contains("one.yaml") } == 2)
        #expect(error.details.count { $0.contains("two.yaml") && $0.contains("base64") } == 1)
        #expect(error.details.count == 3, "\(error.details)")
        #expect(error.advice?.contains("quotes") == true)
    }

    @Test(.enabled(if: hasKubectl)) func whatIsInAListIsDecodedToo() async throws {
        let path = try write(
            "apiVersion: v1\nkind: List\nitems: [{ apiVersion: v1, kind: ConfigMap, metadata: { name: a }, data: { p: 80 } }]\n",
            to: "list.yaml")
        let error = try await targetError { try await ManifestReader(launcher: Self.kubectl).read([path]) }
        #expect(error.details.map { $0.contains("list.yaml") && $0.contains("cannot unmarshal number") } == [true])
    }

    @Test(.enabled(if: hasKubectl)) func aKustomizationOfWrongTypesIsNamedByItsFolder() async throws {
        _ = try write("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { port: 80 }\n", to: "a.yaml")
        _ = try write("resources: [a.yaml]\n", to: "kustomization.yaml")
        let error = try await targetError { try await ManifestReader(launcher: Self.kubectl).read([folder.path]) }
        #expect(error.details.map { $0.contains("\"\(folder.path)\"") } == [true])
    }

    @Test func whatIsNotJSONSaysSo() async throws {
        let standIn = try StandIn(["kubectl": "*) echo '{ nonsense';;"])
        let error = try await targetError { try await ManifestReader(launcher: standIn.launcher).read(["/a.yaml"]) }
        #expect(error.severity == .configuration)
        #expect(error.summary.contains("is not JSON"))
    }

    @Test func withoutKubectlItSaysHowToInstallIt() async throws {
        let standIn = try StandIn([:])
        let error = try await targetError { try await ManifestReader(launcher: standIn.launcher).read(["/a.yaml"]) }
        #expect(error.severity == .unavailable)
        #expect(error.advice?.contains("install kubectl") == true)
    }
}
