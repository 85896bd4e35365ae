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
        try await withNamespace(project.name) {
            try await DevloopProcess.dev(["--cleanup"] + flags(project.name), of: ["app"], in: project.folder) {
                try await body(project, $0)
            }
        }
    }

    /// The flags of a project of this name.
    func flags(_ project: String) -> [String] {
        self == .docker ? ["--target=docker"] : KubernetesStage(namespace: project).flags
    }

    /// Does something with a namespace of this name, where there are some; it is deleted afterwards.
    func withNamespace(_ name: String, _ body: () async throws -> Void) async throws {
        guard self == .cluster else { return try await body() }
        let context = "--context=\(KubernetesStage.context ?? "")"
        _ = try await Shell.run("kubectl", context, "create", "namespace", name)
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        _ = try await Shell.attempt("kubectl", [context, "delete", "namespace", name, "--wait=false"])
        try result.get()
    }
}

extension DevloopProcess {
    /// Runs `devloop dev` until services are live, and then the body; then it is asked to end, and has to do that in order.
    static func dev(
        _ arguments: [String], of services: [String], in folder: URL, environment: [String: String] = [:],
        _ body: (DevloopProcess) async throws -> Void
    ) async throws {
        let dev = try DevloopProcess(["dev"] + arguments, folder: folder, environment: environment)
        let result: Result<Void, any Error>
        do {
            for service in services { try await dev.line(containing: "✓ \(service) live in") }
            result = .success(try await body(dev))
        } catch {
            result = .failure(error)
            print(dev.output)
        }
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        try result.get()
    }
}
