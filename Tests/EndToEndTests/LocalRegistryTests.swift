import Testing

/// The registry that a cluster names as its own, by KEP-1755, on a real cluster.
@Suite(
    .enabled(if: TinyProject.isPossible && KubernetesStage.isAvailable, "needs a cluster and a static busybox"),
    .serialized, .timeLimit(.minutes(5)))
struct LocalRegistryTests {
    private static let context = "--context=\(KubernetesStage.context ?? "")"

    /// Has the cluster name the registry of the tests while something is done.
    private func whileNamed(_ body: () async throws -> Void) async throws {
        let registry = KubernetesStage.registry ?? ""
        let map = ["configmap", "local-registry-hosting", "--namespace=kube-public", Self.context]
        let text = "--from-literal=localRegistryHosting.v1=host: \"\(registry)\"\nhelp: \"https://kind.sigs.k8s.io\"\n"
        let made = try await Shell.attempt("kubectl", ["create"] + map + [text])
        try #require(made.termination.isSuccess, "\(made.errorText)")
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        _ = try await Shell.attempt("kubectl", ["delete"] + map)
        try result.get()
    }

    @Test func imagesGoThereUnasked() async throws {
        let project = try TinyProject(manifests: TinyProject.deployment(), settings: #", "sync": false"#)
        defer { project.remove() }
        let flags = [
            "--target=kubernetes", "--yes", "--context=\(KubernetesStage.context ?? "")", "--namespace=\(project.name)",
        ]
        try await TinyPlace.cluster.withNamespace(project.name) {
            try await whileNamed {
                try await DevloopProcess.dev(["--cleanup"] + flags, of: ["app"], in: project.folder) { dev in
                    let registry = KubernetesStage.registry ?? ""
                    try await dev.line(containing: "images go to \(registry), which the cluster names as its registry")
                    // What is read again knows it, too.
                    let from = dev.lineCount
                    try project.save(version: "two")
                    try await dev.line(from: from, containing: "version two starts")
                    try await dev.line(from: from, containing: "✓ app live in")
                    let images = try await Shell.run(
                        "kubectl", Self.context, "--namespace=\(project.name)", "get", "deployment", "app",
                        "--output=jsonpath={.spec.template.spec.containers[*].image}")
                    #expect(images == "\(registry)/\(project.name)/app:latest")
                    let build = try DevloopProcess(
                        ["build", "--push", "--context=\(KubernetesStage.context ?? "")"], folder: project.folder)
                    #expect(await build.exitStatus() == 0)
                    #expect(build.output.contains("\(registry)/\(project.name)/app:latest@sha256:"))
                }
            }
        }
    }
}
