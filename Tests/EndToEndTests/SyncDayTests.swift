import Foundation
import TestSupport
import Testing

@testable import Runner

/// Random changes of five services, most of which are synced, with containers that die, are deleted, scaled and rolled out
/// by others: after silence every container holds what is on the disk, and so does every one that is started when devloop
/// has ended.
@Suite(.enabled(if: DockerStage.isAvailable, "needs Docker"), .serialized)
struct SyncDayTests {
    /// How many changes: three hundred on demand.
    private static let count = ProcessInfo.processInfo.environment["DEVLOOP_SYNC_CHANGES"].flatMap(Int.init) ?? 60

    @Test(.timeLimit(.minutes(20)), .enabled(if: KubernetesStage.isAvailable, "needs a cluster"))
    func aDayOnACluster() async throws {
        var project = try SyncProject()
        let stage = KubernetesStage(namespace: project.name)
        let kubectl = ["--context=\(KubernetesStage.context ?? "")", "--namespace=\(project.name)"]
        _ = try await Shell.run("kubectl", kubectl[0], "create", "namespace", project.name)
        let name = project.name
        func pods(of service: String) async throws -> [String] {
            let list = try await Shell.attempt(
                "kubectl",
                kubectl + [
                    "get", "pods", "--selector=app=\(service)",
                    "--output=go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}",
                ])
            return list.text.split(separator: " ").map(String.init)
        }
        func listings(of service: String) async throws -> [String] {
            var found: [String] = []
            for pod in try await pods(of: service) {
                found.append(
                    try await Shell.attempt("kubectl", kubectl + ["exec", pod, "--", "sh", "-c", SyncProject.listing])
                        .text)
            }
            return found
        }
        do {
            let dev = try DevloopProcess(["dev"] + stage.flags, folder: project.folder)
            for service in SyncProject.services { try await dev.line(containing: "✓ \(service) live in") }
            var random = SeededGenerator(seed: 12)
            for _ in 0..<Self.count {
                let service = SyncProject.services.randomElement(using: &random) ?? ""
                try project.change(service, &random)
                let pod = try await Int.random(in: 0..<12, using: &random) == 0 ? pods(of: service).first : nil
                guard let pod else {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...400, using: &random)))
                    continue
                }
                let commands = [
                    ["exec", pod, "--", "kill", "1"], ["delete", "pod", pod, "--wait=false"],
                    ["scale", "deployment/\(service)", "--replicas=3"],
                    ["rollout", "restart", "deployment/\(service)"],
                ]
                _ = try await Shell.attempt("kubectl", kubectl + (commands.randomElement(using: &random) ?? []))
            }
            try await Self.check(project, dev, listings)
            try await Self.checkImages(project, dev, isPushed: true)
            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
            #expect(!dev.output.contains("lacks what was synced"))
            _ = try await Shell.attempt("kubectl", kubectl + ["delete", "pods", "--all"])
            try await Self.check(project, dev, listings)
        } catch {
            _ = try await Shell.attempt("kubectl", [kubectl[0], "delete", "namespace", name, "--wait=false"])
            throw error
        }
        _ = try await Shell.attempt("kubectl", [kubectl[0], "delete", "namespace", name, "--wait=false"])
        project.remove()
    }

    @Test(.timeLimit(.minutes(20))) func aDayOnDocker() async throws {
        var project = try SyncProject()
        let name = project.name
        func containers(of service: String) async throws -> [String] {
            try await Shell.attempt(
                "docker",
                [
                    "ps", "--quiet", "--filter=label=dev.devloop.project=\(name)",
                    "--filter=label=dev.devloop.workload=deployment/\(service)",
                ]
            ).text.split(separator: "\n").map(String.init)
        }
        func listings(of service: String) async throws -> [String] {
            var found: [String] = []
            for container in try await containers(of: service) {
                found.append(
                    try await Shell.attempt("docker", ["exec", container, "sh", "-c", SyncProject.listing]).text)
            }
            return found
        }
        func clean() async throws {
            _ = try await Shell.attempt(
                DevloopProcess.executable, ["down", "--target", "docker", "-f", project.folder.path + "/devloop.json"])
            project.remove()
        }
        do {
            let dev = try DevloopProcess(["dev", "--target", "docker"], folder: project.folder)
            for service in SyncProject.services { try await dev.line(containing: "✓ \(service) live in") }
            var random = SeededGenerator(seed: 13)
            for _ in 0..<Self.count {
                let service = SyncProject.services.randomElement(using: &random) ?? ""
                try project.change(service, &random)
                let isCalm = Int.random(in: 0..<12, using: &random) != 0
                let container = try await isCalm ? nil : containers(of: service).first
                guard let container else {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...400, using: &random)))
                    continue
                }
                let command = [["restart", "--time=1"], ["kill"], ["exec"]].randomElement(using: &random) ?? []
                let rest = command == ["exec"] ? ["kill", "1"] : []
                _ = try await Shell.attempt("docker", command + [container] + rest)
                // Docker does not start again what somebody has killed.
                if command == ["kill"] { _ = try await Shell.attempt("docker", ["start", container]) }
            }
            try await Self.check(project, dev, listings)
            try await Self.checkImages(project, dev, isPushed: false)
            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
        } catch {
            try await clean()
            throw error
        }
        try await clean()
    }

    /// Every container of every service holds what is on the disk.
    private static func check(
        _ project: SyncProject, _ dev: DevloopProcess, _ listings: (String) async throws -> [String]
    ) async throws {
        for service in SyncProject.services {
            let wanted = try await project.listing(of: service)
            let found = try await Shell.eventually {
                try await listings(service)
            } is: { found in
                !found.isEmpty && found.allSatisfy { $0 == wanted }
            }
            #expect(
                !found.isEmpty && found.allSatisfy { $0 == wanted },
                "\(service) has\n\(found.filter { $0 != wanted }.joined(separator: "\n--\n"))\n\nand should have\n\(wanted)\n\(dev.output)"
            )
        }
    }

    /// The images that containers are started from later hold what is on the disk too.
    /// - Parameter isPushed: whether they have to be in a registry.
    private static func checkImages(_ project: SyncProject, _ dev: DevloopProcess, isPushed: Bool) async throws {
        for service in SyncProject.services {
            let (image, wanted) = ("\(project.name)/\(service)", try await project.listing(of: service))
            let found = try await Shell.eventually {
                try await Shell.attempt("docker", ["run", "--rm", image, "sh", "-c", SyncProject.listing]).text
            } is: {
                $0 == wanted
            }
            #expect(found == wanted, "the image of \(service)\n\(dev.output)")
            guard isPushed else { continue }
            let digests = try await Shell.eventually {
                try await Shell.run("docker", "image", "inspect", "--format={{len .RepoDigests}}", image)
            } is: {
                $0 != "0"
            }
            #expect(digests != "0", "\(service)")
        }
    }
}
