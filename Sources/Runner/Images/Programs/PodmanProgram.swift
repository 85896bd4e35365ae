/// `podman`: no daemon, a store of its own, and images without a registry are `localhost/…` there, which it finds by their
/// short names all the same.
struct PodmanProgram: ImageProgram {
    /// Each costs a process.
    private static let limit = 20

    let name = "podman"
    let plainRegistryAdvice =
        "podman pushes without TLS to localhost only; for others /etc/containers/registries.conf says \"insecure = true\""

    func check(_ launcher: any CommandRunning) async throws {
        let output = try await launcher.runTool(command(["version", "--format={{.Client.Version}}"]))
        guard output.termination.isSuccess else {
            throw TargetError(.unavailable, "podman does not work", details: [output.errorText])
        }
    }

    /// Its own words tell of a flag that it does not have.
    func ability(_ launcher: any CommandRunning) async throws -> BuilderAbility { BuilderAbility(.podman) }

    /// Docker needs no TLS for a registry on this machine; podman has to be told.
    func registryFlags(_ reference: ImageReference) -> [String] {
        let host = reference.registry ?? ""
        let isHere = host.hasPrefix("localhost:") || host.hasPrefix("127.") || host.hasPrefix("[::1]")
        return isHere ? ["--tls-verify=false"] : []
    }

    /// A push compresses the layers, so that its manifest is another one than that of the image here.
    func digestFlags(_ file: String) -> [String] { ["--digestfile=\(file)"] }

    let knowsItsPushes = false

    func triesAgain(_ line: String) -> Bool { line.contains("Failed, retrying in ") }

    func hasNone(_ text: String) -> Bool { text.contains("image not known") || text.contains("no such image") }

    /// In a container that is never started: what is not there could not say so.
    func look(
        into image: String, for paths: Set<String>, with launcher: any CommandRunning
    ) async throws -> Set<String>? {
        guard paths.count <= Self.limit else { return nil }
        // What it makes is removed also where it is cancelled meanwhile.
        let made = try await Task { try await launcher.runTool(command(["create", image, "/"])) }.value
        guard made.termination.isSuccess, let id = made.text.split(separator: "\n").last.map(String.init) else {
            return nil
        }
        var found: Set<String> = []
        let result: Result<Void, any Error>
        do {
            for path in paths {
                let copy = command(["cp", "\(id):\(path)", "-"])
                let output = try await launcher.runTool(copy, output: .pieces { _, _ in })
                if output.termination.isSuccess { found.insert(path) }
            }
            result = .success(())
        } catch { result = .failure(error) }
        _ = await Task { try? await launcher.tryTool(command(["rm", "--force", id])) }.value
        try result.get()
        return found
    }
}
