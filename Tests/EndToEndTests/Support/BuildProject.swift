import Foundation

/// A project of images that are made of a static busybox and a few files, in a folder of its own.
struct BuildProject: Sendable {
    let name: String
    let folder: URL

    /// What the images begin with: all of busybox's programs by their names.
    static let busybox = """
        FROM scratch
        COPY busybox /bin/busybox
        RUN ["/bin/busybox", "--install", "-s", "/bin"]
        """

    /// - Parameters:
    ///   - services: the keys of each service, in which `NAME` stands for the project's name.
    ///   - files: texts by their paths; `NAME` in them likewise.
    init(services: [String], files: [String: String]) throws {
        name = "tiny-\(UInt32.random(in: 0...UInt32.max))"
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        for (path, text) in files { try write(text, to: path) }
        let manifests = files.keys.contains { $0.hasPrefix("k8s/") } ? #""manifests": ["k8s"], "# : ""
        try write(
            #"{ "name": "NAME", \#(manifests)"services": [\#(services.joined(separator: ",\n"))] }"#,
            to: "devloop.json")
    }

    func write(_ text: String, to path: String) throws {
        let file = folder.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.replacingOccurrences(of: "NAME", with: name).write(to: file, atomically: true, encoding: .utf8)
    }

    /// Puts busybox into a folder.
    func copyBusybox(to context: String) throws {
        let file = folder.appendingPathComponent("\(context)/busybox")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: URL(fileURLWithPath: TinyProject.busybox), to: file)
    }

    /// A Deployment of an image of the project.
    static func deployment(of service: String) -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: \(service)}
        spec:
          selector: {matchLabels: {app: \(service)}}
          template:
            metadata: {labels: {app: \(service)}}
            spec:
              terminationGracePeriodSeconds: 1
              containers: [{name: \(service), image: NAME/\(service)}]
        """
    }

    /// Where a builder's client is the `docker` that is found, and nothing of another run is remembered.
    func environment(_ builder: ImageBuilderProgram) -> [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let client = URL(fileURLWithPath: builder.executable).deletingLastPathComponent().path
        return builder.environment.merging(
            ["PATH": "\(client):\(path)", "XDG_STATE_HOME": folder.appendingPathComponent("state").path]
        ) { $1 }
    }

    /// Removes its images and what devloop made of it, and the folder.
    func remove() async throws {
        _ = try await Shell.attempt(
            DevloopProcess.executable,
            ["down", "--target", "docker", "-f", folder.appendingPathComponent("devloop.json").path])
        for prefix in ["", "clean-"] {
            let images = try await Shell.attempt(
                "docker", ["images", "--format={{.Repository}}", "\(prefix)\(name)/*"])
            let names = images.text.split(separator: "\n").map(String.init)
            if !names.isEmpty { _ = try await Shell.attempt("docker", ["rmi"] + names) }
        }
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs a body and removes the project in any case.
    func run<Result>(_ body: () async throws -> Result) async throws -> Result {
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try await remove()
        return try result.get()
    }
}
