extension CommandRunning {
    /// Runs one of the outside programs, and says what to do where it is missing.
    /// - Throws: ``TargetError`` of severity `unavailable`, or `CancellationError`.
    func runTool(_ command: Command, output: OutputHandling = .collected) async throws -> CommandOutput {
        do {
            return try await run(command, output: output)
        } catch let error as LaunchError {
            throw TargetError(.unavailable, "\(error)", advice: Self.installAdvice(for: command.executable))
        }
    }

    /// The same for somebody who goes on trying: a program that can't be started has failed, with status 127 as a shell
    /// says it.
    /// - Throws: `CancellationError`.
    func tryTool(_ command: Command, output: OutputHandling = .collected) async throws -> CommandOutput {
        do {
            return try await runTool(command, output: output)
        } catch let error as TargetError {
            return CommandOutput(termination: .exited(127), standardError: Array(error.summary.utf8))
        }
    }

    private static func installAdvice(for executable: String) -> String? {
        switch executable {
        case "docker": "install Docker: https://docs.docker.com/get-docker/ (Debian and Ubuntu: apt install docker.io)"
        case "kubectl":
            "install kubectl: https://kubernetes.io/docs/tasks/tools/ (devloop reads manifests with it, cluster or not)"
        case "podman": "install podman: https://podman.io/docs/installation (Debian and Ubuntu: apt install podman)"
        case "nerdctl": "install nerdctl, with containerd and BuildKit: https://github.com/containerd/nerdctl/releases"
        case "kind": "install kind: https://kind.sigs.k8s.io, or give a registry with --registry"
        case "k3d": "install k3d: https://k3d.io, or give a registry with --registry"
        default: nil
        }
    }
}
