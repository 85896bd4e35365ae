import Foundation
import TestSupport
import Testing

@testable import Runner

/// A client that goes on asking while what is behind its port is replaced again and again.
@Suite(.enabled(if: DockerStage.isAvailable, "needs Docker"), .serialized)
struct PortsTests {
    private static let rounds = ProcessInfo.processInfo.environment["DEVLOOP_PORT_ROUNDS"].flatMap(Int.init) ?? 5

    private func ask(_ port: Int) async -> String? { await TCP.blocking { PortClient.ask(port) } }

    private func check(_ tally: PortClient.Tally, _ name: String) {
        let line =
            "\(name): \(tally.asked) requests, \(tally.answered) answered, \(tally.unanswered) not; \(tally.slow) took longer "
            + "than 100 ms, the slowest \(tally.slowest); \(tally.byEnding) were under way when the pod was asked to end, the "
            + "last \(tally.latest) ms after that; \(tally.versions.count) versions"
        print(line)
        #expect(tally.unanswered == 0, "\(line)")
        // What was on its way there by then.
        #expect(tally.latest < 500, "\(line)")
    }

    @Test(.timeLimit(.minutes(20)), .enabled(if: KubernetesStage.isAvailable, "needs a cluster"))
    func aPortOfAClusterAnswersThroughRolloutsDeletionsAndACrash() async throws {
        let project = try PortsProject(base: try await Docker.base())
        let stage = KubernetesStage(namespace: project.name)
        let kubectl = ["--context=\(KubernetesStage.context ?? "")", "--namespace=\(project.name)"]
        _ = try await Shell.run("kubectl", kubectl[0], "create", "namespace", project.name)
        do {
            let dev = try DevloopProcess(["dev"] + stage.flags, folder: project.folder)
            try await dev.line(containing: "web: http://localhost:\(project.port)")
            // Before anything is built it is held.
            let first = await ask(project.port)
            #expect(first == "0")
            try await dev.line(containing: "✓ web live in")
            let client = PortClient(port: project.port)
            for round in 1...Self.rounds {
                let seen = dev.lineCount
                try project.save(version: "\(round)")
                try await dev.line(from: seen, containing: "✓ web live in")
                guard round % 5 == 0 else { continue }
                _ = try await Shell.attempt("kubectl", kubectl + ["delete", "pod", "--selector=app=web"])
                _ = try await Shell.attempt("kubectl", kubectl + ["rollout", "status", "deployment/web"])
            }
            await crash(project.port)
            let last = await ask(project.port)
            #expect(last == "\(Self.rounds)")
            check(await client.end(), "cluster, \(Self.rounds) rollouts")
            try await stopped(dev, "stopped kubectl", project)
            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
            let left = try await Shell.attempt("pgrep", ["-f", "port-forward.*\(project.name)"]).text
            #expect(left == "")
        } catch {
            await remove(project, kubectl[0])
            throw error
        }
        await remove(project, kubectl[0])
    }

    private func remove(_ project: PortsProject, _ context: String) async {
        _ = try? await Shell.attempt("kubectl", [context, "delete", "namespace", project.name, "--wait=false"])
        let image = "\(project.name)/web"
        _ = try? await Shell.attempt("docker", ["rmi", image, "\(KubernetesStage.registry ?? "")/\(image)"])
        project.remove()
    }

    /// Has the server end in the middle of a request.
    private func crash(_ port: Int) async {
        _ = await TCP.blocking {
            let connection = TCPConnection.to(port, patience: 40)
            connection?.send("POST /crash HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            return connection?.readToEnd()
        }
    }

    /// A tunnel whose kubectl does not run on is replaced, and nothing is said of it.
    private func stopped(_ dev: DevloopProcess, _ name: String, _ project: PortsProject) async throws {
        let seen = dev.lineCount
        let pids = try await Shell.attempt(
            "pgrep", ["-f", "port-forward.*\(project.name)|--namespace=\(project.name) port-forward"]
        )
        .text.split(separator: "\n").compactMap { Int32($0) }
        #expect(!pids.isEmpty)
        for pid in pids { kill(pid, SIGSTOP) }
        let start = ContinuousClock.now
        let answer = await ask(project.port)
        print("\(name): answered after \(ContinuousClock.now - start)")
        #expect(answer == "\(Self.rounds)")
        #expect(ContinuousClock.now - start < .seconds(8))
        let said = dev.output.split(separator: "\n").dropFirst(seen).filter { $0.contains("port") }
        #expect(said == [])
    }

    @Test(.timeLimit(.minutes(10))) func aPortOnDockerAnswersThroughEditsAndACrash() async throws {
        let project = try PortsProject(base: try await Docker.base())
        let dev = try DevloopProcess(["dev", "--target", "docker", "--cleanup"], folder: project.folder)
        try await dev.line(containing: "web: http://localhost:\(project.port)")
        let first = await ask(project.port)
        #expect(first == "0")
        try await dev.line(containing: "✓ web live in")
        let client = PortClient(port: project.port)
        for round in 1...(Self.rounds) {
            let seen = dev.lineCount
            try project.save(version: "\(round)")
            try await dev.line(from: seen, containing: "✓ web live in")
            // It counts as ready once it runs.
            try await Shell.until { await ask(project.port) == "\(round)" }
        }
        await crash(project.port)
        let last = await ask(project.port)
        #expect(last == "\(Self.rounds)")
        check(await client.end(), "Docker, \(Self.rounds) edits")
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/web"])
        project.remove()
    }

    @Test(.timeLimit(.minutes(5))) func portsFollowTheFileWithoutARestart() async throws {
        let project = try PortsProject(base: try await Docker.base())
        let other = TCP.freePort()
        let dev = try DevloopProcess(["dev", "--target", "docker", "--cleanup"], folder: project.folder)
        try await dev.line(containing: "✓ web live in")
        try project.configure(ports: "\"\(other):3000\"")
        try await dev.line(containing: "web: http://localhost:\(other)")
        let answer = await ask(other)
        #expect(answer == "0")
        let isClosed = await TCP.blocking { [port = project.port] in TCPConnection.to(port) == nil }
        #expect(isClosed)
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/web"])
        project.remove()
    }

    @Test(.timeLimit(.minutes(5))) func aPortThatIsTakenIsSaidAndTakenLater() async throws {
        let project = try PortsProject(base: try await Docker.base())
        let server = try TCPServer(port: project.port) { connection, _ in connection.answer("other") }
        let dev = try DevloopProcess(["dev", "--target", "docker", "--cleanup"], folder: project.folder)
        try await dev.line(containing: "port \(project.port) of this machine is taken by ")
        try await dev.line(containing: "✓ web live in")
        server.stop()
        try await dev.line(containing: "web: http://localhost:\(project.port)")
        let answer = await ask(project.port)
        #expect(answer == "0")
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0)
        _ = try await Shell.attempt("docker", ["rmi", "\(project.name)/web"])
        project.remove()
    }
}
