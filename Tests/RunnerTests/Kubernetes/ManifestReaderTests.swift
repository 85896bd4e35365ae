import Foundation
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
        #expect(objects.map(\.identity.description) == ["Namespace blog", "Deployment posts"])
        #expect(objects.map(\.images) == [[], ["blog/posts"]])
        #expect(objects[0].json[path: ["metadata", "labels"]] == ["a": "b"])
        #expect(objects[1].json["metadata"]?.object?.keys == ["name"])
    }

    @Test(.enabled(if: hasKubectl)) func aFolderIsReadWithoutThoseBelowIt() async throws {
        _ = try write(Self.deployment, to: "posts.yaml")
        _ = try write("not a manifest", to: "notes.txt")
        try FileManager.default.createDirectory(atPath: "\(folder.path)/below", withIntermediateDirectories: true)
        _ = try write(Self.deployment.replacingOccurrences(of: "posts", with: "deep"), to: "below/deep.yaml")
        let objects = try await ManifestReader(launcher: Self.kubectl).read([folder.path])
        #expect(objects.map(\.identity.name) == ["posts"])
    }

    @Test(.enabled(if: hasKubectl), arguments: ["kustomization.yaml", "kustomization.yml", "Kustomization"])
    func aKustomizationIsBuilt(_ name: String) async throws {
        _ = try write(Self.deployment, to: "posts.yaml")
        _ = try write("resources: [posts.yaml]\nnamePrefix: my-\n", to: name)
        let objects = try await ManifestReader(launcher: Self.kubectl).read([folder.path])
        #expect(objects.map(\.identity.name) == ["my-posts"])
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
            *--filename=-*) cat >"$here/input"; echo '{"kind":"A"}';;
            label*) echo '{"kind":"B"}{"kind":"Namespace"}{"noKind":1}'; echo '{"kind":"CustomResourceDefinition"}';;
            """
        ])
        _ = try write("", to: "kustomization.yaml")
        let objects = try await ManifestReader(launcher: standIn.launcher).read([folder.path, "/all.yaml"])
        #expect(objects.map(\.identity.kind) == ["Namespace", "CustomResourceDefinition", "A", "B"])
        #expect(
            standIn.callLines == [
                "kubectl kustomize \(folder.path)",
                "kubectl label --local --output=json --filename=- devloop.dev/none-",
                "kubectl label --local --output=json --filename=/all.yaml devloop.dev/none-",
            ])
        #expect(standIn.content(of: "input") == "kind: A\n")
        standIn.verify()
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
