import Foundation
import TestSupport
import Testing

/// A copy of a project of `Tests/Fixtures` whose name and images are its own, and a port of this machine that leads to it.
struct FixtureProject: Sendable {
    let name: String
    let folder: URL
    let port: Int

    /// - Parameter keys: what stands in its devloop.json besides, by the port.
    init(_ fixture: String, _ keys: (Int) -> String) throws {
        name = "\(fixture)-\(UInt32.random(in: 0...UInt32.max))"
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        port = TCP.freePort()
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        try FileManager.default.copyItem(at: tests.appendingPathComponent("Fixtures/\(fixture)"), to: folder)
        let manifests = folder.appendingPathComponent("infra")
        for file in try FileManager.default.contentsOfDirectory(at: manifests, includingPropertiesForKeys: nil) {
            try Self.edit(file) { $0.replacingOccurrences(of: "image: \(fixture)/", with: "image: \(name)/") }
        }
        try Self.edit(folder.appendingPathComponent("devloop.json")) { text in
            text.replacingOccurrences(of: #""name": "\#(fixture)","#, with: #""name": "\#(name)", \#(keys(port)),"#)
                .replacingOccurrences(of: #""image": "\#(fixture)/"#, with: #""image": "\#(name)/"#)
        }
    }

    func write(_ text: String, to file: String) throws {
        try text.write(to: folder.appendingPathComponent(file), atomically: true, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// What its port answers; `nil` where nobody does.
    func ask(
        _ method: String = "GET", _ path: String = "/", _ body: String = "", host: String = "localhost",
        cookie: String = ""
    ) async -> (status: Int, head: String, body: String)? {
        await TCP.blocking {
            HTTP.request(method, port: port, path: path, body: Data(body.utf8), host: host, cookie: cookie)
                .map { ($0.status, $0.head, String(decoding: $0.body, as: UTF8.self)) }
        }
    }

    /// What its port answers once it answers well.
    func answer(
        _ method: String = "GET", _ path: String = "/", _ body: String = "", host: String = "localhost",
        cookie: String = ""
    ) async throws -> (status: Int, head: String, body: String) {
        let answer = try await Shell.eventually {
            await ask(method, path, body, host: host, cookie: cookie)
        } is: { answer in
            answer.map { $0.status < 300 } ?? false
        }
        return try #require(answer, "nobody answers \(method) \(path)")
    }

    private static func edit(_ file: URL, _ change: (String) -> String) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        try change(text).write(to: file, atomically: true, encoding: .utf8)
    }
}
