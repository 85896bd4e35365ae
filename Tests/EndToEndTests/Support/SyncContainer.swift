import Foundation
import Runner
import TestSupport
import Testing

/// A container of nothing but busybox, and a channel into it.
struct SyncContainer: Sendable {
    /// With all tools, a user `app`, and a folder of each kind of ownership.
    static let tools = """
        RUN ["/bin/busybox", "--install", "-s", "/bin"]
        RUN mkdir -p /etc /tmp /app/theirs /app/ours && chmod 1777 /tmp && \
        echo 'root:x:0:0::/:/bin/sh' >/etc/passwd && echo 'app:x:1000:1001::/:/bin/sh' >>/etc/passwd && \
        echo 'root:x:0:' >/etc/group && echo 'app:x:1001:' >>/etc/group && echo 'staff:x:50:' >>/etc/group && \
        echo old >/app/theirs/theirs && echo old >/app/theirs/ours && echo old >/app/ours/ours && \
        chown -R app:app /app/ours /app/theirs/ours
        """

    let id: String
    let folder: TemporaryFolder
    let channel: SyncChannel

    private init(id: String, patience: Duration) throws {
        self.id = id
        folder = try TemporaryFolder(isLarge: true)
        channel = .docker(container: id, launcher: Docker.launcher, patience: patience)
    }

    /// Runs a container for as long as the body needs it.
    /// - Parameter options: of `docker run`.
    static func run(
        _ instructions: String = tools, options: [String] = [], patience: Duration = .seconds(30),
        _ body: (SyncContainer) async throws -> Void
    ) async throws {
        let name = "devloop-test/sync"
        _ = try await TinyImage.build(name, "\(instructions)\nCMD [\"/bin/busybox\", \"sleep\", \"1000\"]")
        var id = ""
        do {
            let output = try await Docker.launcher.run(
                Command("docker", ["run", "--detach", "--network=none", "--stop-timeout=0"] + options + [name]))
            id = output.text
            try #require(output.termination.isSuccess, "\(output.errorText)")
            let container = try SyncContainer(id: id, patience: patience)
            try await body(container)
            container.channel.close()
        } catch {
            await remove(id)
            throw error
        }
        await remove(id)
    }

    private static func remove(_ id: String) async {
        if !id.isEmpty { _ = try? await Docker.run("rm", "--force", "--volumes", id) }
    }

    /// Writes a source, and says where it is to be.
    func file(_ path: String, _ text: String = "new", owner: String? = nil) throws -> SyncEntry {
        let source = "\(folder.path)/\(path.split(separator: "/").joined(separator: "-"))"
        try TestFile.write(Array(text.utf8), to: source)
        return SyncEntry(source: source, path: path, owner: owner)
    }

    /// What a shell in the container prints.
    func say(_ script: String) async throws -> String {
        try await Docker.run("exec", "--user=0", id, "sh", "-c", script)
    }

    func failure(_ entries: SyncEntry..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> SyncError {
        let error = await #expect(throws: SyncError.self, sourceLocation: sourceLocation) {
            _ = try await channel.send(entries)
        }
        return try #require(error, sourceLocation: sourceLocation)
    }

    /// Makes dash its shell, which finds tools on PATH only: Debian's busybox is its own tools.
    func useDash() async throws {
        let libraries = try await Shell.run("ldd", "/bin/dash").split(whereSeparator: \.isWhitespace)
            .filter { $0.hasPrefix("/") }.map(String.init)
        for library in libraries {
            let folder = (library as NSString).deletingLastPathComponent
            try await Docker.run("exec", "--user=0", id, "busybox", "mkdir", "-p", folder)
            try await Docker.run("cp", "--follow-link", library, "\(id):\(library)")
        }
        try await Docker.run("cp", "--follow-link", "/bin/dash", "\(id):/bin/sh")
    }

    /// What a folder of the container holds.
    func snapshot(_ path: String) async throws -> TreeSnapshot {
        let copy = try TemporaryFolder()
        // As an archive: docker itself refuses links that lead out of it.
        let archive = try await Docker.launcher.run(Command("docker", ["cp", "\(id):\(path)", "-"]))
        let tar = try await Docker.launcher.run(
            Command("tar", ["-xp", "--no-same-owner", "-C", copy.path], input: archive.standardOutput))
        try #require(tar.termination.isSuccess, "\(tar.errorText)")
        return try TreeSnapshot(of: "\(copy.path)/\((path as NSString).lastPathComponent)")
    }
}
