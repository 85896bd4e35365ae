import Foundation
import Synchronization
import TestSupport

/// A web server in node that says which version it is of, and for how many milliseconds it has been asked to end: it
/// goes on answering for a second after that. `POST /crash` ends it without an answer.
struct PortsProject: Sendable {
    let name: String
    let folder: URL
    let port: Int

    private static let server = """
        let version = "VERSION", end = 0
        process.on("SIGTERM", () => { end = Date.now(); setTimeout(() => process.exit(0), 1000) })
        require("http").createServer((request, response) => {
            if (request.url == "/crash") process.exit(1)
            response.setHeader("Connection", "close")
            const text = version + (end ? " " + (Date.now() - end) : "")
            response.setHeader("Content-Length", text.length)
            response.end(text)
        }).listen(3000)
        """

    /// - Parameter base: an image with node.
    init(base: String) throws {
        name = "ports-\(UInt32.random(in: 0...UInt32.max))"
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        port = TCP.freePort()
        for part in ["web", "k8s"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(part), withIntermediateDirectories: true)
        }
        try "FROM \(base)\nCOPY server.js /\nCMD [\"node\", \"/server.js\"]\n".write(
            to: folder.appendingPathComponent("web/Dockerfile"), atomically: true, encoding: .utf8)
        try save(version: "0")
        try """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 3
              containers:
              - name: web
                image: \(name)/web
                ports: [{name: http, containerPort: 3000}]
                readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
        """.write(to: folder.appendingPathComponent("k8s/web.yaml"), atomically: true, encoding: .utf8)
        try configure(ports: #""\#(port):http""#)
    }

    func configure(ports: String) throws {
        try """
        { "name": "\(name)", "manifests": ["k8s"],
          "services": [{ "image": "\(name)/web", "context": "web", "sync": false, "ports": [\(ports)] }] }
        """.write(to: folder.appendingPathComponent("devloop.json"), atomically: true, encoding: .utf8)
    }

    func save(version: String) throws {
        try Self.server.replacingOccurrences(of: "VERSION", with: version).write(
            to: folder.appendingPathComponent("web/server.js"), atomically: true, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}

/// Asks a port every twenty milliseconds, each time on a connection of its own, whether or not those before are answered.
final class PortClient: Sendable {
    struct Tally: Sendable {
        var asked = 0
        var answered = 0
        var unanswered = 0
        /// By what had been asked to end, and how long before, in milliseconds.
        var byEnding = 0
        var latest = 0
        var slowest = Duration.zero
        /// Answers that took longer than a tenth of a second.
        var slow = 0
        var versions: Set<String> = []
    }

    private let state = Mutex((tally: Tally(), isOver: false))

    init(port: Int) {
        Thread.detachNewThread { [self] in
            while !state.withLock({ $0.isOver }) {
                state.withLock { $0.tally.asked += 1 }
                Thread.detachNewThread {
                    let start = ContinuousClock.now
                    let answer = Self.ask(port)
                    self.count(answer, .now - start)
                }
                Thread.sleep(forTimeInterval: 0.02)
            }
        }
    }

    var tally: Tally { state.withLock { $0.tally } }

    /// Ends, and returns what came of all of it.
    func end() async -> Tally {
        state.withLock { $0.isOver = true }
        while case let tally = tally, tally.asked > tally.answered + tally.unanswered {
            try? await Task.sleep(for: .milliseconds(20))
        }
        return tally
    }

    /// What a port answers; `nil` where it does not.
    static func ask(_ port: Int) -> String? {
        guard let connection = TCPConnection.to(port, patience: 40),
            connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        else { return nil }
        return connection.readAnswer()
    }

    private func count(_ answer: String?, _ time: Duration) {
        state.withLock { state in
            guard let answer else { return state.tally.unanswered += 1 }
            state.tally.answered += 1
            let words = answer.split(separator: " ").map(String.init)
            if words.count > 1 {
                state.tally.byEnding += 1
                state.tally.latest = max(state.tally.latest, Int(words[1]) ?? .max)
            }
            state.tally.versions.insert(words.first ?? "")
            state.tally.slowest = max(state.tally.slowest, time)
            if time > .milliseconds(100) { state.tally.slow += 1 }
        }
    }
}
