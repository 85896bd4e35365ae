import Foundation
import TestSupport
import Testing

/// What goes through a forwarded port: WebSockets, HTTP/2, much, many connections at once, those that end by halves, those
/// that vanish. `Tests/Fixtures/traffic` says both sides of it.
@Suite(.enabled(if: DockerStage.isAvailable, "needs Docker"), .serialized, .timeLimit(.minutes(15)))
struct TrafficTests {
    /// How much goes through one connection, each way: a gigabyte takes a cluster a minute.
    private static let mebibytes =
        ProcessInfo.processInfo.environment["DEVLOOP_TRAFFIC_MEBIBYTES"].flatMap(Int.init) ?? 64
    private static let things = ["websocket", "http2", "much", "many", "clientEnds", "serverEnds", "vanishes"]

    @Test(arguments: TinyPlace.there) func everythingPasses(place: TinyPlace) async throws {
        let ports = [TCP.freePort(), TCP.freePort(), TCP.freePort()]
        let forward = zip(ports, [3000, 3001, 3002]).map { #"{ "to": "service/server:\#($1)", "port": \#($0) }"# }
        let project = try FixtureProject("traffic") { _ in #""forward": [\#(forward.joined(separator: ", "))]"# }
        defer { project.remove() }
        let base = try await Docker.base()
        let result: Result<Void, any Error>
        do {
            try await place.withNamespace(project.name) {
                try await DevloopProcess.dev(
                    ["--color=never", "--cleanup"] + place.flags(project.name), of: ["server"], in: project.folder,
                    environment: ["BASE": base]
                ) {
                    try await check(project, $0, ports, place, base)
                }
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        let image = "\(project.name)/server"
        _ = try await Shell.attempt("docker", ["rmi", image, "\(KubernetesStage.registry ?? "")/\(image)"])
        try result.get()
    }

    private func check(
        _ project: FixtureProject, _ dev: DevloopProcess, _ ports: [Int], _ place: TinyPlace, _ base: String
    ) async throws {
        // Each port has been used once: a tunnel stays for the next connection.
        _ = try await client(project, ports, place, base, mebibytes: 1)
        let before = try descriptors(of: dev)
        let lines = try await client(project, ports, place, base, mebibytes: Self.mebibytes)
        for line in lines { print("\(place), \(Self.mebibytes) MiB: \(line)") }
        #expect(
            lines.filter { $0.hasPrefix("ok ") }.map { String($0.split(separator: " ")[1]) } == Self.things, "\(lines)")
        // What held a connection is free again, and no tunnel has come beside the first ones.
        let after = try await Shell.eventually(within: .seconds(20)) {
            try descriptors(of: dev)
        } is: {
            $0 <= before
        }
        #expect(after <= before)
        if place == .cluster {
            let tunnels = try await Shell.attempt("pgrep", ["-f", "namespace=\(project.name) port-forward"]).text
            #expect(tunnels.split(separator: "\n").count == ports.count)
        }
    }

    /// The lines of what passed and what did not.
    private func client(
        _ project: FixtureProject, _ ports: [Int], _ place: TinyPlace, _ base: String, mebibytes: Int
    ) async throws -> [String] {
        // containerd 1.6 does not tell a server that its client has said all, and passes a server's end on a second late,
        // when it closes all: there nobody waits for an end.
        let words = ports.map { "\($0)" } + ["\(mebibytes)", place == .docker ? "1" : "0"]
        return try await Shell.attempt(
            "docker",
            ["run", "--rm", "--network=host", "--volume=\(project.folder.path):/project:ro", base]
                + ["node", "/project/client.js"] + words
        ).text.split(separator: "\n").map(String.init)
    }

    private func descriptors(of dev: DevloopProcess) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(dev.pid)/fd").count
    }
}
