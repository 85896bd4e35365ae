import Foundation

/// A copy of `Examples/blog` with names and ports of its own, so that tests meet neither each other nor a blog that
/// somebody runs.
struct BlogCopy: Sendable {
    static let services = ["posts", "comments", "query", "moderation", "event-bus"]

    /// What devloop's project, or the namespace, is called.
    let name: String
    let folder: URL
    /// The host's ports of posts, comments and query.
    let ports: [String: Int]
    /// The image that the Dockerfiles build on.
    let base: String

    /// Copies the example and makes sure of its base image.
    init() async throws {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        base =
            try await Shell.run(repository.appendingPathComponent("Scripts/base-image").path)
            .components(separatedBy: "\n").last ?? ""
        name = "blog-test-\(UInt32.random(in: 0...UInt32.max))"
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: repository.appendingPathComponent("Examples"), to: folder.appendingPathComponent("Examples"))
        let first = Int.random(in: 30500...32000)
        ports = ["posts": first, "comments": first + 1, "query": first + 2]
        for file in try FileManager.default.contentsOfDirectory(at: manifests, includingPropertiesForKeys: nil) {
            var text = try String(contentsOf: file, encoding: .utf8)
            for (old, new) in [("30400", first), ("30401", first + 1), ("30402", first + 2)] {
                text = text.replacingOccurrences(of: "nodePort: \(old)", with: "nodePort: \(new)")
            }
            text = text.replacingOccurrences(of: "image: blog/", with: "image: \(name)/")
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        var configuration = try String(
            contentsOf: repository.appendingPathComponent("devloop.json"), encoding: .utf8)
        configuration = configuration.replacingOccurrences(of: "\"name\": \"blog\"", with: "\"name\": \"\(name)\"")
            .replacingOccurrences(of: "\"image\": \"blog/", with: "\"image\": \"\(name)/")
        try configuration.write(
            to: folder.appendingPathComponent("devloop.json"), atomically: true, encoding: .utf8)
    }

    var manifests: URL { folder.appendingPathComponent("Examples/blog/infra/k8s") }

    func source(of service: String) -> URL { folder.appendingPathComponent("Examples/blog/\(service)/index.js") }

    /// Saves a service's source with another version in it, as an editor does.
    func save(_ service: String, version: String) throws {
        let text = try String(contentsOf: source(of: service), encoding: .utf8)
        let changed = text.replacing(/const version = ".*";/, with: "const version = \"\(version)\";")
        try changed.write(to: source(of: service), atomically: Bool.random(), encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    // MARK: - The blog over its published ports

    struct Post: Codable, Sendable, Equatable {
        var id: String
        var title: String
    }

    /// Creates a post; asked again while the blog is not up to it (503 until the event bus answers).
    func createPost(_ title: String) async throws -> Post? {
        let body = try JSONEncoder().encode(["title": title])
        let answer = try await Shell.eventually {
            await http("POST", "posts", "/posts", body: body)
        } is: {
            $0?.status == 201
        }
        return try answer.map { try JSONDecoder().decode(Post.self, from: $0.body) }
    }

    /// The posts that the query service shows, once they are the wanted ones.
    func queriedPosts(_ wanted: [Post]) async throws -> [Post] {
        try await Shell.eventually {
            await http("GET", "query", "/posts").flatMap { try? JSONDecoder().decode([Post].self, from: $0.body) } ?? []
        } is: {
            $0 == wanted
        }
    }

    /// The version that a service says it is, once it is the wanted one.
    func version(of service: String, wanted: String) async throws -> String? {
        try await Shell.eventually {
            await http("GET", service, "/healthz").flatMap {
                try? JSONSerialization.jsonObject(with: $0.body) as? [String: Any]
            }?["version"] as? String
        } is: {
            $0 == wanted
        }
    }

    /// curl is not everywhere, Foundation's networking is large: the tests bring the few lines themselves.
    private func http(
        _ method: String, _ service: String, _ path: String, body: Data = Data()
    ) async -> (status: Int, head: String, body: Data)? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    returning: HTTP.request(method, port: ports[service] ?? 0, path: path, body: body))
            }
        }
    }
}
