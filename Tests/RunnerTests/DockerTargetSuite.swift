import Testing

@testable import Runner

/// Tests of the Docker target against recorded answers.
protocol DockerTargetSuite {
    var launcher: RecordingLauncher { get }
}

extension DockerTargetSuite {
    var web: Workload {
        Workload(kind: .deployment, name: "web")
    }

    var image: DeliveredImage {
        DeliveredImage(
            built: BuiltImage(reference: ImageReference("shop/web")!, id: "sha256:1111"), reference: "sha256:1111")
    }

    func target() -> DockerTarget {
        DockerTarget(
            project: "shop", place: "/shop/devloop.json", namespace: "default", launcher: launcher, engine: launcher,
            initBackoff: Backoff(first: .zero, limit: .zero),
            isFreePort: { _ in true })
    }

    func object(_ json: String) throws -> KubernetesObject {
        try #require(KubernetesObject(try JSONParser.parse(Array(json.utf8))))
    }

    func deployment(
        strategy: String = "RollingUpdate", container: String = "", pod: String = "", spec: String = ""
    ) throws -> KubernetesObject {
        try object(
            """
            {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {\(spec)"strategy": {"type": "\(strategy)"},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
            {"name": "main", "image": "shop/web"\(container)}]\(pod)}}}}
            """)
    }

    /// A line of `docker ps`, as the container was created.
    func listed(
        _ id: String, state: String = "running", instance: String, mounts: String = "devloop-shop-data",
        of create: EngineRequest
    ) -> String {
        let labels = create.body?["Labels"]?.stringMembers ?? [:]
        func label(_ name: String) -> String { labels[name] ?? "" }
        return [
            id, state, label(DockerLabel.workload), label(DockerLabel.namespace), label(DockerLabel.container),
            instance, label(DockerLabel.specification), label(DockerLabel.image), label(DockerLabel.builtImage),
            label(DockerLabel.role), label(DockerLabel.volumes), label(DockerLabel.ports), label(DockerLabel.pod),
            "devloop-shop", mounts, "\"\(label(DockerLabel.place))\"",
        ].joined(separator: "\t")
    }

    /// What `docker network ls` prints of the project's network.
    var network: String { network("n1", "devloop-shop", "default") }

    func network(_ id: String, _ name: String, _ scope: String) -> String {
        [id, name, "2026-01-01", "\"shop\"", "\"/shop/devloop.json\"", "\"\(scope)\""].joined(separator: "\t")
    }

    func expectNewNetwork() {
        launcher.expect("docker network ls")
        launcher.expect("docker network create")
        launcher.expect("docker network ls", .prints(network))
    }

    /// Applies the objects with nothing there before; returns how the container was created.
    func applied(_ objects: [KubernetesObject], to target: DockerTarget) async throws -> EngineRequest {
        expectNewNetwork()
        for command in ["docker ps", "docker ps", "POST /containers/create", "docker start"] {
            launcher.expect(command)
        }
        let report = try await target.apply(objects, images: [image])
        #expect(report.created == [web])
        return try #require(launcher.requests.first { $0.path.hasPrefix("/containers/create") })
    }
}
