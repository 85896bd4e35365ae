import Foundation
import Testing

/// Where a ``TinyProject`` runs under `devloop dev`.
enum TinyPlace: String, CaseIterable, Sendable {
    case docker
    case cluster

    static let there = allCases.filter { $0 == .docker ? DockerStage.isAvailable : KubernetesStage.isAvailable }

    /// What a command prints in the container of a project's Deployment `app`.
    func say(_ words: [String], _ project: TinyProject) async throws -> String {
        switch self {
        case .docker:
            let id = try await Shell.run(
                "docker", "ps", "--quiet", "--filter=label=dev.devloop.project=\(project.name)")
            return try await Shell.attempt("docker", ["exec", id] + words).text
        case .cluster:
            let context = "--context=\(KubernetesStage.context ?? "")"
            let exec = [context, "--namespace=\(project.name)", "exec", "deployment/app", "--"]
            return try await Shell.attempt("kubectl", exec + words).text
        }
    }

    /// Runs a project until its service is live, and then the body.
    func run(
        _ manifests: [String: String], _ dockerfile: String?, _ settings: String,
        _ body: (TinyProject, DevloopProcess) async throws -> Void
    ) async throws {
        let project = try TinyProject(manifests: manifests, dockerfile: dockerfile, settings: settings)
        defer { project.remove() }
        let flags = self == .docker ? ["--target", "docker"] : KubernetesStage(namespace: project.name).flags
        let context = "--context=\(KubernetesStage.context ?? "")"
        if self == .cluster { _ = try await Shell.run("kubectl", context, "create", "namespace", project.name) }
        let result: Result<Void, any Error>
        do {
            let dev = try DevloopProcess(["dev", "--cleanup"] + flags, folder: project.folder)
            do {
                try await dev.line(containing: "✓ app live in")
                try await body(project, dev)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
        }
        if self == .cluster {
            _ = try await Shell.attempt("kubectl", [context, "delete", "namespace", project.name, "--wait=false"])
        }
        try result.get()
    }
}
