import Foundation
import TestSupport

/// Services whose files are synced, whatever they run: each is an image of a busybox with a tree of files in `/srv`.
struct SyncProject: Sendable {
    static let services = ["ant", "bee", "cat", "dog", "eel"]

    let name: String
    let folder: URL

    init() throws {
        name = "tiny-\(UInt32.random(in: 0...UInt32.max))"
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        let manager = FileManager.default
        try manager.createDirectory(at: folder.appendingPathComponent("k8s"), withIntermediateDirectories: true)
        var services: [String] = []
        for service in Self.services {
            let context = folder.appendingPathComponent(service)
            try manager.createDirectory(
                at: context.appendingPathComponent("srv/deep"), withIntermediateDirectories: true)
            try manager.copyItem(
                at: URL(fileURLWithPath: TinyProject.busybox), to: context.appendingPathComponent("busybox"))
            try """
            FROM scratch
            COPY busybox /bin/busybox
            RUN ["/bin/busybox", "--install", "-s", "/bin"]
            COPY needed /
            RUN mkdir /tmp && cat /needed
            COPY srv /srv
            CMD ["/bin/sh", "-c", "trap 'exit 0' TERM; while true; do sleep 3600 & wait $!; done"]
            """.write(to: context.appendingPathComponent("Dockerfile"), atomically: true, encoding: .utf8)
            try "0".write(to: context.appendingPathComponent("needed"), atomically: true, encoding: .utf8)
            for number in 0..<5 {
                try "first".write(
                    to: context.appendingPathComponent("srv/file \(number)"), atomically: true, encoding: .utf8)
            }
            try """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: \(service)}
            spec:
              selector: {matchLabels: {app: \(service)}}
              template:
                metadata: {labels: {app: \(service)}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: \(service), image: \(name)/\(service)}]
            """.write(to: folder.appendingPathComponent("k8s/\(service).yaml"), atomically: true, encoding: .utf8)
            services.append(
                #"{ "name": "\#(service)", "image": "\#(name)/\#(service)", "context": "\#(service)", "sync": true }"#)
        }
        try #"{ "name": "\#(name)", "manifests": ["k8s"], "services": [\#(services.joined(separator: ", "))] }"#
            .write(to: folder.appendingPathComponent("devloop.json"), atomically: true, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    private func path(_ service: String, _ relative: String) -> String {
        folder.appendingPathComponent(service).path + "/" + relative
    }

    /// Changes something of a service's files, as somebody at an editor and a shell does.
    mutating func change(_ service: String, _ random: inout SeededGenerator) throws {
        let manager = FileManager.default
        let names = ["file 0", "file 1", "file 2", "é 3", "deep/file 4", "deep/-5", "new/6", "new/more/7"]
        let name = names.randomElement(using: &random) ?? ""
        let file = path(service, "srv/\(name)")
        let text = String(repeating: "\(random.next()) ", count: Int.random(in: 0...200, using: &random))
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<6:
            try manager.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try text.write(toFile: file, atomically: Bool.random(using: &random), encoding: .utf8)
        case 6, 7: unlink(file)
        case 8: rename(file, path(service, "srv/\(names.randomElement(using: &random) ?? "")"))
        case 9: chmod(file, [0o644, 0o755, 0o600].randomElement(using: &random) ?? 0o644)
        case 10:
            for number in 0..<20 {
                try text.write(toFile: path(service, "srv/many \(number)"), atomically: false, encoding: .utf8)
            }
        default: try text.write(toFile: path(service, "needed"), atomically: true, encoding: .utf8)
        }
    }

    /// What a container prints of the files in it.
    static let listing =
        "cd /srv && find . -type f | sort | while IFS= read -r f; do md5sum \"$f\"; done; md5sum /needed"

    /// The same of what is on the disk.
    func listing(of service: String) async throws -> String {
        let script =
            "cd srv && find . -type f | LC_ALL=C sort | while IFS= read -r f; do md5sum \"$f\"; done; "
            + "md5sum ../needed | sed 's@ ../needed@ /needed@'"
        return try await Shell.run("sh", "-c", "cd '\(path(service, ""))' && \(script)")
    }
}
