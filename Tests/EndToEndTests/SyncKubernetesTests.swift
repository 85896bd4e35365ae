import Foundation
import Runner
import TestSupport
import Testing

/// Files into a pod of a real cluster.
@Suite(
    .enabled(if: KubernetesStage.isAvailable, "needs DEVLOOP_E2E_CONTEXT and DEVLOOP_E2E_REGISTRY"),
    .enabled(if: TinyImage.busybox != nil, "needs busybox-static"), .serialized, .timeLimit(.minutes(2)))
struct SyncKubernetesTests {
    private struct Pod {
        let namespace: String
        let folder: TemporaryFolder
        let channel: SyncChannel

        func kubectl(_ arguments: String...) async throws -> String {
            let place = ["--context=\(KubernetesStage.context ?? "")", "--namespace=\(namespace)"]
            let output = try await Shell.attempt("kubectl", place + arguments)
            guard output.termination.isSuccess else {
                throw ShellError(command: "kubectl \(arguments)", said: output.errorText)
            }
            return output.text
        }

        func file(_ path: String, _ text: String = "new") throws -> SyncEntry {
            let source = "\(folder.path)/\(path.split(separator: "/").joined(separator: "-"))"
            try TestFile.write(Array(text.utf8), to: source)
            return SyncEntry(source: source, path: path)
        }

        func failure(_ entry: SyncEntry) async throws -> SyncError {
            let error = await #expect(throws: SyncError.self) { _ = try await channel.send([entry]) }
            return try #require(error)
        }
    }

    private func run(_ instructions: String, _ body: (Pod) async throws -> Void) async throws {
        let namespace = "devloop-sync-\(UUID().uuidString.prefix(8).lowercased())"
        let image = "\(KubernetesStage.registry ?? "")/\(namespace)"
        let context = KubernetesStage.context ?? ""
        _ = try await TinyImage.build(image, "\(instructions)\nCMD [\"/bin/busybox\", \"sleep\", \"1000\"]")
        try await Docker.run("push", "--quiet", image)
        try await Docker.run("rmi", image)
        let pod = Pod(
            namespace: namespace, folder: try TemporaryFolder(isLarge: true),
            channel: .kubernetes(
                context: context, namespace: namespace, pod: "app", container: "app", launcher: Docker.launcher))
        _ = try await pod.kubectl("create", "namespace", namespace)
        do {
            try await Shell.until {
                (try? await pod.kubectl("get", "serviceaccount", "default", "--output=name")) != nil
            }
            _ = try await pod.kubectl("run", "app", "--image=\(image)", "--restart=Never", "--grace-period=1")
            _ = try await pod.kubectl("wait", "--for=condition=Ready", "pod/app", "--timeout=60s")
            try await body(pod)
        } catch {
            _ = try? await pod.kubectl("delete", "namespace", namespace, "--wait=false")
            throw error
        }
        _ = try await pod.kubectl("delete", "namespace", namespace, "--wait=false")
    }

    @Test func filesArriveUntilThePodIsGone() async throws {
        try await run(SyncContainer.tools) { pod in
            let small = try pod.file("/app/a", "one")
            #expect(try await pod.channel.send([small]).bytes == 3)
            #expect(try await pod.kubectl("exec", "app", "--", "cat", "/app/a") == "one")
            let large = try pod.file("/app/large", String(repeating: "0123456789", count: 10 << 20))
            #expect(try await pod.channel.send([large]).bytes == 100 << 20)
            let many = try (0..<2000).map { try pod.file("/app/many/\($0)", "\($0)") }
            #expect(try await pod.channel.send(many).count == 2000)
            #expect(try await pod.kubectl("exec", "app", "--", "sh", "-c", "ls /app/many | wc -l") == "2000")
            _ = try await pod.kubectl("delete", "pod", "app", "--grace-period=1")
            let error = try await pod.failure(many[0])
            #expect(error == .lost(error.reason))
            let next = SyncChannel.kubernetes(
                context: KubernetesStage.context ?? "", namespace: pod.namespace, pod: "app", container: "app",
                launcher: Docker.launcher)
            let gone = await #expect(throws: SyncError.self) { _ = try await next.send(many) }
            #expect(gone?.reason.kind == .containerGone)
        }
    }

    @Test func anImageWithoutAShellIsTold() async throws {
        try await run("RUN [\"/bin/busybox\", \"rm\", \"/bin/sh\"]") { pod in
            let error = try await pod.failure(pod.file("/a"))
            #expect(error == .impossible(SyncReason(.noShell, "the container has no shell")))
        }
    }
}
