import Foundation

/// A project of one service in a folder of its own: an image with nothing but a static busybox, which prints the version
/// that its source holds and then waits.
struct TinyProject: Sendable {
    /// Debian's package `busybox-static`.
    static let busybox = "/bin/busybox"
    static var isPossible: Bool { FileManager.default.isExecutableFile(atPath: busybox) }

    let name: String
    let folder: URL

    /// All of busybox's programs by their names, and the version in a folder that is copied last.
    static let withTools = """
        FROM scratch
        COPY busybox /bin/busybox
        RUN ["/bin/busybox", "--install", "-s", "/bin"]
        RUN mkdir /tmp
        COPY run version /
        CMD ["/bin/busybox", "sh", "/run"]
        """

    /// A Deployment of the image.
    /// - Parameters:
    ///   - more: lines of its container.
    ///   - containers: others of its pods.
    ///   - pod: lines of the pods' specification.
    static func deployment(_ more: String = "", containers: String = "", pod: String = "") -> [String: String] {
        [
            "app.yaml": """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: app}
            spec:
              selector: {matchLabels: {app: app}}
              template:
                metadata: {labels: {app: app}}
                spec:
                  terminationGracePeriodSeconds: 1
            \(pod)
                  containers:
                    - name: app
                      image: IMAGE
            \(more)
            \(containers)
            """
        ]
    }

    /// - Parameters:
    ///   - manifests: `IMAGE` in them stands for the image's name, `NAME` for the project's.
    ///   - dockerfile: the Dockerfile, where it is to be another one.
    ///   - settings: more keys of the service.
    init(
        manifests: [String: String], workloads: [String]? = nil, dockerfile: String? = nil, settings: String = ""
    ) throws {
        name = "tiny-\(UInt32.random(in: 0...UInt32.max))"
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        let context = folder.appendingPathComponent("app")
        try FileManager.default.createDirectory(at: context, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("k8s"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: URL(fileURLWithPath: Self.busybox), to: context.appendingPathComponent("busybox"))
        try
            (dockerfile
                ?? """
                FROM scratch
                COPY busybox /bin/busybox
                COPY run version /
                CMD ["/bin/busybox", "sh", "/run"]
                """).write(to: context.appendingPathComponent("Dockerfile"), atomically: true, encoding: .utf8)
        try """
        trap 'exit 0' TERM
        echo "version $(/bin/busybox cat /version) starts"
        while true; do /bin/busybox sleep 3600 & wait $!; done
        """.write(to: context.appendingPathComponent("run"), atomically: true, encoding: .utf8)
        try save(version: "one")
        for (file, text) in manifests {
            let text = text.replacingOccurrences(of: "IMAGE", with: "\(name)/app").replacingOccurrences(
                of: "NAME", with: name)
            try text.write(
                to: folder.appendingPathComponent("k8s/\(file)"), atomically: true, encoding: .utf8)
        }
        let named = workloads.map { ", \"workloads\": \($0)" } ?? ""
        try """
        { "name": "\(name)",\(manifests.isEmpty ? "" : #" "manifests": ["k8s"],"#)
          "services": [{ "name": "app", "image": "\(name)/app", "context": "app"\(named)\(settings) }] }
        """.write(to: folder.appendingPathComponent("devloop.json"), atomically: true, encoding: .utf8)
    }

    /// Saves the service's source.
    func save(version: String) throws {
        try "\(version)\n".write(
            to: folder.appendingPathComponent("app/version"), atomically: true, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}
