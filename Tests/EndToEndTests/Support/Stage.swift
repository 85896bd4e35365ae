import Foundation

/// Where the scenarios run, and how to look at it from outside.
protocol Stage: Sendable {
    /// The flags that lead devloop there.
    var flags: [String] { get }
    /// What identifies the running container of each service: it is another one after a restart.
    func instances(of blog: BlogCopy) async throws -> [String: String]
    /// What `/app/index.js` holds in the container that runs now; `nil` while there is none.
    func runningSource(of service: String, in blog: BlogCopy) async throws -> String?
    /// Names of everything that is left of the project.
    func leftovers(of blog: BlogCopy) async throws -> [String]
    func prepare(_ blog: BlogCopy) async throws
    func cleanUp(_ blog: BlogCopy) async throws
}

/// Plain Docker.
struct DockerStage: Stage {
    static let isAvailable: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["docker", "info"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    var flags: [String] { ["--target", "docker"] }

    func prepare(_ blog: BlogCopy) async throws {}

    private func filter(_ blog: BlogCopy) -> String { "--filter=label=dev.devloop.project=\(blog.name)" }

    func instances(of blog: BlogCopy) async throws -> [String: String] {
        let listing = try await Shell.run(
            "docker", "ps", "--no-trunc", filter(blog), "--format={{.Label \"dev.devloop.workload\"}} {{.ID}}")
        var result: [String: String] = [:]
        for line in listing.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 2 else { continue }
            result[
                words[0].replacingOccurrences(of: "deployment/", with: "").replacingOccurrences(of: "-depl", with: "")] =
                words[1]
        }
        return result
    }

    func runningSource(of service: String, in blog: BlogCopy) async throws -> String? {
        guard let container = try await instances(of: blog)[service] else { return nil }
        let output = try await Shell.attempt("docker", ["exec", container, "cat", "/app/index.js"])
        return output.termination.isSuccess ? String(decoding: output.standardOutput, as: UTF8.self) : nil
    }

    func leftovers(of blog: BlogCopy) async throws -> [String] {
        var names: [String] = []
        for listing in [["ps", "--all"], ["network", "ls"], ["volume", "ls"]] {
            names += try await Shell.attempt("docker", listing + ["--quiet", filter(blog)]).text
                .split(separator: "\n").map { "\(listing[0]) \($0)" }
        }
        return names
    }

    func cleanUp(_ blog: BlogCopy) async throws {
        let containers = try await Shell.attempt("docker", ["ps", "--all", "--quiet", filter(blog)]).text
        if !containers.isEmpty {
            _ = try await Shell.attempt(
                "docker", ["rm", "--force"] + containers.split(separator: "\n").map(String.init))
        }
        for kind in ["network", "volume"] {
            let names = try await Shell.attempt("docker", [kind, "ls", "--quiet", filter(blog)]).text
            for name in names.split(separator: "\n") {
                _ = try await Shell.attempt("docker", [kind, "rm", String(name)])
            }
        }
        for service in BlogCopy.services { _ = try await Shell.attempt("docker", ["rmi", "\(blog.name)/\(service)"]) }
    }
}

/// A real cluster: the context and the registry that the environment names.
struct KubernetesStage: Stage {
    static let context = ProcessInfo.processInfo.environment["DEVLOOP_E2E_CONTEXT"]
    static let registry = ProcessInfo.processInfo.environment["DEVLOOP_E2E_REGISTRY"]
    static var isAvailable: Bool { context != nil && registry != nil }

    let namespace: String

    var flags: [String] {
        [
            "--target", "kubernetes", "--yes", "--context", Self.context ?? "", "--registry", Self.registry ?? "",
            "--namespace",
            namespace,
        ]
    }

    private func kubectl(_ arguments: String...) async throws -> String {
        let output = try await Shell.attempt(
            "kubectl", ["--context=\(Self.context ?? "")", "--namespace=\(namespace)"] + arguments)
        guard output.termination.isSuccess else {
            throw ShellError(command: "kubectl \(arguments.joined(separator: " "))", said: output.errorText)
        }
        return String(decoding: output.standardOutput, as: UTF8.self)
    }

    func prepare(_ blog: BlogCopy) async throws { _ = try await kubectl("create", "namespace", namespace) }

    func instances(of blog: BlogCopy) async throws -> [String: String] {
        let listing = try await kubectl(
            "get", "pods",
            "--output=go-template={{range .items}}{{if not .metadata.deletionTimestamp}}"
                + "{{.metadata.labels.app}} {{.metadata.name}}{{\"\\n\"}}{{end}}{{end}}"
        )
        var result: [String: String] = [:]
        for line in listing.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words.count == 2 { result[words[0]] = words[1] }
        }
        return result
    }

    func runningSource(of service: String, in blog: BlogCopy) async throws -> String? {
        guard let pod = try await instances(of: blog)[service] else { return nil }
        return try? await kubectl("exec", pod, "--", "cat", "/app/index.js")
    }

    func leftovers(of blog: BlogCopy) async throws -> [String] {
        try await kubectl("get", "deployments,services,ingresses,pods", "--output=name").split(separator: "\n")
            .map(String.init)
    }

    func cleanUp(_ blog: BlogCopy) async throws {
        _ = try await kubectl("delete", "namespace", namespace, "--wait=false")
        for service in BlogCopy.services { _ = try await Shell.attempt("docker", ["rmi", "\(blog.name)/\(service)"]) }
    }
}
