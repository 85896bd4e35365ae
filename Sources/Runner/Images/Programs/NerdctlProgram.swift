/// `nerdctl`, containerd's own, as its documentation has it
/// (https://github.com/containerd/nerdctl/blob/main/docs/command-reference.md). It builds with BuildKit.
///
/// Kubernetes sees of containerd what is in the namespace `k8s.io`: what is built there needs no registry where the
/// cluster's containerd is this one, as in Rancher Desktop, Colima and Lima.
struct NerdctlProgram: ImageProgram {
    let name = "nerdctl"
    let plainRegistryAdvice =
        "nerdctl pushes without TLS to localhost only; for others it needs a hosts.toml: "
        + "https://github.com/containerd/nerdctl/blob/main/docs/registry.md"

    func command(_ arguments: [String]) -> Command { Command(name, ["--namespace=k8s.io"] + arguments) }

    func check(_ launcher: any CommandRunning) async throws {
        let output = try await launcher.runTool(command(["info", "--format={{.ServerVersion}}"]))
        guard output.termination.isSuccess else {
            throw TargetError(
                .unavailable, "nerdctl does not reach containerd", details: [output.errorText],
                advice: "is containerd up, and may you use it? Try: nerdctl info")
        }
    }

    /// Its own words tell of a flag that it does not have.
    func ability(_ launcher: any CommandRunning) async throws -> BuilderAbility { BuilderAbility(.buildKit) }

    func hasNone(_ text: String) -> Bool {
        ["no such image", "no such object", "not found"].contains(where: text.lowercased().contains)
    }

    func error(_ summary: String, said lines: [String], termination: Termination) -> TargetError {
        let words = ["no buildkit host is available", "cannot access containerd"]
        guard lines.contains(where: { line in words.contains(where: line.contains) }) else {
            return plainError(summary, said: lines, termination: termination)
        }
        return TargetError(
            .unavailable, summary, details: lines.suffix(5),
            advice: "are containerd and buildkitd up? Try: nerdctl info")
    }
}
