import Foundation
import Testing

/// What is done in a container after files arrived there, on real Docker and a real cluster.
@Suite(.enabled(if: TinyProject.isPossible, "needs busybox-static"), .serialized)
struct OnSyncTests {
    private static func manifests(_ more: String = "") -> [String: String] {
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
                  containers:
                    - {name: app, image: IMAGE, env: [{name: GREETING, value: hello}]\(more)}
            """
        ]
    }

    private enum Place: String, CaseIterable, Sendable {
        case docker
        case cluster

        static let there = allCases.filter { $0 == .docker ? DockerStage.isAvailable : KubernetesStage.isAvailable }
    }

    private static let restart = #", "onSync": { "restart": true }"#

    @Test(.timeLimit(.minutes(2)), arguments: Place.there)
    private func aProgramIsStartedAgainInItsContainer(_ place: Place) async throws {
        try await Self.run(place, Self.manifests(), TinyProject.withTools, Self.restart) { project, dev in
            let before = try await Self.container(project, place)
            for version in ["two", "three", "four"] {
                let mark = dev.lineCount
                try project.save(version: version)
                try await dev.line(from: mark, containing: "version \(version) starts")
                try await dev.line(from: mark, containing: "✓ app synced in")
            }
            #expect(try await Self.container(project, place) == before)
            #expect(!dev.output.contains("exited with"))
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: Place.there)
    private func theManifestsOwnCommandIsWhatIsStartedAgain(_ place: Place) async throws {
        let command =
            #", command: [/bin/sh, -c, 'echo "$(GREETING) $$(GREETING) $0 $(cat /version)"; exec sleep 3600'], args: [me]"#
        try await Self.run(place, Self.manifests(command), TinyProject.withTools, Self.restart) { project, dev in
            // Kubernetes fills in the first, the shell runs the last; the second is neither's.
            try await dev.line(containing: "hello")
            let mark = dev.lineCount
            try project.save(version: "two")
            try await dev.line(from: mark, containing: "two")
            try await dev.line(from: mark, containing: "started again")
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: Place.there)
    private func aProgramThatEndsByItselfIsTheContainersEnd(_ place: Place) async throws {
        let dockerfile = TinyProject.withTools.replacingOccurrences(
            of: #"CMD ["/bin/busybox", "sh", "/run"]"#,
            with: #"CMD ["sh", "-c", "echo up $(cat /version); grep -q bad /version && exit 7; exec sleep 3600"]"#)
        try await Self.run(place, Self.manifests(), dockerfile, Self.restart) { project, dev in
            let mark = dev.lineCount
            try project.save(version: "bad")
            try await dev.line(from: mark, containing: "up bad")
            #expect(try await dev.line(from: mark, containing: " code 7").contains("app"))
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: Place.there)
    private func anImageWithoutAShellIsBuiltWithAWord(_ place: Place) async throws {
        try await Self.run(place, Self.manifests(), nil, Self.restart) { project, dev in
            let mark = dev.lineCount
            try project.save(version: "two")
            #expect(
                try await dev.line(from: mark, containing: "not synced, building instead").contains("no shell"))
            try await dev.line(from: mark, containing: "version two starts")
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: Place.there)
    private func aSignalAndAProgramAreForTheFilesThatTheyName(_ place: Place) async throws {
        let dockerfile = TinyProject.withTools.replacingOccurrences(of: "COPY run version /", with: "COPY . /")
        let settings = """
            , "onSync": [{ "signal": "HUP", "for": ["*.conf"] }, { "exec": ["sh", "-c", "cat /new.txt >/proc/1/fd/1"], \
            "for": ["*.txt"] }]
            """
        try await Self.run(place, Self.manifests(), dockerfile, settings) { project, dev in
            func write(_ text: String, to name: String) throws {
                try Data(text.utf8).write(to: project.folder.appendingPathComponent("app/\(name)"))
            }
            try write(
                """
                trap 'exit 0' TERM
                trap 'echo "hung up with $(cat /a.conf)"' HUP
                echo "version $(cat /version) starts"
                while true; do sleep 3600 & wait $!; done

                """, to: "run")
            try await dev.line(containing: "app: run changed, building")
            var mark = dev.lineCount
            try await dev.line(from: mark, containing: "version one starts")
            try await dev.line(from: mark, containing: "✓ app live in")
            mark = dev.lineCount
            try write("new configuration\n", to: "a.conf")
            try await dev.line(from: mark, containing: "hung up with new configuration")
            try await dev.line(from: mark, containing: ", sent SIGHUP")
            mark = dev.lineCount
            try write("written by a program\n", to: "new.txt")
            try await dev.line(from: mark, containing: "app │ written by a program")
            try await dev.line(from: mark, containing: "synced in")
            // What neither is for is built: nothing takes it up.
            mark = dev.lineCount
            try project.save(version: "two")
            // What was saved before it may not have arrived, and comes with it.
            try await dev.line(from: mark, containing: "changed, building")
            try await dev.line(from: mark, containing: "version two starts")
        }
    }

    /// The containers that run are under no supervisor.
    @Test(.timeLimit(.minutes(2)), arguments: Place.there)
    private func whatIsAskedForLaterReplacesTheContainersOnce(_ place: Place) async throws {
        try await Self.run(place, Self.manifests(), TinyProject.withTools, "") { project, dev in
            let file = project.folder.appendingPathComponent("devloop.json")
            var text = try String(contentsOf: file, encoding: .utf8)
            text = text.replacingOccurrences(of: #""context": "app""#, with: #""context": "app"\#(Self.restart)"#)
            var mark = dev.lineCount
            try text.write(to: file, atomically: true, encoding: .utf8)
            try await dev.line(from: mark, containing: "version one starts")
            try await dev.line(from: mark, containing: "✓ app live in")
            mark = dev.lineCount
            try project.save(version: "two")
            try await dev.line(from: mark, containing: "version two starts")
            try await dev.line(from: mark, containing: "started again")
        }
    }

    private static func container(_ project: TinyProject, _ place: Place) async throws -> String {
        switch place {
        case .docker:
            try await Shell.run(
                "docker", "ps", "--quiet", "--no-trunc", "--filter=label=dev.devloop.project=\(project.name)")
        case .cluster:
            try await Shell.run(
                "kubectl", "--context=\(KubernetesStage.context ?? "")", "--namespace=\(project.name)", "get", "pods",
                "--output=jsonpath={.items[*].status.containerStatuses[*].containerID}")
        }
    }

    private static func run(
        _ place: Place, _ manifests: [String: String], _ dockerfile: String?, _ settings: String,
        _ body: (TinyProject, DevloopProcess) async throws -> Void
    ) async throws {
        let project = try TinyProject(manifests: manifests, dockerfile: dockerfile, settings: settings)
        defer { project.remove() }
        let flags = place == .docker ? ["--target", "docker"] : KubernetesStage(namespace: project.name).flags
        let context = "--context=\(KubernetesStage.context ?? "")"
        if place == .cluster { _ = try await Shell.run("kubectl", context, "create", "namespace", project.name) }
        let result: Result<Void, any Error>
        do {
            let dev = try DevloopProcess(["dev", "--cleanup"] + flags, folder: project.folder)
            do {
                try await dev.line(containing: "✓ app live in")
                try await body(project, dev)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
        }
        if place == .cluster {
            _ = try await Shell.attempt("kubectl", [context, "delete", "namespace", project.name, "--wait=false"])
        }
        try result.get()
    }
}
