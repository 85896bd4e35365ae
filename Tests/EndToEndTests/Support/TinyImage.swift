import Foundation
import Runner

/// Images of a few lines: nothing but a static busybox, so that no registry is needed.
enum TinyImage {
    /// Debian's package busybox-static has it.
    static let busybox: String? = ["/bin/busybox", "/usr/bin/busybox"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Answers requests with a text, or with its environment variable TEXT where there is one.
    static func server(_ text: String) -> String {
        """
        CMD ["sh", "-c", "busybox mkdir /www; echo ${TEXT:-\(text)} >/www/index.html; echo up; \
        exec busybox httpd -f -p 80 -h /www"]
        """
    }

    /// Says that it is up, and stays.
    static let shell = "CMD [\"sh\", \"-c\", \"echo up; exec busybox sleep 1000\"]"

    /// Builds an image.
    /// - Parameters:
    ///   - name: the name that the manifests use.
    ///   - instructions: what follows `COPY busybox /bin/`: the shell is there, its applets are not by name, so a
    ///     script calls `busybox nc`.
    static func build(_ name: String, _ instructions: String) async throws -> BuiltImage {
        guard let busybox else { throw Docker.Failure(text: "no busybox: apt install busybox-static") }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("devloop-tiny-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.copyItem(atPath: busybox, toPath: folder.appendingPathComponent("busybox").path)
        let dockerfile =
            "FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nENV PATH=/bin\n\(instructions)\n"
        try dockerfile.write(to: folder.appendingPathComponent("Dockerfile"), atomically: true, encoding: .utf8)
        try await Docker.run("build", "--quiet", "--tag=\(name)", folder.path)
        let id = try await Docker.run("image", "inspect", "--format={{.Id}}", name)
        guard let reference = ImageReference(name) else { throw Docker.Failure(text: "\(name) is no image") }
        return BuiltImage(reference: reference, id: id)
    }
}
